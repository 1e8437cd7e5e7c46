"""Blocks of voxels cut out of a thin volume, along one of its axes or turned away from it."""

from __future__ import annotations

import math

import numpy as np
from torch.nn import functional

from CTEnhanceLib.model.arrays import array_of, tensor_of
from CTEnhanceLib.training.simulation.settings import Simulation
from CTEnhanceLib.training.simulation.volume import ThinVolume


def draw_block(
    volume: ThinVolume, settings: Simulation, axis: int, size: list[int], rng: np.random.Generator
) -> np.ndarray:
    """Cut a block out of the volume around a voxel worth looking at.

    Args:
        volume: The volume.
        settings: How pairs are drawn.
        axis: The slice axis, an array axis of the volume.
        size: Slices, rows, columns of the block.
        rng: Draws.

    Returns:
        float32 HU (slices, rows, columns); what would lie outside repeats the edge.
    """
    thin = volume.along(axis)
    plane = [a for a in range(3) if a != axis]
    anchor = volume.anchor(axis, settings.bone, settings.cortex, rng)
    depth, length = thin.shape[0], size[0]
    centre = int(anchor[axis]) + int(rng.integers(-1, 2))
    start = [int(np.clip(centre - length // 2, min(0, depth - length), max(0, depth - length)))]
    for a, extent, limit in zip(plane, size[1:], thin.shape[1:]):
        corner = int(anchor[a]) - int(rng.integers(0, extent + 1))
        start.append(int(np.clip(corner, 0, max(0, limit - extent))))
    if settings.oblique and rng.random() < settings.oblique:
        angle = math.radians(rng.uniform(-settings.oblique_by, settings.oblique_by))
        spacing = [volume.spacing[a] for a in (axis, *plane)]
        return _turned_block(thin, start, size, spacing, angle, 1 + int(rng.integers(2)))
    return _cut(thin, start, size)


def _cut(volume: np.ndarray, start: list[int], size: list[int]) -> np.ndarray:
    """Give a block of the volume as float32; what would lie outside repeats the edge."""
    inside = all(a >= 0 and a + n <= limit for a, n, limit in zip(start, size, volume.shape))
    if inside:
        return volume[tuple(slice(a, a + n) for a, n in zip(start, size))].astype(np.float32)
    index = [np.clip(np.arange(a, a + n), 0, limit - 1) for a, n, limit in zip(start, size, volume.shape)]
    return volume[np.ix_(*index)].astype(np.float32)


def _turned_block(
    volume: np.ndarray, start: list[int], size: list[int], spacing: list[float], angle: float, with_axis: int
) -> np.ndarray:
    """Give a block turned about its centre by `angle` in the plane of the slice axis and axis `with_axis` (1 or 2)."""
    other = 3 - with_axis
    half = [(size[a] - 1) / 2 * spacing[a] for a in range(3)]
    cosine, sine = math.cos(angle), math.sin(angle)
    # how far the turned block reaches along the two axes, in voxels, and a margin for the cubic
    reach = {
        0: int((abs(cosine) * half[0] + abs(sine) * half[with_axis]) / spacing[0]) + 3,
        with_axis: int((abs(sine) * half[0] + abs(cosine) * half[with_axis]) / spacing[with_axis]) + 3,
    }
    middle = {a: start[a] + (size[a] - 1) / 2 for a in range(3)}
    begin = [0, 0, 0]
    extent = [0, 0, 0]
    for a in (0, with_axis):
        begin[a] = math.floor(middle[a]) - reach[a]
        extent[a] = 2 * reach[a] + 2
    begin[other], extent[other] = start[other], size[other]
    source = _cut(volume, begin, extent)
    along, across = (
        (np.arange(size[a], dtype=np.float32) - (size[a] - 1) / 2) * np.float32(spacing[a]) for a in (0, with_axis)
    )
    first = (cosine * along[:, None] - sine * across[None]) / spacing[0] + (middle[0] - begin[0])
    second = (sine * along[:, None] + cosine * across[None]) / spacing[with_axis] + (
        middle[with_axis] - begin[with_axis]
    )
    places = np.stack([2 * second / (extent[with_axis] - 1) - 1, 2 * first / (extent[0] - 1) - 1], axis=-1)
    planes = tensor_of(np.moveaxis(source, other, 0))[None]
    grid = tensor_of(places.astype(np.float32))[None]
    turned = functional.grid_sample(planes, grid, mode="bicubic", padding_mode="border", align_corners=True)[0]
    return np.ascontiguousarray(np.moveaxis(array_of(turned), 0, other))
