"""What is minimised."""

from __future__ import annotations

import pytest
import torch

from CTEnhanceLib.training.config.sections import LossSection, ModelSection
from CTEnhanceLib.training.data.sources import Batch
from CTEnhanceLib.training.losses import absolute_error, reconstruction_losses, wanted

RESIDUAL, RAW = ModelSection(method="residual"), ModelSection(method="raw", base="")


def batch(targets: int = 3) -> Batch:
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(2, 1 + 2 * targets, 8, 8, generator=generator) * 2 - 1
    weight = torch.full((2, targets), 1 / targets)
    return Batch(
        images[:, :1], images[:, 1 : 1 + targets], images[:, 1 + targets :], torch.zeros(2, targets), weight, weight
    )


def test_a_residual_is_added_on_the_scale_of_zero_to_one():
    given = batch()
    again = (given.base + 1) / 2 + wanted(given, RESIDUAL)
    assert torch.allclose(again, (given.target + 1) / 2, atol=1e-6)
    assert torch.equal(wanted(given, RAW), given.target)


def test_a_perfect_generator_costs_nothing():
    given = batch()
    losses = reconstruction_losses(wanted(given, RESIDUAL), given, RESIDUAL, LossSection(100, 50, 10, 10))
    assert set(losses) == {"l1", "consistency", "energy"}
    assert sum(losses.values()).item() == pytest.approx(0, abs=1e-5)


def test_consistency_sees_only_what_the_slices_add_up_to():
    given = batch()
    error = torch.tensor([0.1, -0.2, 0.1])[None, :, None, None]
    losses = reconstruction_losses(wanted(given, RESIDUAL) + error, given, RESIDUAL, LossSection(1, 0, 1))
    assert losses["consistency"].item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("model", [RESIDUAL, RAW])
def test_slices_that_are_too_still_or_too_lively_cost_and_a_shift_of_all_does_not(model: ModelSection):
    given = batch()
    loss = LossSection(l1=0, energy=1)

    def cost(gain: float, shift: float = 0.0) -> float:
        truth = wanted(given, model)
        base = given.target / 2 - truth if model is RESIDUAL else 0
        picture = truth + base
        mean = picture.mean(dim=1, keepdim=True)
        shown = mean + gain * (picture - mean) + shift - base
        return reconstruction_losses(shown, given, model, loss)["energy"].item()

    assert cost(1.0, shift=0.2) == pytest.approx(0, abs=1e-5)
    assert cost(0.5) == pytest.approx(cost(1.5), rel=0.01) and cost(0.5) > 0.05
    nothing = given._replace(target=torch.full_like(given.target, -1), base=torch.full_like(given.base, -1))
    lively = torch.rand(given.target.shape)
    assert reconstruction_losses(lively, nothing, model, loss)["energy"].item() == 0, "there is no bone"


def test_rounding_leaves_large_errors_absolute_and_squares_small_ones():
    assert absolute_error(torch.tensor([10.0]), 0.1).item() == pytest.approx(9.9, abs=0.01)
    assert absolute_error(torch.tensor([0.01]), 0.1).item() == pytest.approx(0.01**2 / 0.2, rel=0.01)
    assert absolute_error(torch.tensor([-0.01]), 0).item() == pytest.approx(0.01)
