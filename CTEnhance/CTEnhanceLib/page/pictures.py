"""The pictures of a page: the slice with the most bone, and a cut along the slice axis, measured beside computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CTEnhanceLib.ct.geometry import slice_geometry, to_slices
from CTEnhanceLib.ct.intensity import BODY_ABOVE_HU, BONE_ABOVE_HU
from CTEnhanceLib.page.png import data_uri, grey, heat

if TYPE_CHECKING:
    import SimpleITK as sitk

FULL_HU = 200.0
"""HU of uncertainty at which its colour is full."""
_MOST_PIXELS = 360
_MARGIN = 12


def four_pictures(
    measured: sitk.Image, computed: sitk.Image, uncertainty: sitk.Image | None
) -> list[tuple[str, str, str]]:
    """Give the four pictures of a report: cuts along the slice axis, measured and computed, the computed slice with
    the most bone, and its uncertainty (without one: the measured slice nearest to it).

    Args:
        measured: Thick slices, HU.
        computed: Thin slices, HU, on the same in-plane grid.
        uncertainty: On the grid of `computed`, HU, or None.

    Returns:
        Data URI, caption and "measured" or "computed" of each.
    """
    axis = slice_geometry(measured).axis
    thick, thin = to_slices(measured, axis), to_slices(computed, axis)
    rows, columns = bone_part(thick)
    thick, thin = thick[:, rows, columns], thin[:, rows, columns]
    bone = thin > BONE_ABOVE_HU
    index, row = int(bone.sum(axis=(1, 2)).argmax()), int(bone.sum(axis=(0, 2)).argmax())
    pixel = slice_geometry(measured, axis).pixel_spacing[1]
    steps = (slice_geometry(measured, axis).interval / pixel, slice_geometry(computed, axis).interval / pixel)
    shown = [
        (_cut(thick[:, row], steps[0]), "measured: cut along the slice axis", "measured"),
        (_cut(thin[:, row], steps[1]), "computed: the same cut", "computed"),
        (_framed(grey(thin[index])), f"computed: slice {index + 1} of {len(thin)}", "computed"),
    ]
    if uncertainty is None:
        nearest = min(len(thick) - 1, int(index * len(thick) / len(thin)))
        shown.append((_framed(grey(thick[nearest])), "measured: the nearest slice", "measured"))
    else:
        bars = to_slices(uncertainty, axis)[index, rows, columns]
        words = f"computed, with its uncertainty: clear below {FULL_HU / 10:g} HU, red {FULL_HU:g} HU and more"
        shown.append((_framed(heat(bars, grey(thin[index]), FULL_HU)), words, "computed"))
    return [(data_uri(picture), caption, kind) for picture, caption, kind in shown]


def bone_part(slices: np.ndarray) -> tuple[slice, slice]:
    """Give the rows and columns that hold the bone, with what lies around it; without bone, those of the body.

    Args:
        slices: HU, (n, rows, columns).
    """
    bone: np.ndarray = np.asarray(np.any(slices > BONE_ABOVE_HU, axis=0))
    body = bone if bone.any() else np.asarray(np.any(slices > BODY_ABOVE_HU, axis=0))
    spans = []
    for size, seen in zip(body.shape, (body.any(axis=1), body.any(axis=0))):
        inside = np.flatnonzero(seen)
        low, high = (int(inside[0]), int(inside[-1]) + 1) if len(inside) else (0, size)
        spans.append(slice(max(0, low - _MARGIN), high + _MARGIN))
    return spans[0], spans[1]


def _cut(slices: np.ndarray, step: float) -> np.ndarray:
    """Give a cut (slices, columns) with square pixels, each slice repeated, the far end of the axis on top."""
    height = max(1, round(len(slices) * step))
    index = np.minimum((np.arange(height) / step).astype(int), len(slices) - 1)
    return _framed(grey(slices[index[::-1]]))


def _framed(picture: np.ndarray) -> np.ndarray:
    """Give the picture no larger than a page can show."""
    stride = max(1, int(np.ceil(max(picture.shape[:2]) / _MOST_PIXELS)))
    return picture[::stride, ::stride]
