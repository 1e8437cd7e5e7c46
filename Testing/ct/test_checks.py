"""A volume is fit, fit with a warning, or refused, and the user reads why."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from bone_volumes import as_image, bone_slices
from CTEnhanceLib.ct.acquisition import StatedSlices
from CTEnhanceLib.ct.checks import Verdict
from CTEnhanceLib.ct.thick_volume import ThickVolume, thick_volume
from CTEnhanceLib.errors import InputRefusedError
from interpolated_volumes import interpolated


def scan(shape=(12, 40, 48), dtype=np.int16) -> np.ndarray:
    """HU of a bone in soft tissue in air."""
    values = np.full(shape, -1000, dtype=dtype)
    values[:, 5:-5, 5:-5] = 40
    values[:, 10:14, 8:20] = -90
    values[:, 15:-12, 15:-15] = 1100
    return values


def volume(values=None, spacing=(0.4, 0.4, 3.0), direction=None, **facts) -> sitk.Image:
    image = sitk.GetImageFromArray(scan() if values is None else values)
    image.SetSpacing(spacing)
    if direction is not None:
        image.SetDirection(np.asarray(direction, dtype=float).ravel().tolist())
    for key, text in facts.items():
        image.SetMetaData(key.replace("_", "|"), text)
    return image


def understood(image: sitk.Image, spacing=1.0, **stated) -> ThickVolume:
    return thick_volume(image, stated=StatedSlices(**stated), spacing=spacing)


def verdict_on(image: sitk.Image, **choices) -> Verdict:
    found = understood(image, **choices)
    found.require_fit()
    return found.verdict


def reason(image: sitk.Image, **choices) -> str:
    with pytest.raises(InputRefusedError) as caught:
        verdict_on(image, **choices)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    return sentence


def warnings_of(image: sitk.Image, **choices) -> str:
    verdict = verdict_on(image, **choices)
    assert verdict.level == "warning"
    return " ".join(verdict.reasons)


def test_a_thick_scan_is_fit_and_described():
    found = understood(volume())
    assert (found.verdict.level, found.verdict.reasons) == ("fit", ())
    assert (found.slice_axis, found.plane, found.geometry.count) == ("k", "axial", 12)
    assert found.size == (48, 40, 12)
    assert (found.acquisition.interval, found.acquisition.sources["interval"]) == (3.0, "spacing")
    assert (found.acquisition.thickness, found.acquisition.sources["thickness"]) == (3.0, "interval")


def test_a_refused_volume_is_described_all_the_same():
    found = understood(volume(spacing=(0.4, 0.4, 1.0)))
    assert (found.verdict.level, found.geometry.interval) == ("refused", 1.0)
    (sentence,) = found.verdict.reasons
    assert "already thin" in sentence


def test_thickness_and_interval_name_their_source():
    found = understood(volume(**{"0018_0050": "2.9"})).acquisition
    assert (found.thickness, found.sources["thickness"]) == (2.9, "DICOM")
    found = understood(volume(**{"0018_0050": "2.9"}), thickness=4.0, interval=3.5)
    assert (found.acquisition.thickness, found.acquisition.sources["thickness"]) == (4.0, "user")
    assert (found.acquisition.interval, found.acquisition.sources["interval"]) == (3.5, "user")
    assert found.geometry.interval == found.spacing[2] == 3.5


@pytest.mark.parametrize(
    ("axis", "direction", "letter", "plane"),
    [
        (0, np.eye(3), "i", "sagittal"),
        (1, np.eye(3), "j", "coronal"),
        (2, np.diag([-1, -1, 1]), "k", "axial"),
        (2, [[1, 0, 0], [0, 0, 1], [0, -1, 0]], "k", "coronal"),
        (2, [[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]], "k", "oblique"),
    ],
)
def test_the_slice_axis_is_found_and_named_in_the_patient(axis, direction, letter, plane):
    values = np.moveaxis(scan(), 0, 2 - axis)
    spacing = [0.4, 0.4, 0.4]
    spacing[axis] = 3.0
    found = understood(volume(values, spacing, direction))
    assert (found.slice_axis, found.plane, found.geometry.count) == (letter, plane, 12)


def _with(value, where=(3, 4, 5), dtype=np.int16):
    values = scan(dtype=dtype)
    values[where] = value
    return values


def _stored_with_padding():
    values = scan() + np.int16(1000)
    values[:, 0] = -2000
    return values


def _shear():
    direction = np.eye(3)
    direction[1, 2] = 0.3
    return direction


REFUSED = {
    "a flat picture": (lambda: sitk.Image(64, 64, sitk.sitkInt16), "2D image"),
    "a series in time": (lambda: sitk.Image([40, 40, 8, 3], sitk.sitkInt16), "4D image"),
    "colour": (lambda: sitk.Image([40, 40, 8], sitk.sitkVectorUInt8, 3), "several values"),
    "one slice": (lambda: volume(scan((1, 40, 48))), "single slice"),
    "three slices": (lambda: volume(scan((3, 40, 48))), "only 3 slices"),
    "a tiny crop": (lambda: volume(scan((12, 40, 48))[:, :, :20]), "only 20 x 40 pixels"),
    "thin slices": (lambda: volume(spacing=(0.4, 0.4, 1.0)), "already thin: they lie 1 mm apart"),
    "cubes": (lambda: volume(spacing=(3, 3, 3)), "No direction of the volume is thicker"),
    "sheared slices": (lambda: volume(direction=_shear()), "gantry tilt"),
    "NaN": (lambda: volume(_with(np.nan, dtype=np.float32)), "NaN"),
    "infinity": (lambda: volume(_with(np.inf, dtype=np.float32)), "infinite"),
    "one value": (lambda: volume(np.full((12, 40, 48), -1000, dtype=np.int16)), "same value"),
    "only padding": (lambda: volume(np.full((12, 40, 48), -2000, dtype=np.int16)), "same value"),
    "a picture 0..255": (lambda: volume(((scan() + 1000) // 9).astype(np.uint8)), "a picture"),
    "a picture in 16 bits": (lambda: volume(((scan() + 1000) // 9).astype(np.int16)), "a picture"),
    "a label map": (lambda: volume((scan() > 0).astype(np.int16)), "label map"),
    "values 0..1": (lambda: volume(((scan() + 1000) / 2100).astype(np.float32)), "rescaled"),
    "z scores": (lambda: volume((scan() / 500).astype(np.float32)), "rescaled"),
    "MR": (lambda: volume((scan() + 1000).astype(np.int16)), "No value lies below 0"),
    "stored values with padding": (lambda: volume(_stored_with_padding()), "below 0"),
    "MR by its header": (lambda: volume(**{"0008_0060": "MR"}), "modality MR"),
    "impossible values": (lambda: volume(scan().astype(np.float32) * 100), "no CT reaches"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_thick_ct_is_refused(case):
    make, expected = REFUSED[case]
    assert expected in reason(make())


def _padded(value):
    values = scan()
    values[:, :3] = value
    values[0] = value
    return values


FIT = {
    "dry bone in air": np.where(scan() > 200, scan(), -1000).astype(np.int16),
    "a crop within the body": scan((12, 60, 60))[:, 6:40, 6:40],
    "padding -2000": _padded(-2000),
    "padding -3024": _padded(-3024),
    "padding -32768": _padded(-32768),
    "floating point": scan(dtype=np.float32),
    "noise below air": scan() - np.int16(60),
}


@pytest.mark.parametrize("case", FIT)
def test_unusual_but_valid_ct_is_fit(case):
    assert verdict_on(volume(FIT[case])).level == "fit"


def test_thin_is_judged_against_the_spacing_asked_for():
    image = volume(spacing=(0.3, 0.3, 1.2))
    assert "1.2 mm apart and 1 mm was asked for" in reason(image)
    assert verdict_on(image, spacing=0.8).level == "fit"
    assert "already thin" in reason(volume(), spacing=2.5)
    assert "already thin" in reason(volume(), interval=1.0)


def test_gaps_and_overlaps_are_told():
    assert "gaps of 1 mm" in warnings_of(volume(), thickness=2.0)
    assert "overlap by 2 mm" in warnings_of(volume(**{"0018_0050": "5"}))
    assert verdict_on(volume(), thickness=2.9).level == "fit"


def test_metal_odd_pixels_few_slices_and_missing_bone_are_told():
    assert "9000 HU (metal)" in warnings_of(volume(_with(9000)))
    assert "2 x 2 mm, which is unusual" in warnings_of(volume(spacing=(2, 2, 5)))
    assert "only 5 slices" in warnings_of(volume(scan((5, 40, 48))))
    assert "no bone" in warnings_of(volume(np.minimum(scan(), 100)))
    assert "neither air nor fat" in warnings_of(volume(np.maximum(scan(), -20)))


def test_real_scans_are_fit_and_thin_ones_refused(data_dir):
    for path in sorted((data_dir / "real_thick").glob("*.nrrd")):
        assert verdict_on(sitk.ReadImage(str(path))).level == "fit", path.name
    assert verdict_on(sitk.ReadImage(str(data_dir / "validation" / "phil_head_5mm_UB.nrrd"))).level == "fit"
    assert "already thin" in reason(sitk.ReadImage(str(data_dir / "validation" / "phil_head_1mm_UB.nrrd")))


def _anatomy() -> np.ndarray:
    """HU of a limb: noisy air, fat and muscle, a bone with its marrow, 2000 HU at the most."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:64, :64] - 31.5
    radius = np.hypot(rows, columns)
    values = np.full((12, 64, 64), -985.0)
    for outside, hu in ((26, -90), (23, 50), (10, 1500), (6, 100)):
        values[:, radius < outside] = hu
    return np.rint(values + rng.normal(0, 12, values.shape))


