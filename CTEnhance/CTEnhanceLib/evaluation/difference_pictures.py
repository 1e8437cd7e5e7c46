"""Difference pictures as in the thesis' Fig. 4, and where the Fourier ring scan marked patches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from CTEnhanceLib.evaluation.plots import new_figure
from CTEnhanceLib.version import RESEARCH_ONLY

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from CTEnhanceLib.evaluation.evaluate import Evaluation

DIFFERENCE_HU = 500.0
_WINDOW_HU = (-400.0, 1400.0)


def difference_picture(evaluation: Evaluation, name: str) -> Figure:
    """Thick slice, thin slices around it and thick - thin: one row for each of up to five thin slices.

    Red: the thick slice is brighter; blue: the thin one is; white: no difference (thesis, Fig. 4). Columns: the
    measured thick slice, the reference, thick - reference, the candidate, thick - candidate.
    """
    truth, shown = evaluation.truth, evaluation.shown
    thick = truth.thick[evaluation.shown_thick].astype(np.float32)
    offset = truth.positions[shown] - evaluation.shown_thick * truth.interval
    ours = evaluation.pictures[name].shown
    figure = new_figure(13, 2.25 * len(shown) * thick.shape[0] / thick.shape[1] + 0.8)
    axes = figure.subplots(len(shown), 5, squeeze=False)
    titles = ("thick (measured)", "reference (measured)", "thick - reference", f"{name} (computed)", f"thick - {name}")
    for column, title in enumerate(titles):
        axes[0, column].set_title(title, fontsize=9)
    for index, line in enumerate(axes):
        reference = truth.slices[shown[index]]
        for axis, image in zip((line[0], line[1], line[3]), (thick, reference, ours[index])):
            _show_ct(axis, image)
        for axis, image in ((line[2], reference), (line[4], ours[index])):
            drawn = show_difference(axis, thick - image)
        line[0].set_ylabel(f"{offset[index]:+.3g} mm", fontsize=9)
    legend = figure.colorbar(drawn, ax=axes, shrink=0.5, extend="both")
    legend.set_label("HU; red: the thick slice is brighter, blue: the thin slice is")
    figure.supxlabel(f"computed slices are {RESEARCH_ONLY}", fontsize=8)
    return figure


def show_difference(axis: Axes, difference: np.ndarray) -> Any:
    """Draw a difference in HU: diverging, zero white, red positive, blue negative.

    Args:
        axis: Where it is drawn.
        difference: HU, (rows, columns).
    """
    drawn = axis.imshow(difference, cmap="bwr", vmin=-DIFFERENCE_HU, vmax=DIFFERENCE_HU, interpolation="nearest")
    _bare(axis)
    return drawn


def marked_picture(evaluation: Evaluation, name: str) -> Figure:
    """The slice with the most marked patches, candidate beside reference; red: other detail, orange: less."""
    from matplotlib.patches import Rectangle

    pictures, scan = evaluation.pictures[name], evaluation.row(name).scan
    truth, index = evaluation.truth, evaluation.pictures[name].worst_slice
    figure = new_figure(11, 6)
    axes = figure.subplots(1, 2)
    for axis, image, title in zip(
        axes, (pictures.worst, truth.slices[index]), (f"{name} (computed)", "reference (measured)")
    ):
        _show_ct(axis, image)
        axis.set_title(f"{title}, {truth.positions[index]:g} mm", fontsize=9)
    if scan is not None:
        here = scan.marked & (scan.patches.index == index - truth.counted.start)
        for patch in np.flatnonzero(here):
            colour = "red" if scan.invented[patch] else "orange"
            corner = (scan.patches.cols[patch] - 0.5, scan.patches.rows[patch] - 0.5)
            for axis in axes:
                axis.add_patch(Rectangle(corner, scan.patches.size, scan.patches.size, fill=False, edgecolor=colour))
        figure.supxlabel(
            f"{int(scan.marked.sum())} of {len(scan.patches)} patches disagree with the reference beyond chance "
            f"({int(scan.invented.sum())} hold other detail: red); {RESEARCH_ONLY}",
            fontsize=8,
        )
    return figure


def _show_ct(axis: Axes, image: np.ndarray) -> None:
    axis.imshow(image, cmap="gray", vmin=_WINDOW_HU[0], vmax=_WINDOW_HU[1], interpolation="nearest")
    _bare(axis)


def _bare(axis: Axes) -> None:
    axis.set_xticks([])
    axis.set_yticks([])
