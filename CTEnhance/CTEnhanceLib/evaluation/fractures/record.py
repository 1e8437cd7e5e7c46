"""The figures of a fracture study as they stand in a model's metrics.json, and the words that follow from them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from CTEnhanceLib.evaluation.baselines import YARDSTICK
from CTEnhanceLib.evaluation.fractures.study import FALSE_ALARMS, REFERENCE, Study
from CTEnhanceLib.evaluation.fractures.summary import (
    ACROSS_SLICES,
    BETWEEN_SLICES,
    EVERY_ANGLE,
    OBLIQUE,
    cell,
    methods_of,
    sizes,
    threshold,
)

METRICS_NAME = "fractures"
"""What these figures are called in metrics.json."""
BESIDE = ("measured", YARDSTICK)
"""Methods that are named beside those of a model wherever gaps are counted in words."""
EARLIER = "(earlier weights)"
"""Ends the name of a method that stands beside the present one."""
_GROUPS = {
    "between slices": BETWEEN_SLICES,
    "oblique": OBLIQUE,
    "across slices": ACROSS_SLICES,
    "every angle": EVERY_ANGLE,
}
"""Angles of a gap's normal, or of a step, to the slice axis."""
SAID_MM = (1.0, 2.0)
"""Widths of gaps that the plain sentences name."""


def record(study: Study) -> dict[str, Any]:
    """Give the figures, JSON-ready: a row for each method, kind, group of angles and size."""
    rows = []
    for method in methods_of(study):
        for kind in ("gap", "step"):
            for group, angles in _GROUPS.items():
                for size in sizes(study, kind):
                    found = cell(study, method, kind, size, angles)
                    if found is not None:
                        figures = {k: _number(v) for k, v in asdict(found).items()}
                        rows.append({"method": method, "kind": kind, "angles": group, "size_mm": size, **figures})
    invented = [
        {"method": method, "gaps": count, "per_cm2": round(count / study.area_cm2, 4)}
        for method, count in study.invented.items()
    ]
    limits = [
        {
            "method": method,
            "between_slices_hu": _number(threshold(study, method, "gap", BETWEEN_SLICES)),
            "across_slices_hu": _number(threshold(study, method, "gap", ACROSS_SLICES)),
            "step_mm": _number(threshold(study, method, "step")),
        }
        for method in methods_of(study)
    ]
    return {
        "volumes": list(dict.fromkeys(r.volume for r in study.readings)),
        "false_alarms": FALSE_ALARMS,
        "area_cm2": round(study.area_cm2, 1),
        "rows": rows,
        "invented": invented,
        "limits": limits,
    }


def sentences(figures: Mapping[str, Any], methods: Sequence[str], widths: Sequence[float] = SAID_MM) -> list[str]:
    """Say in plain words how many gaps between slices are seen.

    Args:
        figures: From `record`.
        methods: Which methods are named; one that was not run is left out.
        widths: Of the gaps, mm.
    """
    said = []
    for width in widths:
        found = {
            row["method"]: row["seen"]
            for row in figures["rows"]
            if (row["kind"], row["angles"], row["size_mm"]) == ("gap", "between slices", width)
        }
        parts = [f"{round(100 * found[method])} of 100 with {method}" for method in methods if method in found]
        if parts:
            said.append(f"A gap of {width:g} mm lying between slices is seen in {', '.join(parts)}.")
    return said


def invented_sentence(figures: Mapping[str, Any], methods: Sequence[str]) -> str:
    """Say how many gaps were invented in intact bone; empty where none of the methods was run."""
    found = {row["method"]: row for row in figures["invented"]}
    parts = [f"{found[method]['gaps']} with {method}" for method in methods if method in found]
    if not parts:
        return ""
    return f"In {figures['area_cm2']:.0f} cm2 of intact bone surface gaps were invented: {', '.join(parts)}."


def computing_methods(figures: Mapping[str, Any]) -> list[str]:
    """Give the methods of the figures but the true slices."""
    return [m for m in dict.fromkeys(row["method"] for row in figures["rows"]) if m != REFERENCE]


def own_sentences(figures: Mapping[str, Any], model: str) -> list[str]:
    """Say what is seen and invented by a model, beside the measured slices and the yardstick.

    Args:
        figures: From `record`.
        model: Name of the model; methods that begin with it are its own.
    """
    # measured slices stand first: a gap that they show and the computed ones do not is a loss, and has to be said
    own = [m for m in computing_methods(figures) if m.startswith(model) and EARLIER not in m]
    named = [m for m in (*BESIDE, *own) if m in computing_methods(figures)]
    said = [*sentences(figures, named), invented_sentence(figures, named)]
    return [sentence for sentence in said if sentence]


def card_lines(figures: Mapping[str, Any], model: str) -> list[str]:
    """Give what the card of a model says of fractures.

    Args:
        figures: From `record`.
        model: Name of the model; methods that begin with it are its own.
    """
    return [
        f"Gaps and steps cut into thin bone ({', '.join(figures['volumes'])}), thickened and computed again. Seen: the "
        f"contrast exceeds what {100 * (1 - figures['false_alarms']):.0f} of 100 intact places show. metrics.json and "
        "docs/trust.md hold the other widths, angles, and steps.",
        "",
        *[f"* {sentence}" for sentence in own_sentences(figures, model)],
    ]


def _number(value: Any) -> Any:
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 4)
    return value
