"""Interpolation along the slice axis, as matrices, so that every use of it is the same one."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import map_coordinates

KINDS = ("nearest", "linear", "cubic")
_EDGE = 16
_BLOCK_BYTES = 64 * 2**20


def interpolation_matrix(source: np.ndarray, target: np.ndarray, kind: str = "cubic") -> np.ndarray:
    """Give the weights with which slices at `source` make slices at `target`.

    Args:
        source: Slice centres, mm, evenly spaced, ascending, shape (n_source,).
        target: Positions asked for, mm, shape (n_target,).
        kind: "nearest" (repeat the slice), "linear" (edge slices repeated), or "cubic" (order-3 B-spline with
            symmetric edges).

    Returns:
        float64 array (n_target, n_source).
    """
    if len(source) == 1:
        return np.ones((len(target), 1))
    index = (np.asarray(target) - source[0]) / (source[1] - source[0])
    order = KINDS.index(kind)
    if order == 2:
        # The spline is linear in its data: interpolating unit slices gives the columns of the matrix. The symmetric
        # edges are padded by hand, because scipy's own start of the recursion is 2 HU off for a handful of slices.
        padded = np.pad(np.eye(len(source)), ((_EDGE, _EDGE), (0, 0)), mode="symmetric")
        columns = [map_coordinates(unit, [index + _EDGE], order=3, mode="mirror") for unit in padded.T]
        return np.stack(columns, axis=1)
    index = np.clip(index, 0, len(source) - 1)
    if order == 0:
        # a hair towards the lower slice, so that a tie does not hang on rounding
        return np.eye(len(source))[np.ceil(index - 0.5 - 1e-6).astype(int)]
    below = np.minimum(np.floor(index).astype(int), len(source) - 2)
    above_weight = (index - below)[:, None]
    unit = np.eye(len(source))
    return (1 - above_weight) * unit[below] + above_weight * unit[below + 1]


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
