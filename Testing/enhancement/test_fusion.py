"""Several thick series of one scan: what each measures, whether it belongs, and one thin volume out of all."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import SimpleITK as sitk
import torch
from scipy import ndimage

import CTEnhanceLib
from bone_volumes import as_image, bone_slices
from CTEnhanceLib import enhance, load_stack
from CTEnhanceLib.ct.profile import SliceProfile, thickening_matrix
from CTEnhanceLib.ct.voxel_grid import VoxelGrid, slices_grid, thin_grid
from CTEnhanceLib.enhancement.fusion.measurement import Measured, MeasurementOperator
from CTEnhanceLib.errors import CancelledError
from studies import measure

BOX = SliceProfile("box", 3.0)
SCHEMA = json.loads((Path(CTEnhanceLib.__file__).parent / "schemas" / "report.schema.json").read_text())


@pytest.fixture(scope="module")
def thin() -> sitk.Image:
    return as_image(bone_slices(48, 54, seed=3, noise=4.0), spacing=1.0, pixel=1.0)


@pytest.fixture(scope="module")
def axial(thin: sitk.Image) -> sitk.Image:
    return measure(thin, "axial")


@pytest.fixture(scope="module")
def stack() -> object:
    return load_stack("context")


@pytest.fixture(scope="module")
def alone(axial: sitk.Image, stack: object) -> np.ndarray:
    return sitk.GetArrayFromImage(enhance(axial, stack, profile=BOX, device="cpu").volume)


def fused(axial: sitk.Image, stack: object, *others: sitk.Image) -> tuple[np.ndarray, dict]:
    result = enhance(axial, stack, profile=BOX, device="cpu", also=others)
    jsonschema.validate(result.report, SCHEMA)
    return sitk.GetArrayFromImage(result.volume), result.report


def error(volume: np.ndarray, thin: sitk.Image) -> float:
    """RMSE (HU) around bone."""
    truth = sitk.GetArrayFromImage(thin).astype(float)
    bone = ndimage.binary_dilation(truth > 200)
    return float(np.sqrt(np.mean((volume[bone] - truth[bone]) ** 2)))


def grid_of(size: tuple[int, int, int], spacing: tuple[float, float, float], angles: tuple[float, ...]) -> VoxelGrid:
    turn = sitk.Euler3DTransform()
    turn.SetRotation(*np.radians(angles))
    return VoxelGrid(size, spacing, np.array([2.0, -3.0, 5.0]), np.reshape(turn.GetMatrix(), (3, 3)))


@pytest.mark.parametrize("angles", [(0, 0, 0), (8, 0, 0), (0, -12, 0), (3, 8, -5)])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_transpose_is_the_exact_adjoint_for_any_orientation(angles: tuple[float, ...], axis: int) -> None:
    target = VoxelGrid((24, 20, 22), (1.0, 0.8, 0.9), np.zeros(3), np.eye(3))
    grid = grid_of((7, 21, 19), (3.0, 0.7, 1.5), angles)
    grid = VoxelGrid(grid.size, grid.spacing, grid.origin, np.roll(grid.directions, axis, axis=1))
    operator = MeasurementOperator(Measured(grid, SliceProfile("triangle", 3.0), blur=0.4), target)
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(target.size, generator=generator), torch.randn(grid.size, generator=generator)
    forward = (operator.apply(x).double() * y.double()).sum()
    backward = (x.double() * operator.transpose(y).double()).sum()
    assert abs(forward - backward) < 1e-5 * x.norm() * y.norm()


def test_for_one_series_it_measures_as_consistency_does(axial: sitk.Image) -> None:
    thick = slices_grid(axial)
    target = thin_grid(thick, -1.0, 1.0, 48)
    x = np.random.default_rng(0).normal(size=target.size).astype(np.float32)
    weights = thickening_matrix(np.arange(16) * 3.0, np.arange(48) - 1.0, BOX)
    operator = MeasurementOperator(Measured(thick, BOX, is_main=True), target)
    assert np.allclose(operator.apply(torch.from_numpy(x)).numpy(), np.tensordot(weights, x, axes=1), atol=1e-5)


def test_an_oblique_series_is_predicted_from_the_thin_volume(thin: sitk.Image) -> None:
    series = measure(thin, "coronal", degrees=(8, 5), pixel=0.8)
    grid = slices_grid(series, 2)
    operator = MeasurementOperator(Measured(grid, BOX), slices_grid(thin, 2))
    predicted = operator.apply(torch.from_numpy(sitk.GetArrayFromImage(thin).astype(np.float32)))
    inside = operator.covered().numpy()
    difference = (predicted.numpy() - sitk.GetArrayFromImage(series))[inside]
    assert inside.mean() > 0.6 and np.sqrt(np.mean(difference**2)) < 15


def test_every_further_series_makes_the_thin_volume_truer(
    thin: sitk.Image, axial: sitk.Image, stack: object, alone: np.ndarray
) -> None:
    coronal, sagittal = measure(thin, "coronal"), measure(thin, "sagittal")
    two, _ = fused(axial, stack, coronal)
    three, report = fused(axial, stack, coronal, sagittal)
    assert error(two, thin) < 0.7 * error(alone, thin)
    assert error(three, thin) < 0.7 * error(two, thin)
    assert report["measured_series"] == 3
    for told in report["further_series"]:
        assert told["used"] and told["consistency"]["after"] < 1.5 < told["consistency"]["before"]
    assert report["consistency"]["after"] < 1.5


def test_noise_of_its_own_is_measured_and_not_copied(thin: sitk.Image, stack: object) -> None:
    planes = ("axial", "coronal", "sagittal")
    series = [measure(thin, plane, noise=25, seed=seed) for seed, plane in enumerate(planes)]
    volume, report = fused(series[0], stack, *series[1:])
    assert error(volume, thin) < 0.75 * error(fused(series[0], stack)[0], thin)
    for told in report["further_series"]:
        assert 15 < told["noise_hu"] < 35
        assert told["consistency"]["after"] < 30


@pytest.mark.parametrize("off", [(0.5, 0.5, 0.5), (-1.5, 0.3, 1.0)])
def test_a_shift_is_found_to_a_tenth_of_a_pixel_and_corrected(
    thin: sitk.Image, axial: sitk.Image, stack: object, alone: np.ndarray, off: tuple[float, float, float]
) -> None:
    volume, report = fused(axial, stack, measure(thin, "coronal", stated_off=off))
    (told,) = report["further_series"]
    assert np.allclose(told["correction"]["shift_mm"], np.negative(off), atol=0.1)
    assert error(volume, thin) < 0.75 * error(alone, thin)


def test_an_oblique_series_with_finer_pixels_helps(
    thin: sitk.Image, axial: sitk.Image, stack: object, alone: np.ndarray
) -> None:
    volume, report = fused(axial, stack, measure(thin, "coronal", degrees=(8, 0), pixel=0.5, stated_off=(0.5, 0, 0.5)))
    assert report["further_series"][0]["used"]
    assert error(volume, thin) < 0.8 * error(alone, thin)


def mirrored(image: sitk.Image) -> sitk.Image:
    flipped = sitk.GetImageFromArray(np.ascontiguousarray(sitk.GetArrayFromImage(image)[:, ::-1]))
    flipped.CopyInformation(image)
    return flipped


def foreign(image: sitk.Image) -> sitk.Image:
    other = measure(as_image(bone_slices(48, 54, seed=11, noise=4.0), spacing=1.0, pixel=1.0), "coronal")
    other.CopyInformation(image)
    return other


WRONG = {
    "shifted": lambda thin: measure(thin, "coronal", stated_off=(4.0, 2.0, -3.0)),
    "rotated": lambda thin: measure(thin, "coronal", rotated_off=6.0),
    "mirrored": lambda thin: mirrored(measure(thin, "coronal")),
    "foreign": lambda thin: foreign(measure(thin, "coronal")),
    "other contrast": lambda thin: sitk.Cast(measure(thin, "coronal") * 0.6 + 300, sitk.sitkInt16),
    "elsewhere": lambda thin: measure(thin, "coronal", stated_off=(300.0, 0.0, 0.0)),
    "much softer kernel": lambda thin: measure(thin, "coronal", blur=2.0),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_series_is_left_out_with_a_sentence(
    thin: sitk.Image, axial: sitk.Image, stack: object, alone: np.ndarray, wrong: str
) -> None:
    volume, report = fused(axial, stack, WRONG[wrong](thin))
    assert not report["further_series"][0]["used"]
    (sentence,) = (warning for warning in report["warnings"] if "was left out" in warning)
    assert re.search(r"\d", sentence.split("left out")[1]), sentence
    assert np.array_equal(volume, alone)


@pytest.mark.parametrize("blur", [0.5, 1.0, 1.5, 2.0, 3.0])
def test_a_softer_kernel_never_makes_it_worse(
    thin: sitk.Image, axial: sitk.Image, stack: object, alone: np.ndarray, blur: float
) -> None:
    volume, _ = fused(axial, stack, measure(thin, "coronal", blur=blur))
    assert error(volume, thin) <= error(alone, thin)


def test_a_sharper_kernel_never_makes_it_worse(
    thin: sitk.Image, axial: sitk.Image, stack: object, alone: np.ndarray
) -> None:
    crisp, soft = measure(thin, "coronal"), measure(thin, "coronal", blur=0.8)
    sharper = sitk.Cast(crisp * 2 - soft, sitk.sitkInt16)
    volume, _ = fused(axial, stack, sharper)
    assert error(volume, thin) <= 1.02 * error(alone, thin)


def test_where_a_further_series_ends_no_seam_is_seen(
    thin: sitk.Image, axial: sitk.Image, stack: object, alone: np.ndarray
) -> None:
    volume, _ = fused(axial, stack, measure(thin, "coronal", cover=(0.0, 0.5)))
    truth = sitk.GetArrayFromImage(thin).astype(float)
    steps = np.sqrt(np.mean((np.diff(volume.astype(float), axis=1) - np.diff(truth, axis=1)) ** 2, axis=(0, 2)))
    alone_steps = np.sqrt(np.mean((np.diff(alone.astype(float), axis=1) - np.diff(truth, axis=1)) ** 2, axis=(0, 2)))
    border = slice(24, 31)
    assert error(volume, thin) < error(alone, thin)
    assert (steps[border] <= 1.15 * np.maximum(alone_steps[border], np.median(alone_steps[22:33]))).all()
    assert np.abs(volume[:, 38:].astype(int) - alone[:, 38:]).max() <= 1


def test_the_uncertainty_falls_where_further_series_measured_and_holds_there(
    thin: sitk.Image, axial: sitk.Image, stack: object
) -> None:
    others = [measure(thin, plane, cover=(0.0, 0.5)) for plane in ("coronal", "sagittal")]
    main = enhance(axial, stack, profile=BOX, device="cpu")
    picture_of_one, of_one = (sitk.GetArrayFromImage(image) for image in (main.volume, main.uncertainty))
    result = enhance(axial, stack, profile=BOX, device="cpu", also=others)
    picture, bars = (sitk.GetArrayFromImage(image) for image in (result.volume, result.uncertainty))
    assert np.array_equal(bars[:, 36:, 36:], of_one[:, 36:, 36:])
    twice, once = (slice(None), slice(0, 20), slice(0, 20)), (slice(None), slice(0, 20), slice(36, None))
    fallen = {
        place: np.median(bars[part]) / np.median(of_one[part]) for place, part in (("once", once), ("twice", twice))
    }
    assert fallen["once"] < 0.75
    assert fallen["twice"] < 0.85 * fallen["once"]
    truth = sitk.GetArrayFromImage(thin).astype(float)
    held, bone = np.abs(picture - truth) <= 2 * bars, ndimage.binary_dilation(truth > 200)
    held_by_one = np.abs(picture_of_one - truth) <= 2 * of_one
    for columns in (slice(0, 26), slice(28, None)):
        part = (slice(None), slice(0, 26), columns)
        # bones made up of noise are no anatomy: the share is that of the main series alone, whatever it is there
        assert held[part][bone[part]].mean() > held_by_one[part][bone[part]].mean() - 0.02
    assert any("lowered where further series measured" in warning for warning in result.report["warnings"])


def test_the_uncertainty_of_a_fused_volume_holds_on_real_bone(data_dir: Path, stack: object) -> None:
    whole = sitk.ReadImage(str(data_dir / "validation" / "vhm_head_neck_1mm.nrrd"))
    thin = whole[70:166, 70:166, 101:173]
    result = enhance(
        measure(thin, "axial"), stack, profile=BOX, device="cpu", uncertainty=True, also=[measure(thin, "coronal")]
    )
    inner = (slice(6, -6),) * 3
    picture, bars = (sitk.GetArrayFromImage(image)[inner] for image in (result.volume, result.uncertainty))
    truth = sitk.GetArrayFromImage(thin)[inner].astype(float)
    bone = truth > 200
    held = np.abs(picture - truth) <= 2 * bars
    assert 0.92 <= held[bone].mean() <= 0.98


def test_the_profile_of_each_series_is_told_with_its_source(thin: sitk.Image, axial: sitk.Image, stack: object) -> None:
    coronal, sagittal = measure(thin, "coronal"), measure(thin, "sagittal", thickness=2.0)
    sagittal.SetMetaData("0018|0050", "2.0")
    _, report = fused(axial, stack, coronal, sagittal)
    told = [series["profile"] for series in report["further_series"]]
    assert told[0] == {"shape": {"value": "box", "source": "user"}, "fwhm_mm": {"value": 3.0, "source": "user"}}
    assert told[1]["shape"] == {"value": "box", "source": "user"}
    # DICOM states the nominal thickness, whose profile is 0.9 of it; the crossings may know better
    assert told[1]["fwhm_mm"]["value"] == pytest.approx(1.9, abs=0.11)
    told = enhance(axial, stack, device="cpu", also=[coronal, sagittal]).report["further_series"]
    assert {series["profile"]["fwhm_mm"]["source"] for series in told} <= {
        "DICOM",
        "thickness",
        "estimated",
        "crossings",
    }
    assert all(series["used"] for series in told)


def stages_until_cancelled(axial: sitk.Image, stack: object, others: list[sitk.Image], reached: str) -> list[str]:
    """Cancel a run as soon as its progress begins with some words; give all that it told."""
    stages: list[str] = []
    with pytest.raises(CancelledError):
        enhance(
            axial,
            stack,
            device="cpu",
            also=others,
            progress=lambda stage, done, total: stages.append(f"{stage} {done} of {total}"),
            cancel=lambda: any(stage.startswith(reached) for stage in stages),
        )
    return stages


def test_a_cancelled_run_ends_before_its_series_are_registered(
    thin: sitk.Image, axial: sitk.Image, stack: object
) -> None:
    others = [measure(thin, "coronal"), measure(thin, "sagittal")]
    stages = stages_until_cancelled(axial, stack, others, "register 0 of 2")
    assert stages[-1] == "register 0 of 2"


def test_series_of_other_frames_of_reference_are_not_fused(thin: sitk.Image, axial: sitk.Image, stack: object) -> None:
    here, there = sitk.Image(axial), measure(thin, "coronal")
    here.SetMetaData("0020|0052", "1.2.3")
    there.SetMetaData("0020|0052", "1.2.4")
    _, report = fused(here, stack, there)
    assert "frame of reference" in report["further_series"][0]["reason"]


def test_fusing_is_deterministic_and_can_be_cancelled(thin: sitk.Image, axial: sitk.Image, stack: object) -> None:
    coronal = measure(thin, "coronal")
    assert np.array_equal(fused(axial, stack, coronal)[0], fused(axial, stack, coronal)[0])
    assert stages_until_cancelled(axial, stack, [coronal], "fuse")[-1].startswith("fuse")
