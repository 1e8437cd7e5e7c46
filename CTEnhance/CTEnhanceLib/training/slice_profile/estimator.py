"""Fit the network of `ct.profile_estimate`: what is in profile_estimate.npz.

    python -m CTEnhanceLib.training.slice_profile.estimator DATA OUT.npz [--simulations 50000] [--steps 36000]

DATA is the folder of thin training volumes named in `VOLUMES`. Patches of one simulated volume go through the network
together; its answer is compared with the profile that made the volume. How far it is off is then measured on new
simulations.
"""

from __future__ import annotations

import argparse
import logging
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from CTEnhanceLib.ct.profile_estimate import answer
from CTEnhanceLib.ct.profile_patches import FEATURES, SAMPLES, SLICES, clipped, measured_patches
from CTEnhanceLib.model.arrays import array_of, tensor_of
from CTEnhanceLib.training.slice_profile.volumes import DEVIATIONS, ThinVolumes

logger = logging.getLogger(__name__)

# file, share, first slice held back
VOLUMES: list[tuple[str, float, int | None]] = [
    ("lidc0314_thorax_1mm.nrrd", 1.0, 215),
    ("pcir_skull_base_0625mm_boneplus.nrrd", 0.8, None),
    ("pcir_skull_vault_half_0625mm_boneplus.nrrd", 0.4, None),
    ("vhf_feet_ankles_1mm.nrrd", 0.6, None),
    ("vhf_lower_legs_1mm.nrrd", 0.3, None),
    ("vhf_upper_legs_knees_1mm.nrrd", 0.4, None),
    ("vhf_head_neck_1mm.nrrd", 0.6, None),
]
_BINS = 24
_LOGARITHMS = np.linspace(math.log(DEVIATIONS[0]), math.log(DEVIATIONS[1]), _BINS)
_TOGETHER, _BATCH = 96, 32
_LEAST = 24


class ProfileNet(nn.Module):
    """What patches say together: the logarithm of deviation / interval, as shares of `_BINS` values."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(FEATURES, 192), nn.Linear(192, 96)
        self.c, self.d = nn.Linear(96, 96), nn.Linear(96, _BINS)
        self.drop_patch, self.drop = nn.Dropout(0.1), nn.Dropout(0.2)

    def forward(self, patches: Tensor) -> Tensor:
        """Give log shares (B, _BINS) of patches (B, N, FEATURES)."""
        each = torch.relu(self.b(self.drop_patch(torch.relu(self.a(patches)))))
        return self.d(self.drop(torch.relu(self.c(each.mean(dim=1))))).log_softmax(dim=-1)


def fit_network(volumes: ThinVolumes, simulations: int, steps: int, rng: np.random.Generator) -> ProfileNet:
    """Fit the network on simulated volumes.

    Args:
        volumes: Thin volumes.
        simulations: How many thick volumes are simulated.
        steps: Of the optimiser.
        rng: All choices come from it.
    """
    examples: list[tuple[np.ndarray, np.ndarray]] = []
    while len(examples) < simulations:
        scan = volumes.draw(rng)
        patches = measured_patches(clipped(scan.slices), scan.interval, scan.pixel_spacing, 150, rng)
        if len(patches) >= _LEAST:
            examples.append((patches.astype(np.float16), _shares(scan.deviation)))
    net = ProfileNet().train()
    optimizer = torch.optim.AdamW(net.parameters(), 1e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    for step in range(steps):
        chosen = [examples[i] for i in rng.integers(0, len(examples), _BATCH)]
        drawn = tensor_of(np.stack([_some(patches, rng) for patches, _ in chosen]))
        wanted = tensor_of(np.stack([shares for _, shares in chosen]))
        loss = -(wanted * net(drawn)).sum(dim=1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 200 == 0:
            logger.info("step %d of %d: loss %.3f", step, steps, loss.item())
    return net.eval()


def measure_error(
    volumes: ThinVolumes, weights: dict[str, np.ndarray], simulations: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Measure how far the network is off.

    Args:
        volumes: Thin volumes.
        weights: Of the network, by name, in the shapes that `profile_estimate` reads.
        simulations: How many thick volumes are simulated.
        rng: All choices come from it.

    Returns:
        Mean and standard deviation of the error of the logarithm of the width, on new simulations.
    """
    rows: list[tuple[float, float]] = []
    while len(rows) < simulations:
        scan = volumes.draw(rng)
        patches = measured_patches(clipped(scan.slices), scan.interval, scan.pixel_spacing, 150, rng)
        if len(patches) >= _LEAST:
            said, spread = answer(patches, weights)
            rows.append((said - math.log(scan.deviation), spread))
    error, spread = np.array(rows).T
    found = float(error.mean()), float(error.std())
    logger.info("error %+.3f, standard deviation %.3f", *found)
    logger.info("error / spread of the answer: %.2f", np.sqrt(np.mean((error / spread) ** 2)))
    return found


def _shares(deviation: float) -> np.ndarray:
    step = _LOGARITHMS[1] - _LOGARITHMS[0]
    shares = np.exp(-0.5 * ((math.log(deviation) - _LOGARITHMS) / (0.6 * step)) ** 2)
    return (shares / shares.sum()).astype(np.float32)


def _some(patches: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw patches of one volume, all mirrored across or none."""
    some = patches[rng.integers(0, len(patches), _TOGETHER)].astype(np.float32)
    if rng.random() < 0.5:
        pictures = some[:, :-1].reshape(-1, SLICES, SAMPLES)[:, :, ::-1]
        some = np.concatenate([pictures.reshape(len(some), -1), some[:, -1:]], axis=1)
    return some


def main(arguments: list[str] | None = None) -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--simulations", type=int, default=50000)
    parser.add_argument("--steps", type=int, default=36000)
    args = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    volumes = ThinVolumes([(args.data / name, share, stop) for name, share, stop in VOLUMES])
    net = fit_network(volumes, args.simulations, args.steps, rng)
    weights: dict[str, Any] = {name.replace(".", "_"): array_of(value) for name, value in net.state_dict().items()}
    weights["logarithms"] = _LOGARITHMS
    measure_error(volumes, weights, max(50, args.simulations // 8), rng)
    halves: dict[str, Any] = {name: np.asarray(value, np.float16) for name, value in weights.items()}
    np.savez_compressed(args.out, **halves)


if __name__ == "__main__":
    main()
