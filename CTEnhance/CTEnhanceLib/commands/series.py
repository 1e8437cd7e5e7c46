"""`ctenhance series`: the CT series that lie in a folder."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from CTEnhanceLib.dicom.folder.series import Series, list_series
from CTEnhanceLib.errors import naming, shown

_COLUMNS = ("number", "slices", "thickness", "interval", "kernel", "description", "uid")


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("series", help="list the CT series in a DICOM folder")
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="its subfolders are searched as well")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """List the series."""
    with naming(args.folder):
        found = list_series(args.folder)
    if args.json:
        print(json.dumps([_facts(series) for series in found], indent=2, ensure_ascii=False))
    else:
        print(series_table(found))


def series_table(series: Sequence[Series]) -> str:
    """Give the series as a table of text, one line each."""
    rows = [list(_COLUMNS), *([_cell(fact) for fact in _facts(one).values()] for one in series)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip() for row in rows)


def _facts(series: Series) -> dict[str, str | int | float | None]:
    return {
        "number": shown(series.number, 12),
        "slices": series.slices,
        "thickness": series.thickness,
        "interval": None if series.interval is None else round(series.interval, 4),
        "kernel": shown(series.kernel, 16),
        "description": shown(series.description, 64),
        "uid": shown(series.uid, 64),
    }


def _cell(fact: str | int | float | None) -> str:
    if isinstance(fact, float):
        return f"{fact:.4g} mm"
    return "-" if fact in (None, "") else str(fact)
