"""A picture of a cohort: the figures of each patient, and the share of slices in which each model is better."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CTEnhanceLib.evaluation.baselines import BASELINES
from CTEnhanceLib.evaluation.cohort.report import counts_of, figures_of
from CTEnhanceLib.evaluation.cohort.thesis_tables import total_counts
from CTEnhanceLib.evaluation.measures.regions import REGIONS
from CTEnhanceLib.evaluation.plots import line_style, new_figure
from CTEnhanceLib.version import RESEARCH_ONLY

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from CTEnhanceLib.evaluation.cohort.report import CohortReport

_LEGIBLE = 0.04


def cohort_figure(report: CohortReport, split: str) -> Figure:
    """PSNR of each patient by region, baselines in grey, and the shares of Table 3 or 4 below."""
    patients = report.of_split(split)
    figure = new_figure(11, 7)
    upper, lower = figure.subfigures(2, 1, height_ratios=(2, 1), squeeze=False)[:, 0]
    names = [patient.patient for patient in patients]
    axes = upper.subplots(1, len(REGIONS))
    for axis, region in zip(axes, REGIONS):
        for method in [*BASELINES, *report.models]:
            rows = figures_of(patients, [method], region)
            values = [row.values[method]["psnr"] for row in rows]
            axis.plot(names, np.where(np.isfinite(values), values, np.nan), marker="o", **line_style(method))
        axis.set_title(f"{region}, mean PSNR in dB", fontsize=10)
        axis.tick_params(axis="x", rotation=45)
        axis.grid(alpha=0.3)
    axes[-1].legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    total = total_counts(counts_of(patients, report.models))
    axis = lower.subplots()
    for place, wins in enumerate((total.psnr, total.ssim)):
        start = 0.0
        for index, model in enumerate(report.models):
            share = wins[model] / max(1, total.slices)
            axis.barh(place, share, left=start, color=f"C{index}", label=model if place == 0 else None)
            if share > _LEGIBLE:
                axis.text(start + share / 2, place, f"{share:.1%}", ha="center", va="center", fontsize=9)
            start += share
    axis.set_yticks([0, 1], ["PSNR, MSE", "SSIM"])
    axis.set_xlim(0, 1)
    axis.set_xlabel(f"share of {total.slices} slices in which each model is better; {split} data")
    axis.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    figure.suptitle(f"computed volumes; {RESEARCH_ONLY}", fontsize=8)
    return figure
