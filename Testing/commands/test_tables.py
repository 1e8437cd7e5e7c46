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
from CTEnhanceLib.ct.thicken import thicken
from CTEnhanceLib.evaluation.baselines import BASELINES
from CTEnhanceLib.model.spec import GeneratorSpec
from stacks import TINY_CONTEXT, random_stack_folder

SCHEMA = Path(CTEnhanceLib.__file__).parent / "schemas" / "tables.schema.json"
SPLITS = {"p1": "training", "p2": "training", "p3": "training", "p4": "test"}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cohort")
    for seed, name in enumerate(SPLITS):
        (folder / name).mkdir()
        thin = as_image(bone_slices(count=30, size=32, seed=seed))
        sitk.WriteImage(thin, str(folder / name / "thin.nrrd"))
        sitk.WriteImage(thicken(thin, 3.0), str(folder / name / "thick.nrrd"))
    (folder / "cohort.csv").write_text("patient,split\n" + "".join(f"{n},{s}\n" for n, s in SPLITS.items()))
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Two tiny models whose weights nobody trained."""
    folder = tmp_path_factory.mktemp("models")
    wider = GeneratorSpec("generator.safetensors", "context_unet", {**TINY_CONTEXT, "width": 16}, "any")
    return [
        str(random_stack_folder(folder / "one", name="one")),
        str(random_stack_folder(folder / "two", name="two", generators=(wider,))),
    ]


def table(text, number):
    """Cells of one table of the Markdown, header first."""
    part = text.split(f"### Table {number}. ")[1].split("###")[0]
    lines = [line for line in part.splitlines() if line.startswith("|") and not line.startswith("|-")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_workers_give_the_same_tables(cohort, models, capsys):
    texts = []
    for workers in ("1", "2"):
        assert main(["tables", str(cohort), "--models", *models, "--profile", "box", "--workers", workers]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]


def test_one_command_gives_tables_1_to_4_of_a_cohort(cohort, models, tmp_path, capsys):
    assert (
        main(["tables", str(cohort), "--models", *models, "--output", str(tmp_path / "out"), "--profile", "box"]) == 0
    )
    text = capsys.readouterr().out
    assert "Method 1: one; Method 2: two." in text
    figures = ["patient"] + [f"Method {n} {name}" for n in (1, 2) for name in ("PSNR", "MSE", "SSIM")]
    counts = ["patient", "slices"] + [f"{name} Method {n}" for name in ("PSNR, MSE", "SSIM") for n in (1, 2)]
    for number, head, patients in (
        (1, figures, ["p1", "p2", "p3", "mean"]),
        (2, figures, ["p4", "mean"]),
        (3, counts, ["p1", "p2", "p3", "total"]),
        (4, counts, ["p4", "total"]),
    ):
        header, *rows = table(text, number)
        assert header == head
        assert [row[0] for row in rows] == patients
    for row in table(text, 3)[1:-1]:
        assert int(row[1]) == 12
        assert int(row[2]) + int(row[3]) == 12
    assert "3 patients: the smallest p the test can give is 0.25" in text
    assert [row[0] for row in table(text, 5)[1:]] == [*BASELINES, "one", "two"]


def test_the_files_say_what_was_printed(cohort, models, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["tables", str(cohort), "--models", *models, "--output", str(out)]) == 0
    assert (out / "tables.md").read_text() == capsys.readouterr().out
    record = json.loads((out / "tables.json").read_text())
    jsonschema.validate(record, json.loads(SCHEMA.read_text()))
    assert [row["patient"] for row in record["table_1"]] == ["p1", "p2", "p3"]
    printed = float(table((out / "tables.md").read_text(), 2)[1][1].strip("*"))
    assert record["table_2"][0]["values"]["one"]["psnr"] == pytest.approx(printed, abs=1e-5)
    with (out / "patients.csv").open() as stream:
        lines = list(csv.DictReader(stream))
    assert len(lines) == 4 * 6 * 3
    for picture in ("training.png", "test.png"):
        assert (out / picture).stat().st_size > 10_000


def test_the_pictures_of_each_patient_lie_in_a_folder_of_its_name(cohort, models, tmp_path):
    (tmp_path / "cohort.csv").write_text("patient,split\np4,test\n")
    (tmp_path / "p4").symlink_to(cohort / "p4")
    out = tmp_path / "out"
    assert main(["tables", str(tmp_path), "--models", *models, "--output", str(out), "--plots"]) == 0
    assert {path.name for path in (out / "p4").iterdir()} >= {"difference_one.png", "marked_two.png", "spectrum.png"}


def test_models_of_one_name_are_told_apart_by_their_folders(cohort, models, capsys):
    assert main(["tables", str(cohort), "--models", models[0], models[0] + "/", "--profile", "box"]) == 0
    assert f"Method 1: {models[0]}; Method 2: {models[0]}/." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--models", "one"], 2, "at least two"),
        (["--folds", "2"], 2, "--cross-validate"),
        (["--plots"], 2, "--output"),
        (["--models", "nobody", "knows"], 4, "nobody"),
    ],
)
def test_what_cannot_be_tabulated_is_one_sentence_and_an_exit_code(cohort, capsys, words, code, message):
    assert main(["tables", str(cohort), *words]) == code
    assert message in capsys.readouterr().err


CONFIG = """
[model]
name = "{name}"
architecture = "context_unet"
context = 3
[generator]
width = 8
depth = 2
head = 8
[training]
steps = 2
batch = 2
output = "{output}"
[[data.thin]]
path = "replaced by each fold"
"""


def test_cross_validation_trains_without_the_patient_it_tests_on(cohort, tmp_path, capsys):
    configs = []
    for name in ("first", "second"):
        configs.append(tmp_path / f"{name}.toml")
        configs[-1].write_text(CONFIG.format(name=name, output=tmp_path / name))
    assert (
        main(["tables", str(cohort), "--cross-validate", *map(str, configs), "--folds", "2", "--profile", "box"]) == 0
    )
    captured = capsys.readouterr()
    assert [row[0] for row in table(captured.out, 1)[1:]] == ["p2", "p3", "mean"]
    assert [row[0] for row in table(captured.out, 2)[1:]] == ["p1", "p2", "mean"]
    assert [row[0] for row in table(captured.out, 4)[1:]] == ["p1", "p2", "total"]
    assert "2 folds, each trained on 2 patients" in captured.out
    assert "first: training without p1, on p2, p3" in captured.err
    assert (tmp_path / "second" / "folds" / "p2" / "model" / "model.json").is_file()
