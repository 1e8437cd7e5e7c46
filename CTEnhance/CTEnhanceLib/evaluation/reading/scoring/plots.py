"""The score as pictures: mean grade of each kind and reader (thesis, Fig. 8 A), preferences (Fig. 8 B)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from CTEnhanceLib.evaluation.plots import new_figure
from CTEnhanceLib.evaluation.reading.scoring.report import p_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLORS = ("#E0A030", "#4FA3E0", "#8C6BB1", "#5BAF6A", "#C0564B", "#7F8C8D")


def grade_figure(result: dict[str, Any], question: str) -> Figure:
    """Mean grade of each kind, one bar for each reader; grade 1, the best, is the shortest bar."""
    grades = result["grades"][question]
    kinds, readers = list(grades["kinds"]), result["readers"]
    figure = new_figure(max(6.0, 1.5 * len(kinds)), 4.2)
    axis = figure.subplots()
    width = 0.8 / len(readers)
    for index, reader in enumerate(readers):
        places = np.arange(len(kinds)) + (index - (len(readers) - 1) / 2) * width
        heights = [grades["kinds"][kind]["by_reader"][reader] for kind in kinds]
        bars = axis.bar(places, heights, 0.92 * width, color=_COLORS[index % len(_COLORS)], label=_name(result, reader))
        axis.bar_label(bars, fmt="%.1f", fontsize=8, padding=2)
    axis.set_xticks(range(len(kinds)), kinds)
    axis.set_ylim(0, len(grades["words"]) + 0.6)
    axis.set_yticks(range(1, len(grades["words"]) + 1))
    axis.set_ylabel(f"mean grade (1 {grades['words'][0]},\n{len(grades['words'])} {grades['words'][-1]})")
    axis.set_title(grades["text"], fontsize=10)
    axis.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    _plain(axis)
    return figure


def preference_figure(result: dict[str, Any], question: str) -> Figure:
    """How often each of the two kinds was chosen, by reader, with the exact p over answers and over cases."""
    preference = result["preferences"][question]
    figure = new_figure(6.0, 4.2)
    axis = figure.subplots()
    bottom = np.zeros(2)
    for index, (reader, counts) in enumerate(preference["by_reader"].items()):
        heights = np.array([counts[kind] for kind in preference["between"]], float)
        color = _COLORS[index % len(_COLORS)]
        axis.bar(preference["between"], heights, 0.5, bottom=bottom, color=color, label=_name(result, reader))
        bottom += heights
    for place, total in enumerate(bottom):
        axis.text(place, total, f"{total:.0f}", ha="center", va="bottom", fontsize=9)
    axis.set_ylim(0, 1.15 * bottom.max())
    axis.set_ylabel("answers")
    tests = f"p {p_text(preference['p_answers'])} over answers, {p_text(preference['p_cases'])} over cases"
    axis.set_title(f"{preference['text']}\n{tests}", fontsize=10)
    axis.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    _plain(axis)
    return figure


def _name(result: dict[str, Any], reader: str) -> str:
    return f"{reader} (simulated)" if reader in result["simulated"] and "simulated" not in reader else reader


def _plain(axis: Any) -> None:
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    axis.grid(axis="y", alpha=0.25)
    axis.set_axisbelow(True)
