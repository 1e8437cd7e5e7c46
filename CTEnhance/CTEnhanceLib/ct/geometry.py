"""Geometry of a CT volume along its slice axis.

A volume is looked at as a *canonical slice array* (slices, rows, columns): the slice axis comes first and runs in
the direction whose largest LPS component is positive (positions N lie that way, positions P against it).
Positions along the slice axis are millimetres from the centre of the first canonical slice.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import SimpleITK as sitk


@dataclass(frozen=True)
class SliceGeometry:
    """Where the slices of a volume lie.

    Attributes:
        axis: Index axis of the image along which slices are stacked (0 = i, 1 = j, 2 = k).
        flipped: Whether the image index runs against the canonical direction.
        count: Number of slices.
        interval: Distance of neighbouring slice centres, mm.
        pixel_spacing: Distance of rows and of columns of the canonical slice array, mm.
    """

    axis: int
    flipped: bool
    count: int
    interval: float
    pixel_spacing: tuple[float, float]

    @property
    def positions(self) -> np.ndarray:
        """Slice centres, mm, shape (count,)."""
        return slice_positions(self.count, self.interval)


def slice_positions(count: int, interval: float, first: float = 0.0) -> np.ndarray:
    """Give the centres (mm) of `count` slices that lie `interval` mm apart, beginning at `first`.

    Args:
        count: How many slices.
        interval: Distance of their centres, mm.
        first: Centre of the first, mm.
    """
    return first + np.arange(count) * interval


def slice_axis(spacing: Sequence[float]) -> int:
    """Give the axis along which slices are stacked: the one with the largest spacing (mm), among equals the last.

    Spacings within 0.1 % of each other count as equal.
    """
    lengths = np.asarray(spacing)
    return int(np.flatnonzero(lengths >= lengths.max() * (1 - 1e-3))[-1])


def slice_geometry(image: sitk.Image, axis: int | None = None) -> SliceGeometry:
    """Describe the slices of a volume.

    Args:
        image: Three-dimensional image with any direction cosines.
        axis: Slice axis (0 = i, 1 = j, 2 = k). When left out it is the axis with the largest spacing, among equals
            (0.1 %) the last one. A thin volume takes the axis of the thick one it belongs to: its own largest
            spacing may lie in-plane.
    """
    spacing = image.GetSpacing()
    if axis is None:
        axis = slice_axis(spacing)
    direction = _axis_direction(image, axis)
    flipped = bool(direction[np.argmax(np.abs(direction))] < 0)
    rows, columns = (float(spacing[a]) for a in (2, 1, 0) if a != axis)
    return SliceGeometry(axis, flipped, image.GetSize()[axis], float(spacing[axis]), (rows, columns))


def to_slices(image: sitk.Image, axis: int | None = None) -> np.ndarray:
    """Give the canonical slice array (slices, rows, columns) of a volume: a copy, element type kept.

    Args:
        image: Three-dimensional image.
        axis: Slice axis, found as in `slice_geometry` when left out.
    """
    import SimpleITK as sitk

    geometry = slice_geometry(image, axis)
    slices = np.moveaxis(sitk.GetArrayFromImage(image), 2 - geometry.axis, 0)
    return slices[::-1] if geometry.flipped else slices


def slices_view(image: sitk.Image, axis: int | None = None) -> np.ndarray:
    """Give the canonical slice array (slices, rows, columns) of a volume without copying it: read only.

    Args:
        image: Three-dimensional image; it lives as long as the array does.
        axis: Slice axis, found as in `slice_geometry` when left out.
    """
    import SimpleITK as sitk

    geometry = slice_geometry(image, axis)
    seen = sitk.GetArrayViewFromImage(image)
    # SimpleITK's own view does not keep the image alive, this one does
    memory: Any = (ctypes.c_char * seen.nbytes).from_address(seen.ctypes.data)
    memory.image = image
    whole = np.frombuffer(memory, dtype=seen.dtype).reshape(seen.shape)
    whole.flags.writeable = False
    slices = np.moveaxis(whole, 2 - geometry.axis, 0)
    return slices[::-1] if geometry.flipped else slices


def from_slices(
    slices: np.ndarray, like: sitk.Image, first: float, spacing: float, axis: int | None = None
) -> sitk.Image:
    """Make a volume of a canonical slice array in the frame of another volume.

    Args:
        slices: Canonical slice array (slices, rows, columns).
        like: The volume whose frame of reference and in-plane grid are kept exactly.
        first: Position of `slices[0]`, mm from the first canonical slice centre of `like`.
        spacing: Distance of the slices, mm.
        axis: Slice axis of `like`, found as in `slice_geometry` when left out.

    Returns:
        Image of the element type of `slices`.
    """
    import SimpleITK as sitk

    geometry = slice_geometry(like, axis)
    ordered = slices[::-1] if geometry.flipped else slices
    image = sitk.GetImageFromArray(np.ascontiguousarray(np.moveaxis(ordered, 0, 2 - geometry.axis)))
    _place(image, like, geometry, first, spacing)
    return image


def _place(image: sitk.Image, like: sitk.Image, geometry: SliceGeometry, first: float, spacing: float) -> None:
    direction, shift = _axis_direction(like, geometry.axis), first
    if geometry.flipped:
        # index 0 is the last canonical slice: count from there, against the canonical direction
        shift = (geometry.count - 1) * geometry.interval - (first + (image.GetSize()[geometry.axis] - 1) * spacing)
    new_spacing = list(like.GetSpacing())
    new_spacing[geometry.axis] = spacing
    image.SetSpacing(new_spacing)
    image.SetDirection(like.GetDirection())
    image.SetOrigin([float(o) for o in np.asarray(like.GetOrigin()) + direction * shift])


class GrowingVolume:
    """An int16 volume in the frame of another one, filled slice by slice: there is no second copy of it in memory.

    Args:
        count: Number of its slices.
        like: The volume whose frame of reference and in-plane grid are kept exactly.
        first: Position of its first slice, mm from the first canonical slice centre of `like`.
        spacing: Distance of its slices, mm.
        axis: Slice axis of `like`, found as in `slice_geometry` when left out.

    Attributes:
        image: The volume.
    """

    def __init__(self, count: int, like: sitk.Image, first: float, spacing: float, axis: int | None = None) -> None:
        import SimpleITK as sitk

        self._geometry, self._count = slice_geometry(like, axis), count
        size = list(like.GetSize())
        size[self._geometry.axis] = count
        self.image = sitk.Image(size, sitk.sitkInt16)
        _place(self.image, like, self._geometry, first, spacing)

    def put(self, index: int, one: np.ndarray) -> None:
        """Put a slice (rows, columns), int16, at its canonical index."""
        import SimpleITK as sitk

        axis = self._geometry.axis
        at = self._count - 1 - index if self._geometry.flipped else index
        place = [slice(None)] * 3
        place[axis] = slice(at, at + 1)
        self.image[tuple(place)] = sitk.GetImageFromArray(np.expand_dims(one, 2 - axis))

    @property
    def slices(self) -> np.ndarray:
        """Canonical slice array (slices, rows, columns): a view, read only."""
        return slices_view(self.image, self._geometry.axis)


def thin_positions(count: int, interval: float, spacing: float) -> np.ndarray:
    """Give the centres of the thin slices that replace `count` thick ones.

    They fill the extent from half an interval before the first thick centre to half an interval after the last
    one, centred in it, with the spacing exactly as asked.

    Args:
        count: Number of thick slices.
        interval: Interval of the thick slices, mm.
        spacing: Interval of the thin slices, mm.

    Returns:
        Positions, mm from the first thick centre, shape (round(count * interval / spacing),).
    """
    extent = count * interval
    number = max(1, int(np.floor(extent / spacing + 0.5)))
    first = (extent - number * spacing) / 2 - interval / 2 + spacing / 2
    return slice_positions(number, spacing, first)


def _axis_direction(image: sitk.Image, axis: int) -> np.ndarray:
    return np.asarray(image.GetDirection()).reshape(3, 3)[:, axis]
