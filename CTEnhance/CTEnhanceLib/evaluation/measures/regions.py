"""The regions every figure is given for, and the slices that count.

Air makes any figure look good: a wrist fills a tenth of its volume. So each figure stands for the whole volume, the
body and the bone of the *reference*, and never of the volume under test, which could otherwise choose its own region.
"""

from __future__ import annotations

import numpy as np

from CTEnhanceLib.ct.intensity import BODY_ABOVE_HU, BONE_ABOVE_HU

REGIONS = ("whole", "body", "bone")
END_SLICES = 9
FEWEST_COUNTED = 9


def region_masks(reference: np.ndarray) -> dict[str, np.ndarray]:
    """Masks of the whole volume, the body and the bone.

    Args:
        reference: true thin slices in HU, (n_slices, rows, cols).

    Returns:
        Boolean masks of the same shape by region name. Body is > -300 HU and bone > 200 HU, each dilated once with
        the 6 neighbours, so that the boundary, where interpolation errs most, is part of the region.
    """
    from scipy import ndimage

    return {
        "whole": np.ones(reference.shape, bool),
        "body": ndimage.binary_dilation(reference > BODY_ABOVE_HU),
        "bone": ndimage.binary_dilation(reference > BONE_ABOVE_HU),
    }


def counted_slices(count: int, end_slices: int = END_SLICES) -> tuple[slice, str | None]:
    """Which of `count` thin slices enter the figures.

    At the ends no method has neighbours on both sides, so `end_slices` are left out there. A volume in which fewer
    than nine slices would remain keeps all of them.

    Returns:
        The slices that count, and one sentence for the user where the rule could not be kept (else None).
    """
    if count - 2 * end_slices >= min(FEWEST_COUNTED, count):
        return slice(end_slices, count - end_slices), None
    note = (
        f"Only {count} slices can be compared, too few to leave out {end_slices} at each end: "
        "all of them count, the end slices included."
    )
    return slice(0, count), note
