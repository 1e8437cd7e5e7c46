"""The page of a self check: figures, a plot, the difference, the uncertainty against the true error, a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from CTEnhanceLib.ct.intensity import BONE_ABOVE_HU
from CTEnhanceLib.evaluation.catalogue import BIAS, ENERGY, PSNR, directions
from CTEnhanceLib.page.html import document, facts, heading, line_plot, paragraph, pictures, table
from CTEnhanceLib.page.pictures import FULL_HU, bone_part
from CTEnhanceLib.page.png import data_uri, difference, grey, heat
from CTEnhanceLib.page.report_page import LIMITS

if TYPE_CHECKING:
    from CTEnhanceLib.evaluation.selfcheck import SelfCheck

DIFFERENCE_HU = 400.0
_COLUMNS = ((PSNR, "in bone"), (PSNR, "in the body"), (BIAS, "in bone"), (ENERGY, ""))


def selfcheck_page(check: SelfCheck, described: Sequence[tuple[str, str]], statement: str) -> str:
    """Give the page as HTML.

    Args:
        check: What the check found.
        described: Names and values: the scan, the thick slices made of it, the model.
        statement: The research sentence.
    """
    parts = [
        heading("CTEnhance on this scan: a test against its own thin slices", 1),
        paragraph(statement, "statement"),
        facts(described),
        *[paragraph(sentence, "verdict" if number == 0 else "") for number, sentence in enumerate(check.verdict)],
        heading("Figures"),
        _figures(check),
        heading("Slice by slice"),
        line_plot(
            check.positions,
            {row.name: row.per_slice for row in check.rows if row.name not in ("repeat", "linear")},
            "position along the slice axis, mm",
            PSNR.title("in bone"),
        ),
        heading("Where it errs, and where it says so"),
        _error_bar_table(check),
        pictures(_pictures(check), across=3),
        paragraph(LIMITS, "note"),
    ]
    return document("CTEnhance self check", parts)


def _figures(check: SelfCheck) -> str:
    header = ("", *(figure.title(where) for figure, where in _COLUMNS))
    rows = [
        (
            row.name,
            PSNR.text(row.psnr["bone"]),
            PSNR.text(row.psnr.get("body")),
            BIAS.text(row.bias),
            ENERGY.text(row.energy),
        )
        for row in check.rows
    ]
    return table(header, rows) + paragraph(directions((PSNR, BIAS, ENERGY)), "note")


def _error_bar_table(check: SelfCheck) -> str:
    if not check.error_bars:
        return paragraph("The model gives no uncertainty.", "note")
    header = (
        "uncertainty",
        "error at most twice of it",
        "rank with the error",
        "the slice-axis gradient's",
        "share of squared error in the worst 5 %",
        "the gradient's",
    )
    rows = [
        (
            name,
            f"{100 * bars.covered:.1f} %",
            f"{bars.rank:.2f}",
            f"{bars.gradient_rank:.2f}",
            f"{100 * bars.worst:.0f} %",
            f"{100 * bars.gradient_worst:.0f} %",
        )
        for name, bars in check.error_bars.items()
    ]
    return table(header, rows)


def _pictures(check: SelfCheck) -> list[tuple[str, str, str]]:
    rows, columns = bone_part(check.reference)
    index = int((check.reference > BONE_ABOVE_HU).sum(axis=(1, 2)).argmax())
    true, shown = check.reference[index, rows, columns], check.computed[index, rows, columns]
    error = shown - true
    entries = [
        (data_uri(grey(true)), "measured: the true thin slice with the most bone", "measured"),
        (data_uri(grey(shown)), "computed: the same slice", "computed"),
        (
            data_uri(difference(error, DIFFERENCE_HU)),
            f"computed - true: red too bright, blue too dark, full at {DIFFERENCE_HU:g} HU",
            "computed",
        ),
    ]
    if check.uncertainty is None:
        return entries
    bars = check.uncertainty[index, rows, columns]
    return [
        *entries,
        (
            data_uri(heat(bars, grey(shown), FULL_HU)),
            f"uncertainty: clear below {FULL_HU / 10:g} HU, red {FULL_HU:g} HU and more",
            "computed",
        ),
        (data_uri(heat(np.abs(error), grey(shown), FULL_HU)), "true error in the same colours", "computed"),
    ]
