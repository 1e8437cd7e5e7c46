"""The fracture study: what is cut is what is read, wide gaps are seen, hairlines between slices are bridged."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from bone_volumes import as_image
from CTEnhanceLib.cli import main
from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.evaluation.baselines import baseline_volume
from CTEnhanceLib.evaluation.fractures.cuts import cut_gap, cut_step
from CTEnhanceLib.evaluation.fractures.invented import cortex_area, invented_gaps
from CTEnhanceLib.evaluation.fractures.places import Place, gap_places, step_places, surface_lines
from CTEnhanceLib.evaluation.fractures.probes import read_gap, read_step
from CTEnhanceLib.evaluation.fractures.record import invented_sentence, record, sentences
from CTEnhanceLib.evaluation.fractures.study import REFERENCE, Design, joined, run_study
from CTEnhanceLib.evaluation.fractures.summary import BETWEEN_SLICES, cell, threshold
from CTEnhanceLib.evaluation.fractures.tables import markdown
from interpolated_volumes import interpolated

ONE = (1.0, 1.0, 1.0)
UP = np.array([1.0, 0, 0])
SIDE = np.array([0, 1.0, 0])


def solid_bone(size: int = 48) -> np.ndarray:
    """A ball of bone in soft tissue, a little grainy, HU."""
    z, y, x = np.indices((size, size, size)) - (size - 1) / 2
    slices = np.where(np.sqrt(z**2 + y**2 + x**2) < 0.42 * size, 900.0, 40.0)
    noise = np.random.default_rng(0).normal(0, 15, slices.shape)
    return (ndimage.gaussian_filter(slices, 0.5) + noise).astype(np.float32)


def place_at(centre: tuple[float, float, float], normal: np.ndarray, across: np.ndarray) -> Place:
    along = np.cross(normal, across)
    return Place(
        np.array(centre), normal, across, np.array([a * across + b * along for a in (-1, 0, 1) for b in (-1, 0, 1)])
    )


@pytest.mark.parametrize("width", [1.5, 2.0, 3.0])
@pytest.mark.parametrize("normal", [UP, SIDE])
def test_a_gap_is_read_as_wide_as_it_was_cut(width: float, normal: np.ndarray) -> None:
    slices, place = solid_bone(), place_at((23.3, 23.7, 23.1), normal, np.array([0, 0, 1.0]))
    assert abs(read_gap(slices, ONE, place).contrast) < 40
    cut_gap(slices, ONE, place, width)
    seen = read_gap(slices, ONE, place)
    assert seen.contrast > 400
    assert seen.width == pytest.approx(width, abs=0.6)


def test_a_narrow_gap_darkens_a_voxel_by_its_share() -> None:
    slices = np.full((30, 30, 30), 1000.0, np.float32)
    cut_gap(slices, ONE, place_at((15, 15, 15), UP, SIDE), 0.3)
    assert (1000 - slices[:, 15, 15]).sum() == pytest.approx(0.3 * 950, rel=0.02)
    assert slices[15, 15, 26] == 1000, "a cut ends a few mm from its centre"


@pytest.mark.parametrize("height", [1.0, 2.0])
def test_a_step_is_read_as_high_as_it_was_made(height: float) -> None:
    slices = np.full((40, 40, 40), 40.0, np.float32)
    slices[:20] = 900
    slices = ndimage.gaussian_filter(slices, 0.7)
    place = Place(np.array([19.5, 20, 20]), SIDE, UP, surface_lines(SIDE, UP))
    assert read_step(slices, ONE, place) == pytest.approx(0, abs=0.05)
    cut_step(slices, ONE, place, height)
    assert read_step(slices, ONE, place) == pytest.approx(height, abs=0.25)


def test_places_lie_in_bone_at_their_angles_and_apart() -> None:
    slices = solid_bone(64)
    found = gap_places(slices, ONE, (0.0, 90.0), 8, np.random.default_rng(0))
    assert len(found) >= 2
    for place, angle in found:
        assert np.degrees(np.arccos(np.clip(abs(place.normal[0]), 0, 1))) == pytest.approx(angle, abs=1e-3)
        assert slices[tuple(np.rint(place.centre).astype(int))] > 300
    steps = step_places(slices, ONE, 3, np.random.default_rng(0), taken=found)
    centres = np.array([place.centre for place, _ in [*found, *steps]])
    distances = np.linalg.norm(centres[:, None] - centres[None], axis=-1)
    assert distances[~np.eye(len(centres), dtype=bool)].min() >= 15


def test_an_invented_gap_is_counted_and_a_true_one_is_not() -> None:
    slices = np.full((30, 24, 24), 900.0, np.float32)
    shown = slices.copy()
    shown[15, 8:14, 8:14] = 100
    assert invented_gaps(shown, slices, ONE, 3.0) == 1
    assert invented_gaps(shown, shown, ONE, 3.0) == 0


def test_the_area_of_a_ball_is_that_of_its_surface() -> None:
    ball = solid_bone(64)
    assert cortex_area(ball, ONE) == pytest.approx(4 * np.pi * (0.42 * 64) ** 2 / 100, rel=0.1)


@pytest.fixture(scope="module")
def study():
    methods = {"cubic": lambda thick, profile, spacing: baseline_volume(thick, "cubic", spacing, profile)}
    design = Design(SliceProfile("box", 3.0), copies=7, gaps=8, steps=4, axes=(0, 2))
    return run_study({"ball": as_image(solid_bone(60), pixel=1.0)}, methods, design, lambda *_: None)


def test_the_axis_that_is_to_be_the_slice_axis_need_not_be_the_coarsest() -> None:
    design = Design(SliceProfile("box", 3.0), copies=1, gaps=4, steps=2, axes=(1,))
    methods = {"cubic": lambda thick, profile, spacing: baseline_volume(thick, "cubic", spacing, profile)}
    image = as_image(solid_bone(48), spacing=1.2, pixel=0.75)
    found = run_study({"ball": image}, methods, design, lambda *_: None)
    assert {reading.method for reading in found.readings} == {REFERENCE, "cubic"}


def test_wide_gaps_are_seen_and_some_hairlines_between_slices_are_bridged(study) -> None:
    wide, hair = (cell(study, "cubic", "gap", size, BETWEEN_SLICES) for size in (3.0, 0.3))
    assert wide is not None and hair is not None
    assert wide.seen == 1.0 and wide.bridged == 0.0
    assert hair.bridged > wide.bridged
    true = cell(study, REFERENCE, "gap", 1.0, BETWEEN_SLICES)
    assert true is not None and true.seen == 1.0


def test_five_of_a_hundred_intact_places_exceed_the_threshold(study) -> None:
    limit = threshold(study, "cubic", "gap")
    intact = [r.signal for r in study.readings if r.method == "cubic" and r.kind == "gap" and r.size == 0]
    assert np.mean(np.array(intact) > limit) == pytest.approx(0.05, abs=0.02)


def test_the_tables_and_the_sentence_come_from_the_readings(study) -> None:
    figures = record(study)
    (sentence,) = sentences(figures, ["cubic"], widths=(3.0,))
    assert sentence == "A gap of 3 mm lying between slices is seen in 100 of 100 with cubic."
    assert invented_sentence(figures, ["cubic"]).endswith("of intact bone surface gaps were invented: 0 with cubic.")
    text = markdown(figures)
    assert "cm2 of bone surface" in text and "| cubic |" in text


def test_two_volumes_count_together(study) -> None:
    both = joined([study, study])
    once, twice = (cell(one, "cubic", "gap", 2.0) for one in (study, both))
    assert once is not None and twice is not None
    assert (twice.count, twice.seen, both.area_cm2) == (2 * once.count, once.seen, 2 * study.area_cm2)


def test_a_study_on_interpolated_slices_is_refused(tmp_path, capsys) -> None:
    path = tmp_path / "between.nrrd"
    sitk.WriteImage(as_image(interpolated(solid_bone(24), 2), pixel=1.0), str(path))
    assert main(["fractures", str(path)]) == 3
    said = capsys.readouterr().err
    assert "between.nrrd: Slices 2 to 46 (counted from 1) are interpolated" in said