@pytest.mark.parametrize("scale", [0.3, 0.5, 0.7, 2.0, 4.0])
def test_a_scale_at_which_no_tissue_is_soft_is_said(scale):
    assert verdict_on(volume(_anatomy().astype(np.int16))).level == "fit"
    wrong = ((_anatomy() + 1024) * scale - 1024).astype(np.int16)
    assert "values of fat, water or muscle" in warnings_of(volume(wrong))


def test_slices_that_were_filled_up_are_said():
    values = scan()
    values[9:] = 0
    assert "3 of 12 slices hold nothing but 0 HU (the first is number 10)" in warnings_of(volume(values))


def test_no_real_volume_is_said_to_be_of_a_wrong_scale(data_dir):
    paths = [path for folder in ("real_thick", "train", "validation") for path in (data_dir / folder).glob("*.nrrd")]
    assert paths
    for path in paths:
        image = sitk.ReadImage(str(path))[:, :, ::3]
        image.SetSpacing((*image.GetSpacing()[:2], 3.0))
        reasons = " ".join(understood(image).verdict.reasons)
        assert "fat, water or muscle" not in reasons, path.name
        assert "nothing but 0" not in reasons, path.name


def test_thick_slices_that_were_not_measured_are_a_warning():
    warned = warnings_of(as_image(interpolated(bone_slices(12, 48), 2), spacing=3.0))
    assert "Slices 2 to 22 (counted from 1) are interpolated: only every second one was measured" in warned
    assert "take the series as the scanner made it" in warned
    assert "interpolated" not in "".join(understood(as_image(bone_slices(23, 48), spacing=3.0)).verdict.reasons)
