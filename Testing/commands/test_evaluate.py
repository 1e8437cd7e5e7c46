from __future__ import annotations

import csv
import importlib.util
import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import SimpleITK as sitk
from matplotlib.image import imread

import CTEnhanceLib
from bone_volumes import as_image, bone_slices
from CTEnhanceLib.cli import main
from CTEnhanceLib.ct.thicken import thicken
from CTEnhanceLib.evaluation.baselines import BASELINES, YARDSTICK, baseline_volume
from CTEnhanceLib.evaluation.difference_pictures import difference_picture, show_difference
from CTEnhanceLib.evaluation.evaluate import evaluate as run_evaluate
from CTEnhanceLib.evaluation.plots import new_figure
from interpolated_volumes import interpolated

SCHEMA = Path(CTEnhanceLib.__file__).parent / "schemas" / "metrics.schema.json"


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """Reference of 61 slices, its thick volume of 20, two candidates of 60: a good one and one shifted in HU."""
    folder = tmp_path_factory.mktemp("Auswertung 手")
    reference = as_image(bone_slices(61))
    thick = thicken(reference, 3.0)
    interpolated = baseline_volume(thick, YARDSTICK)
    truth = sitk.Cast(reference[:, :, :60], sitk.sitkFloat32)
    good = sitk.Cast((interpolated + truth) * 0.5, sitk.sitkInt16)
    for name, image in (
        ("reference", reference),
        ("thick", thick),
        ("good", good),
        ("shifted", sitk.Cast(interpolated + 40.0, sitk.sitkInt16)),
        ("flipped", sitk.Flip(good, [False, True, True])),
    ):
        sitk.WriteImage(image, str(folder / f"{name}.nrrd"))
    return folder


def evaluate(work, *words):
    return main(
        ["evaluate", "--reference", f"{work}/reference.nrrd", "--thick", f"{work}/thick.nrrd", *map(str, words)]
    )


def figures(work, tmp_path, *words):
    assert evaluate(work, *words, "--json", tmp_path / "m.json") == 0
    record = json.loads((tmp_path / "m.json").read_text())
    jsonschema.validate(record, json.loads(SCHEMA.read_text()))
    return record, {row["name"]: row for row in record["rows"]}


def test_the_tables_hold_the_baselines_and_every_candidate(work, tmp_path, capsys):
    record, rows = figures(work, tmp_path, f"good={work}/good.nrrd", f"moved={work}/shifted.nrrd", "--profile", "box")
    assert list(rows) == [*BASELINES, "good", "moved"]
    printed = capsys.readouterr().out
    assert all(f"| {name} " in printed for name in rows)
    assert "not for diagnosis" in printed
    assert record["grid"]["slices_compared"] == 60
    assert record["grid"]["slices_counted"] == 42
    assert record["notes"] == []


def test_half_the_error_is_six_db(work, tmp_path):
    _, rows = figures(work, tmp_path, f"good={work}/good.nrrd", "--profile", "box", "--fwhm", 3)
    for region in ("whole", "body", "bone"):
        assert rows["good"]["regions"][region]["gain_db"] == pytest.approx(6.02, abs=0.1)
        assert rows[YARDSTICK]["regions"][region]["gain_db"] == 0
    assert rows["good"]["high_frequency"]["coherence"] > rows[YARDSTICK]["high_frequency"]["coherence"]
    assert rows["good"]["edge_width_mm"] < rows["cubic"]["edge_width_mm"]
    assert rows["cubic"]["slice_axis_energy"] < 0.8


def test_a_shift_of_hu_shows_as_bias_and_as_inconsistency(work, tmp_path):
    _, rows = figures(work, tmp_path, f"moved={work}/shifted.nrrd", "--profile", "box")
    difference = rows["moved"]["bone"]["bias_hu"] - rows[YARDSTICK]["bone"]["bias_hu"]
    assert difference == pytest.approx(40, abs=1)
    assert rows["moved"]["consistency_hu"] == pytest.approx(40, abs=1)
    assert rows[YARDSTICK]["consistency_hu"] < 0.1


def test_a_candidate_written_with_other_axes_gets_the_same_figures(work, tmp_path):
    _, rows = figures(work, tmp_path, f"a={work}/good.nrrd", f"b={work}/flipped.nrrd")
    assert rows["a"]["regions"] == rows["b"]["regions"]


def test_a_profile_that_was_only_assumed_is_said(work, tmp_path):
    record, _ = figures(work, tmp_path, f"good={work}/good.nrrd")
    assert "a box of 3 mm was assumed" in record["notes"][0]
    assert record["acquisition"]["profile_shape"] == {"value": "box", "source": "interval"}


@pytest.mark.parametrize("turned", [False, True])
def test_a_reference_of_interpolated_slices_is_said(work, tmp_path, capsys, turned):
    reference = as_image(interpolated(bone_slices(21), 3))
    if turned:
        reference = sitk.PermuteAxes(reference, [2, 0, 1])
    sitk.WriteImage(reference, str(tmp_path / "between.nrrd"))
    words = ["--thick", f"{work}/thick.nrrd", f"good={work}/good.nrrd", "--json", str(tmp_path / "m.json")]
    assert main(["evaluate", "--reference", str(tmp_path / "between.nrrd"), *words, "--profile", "box"]) == 0
    (note,) = json.loads((tmp_path / "m.json").read_text())["notes"]
    assert "Slices 2 to 60 (counted from 1) are interpolated: only every third one was measured" in note
    assert note in capsys.readouterr().out


