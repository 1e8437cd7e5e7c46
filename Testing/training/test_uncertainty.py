"""The uncertainty network learns where errors are large, and its scale is set on volumes it never saw."""

from __future__ import annotations

import numpy as np
import torch

from CTEnhanceLib.model.uncertainty_net import UncertaintyNet
from CTEnhanceLib.training.uncertainty.examples import Example
from CTEnhanceLib.training.uncertainty.fit import fit
from CTEnhanceLib.training.uncertainty.settings import UncertaintySection


def example(rng: np.random.Generator) -> Example:
    """Errors of 100 HU on the brighter half of the slices, of 5 HU on the other."""
    picture = np.where(np.arange(32) < 16, 0.0, 900.0) * np.ones((9, 32, 1))
    scale = np.where(picture > 100, 100.0, 5.0)
    error = np.abs(rng.normal(0, 1, picture.shape) * scale).astype(np.float32)
    positions = (np.arange(9) - 1) / 3
    return Example(
        picture.astype(np.float32), picture[1::3].astype(np.float32), error, positions, np.array([6, 0.3, 3], "f4")
    )


def test_the_network_learns_where_errors_are_large() -> None:
    torch.manual_seed(0)
    rng, network, said = np.random.default_rng(0), UncertaintyNet(4), []
    fit(
        network,
        [example(rng) for _ in range(4)],
        UncertaintySection(steps=150, batch=4, patch=32, learning_rate=1e-2),
        said.append,
    )
    slices = torch.from_numpy(example(rng).picture[[4] * 9][None])
    with torch.inference_mode():
        bars = network(slices[:, :5], slices[:, 5:], torch.tensor([0.3]), torch.tensor([[6.0, 0.3, 3.0]])).exp()[0, 0]
    assert bars[:, 24].mean() > 4 * bars[:, 8].mean()
    assert 50 < bars[:, 24].mean() < 200
    assert said
