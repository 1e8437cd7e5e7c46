"""What is minimised: absolute error, what the slices add up to, and how they change from one to the next."""

from __future__ import annotations

import torch
from torch import Tensor

from CTEnhanceLib.ct.intensity import STORED_MAX
from CTEnhanceLib.training.config.sections import LossSection, ModelSection
from CTEnhanceLib.training.data.sources import Batch


def wanted(batch: Batch, model: ModelSection) -> Tensor:
    """Give what the generator should give, (B, targets, H, W): the thin slice, or its difference from the base."""
    if model.method == "raw":
        return batch.target
    # the base lies in [0, 1] when a residual is added to it, so a residual is half as large as on [-1, 1]
    return (batch.target - batch.base) / 2


def stored_per_unit(model: ModelSection) -> float:
    """Give how many stored values (HU) one unit of the generator's output is."""
    return STORED_MAX / 2 if model.method == "raw" else STORED_MAX


def absolute_error(error: Tensor, rounding: float) -> Tensor:
    """Give the mean absolute error, rounded off to a square below `rounding`.

    Args:
        error: Any shape, network scale.
        rounding: Network scale.
    """
    if rounding == 0:
        return error.abs().mean()
    return (torch.sqrt(error.square() + rounding**2) - rounding).mean()


def reconstruction_losses(given: Tensor, batch: Batch, model: ModelSection, loss: LossSection) -> dict[str, Tensor]:
    """Give the weighted losses by name.

    Args:
        given: (B, targets, H, W) from the generator.
        batch: What it was given.
        model: What is trained.
        loss: The weights; losses of weight 0 are left out.

    Returns:
        Scalars, to be summed.
    """
    error = given.float() - wanted(batch, model)
    losses = {"l1": loss.l1 * absolute_error(error, loss.rounding_hu / stored_per_unit(model))}
    if loss.consistency > 0:
        weight = batch.weight[:, :, None, None]
        added_up = (error * weight).sum(dim=1) / batch.weight.sum(dim=1).clamp_min(1e-3)[:, None, None]
        losses["consistency"] = loss.consistency * added_up.abs().mean()
    if loss.slope > 0 and error.shape[1] > 1:
        losses["slope"] = loss.slope * error.diff(dim=1).abs().mean()
    return losses
