"""Filled-in sheets of a blinded reading, checked line by line and unblinded with the key."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CTEnhanceLib.errors import InputRefusedError
from CTEnhanceLib.evaluation.reading.plan import GRADES, SIDES, choice_sheet, grade_sheet

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Reading:
    """What one reader said: the grade of each kind and the kind preferred, case by case (in the key's order)."""

    reader: str
    grades: dict[str, list[int]]
    preferred: list[str]


def read_readings(folder: Path | str, key: dict[str, Any]) -> list[Reading]:
    """Read the sheets of every reader in the key.

    Raises:
        InputRefusedError: a sheet or a line is missing, or a value makes no sense; with sheet, line and value.
    """
    return [
        Reading(
            reader, _grades(Path(folder) / grade_sheet(reader), key), _choices(Path(folder) / choice_sheet(reader), key)
        )
        for reader in key["readers"]
    ]


def _grades(path: Path, key: dict[str, Any]) -> dict[str, list[int]]:
    known = {image for case in key["cases"] for image in case["images"]}
    grades: dict[str, int] = {}
    for line, row in _lines(path, ("image", "grade")):
        image, value = row["image"], row["grade"]
        if image not in known:
            raise InputRefusedError(f"Line {line} of {path.name} has the image {image!r}, which is not in the key.")
        if image in grades:
            raise InputRefusedError(f"Line {line} of {path.name} grades the image {image!r} a second time.")
        if value not in {str(grade) for grade in GRADES}:
            raise InputRefusedError(
                f"Line {line} of {path.name} gives {image!r} the grade {value!r}: write a whole number from "
                f"{GRADES[0]} (best) to {GRADES[-1]}."
            )
        grades[image] = int(value)
    _require_all(path, known, set(grades))
    by_kind: dict[str, list[int]] = {kind: [] for kind in key["kinds"]}
    for case in key["cases"]:
        for image, kind in case["images"].items():
            by_kind[kind].append(grades[image])
    return by_kind


def _choices(path: Path, key: dict[str, Any]) -> list[str]:
    cases = {case["id"]: case for case in key["cases"]}
    preferred: dict[str, str] = {}
    for line, row in _lines(path, ("case", "preferred")):
        case, value = row["case"], row["preferred"].lower()
        if case not in cases:
            raise InputRefusedError(f"Line {line} of {path.name} has the case {case!r}, which is not in the key.")
        if case in preferred:
            raise InputRefusedError(f"Line {line} of {path.name} has the case {case!r} a second time.")
        if value not in SIDES:
            raise InputRefusedError(
                f"Line {line} of {path.name} prefers {row['preferred']!r} in case {case!r}: write left or right."
            )
        preferred[case] = cases[case]["choice"][f"{case}-{value}"]
    _require_all(path, set(cases), set(preferred))
    return [preferred[case["id"]] for case in key["cases"]]


def _lines(path: Path, columns: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    if not path.is_file():
        raise InputRefusedError(f"{path} does not exist: put both sheets of each reader there, filled in.")
    with path.open(newline="", encoding="utf-8-sig") as stream:
        # spreadsheet programs of many countries save with semicolons
        first = stream.readline()
        stream.seek(0)
        reader = csv.DictReader(stream, delimiter=";" if first.count(";") > first.count(",") else ",")
        missing = [column for column in columns if column not in (reader.fieldnames or ())]
        if missing:
            raise InputRefusedError(f"{path.name} has no column {missing[0]!r}: keep the sheet's first line as it was.")
        return [
            (number, {column: (row[column] or "").strip() for column in columns})
            for number, row in enumerate(reader, start=2)
        ]


def _require_all(path: Path, known: set[str], found: set[str]) -> None:
    missing = sorted(known - found)
    if missing:
        raise InputRefusedError(
            f"{path.name} has no line for {missing[0]!r} ({len(missing)} missing): fill in every line."
        )
