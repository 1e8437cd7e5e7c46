"""Slice-to-slice noise inconsistency: do computed slices flicker between noisy and smooth?

Interpolation averages noise away between two thick slices and keeps it on them, so the texture beats with the thick
interval; a reader sees it when scrolling. The noise of a slice is estimated after Immerkaer (Comput. Vis.
Image Underst. 1996;64:300-302) in soft tissue, with the median absolute deviation in place of the mean, so that edges
do not enter.
"""

from __future__ import annotations

import numpy as np

_KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], float)
_KERNEL_GAIN = 6.0  # root of the sum of squared weights
_MAD_TO_SIGMA = 1.4826
_FEWEST_PIXELS = 100


def slice_noise(slices: np.ndarray, soft_tissue: np.ndarray) -> np.ndarray:
    """Noise of each slice in HU, (n_slices,); NaN where a slice has too little soft tissue.

    Args:
        slices: HU, (n_slices, rows, cols).
        soft_tissue: boolean mask, same shape (body without bone).
    """
    from scipy import ndimage

    noise = np.full(len(slices), np.nan)
    for index, (image, mask) in enumerate(zip(slices, soft_tissue)):
        if mask.sum() >= _FEWEST_PIXELS:
            detail = ndimage.convolve(image.astype(np.float64), _KERNEL, mode="nearest")[mask]
            noise[index] = _MAD_TO_SIGMA * np.median(np.abs(detail - np.median(detail))) / _KERNEL_GAIN
    return noise


def noise_inconsistency(slices: np.ndarray, soft_tissue: np.ndarray) -> float:
    """Coefficient of variation of the noise between neighbouring slices (0: every slice is as noisy as the next).

    Only the change from one slice to the next enters: noise that drifts along the body, as it does with thickness,
    is the scanner's and no flicker. NaN where it cannot be estimated.

    Args:
        slices: HU, (n_slices, rows, cols).
        soft_tissue: Boolean mask of the same shape.
    """
    noise = slice_noise(slices, soft_tissue)
    step = np.diff(noise)
    step = step[np.isfinite(step)]
    level = np.nanmean(noise) if np.isfinite(noise).any() else 0.0
    if not len(step) or level <= 0:
        return float("nan")
    return float(np.sqrt(np.mean(step**2) / 2) / level)
