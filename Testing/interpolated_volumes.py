"""Volumes of which only some slices were measured, for the tests that have to notice it."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk


def interpolated(slices: np.ndarray, period: int, kernel: int = sitk.sitkBSpline) -> np.ndarray:
    """Put `period` - 1 interpolated slices between each two of (n, rows, columns), HU: int16."""
    image = sitk.GetImageFromArray(np.asarray(slices, dtype=np.float64))
    count, rows, columns = slices.shape
    size, spacing = (columns, rows, (count - 1) * period + 1), (1.0, 1.0, 1.0 / period)
    between = sitk.Resample(
        image, size, sitk.Transform(), kernel, image.GetOrigin(), spacing, image.GetDirection(), -1000.0
    )
    return np.rint(sitk.GetArrayFromImage(between)).astype(np.int16)
