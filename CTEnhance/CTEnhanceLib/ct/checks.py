"""Whether a volume is a thick-slice CT that thin slices can honestly be computed from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CTEnhanceLib.ct.acquisition import Acquisition, resolve_acquisition
from CTEnhanceLib.ct.geometry import SliceGeometry, slice_geometry
from CTEnhanceLib.ct.intensity import HU_MAX
from CTEnhanceLib.errors import InputRefusedError

if TYPE_CHECKING:
    import SimpleITK as sitk

FIT, WARNING, REFUSED = "fit", "warning", "refused"

MIN_SLICES = 4
FEW_SLICES = 8
MIN_PIXELS = 32
MIN_RATIO = 1.5
USUAL_PIXEL_MM = (0.1, 1.5)
BONE_HU = 200
# scanners pad with -2000, -3024, -32768: such voxels say nothing about the scale
PADDING_BELOW = -1500
# extended scales reach 30 000 HU, padding -32 768 minus the intercept
POSSIBLE_HU = (-40000, 40000)
SMALLEST_RANGE = 100
DICOM_MODALITY = "0008|0060"


@dataclass(frozen=True)
class VolumeFacts:
    """What was understood of a volume.

    Attributes:
        size: Voxels along i, j, k.
        spacing: Voxel spacing along i, j, k, mm.
        slice_axis: "i", "j" or "k".
        plane: How the slices lie: "axial", "coronal", "sagittal" or "oblique".
        slices: Number of slices.
        interval: Distance of slice centres, mm.
        interval_source: "user" or "spacing".
        thickness: Slice thickness, mm.
        thickness_source: "user", "DICOM" or "interval".
    """

    size: tuple[int, int, int]
    spacing: tuple[float, float, float]
    slice_axis: str
    plane: str
    slices: int
    interval: float
    interval_source: str
    thickness: float
    thickness_source: str


@dataclass(frozen=True)
class Verdict:
    """Answer of `check_thick_volume`.

    Attributes:
        level: "fit", "warning" (can be computed, read the reasons) or "refused".
        reasons: Sentences for the user: the one reason of a refusal, or all warnings; empty when fit.
        facts: What was understood; None where there is no volume to describe.
    """

    level: str
    reasons: tuple[str, ...]
    facts: VolumeFacts | None


class _Refusal(Exception):  # noqa: N818 - an answer on its way out, never seen outside
    pass


def check_thick_volume(
    image: sitk.Image, *, spacing: float = 1.0, thickness: float | None = None, interval: float | None = None
) -> Verdict:
    """Judge a volume before anything is computed from it. Needs no torch and the memory of one slice.

    Args:
        image: The volume, HU; DICOM facts are read from its metadata.
        spacing: Interval of the thin slices asked for, mm.
        thickness: Slice thickness given by the user, mm.
        interval: Interval given by the user, mm.

    Raises:
        UsageError: A given number is not positive.
    """
    facts = None
    try:
        _check_kind(image)
        geometry = slice_geometry(image)
        acquisition = resolve_acquisition(image, thickness=thickness, interval=interval)
        facts = _facts(image, geometry, acquisition)
        _check_grid(image, facts, geometry, spacing)
        lowest, highest = _value_range(image)
        _check_values(image, lowest, highest)
    except _Refusal as refusal:
        return Verdict(REFUSED, (str(refusal),), facts)
    reasons = (*_grid_warnings(facts, geometry), *_value_warnings(lowest, highest))
    return Verdict(WARNING if reasons else FIT, reasons, facts)


def require_fit(
    image: sitk.Image, *, spacing: float = 1.0, thickness: float | None = None, interval: float | None = None
) -> Verdict:
    """Give the verdict on a volume, or raise when it is refused.

    Args:
        image: As in `check_thick_volume`, as are the others.
        spacing: Interval of the thin slices asked for, mm.
        thickness: Slice thickness given by the user, mm.
        interval: Interval given by the user, mm.

    Raises:
        InputRefusedError: With the sentence of the refusal.
        UsageError: A given number is not positive.
    """
    verdict = check_thick_volume(image, spacing=spacing, thickness=thickness, interval=interval)
    if verdict.level == REFUSED:
        raise InputRefusedError(verdict.reasons[0])
    return verdict


def _check_kind(image: sitk.Image) -> None:
    if image.GetDimension() != 3:
        raise _Refusal(f"This is a {image.GetDimension()}D image; a three-dimensional CT volume is needed.")
    if image.GetNumberOfComponentsPerPixel() != 1 or "complex" in image.GetPixelIDTypeAsString():
        raise _Refusal("Each voxel holds several values (colour or vectors); a CT volume with one value is needed.")
    modality = image.GetMetaData(DICOM_MODALITY) if image.HasMetaDataKey(DICOM_MODALITY) else "CT"
    if modality.strip() not in ("CT", ""):
        raise _Refusal(f"The volume is not CT (modality {modality.strip()}); choose a CT volume.")
    if min(image.GetSize()) == 1:
        raise _Refusal("This is a single slice; choose the whole series, at least 4 slices.")


def _check_grid(image: sitk.Image, facts: VolumeFacts, geometry: SliceGeometry, spacing: float) -> None:
    direction = np.reshape(image.GetDirection(), (3, 3))
    if not np.allclose(direction.T @ direction, np.eye(3), atol=1e-3):
        raise _Refusal(
            "The slices are sheared against the direction in which they are stacked (gantry tilt); "
            "choose a series without tilt, or one that the scanner has resampled."
        )
    if facts.slices < MIN_SLICES:
        raise _Refusal(
            f"The volume has only {facts.slices} slices; at least {MIN_SLICES} are needed, so choose the whole series."
        )
    rows, columns = _pixels(image, geometry)
    if min(rows, columns) < MIN_PIXELS:
        raise _Refusal(
            f"The slices have only {columns} x {rows} pixels; crop less closely, at least {MIN_PIXELS} are needed."
        )
    if facts.interval < MIN_RATIO * spacing * (1 - 1e-6):
        raise _Refusal(
            f"The slices are already thin: they lie {facts.interval:.4g} mm apart and {spacing:.4g} mm was asked for; "
            "choose the thick series, or ask for thinner slices."
        )
    others = [length for axis, length in enumerate(facts.spacing) if axis != geometry.axis]
    if facts.interval_source == "spacing" and facts.interval < 1.05 * max(others):
        raise _Refusal(
            f"No direction of the volume is thicker than the others (voxels of {' x '.join(_mm(facts.spacing))} mm), "
            "so there are no thick slices to replace; choose the series as it was scanned."
        )


def _check_values(image: sitk.Image, lowest: float, highest: float) -> None:
    if lowest == highest:
        raise _Refusal(
            f"All voxels have the same value ({lowest:.4g}), so there is nothing to see; choose a CT volume."
        )
    if lowest < POSSIBLE_HU[0] or highest > POSSIBLE_HU[1]:
        raise _Refusal(
            f"The values run from {lowest:.6g} to {highest:.6g}, which no CT reaches in Hounsfield units; "
            "choose a CT volume in Hounsfield units."
        )
    eight_bit = "8-bit" in image.GetPixelIDTypeAsString()
    if eight_bit or highest - lowest < SMALLEST_RANGE or (lowest >= 0 and highest <= 255):
        raise _Refusal(
            f"The values run from {lowest:.4g} to {highest:.4g}, so this is a picture, a label map or a rescaled "
            "volume, not CT in Hounsfield units; choose the original CT."
        )
    if lowest >= 0:
        raise _Refusal(
            f"No value lies below 0 (they run from {lowest:.4g} to {highest:.4g}), so these are not Hounsfield units "
            "but MR or CT without its rescale intercept; choose a CT in which water is 0 and air -1000."
        )


def _value_range(image: sitk.Image) -> tuple[float, float]:
    """Give the lowest value that is not padding (if there is any) and the highest, looking at one slice at a time."""
    import SimpleITK as sitk

    slices = sitk.GetArrayViewFromImage(image)
    lows, highs = [], []
    for values in slices:
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise _Refusal("Some voxels hold no number (NaN or infinite); export the volume again.")
        low = values.min()
        if POSSIBLE_HU[0] <= low < PADDING_BELOW:
            measured = values[values >= PADDING_BELOW]
            low = measured.min() if measured.size else None
        if low is not None:
            lows.append(float(low))
        highs.append(float(values.max()))
    return min(lows, default=max(highs)), max(highs)


def _grid_warnings(facts: VolumeFacts, geometry: SliceGeometry) -> list[str]:
    warnings = []
    difference = facts.interval - facts.thickness
    if difference > 0.05 * facts.interval:
        warnings.append(
            f"Between slices of {facts.thickness:.4g} mm lie gaps of {difference:.2g} mm that were not measured; "
            "what is computed there is a guess."
        )
    elif difference < -0.05 * facts.interval:
        warnings.append(f"The slices of {facts.thickness:.4g} mm overlap by {-difference:.2g} mm; check the thickness.")
    low, high = USUAL_PIXEL_MM
    if min(geometry.pixel_spacing) < low or max(geometry.pixel_spacing) > high:
        warnings.append(
            f"The pixels measure {' x '.join(_mm(geometry.pixel_spacing))} mm, which is unusual for CT "
            f"({low:g} to {high:g} mm); check the spacing."
        )
    if facts.slices < FEW_SLICES:
        warnings.append(f"There are only {facts.slices} slices; the outer ones are computed with less to go by.")
    return warnings


def _value_warnings(lowest: float, highest: float) -> list[str]:
    warnings = []
    if highest > HU_MAX:
        warnings.append(
            f"Values reach {highest:.0f} HU (metal); above {HU_MAX} HU the volume is interpolated, not computed."
        )
    if highest < BONE_HU:
        warnings.append(f"No voxel reaches {BONE_HU} HU, so there is no bone in the volume; check the choice.")
    if lowest > -50:
        warnings.append(
            f"The lowest value is {lowest:.4g}: neither air nor fat is in the volume; check that it is CT in "
            "Hounsfield units."
        )
    return warnings


def _facts(image: sitk.Image, geometry: SliceGeometry, acquisition: Acquisition) -> VolumeFacts:
    return VolumeFacts(
        size=image.GetSize(),
        spacing=image.GetSpacing(),
        slice_axis="ijk"[geometry.axis],
        plane=_plane(np.reshape(image.GetDirection(), (3, 3))[:, geometry.axis]),
        slices=geometry.count,
        interval=acquisition.interval,
        interval_source=acquisition.sources["interval"],
        thickness=acquisition.thickness,
        thickness_source=acquisition.sources["thickness"],
    )


def _plane(normal: np.ndarray) -> str:
    """Name the plane of slices by their normal (LPS); more than 15 degrees off is oblique."""
    along = int(np.argmax(np.abs(normal)))
    if abs(normal[along]) < np.cos(np.radians(15)) * np.linalg.norm(normal):
        return "oblique"
    return ("sagittal", "coronal", "axial")[along]


def _pixels(image: sitk.Image, geometry: SliceGeometry) -> tuple[int, int]:
    rows, columns = (image.GetSize()[axis] for axis in (2, 1, 0) if axis != geometry.axis)
    return rows, columns


def _mm(lengths: tuple[float, ...]) -> list[str]:
    return [f"{length:.4g}" for length in lengths]
