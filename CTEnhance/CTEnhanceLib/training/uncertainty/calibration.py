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
from CTEnhanceLib.training.validation import Case

EXACT = 2.0
_REGIONS = ("bone", "body")


@dataclass(frozen=True)
class CaseFigures:
    """The uncertainty on one volume at one `detail` (None: the model has one set of weights)."""

    case: str
    detail: float | None
    regions: dict[str, ErrorBarFigures]

    def as_json(self) -> dict[str, Any]:
        """Give all of it, JSON-ready."""
        return {"case": self.case, "detail": self.detail, **{name: asdict(f) for name, f in self.regions.items()}}


def measure(case: Case, stack: Stack, detail: float | None) -> CaseFigures:
    """Enhance a case and compare its uncertainty with the true error.

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
    masks = region_masks(truth)
    figures = {
        n: error_bar_figures(picture[counted], truth[counted], bars[counted], masks[n][counted]) for n in _REGIONS
    }
    return CaseFigures(case.settings.name, detail, {name: f for name, f in figures.items() if f is not None})


def calibrate(
    stack: Stack,
    network: nn.Module,
    spec: UncertaintySpec,
    cases: Sequence[Case],
    report: Callable[[str], None],
) -> tuple[UncertaintySpec, list[CaseFigures]]:
    """Set the scale for each `detail` of `spec`.

    The scale is the geometric mean over the cases that have a weight, of what would make 95 % of the errors in bone
    stay below twice the uncertainty.

    Args:
        stack: The finished model; the network is put into it.
        network: The trained uncertainty network.
        spec: Its description; the scale is replaced.
        cases: Validation volumes.
        report: Told one line for each measurement.

    Returns:
        The description with its scale, and the figures that follow from it.
    """
    stack.uncertainty = network.eval()
    stack.spec = replace(stack.spec, uncertainty=replace(spec, scale=(1.0,), detail=(0.0,)))
    scales, figures = [], []
    for at in spec.detail:
        detail = None if stack.spec.default_detail is None else at
        measured = [measure(case, stack, detail) for case in cases]
        weights = [case.settings.weight if case.settings.weight > 0 else 0.0 for case in cases]
        ratios = [np.log(f.regions["bone"].ratio / EXACT) for f in measured]
        scales.append(round(float(np.exp(np.average(ratios, weights=weights))), 4))
        figures += measured
        report(f"uncertainty: scale {scales[-1]:.3f} at detail {at:g}")
    calibrated_on = tuple(case.settings.name for case in cases if case.settings.weight > 0)
    return replace(spec, scale=tuple(scales), calibrated_on=calibrated_on), figures
