"""Bring reference, thick volume and candidates onto the same slices, by where they lie in the patient.

Files of one scan differ in slice count, start and index order; comparing them by index is how figures go wrong by
several dB. So slices are matched by physical position, and anything that does not match in-plane is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CTEnhanceLib.ct.geometry import slice_geometry, slice_positions, to_slices
from CTEnhanceLib.ct.interpolation import apply_along_slices, interpolation_matrix
from CTEnhanceLib.errors import InputRefusedError

if TYPE_CHECKING:
    import SimpleITK as sitk

OFF_GRID = 1e-3  # of the spacing: closer slices are taken for the same
_IN_PLANE = 0.01  # pixels


@dataclass(frozen=True)
class PlacedSlices:
    """Canonical slices of a volume with their positions on the thick volume's slice axis.

    Attributes:
        slices: HU, (n_slices, rows, cols).
        positions: mm from the centre of the first thick slice, ascending, (n_slices,).
        spacing: mm between slices.
    """

    slices: np.ndarray
    positions: np.ndarray
    spacing: float


def place(image: sitk.Image, thick: sitk.Image, name: str) -> PlacedSlices:
    """Read a volume along the slice axis of the thick one.

    Args:
        image: volume of the same scan: the same in-plane grid, any slices, any order and direction of its axes.
        thick: the thick volume, whose slice axis and first slice set the positions.
        name: what to call the volume in an error.

    Raises:
        InputRefusedError: its in-plane grid is not that of the thick volume.
    """
    _require_volume(image, name)
    axis = slice_geometry(thick).axis
    turned = _turn_like(image, thick, name)
    _check_in_plane(turned, thick, axis, name)
    geometry = slice_geometry(turned, axis)
    normal = np.asarray(thick.GetDirection()).reshape(3, 3)[:, axis]
    normal = normal if normal[np.argmax(np.abs(normal))] > 0 else -normal
    first = float(normal @ (_first_corner(turned, axis) - _first_corner(thick, axis)))
    positions = slice_positions(geometry.count, geometry.interval, first)
    slices = to_slices(turned, axis)
    if slices.dtype.kind == "f" and not np.isfinite(slices).all():
        bad = int(slices.size - np.isfinite(slices).sum())
        raise InputRefusedError(f"{_capital(name)} holds {bad} voxels that are no number: give HU throughout.")
    return PlacedSlices(slices, positions, geometry.interval)


def interval_along(thin: sitk.Image, thick: sitk.Image) -> float:
    """Give the distance (mm) of the thin slices along the slice axis of the thick volume."""
    return float(slice_geometry(thin, slice_geometry(thick).axis).interval)


def axis_along(image: sitk.Image, thick: sitk.Image) -> int:
    """Give the index axis of a volume, whatever their order, that runs along the slice axis of the thick one."""
    return int(np.abs(_cosines(image, thick)[slice_geometry(thick).axis]).argmax())


def common_positions(reference: PlacedSlices, others: dict[str, PlacedSlices]) -> np.ndarray:
    """Positions of the reference slices that lie within the extent of every other volume, (n,) mm.

    The extent of a volume reaches half a slice beyond its outer centres.

    Raises:
        InputRefusedError: fewer than two such slices.
    """
    inside = np.ones(len(reference.positions), bool)
    for name, other in others.items():
        reach = other.spacing / 2 + OFF_GRID * reference.spacing
        inside &= reference.positions >= other.positions[0] - reach
        inside &= reference.positions <= other.positions[-1] + reach
        if inside.sum() < 2:
            raise InputRefusedError(
                f"{_capital(name)} reaches from {other.positions[0]:g} to {other.positions[-1]:g} mm and the reference "
                f"from {reference.positions[0]:g} to {reference.positions[-1]:g} mm along the slice axis: give "
                "volumes of one scan that overlap by two slices or more."
            )
    return reference.positions[inside]


def at_positions(volume: PlacedSlices, positions: np.ndarray, name: str) -> tuple[np.ndarray, str | None]:
    """Slices of a volume at given positions.

    Where the volume has slices within 1e-3 of its spacing they are taken as they are; otherwise all are
    interpolated with the cubic B-spline along the slice axis, which costs sharpness and is therefore said.

    Args:
        volume: The placed volume.
        positions: mm from the first thick slice's centre, (n,).
        name: What to call the volume in the sentence.

    Returns:
        HU, (len(positions), rows, cols), and one sentence where interpolation was needed (else None).
    """
    index = (positions - volume.positions[0]) / volume.spacing
    nearest = np.clip(np.rint(index).astype(int), 0, len(volume.positions) - 1)
    off = float(np.abs(index - nearest).max())
    if off <= OFF_GRID:
        return volume.slices[nearest], None
    matrix = interpolation_matrix(volume.positions, positions, "cubic")
    note = (
        f"{_capital(name)} has no slices at the reference's positions (up to {off * volume.spacing:.3g} mm off): "
        "it was interpolated there by a cubic B-spline, which blurs it."
    )
    return apply_along_slices(matrix, volume.slices), note


def _require_volume(image: sitk.Image, name: str) -> None:
    components = image.GetNumberOfComponentsPerPixel()
    if image.GetDimension() != 3 or components != 1 or min(image.GetSize()) < 2:
        size = " x ".join(str(n) for n in image.GetSize())
        kind = "" if components == 1 else f" with {components} values a voxel"
        raise InputRefusedError(f"{_capital(name)} is an image of {size} voxels{kind}: give a CT volume in HU.")


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:] if name.startswith("the ") else name


def _turn_like(image: sitk.Image, thick: sitk.Image, name: str) -> sitk.Image:
    """Permute and flip the index axes of an image until they run as those of the thick volume."""
    import SimpleITK as sitk

    cosines = _cosines(image, thick)
    order = np.abs(cosines).argmax(1)
    if np.abs(cosines[np.arange(3), order]).min() < 1 - 1e-4:
        raise InputRefusedError(f"The axes of {name} are turned against those of the thick volume: use one scan.")
    if (order != np.arange(3)).any():
        image = sitk.PermuteAxes(image, [int(axis) for axis in order])
    flips = [bool(cosines[axis, order[axis]] < 0) for axis in range(3)]
    return sitk.Flip(image, flips) if any(flips) else image


def _cosines(image: sitk.Image, thick: sitk.Image) -> np.ndarray:
    """Give the cosines between index axes, (3 of the thick volume, 3 of the image)."""
    ours, theirs = (np.asarray(one.GetDirection()).reshape(3, 3) for one in (image, thick))
    return theirs.T @ ours


def _check_in_plane(image: sitk.Image, thick: sitk.Image, axis: int, name: str) -> None:
    plane = [a for a in range(3) if a != axis]
    spacing = np.asarray(thick.GetSpacing())[plane]
    ours = [image.GetSize()[a] for a in plane]
    theirs = [thick.GetSize()[a] for a in plane]
    if ours != theirs:
        raise InputRefusedError(
            f"{_capital(name)} has slices of {ours[0]} x {ours[1]} pixels and the thick volume "
            f"{theirs[0]} x {theirs[1]}: give volumes on the same in-plane grid."
        )
    stretch = np.abs(np.asarray(image.GetSpacing())[plane] - spacing) * np.asarray(theirs)
    direction = np.asarray(thick.GetDirection()).reshape(3, 3)[:, plane]
    shift = np.abs(direction.T @ (np.asarray(image.GetOrigin()) - np.asarray(thick.GetOrigin())))
    worst = float(max((stretch / spacing).max(), (shift / spacing).max()))
    if worst > _IN_PLANE:
        raise InputRefusedError(
            f"The pixels of {name} lie up to {worst:.3g} pixels beside those of the thick volume: "
            "give volumes on the same in-plane grid."
        )


def _first_corner(image: sitk.Image, axis: int) -> np.ndarray:
    """Physical point (LPS, mm) of voxel (0, 0) of the first canonical slice."""
    geometry = slice_geometry(image, axis)
    index = [0, 0, 0]
    index[axis] = geometry.count - 1 if geometry.flipped else 0
    return np.asarray(image.TransformIndexToPhysicalPoint(index))
