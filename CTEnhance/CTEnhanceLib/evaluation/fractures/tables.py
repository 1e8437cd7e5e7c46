"""The fracture study as Markdown."""

from __future__ import annotations

import math

from CTEnhanceLib.evaluation.fractures.study import REFERENCE, Study
from CTEnhanceLib.evaluation.fractures.summary import (
    ACROSS_SLICES,
    BETWEEN_SLICES,
    EVERY_ANGLE,
    Cell,
    cell,
    methods_of,
    plain_sentences,
    sizes,
    threshold,
)

_CAPTIONS = {
    "gap": ((BETWEEN_SLICES, "Gaps lying between slices (0 to 15 degrees)"), (EVERY_ANGLE, "Gaps at every angle")),
    "step": (
        ((0.0, 30.0), "Steps along the slice axis (0 to 30 degrees)"),
        ((60.0, 90.0), "Steps within the slices (60 to 90 degrees)"),
    ),
}


def markdown(study: Study) -> str:
    """Give all tables and the plain sentences."""
    methods = methods_of(study)
    parts = ["\n".join(plain_sentences(study, [m for m in methods if m != REFERENCE])), ""]
    for kind, captions in _CAPTIONS.items():
        for angles, caption in captions:
            parts += [f"### {caption}", "", *_table(study, kind, angles), ""]
    parts += ["### Gaps invented in intact bone", "", *_invented(study), ""]
    return "\n".join(parts)


def _table(study: Study, kind: str, angles: tuple[float, float]) -> list[str]:
    columns = sizes(study, kind)
    count = {size: cell(study, REFERENCE, kind, size, angles) for size in columns}
    head = [f"{size:g} mm (n {found.count if found else 0})" for size, found in count.items()]
    lines = [
        f"| seen %{', width error mm, bridged %' if kind == 'gap' else ', height error mm'} | {' | '.join(head)} |"
    ]
    lines.append("|---" * (len(columns) + 1) + "|")
    for method in methods_of(study):
        cells = [_words(cell(study, method, kind, size, angles), kind) for size in columns]
        lines.append(f"| {method} | {' | '.join(cells)} |")
    return lines


def _words(found: Cell | None, kind: str) -> str:
    if found is None:
        return ""
    error = "-" if math.isnan(found.error) else f"{found.error:+.1f} ± {found.spread:.1f}"
    bridged = f", {100 * found.bridged:.0f}" if kind == "gap" else ""
    return f"{100 * found.seen:.0f}, {error}{bridged}"


def _invented(study: Study) -> list[str]:
    lines = [
        f"| {study.area_cm2:.0f} cm2 of cortex | gaps | per cm2 | contrast that 95 % of intact places stay below, "
        "between / across slices, HU | step likewise, mm |",
        "|---|---|---|---|---|",
    ]
    for method in methods_of(study):
        count = study.invented.get(method)
        figures = "- | -" if count is None else f"{count} | {count / study.area_cm2:.3f}"
        limits = " / ".join(
            f"{threshold(study, method, 'gap', angles):.0f}" for angles in (BETWEEN_SLICES, ACROSS_SLICES)
        )
        lines.append(f"| {method} | {figures} | {limits} | {threshold(study, method, 'step'):.2f} |")
    return lines
