from __future__ import annotations

import json
import shutil
from pathlib import Path

import jsonschema
import pytest

import CTEnhanceLib
from CTEnhanceLib.cli import main
from reading_studies import KINDS, write_cases

SCHEMAS = Path(CTEnhanceLib.__file__).parent / "schemas"


def reading(*words):
    return main(["reading", *map(str, words)])


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A study of a folder of cases, read by simulated readers."""
    place = tmp_path_factory.mktemp("study")
    write_cases(place / "cases")
    assert reading("plan", place / "cases", place / "r", "--key", place / "key.json", "--readers", "KG", "MS") == 0
    assert reading("simulate", place / "r", "--key", place / "key.json") == 0
    return place


def test_a_reading_is_planned_read_and_scored(finished, tmp_path, capsys):
    words = ["--json", tmp_path / "s.json", "--csv", tmp_path / "a.csv", "--plots", tmp_path / "plots"]
    assert reading("score", finished / "r", "--key", finished / "key.json", *words) == 0
    result = json.loads((tmp_path / "s.json").read_text())
    jsonschema.validate(result, json.loads((SCHEMAS / "reading_score.schema.json").read_text()))
    assert set(result["grades"]["grade"]["kinds"]) == set(KINDS)
    assert result["simulated"] == ["KG", "MS"]
    assert (tmp_path / "a.csv").read_text().count("\n") == 1 + 2 * (12 + 3)
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {"grade.png", "preference.png"}
    assert "**Simulated**" in capsys.readouterr().out


def test_merged_answers_and_sheets_are_scored_too(finished, tmp_path, capsys):
    assert reading("score", finished / "r", "--key", finished / "key.json") == 0
    printed = capsys.readouterr().out
    assert reading("merge", tmp_path / "all.json", finished / "r") == 0
    capsys.readouterr()
    assert reading("score", tmp_path / "all.json", "--key", finished / "key.json") == 0
    assert capsys.readouterr().out == printed
    shutil.copytree(finished / "r", tmp_path / "r")
    assert reading("sheets", tmp_path / "r", tmp_path / "r") == 0
    shutil.rmtree(tmp_path / "r" / "answers")
    capsys.readouterr()
    assert reading("score", tmp_path / "r", "--key", finished / "key.json") == 0
    tables = [line for line in printed.splitlines() if line.startswith("| ")]
    assert [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")] == tables


def test_answers_of_another_study_are_refused(finished, tmp_path, capsys):
    assert reading("plan", finished / "cases", tmp_path / "r", "--key", tmp_path / "key.json", "--seed", "8") == 0
    assert reading("score", finished / "r", "--key", tmp_path / "key.json") == 3
    assert "belong to another study" in capsys.readouterr().err


def test_a_study_file_is_defined_changed_and_planned(finished, tmp_path, capsys):
    assert reading("define", finished / "cases", tmp_path / "s.json", "--views", "axial", "--repeats", "1") == 0
    study = json.loads((tmp_path / "s.json").read_text())
    jsonschema.validate(study, json.loads((SCHEMAS / "reading_study.schema.json").read_text()))
    study["questions"].append({"id": "gap", "type": "choice", "text": "Gap?", "words": ["yes", "no"]})
    (tmp_path / "s.json").write_text(json.dumps(study))
    assert reading("plan", tmp_path / "s.json", tmp_path / "r", "--key", tmp_path / "key.json") == 0
    blinded = json.loads((tmp_path / "r" / "study.json").read_text())
    assert blinded["views"] == ["axial"]
    assert [question["id"] for question in blinded["questions"]] == ["grade", "preference", "gap"]
    assert len(blinded["sets"]) == 8


def test_the_thesis_numbers_are_computed_again(capsys):
    assert reading("published") == 0
    out = capsys.readouterr().out
    assert "p 0.1338" in out and "p = 0.201" in out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["plan", "nowhere.csv", "readers", "--key", "k.json"], 3, "nowhere.csv does not exist"),
        (["plan", "cases", "readers", "--key", "readers/k.json"], 2, "among what the readers get"),
        (["plan", "cases", "readers", "--key", "k.json", "--choose", "true", "best"], 2, "choose between two"),
        (["plan", "cases", "readers", "--key", "k.json", "--readers", "a/b"], 2, "'a/b'"),
        (["plan", "nothing.json", "readers", "--key", "k.json"], 3, "cannot be read as a study file"),
        (["score", "r", "--key", "cases"], 3, "cannot be read as a key"),
        (["score", "r", "--key", "nowhere.json"], 3, "nowhere.json"),
        (["score", "cases", "--key", "key.json"], 3, "holds no answers"),
    ],
)
def test_what_cannot_be_read_is_one_sentence_and_an_exit_code(finished, capsys, monkeypatch, words, code, message):
    monkeypatch.chdir(finished)
    assert reading(*words) == code
    assert message in capsys.readouterr().err
    assert not Path("readers").exists()
