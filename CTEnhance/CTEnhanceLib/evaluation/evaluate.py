"""Candidates against a reference, beside the baselines: the whole of `ctenhance evaluate` without files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CTEnhanceLib.ct.acquisition import Acquisition, StatedSlices, resolve_acquisition
from CTEnhanceLib.ct.consistency import residual_rmse
from CTEnhanceLib.ct.interpolated_slices.volumes import interpolation_warnings
from CTEnhanceLib.ct.placement import PlacedSlices, at_positions, axis_along, common_positions, place
from CTEnhanceLib.ct.profile import SliceProfile, thickening_matrix
from CTEnhanceLib.errors import InputRefusedError
from CTEnhanceLib.evaluation.baselines import BASELINES, baseline_slices
from CTEnhanceLib.evaluation.measures.edges import edge_width
from CTEnhanceLib.evaluation.measures.gaps import gap_figures
from CTEnhanceLib.evaluation.measures.noise import noise_inconsistency
from CTEnhanceLib.evaluation.measures.regions import counted_slices
from CTEnhanceLib.evaluation.rows import HISTOGRAM_HU, Row, Truth, measure, prepare_truth, with_scans

if TYPE_CHECKING:
    from collections.abc import Callable

    import SimpleITK as sitk


@dataclass(frozen=True)
class Pictures:
    """Slices kept for the pictures of one row: (n_shown, rows, cols) in HU, at `Evaluation.shown`."""

    shown: np.ndarray
    worst_slice: int
    worst: np.ndarray


@dataclass(frozen=True)
class Evaluation:
    """Everything the tables, plots and files are made from.

    Attributes:
        truth: the prepared reference.
        rows: baselines first, then the candidates in their order.
        pictures: slices kept of each candidate, by name.
        shown: indices (into the compared slices) around the thick slice with the most bone.
        shown_thick: index of that thick slice.
        acquisition: interval, thickness and slice profile of the thick slices, with their sources.
        reference_figures: what the reference itself has: edge width, noise inconsistency, consistency.
        notes: sentences the reader of the figures has to know.
    """

    truth: Truth
    rows: list[Row]
    pictures: dict[str, Pictures]
    shown: np.ndarray
    shown_thick: int
    acquisition: Acquisition
    reference_figures: dict[str, float | None]
    notes: list[str]

    def row(self, name: str) -> Row:
        """The row of a baseline or candidate."""
        return next(row for row in self.rows if row.name == name)

    @property
    def reference_histogram(self) -> np.ndarray:
        """Counts of the reference's bone voxels in the bins of `HISTOGRAM_HU`."""
        return np.histogram(self.truth.inner[self.truth.bone], HISTOGRAM_HU)[0]


