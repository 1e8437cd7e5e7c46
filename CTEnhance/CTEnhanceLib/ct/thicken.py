"""Thick slices from thin ones, as a scanner would have reconstructed them (thesis, Fig. 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CTEnhanceLib.ct.geometry import from_slices, slice_geometry, slice_positions, to_slices
from CTEnhanceLib.ct.interpolation import apply_along_slices
from CTEnhanceLib.ct.profile import SliceProfile, thickening_matrix
from CTEnhanceLib.errors import InputRefusedError, UsageError

if TYPE_CHECKING:
    import SimpleITK as sitk


def thicken(
    image: sitk.Image,
    thickness: float,
    interval: float | None = None,
    profile: SliceProfile | None = None,
    axis: int | None = None,
) -> sitk.Image:
    """Make a thick-slice volume of a thin-slice one.

    The first thick slice begins where the first thin slice begins; a rest at the far end that does not fill a
    whole interval is left out.

    Args:
        image: Thin-slice CT in HU; slices are thickened along its slice axis.
        thickness: Extent of a thick slice, mm.
        interval: Distance of neighbouring thick centres, mm; as the thickness when left out. A smaller one makes
            overlapping slices, a larger one leaves tissue unseen between them.
        profile: Slice profile; a box as wide as the thickness when left out.
        axis: The axis to be thickened (0 = i, 1 = j, 2 = k): coronal or sagittal slices of an axial volume; its own
            slice axis when left out.

    Returns:
        int16 HU volume in the same frame of reference.

    Raises:
        UsageError: A length is not positive.
        InputRefusedError: The slices are not thinner than asked for, or too few for two thick slices.
    """
    interval = thickness if interval is None else interval
    for name, value in (("thickness", thickness), ("interval", interval)):
        if not (np.isfinite(value) and value > 0):
            raise UsageError(f"The {name} must be a positive number of mm, not {value:g}.")
    geometry = slice_geometry(image, axis)
    if min(thickness, interval) < geometry.interval * (1 - 1e-3):
        raise InputRefusedError(
            f"The slices lie {geometry.interval:g} mm apart and cannot make {min(thickness, interval):g} mm "
            "slices; give a thin-slice volume or a larger thickness and interval."
        )
    count = int(np.floor(geometry.count * geometry.interval / interval + 1e-6))
    if count < 2:
        raise InputRefusedError(
            f"{geometry.count} slices of {geometry.interval:g} mm give {count} slices at {interval:g} mm; "
            "at least two are needed: give a longer volume."
        )
    first = (interval - geometry.interval) / 2
    thick = slice_positions(count, interval, first)
    weights = thickening_matrix(thick, geometry.positions, profile or SliceProfile("box", thickness))
    slices = np.rint(apply_along_slices(weights, to_slices(image, geometry.axis)))
    limits = np.iinfo(np.int16)
    return from_slices(np.clip(slices, limits.min, limits.max).astype(np.int16), image, first, interval, geometry.axis)
