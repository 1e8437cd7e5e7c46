"""Plots of an evaluation: PSNR per slice, spectrum and coherence, HU of bone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from CTEnhanceLib.evaluation.baselines import BASELINES
from CTEnhanceLib.evaluation.measures.regions import REGIONS
from CTEnhanceLib.evaluation.rows import HISTOGRAM_HU
from CTEnhanceLib.files.atomic import appearing
from CTEnhanceLib.version import RESEARCH_ONLY

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

    from CTEnhanceLib.evaluation.evaluate import Evaluation

_BASELINE_GREYS = dict(zip(BASELINES, ("0.8", "0.65", "0.45", "0.0")))
_RESEARCH = f"computed volumes; {RESEARCH_ONLY}"


def new_figure(width: float, height: float) -> Figure:
    """An empty figure that draws without a display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, path: Path | str) -> None:
    """Write a figure as PNG; it appears under its name only when it is complete (OutputError where it cannot)."""
    with appearing(path) as partial:
        figure.savefig(partial, format="png", dpi=110)


def psnr_per_slice(evaluation: Evaluation) -> Figure:
    """PSNR of each counted slice in each region."""
    counted = evaluation.truth.counted
    positions = evaluation.truth.positions[counted]
    figure = new_figure(9, 9)
    axes = figure.subplots(len(REGIONS), 1, sharex=True)
    for axis, region in zip(axes, REGIONS):
        for row in evaluation.rows:
            psnr = np.where(np.isfinite(row.regions[region].psnr), row.regions[region].psnr, np.nan)
            axis.plot(positions, psnr, **line_style(row.name))
        axis.set_ylabel(f"PSNR {region}, dB")
        axis.grid(alpha=0.3)
    axes[0].legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8)
    axes[-1].set_xlabel(f"position along the slice axis, mm ({_RESEARCH})")
    return figure


def spectra(evaluation: Evaluation) -> Figure | None:
    """Power over the reference's and coherence, against the frequency along the slice axis; None without bone."""
    rows = [row for row in evaluation.rows if row.spectrum is not None]
    if not rows:
        return None
    figure = new_figure(9, 7)
    power, coherence = figure.subplots(2, 1, sharex=True)
    for row in rows:
        spectrum = row.spectrum
        assert spectrum is not None
        with np.errstate(divide="ignore"):
            power.semilogy(spectrum.frequency, spectrum.candidate / spectrum.reference, **line_style(row.name))
        coherence.plot(spectrum.frequency, spectrum.coherence, **line_style(row.name))
    limit = 1 / (2 * evaluation.truth.interval)
    for axis in (power, coherence):
        axis.axvline(limit, color="0.3", linestyle=":")
        axis.grid(alpha=0.3)
    power.axhline(1, color="0.3", linewidth=0.8)
    power.set_ylabel("power in bone over the reference's")
    power.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8)
    coherence.set_ylabel("coherence with the reference")
    coherence.set_ylim(0, 1.02)
    coherence.set_xlabel(f"cycles per mm along the slice axis (dotted: 1 / (2 x interval)); {_RESEARCH}")
    return figure


def bone_histogram(evaluation: Evaluation) -> Figure:
    """HU of the bone voxels, reference against each volume."""
    figure = new_figure(9, 5)
    axis = figure.subplots()
    centres = (HISTOGRAM_HU[1:] + HISTOGRAM_HU[:-1]) / 2
    truth = evaluation.reference_histogram
    total = max(1, int(truth.sum()))
    axis.fill_between(centres, truth / total, color="tab:green", alpha=0.25, label="reference", step="mid")
    for row in evaluation.rows:
        axis.step(centres, row.histogram / total, where="mid", **line_style(row.name))
    used = np.flatnonzero(truth)
    if len(used):
        axis.set_xlim(centres[used[0]], centres[used[-1]])
    axis.set_xlabel(f"HU in bone ({_RESEARCH})")
    axis.set_ylabel("share of the bone voxels in 20 HU")
    axis.legend(fontsize=8)
    axis.grid(alpha=0.3)
    return figure


def line_style(name: str) -> dict[str, Any]:
    """Greys for the baselines, the colour cycle for the candidates."""
    if name in _BASELINE_GREYS:
        return {"color": _BASELINE_GREYS[name], "linewidth": 1.0, "label": name}
    return {"linewidth": 1.6, "label": name}