def evaluate(
    reference: sitk.Image,
    thick: sitk.Image,
    candidates: dict[str, sitk.Image],
    *,
    profile: SliceProfile | str | None = None,
    fwhm: float | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Evaluation:
    """Measure candidates and the four baselines against a reference.

    Args:
        reference: true thin slices in HU.
        thick: the measured thick slices of the same scan.
        candidates: volumes to be measured, by the name the tables use; on the reference's slices or others of the
            same in-plane grid.
        profile: the slice profile that made `thick`, or its shape; as in `resolve_acquisition`.
        fwhm: its full width at half maximum in mm.
        progress: called with ("evaluate", rows done, rows in all).

    Raises:
        InputRefusedError: a volume is not of this scan, or is named like a baseline.
    """
    acquisition = resolve_acquisition(thick, StatedSlices(profile=profile, fwhm=fwhm))
    measured, placed = place(thick, thick, "the thick volume"), _place_candidates(candidates, thick)
    truth, notes = _prepare(place(reference, thick, "the reference"), measured, placed, acquisition)
    if profile is None:
        notes.append(_assumed(acquisition))
    notes += _interpolated(reference, thick)
    shown, shown_thick = _around_most_bone(truth, measured.positions)
    report = progress or (lambda stage, done, total: None)
    total = len(BASELINES) + len(placed)

    rows: list[Row] = []
    for kind in BASELINES:
        slices = baseline_slices(measured.slices, measured.positions, truth.positions, kind, acquisition.profile)
        rows.append(measure(kind, slices, truth))
        report("evaluate", len(rows), total)
    rows = with_scans(rows, truth)
    pictures: dict[str, Pictures] = {}
    for name, volume in placed.items():
        slices, note = at_positions(volume, truth.positions, name)
        notes += [note] if note else []
        row = measure(name, slices.astype(np.float32, copy=False), truth)
        rows.append(with_scans([*rows[: len(BASELINES)], row], truth)[-1])
        pictures[name] = _keep(slices, rows[-1], shown, truth.counted)
        report("evaluate", len(rows), total)
    return Evaluation(truth, rows, pictures, shown, shown_thick, acquisition, _reference_figures(truth), notes)


def _place_candidates(candidates: dict[str, sitk.Image], thick: sitk.Image) -> dict[str, PlacedSlices]:
    for name in candidates:
        if name in BASELINES:
            raise InputRefusedError(f"{name!r} is the name of a baseline: give the candidate another name.")
    return {name: place(image, thick, name) for name, image in candidates.items()}


def _prepare(
    reference: PlacedSlices, measured: PlacedSlices, placed: dict[str, PlacedSlices], acquisition: Acquisition
) -> tuple[Truth, list[str]]:
    """The reference on the slices that all volumes share, and what has to be said of them."""
    positions = common_positions(reference, {"the thick volume": measured, **placed})
    slices, _ = at_positions(reference, positions, "the reference")
    counted, note = counted_slices(len(positions))
    thickening = thickening_matrix(measured.positions, positions, acquisition.profile)
    truth = prepare_truth(slices.astype(np.float32), positions, counted, measured.slices, thickening, measured.spacing)
    return truth, [note] if note else []


def _reference_figures(truth: Truth) -> dict[str, float | None]:
    gap = gap_figures(truth.inner, truth.gaps)
    return {
        "edge_width_mm": edge_width(truth.inner, truth.edges),
        "gap_width_mm": None if gap is None else gap.width,
        "noise_inconsistency": noise_inconsistency(truth.inner, truth.soft_tissue),
        "consistency_hu": residual_rmse(truth.slices, truth.thick, truth.thickening),
    }


def _assumed(acquisition: Acquisition) -> str:
    profile = acquisition.profile
    return (
        f"No slice profile was given: a {profile.shape} of {profile.fwhm:g} mm was assumed, and consistency and "
        "back-projection mean nothing if the thick slices were made otherwise (--profile, --fwhm)."
    )


def _interpolated(reference: sitk.Image, thick: sitk.Image) -> list[str]:
    return [
        f"Warning: the reference was not measured throughout, and figures on guessed slices say nothing. {found}"
        for found in interpolation_warnings(reference, axis_along(reference, thick))
    ]


def _around_most_bone(truth: Truth, thick_positions: np.ndarray) -> tuple[np.ndarray, int]:
    """Five compared slices around the thick slice in whose reach the most bone lies, and that slice's index."""
    amount = truth.bone.sum((1, 2))
    centre = truth.counted.start + int(amount.argmax())
    thick_index = int(np.abs(thick_positions - truth.positions[centre]).argmin())
    middle = int(np.abs(truth.positions - thick_positions[thick_index]).argmin())
    first = int(np.clip(middle - 2, 0, max(0, len(truth.positions) - 5)))
    return np.arange(first, min(first + 5, len(truth.positions))), thick_index


def _keep(slices: np.ndarray, row: Row, shown: np.ndarray, counted: slice) -> Pictures:
    """Copy the few slices that the pictures need, so that the volume itself can be released."""
    worst = int(shown[len(shown) // 2])
    if row.scan is not None and row.scan.marked.any():
        worst = counted.start + int(np.bincount(row.scan.patches.index[row.scan.marked]).argmax())
    return Pictures(slices[shown].astype(np.float32), worst, slices[worst].astype(np.float32))