def test_the_csv_has_a_line_for_each_volume_region_and_counted_slice(work, tmp_path):
    assert evaluate(work, f"good={work}/good.nrrd", "--csv", tmp_path / "s.csv") == 0
    with (tmp_path / "s.csv").open() as stream:
        lines = list(csv.DictReader(stream))
    assert len(lines) == 5 * 3 * 42
    assert {line["slice"] for line in lines} == {str(n) for n in range(9, 51)}


def test_pictures_are_written_and_the_difference_is_red_where_the_thick_slice_is_brighter(work, tmp_path):
    assert evaluate(work, f"good={work}/good.nrrd", "--plots", tmp_path / "plots") == 0
    names = {path.name for path in (tmp_path / "plots").iterdir()}
    assert names == {
        "psnr_per_slice.png", "bone_histogram.png", "spectrum.png", "difference_good.png", "marked_good.png"
    }  # fmt: skip
    red, green, blue = (imread(tmp_path / "plots" / "difference_good.png")[..., c] for c in range(3))
    assert ((red > 0.9) & (green < 0.3) & (blue < 0.3)).sum() > 100
    assert ((blue > 0.9) & (green < 0.3) & (red < 0.3)).sum() > 100


def test_the_difference_picture_shows_thick_minus_thin():
    reference = as_image(bone_slices(36, 32))
    thick = thicken(reference, 3.0)
    brighter = sitk.Cast(baseline_volume(thick, "repeat") + 200.0, sitk.sitkInt16)
    axes = difference_picture(run_evaluate(reference, thick, {"brighter": brighter}, profile="box"), "brighter").axes
    of_reference, of_candidate = (np.asarray(axes[5 * 2 + column].images[0].get_array()) for column in (2, 4))
    np.testing.assert_allclose(of_candidate, -200, atol=1)
    thick_slice, thin_slice = (np.asarray(axes[5 * 2 + column].images[0].get_array()) for column in (0, 1))
    np.testing.assert_allclose(of_reference, thick_slice - thin_slice, atol=0.01)


def test_the_sign_of_the_difference_colours():
    axis = new_figure(2, 2).subplots()
    drawn = show_difference(axis, np.array([[500.0, 0.0, -500.0]]))
    colours = drawn.cmap(drawn.norm(drawn.get_array()))[0, :, :3]
    np.testing.assert_allclose(colours, [[1, 0, 0], [1, 1, 1], [0, 0, 1]], atol=0.01)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["good.nrrd"], 2, "is not NAME=CANDIDATE"),
        (["a=good.nrrd", "a=good.nrrd"], 2, "given twice"),
        (["a=nowhere.nrrd"], 3, "does not exist"),
        (["cubic=good.nrrd"], 3, "name of a baseline"),
        (["a=small.nrrd"], 3, "same in-plane grid"),
        (["a=good.nrrd", "--fwhm", "-1"], 2, "-1"),
        (["a=good.nrrd", "--json", "/nowhere/m.json"], 6, "/nowhere"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence_and_an_exit_code(work, capsys, monkeypatch, words, code, message):
    monkeypatch.chdir(work)
    small = sitk.ReadImage("good.nrrd")[:-1]
    sitk.WriteImage(small, "small.nrrd")
    assert evaluate(work, *words) == code
    error = capsys.readouterr().err.strip()
    assert message in error
    assert error.count("\n") == 0


@pytest.mark.parametrize(
    ("words", "package"),
    [
        (["evaluate", "--reference", "r.nrrd", "--thick", "t.nrrd", "--plots", "p", "a=good.nrrd"], "matplotlib"),
        (["reading", "score", ".", "--key", "key.json", "--plots", "p"], "matplotlib"),
    ],
)
def test_a_missing_package_is_named_with_the_way_to_get_it(capsys, monkeypatch, words, package):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == package else find(name, *rest))
    assert main(words) == 2
    assert (
        f"needs the package {package}: install it with pip install 'CTEnhance[evaluation]'" in capsys.readouterr().err
    )


def test_a_reference_without_bone_gives_dashes_and_nulls(tmp_path, capsys):
    soft = as_image(np.random.default_rng(0).normal(40, 10, (36, 24, 24)))
    sitk.WriteImage(soft, str(tmp_path / "reference.nrrd"))
    sitk.WriteImage(thicken(soft, 3.0), str(tmp_path / "thick.nrrd"))
    record, rows = figures(tmp_path, tmp_path, f"same={tmp_path}/reference.nrrd", "--plots", tmp_path / "p")
    assert rows["same"]["bone"] is None
    assert rows["same"]["regions"]["bone"]["psnr_db"] is None
    assert rows["same"]["regions"]["whole"]["psnr_db"] is None
    assert rows["same"]["regions"]["whole"]["mse"] == 0
    assert record["reference"]["edge_width_mm"] is None
    assert "nan" not in capsys.readouterr().out


def test_an_output_that_is_an_input_or_the_other_output_is_refused_and_nothing_is_lost(work, tmp_path, capsys):
    before = (work / "good.nrrd").read_bytes()
    for words in (
        ("--json", work / "good.nrrd"),
        ("--csv", work / "thick.nrrd"),
        ("--json", work / "." / "reference.nrrd"),
        ("--json", tmp_path / "figures", "--csv", tmp_path / "figures"),
    ):
        assert evaluate(work, f"good={work}/good.nrrd", *words) == 2
        assert "are the same file" in capsys.readouterr().err
    assert (work / "good.nrrd").read_bytes() == before
    assert list(tmp_path.iterdir()) == []
