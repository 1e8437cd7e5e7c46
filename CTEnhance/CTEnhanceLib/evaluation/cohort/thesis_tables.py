"""The thesis' Tables 1-4 with their rows and columns, for any patients and two or more methods.

Tables 1 and 2 hold PSNR, MSE and SSIM of each patient (means over slices, training and test patients); Tables 3 and 4
count the slices in which each method is the better one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CTEnhanceLib.evaluation.catalogue import SIMILARITY
from CTEnhanceLib.evaluation.markdown import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from CTEnhanceLib.evaluation.measures.metrics import SliceFigures

_DIGITS = {"psnr": 5, "mse": 7, "ssim": 5}
"""As many as the thesis prints."""


@dataclass(frozen=True)
class PatientFigures:
    """One line of Table 1 or 2: patient, and {figure: value} of each method."""

    patient: str
    values: dict[str, dict[str, float]]


@dataclass(frozen=True)
class SliceCounts:
    """One line of Table 3 or 4: patient, slices, and in how many each method is better by PSNR (and MSE) and by SSIM.

    A slice in which the best methods are equal counts for none of them.
    """

    patient: str
    slices: int
    psnr: dict[str, int]
    ssim: dict[str, int]


def patient_figures(patient: str, figures: dict[str, SliceFigures]) -> PatientFigures:
    """Means over the slices of one patient, from the slice figures of each method."""
    return PatientFigures(
        patient, {method: {name: slices.mean(name) for name in SIMILARITY} for method, slices in figures.items()}
    )


def slice_counts(patient: str, figures: dict[str, SliceFigures]) -> SliceCounts:
    """In how many slices of one patient each method is better than all others."""
    counted = next(iter(figures.values())).voxels > 0
    # the smaller MSE is the larger PSNR, and stays comparable where a slice is reproduced exactly
    errors = np.array([slices.mse[counted] for slices in figures.values()])
    similarity = np.array([slices.ssim[counted] for slices in figures.values()])
    return SliceCounts(
        patient,
        int(counted.sum()),
        _wins(list(figures), -errors),
        _wins(list(figures), similarity),
    )


def _wins(methods: list[str], scores: np.ndarray) -> dict[str, int]:
    best = scores == scores.max(0)
    alone = best & (best.sum(0) == 1)
    return {method: int(row.sum()) for method, row in zip(methods, alone)}


def figures_table(rows: Sequence[PatientFigures], labels: dict[str, str]) -> str:
    """Table 1 or 2 as Markdown, with a mean row; the best of each figure is bold (grey in the thesis).

    Args:
        rows: one for each patient, at least one.
        labels: column heading of each method ("Method 1").
    """
    header = ["patient", *(f"{label} {figure.short}" for label in labels.values() for figure in SIMILARITY.values())]
    lines = [_figures_line(row, labels) for row in rows]
    lines.append(_figures_line(mean_figures(rows), labels))
    return table(header, lines)


def mean_figures(rows: Sequence[PatientFigures]) -> PatientFigures:
    """The mean row: means over patients."""
    methods = rows[0].values
    return PatientFigures(
        "mean",
        {m: {name: float(np.mean([row.values[m][name] for row in rows])) for name in SIMILARITY} for m in methods},
    )


def _figures_line(row: PatientFigures, labels: dict[str, str]) -> list[str]:
    cells = [row.patient]
    for method in labels:
        for name, figure in SIMILARITY.items():
            values = [row.values[other][name] for other in labels]
            text = figure.text(row.values[method][name], _DIGITS[name])
            best = figure.best(values)
            better = row.values[method][name] == best and values.count(best) == 1 < len(values)
            cells.append(f"**{text}**" if better else text)
    return cells


def counts_table(rows: Sequence[SliceCounts], labels: dict[str, str]) -> str:
    """Table 3 or 4 as Markdown, with the total and its shares in the last row; arguments as in `figures_table`."""
    header = ["patient", "slices"]
    header += [f"{figure} {label}" for figure in ("PSNR, MSE", "SSIM") for label in labels.values()]
    lines = [
        [row.patient, str(row.slices), *(str(wins[method]) for wins in (row.psnr, row.ssim) for method in labels)]
        for row in rows
    ]
    total = total_counts(rows)
    shares = [
        f"{wins[method]} ({wins[method] / max(1, total.slices):.1%})"
        for wins in (total.psnr, total.ssim)
        for method in labels
    ]
    lines.append([total.patient, str(total.slices), *shares])
    return table(header, lines)


def total_counts(rows: Sequence[SliceCounts]) -> SliceCounts:
    """The total row: sums over patients."""
    methods = rows[0].psnr
    return SliceCounts(
        "total",
        sum(row.slices for row in rows),
        {m: sum(row.psnr[m] for row in rows) for m in methods},
        {m: sum(row.ssim[m] for row in rows) for m in methods},
    )
