"""Small pictures across bone edges from which the slice profile can be estimated: slice axis up, a pixel axis across.

A measured patch crosses the thick slices. A blurred patch lies within one slice, with pixels of one axis weighted as a
known slice profile would: the same anatomy and kernel, of which the answer is known.
"""

from __future__ import annotations

import numpy as np

from CTEnhanceLib.ct.intensity import HU_MAX, HU_MIN
from CTEnhanceLib.ct.profile import SliceProfile

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
_MOST_SLICES = 24
_DRAWN = 12


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


def blurred_patches(
    slices: np.ndarray,
    interval: float,
    pixel_spacing: tuple[float, float],
    count: int,
    rng: np.random.Generator,
    profiles: list[SliceProfile],
) -> list[np.ndarray]:
    """Draw patches within slices, along one axis of which a known slice profile has made thick ones.

    Args:
        slices: As in `measured_patches`, as are the next three.
        interval: Distance of the slices, mm.
        pixel_spacing: Distance of rows, of columns, mm.
        count: The most patches along each pixel axis for each profile.
        rng: Draws the places.
        profiles: The slice profiles.

    Returns:
        For each profile float32 (N, FEATURES).
    """
    if len(slices) > _MOST_SLICES:
        slices = slices[np.sort(rng.choice(len(slices), _MOST_SLICES, replace=False))]
    found: list[list[np.ndarray]] = [[] for _ in profiles]
    for axis in (1, 2):
        along = np.moveaxis(slices, axis, 2)
        pixel, other_pixel = pixel_spacing[axis - 1], pixel_spacing[2 - axis]
        lag = max(1, round(interval / pixel))
        if along.shape[2] <= lag:
            continue
        one, next_one = along[:, :, :-lag], along[:, :, lag:]
        edges = (np.abs(next_one - one) > 0.8 * _STEP_HU) & (np.maximum(one, next_one) > _EDGE_HU)
        places = np.flatnonzero(edges)
        for number, profile in enumerate(profiles):
            drawn = rng.choice(places, min(_DRAWN * count, len(places)), replace=False)
            if not len(drawn):
                continue
            k, other, at = np.unravel_index(drawn, edges.shape)
            centre = at + lag / 2 + rng.uniform(-0.5, 0.5, len(at))
            pixels, weights = _thick_rows(centre, interval, pixel, profile)
            columns = _columns(other, interval, other_pixel)
            inside = _inside(columns, along.shape[1]) & _inside(pixels.reshape(len(at), -1), along.shape[2])
            k, other, columns, pixels, weights = (v[inside][: 3 * count] for v in (k, other, columns, pixels, weights))
            middle = (along[k[:, None, None], other[:, None, None], pixels] * weights).sum(axis=2)
            lower, upper = middle[:, SLICES // 2 - 1], middle[:, SLICES // 2]
            edge = (np.abs(upper - lower) > _STEP_HU) & (np.maximum(lower, upper) > _EDGE_HU)
            k, columns, pixels, weights = (v[edge][:count] for v in (k, columns, pixels, weights))
            found[number].append(
                _patches(lambda i, v=along, k=k, p=pixels, w=weights: _weighted(v, k, i, p, w), columns)
            )
    empty = np.zeros((0, FEATURES), np.float32)
    return [np.concatenate([empty, *patches]) for patches in found]


def _columns(at: np.ndarray, interval: float, pixel: float) -> np.ndarray:
    """Give where samples lie, in pixels: (N, SAMPLES * parts), a sample being the mean of its parts."""
    step = interval / SAMPLES_PER_INTERVAL / pixel
    parts = max(1, int(np.ceil(step)))
    total = SAMPLES * parts
    return at[:, None] + (np.arange(total) - (total - 1) / 2) * (step / parts)


def _inside(pixels: np.ndarray, size: int) -> np.ndarray:
    return (pixels.min(axis=1, initial=size) >= 0) & (pixels.max(axis=1, initial=0) < size - 1)


def _thick_rows(
    centre: np.ndarray, interval: float, pixel: float, profile: SliceProfile
) -> tuple[np.ndarray, np.ndarray]:
    """Give the pixels (N, SLICES, T) that make thick slices around a centre, and their weights, which sum to one."""
    middles = centre[:, None] + (np.arange(SLICES) - (SLICES - 1) / 2) * interval / pixel
    reach = int(np.ceil(1.3 * profile.fwhm / pixel))
    pixels = np.floor(middles).astype(int)[:, :, None] + np.arange(-reach, reach + 1)
    distance = (pixels - middles[:, :, None]) * pixel
    weights = profile.cumulative(distance + pixel / 2) - profile.cumulative(distance - pixel / 2)
    return pixels, (weights / weights.sum(axis=2, keepdims=True)).astype(np.float32)


def _weighted(along: np.ndarray, k: np.ndarray, i: np.ndarray, pixels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Give thick rows (N, SLICES, n) at the columns `i` (N, n), column by column once."""
    first = i.min(axis=1)
    width = int((i.max(axis=1) - first).max(initial=0)) + 1
    columns = np.minimum(first[:, None] + np.arange(width), along.shape[1] - 1)
    rows = np.zeros((len(k), SLICES, width), np.float32)
    for tap in range(pixels.shape[2]):
        rows += along[k[:, None, None], columns[:, None, :], pixels[:, :, tap, None]] * weights[:, :, tap, None]
    return np.take_along_axis(rows, np.broadcast_to((i - first[:, None])[:, None, :], (len(k), SLICES, i.shape[1])), 2)


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
