"""Interpolation along the slice axis, as matrices, so that every use of it is the same one."""

from __future__ import annotations

import numpy as np

from CTEnhanceLib.ct.bands import Bands

KINDS = ("nearest", "linear", "cubic")
_BLOCK_BYTES = 64 * 2**20
# The order-3 B-spline through samples: its coefficients are the samples filtered by _GAIN * _POLE**|k| (Unser,
# Aldroubi and Eden, IEEE Trans. Signal Process. 41:834, 1993). After _REACH slices that is below 1e-8.
_POLE = np.sqrt(3.0) - 2
_GAIN = -6 * _POLE / (1 - _POLE**2)
_REACH = 15


def interpolation_bands(source: np.ndarray, target: np.ndarray, kind: str = "cubic") -> Bands:
    """Give the weights with which slices at `source` make slices at `target`.

    Args:
        source: Slice centres, mm, evenly spaced, ascending, shape (n_source,).
        target: Positions asked for, mm, ascending, shape (n_target,).
        kind: "nearest" (repeat the slice), "linear" (edge slices repeated), or "cubic" (order-3 B-spline with
            symmetric edges).

    Returns:
        A matrix (n_target, n_source); the time it takes grows with the sum of both.
    """
    count = len(source)
    if count == 1:
        return Bands.of(np.zeros(len(target), dtype=int), [np.ones(1)] * len(target), 1)
    index = (np.asarray(target) - source[0]) / (source[1] - source[0])
    order = KINDS.index(kind)
    if order == 2:
        return _cubic_bands(index, count)
    index = np.clip(index, 0, count - 1)
    if order == 0:
        # a hair towards the lower slice, so that a tie does not hang on rounding
        return Bands.of(np.ceil(index - 0.5 - 1e-6).astype(int), [np.ones(1)] * len(index), count)
    below = np.minimum(np.floor(index).astype(int), count - 2)
    above_weight = index - below
    return Bands.of(below, list(np.stack([1 - above_weight, above_weight], axis=1)), count)


def interpolation_matrix(source: np.ndarray, target: np.ndarray, kind: str = "cubic") -> np.ndarray:
    """Give `interpolation_bands` as a float64 array (n_target, n_source).

    Args:
        source: Slice centres, mm, shape (n_source,).
        target: Positions asked for, mm, shape (n_target,).
        kind: "nearest", "linear" or "cubic", as there.
    """
    return interpolation_bands(source, target, kind).dense()


def _cubic_bands(index: np.ndarray, count: int) -> Bands:
    offsets = np.arange(-_REACH, _REACH + 1)
    coefficients = _GAIN * _POLE ** np.abs(offsets)
    starts, rows = [], []
    for place in index:
        below = int(np.floor(place))
        # every sample counts by the four spline pieces around the place, each of which it enters by the filter
        samples = np.zeros(len(offsets) + 3)
        for piece in range(-1, 3):
            samples[piece + 1 : piece + 1 + len(offsets)] += coefficients * _spline(place - below - piece)
        at = _folded(below - 1 - _REACH + np.arange(len(samples)), count)
        start = int(at.min())
        starts.append(start)
        rows.append(np.bincount(at - start, weights=samples))
    return Bands.of(starts, rows, count)


def _spline(distance: float) -> float:
    """The cubic B-spline at a distance in slices."""
    away = abs(distance)
    if away >= 2:
        return 0.0
    return (2 - away) ** 3 / 6 if away >= 1 else 2 / 3 - away**2 + away**3 / 2


def _folded(index: np.ndarray, count: int) -> np.ndarray:
    """Bring indices beyond the ends back in: symmetric edges, the edge slice twice."""
    around = np.mod(index, 2 * count)
    return np.where(around < count, around, 2 * count - 1 - around)


def row_blocks(rows: int, columns: int, slices: int) -> list[slice]:
    """Cut the rows of a slice array into blocks of about 64 MiB of float32 over all slices.

    Args:
        rows: Of a slice.
        columns: Of a slice.
        slices: How many slices are held at the same time.
    """
    step = max(1, _BLOCK_BYTES // (4 * columns * slices))
    return [slice(start, min(start + step, rows)) for start in range(0, rows, step)]


def apply_along_slices(matrix: np.ndarray, slices: np.ndarray) -> np.ndarray:
    """Apply a matrix along the slice axis, block by block.

    Args:
        matrix: (n_target, n_source).
        slices: Canonical slice array (n_source, rows, columns), any real type.

    Returns:
        float32 array (n_target, rows, columns).
    """
    weights = matrix.astype(np.float32)
    _, rows, columns = slices.shape
    result = np.empty((len(weights), rows, columns), dtype=np.float32)
    for block in row_blocks(rows, columns, len(weights) + len(slices)):
        result[:, block] = np.tensordot(weights, slices[:, block].astype(np.float32), axes=1)
    return result
