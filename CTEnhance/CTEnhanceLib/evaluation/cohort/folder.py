"""A cohort on disk: COHORT/<patient>/{thick,thin}.nrrd and cohort.csv with the columns patient, split."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from CTEnhanceLib.errors import InputRefusedError

SPLITS = ("training", "test")


@dataclass(frozen=True)
class Patient:
    """One patient: name, split ("training" or "test") and the files of both series."""

    name: str
    split: str
    thick: Path
    thin: Path


def read_cohort(folder: Path | str) -> list[Patient]:
    """Read and check a cohort.

    Returns:
        The patients in the order of cohort.csv.

    Raises:
        InputRefusedError: cohort.csv or a volume is missing, or a line of it cannot be understood; the message names
            the line and the value.
    """
    folder = Path(folder)
    sheet = folder / "cohort.csv"
    if not sheet.is_file():
        raise InputRefusedError(f"{sheet} does not exist: list each patient there, with the columns patient and split.")
    with sheet.open(newline="", encoding="utf-8-sig") as stream:
        reader = csv.DictReader(stream)
        missing = {"patient", "split"} - set(reader.fieldnames or ())
        if missing:
            raise InputRefusedError(f"{sheet} has no column {sorted(missing)[0]!r}: it needs patient and split.")
        patients = [_patient(folder, row, number) for number, row in enumerate(reader, start=2)]
    names = [patient.name for patient in patients]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise InputRefusedError(f"{sheet} lists the patient {sorted(twice)[0]!r} twice: list each once.")
    if not patients:
        raise InputRefusedError(f"{sheet} lists no patient: add one line for each.")
    return patients


def _patient(folder: Path, row: dict[str, str], line: int) -> Patient:
    name, split = ((row[column] or "").strip() for column in ("patient", "split"))
    if not name or Path(name).name != name:
        raise InputRefusedError(f"Line {line} of cohort.csv has the patient {name!r}: give the name of its folder.")
    if split not in SPLITS:
        raise InputRefusedError(f"Line {line} of cohort.csv has the split {split!r}: write training or test.")
    files = [folder / name / f"{series}.nrrd" for series in ("thick", "thin")]
    for file in files:
        if not file.is_file():
            raise InputRefusedError(
                f"Line {line} of cohort.csv names the patient {name!r}, but {file} does not exist: add the file or "
                "take out the line."
            )
    return Patient(name, split, *files)
