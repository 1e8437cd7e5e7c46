"""The scale of the uncertainty, set on validation volumes so that 95 of 100 errors stay below twice of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Callable

import numpy as np
from torch import nn

from CTEnhanceLib.ct.placement import at_positions, common_positions, interval_along, place
from CTEnhanceLib.enhancement.pipeline import enhance
from CTEnhanceLib.evaluation.measures.error_bars import ErrorBarFigures, error_bar_figures
from CTEnhanceLib.evaluation.measures.regions import counted_slices, region_masks
from CTEnhanceLib.model.spec import UncertaintySpec
from CTEnhanceLib.model.stack import Stack
from CTEnhanceLib.training.uncertainty.words import COVERED
from CTEnhanceLib.training.validation import Case

_REGIONS = ("bone", "body")
_SCALES = np.exp(np.linspace(np.log(0.25), np.log(4.0), 400))


@dataclass(frozen=True)
class CaseFigures:
    """The uncertainty on one volume at one `detail` (None: the model has one set of weights).

    Attributes:
        case: The volume.
        detail: Mix of weights, or None.
        regions: Figures by region, with the scale that ships.
        covered_apart: By region, the share of voxels whose absolute error is at most twice their uncertainty when
            the scale is set on the other volumes alone; empty where there is no other one.
    """

    case: str
    detail: float | None
    regions: dict[str, ErrorBarFigures]
    covered_apart: dict[str, float]

    def as_json(self) -> dict[str, Any]:
        """Give all of it, JSON-ready."""
        found: dict[str, Any] = {"case": self.case, "detail": self.detail}
        for name, figures in self.regions.items():
            found[name] = asdict(figures)
            if name in self.covered_apart:
                found[name]["covered_apart"] = self.covered_apart[name]
        return found


@dataclass(frozen=True)
class Measured:
    """A computed case beside its truth; slices near the ends left out.

    Attributes:
        picture, truth, bars: (n_slices, rows, columns), HU.
        masks: Regions by name.
    """

    picture: np.ndarray
    truth: np.ndarray
    bars: np.ndarray
    masks: dict[str, np.ndarray]

    def figures(self, scale: float) -> dict[str, ErrorBarFigures]:
        """Give the figures of each region that is there, with the uncertainty multiplied by a scale."""
        bars = self.bars * np.float32(scale)
        found = {n: error_bar_figures(self.picture, self.truth, bars, self.masks[n]) for n in _REGIONS}
        return {name: figures for name, figures in found.items() if figures is not None}

    def covered(self, region: str, scales: np.ndarray) -> np.ndarray:
        """Give the share of voxels whose error is at most twice the scaled uncertainty, for each scale.

        Args:
            region: One of `masks`.
            scales: What the uncertainty is multiplied by, shape (n,).

        Returns:
            0 to 1, shape (n,).
        """
        inside = self.masks[region]
        error = np.abs(self.picture[inside].astype(np.float32) - self.truth[inside])
        needed = np.sort(error / (2 * np.maximum(self.bars[inside], 1e-3)))
        return np.searchsorted(needed, scales, side="right") / max(1, len(needed))


def measure(case: Case, stack: Stack, detail: float | None) -> Measured:
    """Enhance a case with its uncertainty.

    Args:
        case: A volume with its reference, from `training.validation.load_case`.
        stack: The model, with an uncertainty network.
        detail: Mix of weights, or None.
    """
    spacing = interval_along(case.thin, case.thick)
    result = enhance(case.thick, stack, spacing=spacing, profile=case.profile, uncertainty=True, detail=detail)
    assert result.uncertainty is not None
    images = {"computed": result.volume, "uncertainty": result.uncertainty, "thin": case.thin}
    placed = {name: place(image, case.thick, name) for name, image in images.items()}
    positions = common_positions(placed["thin"], {"computed": placed["computed"]})
    picture, bars, truth = (at_positions(placed[n], positions, n)[0] for n in ("computed", "uncertainty", "thin"))
    counted, _ = counted_slices(len(positions))
    masks = {name: mask[counted] for name, mask in region_masks(truth).items()}
    return Measured(picture[counted], truth[counted], bars[counted], masks)


def calibrate(
    stack: Stack,
    network: nn.Module,
    spec: UncertaintySpec,
    cases: Sequence[Case],
    report: Callable[[str], None],
) -> tuple[UncertaintySpec, list[CaseFigures]]:
    """Set the scale for each `detail` of `spec`.

    Over the cases that have a weight, the largest deviation from 95 % of the share of bone voxels whose error stays
    below twice the uncertainty is made as small as can be.

    Args:
        stack: The finished model; the network is put into it.
        network: The trained uncertainty network.
        spec: Its description; the scale is replaced.
        cases: Validation volumes.
        report: Told one line for each detail.

    Returns:
        The description with its scale, and the figures with that scale.
    """
    stack.uncertainty = network.eval()
    stack.spec = replace(stack.spec, uncertainty=replace(spec, scale=(1.0,), detail=(0.0,)))
    counts = [case.settings.weight > 0 for case in cases]
    scales, figures = [], []
    for at in spec.detail:
        detail = None if stack.spec.default_detail is None else at
        measured = [measure(case, stack, detail) for case in cases]
        counted = [one for one, does_count in zip(measured, counts) if does_count]
        scales.append(scale_of(counted))
        figures += [
            CaseFigures(case.settings.name, detail, one.figures(scales[-1]), covered_apart(one, counted))
            for case, one in zip(cases, measured)
        ]
        report(f"uncertainty: scale {scales[-1]:.3f} at detail {at:g}")
    calibrated_on = tuple(case.settings.name for case, does_count in zip(cases, counts) if does_count)
    return replace(spec, scale=tuple(scales), calibrated_on=calibrated_on), figures


def covered_apart(one: Measured, measured: Sequence[Measured]) -> dict[str, float]:
    """Give what `CaseFigures.covered_apart` says of a volume.

    Args:
        one: The volume.
        measured: All volumes that set the scale; the volume itself is left out if it is among them.
    """
    others = [other for other in measured if other is not one]
    if not others:
        return {}
    scale = np.array([scale_of(others)])
    return {name: float(one.covered(name, scale)[0]) for name in _REGIONS if one.masks[name].any()}


def scale_of(measured: Sequence[Measured]) -> float:
    """Give the scale with the smallest largest deviation of the share in bone from 95 %."""
    deviations = [np.abs(one.covered("bone", _SCALES) - COVERED) for one in measured]
    worst = np.max(deviations, axis=0)
    best = np.flatnonzero(worst <= worst.min() + 1e-6)
    return round(float(_SCALES[best[len(best) // 2]]), 4)
