"""Gaps and steps cut into the bone of a block, so that a fracture is nothing strange to the generator."""

from __future__ import annotations

import numpy as np

_WIDTH = (0.4, 3.0)  # voxels
_STEP = 3  # voxels
_ROUGHNESS = 1.2  # voxels


def cut_bone(block: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Cut bone along a rough plane near the middle of a block: one side is displaced, or a gap opens, or both.

    Args:
        block: float32 HU (slices, rows, columns).
        rng: Draws.

    Returns:
        float32 HU, the same shape. Nothing becomes brighter but by displacement.
    """
    distance = _distance_to_rough_plane(block.shape, rng)
    kind = rng.random()
    if kind < 0.6:
        step = rng.integers(-_STEP, _STEP + 1, 3)
        index = [np.clip(np.arange(n) - s, 0, n - 1) for n, s in zip(block.shape, step)]
        side = np.clip(distance + 0.5, 0, 1)
        block = block + side * (block[np.ix_(*index)] - block)
    if kind > 0.3:
        width, filling = rng.uniform(*_WIDTH), rng.uniform(-30, 90)
        share = np.clip(width / 2 + 0.5 - np.abs(distance), 0, min(1.0, width))
        block = np.minimum(block, block + share * (filling - block))
    return block.astype(np.float32)


def _distance_to_rough_plane(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Give the signed distance (voxels) of each voxel from a wavy plane of any orientation."""
    normal = rng.normal(size=3)
    normal /= np.linalg.norm(normal)
    axes = [np.arange(n, dtype=np.float32) - (n - 1) / 2 - rng.uniform(-0.15, 0.15) * n for n in shape]
    z, y, x = (axes[0][:, None, None], axes[1][None, :, None], axes[2][None, None, :])
    waves = [
        np.sin(2 * np.pi * (axis / rng.uniform(5, 30) + rng.random())) * rng.uniform(0, _ROUGHNESS)
        for axis in (z, y, x)
    ]
    return (normal[0] * z + normal[1] * y + normal[2] * x + sum(waves) / 2).astype(np.float32)
