"""What a reader gets must not tell which image is of which kind."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import SimpleITK as sitk

import CTEnhanceLib
from CTEnhanceLib.errors import InputRefusedError, UsageError
from CTEnhanceLib.evaluation.reading.blind import read_blinded, read_blinded_image, read_key, write_blinded
from CTEnhanceLib.evaluation.reading.common_grid import onto_one_grid
from CTEnhanceLib.evaluation.reading.plan import make_sets, reading_order
from CTEnhanceLib.evaluation.reading.study import default_questions
from reading_studies import KINDS, case_images, kind_of, planned, study_of

SCHEMAS = Path(CTEnhanceLib.__file__).parent / "schemas"
BETRAYING = (*KINDS, "patient", "CTEnhance.Model")


def schema(name):
    return json.loads((SCHEMAS / name).read_text())


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return planned(tmp_path_factory.mktemp("study"), study_of(repeats=1))


def test_study_and_key_follow_their_schemas(study):
    folder, key = study
    jsonschema.validate(read_blinded(folder)[0], schema("reading_blinded.schema.json"))
    jsonschema.validate(key, schema("reading_key.schema.json"))
    jsonschema.validate(study_of().to_json(), schema("reading_study.schema.json"))
    assert read_key(folder.parent / "key.json") == key


def test_no_file_of_the_readers_names_a_kind_or_a_case(study):
    folder, _ = study
    for path in folder.rglob("*"):
        assert not any(word in str(path.relative_to(folder)) for word in BETRAYING)
        if path.is_file():
            content = path.read_bytes() if path.suffix != ".nrrd" else path.read_bytes().partition(b"\n\n")[0]
            assert not any(f"{word}".encode() in content.replace(b": true", b"") for word in BETRAYING), path


def test_no_kind_can_be_told_from_size_spacing_place_range_or_file(study):
    folder, key = study
    facts = {}
    for image, kind in kind_of(key).items():
        path = folder / "images" / f"{image}.nrrd"
        found = sitk.ReadImage(str(path))
        values = sitk.GetArrayFromImage(found)
        assert values.min() >= -1024 and values.max() <= 3071
        grid = (found.GetSize(), found.GetSpacing(), found.GetOrigin(), found.GetDirection())
        file = (found.GetPixelID(), found.GetMetaDataKeys(), path.stat().st_size, path.stat().st_mtime)
        facts.setdefault(kind, set()).add((*grid, *file))
    assert set(facts) == set(KINDS)
    assert len({frozenset(fact) for fact in facts.values()}) == 1


def test_the_voxels_of_the_finest_kind_are_untouched_and_thick_ones_are_repeated(study):
    folder, key = study
    blinded, _ = read_blinded(folder)
    one = key["sets"][0]
    shown = {
        kind: sitk.GetArrayFromImage(read_blinded_image(folder, blinded, image))
        for image, kind in one["images"].items()
    }
    made = {kind: sitk.GetArrayFromImage(image) for kind, image in case_images(int(one["case"][-1])).items()}
    assert np.array_equal(shown["true"], made["true"])
    assert np.array_equal(shown["thick"], np.repeat(made["thick"], 3, axis=0))
    assert np.array_equal(shown["method2"], made["method2"][2:-1])


def test_linear_resampling_interpolates_between_thick_slices(tmp_path):
    folder, key = planned(tmp_path, study_of(1, resampling="linear"))
    blinded, _ = read_blinded(folder)
    assert "interpolated linearly" in blinded["note"]
    image = next(image for image, kind in key["sets"][0]["images"].items() if kind == "thick")
    values = sitk.GetArrayFromImage(read_blinded_image(folder, blinded, image)).astype(float)
    thick = sitk.GetArrayFromImage(case_images(0)["thick"]).astype(float)
    assert np.abs(values[2] - (2 * thick[0] + thick[1]) / 3).max() <= 0.51


def test_a_choice_has_images_of_its_own_and_shows_the_truth_beside(study):
    _, key = study
    for one in key["sets"]:
        if one["id"].startswith("P"):
            assert set(one["images"].values()) == {"method1", "method2"}
            assert list(one["reference"].values()) == ["true"]
    names = [image for one in key["sets"] for image in one["images"]]
    assert len(names) == len(set(names))


def test_each_reader_has_an_order_and_letters_of_their_own():
    study = study_of(11)
    sets = make_sets(study)
    first, second = (reading_order(study, sets, number) for number in (0, 1))
    assert [one["set"] for one in first] != [one["set"] for one in second]
    assert sorted(one["set"] for one in first) == sorted(one["set"] for one in second)
    assert {one["set"]: one["images"] for one in first} != {one["set"]: one["images"] for one in second}
    assert [one["set"][0] for one in first] == ["C"] * 11 + ["P"] * 11
    assert sets == make_sets(study)
    assert sets != make_sets(replace(study, seed=6))


def test_letters_say_nothing_about_kinds():
    """Over many sets each kind stands under each letter about equally often (50 of 200; 6.1 is one SD)."""
    study = study_of(200)
    sets = {one["id"]: one for one in make_sets(study)}
    counts = np.zeros((4, 4), int)
    for entry in reading_order(study, list(sets.values()), 0):
        if entry["set"].startswith("C"):
            for letter, image in enumerate(entry["images"]):
                counts[KINDS.index(sets[entry["set"]]["images"][image]), letter] += 1
    assert counts.min() > 25 and counts.max() < 75


def test_repetitions_stand_far_from_each_other():
    study = study_of(11, repeats=3)
    sets = make_sets(study)
    repeats = {one["id"]: one["repeat_of"] for one in sets if one["repeat_of"] and one["id"].startswith("C")}
    assert len(repeats) == 3
    order = [one["set"] for one in reading_order(study, sets, 0)]
    assert min(abs(order.index(again) - order.index(first)) for again, first in repeats.items()) >= 4


def test_an_image_that_was_changed_is_refused(study):
    folder, key = study
    blinded, _ = read_blinded(folder)
    image = next(iter(key["sets"][0]["images"]))
    path = folder / "images" / f"{image}.nrrd"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(InputRefusedError, match="not the image that was planned"):
        read_blinded_image(folder, blinded, image)
    path.write_bytes(content)


def test_the_key_must_lie_elsewhere_and_a_study_is_not_overwritten(tmp_path):
    with pytest.raises(UsageError, match="among what the readers get"):
        write_blinded(study_of(), tmp_path / "r", tmp_path / "r" / "key.json", lambda case, kind: None)
    planned(tmp_path, study_of(1))
    with pytest.raises(UsageError, match="holds a study already"):
        planned(tmp_path, study_of(1))


def test_images_that_do_not_belong_together_are_refused():
    images = case_images(0)
    images["thick"].SetOrigin((500.0, 0.0, 0.0))
    with pytest.raises(InputRefusedError, match="no common part"):
        onto_one_grid(images, "nearest")
    images["thick"].SetDirection((0.8, -0.6, 0, 0.6, 0.8, 0, 0, 0, 1))
    with pytest.raises(InputRefusedError, match="'thick' is turned"):
        onto_one_grid(images, "nearest")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kinds": ("true",)}, "two or more different kinds"),
        ({"readers": ("a/b",)}, "'a/b' cannot name a reader"),
        ({"readers": ("A", "A")}, "own"),
        ({"views": ("top",)}, "views axial"),
        ({"resampling": "cubic"}, "not 'cubic'"),
        ({"repeats": 9}, "cannot be shown twice"),
        ({"questions": ()}, "needs questions"),
        ({"questions": default_questions(KINDS, [("true", "best")])}, "choose between two"),
    ],
)
def test_a_study_that_does_not_fit_together_is_refused(changes, message):
    with pytest.raises(UsageError, match=message):
        study_of(**changes)
