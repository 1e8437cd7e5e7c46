"""Gaps in intact bone that a method shows and the reference does not have, per area of cortex."""

from __future__ import annotations

import numpy as np

from CTEnhanceLib.evaluation.measures.gaps import SMALLEST_DEPTH_HU, find_gaps
from CTEnhanceLib.evaluation.measures.regions import BONE_ABOVE_HU

_FEWEST_VOXELS = 3
_SAME_PLACE = (3, 3, 3)


def invented_gaps(
    shown: np.ndarray, reference: np.ndarray, spacing: tuple[float, float, float], interval: float
) -> int:
    """Count the gaps across the slice axis that are shown in intact bone and are not in the reference.

    A gap is what `measures.gaps.find_gaps` finds (200 HU deep, bone above 400 HU on both sides). It is invented where
    the reference at the same place and one voxel around it is nowhere half as deep; at least three neighbouring
    voxels make one.

    Args:
        shown: Thin slices of the method, HU.
        reference: The true ones, same shape.
        spacing: mm along the three axes.
        interval: Of the thick slices, mm.
    """
    from scipy import ndimage

    bone = ndimage.binary_dilation(reference > BONE_ABOVE_HU)
    gaps = find_gaps(shown, bone, spacing[0], interval)
    if not len(gaps):
        return 0
    reach = gaps.reach
    darkest = ndimage.minimum_filter(reference, _SAME_PLACE)
    sides = [
        ndimage.maximum_filter1d(reference, reach + 1, axis=0, origin=shift) for shift in (reach // 2, -(reach // 2))
    ]
    true_depth = (np.minimum(*sides) - darkest)[gaps.centres, gaps.rows, gaps.cols]
    mask = np.zeros(shown.shape, dtype=bool)
    new = true_depth < SMALLEST_DEPTH_HU / 2
    mask[gaps.centres[new], gaps.rows[new], gaps.cols[new]] = True
    labels, _ = ndimage.label(mask, np.ones((3, 3, 3)))
    return int((np.bincount(labels.ravel())[1:] >= _FEWEST_VOXELS).sum())


def cortex_area(reference: np.ndarray, spacing: tuple[float, float, float]) -> float:
    """Give the area of the bone surface, cm2: the integral of the gradient of a slightly blurred bone mask.

    Args:
        reference: HU, (n, rows, columns).
        spacing: mm along the three axes.
    """
    from scipy import ndimage

    soft = ndimage.gaussian_filter((reference > BONE_ABOVE_HU).astype(np.float32), 1.0)
    gradient = np.sqrt(sum(np.gradient(soft, step, axis=a) ** 2 for a, step in enumerate(spacing)))
    return float(gradient.sum(dtype=np.float64) * np.prod(spacing) / 100)
