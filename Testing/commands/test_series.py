"""Several series in a folder are listed and one is chosen; outputs appear all together or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from CTEnhanceLib.cli import main
from CTEnhanceLib.dicom import read_series
from CTEnhanceLib.dicom.folder.series import SeveralSeriesError
from CTEnhanceLib.files.abandoned import PREFIX
from full_disk import full_disk
from odd_series import SLICES, file_of, phantom, save, write_series
from stacks import random_stack_folder


def two_series(folder: Path) -> Path:
    """Number 4 with the phantom, number 5 with half of it 6 mm apart in a subfolder, a report beside them."""

    def other(dataset, index):
        dataset.SeriesInstanceUID, dataset.SeriesNumber, dataset.SeriesDescription = "2.25.5", 5, "Wrist 6.0"
        dataset.ConvolutionKernel, dataset.SliceThickness = "B30", 6
        dataset.ImagePositionPatient = [-10.5, -20.25, 100 + 6 * index]

    write_series(folder, phantom())
    write_series(folder / "more", phantom()[:6], other)
    return folder


def test_series_are_listed_with_what_tells_them_apart(tmp_path, capsys):
    folder = two_series(tmp_path / "disk")
    assert main(["series", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["4", "12", "3", "mm", "3", "mm", "B70", "Wrist", "3.0", "2.25.2"]
    assert lines[2].split() == ["5", "6", "6", "mm", "6", "mm", "B30", "Wrist", "6.0", "2.25.5"]
    assert main(["series", str(folder), "--json"]) == 0
    assert [one["number"] for one in json.loads(capsys.readouterr().out)] == ["4", "5"]


def test_the_one_that_is_wanted_is_read(tmp_path):
    folder = two_series(tmp_path / "disk")
    for wanted in ("4", " 4 ", "2.25.2"):
        assert (sitk.GetArrayFromImage(read_series(folder, wanted)) == phantom()).all()
    assert read_series(folder, "5").GetSize()[2] == 6
    with pytest.raises(SeveralSeriesError, match=r"2 CT series .number 4 'Wrist 3\.0', 12 slices of 3 mm every 3 mm"):
        read_series(folder)
    with pytest.raises(SeveralSeriesError, match="holds no CT series 6 but 2 other"):
        read_series(folder, "6")


def test_a_number_that_two_series_share_is_not_enough(tmp_path):
    folder = two_series(tmp_path / "disk")
    for index in range(6):
        import pydicom

        dataset = pydicom.dcmread(file_of(folder / "more", index))
        dataset.SeriesNumber = 4
        save(file_of(folder / "more", index), dataset)
    with pytest.raises(SeveralSeriesError, match="2 CT series of disk have the number 4"):
        read_series(folder, "4")
    assert read_series(folder, "2.25.5").GetSize()[2] == 6


def test_enhance_lists_the_series_and_takes_the_one_named(tmp_path, capsys):
    folder, model = two_series(tmp_path / "disk"), random_stack_folder(tmp_path / "model")
    arguments = ["enhance", str(folder), str(tmp_path / "out"), "--model", str(model), "--device", "cpu"]
    assert main(arguments) == 3
    captured = capsys.readouterr()
    assert "Wrist 6.0" in captured.out
    assert "--series" in captured.err
    assert main([*arguments, "--series", "5"]) == 0
    assert sitk.GetArrayFromImage(read_series(tmp_path / "out")).shape == (36, 96, 96)


def test_a_refusal_of_the_volume_names_the_input(tmp_path, capsys):
    image = sitk.GetImageFromArray(np.zeros((8, 40, 40), np.int16))
    image.SetSpacing((0.5, 0.5, 3.0))
    sitk.WriteImage(image, str(tmp_path / "empty one.nrrd"))
    assert main(["enhance", str(tmp_path / "empty one.nrrd"), str(tmp_path / "out.nrrd")]) == 3
    assert "empty one.nrrd: All voxels" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["thicken", "--thickness", "5"], ["selfcheck"]])
def test_other_commands_name_the_input_they_refuse_too(tmp_path, command, capsys):
    image = sitk.GetImageFromArray(np.zeros((3, 40, 40), np.int16))
    image.SetSpacing((0.5, 0.5, 3.0))
    sitk.WriteImage(image, str(tmp_path / "empty one.nrrd"))
    outputs = [str(tmp_path / "out.nrrd")] if command[0] == "thicken" else ["--page", str(tmp_path / "page.html")]
    assert main([command[0], str(tmp_path / "empty one.nrrd"), *outputs[-2:], *command[1:]]) in (2, 3)
    assert "empty one.nrrd" in capsys.readouterr().err


@pytest.mark.parametrize("inside", ["out", "more/out", "."])
def test_an_output_folder_inside_the_input_folder_is_refused(tmp_path, inside, capsys):
    folder = write_series(tmp_path / "disk", phantom())
    (folder / "more").mkdir()
    assert main(["enhance", str(folder), str(folder / inside)]) in (2, 6)
    assert "folder" in capsys.readouterr().err
    assert len(list(folder.rglob("*"))) == SLICES + 1


@pytest.mark.parametrize("name", ["out.nrrd", "out.nii.gz", "out.mha", "out"])
@pytest.mark.parametrize("room", [3000, 60_000])
def test_no_report_survives_a_volume_that_failed(tmp_path, name, room, capsys):
    source = write_series(tmp_path / "disk", phantom())
    model = random_stack_folder(tmp_path / "model")
    words = ["--report", str(tmp_path / "report.json"), "--model", str(model), "--device", "cpu"]
    with full_disk(room):
        code = main(["enhance", str(source), str(tmp_path / name), *words])
    error = capsys.readouterr().err
    if name == "out" and room == 60_000:  # each of its files is smaller
        assert code == 0
        return
    assert code == 6
    assert "Traceback" not in error
    assert error.count("\n") == 1
    assert PREFIX not in error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["disk", "model"]


@pytest.mark.parametrize("option", ["output", "--uncertainty", "--report"])
@pytest.mark.parametrize("full", [True, False])
def test_a_name_that_is_a_folder_is_refused_before_computing(tmp_path, option, full, capsys):
    source, taken = write_series(tmp_path / "disk", phantom()), tmp_path / "taken.nrrd"
    taken.mkdir()
    if full:
        (taken / "kept").write_text("1")
    words = [str(taken)] if option == "output" else [str(tmp_path / "thin.nrrd"), option, str(taken)]
    assert main(["enhance", str(source), *words, "--model", "none such"]) == 6
    assert "taken.nrrd is a folder; choose another name." in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.rglob("[!I]*")) == ["disk", *(["kept"] * full), "taken.nrrd"]


def test_a_preview_inside_the_input_folder_is_refused(tmp_path, capsys):
    folder = write_series(tmp_path / "disk", phantom())
    assert main(["enhance", str(folder), str(tmp_path / "o.nrrd"), "--preview", str(folder / "preview")]) == 2
    assert "inside the input folder" in capsys.readouterr().err
    assert len(list(folder.iterdir())) == SLICES


def test_names_of_any_length_are_refused_in_a_short_sentence(tmp_path, capsys):
    folder = write_series(tmp_path / "disk", phantom())
    for name, code in (("n" * 300 + ".nrrd", 2), ("o." + "x" * 240, 6)):
        assert main(["enhance", str(folder), str(tmp_path / name)]) == code
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert len(error) < 300
