"""A measured thick-slice volume, understood once: where its slices lie, how they were made, whether they will do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from CTEnhanceLib.ct.acquisition import DICOM_KERNEL, Acquisition, StatedSlices, resolve_acquisition
from CTEnhanceLib.ct.checks import REFUSED, Verdict, judge, require_volume
from CTEnhanceLib.ct.geometry import GrowingVolume, SliceGeometry, from_slices, slice_geometry, slices_view
from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.ct.profile_estimate import estimate_profile
from CTEnhanceLib.errors import InputRefusedError

if TYPE_CHECKING:
    import SimpleITK as sitk

_OBLIQUE_DEGREES = 15


@dataclass(frozen=True)
class ThickVolume:
    """What is known of a thick-slice volume; made by `thick_volume`, used by every later step.

    Attributes:
        image: The volume, HU, with the interval that is to be believed as its spacing along the slice axis.
        geometry: Where its slices lie.
        acquisition: Interval, thickness and slice profile, each with its source.
        verdict: Whether thin slices can be computed from it, and why not.
    """

    image: sitk.Image
    geometry: SliceGeometry
    acquisition: Acquisition
    verdict: Verdict

    @cached_property
    def slices(self) -> np.ndarray:
        """Canonical slice array (slices, rows, columns), HU, of the element type of the image; read only."""
        return slices_view(self.image, self.geometry.axis)

    @property
    def size(self) -> tuple[int, int, int]:
        """Voxels along i, j, k."""
        return self.image.GetSize()

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Voxel spacing along i, j, k, mm."""
        return self.image.GetSpacing()

    @property
    def slice_axis(self) -> str:
        """The axis along which the slices are stacked: "i", "j" or "k"."""
        return "ijk"[self.geometry.axis]

    @property
    def plane(self) -> str:
        """How the slices lie in the patient: "axial", "coronal", "sagittal" or "oblique" (15 degrees off and more)."""
        normal = np.reshape(self.image.GetDirection(), (3, 3))[:, self.geometry.axis]
        along = int(np.argmax(np.abs(normal)))
        if abs(normal[along]) < np.cos(np.radians(_OBLIQUE_DEGREES)) * np.linalg.norm(normal):
            return "oblique"
        return ("sagittal", "coronal", "axial")[along]

    @property
    def kernel(self) -> str:
        """The reconstruction kernel that DICOM states (0018,1210), "" where it states none."""
        return self.image.GetMetaData(DICOM_KERNEL) if self.image.HasMetaDataKey(DICOM_KERNEL) else ""

    def require_fit(self) -> None:
        """Refuse a volume that thin slices cannot be computed from.

        Raises:
            InputRefusedError: With the sentence of the refusal.
        """
        if self.verdict.level == REFUSED:
            raise InputRefusedError(self.verdict.reasons[0])

    def with_slices(self, slices: np.ndarray, first: float, spacing: float) -> sitk.Image:
        """Make a volume of other slices in the frame of reference and on the in-plane grid of this one.

        Args:
            slices: Canonical slice array (slices, rows, columns).
            first: Position of `slices[0]`, mm from the first thick slice centre.
            spacing: Distance of the slices, mm.
        """
        return from_slices(slices, self.image, first, spacing, self.geometry.axis)

    def growing(self, count: int, first: float, spacing: float) -> GrowingVolume:
        """Make room for other slices, int16, to be put in one by one.

        Args:
            count: How many.
            first: Position of the first one, mm from the first thick slice centre.
            spacing: Their distance, mm.
        """
        return GrowingVolume(count, self.image, first, spacing, self.geometry.axis)


def thick_volume(
    image: sitk.Image,
    *,
    stated: StatedSlices = StatedSlices(),
    spacing: float = 1.0,
    model_profile: dict[str, Any] | None = None,
) -> ThickVolume:
    """Understand a volume: find its slices, settle how they were made, judge whether they will do.

    Args:
        image: Three-dimensional CT in HU with any direction cosines and slice axis; DICOM facts are its metadata, as
            `dicom.read_series` leaves them.
        stated: What the user states about the slices.
        spacing: Interval of the thin slices asked for, mm.
        model_profile: `slice_profile` of the model's model.json.

    Returns:
        The volume; its verdict may be a refusal (`ThickVolume.require_fit` raises it).

    Raises:
        InputRefusedError: It is no three-dimensional CT volume, so there is nothing to describe.
        UsageError: A measured profile was asked for and the model holds none.
    """
    require_volume(image)
    acquisition = resolve_acquisition(image, stated, model_profile)
    axis = slice_geometry(image).axis
    image = _with_interval(image, axis, stated.interval)
    geometry = slice_geometry(image, axis)
    return ThickVolume(image, geometry, acquisition, judge(image, geometry, acquisition, spacing))


def with_estimated_profile(
    volume: ThickVolume, stated: StatedSlices, model_profile: dict[str, Any] | None = None
) -> ThickVolume:
    """Estimate the profile from the slices, where nothing more certain states it.

    Args:
        volume: The volume, from `thick_volume`.
        stated: What the user states about the slices, as given to `thick_volume`.
        model_profile: `slice_profile` of the model's model.json, likewise.

    Returns:
        The same volume; its acquisition holds the estimate, and goes by it where it is sure.
    """
    known = isinstance(stated.profile, SliceProfile) or stated.profile == "model" or stated.fwhm or stated.thickness
    measured_pair = (model_profile or {}).get("shape") == "weights"
    if known or measured_pair or volume.verdict.level == REFUSED:
        return volume
    estimate = estimate_profile(volume.slices, volume.geometry.interval, volume.geometry.pixel_spacing)
    acquisition = resolve_acquisition(volume.image, stated, model_profile, estimate)
    return replace(volume, acquisition=acquisition)


def _with_interval(image: sitk.Image, axis: int, interval: float | None) -> sitk.Image:
    if interval is None:
        return image
    import SimpleITK as sitk

    spacing = list(image.GetSpacing())
    spacing[axis] = interval
    corrected = sitk.Image(image)
    corrected.SetSpacing(spacing)
    return corrected
