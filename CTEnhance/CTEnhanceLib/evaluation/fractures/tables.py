"""The figures of the fracture study as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from CTEnhanceLib.evaluation.fractures.record import computing_methods, invented_sentence, sentences
from CTEnhanceLib.evaluation.fractures.study import REFERENCE

_CAPTIONS = {
    ("gap", "between slices"): "Gaps lying between slices (0 to 15 degrees)",
    ("gap", "every angle"): "Gaps at every angle",
    ("step", "every angle"): "Steps at every angle",
}


def markdown(figures: Mapping[str, Any]) -> str:
    """Give the plain sentences and all tables.

    Args:
        figures: From `fractures.record`.
    """
    methods = computing_methods(figures)
    parts = ["\n".join([*sentences(figures, methods), invented_sentence(figures, methods)]), ""]
    for (kind, angles), caption in _CAPTIONS.items():
        parts += [f"### {caption}", "", *_table(figures, kind, angles), ""]
    parts += ["### Gaps invented in intact bone", "", *_invented(figures), ""]
    return "\n".join(parts)


def _table(figures: Mapping[str, Any], kind: str, angles: str) -> list[str]:
    rows = [row for row in figures["rows"] if (row["kind"], row["angles"]) == (kind, angles)]
    columns = sorted({row["size_mm"] for row in rows})
    cells = {(row["method"], row["size_mm"]): row for row in rows}
    head = [f"{size:g} mm (n {cells[REFERENCE, size]['count']})" for size in columns]
    quantities = "width error mm, bridged %" if kind == "gap" else "height error mm"
    lines = [f"| seen %, {quantities} | {' | '.join(head)} |", "|---" * (len(columns) + 1) + "|"]
    for method in [REFERENCE, *computing_methods(figures)]:
        lines.append(f"| {method} | {' | '.join(_words(cells.get((method, size)), kind) for size in columns)} |")
    return lines


def _words(found: Mapping[str, Any] | None, kind: str) -> str:
    if found is None:
        return ""
    error = "-" if found["error"] is None else f"{found['error']:+.1f} ± {found['spread']:.1f}"
    bridged = f", {100 * found['bridged']:.0f}" if kind == "gap" else ""
    return f"{100 * found['seen']:.0f}, {error}{bridged}"


def _invented(figures: Mapping[str, Any]) -> list[str]:
    lines = [
        f"| {figures['area_cm2']:.0f} cm2 of bone surface | gaps | per cm2 | contrast that 95 % of intact places stay "
        "below, between / across slices, HU | step likewise, mm |",
        "|---|---|---|---|---|",
    ]
    invented = {row["method"]: row for row in figures["invented"]}
    for limits in figures["limits"]:
        found = invented.get(limits["method"])
        counts = "- | -" if found is None else f"{found['gaps']} | {found['per_cm2']:.3f}"
        contrast = f"{_whole(limits['between_slices_hu'])} / {_whole(limits['across_slices_hu'])}"
        step = "-" if limits["step_mm"] is None else f"{limits['step_mm']:.2f}"
        lines.append(f"| {limits['method']} | {counts} | {contrast} | {step} |")
    return lines


def _whole(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"
