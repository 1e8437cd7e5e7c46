"""What is minimised: absolute error, what the slices add up to, and how lively they change from one to the next."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from CTEnhanceLib.ct.intensity import BONE_ABOVE_HU, HU_MIN, STORED_MAX
from CTEnhanceLib.training.config.sections import LossSection, ModelSection
from CTEnhanceLib.training.data.sources import Batch

_RIM_HU = BONE_ABOVE_HU - 50.0
"""Bone with its rim, where bone fills a voxel only in part. A threshold does here what dilating does for the region of
the figures, because it stays within the patch."""
_WINDOW = 8  # pixels
_STILL_HU = 5.0  # slices that change less than this are taken to be alike


def bone_with_rim(pictures: Tensor) -> Tensor:
    """Tell where pictures (any shape, network scale [-1, 1]) show bone or its rim, as 0 or 1."""
    return (pictures > (_RIM_HU - HU_MIN) * 2 / STORED_MAX - 1).float()


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
    if loss.energy > 0 and error.shape[1] > 1:
        losses["energy"] = loss.energy * energy_error(given, batch, model)
    return losses


def energy_error(given: Tensor, batch: Batch, model: ModelSection) -> Tensor:
    """Give how far the slice-axis energy is from that of the truth, window by window where there is bone.

    The absolute error alone leaves pictures less lively than the truth where the thick slices do not say what is there.
    To make up for it with detail that is there already costs less than to invent other detail.

    Args:
        given: (B, targets, H, W) from the generator.
        batch: What it was given; its targets are neighbouring slices.
        model: What is trained.

    Returns:
        The mean absolute difference of the root mean squares, network scale.
    """
    truth = wanted(batch, model)
    base = batch.base / 2 if model.method == "residual" else 0.0
    still = (_STILL_HU / stored_per_unit(model)) ** 2
    levels = [
        (functional.avg_pool2d((picture.float() + base).diff(dim=1).square(), _WINDOW) + still).sqrt()
        for picture in (given, truth)
    ]
    bone = functional.avg_pool2d(bone_with_rim(batch.target).amax(dim=1, keepdim=True), _WINDOW)
    mismatch = (levels[0] - levels[1]).abs().mean(dim=1, keepdim=True)
    return (mismatch * bone).sum() / bone.sum().clamp_min(1.0)
