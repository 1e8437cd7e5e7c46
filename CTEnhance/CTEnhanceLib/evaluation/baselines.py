"""What a user could have picked instead of a network: repeat, linear, cubic, cubic + back-projection.

They stand in every table. *Cubic + back-projection* is the yardstick: it costs nothing, sees neighbouring slices and
agrees with the measured ones, so a model has to beat it and not the repeated thick slice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CTEnhanceLib.ct.consistency import back_project, covering_matrix
from CTEnhanceLib.ct.geometry import from_slices, slice_geometry, thin_positions, to_slices
from CTEnhanceLib.ct.interpolation import apply_along_slices, interpolation_matrix
from CTEnhanceLib.ct.profile import SliceProfile, thickening_matrix

if TYPE_CHECKING:
    import SimpleITK as sitk

YARDSTICK = "cubic + back-projection"
BASELINES = ("repeat", "linear", "cubic", YARDSTICK)
_INTERPOLATION = {"repeat": "nearest", "linear": "linear", "cubic": "cubic", YARDSTICK: "cubic"}


def baseline_slices(
    thick: np.ndarray, thick_at: np.ndarray, thin_at: np.ndarray, kind: str, profile: SliceProfile
) -> np.ndarray:
    """Thin slices by a baseline.

    Args:
        thick: measured slices in HU, (n_thick, rows, cols).
        thick_at: their positions in mm, ascending, (n_thick,).
        thin_at: evenly spaced positions of the thin slices in mm, (n_thin,).
        kind: one of `BASELINES`.
        profile: slice profile of the thick slices, used by back-projection only.

    Returns:
        HU, float32, (n_thin, rows, cols).
    """
    thin = apply_along_slices(interpolation_matrix(thick_at, thin_at, _INTERPOLATION[kind]), thick)
    if kind == YARDSTICK:
        thickening = thickening_matrix(thick_at, thin_at, profile)
        back_project(thin, thick, thickening, covering_matrix(thick_at, thin_at))
    return thin


def baseline_volume(
    image: sitk.Image, kind: str, spacing: float = 1.0, profile: SliceProfile | None = None
) -> sitk.Image:
    """A baseline of a thick volume on the grid that `enhance` would compute.

    Args:
        image: thick-slice volume in HU.
        kind: one of `BASELINES`.
        spacing: mm between the thin slices.
        profile: slice profile; a box as wide as the interval when left out.

    Returns:
        float32 HU volume, same frame and in-plane grid as `image`.
    """
    geometry = slice_geometry(image)
    thin_at = thin_positions(geometry.count, geometry.interval, spacing)
    slices = baseline_slices(
        to_slices(image),
        geometry.positions,
        thin_at,
        kind,
        profile or SliceProfile("box", geometry.interval),
    )
    return from_slices(slices, image, float(thin_at[0]), spacing)
