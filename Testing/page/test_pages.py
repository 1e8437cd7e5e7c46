"""Pages to keep: self-contained, without the patient, true to the report; and the self check from the command line."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from bone_volumes import as_image, bone_slices
from CTEnhanceLib import enhance, load_stack
from CTEnhanceLib.cli import main
from CTEnhanceLib.ct.thicken import thicken
from CTEnhanceLib.page.html import line_plot, table
from CTEnhanceLib.page.png import data_uri, heat
from CTEnhanceLib.page.report_page import report_page
from interpolated_volumes import interpolated
from stacks import random_stack_folder, with_uncertainty


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_uncertainty(random_stack_folder(tmp_path_factory.mktemp("models") / "tiny"), scale=(2.0,))


@pytest.fixture(scope="module")
def thin() -> sitk.Image:
    return as_image(bone_slices(48, 48))


@pytest.fixture
def thick(thin: sitk.Image) -> sitk.Image:
    image = thicken(thin, 3.0)
    image.SetMetaData("0010|0010", "Doe^Jane")
    return image


def pictures_of(page: str) -> list[np.ndarray]:
    return [base64.b64decode(found) for found in re.findall(r"data:image/png;base64,([^\"]+)", page)]


def read_png(raw: bytes, folder: Path) -> np.ndarray:
    (folder / "picture.png").write_bytes(raw)
    return sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "picture.png")))


def test_a_picture_on_a_page_is_a_png_of_the_same_pixels(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (7, 5, 3)).astype(np.uint8)
    assert np.array_equal(read_png(base64.b64decode(data_uri(picture).split(",")[1]), tmp_path), picture)


def test_heat_is_clear_at_nothing_and_red_when_full() -> None:
    shown = heat(np.array([[0.0, 200.0, 900.0]]), np.full((1, 3, 3), 100, np.uint8), 200.0)
    assert shown[0, 0].tolist() == [100, 100, 100]
    assert shown[0, 1].tolist() == shown[0, 2].tolist()
    assert shown[0, 1, 0] > 200 > shown[0, 1, 1]


def test_the_report_page_holds_the_figures_and_four_pictures_and_needs_nothing_else(
    thick: sitk.Image, model: Path, tmp_path: Path
) -> None:
    result = enhance(thick, load_stack(model), thickness=2.8)
    page = report_page(result.report, thick, result.volume, result.uncertainty)
    assert len(pictures_of(page)) == 4
    assert read_png(pictures_of(page)[0], tmp_path).size > 1000
    assert "not for diagnosis" in page
    assert "2.8 mm (stated by the user)" in page
    assert f"{result.report['consistency']['after']:.2f} HU RMSE" in page
    assert f"median {result.report['uncertainty']['median_in_bone_hu']:g} HU" in page
    assert result.report["model"]["sha256"][:16] in page
    assert not re.search(r"(src|href)=\"(?!data:)|https?:|<script", page)
    assert "Doe" not in page


def test_the_report_page_names_the_input_only_when_it_is_told_to(thick: sitk.Image, model: Path) -> None:
    result = enhance(thick, load_stack(model), uncertainty=False)
    page = report_page(result.report, thick, result.volume, None, "wrist <7>")
    assert "wrist &lt;7&gt;" in page
    assert "not computed" in page
    assert "measured: the nearest slice" in page


def test_words_from_outside_stay_words() -> None:
    assert "&lt;b&gt;" in table(["<b>"], [["<i>", "1"]])
    assert "<b>" not in table(["<b>"], [["<i>", "1"]])


def test_a_plot_leaves_a_gap_where_there_is_no_figure() -> None:
    plot = line_plot(np.arange(5.0), {"computed": np.array([1, 2, np.nan, 3, 4])}, "mm", "dB")
    assert plot.count("<polyline") == 2


def test_enhance_writes_the_report_as_a_page(thick: sitk.Image, model: Path, tmp_path: Path) -> None:
    sitk.WriteImage(thick, str(tmp_path / "thick.nrrd"))
    words = [str(tmp_path / "thick.nrrd"), str(tmp_path / "o.nrrd"), "--model", str(model)]
    assert main(["enhance", *words, "--report", str(tmp_path / "page.html")]) == 0
    assert "uncertainty in bone" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_thin_scan_is_tested_against_itself(
    thin: sitk.Image, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    sitk.WriteImage(thin, str(tmp_path / "thin.nrrd"))
    words = [str(tmp_path / "thin.nrrd"), "--model", str(model), "--page", str(tmp_path / "check.html")]
    assert main(["selfcheck", *words]) == 0
    said, page = capsys.readouterr().out, (tmp_path / "check.html").read_text(encoding="utf-8")
    gain = re.search(r"are ([\d.]+) dB (worse|better) than cubic \+ back-projection", said)
    assert gain is not None
    assert gain.group(0) in page
    assert len(pictures_of(page)) == 5
    assert page.count("<polyline") >= 3
    assert "of 100 bone voxels" in page


def test_a_scan_that_is_too_thick_for_the_check_is_refused(
    thick: sitk.Image, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    sitk.WriteImage(thick, str(tmp_path / "thick.nrrd"))
    words = [str(tmp_path / "thick.nrrd"), "--model", str(model), "--page", str(tmp_path / "c.html"), "--thickness"]
    assert main(["selfcheck", *words, "2"]) == 3
    assert "thin-slice volume" in capsys.readouterr().err


def test_a_scan_of_interpolated_slices_is_refused_before_anything_is_computed(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    sitk.WriteImage(as_image(interpolated(bone_slices(16, 48), 3)), str(tmp_path / "thin.nrrd"))
    words = [str(tmp_path / "thin.nrrd"), "--page", str(tmp_path / "c.html"), "--model", "none such"]
    assert main(["selfcheck", *words]) == 3
    said = capsys.readouterr().err
    assert "Slices 2 to 45 (counted from 1) are interpolated" in said
    assert "A test needs 27 measured slices beside each other" in said


def test_a_scan_is_checked_where_it_was_measured(model: Path, tmp_path: Path) -> None:
    measured = bone_slices(48, 48)
    slices = np.concatenate([interpolated(measured[:7], 3), measured[7:]])
    sitk.WriteImage(as_image(slices), str(tmp_path / "thin.nrrd"))
    words = [str(tmp_path / "thin.nrrd"), "--model", str(model), "--page", str(tmp_path / "check.html")]
    assert main(["selfcheck", *words]) == 0
    page = (tmp_path / "check.html").read_text(encoding="utf-8")
    assert "Slices 2 to 18 (counted from 1) are interpolated" in page
    assert "Slices 19 to 60 were tested." in page
    assert "48 x 48 x 42 voxels" in page
