"""What is said to the user of interpolated slices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from CTEnhanceLib.ct.geometry import slice_geometry, slices_view
from CTEnhanceLib.ct.interpolated_slices.runs import InterpolatedRun, find_interpolated

if TYPE_CHECKING:
    import SimpleITK as sitk

_ORDINALS = {2: "second", 3: "third", 4: "fourth", 5: "fifth"}
_MOST_NAMED = 3


def interpolated_in(image: sitk.Image, axis: int | None = None) -> list[InterpolatedRun]:
    """Find the interpolated slices of a volume, numbered in the order in which it stores its slices.

    Args:
        image: Three-dimensional CT, HU.
        axis: Its slice axis, as in `slice_geometry`.
    """
    slices = slices_view(image, axis)
    return find_interpolated(slices[::-1] if slice_geometry(image, axis).flipped else slices)


def sentence(runs: Sequence[InterpolatedRun]) -> str:
    """Say which slices are interpolated, in one sentence.

    Args:
        runs: What `interpolated_in` found, at least one.
    """
    named = [f"{run.first + 1} to {run.last + 1}" for run in runs[:_MOST_NAMED]]
    if len(runs) > _MOST_NAMED:
        named.append(f"{sum(len(run) for run in runs[_MOST_NAMED:])} more")
    measured = [_ORDINALS[period] for period in sorted({run.period for run in runs})]
    return (
        f"Slices {_listed(named, 'and')} (counted from 1) are interpolated from others: "
        f"only every {_listed(measured, 'or')} one was measured."
    )


def _listed(parts: Sequence[str], last: str) -> str:
    return f" {last} ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]
