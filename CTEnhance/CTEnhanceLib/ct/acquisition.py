"""How the thick slices were made: interval, thickness and slice profile, each with its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from CTEnhanceLib.ct.geometry import slice_geometry
from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.errors import UsageError

if TYPE_CHECKING:
    import SimpleITK as sitk

DICOM_THICKNESS = "0018|0050"
DICOM_KERNEL = "0018|1210"


@dataclass(frozen=True)
class Acquisition:
    """Interval, thickness and slice profile of a thick-slice volume.

    Attributes:
        interval: Distance of neighbouring slice centres, mm.
        thickness: Extent of a slice along its axis, mm.
        profile: Slice profile.
        sources: Where "interval", "thickness", "shape" and "fwhm" come from: "user", "spacing", "DICOM", "model",
            "thickness" or "interval".
    """

    interval: float
    thickness: float
    profile: SliceProfile
    sources: dict[str, str]

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
        return {name: {"value": value, "source": self.sources[key]} for name, (value, key) in values.items()}


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
    image: sitk.Image, stated: StatedSlices = StatedSlices(), model_profile: dict[str, Any] | None = None
) -> Acquisition:
    """Settle interval, thickness and slice profile: from the user, else DICOM, else the model, else the interval.

    Args:
        image: Thick-slice volume; DICOM facts are read from its metadata ("0018|0050", Slice Thickness, PS3.3
            C.7.6.2.1).
        stated: What the user states.
        model_profile: `slice_profile` of model.json: "shape" and "fwhm_ratio" (to the thickness), or "weights",
            "step_mm" and "fwhm_mm" of a measured one; in "scanner" the same for slices known to come from a scanner,
            whose profile is no box.

    Raises:
        UsageError: A measured profile was asked for and the model holds none.
    """
    interval, profile, fwhm = stated.interval, stated.profile, stated.fwhm
    sources = {"interval": "spacing" if interval is None else "user"}
    interval = slice_geometry(image).interval if interval is None else float(interval)
    thickness, sources["thickness"] = _thickness(image, stated.thickness, interval)
    if isinstance(profile, SliceProfile):
        sources.update(shape="user", fwhm="user")
        return Acquisition(interval, thickness, profile, sources)

    model = model_profile or {}
    if sources["thickness"] == "DICOM":
        model = model.get("scanner", model)
    shape, sources["shape"] = ("box", "interval") if not model else (model["shape"], "model")
    if profile not in (None, "model"):
        shape, sources["shape"] = str(profile), "user"
    if fwhm is not None:
        sources["fwhm"] = "user"
    elif profile == "model" or sources["thickness"] == "interval":
        fwhm = model.get("fwhm_mm", thickness * model.get("fwhm_ratio", 1.0))
        sources["fwhm"] = "model" if model else "interval"
    elif sources["thickness"] == "DICOM":
        fwhm, sources["fwhm"] = thickness * model.get("fwhm_ratio", 1.0), "DICOM"
    else:
        fwhm, sources["fwhm"] = thickness, "user"
    if shape == "weights":
        if "weights" not in model:
            raise UsageError(
                "The slice profile 'weights' is one measured on a real pair, and the chosen model holds none; give "
                "box, triangle or gaussian, or choose a model with a measured profile."
            )
        resolved = SliceProfile(shape, fwhm, tuple(model["weights"]), model["step_mm"] * fwhm / model["fwhm_mm"])
    else:
        resolved = SliceProfile(shape, fwhm)
    return Acquisition(interval, thickness, resolved, sources)


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
