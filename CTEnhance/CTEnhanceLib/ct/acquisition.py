"""How the thick slices were made: interval, thickness and slice profile, each with its source."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from CTEnhanceLib.ct.geometry import slice_geometry
from CTEnhanceLib.ct.profile import SliceProfile, standard_deviation
from CTEnhanceLib.ct.profile_estimate import ProfileEstimate
from CTEnhanceLib.errors import UsageError

if TYPE_CHECKING:
    import SimpleITK as sitk

DICOM_THICKNESS = "0018|0050"
DICOM_KERNEL = "0018|1210"
ESTIMATED = "estimated"
_CONTRADICTION = 2.0


@dataclass(frozen=True)
class Acquisition:
    """Interval, thickness and slice profile of a thick-slice volume.

    Attributes:
        interval: Distance of neighbouring slice centres, mm.
        thickness: Extent of a slice along its axis, mm.
        profile: Slice profile.
        sources: Where "interval", "thickness", "shape" and "fwhm" come from: "user", "spacing", "DICOM", "model",
            "estimated", "assumed" or "interval".
        estimate: What the slices themselves say of their profile, used or not; None where they were not asked or do
            not say.
    """

    interval: float
    thickness: float
    profile: SliceProfile
    sources: dict[str, str]
    estimate: ProfileEstimate | None = None

    def describe(self) -> dict[str, Any]:
        """Give the values and their sources, ready for JSON."""
        values: dict[str, tuple[Any, str]] = {
            "interval_mm": (self.interval, "interval"),
            "thickness_mm": (self.thickness, "thickness"),
            "profile_shape": (self.profile.shape, "shape"),
            "profile_fwhm_mm": (self.profile.fwhm, "fwhm"),
        }
        if self.profile.shape == "weights":
            values["profile_weights"] = (list(self.profile.weights), "shape")
            values["profile_step_mm"] = (self.profile.step, "shape")
        described: dict[str, Any] = {
            name: {"value": value, "source": self.sources[key]} for name, (value, key) in values.items()
        }
        if self.estimate is not None:
            fwhm = self.estimate.profile.fwhm
            uncertainty = {"uncertainty_mm": round(self.estimate.uncertainty * fwhm, 3)}
            used = self.sources["fwhm"] == ESTIMATED
            described["estimated_fwhm_mm"] = {"value": round(fwhm, 3), "source": ESTIMATED, **uncertainty, "used": used}
            if used:
                described["profile_fwhm_mm"].update(uncertainty)
        return described


@dataclass(frozen=True)
class StatedSlices:
    """What the user states about the thick slices; None leaves it to the sources below the user.

    Attributes:
        thickness: Extent of a slice along its axis, mm.
        interval: Distance of neighbouring slice centres, mm; it replaces a spacing that the file states wrongly.
        profile: Slice profile, or its shape, or "model".
        fwhm: Full width at half maximum of the profile, mm.

    Raises:
        UsageError: A number is not positive.
    """

    thickness: float | None = None
    interval: float | None = None
    profile: SliceProfile | str | None = None
    fwhm: float | None = None

    def __post_init__(self) -> None:
        for name, number in (("thickness", self.thickness), ("interval", self.interval), ("FWHM", self.fwhm)):
            if number is not None and not (np.isfinite(number) and number > 0):
                raise UsageError(f"The {name} must be a positive number of mm, not {number:g}.")


def resolve_acquisition(
    image: sitk.Image,
    stated: StatedSlices = StatedSlices(),
    model_profile: dict[str, Any] | None = None,
    estimate: ProfileEstimate | None = None,
) -> Acquisition:
    """Settle interval, thickness and slice profile.

    The profile comes from the user, else from the pair of series that the model was measured on, else from the slices
    themselves where they are sure, else from the thickness that DICOM states, else from the interval. Where DICOM
    states a thickness, it holds unless the estimate contradicts it by more than twice its uncertainty: a stated
    thickness that agrees with the slices is the more exact of the two.

    Args:
        image: Thick-slice volume; DICOM facts are read from its metadata ("0018|0050", Slice Thickness, PS3.3
            C.7.6.2.1).
        stated: What the user states.
        model_profile: `slice_profile` of model.json: "shape" and "fwhm_ratio" (to the thickness), or "weights",
            "step_mm" and "fwhm_mm" of a measured one; in "scanner" the same for slices known to come from a scanner,
            whose profile is no box.
        estimate: What the slices say of their profile, from `estimate_profile`.

    Raises:
        UsageError: A measured profile was asked for and the model holds none.
    """
    sources = {"interval": "spacing" if stated.interval is None else "user"}
    interval = slice_geometry(image).interval if stated.interval is None else float(stated.interval)
    thickness, sources["thickness"] = _thickness(image, stated.thickness, interval)
    if isinstance(stated.profile, SliceProfile):
        sources.update(shape="user", fwhm="user")
        return Acquisition(interval, thickness, stated.profile, sources, estimate)
    profile, profile_sources = _profile_without_estimate(thickness, sources["thickness"], stated, model_profile or {})
    asked_for_model = stated.profile == "model"
    if (
        estimate is not None
        and not asked_for_model
        and _estimate_holds(estimate, profile, profile_sources, sources["thickness"])
    ):
        shape = stated.profile if profile_sources["shape"] == "user" else None
        profile = estimate.of_shape(str(shape)) if shape else estimate.profile
        profile_sources = {"shape": "user" if shape else "assumed", "fwhm": ESTIMATED}
    return Acquisition(interval, thickness, profile, {**sources, **profile_sources}, estimate)


def _profile_without_estimate(
    thickness: float, thickness_source: str, stated: StatedSlices, model: dict[str, Any]
) -> tuple[SliceProfile, dict[str, str]]:
    """Give the profile that user, model, DICOM and interval say, and where its shape and width come from."""
    sources: dict[str, str] = {}
    fwhm = stated.fwhm
    if thickness_source == "DICOM":
        model = model.get("scanner", model)
    shape, sources["shape"] = ("box", "interval") if not model else (model["shape"], "model")
    if stated.profile not in (None, "model"):
        shape, sources["shape"] = str(stated.profile), "user"
    if fwhm is not None:
        sources["fwhm"] = "user"
    elif stated.profile == "model" or thickness_source == "interval":
        fwhm = model.get("fwhm_mm", thickness * model.get("fwhm_ratio", 1.0))
        sources["fwhm"] = "model" if model else "interval"
    elif thickness_source == "DICOM":
        fwhm, sources["fwhm"] = thickness * model.get("fwhm_ratio", 1.0), "DICOM"
    else:
        fwhm, sources["fwhm"] = thickness, "user"
    if shape != "weights":
        return SliceProfile(shape, fwhm), sources
    if "weights" not in model:
        raise UsageError(
            "The slice profile 'weights' is one measured on a real pair, and the chosen model holds none; give "
            "box, triangle or gaussian, or choose a model with a measured profile."
        )
    step = model["step_mm"] * fwhm / model["fwhm_mm"]
    return SliceProfile(shape, fwhm, tuple(model["weights"]), step), sources


def _estimate_holds(
    estimate: ProfileEstimate, otherwise: SliceProfile, sources: dict[str, str], thickness_source: str
) -> bool:
    """Say whether the estimate comes before what the other sources give."""
    if not estimate.sure or "user" in (sources["fwhm"], thickness_source) or otherwise.shape == "weights":
        return False
    if thickness_source != "DICOM":
        return True
    difference = abs(math.log(estimate.deviation / standard_deviation(otherwise)))
    return difference > _CONTRADICTION * estimate.uncertainty


def _thickness(image: sitk.Image, given: float | None, interval: float) -> tuple[float, str]:
    if given is not None:
        return float(given), "user"
    if image.HasMetaDataKey(DICOM_THICKNESS):
        try:
            stated = float(image.GetMetaData(DICOM_THICKNESS))
        except ValueError:
            stated = 0.0
        if np.isfinite(stated) and stated > 0:
            return stated, "DICOM"
    return interval, "interval"
