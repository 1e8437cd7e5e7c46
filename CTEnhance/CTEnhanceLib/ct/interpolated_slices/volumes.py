"""Interpolated slices of a volume: which, what is said of them, and when a test on them is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from CTEnhanceLib.ct.geometry import slice_geometry, slices_view
from CTEnhanceLib.ct.interpolated_slices.runs import InterpolatedRun, find_interpolated
from CTEnhanceLib.ct.interpolated_slices.sentence import sentence
from CTEnhanceLib.errors import InputRefusedError

if TYPE_CHECKING:
    import SimpleITK as sitk


def interpolated_in(image: sitk.Image, axis: int | None = None) -> list[InterpolatedRun]:
    """Find the interpolated slices of a volume, numbered in the order in which it stores its slices.

    Args:
        image: Three-dimensional CT, HU.
        axis: Its slice axis, as in `slice_geometry`.
    """
    slices = slices_view(image, axis)
    return find_interpolated(slices[::-1] if slice_geometry(image, axis).flipped else slices)


def interpolation_warnings(image: sitk.Image, axis: int | None = None) -> list[str]:
    """Give the warning of interpolated slices, none where none were found.

    Args:
        image: Three-dimensional CT, HU.
        axis: Its slice axis, as in `slice_geometry`.
    """
    runs = interpolated_in(image, axis)
    return [sentence(runs)] if runs else []


def require_measured(thin: sitk.Image) -> list[str]:
    """Refuse a scan as the truth of a test where most of its slices are interpolated.

    Args:
        thin: Thin-slice CT, HU.

    Returns:
        The warning where fewer are; empty where none were found.

    Raises:
        InputRefusedError: More than half of the slices lie in interpolated runs.
    """
    runs = interpolated_in(thin)
    if not runs:
        return []
    if 2 * sum(len(run) for run in runs) > slice_geometry(thin).count:
        raise InputRefusedError(f"{sentence(runs)} A test on interpolated slices says nothing.")
    return [sentence(runs)]
