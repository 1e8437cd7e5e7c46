"""Sheets: the same reading as CSV, for readers without Slicer, and answers given in Slicer as CSV.

`<reader>_grades.csv` (order, case, image, grade), `<reader>_choices.csv` (order, case, left, right, preferred) and,
where a study asks more, `<reader>_other.csv` (order, case, image, question, answer). A case is a blinded set.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CTEnhanceLib.errors import InputRefusedError, UsageError
from CTEnhanceLib.evaluation.reading.study import question_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SIDES = ("left", "right")
GRADE_COLUMNS = ("order", "case", "image", "grade")
CHOICE_COLUMNS = ("order", "case", "left", "right", "preferred")
OTHER_COLUMNS = ("order", "case", "image", "question", "answer")

Place = tuple[str, str, "str | None"]
"""Blinded set, question, blinded image (None for a question of the whole set)."""


@dataclass(frozen=True)
class _Slot:
    """One line of a sheet: a question about an image, about a set, or between two images."""

    one: str
    images: tuple[str, ...]
    question: str
    image: str | None

    @property
    def place(self) -> Place:
        return (self.one, self.question, self.image)


def grade_sheet(reader: str) -> str:
    """File name of a reader's grades."""
    return f"{reader}_grades.csv"


def choice_sheet(reader: str) -> str:
    """File name of a reader's choices."""
    return f"{reader}_choices.csv"


def other_sheet(reader: str) -> str:
    """File name of a reader's further answers."""
    return f"{reader}_other.csv"


def empty_sheets(study: dict[str, Any]) -> dict[str, str]:
    """Empty sheets of all readers by file name, in each reader's own order.

    Args:
        study: blinded.
    """
    return {name: text for reader in study["readers"] for name, text in reader_sheets(study, reader, {}).items()}


def reader_sheets(study: dict[str, Any], reader: str, values: dict[Place, Any]) -> dict[str, str]:
    """One reader's sheets by file name; those that would have no line are left out.

    Args:
        study: blinded.
        reader: one of its readers.
        values: answers given so far, by set, question and image.
    """
    rows: dict[str, list[list[Any]]] = {}
    for slot, sheet in _slots(study, reader):
        value = values.get(slot.place, "")
        if sheet == choice_sheet(reader):
            preferred = dict(zip(slot.images, SIDES)).get(value, "")
            rows.setdefault(sheet, []).append([slot.one, *slot.images, preferred])
        elif sheet == grade_sheet(reader):
            rows.setdefault(sheet, []).append([slot.one, slot.image, value])
        else:
            rows.setdefault(sheet, []).append([slot.one, slot.image or "", slot.question, value])
    columns = {grade_sheet(reader): GRADE_COLUMNS, choice_sheet(reader): CHOICE_COLUMNS}
    return {sheet: _csv(columns.get(sheet, OTHER_COLUMNS), lines) for sheet, lines in rows.items()}


def read_sheets(folder: Path | str, study: dict[str, Any], reader: str) -> dict[Place, Any]:
    """Answers of a reader's filled-in sheets, by set, question and image.

    Args:
        folder: Where the sheets are.
        study: The blinded study.
        reader: Whose sheets.

    Raises:
        InputRefusedError: a sheet or a line is missing, or a value makes no sense; with sheet, line and value.
    """
    questions = {plain["id"]: plain for plain in study["questions"]}
    slots = list(_slots(study, reader))
    values: dict[Place, Any] = {}
    for sheet in dict.fromkeys(sheet for _, sheet in slots):
        known = {_line_key(slot, sheet, reader): slot for slot, name in slots if name == sheet}
        path = Path(folder) / sheet
        for line, row in _lines(path, _needed(sheet, reader)):
            key = tuple(row[column] for column in _identity(sheet, reader))
            slot = known.get(key)
            if slot is None:
                raise InputRefusedError(
                    f"Line {line} of {sheet} has the {_named(sheet, reader)} {key[-1]!r}, which is not in "
                    "the study: take it out."
                )
            if slot.place in values:
                raise InputRefusedError(
                    f"Line {line} of {sheet} answers for the {_named(sheet, reader)} {key[-1]!r} "
                    "a second time: take one of them out."
                )
            value = _value(row, slot, questions[slot.question], line, path)
            if value is not None:
                values[slot.place] = value
        missing = [slot for slot in known.values() if slot.place not in values and _required(questions, slot)]
        if missing:
            raise InputRefusedError(
                f"{sheet} has no line for {missing[0].image or missing[0].one!r} ({len(missing)} missing): "
                "fill in every line."
            )
    return values


