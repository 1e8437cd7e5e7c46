from __future__ import annotations

import pytest
import SimpleITK as sitk

from CTEnhanceLib.ct.acquisition import Acquisition, StatedSlices, resolve_acquisition
from CTEnhanceLib.ct.profile import SliceProfile, standard_deviation
from CTEnhanceLib.ct.profile_estimate import WIDER, ProfileEstimate
from CTEnhanceLib.errors import UsageError

MODEL = {"shape": "box", "fwhm_ratio": 1.0, "scanner": {"shape": "triangle", "fwhm_ratio": 0.9}}


def image(thickness: str | None = None) -> sitk.Image:
    plain = sitk.Image([8, 8, 8], sitk.sitkInt16)
    plain.SetSpacing([0.5, 0.5, 3.0])
    if thickness is not None:
        plain.SetMetaData("0018|0050", thickness)
    return plain


def resolve(plain: sitk.Image, model_profile: dict | None = None, **stated: object) -> Acquisition:
    return resolve_acquisition(plain, StatedSlices(**stated), model_profile)


def test_with_nothing_known_the_profile_is_as_wide_as_the_interval() -> None:
    found = resolve(image())
    assert (found.interval, found.thickness, found.profile) == (3.0, 3.0, SliceProfile("box", 3.0))
    assert found.sources == {"interval": "spacing", "thickness": "interval", "shape": "interval", "fwhm": "interval"}


def test_dicom_says_the_thickness_and_the_model_how_scanners_make_slices_of_it() -> None:
    found = resolve(image("2.5"), model_profile=MODEL)
    assert found.thickness == 2.5
    assert (found.profile.shape, found.profile.fwhm) == ("triangle", pytest.approx(2.25))
    assert (found.sources["thickness"], found.sources["fwhm"], found.sources["shape"]) == ("DICOM", "DICOM", "model")


def test_without_dicom_the_model_says_the_profile() -> None:
    found = resolve(image(), model_profile=MODEL)
    assert found.profile == SliceProfile("box", 3.0)
    assert found.sources["shape"] == found.sources["fwhm"] == "model"


def test_the_user_has_the_last_word() -> None:
    found = resolve(image("2.5"), thickness=2.8, profile="gaussian", fwhm=2.6, model_profile=MODEL)
    assert (found.thickness, found.profile) == (2.8, SliceProfile("gaussian", 2.6))
    assert {found.sources[name] for name in ("thickness", "shape", "fwhm")} == {"user"}
    whole = resolve(image("2.5"), profile=SliceProfile("triangle", 2.0))
    assert whole.profile == SliceProfile("triangle", 2.0)
    assert whole.sources["fwhm"] == "user"


def test_a_thickness_given_by_the_user_is_the_width_of_the_profile() -> None:
    found = resolve(image(), thickness=2.0, model_profile=MODEL)
    assert found.profile == SliceProfile("box", 2.0)
    assert found.sources["fwhm"] == "user"


def test_a_measured_profile_of_the_model_is_scaled_to_the_width_asked_for() -> None:
    weights = (0.25, 0.5, 0.25)
    measured = {"shape": "weights", "weights": weights, "step_mm": 1.5, "fwhm_mm": 3.0}
    assert resolve(image(), model_profile=measured).profile == SliceProfile("weights", 3.0, weights, 1.5)
    narrow = resolve(image(), fwhm=1.5, model_profile=measured).profile
    assert narrow == SliceProfile("weights", 1.5, weights, 0.75)


def test_a_measured_profile_that_the_model_does_not_hold_is_refused() -> None:
    for model in (MODEL, None):
        with pytest.raises(UsageError, match="the chosen model holds none"):
            resolve(image(), profile="weights", model_profile=model)


@pytest.mark.parametrize("stated", ["", "unknown", "0", "-3"])
def test_a_thickness_that_dicom_states_without_sense_is_passed_over(stated: str) -> None:
    assert resolve(image(stated)).sources["thickness"] == "interval"


@pytest.mark.parametrize("argument", [{"thickness": 0.0}, {"interval": -1.0}, {"fwhm": float("inf")}])
def test_numbers_that_are_not_positive_are_refused(argument: dict) -> None:
    with pytest.raises(UsageError, match="positive"):
        resolve(image(), **argument)


def sure(deviation: float, uncertainty: float = 0.1) -> ProfileEstimate:
    return ProfileEstimate(deviation, uncertainty, 500)


def resolve_with(estimate: ProfileEstimate, plain: sitk.Image, **stated: object) -> Acquisition:
    return resolve_acquisition(plain, StatedSlices(**stated), MODEL, estimate)


def test_a_sure_estimate_comes_before_the_interval_and_is_named() -> None:
    found = resolve_with(sure(1.2), image())
    assert found.profile == sure(1.2).profile
    assert standard_deviation(found.profile) == pytest.approx(WIDER * 1.2)
    assert (found.sources["fwhm"], found.sources["shape"]) == ("estimated", "assumed")
    assert found.thickness == 3.0
    described = found.describe()
    assert described["profile_fwhm_mm"]["source"] == "estimated"
    assert described["profile_fwhm_mm"]["uncertainty_mm"] == pytest.approx(0.1 * found.profile.fwhm, abs=1e-3)
    assert described["estimated_fwhm_mm"]["used"]


def test_an_unsure_estimate_changes_nothing_but_is_reported() -> None:
    found = resolve_with(sure(1.2, uncertainty=0.4), image())
    assert found.profile == SliceProfile("box", 3.0)
    assert found.describe()["estimated_fwhm_mm"]["used"] is False


def test_a_stated_thickness_holds_unless_the_slices_contradict_it() -> None:
    agreed = standard_deviation(SliceProfile("triangle", 0.9 * 2.5))
    assert resolve_with(sure(1.15 * agreed), image("2.5")).sources["fwhm"] == "DICOM"
    contradicted = resolve_with(sure(1.5 * agreed), image("2.5"))
    assert contradicted.sources["fwhm"] == "estimated"
    assert contradicted.profile == sure(1.5 * agreed).profile


@pytest.mark.parametrize(
    "stated", [{"thickness": 2.0}, {"fwhm": 2.0}, {"profile": "model"}, {"profile": SliceProfile("box", 2.0)}]
)
def test_an_estimate_never_overrides_the_user(stated: dict) -> None:
    assert resolve_with(sure(1.5), image(), **stated).sources["fwhm"] in ("user", "model")


def test_a_shape_from_the_user_takes_the_width_of_the_estimate() -> None:
    found = resolve_with(sure(1.2), image(), profile="box")
    assert (found.profile.shape, found.sources["shape"]) == ("box", "user")
    assert standard_deviation(found.profile) == pytest.approx(1.2)


def test_a_profile_measured_on_a_pair_comes_before_the_estimate() -> None:
    measured = {"shape": "weights", "weights": (0.25, 0.5, 0.25), "step_mm": 1.0, "fwhm_mm": 3.0}
    found = resolve_acquisition(image(), StatedSlices(), measured, sure(0.8))
    assert (found.profile.shape, found.sources["fwhm"]) == ("weights", "model")
