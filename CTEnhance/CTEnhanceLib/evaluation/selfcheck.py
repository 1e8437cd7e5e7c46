"""A thin scan's own test: thickened, computed again, and compared with itself.

Without scikit-image, so that it runs in Slicer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from CTEnhanceLib.ct.geometry import slice_geometry, to_slices
from CTEnhanceLib.ct.intensity import STORED_MAX, to_stored
from CTEnhanceLib.ct.placement import at_positions, common_positions, place
from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.evaluation.baselines import BASELINES, YARDSTICK, baseline_slices
from CTEnhanceLib.evaluation.measures.error_bars import ErrorBarFigures, error_bar_figures
from CTEnhanceLib.evaluation.measures.metrics import psnr_of
from CTEnhanceLib.evaluation.measures.regions import counted_slices, region_masks
from CTEnhanceLib.evaluation.measures.spectrum import slice_axis_energy

if TYPE_CHECKING:
    import SimpleITK as sitk

COMPUTED = "computed"
_ENOUGH_BONE = 100


@dataclass(frozen=True)
class CheckRow:
    """A way to make thin slices, against the true ones.

    Attributes:
        name: One of the baselines, or "computed".
        psnr: dB in "body" and "bone".
        bias: Mean error in bone, HU.
        energy: Slice-axis energy over the reference's; None without bone.
        per_slice: PSNR in bone of each slice, NaN where it has next to none.
    """

    name: str
    psnr: dict[str, float]
    bias: float
    energy: float | None
    per_slice: np.ndarray


@dataclass(frozen=True)
class SelfCheck:
    """All that the check found.

    Attributes:
        rows: Baselines, then the computed slices.
        positions: mm along the slice axis of the slices that count.
        error_bars: The uncertainty against the true error in "body" and "bone"; empty without one.
        reference, computed, uncertainty: The slices that count, HU; uncertainty may be None.
        verdict: Plain sentences.
    """

    rows: list[CheckRow]
    positions: np.ndarray
    error_bars: dict[str, ErrorBarFigures]
    reference: np.ndarray
    computed: np.ndarray
    uncertainty: np.ndarray | None
    verdict: list[str]

    @property
    def gain(self) -> float:
        """What the computed slices gain over cubic + back-projection in bone, dB."""
        found = {row.name: row.psnr["bone"] for row in self.rows}
        return found[COMPUTED] - found[YARDSTICK]


def check_scan(
    thin: sitk.Image,
    thick: sitk.Image,
    computed: sitk.Image,
    uncertainty: sitk.Image | None,
    profile: SliceProfile,
    metrics: Mapping[str, Any],
) -> SelfCheck:
    """Compare the computed slices of a thickened scan with the scan itself.

    Args:
        thin: The scan.
        thick: The thick slices made of it.
        computed: The thin slices computed of these.
        uncertainty: Their uncertainty, or None.
        profile: The profile that made the thick slices.
        metrics: metrics.json of the model, with the gains on the volumes of its card; may be empty.
    """
    images = {"thin": thin, COMPUTED: computed, **({} if uncertainty is None else {"uncertainty": uncertainty})}
    placed = {name: place(image, thick, name) for name, image in images.items()}
    positions = common_positions(placed["thin"], {COMPUTED: placed[COMPUTED]})
    slices = {name: at_positions(one, positions, name)[0].astype(np.float32) for name, one in placed.items()}
    counted, _ = counted_slices(len(positions))
    truth = slices["thin"]
    masks = {name: mask[counted] for name, mask in region_masks(truth).items()}
    geometry = slice_geometry(thick)
    shown = {
        name: baseline_slices(to_slices(thick), geometry.positions, positions, name, profile)[counted]
        for name in BASELINES
    }
    shown[COMPUTED] = slices[COMPUTED][counted]
    truth = truth[counted]
    rows = [_row(name, one, truth, masks) for name, one in shown.items()]
    bars = slices["uncertainty"][counted] if uncertainty is not None else None
    figures = {} if bars is None else _error_bars(shown[COMPUTED], truth, bars, masks)
    check = SelfCheck(rows, positions[counted], figures, truth, shown[COMPUTED], bars, [])
    check.verdict.extend(_verdict(check, metrics))
    return check


def _row(name: str, shown: np.ndarray, truth: np.ndarray, masks: dict[str, np.ndarray]) -> CheckRow:
    error = ((to_stored(shown) - to_stored(truth)) / STORED_MAX) ** 2
    psnr = {region: float(psnr_of(np.mean(error[masks[region]]))) for region in ("body", "bone") if masks[region].any()}
    psnr.setdefault("bone", float("nan"))
    bone = masks["bone"]
    count = bone.sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        per_slice = psnr_of((error * bone).sum(axis=(1, 2)) / count)
    per_slice = np.where((count >= _ENOUGH_BONE) & np.isfinite(per_slice), per_slice, np.nan)
    bias = float((shown - truth)[bone].mean()) if bone.any() else float("nan")
    return CheckRow(name, psnr, bias, slice_axis_energy(shown, truth, bone), per_slice)


def _error_bars(
    shown: np.ndarray, truth: np.ndarray, bars: np.ndarray, masks: dict[str, np.ndarray]
) -> dict[str, ErrorBarFigures]:
    found = {name: error_bar_figures(shown, truth, bars, masks[name]) for name in ("bone", "body")}
    return {name: figures for name, figures in found.items() if figures is not None}


def card_gains(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Give what a model gains in bone over cubic + back-projection on the volumes of its card, dB, by their names."""
    gains = {}
    for case, record in metrics.get("cases", {}).items():
        found = {row["name"]: row["regions"]["bone"]["psnr_db"] for row in record["rows"]}
        mine = [psnr for row, psnr in found.items() if row not in BASELINES]
        if mine and YARDSTICK in found:
            gains[case] = mine[0] - found[YARDSTICK]  # the default stands before its two ends
    return gains


def _verdict(check: SelfCheck, metrics: Mapping[str, Any]) -> list[str]:
    if not np.isfinite(check.gain):
        return ["There is no bone above 200 HU in this scan, so nothing can be said about bone."]
    worse = "worse than" if check.gain < 0 else "better than"
    sentences = [f"In bone the computed slices are {abs(check.gain):.1f} dB {worse} cubic + back-projection."]
    gains = card_gains(metrics)
    if gains:
        low, high = min(gains.values()), max(gains.values())
        where = "below" if check.gain < low else "above" if check.gain > high else "within"
        named = ", ".join(f"{name} {gain:+.1f}" for name, gain in gains.items())
        sentences.append(f"This is {where} what the model's card reports ({named} dB).")
    if check.gain < 0:
        sentences.append("Do not use this model on scans like this one.")
    bars = check.error_bars.get("bone")
    if bars is not None:
        sentences.append(
            f"The error of {100 * bars.covered:.0f} of 100 bone voxels is at most twice their uncertainty "
            f"(95 of 100 where the calibration holds)."
        )
    return sentences
