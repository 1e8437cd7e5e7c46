"""Wires, plates and screws put into a block, with the blooming and the streaks that metal makes."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter, gaussian_filter1d

_DIRECTIONS = 180


def put_metal(block: np.ndarray, spacing: tuple[float, float, float], rng: np.random.Generator) -> np.ndarray:
    """Put one implant near the middle of a block.

    Args:
        block: float32 HU (slices, rows, columns).
        spacing: mm along its axes.
        rng: Draws.

    Returns:
        float32 HU, the same shape; metal is brighter than the 12-bit scale holds.
    """
    share = _implant(block.shape, spacing, rng)
    share = gaussian_filter(share, rng.uniform(0.4, 0.9), truncate=3.0)  # blooming
    metal = rng.uniform(3000, 15000)
    return (block + share * (metal - block) + (1 - share) * _streaks(share, rng)).astype(np.float32)


def _implant(shape: tuple[int, ...], spacing: tuple[float, float, float], rng: np.random.Generator) -> np.ndarray:
    """Give the share (0 to 1) of each voxel that is metal: a wire, a plate or a screw of endless length."""
    axes = [
        (np.arange(n, dtype=np.float32) - (n - 1) / 2 - rng.uniform(-0.2, 0.2) * n) * s for n, s in zip(shape, spacing)
    ]
    place = (axes[0][:, None, None], axes[1][None, :, None], axes[2][None, None, :])
    frame = np.linalg.qr(rng.normal(size=(3, 3)))[0].astype(np.float32)
    along, across, through = (sum(f * p for f, p in zip(direction, place)) for direction in frame)
    kind = rng.integers(3)
    if kind == 0:
        beyond = np.maximum(np.abs(across) - rng.uniform(3, 6), np.abs(through) - rng.uniform(0.8, 1.8))
    else:
        radius = rng.uniform(0.5, 1.2) if kind == 1 else rng.uniform(1.0, 2.2)
        thread = 0.0 if kind == 1 else 0.3 * np.sin(2 * np.pi * along / rng.uniform(1.0, 1.8))
        beyond = np.sqrt(across**2 + through**2) - radius - thread
    return np.clip(0.5 - beyond / float(np.mean(spacing)), 0, 1).astype(np.float32)


def _streaks(share: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Give bright and dark rays (HU) that leave the metal of each slice in its plane and fade with distance."""
    amount = share.sum(axis=(1, 2))
    weights = np.maximum(amount, 1e-6)
    rows, columns = (np.arange(n, dtype=np.float32) for n in share.shape[1:])
    middle = (share.sum(axis=2) @ rows / weights, share.sum(axis=1) @ columns / weights)
    down = rows[None, :, None] - middle[0][:, None, None]
    right = columns[None, None, :] - middle[1][:, None, None]
    # rays change slowly from slice to slice, as the metal does
    rays = rng.standard_normal((len(share), _DIRECTIONS))
    rays = gaussian_filter1d(gaussian_filter1d(rays, 2.0, axis=1, mode="wrap"), 2.0, axis=0)
    rays *= rng.uniform(30, 250) / rays.std()
    direction = ((np.arctan2(down, right) / (2 * np.pi) + 0.5) * _DIRECTIONS).astype(np.int32) % _DIRECTIONS
    fade = np.exp(-np.sqrt(down**2 + right**2) / rng.uniform(10, 40))
    present = np.minimum(1, amount / (0.5 * amount.max() + 1e-6))[:, None, None]
    return rays[np.arange(len(share))[:, None, None], direction] * fade * present
