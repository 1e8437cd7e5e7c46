from __future__ import annotations

import csv
import json
import uuid
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import SimpleITK as sitk

import CTEnhanceLib
from CTEnhanceLib.batch.items import find_items
from CTEnhanceLib.batch.job import Job, compute
from CTEnhanceLib.batch.store import open_store
from CTEnhanceLib.cli import main
from CTEnhanceLib.model.folder import load_stack
from stacks import random_stack_folder


def ct(seed: int, spacing: float = 3.0) -> sitk.Image:
    values = np.random.default_rng(seed).normal(100, 200, (6, 36, 40)).astype(np.int16)
    image = sitk.GetImageFromArray(values)
    image.SetSpacing([0.5, 0.5, spacing])
    return image


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return random_stack_folder(tmp_path / "models" / "tiny")


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    folder = tmp_path / "cohort"
    (folder / "one").mkdir(parents=True)
    sitk.WriteImage(ct(0), str(folder / "one" / "wrist.nrrd"))
    sitk.WriteImage(ct(1), str(folder / "two.mha"))
    sitk.WriteImage(ct(2, spacing=0.5), str(folder / "thin already.nrrd"))
    return folder


def rows(output: Path) -> dict[str, dict[str, str]]:
    with (output / "cohort.csv").open(newline="", encoding="utf-8") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def test_a_cohort_is_computed_resumed_and_recorded_and_one_bad_series_stops_nothing(
    cohort: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    output = tmp_path / "out"
    call = ["cohort", str(cohort), str(output), "--model", str(model), "--device", "cpu", "--workers", "1"]
    assert main(call) == 3
    assert "1 of 3 series have no result" in capsys.readouterr().err
    first = rows(output)
    assert {name: row["status"] for name, row in first.items()} == {
        "one/wrist": "done",
        "two": "done",
        "thin already": "refused",
    }
    assert first["thin already"]["reason"]
    assert sitk.ReadImage(str(output / "one" / "wrist.nrrd")).GetSize() == (40, 36, 18)
    single = tmp_path / "single.nrrd"
    assert main(["enhance", str(cohort / "two.mha"), str(single), "--model", str(model), "--device", "cpu"]) == 0
    assert np.array_equal(*(sitk.GetArrayFromImage(sitk.ReadImage(str(p))) for p in (single, output / "two.nrrd")))

    (output / "two.nrrd").write_bytes(b"spoilt")
    sitk.WriteImage(ct(7), str(cohort / "one" / "wrist.nrrd"))
    sitk.WriteImage(ct(8), str(cohort / "three.nrrd"))
    (cohort / "thin already.nrrd").unlink()
    assert main(call) == 0
    assert {name: row["status"] for name, row in rows(output).items()} == dict.fromkeys(
        ("one/wrist", "two", "three"), "done"
    )
    assert main(call) == 0
    assert {row["status"] for row in rows(output).values()} == {"unchanged"}
    whole = json.loads((output / "cohort.json").read_text(encoding="utf-8"))
    schema = Path(CTEnhanceLib.__file__).parent / "schemas" / "cohort.schema.json"
    jsonschema.validate(whole, json.loads(schema.read_text(encoding="utf-8")))
    assert whole["counts"] == {"unchanged": 3}
    assert all(item["report"]["model"]["name"] == "test" for item in whole["items"])


def test_other_options_or_another_model_are_computed_again(cohort: Path, model: Path, tmp_path: Path) -> None:
    sha256 = load_stack(str(model)).sha256
    item = next(i for i in find_items(open_store(str(cohort))) if i.name == "two")
    job = Job(str(cohort), str(tmp_path / "out"), str(model), sha256)
    assert [compute(item, job).status for _ in range(2)] == ["done", "unchanged"]
    finer = Job(str(cohort), str(tmp_path / "out"), str(model), sha256, options={"spacing": 1.5})
    assert compute(item, finer).status == "done"
    other = Job(str(cohort), str(tmp_path / "out"), str(model), "0" * 64)
    outcome = compute(item, other)
    assert (outcome.status, "another one" in outcome.reason) == ("refused", True)


def test_a_store_that_workers_reach_by_url_gives_the_same_voxels(cohort: Path, model: Path, tmp_path: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    place = f"memory://{uuid.uuid4().hex}"
    fsspec.filesystem("memory").put(str(cohort / "two.mha"), f"{place}/in/two.mha")
    sha256 = load_stack(str(model)).sha256
    there = Job(f"{place}/in", f"{place}/out", str(model), sha256)
    here = Job(str(cohort), str(tmp_path / "out"), str(model), sha256)
    (item,) = find_items(open_store(there.cohort))
    assert compute(item, there).status == "done"
    assert compute(item, here).status == "done"
    remote = fsspec.filesystem("memory").cat_file(f"{place}/out/two.nrrd")
    assert remote == (tmp_path / "out" / "two.nrrd").read_bytes()
    assert compute(item, there).status == "unchanged"


def test_the_list_says_what_would_be_computed_without_computing(cohort: Path, tmp_path: Path, capsys) -> None:
    assert main(["cohort", str(cohort), str(tmp_path / "out"), "--list"]) == 0
    assert [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()] == [
        "one/wrist",
        "thin already",
        "two",
    ]
    assert not (tmp_path / "out").exists()