def has_sheets(folder: Path | str, reader: str) -> bool:
    """Whether a reader's sheets are there and hold an answer."""
    for sheet, column in ((grade_sheet(reader), "grade"), (choice_sheet(reader), "preferred")):
        path = Path(folder) / sheet
        if path.is_file() and any(row[column] for _, row in _lines(path, (column,))):
            return True
    return False


def _slots(study: dict[str, Any], reader: str) -> Iterator[tuple[_Slot, str]]:
    """Every line that a reader fills in, in the reader's order, with the sheet it stands in."""
    sets = {one["id"]: one for one in study["sets"]}
    questions = {plain["id"]: plain for plain in study["questions"]}
    first_grade = next((q["id"] for q in study["questions"] if q["type"] == "grade" and q["of"] == "image"), None)
    for entry in study["readers"][reader]:
        one, images = entry["set"], tuple(entry["images"])
        for name in sets[one]["questions"]:
            question = questions[name]
            if question["type"] == "preference":
                yield _Slot(one, images, name, None), choice_sheet(reader)
            elif question["of"] == "set":
                yield _Slot(one, images, name, None), other_sheet(reader)
            else:
                sheet = grade_sheet(reader) if name == first_grade else other_sheet(reader)
                for image in images:
                    yield _Slot(one, images, name, image), sheet


def _identity(sheet: str, reader: str) -> tuple[str, ...]:
    if sheet == grade_sheet(reader):
        return ("image",)
    return ("case",) if sheet == choice_sheet(reader) else ("question", "case", "image")


def _needed(sheet: str, reader: str) -> tuple[str, ...]:
    return (*_identity(sheet, reader), _column(sheet, reader))


def _column(sheet: str, reader: str) -> str:
    return {grade_sheet(reader): "grade", choice_sheet(reader): "preferred"}.get(sheet, "answer")


def _named(sheet: str, reader: str) -> str:
    return "case" if sheet == choice_sheet(reader) else "image"


def _line_key(slot: _Slot, sheet: str, reader: str) -> tuple[str, ...]:
    values = {"image": slot.image or "", "case": slot.one, "question": slot.question}
    return tuple(values[column] for column in _identity(sheet, reader))


def _value(row: dict[str, str], slot: _Slot, plain: dict[str, Any], line: int, path: Path) -> Any:
    if plain["type"] == "preference":
        side = row["preferred"].lower()
        if side not in SIDES:
            raise InputRefusedError(
                f"Line {line} of {path.name} prefers {row['preferred']!r} in case {slot.one!r}: write left or right."
            )
        return slot.images[SIDES.index(side)]
    text = row.get("grade", row.get("answer", ""))
    if not text and not plain["required"]:
        return None
    question = question_of(plain)
    try:
        return question.check(int(text) if plain["type"] == "grade" else text)
    except (UsageError, ValueError) as error:
        words = f"the grade {text!r}" if plain["type"] == "grade" else f"the answer {text!r}"
        last = len(plain["words"])
        ask = f"write a whole number from 1 (best) to {last}." if plain["type"] == "grade" else str(error)
        raise InputRefusedError(
            f"Line {line} of {path.name} gives {slot.image or slot.one!r} {words}: {ask}"
        ) from error


def _required(questions: dict[str, Any], slot: _Slot) -> bool:
    return bool(questions[slot.question]["required"])


def _lines(path: Path, columns: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    if not path.is_file():
        raise InputRefusedError(f"{path} does not exist: put all sheets of each reader there, filled in.")
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


def _csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([number, *row] for number, row in enumerate(rows, start=1))
    return text.getvalue()
