"""Plan of a blinded reading, as in the thesis: each case in several kinds, graded 1-4, and two kinds to choose between.

A reader sees numbered images only. The grades and the choice have images of their own, so that the choice, which is
between computed images, does not tell which of the graded images were computed. What is what stands in the key alone.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from CTEnhanceLib.errors import InputRefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

SCHEMA_VERSION = 1
GRADES = (1, 2, 3, 4)
SIDES = ("left", "right")
MEASURED_KINDS = ("thick", "thin")
GRADE_COLUMNS = ("order", "case", "image", "grade")
CHOICE_COLUMNS = ("order", "case", "left", "right", "preferred")


@dataclass(frozen=True)
class Case:
    """One case: its name and the file of each kind of image ("thick", "thin", "method1", ...)."""

    name: str
    files: dict[str, str]


def read_cases(path: Path | str) -> list[Case]:
    """Read the list of cases: a CSV with the column `case` and one column of file names for each kind.

    Raises:
        InputRefusedError: a column, a name or a file is missing, or a case comes twice; with its line and value.
    """
    path = Path(path)
    if not path.is_file():
        raise InputRefusedError(
            f"{path} does not exist: list the cases in a CSV with the column case and one per kind."
        )
    with path.open(newline="", encoding="utf-8-sig") as stream:
        reader = csv.DictReader(stream)
        kinds = [column for column in reader.fieldnames or () if column != "case"]
        if "case" not in (reader.fieldnames or ()) or len(kinds) < 2:
            raise InputRefusedError(
                f"{path} needs the column case and two or more columns of images, one for each kind."
            )
        cases = [_case(row, kinds, number, path.parent) for number, row in enumerate(reader, start=2)]
    names = [case.name for case in cases]
    twice = sorted(name for name in set(names) if names.count(name) > 1)
    if twice:
        raise InputRefusedError(f"{path} lists the case {twice[0]!r} twice: list each once.")
    if not cases:
        raise InputRefusedError(f"{path} lists no case: add one line for each.")
    return cases


def _case(row: dict[str, str], kinds: Sequence[str], line: int, folder: Path) -> Case:
    name = (row["case"] or "").strip()
    if not name:
        raise InputRefusedError(f"Line {line} of the cases has no name: fill in the column case.")
    files = {}
    for kind in kinds:
        value = (row[kind] or "").strip()
        found = next((p for p in (Path(value), folder / value) if value and p.exists()), None)
        if found is None:
            raise InputRefusedError(f"Line {line} of the cases gives {value!r} for {kind!r}, which does not exist.")
        files[kind] = str(found)
    return Case(name, files)


def make_key(
    cases: Sequence[Case], readers: Sequence[str], choose: Sequence[str] | None = None, seed: int = 0
) -> dict[str, Any]:
    """Put cases and images into random order under blinded numbers.

    Args:
        cases: all with the same kinds.
        readers: names of the readers.
        choose: the two kinds to choose between; the kinds other than thick and thin when left out.
        seed: everything random follows from it.

    Returns:
        The key (schemas/reading_key.schema.json).

    Raises:
        UsageError: the choice is not between two of the kinds, or a reader's name is no file name.
    """
    kinds = list(cases[0].files)
    choose = [kind for kind in kinds if kind not in MEASURED_KINDS] if choose is None else list(choose)
    if len(choose) != 2 or len(set(choose) & set(kinds)) != 2:
        raise UsageError(
            f"Readers choose between two of the kinds {', '.join(kinds)}, not {', '.join(choose) or 'none'}."
        )
    for reader in readers:
        if not reader or Path(reader).name != reader or readers.count(reader) > 1:
            raise UsageError(f"{reader!r} cannot name a reader's sheets: give each reader a short name of their own.")
    rng = np.random.default_rng(seed)
    digits = len(str(len(cases)))
    entries = []
    for number, place in enumerate(rng.permutation(len(cases)), start=1):
        blinded = f"C{number:0{digits}d}"
        shown = [kinds[i] for i in rng.permutation(len(kinds))]
        sides = [choose[i] for i in rng.permutation(2)]
        entries.append(
            {
                "case": cases[place].name,
                "id": blinded,
                "images": {f"{blinded}-{index}": kind for index, kind in enumerate(shown, start=1)},
                "choice": {f"{blinded}-{side}": kind for side, kind in zip(SIDES, sides)},
            }
        )
    return {
        "schema_version": SCHEMA_VERSION,
        "seed": seed,
        "kinds": kinds,
        "choose": choose,
        "readers": list(readers),
        "cases": entries,
    }


def blinded_files(key: dict[str, Any], cases: Sequence[Case]) -> dict[str, str]:
    """The file behind each blinded image, of the grades and of the choice."""
    by_name = {case.name: case for case in cases}
    return {
        image: by_name[entry["case"]].files[kind]
        for entry in key["cases"]
        for image, kind in [*entry["images"].items(), *entry["choice"].items()]
    }


def sheets(key: dict[str, Any]) -> dict[str, str]:
    """Empty sheets by file name: for each reader one for grades and one for choices, in an order of their own."""
    files = {}
    for number, reader in enumerate(key["readers"]):
        rng = np.random.default_rng((key["seed"], number))
        order = [key["cases"][i] for i in rng.permutation(len(key["cases"]))]
        grades = [[case["id"], image, ""] for case in order for image in rng.permutation(list(case["images"])).tolist()]
        choices = [[case["id"], *case["choice"], ""] for case in order]
        files[grade_sheet(reader)] = _csv(GRADE_COLUMNS, grades)
        files[choice_sheet(reader)] = _csv(CHOICE_COLUMNS, choices)
    return files


def grade_sheet(reader: str) -> str:
    """File name of a reader's grades."""
    return f"{reader}_grades.csv"


def choice_sheet(reader: str) -> str:
    """File name of a reader's choices."""
    return f"{reader}_choices.csv"


def _csv(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([number, *row] for number, row in enumerate(rows, start=1))
    return text.getvalue()
