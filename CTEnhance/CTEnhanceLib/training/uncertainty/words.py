"""The figures of the uncertainty in words: the table that is printed, and the section of the model's card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

METRICS_NAME = "uncertainty"
HEADING = "Uncertainty"
COVERED = 0.95
POINTS = 0.03
"""How far the share of voxels within twice their uncertainty may be from 95 % to count as calibrated."""
_HEAD = (
    "| volume | detail | region | rank (gradient) | worst 5 % hold (gradient, error) | within twice of it (apart) |",
    "|---|---|---|---|---|---|",
)


def table(figures: Sequence[Mapping[str, Any]]) -> list[str]:
    """Give the figures as Markdown, a line for each volume, detail and region.

    Args:
        figures: `CaseFigures.as_json` of each volume and detail.
    """
    return [*_HEAD, *[line for one in figures for line in _lines(one)]]


def card_lines(figures: Sequence[Mapping[str, Any]], file: str) -> list[str]:
    """Give what the card of a model says of its uncertainty."""
    covered = [one[region]["covered"] for one in figures for region in ("bone", "body") if region in one]
    inside = sum(abs(share - COVERED) <= POINTS for share in covered)
    return [
        f"`{file}` gives the error to be expected of each voxel, HU; 95 of 100 voxels should err by at most twice of "
        f"it. Within 3 points that held in {inside} of {len(covered)} measurements. Rank: Spearman with the error, "
        "beside that of the slice-axis gradient. Apart: with the scale set on the other volumes alone. docs/trust.md "
        "says what could be reached.",
        "",
        *table(figures),
    ]


def _lines(one: Mapping[str, Any]) -> list[str]:
    detail = "-" if one["detail"] is None else f"{one['detail']:g}"
    lines = []
    for region in ("bone", "body"):
        if region in one:
            found = one[region]
            apart = f"{100 * found['covered_apart']:.1f} %" if "covered_apart" in found else "-"
            lines.append(
                f"| {one['case']} | {detail} | {region} | {found['rank']:.2f} ({found['gradient_rank']:.2f}) "
                f"| {100 * found['worst']:.0f} % ({100 * found['gradient_worst']:.0f}, "
                f"{100 * found['oracle_worst']:.0f}) | {100 * found['covered']:.1f} % ({apart}) |"
            )
    return lines
