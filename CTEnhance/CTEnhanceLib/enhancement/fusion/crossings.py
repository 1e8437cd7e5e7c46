"""Where slices of two series cross, both measured the same tissue: how well they agree there.

A point on the line in which a slice of one series meets a slice of the other lies in the middle of both slabs. The
first series, averaged there over the slab of the second, and the second, averaged over the slab of the first, are the
same weighted sum of tissue. Their difference is noise, or says that the two do not belong together as stated. No
interpolation across slices and no model takes part (slice crossings for motion between MR slices: Kim et al., IEEE
TMI 29:146, 2010).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.ct.voxel_grid import VoxelGrid
from CTEnhanceLib.enhancement.fusion.sampling import Sampling

_FWHM_PER_SIGMA = 2 * np.sqrt(2 * np.log(2))


@dataclass(frozen=True)
class Series:
    """One measured series.

    Attributes:
        slices: Canonical slice array (slices, rows, columns), HU.
        grid: Where its voxels lie.
        profile: Slice profile.
        blur: Standard deviation of what blurs it in its plane beyond the other series, mm.
    """

    slices: np.ndarray
    grid: VoxelGrid
    profile: SliceProfile
    blur: float = 0.0

    def moved(self, grid: VoxelGrid) -> Series:
        """Give the series on another grid of the same size."""
        return replace(self, grid=grid)


@dataclass(frozen=True)
class Crossings:
    """Points on the lines where slices of two series cross, named by slice numbers and a place along the line.

    Attributes:
        first, second: Slice number in each series, shape (n,).
        along: Place on the line, mm, shape (n,).
    """

    first: np.ndarray
    second: np.ndarray
    along: np.ndarray

    def chosen(self, which: np.ndarray | slice) -> Crossings:
        """Give some of the points (mask, indices or slice).

        Args:
            which: Boolean mask of shape (n,), indices of shape (m,), or a slice.
        """
        return Crossings(self.first[which], self.second[which], self.along[which])


def all_crossings(one: VoxelGrid, other: VoxelGrid, most: int, seed: int = 0) -> Crossings:
    """Give up to about `most` points on the lines where slices of two series cross; the same ones at every call.

    Args:
        one: Grid of a series.
        other: Grid of another one.
        most: How many points, about.
        seed: Of the choice among them.
    """
    generator = np.random.default_rng(seed)
    reach = np.linalg.norm(np.asarray(one.size) * one.spacing) / 2
    count = 4 * most
    return Crossings(
        generator.integers(0, one.size[0], count),
        generator.integers(0, other.size[0], count),
        generator.uniform(-reach, reach, count),
    )


def crossing_values(one: Series, other: Series, points: Crossings) -> tuple[np.ndarray, np.ndarray]:
    """Give what each of two series says at crossings, averaged over the slab of the other; NaN outside either.

    Args:
        one: A series.
        other: Another one.
        points: Where their slices cross.

    Returns:
        Two arrays of HU, shape (n,).
    """
    where = _places(one.grid, other.grid, points)
    return _averaged(one, other, where, points.first), _averaged(other, one, where, points.second)


def averaging(series: Series, across: Series) -> float:
    """Give the part of the variance of independent noise that is left in `crossing_values` of `series`."""
    weights = Sampling.through(np.zeros(1), across.profile, min(series.grid.spacing[1:])).weights
    # between two pixels of the line, linear interpolation leaves two thirds on average
    return float((weights**2).sum()) * 2 / 3


def _places(one: VoxelGrid, other: VoxelGrid, points: Crossings) -> np.ndarray:
    """Give the points in space, LPS mm, shape (3, n)."""
    normals = np.stack([one.directions[:, 0], other.directions[:, 0]])
    line = np.cross(*normals)
    line = line / np.linalg.norm(line)
    frame = np.linalg.inv(np.stack([*normals, line]))
    heights = np.stack(
        [
            normals[0] @ one.origin + points.first * one.spacing[0],
            normals[1] @ other.origin + points.second * other.spacing[0],
            line @ one.centre + points.along,
        ]
    )
    return frame @ heights


def _averaged(series: Series, across: Series, where: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Average a series in its plane, in the direction in which the other one is thick; both blurs are added."""
    grid = series.grid
    inverse = (grid.directions / np.asarray(grid.spacing)).T
    normal = across.grid.directions[:, 0]
    in_plane = normal - (normal @ grid.directions[:, 0]) * grid.directions[:, 0]
    step = min(grid.spacing[1:])
    # finer than the pixels, else a slab of two pixels seems wider between pixels than on them
    sampling = Sampling.through(np.zeros(1), across.profile, step / 2)
    line = np.cross(grid.directions[:, 0], normal)
    blurred = _blur_sampling(across.blur, step)
    in_slice = (inverse @ (where - grid.origin[:, None]))[1:]
    total = np.zeros(where.shape[1])
    for offset, weight in zip(sampling.offsets, sampling.weights):
        for sideways, share in zip(blurred.offsets, blurred.weights):
            shift = (inverse @ (in_plane * offset + line * sideways))[1:]
            values = _between_pixels(series.slices, numbers, in_slice + shift[:, None])
            total += weight * share * values
    return total


def _between_pixels(slices: np.ndarray, numbers: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Interpolate linearly within slices; `map_coordinates` would do so along the slice axis too.

    Args:
        slices: (slices, rows, columns), HU.
        numbers: Which slice, shape (n,).
        places: Row and column, shape (2, n).

    Returns:
        float64 (n,), NaN outside the slices.
    """
    last = np.array(slices.shape[1:])[:, None] - 1
    outside = ((places < 0) | (places > last)).any(axis=0)
    below = np.clip(np.floor(places), 0, np.maximum(last - 1, 0)).astype(np.intp)
    above = np.minimum(below + 1, last)
    row, column = places - below
    values = (1 - row) * (
        (1 - column) * slices[numbers, below[0], below[1]] + column * slices[numbers, below[0], above[1]]
    ) + row * ((1 - column) * slices[numbers, above[0], below[1]] + column * slices[numbers, above[0], above[1]])
    values[outside] = np.nan
    return values


def _blur_sampling(blur: float, step: float) -> Sampling:
    if blur < 0.2 * step:
        return Sampling.points(np.zeros(1))
    return Sampling.through(np.zeros(1), SliceProfile("gaussian", blur * _FWHM_PER_SIGMA), step / 2)
