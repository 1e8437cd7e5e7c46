"""The cases of a study from what is there: a list as CSV, or a folder with one folder for each case."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from CTEnhanceLib.errors import InputRefusedError
from CTEnhanceLib.evaluation.reading.study import Case, found_file
from CTEnhanceLib.files.volumes import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Sequence


def read_cases(path: Path | str) -> list[Case]:
    """Cases from a CSV (column `case`, one column of file names for each kind) or a folder (`<case>/<kind>.nrrd`).

    Raises:
        InputRefusedError: a column, a name or a file is missing, or a case comes twice; with its line and value.
    """
    path = Path(path)
    if path.is_dir():
        return _from_folder(path)
    if not path.is_file():
        raise InputRefusedError(
            f"{path} does not exist: give a CSV with the column case and one per kind, or a folder of cases."
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
        files[kind] = found_file(value, folder)
        if not files[kind]:
            raise InputRefusedError(
                f"Line {line} of the cases gives {value!r} for {kind!r}, which does not exist: correct the path."
            )
    return Case(name, files)


def _from_folder(folder: Path) -> list[Case]:
    cases = []
    for place in sorted(p for p in folder.iterdir() if p.is_dir()):
        files = {_kind_name(p): str(p) for p in sorted(place.iterdir()) if p.is_dir() or _is_volume(p)}
        if files:
            cases.append(Case(place.name, files))
    if not cases:
        raise InputRefusedError(
            f"{folder} holds no cases: put the images of each case into a folder of its own, one file for each kind."
        )
    kinds = cases[0].files
    for case in cases:
        if set(case.files) != set(kinds):
            odd = min(set(case.files) ^ set(kinds))
            raise InputRefusedError(
                f"{folder / case.name} and {folder / cases[0].name} hold different kinds ({odd!r} is in one only): "
                "give each case the same."
            )
    return [Case(case.name, {kind: case.files[kind] for kind in kinds}) for case in cases]


def _is_volume(path: Path) -> bool:
    return path.name.lower().endswith(SUFFIXES)


def _kind_name(path: Path) -> str:
    suffix = next((s for s in SUFFIXES if path.name.lower().endswith(s)), "")
    return path.name[: len(path.name) - len(suffix)] if suffix else path.name
