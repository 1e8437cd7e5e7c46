"""Tables as Markdown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from CTEnhanceLib.evaluation.baselines import YARDSTICK
from CTEnhanceLib.evaluation.measures.regions import REGIONS
from CTEnhanceLib.version import RESEARCH_ONLY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from CTEnhanceLib.evaluation.evaluate import Evaluation


def number(value: float | None, digits: int, sign: str = "") -> str:
    """A figure with fixed digits, with `sign` "+" also for positive ones; a dash where there is none."""
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
            cells += [number(figures.pooled_psnr, 2), "" if row is yardstick else number(gain, 2, sign="+")]
            cells += [number(figures.pooled_mse, 7), number(figures.mean("ssim"), 4)]
        rows.append(cells)
    names = [f"{region} {figure}" for region in REGIONS for figure in ("PSNR", "gain", "MSE", "SSIM")]
    return table(["", *names], rows)


def fidelity_table(evaluation: Evaluation) -> str:
    """Sharpness, truthfulness and HU of bone of every volume, with the reference as the last row."""
    header = [
        "",
        "edge mm",
        "gap contrast",
        "gap mm",
        "energy",
        "HF share",
        "HF coherence",
        "bias HU",
        "histogram HU",
        "noise step",
    ]
    header += ["consistency HU", "marked", "invented"]
    rows = []
    for row in evaluation.rows:
        share = row.spectrum.high_frequency_share if row.spectrum else None
        coherence = row.spectrum.high_frequency_coherence if row.spectrum else None
        cells = [row.name, number(row.edge_width, 2)]
        cells += [number(row.gap.contrast, 2), number(row.gap.width, 2)] if row.gap else ["-", "-"]
        cells += [number(row.energy, 2), number(share, 2), number(coherence, 2)]
        cells += [number(row.bone.bias, 1, sign="+"), number(row.bone.wasserstein, 1)] if row.bone else ["-", "-"]
        cells += [number(row.noise_inconsistency, 2), number(row.consistency, 2)]
        figures = row.scan.figures() if row.scan else None
        cells += [f"{figures['marked_share']:.1%}", f"{figures['invented_share']:.1%}"] if figures else ["", ""]
        rows.append(cells)
    truth = evaluation.reference_figures
    ends = [number(truth["noise_inconsistency"], 2), number(truth["consistency_hu"], 2), "", ""]
    widths = [number(truth["edge_width_mm"], 2), "1.00", number(truth["gap_width_mm"], 2)]
    rows.append(["reference", *widths, "1.00", "1.00", "1.00", "+0.0", "0.0", *ends])
    return table(header, rows)


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
        f"scan. Computed volumes are {RESEARCH_ONLY}."
    )
    parts = [intro, similarity_table(evaluation), fidelity_table(evaluation), coherence_table(evaluation), legend]
    return "\n\n".join(part for part in [*parts, *evaluation.notes] if part) + "\n"
