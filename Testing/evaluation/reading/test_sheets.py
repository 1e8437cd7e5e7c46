"""Sheets as a way in and out: the same answers, checked line by line."""

from __future__ import annotations

import csv
import io

import pytest

from CTEnhanceLib.errors import InputRefusedError
from CTEnhanceLib.evaluation.reading.blind import read_blinded
from CTEnhanceLib.evaluation.reading.results import read_results
from CTEnhanceLib.evaluation.reading.session import ReadingSession
from CTEnhanceLib.evaluation.reading.sheets import read_sheets, reader_sheets
from CTEnhanceLib.evaluation.reading.sources import read_cases
from CTEnhanceLib.evaluation.reading.study import Question, default_questions
from reading_studies import GRADES, KINDS, kind_of, planned, read_all, study_of


@pytest.fixture(scope="module")
def planned_once(tmp_path_factory):
    remark = Question("remark", "text", "Remarks?", of="set", required=False)
    study = study_of(2, questions=(*default_questions(KINDS), remark))
    folder, key = planned(tmp_path_factory.mktemp("study"), study)
    return folder, key, {path.name: path.read_text() for path in folder.glob("*.csv")}


@pytest.fixture
def study(planned_once):
    folder, key, sheets = planned_once
    for name, text in sheets.items():
        (folder / name).write_text(text)
    fill(folder, key)
    return folder, key


def rows(path):
    return list(csv.DictReader(io.StringIO(path.read_text())))


def write(path, lines, delimiter=","):
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(lines[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(lines)


def fill(folder, key):
    kinds = kind_of(key)
    for path in folder.glob("*_grades.csv"):
        write(path, [{**line, "grade": GRADES[kinds[line["image"]]]} for line in rows(path)])
    for path in folder.glob("*_choices.csv"):
        lines = rows(path)
        for line in lines:
            line["preferred"] = "left" if kinds[line["left"]] == "method2" else "right"
        write(path, lines)


def test_the_columns_are_those_of_the_published_sheets(study):
    assert list(rows(study[0] / "Anna_grades.csv")[0]) == ["order", "case", "image", "grade"]
    assert list(rows(study[0] / "Anna_choices.csv")[0]) == ["order", "case", "left", "right", "preferred"]


def test_sheets_and_slicer_give_the_same_answers(study, tmp_path):
    folder, key = study
    session = ReadingSession(folder, "Anna", tmp_path)
    read_all(session, key)
    found = read_results([tmp_path])[0]
    blinded, _ = read_blinded(folder)
    assert read_sheets(folder, blinded, "Anna") == found.values
    for name, text in reader_sheets(blinded, "Anna", found.values).items():
        assert rows(folder / name) == list(csv.DictReader(io.StringIO(text))), name


def test_sheets_saved_with_semicolons_are_read(study):
    path = study[0] / "Anna_grades.csv"
    write(path, rows(path), delimiter=";")
    assert len(read_results([study[0]])[0].values) == 10


@pytest.mark.parametrize(
    ("sheet", "change", "message"),
    [
        ("Anna_grades.csv", lambda lines: lines[3].update(grade="5"), "Line 5 of Anna_grades.csv .* the grade '5'"),
        ("Anna_grades.csv", lambda lines: lines[0].update(grade=""), "Line 2 of Anna_grades.csv .* the grade ''"),
        ("Anna_grades.csv", lambda lines: lines[0].update(grade="2.5"), "'2.5'"),
        ("Ben_grades.csv", lambda lines: lines[1].update(image="C99-1"), "Line 3 of Ben_grades.csv .* 'C99-1'"),
        ("Ben_grades.csv", lambda lines: lines[1].update(image=lines[0]["image"]), "a second time"),
        ("Ben_grades.csv", lambda lines: lines.pop(), "no line for"),
        ("Anna_choices.csv", lambda lines: lines[1].update(preferred="both"), "Line 3 of Anna_choices.csv prefers"),
        ("Anna_choices.csv", lambda lines: lines[1].update(case="P77"), "'P77', which is not in the study"),
        ("Anna_choices.csv", lambda lines: lines.pop(), "no line for"),
    ],
)
def test_a_bad_sheet_is_refused_with_sheet_line_and_value(study, sheet, change, message):
    folder, _ = study
    lines = rows(folder / sheet)
    change(lines)
    write(folder / sheet, lines)
    with pytest.raises(InputRefusedError, match=message):
        read_results([folder])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("case,thick,thin\np1,a.nrrd,missing.nrrd\n", "Line 2 .* 'missing.nrrd' for 'thin'"),
        ("case,thick\np1,a.nrrd\n", "two or more columns"),
        ("case,thick,thin\n", "lists no case"),
        ("case,thick,thin\n,a.nrrd,a.nrrd\n", "Line 2 .* has no name"),
        ("case,thick,thin\np1,a.nrrd,a.nrrd\np1,a.nrrd,a.nrrd\n", "'p1' twice"),
    ],
)
def test_a_bad_list_of_cases_is_refused(tmp_path, text, message):
    (tmp_path / "a.nrrd").touch()
    (tmp_path / "cases.csv").write_text(text)
    with pytest.raises(InputRefusedError, match=message):
        read_cases(tmp_path / "cases.csv")


def test_a_folder_whose_cases_hold_different_kinds_is_refused(tmp_path):
    for name, kinds in (("p1", "ab"), ("p2", "ac")):
        (tmp_path / name).mkdir()
        for kind in kinds:
            (tmp_path / name / f"{kind}.nrrd").touch()
    with pytest.raises(InputRefusedError, match="different kinds"):
        read_cases(tmp_path)
