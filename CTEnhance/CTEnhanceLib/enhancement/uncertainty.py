"""The uncertainty of every voxel of every computed slice, from the finished picture and the measured slices."""

from __future__ import annotations

from collections.abc import Iterator
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
_TOGETHER_PX = 3 * 128 * 128
"""Pixels that go through the network together: more would not stay in a processor's cache."""


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

    from CTEnhanceLib.model.uncertainty_net import NEIGHBOURS, noise_maps

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
    together = max(1, _TOGETHER_PX // (height * width))

    def on_device(slices: np.ndarray) -> torch.Tensor:
        slices = slices.astype(np.float32)
        return tensor_of(np.pad(slices, padding, mode="edge") if any(map(any, padding)) else slices).to(device)

    with torch.inference_mode(), bf16:
        for beside, offsets, indices in _gaps(plan.thin / interval, len(thick)):
            between = on_device(measured[beside])[None]
            noise = noise_maps(between) if network.noise is not None else None
            for first in range(0, len(indices), together):
                watch.stop_if_cancelled()
                some, where = indices[first : first + together], offsets[first : first + together]
                around = np.clip(some[:, None] + np.arange(-NEIGHBOURS, NEIGHBOURS + 1), 0, len(thin) - 1)
                logarithms = network(
                    on_device(picture[around.ravel()]).unflatten(0, around.shape),
                    between.expand(len(some), -1, -1, -1),
                    torch.tensor(where, dtype=torch.float32, device=device),
                    condition.expand(len(some), -1),
                    noise if noise is None else noise.expand(len(some), -1, -1, -1),
                )[:, 0, :height, :width]
                for index, inside in zip(some, array_of(logarithms.exp()) * np.float32(scale)):
                    result[index] = _outside(picture[index], inside)
                    result[index][window.rows, window.columns] = inside
                    watch.progress("uncertainty", int(index) + 1, len(thin))
    return result


def _gaps(positions: np.ndarray, count: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Give the runs of thin slices that lie between the same measured ones.

    Args:
        positions: (n_thin,) intervals from the first measured slice, rising.
        count: Number of measured slices.

    Yields:
        Indices of the four measured slices around, the places between the middle two, and indices of the thin slices.
    """
    placed = [measured_around(position, count) for position in positions]
    beside, offsets = np.stack([where for where, _ in placed]), np.array([offset for _, offset in placed])
    ends = np.flatnonzero((beside[1:] != beside[:-1]).any(axis=1)) + 1
    for indices in np.split(np.arange(len(placed)), ends):
        yield beside[indices[0]], offsets[indices], indices


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
