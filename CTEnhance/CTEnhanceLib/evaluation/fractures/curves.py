"""Curves of the fracture study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from CTEnhanceLib.evaluation.fractures.study import REFERENCE, Study
from CTEnhanceLib.evaluation.fractures.summary import (
    ACROSS_SLICES,
    BETWEEN_SLICES,
    EVERY_ANGLE,
    cell,
    methods_of,
    sizes,
)
from CTEnhanceLib.evaluation.plots import new_figure
from CTEnhanceLib.version import RESEARCH_ONLY

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_GREYS = {REFERENCE: "0.0", "measured": "0.75", "linear": "0.6", "cubic": "0.45", "cubic + back-projection": "0.25"}
_PANELS = (
    ("gap", BETWEEN_SLICES, "seen", "gaps between slices: seen, %"),
    ("gap", ACROSS_SLICES, "seen", "gaps across slices: seen, %"),
    ("gap", BETWEEN_SLICES, "bridged", "gaps between slices: filled with bone, %"),
    ("gap", BETWEEN_SLICES, "error", "gaps between slices: width, error in mm"),
    ("step", EVERY_ANGLE, "seen", "steps: seen, %"),
    ("step", EVERY_ANGLE, "error", "steps: height, error in mm"),
)


def fracture_curves(study: Study) -> Figure:
    """Give what is seen, bridged and mismeasured against the size that was cut, one line for each method."""
    figure = new_figure(12, 7.2)
    for axis, (kind, angles, quantity, title) in zip(figure.subplots(2, 3).ravel(), _PANELS):
        for method in methods_of(study):
            found = [(size, cell(study, method, kind, size, angles)) for size in sizes(study, kind)]
            scale = 1 if quantity == "error" else 100
            points = [(size, scale * getattr(one, quantity)) for size, one in found if one is not None]
            if points:
                axis.plot(*zip(*points), **_style(method))
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("width of the gap, mm" if kind == "gap" else "height of the step, mm", fontsize=9)
        axis.grid(alpha=0.3)
        if quantity != "error":
            axis.set_ylim(-3, 103)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=9)
    figure.suptitle(f"Gaps and steps cut into bone, thickened, computed ({RESEARCH_ONLY})", fontsize=11)
    return figure


def _style(method: str) -> dict[str, Any]:
    style: dict[str, Any] = {"label": method, "marker": "o", "markersize": 3.5, "linewidth": 1.5}
    if method in _GREYS:
        style |= {"color": _GREYS[method], "linestyle": "--" if method == REFERENCE else "-"}
    return style
