"""Interpolated slices of a volume: which, what is said of them, and what is left for a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from CTEnhanceLib.ct.geometry import slice_geometry, slices_view
from CTEnhanceLib.ct.interpolated_slices.runs import InterpolatedRun, find_interpolated, longest_measured
from CTEnhanceLib.ct.interpolated_slices.sentence import sentence
from CTEnhanceLib.errors import InputRefusedError

if TYPE_CHECKING:
    import SimpleITK as sitk

LEAST_MEASURED = 27
"""With fewer slices none could be left out at the ends (docs/evaluation.md)."""


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


def measured_part(thin: sitk.Image) -> tuple[sitk.Image, list[str]]:
    """Give the longest stretch of a scan that was measured throughout: what a test may take for the truth.

    Args:
        thin: Thin-slice CT, HU.

    Returns:
        The scan itself where no slice is interpolated, else the stretch and one sentence of what was left out.

    Raises:
        InputRefusedError: The stretch has fewer than `LEAST_MEASURED` slices.
    """
    runs = interpolated_in(thin)
    if not runs:
        return thin, []
    axis = slice_geometry(thin).axis
    first, end = longest_measured(runs, thin.GetSize()[axis])
    if end - first < LEAST_MEASURED:
        raise InputRefusedError(
            f"{sentence(runs)} A test needs {LEAST_MEASURED} measured slices beside each other, and there are "
            f"{end - first}."
        )
    part: list[slice] = [slice(None)] * 3
    part[axis] = slice(first, end)
    return thin[tuple(part)], [f"{sentence(runs)} Slices {first + 1} to {end} were tested."]
