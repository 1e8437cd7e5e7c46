"""The uncertainty of every voxel of every computed slice, from the finished picture and the measured slices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from CTEnhanceLib.ct.intensity import BODY_ABOVE_HU, BONE_ABOVE_HU, HU_MAX
from CTEnhanceLib.enhancement.body_window import BodyWindows, Window
from CTEnhanceLib.enhancement.options import Watch
from CTEnhanceLib.enhancement.plan import Plan
from CTEnhanceLib.enhancement.predict import scan_condition
from CTEnhanceLib.model.arrays import array_of, tensor_of

if TYPE_CHECKING:
    import torch

    from CTEnhanceLib.model.stack import Stack

LEVELS_HU = (50, 100, 200)
"""Levels for which the report gives the share of bone that lies above."""
_MARGIN_PX = 16


def uncertainty_slices(plan: Plan, stack: Stack, thin: np.ndarray, device: torch.device, watch: Watch) -> np.ndarray:
    """Give the uncertainty of thin slices.

    The error of 95 of 100 voxels is at most twice their uncertainty (on the calibration volumes; docs/trust.md).

    Args:
        plan: How the slices were computed.
        stack: The model; it must have an uncertainty network.
        thin: (n_thin, rows, columns), HU: the finished picture; any real type.
        device: Where to compute.
        watch: Told after each slice, and asked whether to go on.

    Returns:
        float32 of the shape of `thin`, HU, > 0 everywhere. Outside the part of the slices that holds the body it is
        the mean over the air inside that part.

    Raises:
        CancelledError: The run was cancelled.
    """
    import torch

    from CTEnhanceLib.model.uncertainty_net import noise_maps

    network: Any = stack.uncertainty
    network.to(device).to(memory_format=torch.channels_last)
    thick, interval = plan.volume.slices, plan.volume.geometry.interval
    windows = BodyWindows(thick, _MARGIN_PX, network.multiple)
    window = windows.around(range(len(thick))) or Window(slice(0, thick.shape[1]), slice(0, thick.shape[2]))
    part = (slice(None), window.rows, window.columns)
    picture, measured = thin[part], thick[part]
    height, width = picture.shape[1:]
    padding = ((0, 0), (0, -height % network.multiple), (0, -width % network.multiple))
    condition = torch.tensor([scan_condition(plan)], dtype=torch.float32, device=device)
    scale = stack.uncertainty_scale
    result = np.empty(thin.shape, dtype=np.float32)
    bf16 = torch.autocast(device.type, torch.bfloat16, enabled=stack.precision == "bf16")
    gap: tuple[int, ...] = ()
    noise: torch.Tensor | None = None  # of the measured slices that the last thin slice lies between
    with torch.inference_mode(), bf16:
        for index, position in enumerate(plan.thin):
            watch.stop_if_cancelled()
            around = np.clip(np.arange(-2, 3) + index, 0, len(thin) - 1)
            beside, offset = measured_around(position / interval, len(thick))
            stacked = np.concatenate([picture[around].astype(np.float32), measured[beside].astype(np.float32)])
            padded = np.pad(stacked, padding, mode="edge") if any(map(any, padding)) else stacked
            slices = tensor_of(padded)[None].to(device)
            where = torch.tensor([offset], dtype=torch.float32, device=device)
            if network.noise is not None and gap != tuple(beside):
                gap, noise = tuple(beside), noise_maps(slices[:, 5:])
            logarithm = network(slices[:, :5], slices[:, 5:], where, condition, noise)[0, 0]
            inside = array_of(logarithm[:height, :width].exp()) * np.float32(scale)
            result[index] = _outside(picture[index], inside)
            result[index][window.rows, window.columns] = inside
            watch.progress("uncertainty", index + 1, len(thin))
    return result


def measured_around(position: float, count: int) -> tuple[np.ndarray, float]:
    """Give the four measured slices around a position (in intervals), edge slices repeated, and the place between.

    Args:
        position: Place along the slice axis, intervals from the first measured slice.
        count: Number of measured slices.

    Returns:
        Indices (4,), and the place between the second and the third, 0 to 1.
    """
    below = int(np.clip(np.floor(position + 1e-6), 0, max(0, count - 2)))
    return np.clip(np.arange(-1, 3) + below, 0, count - 1), float(np.clip(position - below, 0, 1))


def _outside(picture: np.ndarray, inside: np.ndarray) -> float:
    air = picture < BODY_ABOVE_HU
    return float(inside[air].mean() if air.any() else inside.mean())


def describe_uncertainty(thin: np.ndarray, uncertainty: np.ndarray) -> dict[str, Any]:
    """Give what the report says of the uncertainty: of bone, its median and the shares above some levels.

    Args:
        thin: (n_thin, rows, columns), HU.
        uncertainty: The same, HU.
    """
    # slice by slice: the masks of a long volume would take as much memory as the volume
    bone = np.concatenate(
        [bar[(one > BONE_ABOVE_HU) & (one <= HU_MAX)] for one, bar in zip(thin, uncertainty)] or [np.empty(0)]
    )
    if not bone.size:
        return {"bone_voxels": 0}
    return {
        "bone_voxels": int(bone.size),
        "median_in_bone_hu": round(float(np.median(bone)), 1),
        "percentile_95_in_bone_hu": round(float(np.percentile(bone, 95)), 1),
        "share_of_bone_above": {f"{level} HU": round(float(np.mean(bone > level)), 4) for level in LEVELS_HU},
        "meaning": "the error of 95 of 100 voxels is at most twice their uncertainty, as calibrated on other scans",
    }
