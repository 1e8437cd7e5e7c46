"""A DICOM study of several thick series: chosen, fused, and written as derived from all of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from bone_volumes import as_image, bone_slices
from CTEnhanceLib.cli import main
from stacks import random_stack_folder
from studies import measure


@pytest.fixture(scope="module")
def thin() -> sitk.Image:
    return as_image(bone_slices(36, 40, seed=3, noise=4.0), spacing=1.0, pixel=1.0)


@pytest.fixture
def study(tmp_path: Path, thin: sitk.Image, make_slice: Callable[..., Any], save_slice: Callable[..., None]) -> Path:
    """Axial, coronal and sagittal series of one frame of reference, and a thin and a foreign one beside them."""
    folder = tmp_path / "study"
    folder.mkdir()
    for number, plane in enumerate(("axial", "coronal", "sagittal"), start=2):
        write_series(folder, measure(thin, plane), number, plane, make_slice, save_slice)
    write_series(folder, measure(thin, "coronal"), 7, "coronal", make_slice, save_slice, frame="2.25.99")
    return folder


def write_series(
    folder: Path,
    image: sitk.Image,
    number: int,
    plane: str,
    make_slice: Callable[..., Any],
    save_slice: Callable[..., None],
    frame: str = "2.25.3",
) -> None:
    direction = np.reshape(image.GetDirection(), (3, 3))
    for index, values in enumerate(sitk.GetArrayFromImage(image)):
        dataset = make_slice(index)
        dataset.SeriesInstanceUID, dataset.FrameOfReferenceUID = f"2.25.2{number}", frame
        dataset.SeriesNumber, dataset.SeriesDescription = number, f"Handgelenk {plane} 3.0"
        dataset.PixelSpacing = [image.GetSpacing()[1], image.GetSpacing()[0]]
        dataset.ImageOrientationPatient = [float(c) for c in (*direction[:, 0], *direction[:, 1])]
        dataset.ImagePositionPatient = [float(c) for c in image.TransformIndexToPhysicalPoint((0, 0, index))]
        dataset.Rows, dataset.Columns = values.shape
        dataset.PixelData = (np.clip(values, -1024, 3071) + 1024).astype("<u2").tobytes()
        save_slice(folder / f"{plane}{number}-{index:03d}.dcm", dataset)


def test_all_thick_series_of_a_study_become_one_volume_derived_from_all(study: Path, tmp_path: Path) -> None:
    model = random_stack_folder(tmp_path / "models" / "tiny")
    output, report = tmp_path / "thin", tmp_path / "report.json"
    words = ["enhance", str(study), str(output), "--series", "all", "--model", str(model), "--device", "cpu"]
    assert main([*words, "--report", str(report)]) == 0
    told = json.loads(report.read_text(encoding="utf-8"))
    assert told["measured_series"] == 3
    assert {series["plane"] for series in told["further_series"]} == {"coronal", "sagittal"}
    files = sorted(output.glob("*.dcm"))
    middle = pydicom.dcmread(files[len(files) // 2])
    assert "3 measured series" in middle.DerivationDescription
    named = {item.SeriesInstanceUID for item in middle.ReferencedSeriesSequence}
    assert named == {"2.25.22", "2.25.23", "2.25.24"}
    sources = {item.ReferencedSOPInstanceUID for item in middle.SourceImageSequence}
    for plane in ("axial2", "coronal3", "sagittal4"):
        slices = {pydicom.dcmread(path).SOPInstanceUID for path in study.glob(f"{plane}-*.dcm")}
        assert sources & slices, plane


def test_a_further_series_is_named_by_its_number(study: Path, tmp_path: Path) -> None:
    model = random_stack_folder(tmp_path / "models" / "tiny")
    output, report = tmp_path / "thin.nrrd", tmp_path / "report.json"
    words = ["enhance", str(study), str(output), "--series", "2", "--also", "3", "--also", "7", "--model", str(model)]
    assert main([*words, "--report", str(report)]) == 0
    coronal, foreign = json.loads(report.read_text(encoding="utf-8"))["further_series"]
    assert coronal["used"] and not foreign["used"]
    assert "frame of reference" in foreign["reason"]


def test_a_series_that_is_not_there_is_refused(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["enhance", str(study), str(tmp_path / "a.nrrd"), "--series", "2", "--also", "12"]) == 3
    assert "12" in capsys.readouterr().err
