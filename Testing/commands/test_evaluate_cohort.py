"""All patients of a cohort measured by one command, on the engine of the cohort runs."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import SimpleITK as sitk

from bone_volumes import as_image, bone_slices
from CTEnhanceLib.cli import main
from CTEnhanceLib.ct.thicken import thicken
from CTEnhanceLib.evaluation.baselines import baseline_volume

PATIENTS = {"p1": "training", "p2": "test", "p3": "test"}


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    """Three patients, and a folder of results for them that lies as `ctenhance cohort` writes it."""
    folder, results = tmp_path / "cohort", tmp_path / "linear"
    for seed, name in enumerate(PATIENTS):
        (folder / name).mkdir(parents=True)
        (results / name).mkdir(parents=True)
        thin = as_image(bone_slices(count=30, size=32, seed=seed))
        thick = thicken(thin, 3.0)
        sitk.WriteImage(thin, str(folder / name / "thin.nrrd"))
        sitk.WriteImage(thick, str(folder / name / "thick.nrrd"))
        sitk.WriteImage(baseline_volume(thick, "linear"), str(results / name / "thick.nrrd"))
    (folder / "cohort.csv").write_text("patient,split\n" + "".join(f"{n},{s}\n" for n, s in PATIENTS.items()))
    return folder


def call(cohort: Path, *more: str) -> list[str]:
    results = cohort.parent / "linear"
    return ["evaluate", f"ours={results}", "--cohort", str(cohort), "--profile", "box", *more]


def test_workers_give_the_same_figures_of_all_patients(cohort: Path, capsys: pytest.CaptureFixture) -> None:
    files = []
    for workers in ("1", "2"):
        files.append(cohort.parent / f"{workers}.csv")
        assert main(call(cohort, "--workers", workers, "--csv", str(files[-1]))) == 0
    assert files[0].read_text() == files[1].read_text()
    rows = list(csv.DictReader(files[0].open()))
    ours = [row for row in rows if row["name"] == "ours" and row["region"] == "bone"]
    assert [row["patient"] for row in ours] == list(PATIENTS)
    linear = [row for row in rows if row["name"] == "linear" and row["region"] == "bone"]
    assert [float(row["psnr_db"]) for row in ours] == pytest.approx([float(row["psnr_db"]) for row in linear], abs=0.05)
    assert "| test | ours | bone | 2 |" in capsys.readouterr().out


def test_a_patient_that_cannot_be_measured_stops_no_other(cohort: Path, capsys: pytest.CaptureFixture) -> None:
    (cohort.parent / "linear" / "p2" / "thick.nrrd").unlink()
    path = cohort.parent / "all.json"
    assert main(call(cohort, "--json", str(path))) == 3
    assert "1 of 3 patients" in capsys.readouterr().err
    patients = {one["patient"]: one for one in json.loads(path.read_text())["patients"]}
    assert "run ctenhance cohort first" in patients["p2"]["reason"]
    assert patients["p1"]["record"]["rows"]
    assert patients["p3"]["record"]["rows"]


def test_one_scan_or_a_cohort_but_not_half_of_each(cohort: Path) -> None:
    assert main(["evaluate", "a=x.nrrd"]) == 2
    assert main(call(cohort, "--thick", "x.nrrd")) == 2
    assert main(call(cohort, "--workers", "0")) == 2
