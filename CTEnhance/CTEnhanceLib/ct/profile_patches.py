"""Small pictures across bone edges, which tell the slice profile: slice axis up, a pixel axis across."""

from __future__ import annotations

import numpy as np

from CTEnhanceLib.ct.intensity import HU_MAX, HU_MIN

SLICES = 6
"""Thick slices that a patch crosses; the edge lies between the middle two."""
SAMPLES_PER_INTERVAL = 4
SAMPLES = SLICES * SAMPLES_PER_INTERVAL
"""Samples along the pixel axis: a patch is as wide as it is high."""
FEATURES = SLICES * SAMPLES + 1
"""A patch in units of its own contrast, and the logarithm of that contrast."""

_STEP_HU = 250.0
_EDGE_HU = 100.0
_FLOOR_HU = 20.0
_USUAL_CONTRAST_HU = 300.0


def measured_patches(
    slices: np.ndarray, interval: float, pixel_spacing: tuple[float, float], count: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw patches that cross the slices where neighbouring slices differ by an edge of bone.

    Args:
        slices: (n, rows, columns), HU, float32, clipped to the 12-bit scale.
        interval: Distance of the slices, mm.
        pixel_spacing: Distance of rows, of columns, mm.
        count: The most patches along each pixel axis.
        rng: Draws the places.

    Returns:
        float32 (N, FEATURES).
    """
    lower, upper = slices[2:-3], slices[3:-2]
    places = np.flatnonzero((np.abs(upper - lower) > _STEP_HU) & (np.maximum(lower, upper) > _EDGE_HU))
    found = []
    for axis, pixel in zip((1, 2), pixel_spacing):
        across = np.moveaxis(slices, axis, 2)
        drawn = rng.choice(places, min(4 * count, len(places)), replace=False)
        where = np.unravel_index(drawn, lower.shape)
        k, other, at = where[0], where[3 - axis], where[axis]
        columns = _columns(at, interval, pixel)
        inside = _inside(columns, across.shape[2])
        k, other, columns = (values[inside][:count] for values in (k, other, columns))
        rows = (k[:, None] + np.arange(SLICES))[:, :, None]
        found.append(_patches(lambda i, v=across, r=rows, o=other: v[r, o[:, None, None], i[:, None, :]], columns))
    return np.concatenate(found)


def _columns(at: np.ndarray, interval: float, pixel: float) -> np.ndarray:
    """Give where samples lie, in pixels: (N, SAMPLES * parts), a sample being the mean of its parts."""
    step = interval / SAMPLES_PER_INTERVAL / pixel
    parts = max(1, int(np.ceil(step)))
    total = SAMPLES * parts
    return at[:, None] + (np.arange(total) - (total - 1) / 2) * (step / parts)


def _inside(pixels: np.ndarray, size: int) -> np.ndarray:
    return (pixels.min(axis=1, initial=size) >= 0) & (pixels.max(axis=1, initial=0) < size - 1)


def _patches(values, columns: np.ndarray) -> np.ndarray:  # type: ignore[no-untyped-def]
    """Sample patches linearly, turn them so that the edge rises, and scale them by their own contrast."""
    if not len(columns):  # a reshape cannot tell the width of nothing
        return np.zeros((0, FEATURES), np.float32)
    low = np.floor(columns).astype(int)
    part = (columns - low).astype(np.float32)[:, None, :]
    fine = values(low) * (1 - part) + values(low + 1) * part
    parts = columns.shape[1] // SAMPLES
    patches = fine.reshape(len(columns), SLICES, SAMPLES, parts).mean(axis=3)
    middle = patches[:, :, SAMPLES // 2 - 1 : SAMPLES // 2 + 1].sum(axis=2)
    falls = middle[:, SLICES // 2] < middle[:, SLICES // 2 - 1]
    patches[falls] = patches[falls][:, ::-1]
    contrast = patches.std(axis=(1, 2), keepdims=True) + _FLOOR_HU
    scaled = (patches - patches.mean(axis=(1, 2), keepdims=True)) / contrast
    height = np.log(contrast[:, :, 0] / _USUAL_CONTRAST_HU)
    return np.concatenate([scaled.reshape(len(patches), -1), height], axis=1).astype(np.float32)


def clipped(slices: np.ndarray) -> np.ndarray:
    """Give slices as patches take them: float32 HU on the 12-bit scale.

    Args:
        slices: HU, (n, rows, columns).
    """
    return np.clip(slices, HU_MIN, HU_MAX).astype(np.float32)
