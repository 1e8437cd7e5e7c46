from __future__ import annotations

import csv
import json
from pathlib import Path

import jsonschema
import pytest
import SimpleITK as sitk

import CTEnhanceLib
from bone_volumes import as_image, bone_slices
from CTEnhanceLib.cli import main

SCHEMAS = Path(CTEnhanceLib.__file__).parent / "schemas"
KINDS = ("thick", "thin", "method1", "method2")


@pytest.fixture
def study(tmp_path):
    lines = [",".join(("case", *KINDS))]
    for number in range(3):
        names = [f"{number}_{kind}.nrrd" for kind in KINDS]
        for value, name in enumerate(names):
            image = as_image(bone_slices(count=4, size=8) * 0 + 100 * number + value)
            image.SetMetaData("CTEnhance.Model", "secret")
            sitk.WriteImage(image, str(tmp_path / name))
        lines.append(",".join((f"patient{number}", *names)))
    (tmp_path / "cases.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def plan(study, *words):
    return main(["reading", "plan", f"{study}/cases.csv", f"{study}/readers", "--key", f"{study}/key.json", *words])


def fill(study, grades=("4", "1", "3", "2")):
    key = json.loads((study / "key.json").read_text())
    kinds = {image: kind for case in key["cases"] for image, kind in case["images"].items()}
    sides = {case["id"]: {kind: image.split("-")[1] for image, kind in case["choice"].items()} for case in key["cases"]}
    for sheet in (study / "readers").glob("*.csv"):
        with sheet.open(newline="") as stream:
            lines = list(csv.DictReader(stream))
        for line in lines:
            if "grade" in line:
                line["grade"] = grades[KINDS.index(kinds[line["image"]])]
            else:
                line["preferred"] = sides[line["case"]]["method2"]
        with sheet.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, list(lines[0]))
            writer.writeheader()
            writer.writerows(lines)


def test_a_reading_is_planned_filled_in_and_scored(study, capsys):
    assert plan(study, "--seed", "5") == 0
    fill(study)
    assert (
        main(["reading", "score", f"{study}/readers", "--key", f"{study}/key.json", "--json", f"{study}/s.json"]) == 0
    )
    result = json.loads((study / "s.json").read_text())
    jsonschema.validate(result, json.loads((SCHEMAS / "reading_score.schema.json").read_text()))
    assert {kind: grades["mean"] for kind, grades in result["grades"].items()} == dict(zip(KINDS, (4, 1, 3, 2)))
    assert result["preference"]["counts"] == {"method1": 0, "method2": 6}
    assert "Answers: method1 0, method2 6" in capsys.readouterr().out


def test_blinded_images_hold_the_voxels_and_tell_nothing_else(study):
    assert plan(study) == 0
    key = json.loads((study / "key.json").read_text())
    case = key["cases"][0]
    number = int(case["case"][-1])
    for image, kind in {**case["images"], **case["choice"]}.items():
        volume = sitk.ReadImage(str(study / "readers" / "images" / f"{image}.nrrd"))
        assert volume[0, 0, 0] == 100 * number + KINDS.index(kind)
        assert "CTEnhance.Model" not in volume.GetMetaDataKeys()
    readable = " ".join(str(path) for path in (study / "readers").rglob("*"))
    assert not any(kind in readable for kind in KINDS)


def test_a_bad_grade_is_refused_with_its_line_and_value(study, capsys):
    assert plan(study) == 0
    fill(study, grades=("4", "1", "0", "2"))
    assert main(["reading", "score", f"{study}/readers", "--key", f"{study}/key.json"]) == 3
    assert "the grade '0'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["plan", "nowhere.csv", "readers", "--key", "k.json"], 3, "nowhere.csv does not exist"),
        (["plan", "cases.csv", "readers", "--key", "readers/k.json"], 2, "among what the readers get"),
        (["plan", "cases.csv", "readers", "--key", "k.json", "--choose", "thin", "best"], 2, "choose between two"),
        (["plan", "cases.csv", "readers", "--key", "k.json", "--readers", "a/b"], 2, "'a/b'"),
        (["score", "readers", "--key", "cases.csv"], 3, "cannot be read as a key"),
        (["score", "readers", "--key", "nowhere.json"], 3, "nowhere.json"),
    ],
)
def test_what_cannot_be_read_is_one_sentence_and_an_exit_code(study, capsys, monkeypatch, words, code, message):
    monkeypatch.chdir(study)
    assert main(["reading", *words]) == code
    assert message in capsys.readouterr().err
    assert not Path("readers").exists()
