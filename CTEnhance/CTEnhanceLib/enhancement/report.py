"""The report of a run: what was done, found and measured (schemas/report.schema.json)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from CTEnhanceLib.enhancement.plan import Plan
from CTEnhanceLib.version import RESEARCH_ONLY, __version__

if TYPE_CHECKING:
    import SimpleITK as sitk

STATEMENT = f"Computed, {RESEARCH_ONLY}."


@dataclass(frozen=True)
class RunFacts:
    """What was found while computing.

    Attributes:
        device: The device that did the work, in words.
        precision: Precision of the inner layers.
        consistency: HU RMSE against the measured slices: "before", "after" and of the "cubic" interpolation.
        clipped: Voxels "above" and "below" the 12-bit scale.
        uncertainty: What `uncertainty.describe_uncertainty` says, or None.
        further: What is told of each further series.
        notes: What had to be changed on the way, one sentence each.
        seconds: Time from call to result.
    """

    device: str
    precision: str
    consistency: dict[str, float]
    clipped: dict[str, int]
    uncertainty: dict[str, Any] | None
    further: list[dict[str, Any]]
    notes: list[str]
    seconds: float


def make_report(plan: Plan, thin: sitk.Image, facts: RunFacts) -> dict[str, Any]:
    """Put the report together; JSON-ready.

    Args:
        plan: What was settled before computing.
        thin: The thin-slice volume.
        facts: What was found while computing.
    """
    spec, volume = plan.spec, plan.volume
    report = {
        "schema_version": 1,
        "program": {"name": "CTEnhance", "version": __version__},
        "statement": STATEMENT,
        "model": {
            "name": spec.name,
            "sha256": plan.model_sha256,
            "method": spec.method,
            "base": spec.base,
            "detail": plan.detail,
        },
        "input": {**_grid(volume.image), **({"kernel": volume.kernel} if volume.kernel else {})},
        "output": _grid(thin),
        "acquisition": volume.acquisition.describe(),
        "device": facts.device,
        "precision": facts.precision,
        "seconds": round(facts.seconds, 3),
        "consistency": {
            "applied": plan.options.consistency,
            "unit": "HU RMSE over the volume, output in whole HU",
            **{name: round(rmse, 4) for name, rmse in facts.consistency.items()},
        },
        "clipped_voxels": facts.clipped,
        "warnings": [*plan.warnings, *facts.notes],
    }
    if facts.uncertainty is not None:
        report["uncertainty"] = facts.uncertainty
    if facts.further:
        report["measured_series"] = 1 + sum(told["used"] for told in facts.further)
        report["further_series"] = facts.further
    return report


def _grid(image: sitk.Image) -> dict[str, Any]:
    return {
        "size": list(image.GetSize()),
        "spacing_mm": list(image.GetSpacing()),
        "origin_mm": list(image.GetOrigin()),
        "direction": list(image.GetDirection()),
    }
