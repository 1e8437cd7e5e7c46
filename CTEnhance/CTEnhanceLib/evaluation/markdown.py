"""Tables as Markdown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from CTEnhanceLib.evaluation.baselines import YARDSTICK
from CTEnhanceLib.evaluation.catalogue import (
    CONSISTENCY,
    EDGE_WIDTH,
    FIDELITY,
    GAIN,
    GAP_WIDTH,
    HIGH_FREQUENCY_COHERENCE,
    HISTOGRAM_SHIFT,
    MSE,
    NOISE_STEP,
    PSNR,
    SSIM,
    Better,
    Figure,
    directions,
)
from CTEnhanceLib.evaluation.measures.regions import REGIONS
from CTEnhanceLib.version import RESEARCH_ONLY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from CTEnhanceLib.evaluation.evaluate import Evaluation


def number(value: float | None, digits: int, sign: str = "") -> str:
    """A figure with fixed digits, with `sign` "+" also for positive ones; a dash where there is none.

    Args:
        value: The figure.
        digits: Behind the point.
        sign: "+" or nothing.
    """
    if value is None or math.isnan(value):
        return "-"
    return f"{value:{sign}.{digits}f}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, padded so that it also reads as plain text; the first column is left-, the others right-set."""
    widths = [max(len(line[column]) for line in [header, *rows]) for column in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        first, *others = (cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(cells, widths)))
        return "| " + " | ".join([first, *others]) + " |"

    rule = "|" + "|".join("-" * (w + 1) + (":" if i else "-") for i, w in enumerate(widths)) + "|"
    return "\n".join([line(header), rule, *(line(row) for row in rows)])


def similarity_table(evaluation: Evaluation) -> str:
    """PSNR, gain over the yardstick, MSE and SSIM of every volume in every region."""
    rows = []
    yardstick = evaluation.row(YARDSTICK)
    for row in evaluation.rows:
        cells = [row.name]
        for region in REGIONS:
            figures = row.regions[region]
            gain = figures.pooled_psnr - yardstick.regions[region].pooled_psnr
            cells += [PSNR.text(figures.pooled_psnr), "" if row is yardstick else GAIN.text(gain)]
            cells += [MSE.text(figures.pooled_mse), SSIM.text(figures.mean("ssim"))]
        rows.append(cells)
    names = [f"{region} {figure.short}" for region in REGIONS for figure in (PSNR, GAIN, MSE, SSIM)]
    return table(["", *names], rows)


def fidelity_table(evaluation: Evaluation) -> str:
    """Sharpness, truthfulness and HU of bone of every volume, with the reference as the last row."""
    rows = [[row.name, *(figure.text(value) for figure, value in row.fidelity.items())] for row in evaluation.rows]
    rows.append(["reference", *(_of_reference(figure, evaluation.reference_figures) for figure in FIDELITY)])
    return table(["", *(figure.heading for figure in FIDELITY)], rows)


def _of_reference(figure: Figure, measured: Mapping[str, float | None]) -> str:
    """Write what the reference itself has of a figure; nothing for those that compare with it patch by patch."""
    own = {
        EDGE_WIDTH: measured["edge_width_mm"],
        GAP_WIDTH: measured["gap_width_mm"],
        NOISE_STEP: measured["noise_inconsistency"],
        CONSISTENCY: measured["consistency_hu"],
        HIGH_FREQUENCY_COHERENCE: 1.0,
        HISTOGRAM_SHIFT: 0.0,
    }
    if figure in own:
        return figure.text(own[figure])
    ideal = {Better.NEAR_ONE: 1.0, Better.NEAR_ZERO: 0.0}.get(figure.better)
    return "" if ideal is None else figure.text(ideal)


def coherence_table(evaluation: Evaluation) -> str | None:
    """Coherence with the reference of every volume, by frequency band along the slice axis; None without bone."""
    rows = [(row.name, row.spectrum.bands()) for row in evaluation.rows if row.spectrum is not None]
    if not rows:
        return None
    header = ["coherence at cycles/mm", *(f"{band['from']:.3f}-{band['to']:.3f}" for band in rows[0][1])]
    return table(header, [[name, *(number(band["coherence"], 3) for band in bands)] for name, bands in rows])


def report(evaluation: Evaluation) -> str:
    """All tables with the conventions in one line and the notes."""
    truth, profile = evaluation.truth, evaluation.acquisition.profile
    count = truth.counted.stop - truth.counted.start
    intro = (
        f"{count} of {len(truth.positions)} slices of {truth.spacing:g} mm count; thick slices every "
        f"{truth.interval:g} mm, {profile.shape} profile of {profile.fwhm:g} mm. PSNR in dB at range 4095, pooled; "
        f"gain over {YARDSTICK}; SSIM in 2D, mean over slices."
    )
    legend = (
        "edge: 10-90 % across cortex along the slice axis; gap: dark layers between bone across it; energy, HF share: "
        f"over the reference's; HF: above 1/(2 x {truth.interval:g} mm); marked, invented: patches of the Fourier ring "
        f"scan. {directions((PSNR, GAIN, MSE, SSIM, *FIDELITY))} Computed volumes are {RESEARCH_ONLY}."
    )
    parts = [intro, similarity_table(evaluation), fidelity_table(evaluation), coherence_table(evaluation), legend]
    return "\n\n".join(part for part in [*parts, *evaluation.notes] if part) + "\n"
