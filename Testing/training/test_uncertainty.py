"""The uncertainty network learns where errors are large, and its scale is set on volumes it never saw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from CTEnhanceLib.enhancement.pipeline import enhance
from CTEnhanceLib.model.figures import put_figures, read_metrics
from CTEnhanceLib.model.folder import load_stack
from CTEnhanceLib.model.uncertainty_net import UncertaintyNet
from CTEnhanceLib.training.simulation.settings import Simulation
from CTEnhanceLib.training.simulation.volume import ThinVolume
from CTEnhanceLib.training.uncertainty import examples
from CTEnhanceLib.training.uncertainty.calibration import CaseFigures, Measured, covered_apart, scale_of
from CTEnhanceLib.training.uncertainty.examples import Example, draw_example
from CTEnhanceLib.training.uncertainty.fit import fit
from CTEnhanceLib.training.uncertainty.settings import UncertaintySection
from CTEnhanceLib.training.uncertainty.words import card_lines
from stacks import random_stack_folder


def example(rng: np.random.Generator) -> Example:
    """Errors of 100 HU on the brighter half of the slices, of 5 HU on the other."""
    picture = np.where(np.arange(32) < 16, 0.0, 900.0) * np.ones((9, 32, 1))
    scale = np.where(picture > 100, 100.0, 5.0)
    error = np.abs(rng.normal(0, 1, picture.shape) * scale).astype(np.float32)
    positions = (np.arange(9) - 1) / 3
    return Example(
        picture.astype(np.float32), picture[1::3].astype(np.float32), error, positions, np.array([6, 0.3, 3], "f4")
    )


def test_the_blocks_are_computed_as_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """A third at the default detail and a third at the accurate end, through both passes; their errors are theirs."""
    rng, stack, asked = np.random.default_rng(0), load_stack("context"), []
    ball = np.linalg.norm(np.indices((60, 64, 64)) - np.array([30, 32, 32])[:, None, None, None], axis=0) < 20
    volume = ThinVolume(np.where(ball, 900, 40).astype(np.int16), (0.7, 0.7, 1.0))

    def noted(*args: Any, **kwargs: Any) -> Any:
        asked.append((kwargs["detail"], stack.spec.mirrored))
        return enhance(*args, **kwargs)

    monkeypatch.setattr(examples, "enhance", noted)
    drawn = [draw_example([volume], np.ones(1), Simulation(patch=32), stack, rng) for _ in range(10)]
    details = [detail for detail, _ in asked]
    assert stack.spec.default_detail in details and 0.0 in details and len(set(details)) > 3
    assert all(mirrored for _, mirrored in asked)
    assert all(one.error.shape == one.picture.shape and one.error.max() > 0 for one in drawn)


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


def test_the_network_tells_noise_that_only_the_measured_slices_show() -> None:
    """Two kinds of blocks with the same smooth picture; where the measured slices are noisy, the errors are large."""
    torch.manual_seed(0)
    rng, network = np.random.default_rng(1), UncertaintyNet(4, noise=True)

    def noisy(level: float) -> Example:
        picture = np.full((9, 32, 32), 300, np.float32)
        measured = (300 + rng.normal(0, level, (3, 32, 32))).astype(np.float32)
        error = np.abs(rng.normal(0, 3 * level, picture.shape)).astype(np.float32)
        return Example(picture, measured, error, (np.arange(9) - 1) / 3, np.array([6, 0.3, 3], "f4"))

    settings = UncertaintySection(steps=250, batch=4, patch=32, learning_rate=1e-2)
    fit(network, [noisy(level) for level in (3, 30) * 4], settings, lambda _: None)
    bars = {}
    for level in (3, 30):
        one = noisy(level)
        seen = torch.from_numpy(np.concatenate([one.picture[:5], one.measured[[0, 0, 1, 2]]])[None])
        with torch.inference_mode():
            logarithm = network(seen[:, :5], seen[:, 5:], torch.tensor([0.3]), torch.tensor([[6.0, 0.3, 3.0]]))
        bars[level] = float(logarithm.exp()[0, 0, 8:-8, 8:-8].mean())
    assert bars[30] > 4 * bars[3]


def measured(level: float, seed: int) -> Measured:
    """Bone of 1000 HU whose errors are normal; the uncertainty is 10 HU everywhere."""
    rng = np.random.default_rng(seed)
    truth = np.full((4, 40, 40), 1000.0, np.float32)
    picture = truth + rng.normal(0, level, truth.shape).astype(np.float32)
    everywhere = np.ones(truth.shape, bool)
    return Measured(picture, truth, np.full(truth.shape, 10, np.float32), {"bone": everywhere, "body": everywhere})


def test_the_scale_brings_95_of_100_errors_below_twice_the_uncertainty() -> None:
    alone = measured(40.0, 0)
    scale = scale_of([alone])
    assert scale == pytest.approx(1.96 * 40 / 20, rel=0.05)
    assert alone.figures(scale)["bone"].covered == pytest.approx(0.95, abs=0.005)
    both = [measured(40.0, 0), measured(30.0, 1)]
    shares = [one.figures(scale_of(both))["bone"].covered for one in both]
    assert max(shares) - 0.95 == pytest.approx(0.95 - min(shares), abs=0.01), "neither volume is left to pay"


def test_a_volume_is_also_checked_with_the_scale_of_the_others() -> None:
    quiet, other, loud = measured(30.0, 0), measured(30.0, 1), measured(60.0, 2)
    every = [quiet, other, loud]
    assert covered_apart(loud, every)["bone"] == pytest.approx(0.673, abs=0.02), "its own errors set its scale"
    assert covered_apart(measured(30.0, 3), [quiet, other])["body"] == pytest.approx(0.95, abs=0.01)
    assert covered_apart(quiet, [quiet]) == {}


def test_the_figures_reach_card_and_metrics_and_the_hashes_follow(tmp_path: Path) -> None:
    folder = random_stack_folder(tmp_path / "model")
    figures = measured(30.0, 0).figures(3.0)
    told = [CaseFigures("a skull", 0.0, figures, {"bone": 0.9}).as_json()]
    for heading_lines in (["earlier words"], card_lines(told, "uncertainty.safetensors")):
        put_figures(folder, "uncertainty", told, "Uncertainty", heading_lines)
    card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "% (90.0 %) |" in card
    assert "| a skull | 0 | bone |" in card and "earlier words" not in card and card.count("## Uncertainty") == 1
    assert read_metrics(folder)["uncertainty"][0]["case"] == "a skull"
    load_stack(folder)
