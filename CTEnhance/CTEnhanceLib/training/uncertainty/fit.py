"""The fit of the uncertainty network: quantiles of the absolute error, seen on a logarithmic scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Callable

import numpy as np
import torch
from torch import Tensor

from CTEnhanceLib.ct.intensity import BODY_ABOVE_HU, BONE_ABOVE_HU
from CTEnhanceLib.enhancement.uncertainty import measured_around
from CTEnhanceLib.model.arrays import tensor_of
from CTEnhanceLib.model.uncertainty_net import MEASURED, NEIGHBOURS, UncertaintyNet
from CTEnhanceLib.training.uncertainty.examples import Example
from CTEnhanceLib.training.uncertainty.settings import UncertaintySection

_QUANTILE = 0.95
_PER_BAR = 2.0
_RIM = 6
_FLOOR_HU = 2.0
_SOFT_HU = 3.0


def fit(
    network: UncertaintyNet, examples: Sequence[Example], settings: UncertaintySection, report: Callable[[str], None]
) -> None:
    """Train the network, in place.

    The loss is the sum of three: the Laplace likelihood of the error, whose scale is the mean absolute error; the
    pinball loss of its 95 % quantile (Koenker and Bassett, Econometrica 46:33, 1978), which is twice the uncertainty;
    and the squared distance of the logarithms of error and half the uncertainty, which large errors do not rule.

    Args:
        network: Untrained.
        examples: Blocks with their errors.
        settings: Steps, batch and learning rate.
        report: Told one line now and then.
    """
    network.train()
    optimiser = torch.optim.Adam(network.parameters(), settings.learning_rate, (0.9, 0.99))
    rng = np.random.default_rng(settings.seed)
    for step in range(settings.steps):
        rate = settings.learning_rate * min(1.0, (step + 1) / 50) * (1 + math.cos(math.pi * step / settings.steps)) / 2
        for group in optimiser.param_groups:
            group["lr"] = rate
        slices, error, offset, condition = _batch(examples, settings, rng)
        logarithm = network(slices[:, :-MEASURED], slices[:, -MEASURED:], offset, condition)
        loss = _loss(logarithm, error, slices[:, NEIGHBOURS : NEIGHBOURS + 1])
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        if step % 200 == 0 or step == settings.steps - 1:
            report(f"uncertainty: step {step + 1} of {settings.steps}, loss {loss.item():.3f}")
    network.eval()


def _loss(logarithm: Tensor, error: Tensor, middle: Tensor) -> Tensor:
    inner = (..., slice(_RIM, -_RIM), slice(_RIM, -_RIM))
    logarithm, error, middle = logarithm[inner], error[inner], middle[inner]
    scale = logarithm.exp()
    # twice the uncertainty is the 95 % quantile, three times the mean error that of a Laplace distribution
    mean = 2 / 3 * scale
    likelihood = (error + 0.5) / mean + torch.log(mean)
    above = torch.log(error + _FLOOR_HU) - torch.log(_PER_BAR * scale + _FLOOR_HU)
    pinball = torch.maximum(_QUANTILE * above, (_QUANTILE - 1) * above)
    between = torch.log(error + _SOFT_HU) - torch.log(scale / 2 + _SOFT_HU)
    # air counts a little, the body more, bone and its surface most
    weight = 0.15 + 0.85 * (middle > BODY_ABOVE_HU).float() + (middle > BONE_ABOVE_HU - 50).float()
    return ((likelihood + 5 * pinball + 2 * between**2) * weight).sum() / weight.sum()


def _batch(
    examples: Sequence[Example], settings: UncertaintySection, rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Draw slices (B, 9, h, w), errors (B, 1, h, w), offsets (B,) and conditions (B, 3)."""
    slices, errors, offsets, conditions = [], [], [], []
    for _ in range(settings.batch):
        example = examples[int(rng.integers(len(examples)))]
        index = int(rng.integers(len(example.positions)))
        around = np.clip(np.arange(-NEIGHBOURS, NEIGHBOURS + 1) + index, 0, len(example.picture) - 1)
        beside, offset = measured_around(float(example.positions[index]), len(example.measured))
        stacked = np.concatenate([example.picture[around], example.measured[beside], example.error[[index]]])
        if rng.random() < 0.5:  # seen from the other end of the slice axis
            stacked = stacked[[*range(2 * NEIGHBOURS, -1, -1), *range(-2, -2 - MEASURED, -1), -1]]
            offset = 1 - offset
        top, left = rng.integers(0, [size - settings.patch + 1 for size in stacked.shape[1:]])
        stacked = stacked[:, top : top + settings.patch, left : left + settings.patch]
        stacked = np.rot90(stacked, int(rng.integers(4)), (1, 2))
        slices.append(stacked[:-1])
        errors.append(stacked[-1:])
        offsets.append(offset)
        conditions.append(example.condition)
    arrays = (np.stack(slices), np.stack(errors), np.array(offsets), np.stack(conditions))
    inputs = [tensor_of(np.asarray(a, dtype=np.float32)) for a in arrays]
    return inputs[0], inputs[1], inputs[2], inputs[3]
