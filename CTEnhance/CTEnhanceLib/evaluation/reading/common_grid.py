"""Images of one case on one grid, so that neither size nor spacing nor range of values tells which is which."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from CTEnhanceLib.ct.intensity import HU_MAX, HU_MIN
from CTEnhanceLib.errors import InputRefusedError

if TYPE_CHECKING:
    import SimpleITK as sitk

_PARALLEL = 1e-3


def onto_one_grid(images: dict[str, sitk.Image], resampling: str) -> dict[str, sitk.Image]:
    """Bring images of one scan onto the finest grid among them, cropped to what all of them show.

    Args:
        images: by kind, HU, axes parallel to each other.
        resampling: ``nearest`` repeats voxels as they were measured, ``linear`` interpolates between them.

    Returns:
        int16 images of the very same geometry, HU clipped to what the scanner's 12 bits hold, without any text.

    Raises:
        InputRefusedError: the axes are not parallel, or nothing is shown by all of them.
    """
    import SimpleITK as sitk

    finest = min(images.values(), key=lambda image: np.prod(image.GetSpacing()))
    low, high = np.zeros(3), np.array(finest.GetSize(), float) - 1
    for kind, image in images.items():
        first, last = _extent_in(finest, image, kind)
        low, high = np.maximum(low, np.ceil(first + 1e-6)), np.minimum(high, np.floor(last - 1e-6))
    if (high < low).any():
        raise InputRefusedError(
            f"The images {', '.join(images)} of a case have no common part: give one scan's images."
        )
    size = [int(n) for n in high - low + 1]
    grid = sitk.RegionOfInterest(finest, size, [int(n) for n in low])
    how = sitk.sitkNearestNeighbor if resampling == "nearest" else sitk.sitkLinear
    return {kind: _resampled(image, grid, how) for kind, image in images.items()}


def _resampled(image: sitk.Image, grid: sitk.Image, how: int) -> sitk.Image:
    import SimpleITK as sitk

    float_image = sitk.Cast(image, sitk.sitkFloat32)
    values = sitk.GetArrayFromImage(
        sitk.Resample(float_image, grid, sitk.Transform(), how, float(HU_MIN), sitk.sitkFloat32)
    )
    bare = sitk.GetImageFromArray(np.clip(np.rint(values), HU_MIN, HU_MAX).astype(np.int16))
    bare.CopyInformation(grid)
    return bare


def _extent_in(finest: sitk.Image, image: sitk.Image, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """First and last index of the finest grid whose voxel centre lies inside an image, along each axis."""
    turn = np.array(finest.GetDirection()).reshape(3, 3).T @ np.array(image.GetDirection()).reshape(3, 3)
    if np.abs(turn - np.rint(turn)).max() > _PARALLEL:
        raise InputRefusedError(f"The image of the kind {kind!r} is turned against the others: give one scan's images.")
    ends = [(-0.5, n - 0.5) for n in image.GetSize()]
    corners = [
        finest.TransformPhysicalPointToContinuousIndex(image.TransformContinuousIndexToPhysicalPoint(corner))
        for corner in product(*ends)
    ]
    return np.min(corners, axis=0), np.max(corners, axis=0)
