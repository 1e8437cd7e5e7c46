"""Consistency: thin slices, weighted with the slice profile, give back the measured thick slices.

Back-projection corrects thin slices by what is missing from the measured ones (Irani and Peleg, CVGIP 53:231,
1991). What a network invents inside the null space of the slice profile is invisible to every figure here.
"""

from __future__ import annotations

import numpy as np

from CTEnhanceLib.ct.bands import Bands
from CTEnhanceLib.ct.interpolation import interpolation_bands, row_blocks

STEPS = 8
_BLOCK = 64


def covering_matrix(thick_positions: np.ndarray, thin_positions: np.ndarray) -> np.ndarray:
    """Give the matrix (n_thin, n_thick) that hands each thick slice to the thin slices it covers."""
    return covering_bands(thick_positions, thin_positions).dense()


def covering_bands(thick_positions: np.ndarray, thin_positions: np.ndarray) -> Bands:
    """Give `covering_matrix` as rows of one weight: which thick slice covers each thin one.

    Args:
        thick_positions: Thick slice centres, mm, shape (n_thick,).
        thin_positions: Thin slice centres, mm, shape (n_thin,).
    """
    return interpolation_bands(thick_positions, thin_positions, "nearest")


def correction_bands(thickening: Bands, covering: Bands, steps: int = STEPS) -> Bands:
    """Give what all steps of the back-projection together add to the thin slices of each thick slice.

    Each step is linear in the residuals of the thick slices, so that their sum is one matrix. A step brings a thick
    slice what lies within the slice profile, so that a row is not longer than the steps together.

    Args:
        thickening: (n_thick, n_thin), from `ct.profile.thickening_bands`.
        covering: (n_thin, n_thick), from `covering_bands`.
        steps: Number of steps.

    Returns:
        A matrix (n_thick, n_thick): from the residuals to what is added.
    """
    count = len(thickening)
    covered = covering.first
    reach = max(
        int(max(abs(covered[i] - row) for i in (thickening.inputs(row)[0], thickening.inputs(row)[-1])))
        for row in range(count)
    )
    margin = steps * reach
    starts, rows = [], []
    for begin in range(0, count, _BLOCK):
        end = min(begin + _BLOCK, count)
        low, high = max(0, begin - margin), min(count, end + margin)
        remaining = np.eye(high - low)
        for row in range(low, high):
            for thin, weight in zip(thickening.inputs(row), thickening.weights[row]):
                if low <= covered[thin] < high:
                    remaining[row - low, covered[thin] - low] -= weight
        power, total = np.eye(high - low), np.zeros_like(remaining)
        for _ in range(steps):
            total += power
            power = power @ remaining
        starts += [low] * (end - begin)
        rows += list(total[begin - low : end - low])
    return Bands.of(starts, rows, count)


def back_project(
    thin: np.ndarray,
    thick: np.ndarray,
    thickening: np.ndarray,
    covering: np.ndarray,
    steps: int = STEPS,
) -> np.ndarray:
    """Make thin slices agree with the measured thick ones, in place.

    Each step adds the thick residual to the thin slices that the thick slice covers.

    Args:
        thin: float32 (n_thin, rows, columns), HU; changed in place.
        thick: Measured slices (n_thick, rows, columns), HU.
        thickening: (n_thick, n_thin), from `ct.profile.thickening_matrix`.
        covering: (n_thin, n_thick), from `covering_matrix`.
        steps: Number of steps.

    Returns:
        `thin` itself.
    """
    # The steps are linear in the residual: their sum is one matrix, so each block is read and written once.
    remaining = np.eye(len(thickening)) - thickening @ covering
    power, total = np.eye(len(thickening)), np.zeros_like(remaining)
    for _ in range(steps):
        total += power
        power = power @ remaining
    correction = (covering @ total).astype(np.float32)
    weights = thickening.astype(np.float32)
    _, rows, columns = thin.shape
    for block in row_blocks(rows, columns, len(thin) + 2 * len(thick)):
        residual = thick[:, block].astype(np.float32) - np.tensordot(weights, thin[:, block], axes=1)
        thin[:, block] += np.tensordot(correction, residual, axes=1)
    return thin


def residual_rmse(thin: np.ndarray, thick: np.ndarray, thickening: np.ndarray) -> float:
    """Give the root mean square (HU) of measured minus re-thickened slices over the whole volume.

    Args:
        thin: (n_thin, rows, columns), HU, any real type.
        thick: (n_thick, rows, columns), HU, any real type.
        thickening: (n_thick, n_thin).
    """
    weights = thickening.astype(np.float32)
    _, rows, columns = thick.shape
    total = 0.0
    for block in row_blocks(rows, columns, len(thin) + 2 * len(thick)):
        again = np.tensordot(weights, thin[:, block].astype(np.float32), axes=1)
        difference = (thick[:, block].astype(np.float32) - again).ravel()
        total += float(np.dot(difference, difference))
    return float(np.sqrt(total / thick.size))
