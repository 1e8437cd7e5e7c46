"""Slices that were interpolated are found, whatever the kernel; measured ones are left alone, however smooth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from bone_volumes import as_image, bone_slices
from CTEnhanceLib.ct.geometry import from_slices, to_slices
from CTEnhanceLib.ct.interpolated_slices.runs import InterpolatedRun, find_interpolated
from CTEnhanceLib.ct.interpolated_slices.sentence import sentence
from CTEnhanceLib.ct.interpolated_slices.volumes import interpolated_in
from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.ct.thicken import thicken
from CTEnhanceLib.evaluation.baselines import baseline_volume
from interpolated_volumes import interpolated

MEASURED = np.rint(bone_slices(28)).astype(np.int16)


@pytest.mark.parametrize("period", [2, 3, 4, 5])
@pytest.mark.parametrize("kernel", [sitk.sitkLinear, sitk.sitkBSpline], ids=["linear", "cubic"])
@pytest.mark.parametrize("noise", [0.0, 30.0])
def test_interpolated_slices_are_found(period, kernel, noise):
    slices = interpolated(bone_slices(20, noise=noise), period, kernel)
    assert find_interpolated(slices) == [InterpolatedRun(1, len(slices) - 2, period)]


@pytest.mark.parametrize("period", [2, 3, 4, 5])
def test_a_run_ends_where_the_measured_slices_begin(period):
    part = interpolated(MEASURED[8:20], period, sitk.sitkLinear)
    slices = np.concatenate([MEASURED[:8], part, MEASURED[20:]])
    assert find_interpolated(slices) == [InterpolatedRun(9, 8 + len(part) - 2, period)]


def test_slices_whose_next_measured_one_was_cut_off_belong_to_the_run():
    slices = interpolated(MEASURED, 3, sitk.sitkBSpline)[1:-1]
    assert find_interpolated(slices) == [InterpolatedRun(0, len(slices) - 1, 3)]


def test_the_cubic_baseline_is_found_to_its_ends():
    thick = thicken(as_image(bone_slices(60)), 3.0)
    assert find_interpolated(to_slices(baseline_volume(thick, "cubic"))) == [InterpolatedRun(0, 59, 3)]


def test_values_cut_off_at_the_end_of_the_scale_hide_nothing():
    metal = MEASURED.astype(float)
    metal[10:14, 28:36, 28:36] = 3071
    slices = np.minimum(interpolated(metal, 3, sitk.sitkBSpline), 3071)
    assert find_interpolated(slices) == [InterpolatedRun(1, len(slices) - 2, 3)]


def _overlapping(shape: str, noise: float) -> np.ndarray:
    thick = to_slices(thicken(as_image(bone_slices(60, noise=noise)), 3.0, 1.0, SliceProfile(shape, 3.0)))
    return np.rint(thick + np.random.default_rng(1).normal(0, noise / 2, thick.shape))


MEASURED_VOLUMES = {
    "measured slices": lambda: MEASURED,
    "without noise": lambda: np.rint(bone_slices(60, noise=0.0)),
    "thick slices": lambda: to_slices(thicken(as_image(bone_slices(90)), 3.0)),
    "overlapping boxes without noise": lambda: _overlapping("box", 0.0),
    "overlapping boxes": lambda: _overlapping("box", 10.0),
    "overlapping Gaussians without noise": lambda: _overlapping("gaussian", 0.0),
    "overlapping Gaussians": lambda: _overlapping("gaussian", 10.0),
    "repeated slices": lambda: np.repeat(MEASURED, 3, axis=0),
    "identical slices": lambda: np.repeat(MEASURED[:1], 30, axis=0),
    "one value": lambda: np.full((40, 64, 64), 40.0),
    "air": lambda: np.random.default_rng(0).normal(-1000, 10, (40, 64, 64)),
    "noise": lambda: np.random.default_rng(0).normal(40, 10, (40, 64, 64)),
    "a ramp": lambda: np.broadcast_to(10.0 * np.arange(40)[:, None, None], (40, 64, 64)),
    "two slices": lambda: MEASURED[:2],
}


@pytest.mark.parametrize("case", MEASURED_VOLUMES)
def test_measured_slices_are_left_alone(case):
    assert find_interpolated(MEASURED_VOLUMES[case]()) == []


def test_the_sentence_counts_from_1_and_names_what_was_measured():
    runs = [InterpolatedRun(0, 97, 3), InterpolatedRun(120, 140, 3)]
    assert sentence(runs[:1]) == (
        "Slices 1 to 98 (counted from 1) are interpolated: only every third one was measured; "
        "take the series as the scanner made it."
    )
    assert sentence(runs).startswith("Slices 1 to 98 and 121 to 141 (counted from 1)")
    assert "every second or fourth one" in sentence([InterpolatedRun(0, 9, 2), InterpolatedRun(20, 40, 4)])


def test_slices_are_numbered_as_the_volume_stores_them():
    part = np.concatenate([interpolated(MEASURED, 2, sitk.sitkLinear), MEASURED])
    image = as_image(part)
    expected = [InterpolatedRun(1, 2 * len(MEASURED) - 3, 2)]
    assert interpolated_in(image) == expected
    image.SetDirection(np.diag([1.0, -1.0, -1.0]).ravel().tolist())
    assert interpolated_in(image) == expected
    sagittal = from_slices(part, sitk.PermuteAxes(as_image(part), (2, 1, 0)), 0.0, 1.0, axis=0)
    assert interpolated_in(sagittal, axis=0) == expected


def test_a_head_interpolated_in_part_is_found_out_and_other_real_volumes_are_not(data_dir: Path):
    head = sitk.GetArrayFromImage(sitk.ReadImage(str(data_dir / "validation" / "vhm_head_neck_1mm.nrrd")))
    assert find_interpolated(head) == [InterpolatedRun(0, 100, 3)]
    assert find_interpolated(head[:98]) == [InterpolatedRun(0, 97, 3)]
    assert find_interpolated(head[98:]) == []
    for name in ("train/vhf_feet_ankles_1mm", "validation/phil_head_1mm_UB", "real_thick/sts_051_3p27mm"):
        assert find_interpolated(sitk.GetArrayFromImage(sitk.ReadImage(str(data_dir / f"{name}.nrrd")))) == []
