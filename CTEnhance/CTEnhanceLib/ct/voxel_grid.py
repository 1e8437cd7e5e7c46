"""Where the voxels of an array lie in the patient: the same for every orientation and slice axis."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from CTEnhanceLib.ct.geometry import slice_geometry

if TYPE_CHECKING:
    import SimpleITK as sitk


@dataclass(frozen=True)
class VoxelGrid:
    """A grid of voxels; its axes are in the order of the array.

    Attributes:
        size: Voxels along each axis.
        spacing: Distance of voxel centres along each axis, mm.
        origin: Centre of the first voxel, LPS mm, shape (3,).
        directions: Unit vectors of the axes as columns, LPS, shape (3, 3).
    """

    size: tuple[int, int, int]
    spacing: tuple[float, float, float]
    origin: np.ndarray
    directions: np.ndarray

    @property
    def centre(self) -> np.ndarray:
        """Centre of the grid, LPS mm."""
        half = (np.asarray(self.size) - 1) / 2 * np.asarray(self.spacing)
        return self.origin + self.directions @ half

    def corners(self) -> np.ndarray:
        """Centres of the eight outermost voxels, LPS mm, shape (8, 3)."""
        ends = np.array(np.meshgrid(*[(0, n - 1) for n in self.size], indexing="ij")).reshape(3, 8)
        return (self.origin[:, None] + self.directions @ (ends * np.asarray(self.spacing)[:, None])).T

    def moved(self, rotation: np.ndarray, centre: np.ndarray, shift: np.ndarray) -> VoxelGrid:
        """Give the grid after p -> rotation (p - centre) + centre + shift (3x3; LPS mm).

        Args:
            rotation: Rotation matrix, shape (3, 3).
            centre: What it turns about, LPS mm, shape (3,).
            shift: Added after turning, LPS mm, shape (3,).
        """
        origin = rotation @ (self.origin - centre) + centre + shift
        return replace(self, origin=origin, directions=rotation @ self.directions)


def slices_grid(image: sitk.Image, axis: int | None = None) -> VoxelGrid:
    """Give the grid of the canonical slice array of a volume (`ct.geometry.to_slices`).

    Args:
        image: Three-dimensional image with any direction cosines.
        axis: Its slice axis, as in `slice_geometry`.
    """
    geometry = slice_geometry(image, axis)
    order = [geometry.axis, *(a for a in (2, 1, 0) if a != geometry.axis)]
    directions = np.asarray(image.GetDirection()).reshape(3, 3)[:, order]
    spacing = np.asarray(image.GetSpacing())[order]
    size = np.asarray(image.GetSize())[order]
    origin = np.asarray(image.GetOrigin())
    if geometry.flipped:
        origin = origin + directions[:, 0] * spacing[0] * (size[0] - 1)
        directions = directions * [-1.0, 1.0, 1.0]
    slices, rows, columns = (int(n) for n in size)
    along, down, across = (float(s) for s in spacing)
    return VoxelGrid((slices, rows, columns), (along, down, across), origin, directions)


def thin_grid(thick: VoxelGrid, first: float, spacing: float, count: int) -> VoxelGrid:
    """Give the grid of thin slices that replace thick ones.

    Args:
        thick: Grid of the thick canonical slice array.
        first: Position of the first thin slice, mm from the first thick one.
        spacing: Distance of the thin slices, mm.
        count: Number of thin slices.
    """
    return VoxelGrid(
        (count, *thick.size[1:]),
        (spacing, *thick.spacing[1:]),
        thick.origin + thick.directions[:, 0] * first,
        thick.directions,
    )
