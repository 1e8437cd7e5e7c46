from __future__ import annotations

import json

import numpy as np
import pytest
import SimpleITK as sitk
import slicer
from skimage.io import imread

import stacks
from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.scene.headless import demo
from CTEnhanceLib.scene.headless.picture import with_heading
from CTEnhanceLib.scene.output import INPUT_REFERENCE
from CTEnhanceLib.scene.provenance import is_computed
from scene.saved_scenes import reading_bundles

from ..conftest import oblique_tube


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The demo on a small volume with known truth."""
    from CTEnhanceLib.ct.thicken import thicken

    folder = tmp_path_factory.mktemp("demo") / "results"
    truth = oblique_tube((0.8, 0.8, 1.0))
    case = demo.Case("tube", thicken(truth, 3.0), truth, "A tube", SliceProfile("box", 3.0), None)
    report = demo.run(case, folder, stacks.offset_stack(0.0))
    return folder, report


def test_the_demo_leaves_both_volumes_scene_picture_and_report(results):
    folder, _ = results
    names = {path.name for path in folder.iterdir()}
    assert names == {"thick.nrrd", "enhanced.nrrd", "scene.mrb", "comparison.png", "report.json"}
    thick, thin = (sitk.ReadImage(str(folder / name)) for name in ("thick.nrrd", "enhanced.nrrd"))
    assert (thick.GetSpacing()[2], thin.GetSpacing()[2]) == (3.0, 1.0)
    assert thin.GetPixelID() == sitk.sitkInt16


def test_the_report_carries_metrics_where_the_truth_is_known(results):
    folder, report = results
    written = json.loads((folder / "report.json").read_text())
    assert written == json.loads(json.dumps(report))
    rows = {row["name"]: row["regions"]["bone"]["psnr_db"] for row in written["metrics"]["rows"]}
    assert set(rows) == {"repeat", "linear", "cubic", "cubic + back-projection", "computed"}
    assert rows["computed"] > rows["repeat"]


def test_the_picture_shows_slices_and_bone_on_both_sides(results):
    picture = imread(results[0] / "comparison.png").astype(int)
    rows, columns, _ = picture.shape
    assert columns == demo.SIZE[0] and rows > demo.SIZE[1]
    warm = picture[..., 0] - picture[..., 2] > 25
    lower = warm[-demo.SIZE[1] // 2 :]
    quarter = columns // 4
    assert lower[:, quarter : 2 * quarter].mean() > 0.02
    assert lower[:, 3 * quarter :].mean() > 0.02
    left, right = picture[-demo.SIZE[1] :, : columns // 2 - 6], picture[-demo.SIZE[1] :, -(columns // 2 - 6) :]
    assert np.abs(left - right).max() > 50


def test_the_saved_scene_opens_with_both_volumes_linked(results):
    scene = slicer.vtkMRMLScene()
    with reading_bundles(scene):
        assert scene.ReadFromMRB(str(results[0] / "scene.mrb"))
    computed = scene.GetFirstNodeByName("tube [1 mm computed]")
    assert is_computed(computed)
    assert computed.GetNodeReference(INPUT_REFERENCE).GetName() == "tube"


def test_an_input_that_is_not_there_ends_with_one_sentence(tmp_path, capsys):
    assert demo.main(["--input", str(tmp_path / "missing.nrrd"), "--out", str(tmp_path)]) == 3
    assert "missing.nrrd does not exist" in capsys.readouterr().err


def test_real_thick_slices_are_shown_too(data_dir, tmp_path):
    path = data_dir / "real_thick" / "sts_028_3p27mm.nrrd"
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    report = demo.run(demo.file_case(path), tmp_path / "real", stacks.offset_stack(0.0))
    assert "metrics" not in report
    picture = imread(tmp_path / "real" / "comparison.png").astype(int)
    assert (picture[..., 0] - picture[..., 2] > 25).mean() > 0.01


def test_a_heading_that_is_too_long_goes_on_below_and_is_not_cut_off():
    picture, words = np.zeros((40, 620, 3), np.uint8), "3 mm to 1 mm slices · computed from 3 measured series"
    short = with_heading(picture, "A tube", [words])
    long = with_heading(picture, "A tube", [f"{words} · {words} · {words} · {words}"])
    assert long.shape[0] > short.shape[0]
    heading = long[: -len(picture)].max(axis=2)
    assert heading[:, -18:].max() == heading[0, 0]
