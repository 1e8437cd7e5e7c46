"""Whether a volume is a thick-slice CT that thin slices can be computed from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CTEnhanceLib.ct.acquisition import Acquisition
from CTEnhanceLib.ct.geometry import SliceGeometry
from CTEnhanceLib.ct.intensity import BODY_ABOVE_HU, BONE_ABOVE_HU, HU_MAX, PADDING_BELOW
from CTEnhanceLib.ct.interpolated_slices.volumes import interpolation_warnings
from CTEnhanceLib.errors import InputRefusedError

if TYPE_CHECKING:
    import SimpleITK as sitk

FIT, WARNING, REFUSED = "fit", "warning", "refused"

MIN_SLICES = 4
FEW_SLICES = 8
MIN_PIXELS = 32
MIN_RATIO = 1.5
MAX_INTERVAL = 200.0
USUAL_PIXEL_MM = (0.1, 1.5)
# extended scales reach 30 000 HU, padding -32 768 minus the intercept
POSSIBLE_HU = (-40000, 40000)
SMALLEST_RANGE = 100
DICOM_MODALITY = "0008|0060"
# what is more than air, and in it fat, water, muscle and blood (HU)
TISSUE_ABOVE_HU, SOFT_TISSUE_HU = -700, (-200, 150)
# of the tissue of real volumes 67 to 90 % is soft (head phantom: 29 %); at half the scale most of it is lighter, at
# twice the scale up to 11 % is soft and some is denser than any bone
MOST_LIGHTER, LEAST_SOFT, DENSER_THAN_BONE, MOST_DENSER = 0.5, 0.15, 2000, 0.005
LEAST_TISSUE = 0.05


@dataclass(frozen=True)
class Verdict:
    """Whether thin slices can be computed from a volume.

    Attributes:
        level: "fit", "warning" (can be computed, read the reasons) or "refused".
        reasons: Sentences for the user: the one reason of a refusal, or all warnings; empty when fit.
    """

    level: str
    reasons: tuple[str, ...]


class _Refusal(Exception):  # noqa: N818 - an answer on its way out, never seen outside
    pass


def require_volume(image: sitk.Image) -> None:
    """Refuse what is no three-dimensional CT volume at all, and so has no slices to describe.

    Raises:
        InputRefusedError: It is a flat picture, a series in time, a colour image, of another modality, or one slice.
    """
    if image.GetDimension() != 3:
        raise InputRefusedError(f"This is a {image.GetDimension()}D image; a three-dimensional CT volume is needed.")
    if image.GetNumberOfComponentsPerPixel() != 1 or "complex" in image.GetPixelIDTypeAsString():
        raise InputRefusedError(
            "Each voxel holds several values (colour or vectors); a CT volume with one value is needed."
        )
    modality = image.GetMetaData(DICOM_MODALITY) if image.HasMetaDataKey(DICOM_MODALITY) else "CT"
    if modality.strip() not in ("CT", ""):
        raise InputRefusedError(f"The volume is not CT (modality {modality.strip()}); choose a CT volume.")
    if min(image.GetSize()) == 1:
        raise InputRefusedError("This is a single slice; choose the whole series, at least 4 slices.")


def judge(image: sitk.Image, geometry: SliceGeometry, acquisition: Acquisition, spacing: float) -> Verdict:
    """Judge a volume before anything is computed from it. Needs no torch and the memory of one slice.

    Args:
        image: The volume, HU, with the voxel spacing that is to be believed.
        geometry: Where its slices lie.
        acquisition: How they were made.
        spacing: Interval of the thin slices asked for, mm.
    """
    try:
        _check_grid(image, geometry, acquisition, spacing)
        lowest, highest = _value_range(image)
        _check_values(image, lowest, highest)
    except _Refusal as refusal:
        return Verdict(REFUSED, (str(refusal),))
    reasons = (
        *_grid_warnings(geometry, acquisition),
        *_value_warnings(lowest, highest),
        *_scale_warnings(image),
        *interpolation_warnings(image, geometry.axis),
    )
    return Verdict(WARNING if reasons else FIT, reasons)


def _check_grid(image: sitk.Image, geometry: SliceGeometry, acquisition: Acquisition, spacing: float) -> None:
    direction = np.reshape(image.GetDirection(), (3, 3))
    if not np.allclose(direction.T @ direction, np.eye(3), atol=1e-3):
        raise _Refusal(
            "The slices are sheared against the direction in which they are stacked (gantry tilt); "
            "choose a series without tilt, or one that the scanner has resampled."
        )
    if geometry.count < MIN_SLICES:
        raise _Refusal(
            f"The volume has only {geometry.count} slices; at least {MIN_SLICES} are needed, "
            "so choose the whole series."
        )
    rows, columns = _pixels(image, geometry)
    if min(rows, columns) < MIN_PIXELS:
        raise _Refusal(
            f"The slices have only {columns} x {rows} pixels; crop less closely, at least {MIN_PIXELS} are needed."
        )
    if acquisition.interval > MAX_INTERVAL:
        raise _Refusal(
            f"The slices lie {acquisition.interval:.4g} mm apart, which no CT has; check the volume's spacing."
        )
    if acquisition.interval < MIN_RATIO * spacing * (1 - 1e-6):
        raise _Refusal(
            f"The slices are already thin: they lie {acquisition.interval:.4g} mm apart and {spacing:.4g} mm was asked "
            "for; choose the thick series, or ask for thinner slices."
        )
    if acquisition.sources["interval"] == "spacing" and acquisition.interval < 1.05 * max(geometry.pixel_spacing):
        raise _Refusal(
            "No direction of the volume is thicker than the others "
            f"(voxels of {' x '.join(_mm(image.GetSpacing()))} mm), "
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
    if highest < BODY_ABOVE_HU:
        raise _Refusal(
            f"No value reaches {BODY_ABOVE_HU:g} HU (the highest is {highest:.4g}): there is only air, or the values "
            "were scaled wrongly; choose a CT in which water is 0 and air -1000."
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


def _grid_warnings(geometry: SliceGeometry, acquisition: Acquisition) -> list[str]:
    warnings = []
    difference = acquisition.interval - acquisition.thickness
    if difference > 0.05 * acquisition.interval:
        warnings.append(
            f"Between slices of {acquisition.thickness:.4g} mm lie gaps of {difference:.2g} mm that were not measured; "
            "what is computed there is a guess."
        )
    elif difference < -0.05 * acquisition.interval:
        warnings.append(
            f"The slices of {acquisition.thickness:.4g} mm overlap by {-difference:.2g} mm; check the thickness."
        )
    low, high = USUAL_PIXEL_MM
    if min(geometry.pixel_spacing) < low or max(geometry.pixel_spacing) > high:
        warnings.append(
            f"The pixels measure {' x '.join(_mm(geometry.pixel_spacing))} mm, which is unusual for CT "
            f"({low:g} to {high:g} mm); check the spacing."
        )
    if geometry.count < FEW_SLICES:
        warnings.append(f"There are only {geometry.count} slices; the outer ones are computed with less to go by.")
    return warnings


def _value_warnings(lowest: float, highest: float) -> list[str]:
    warnings = []
    if highest > HU_MAX:
        warnings.append(
            f"Values reach {highest:.0f} HU (metal); above {HU_MAX} HU the volume is interpolated, not computed."
        )
    if highest < BONE_ABOVE_HU:
        warnings.append(f"No voxel reaches {BONE_ABOVE_HU:g} HU, so there is no bone in the volume; check the choice.")
    if lowest > -50:
        warnings.append(
            f"The lowest value is {lowest:.4g}: neither air nor fat is in the volume; check that it is CT in "
            "Hounsfield units."
        )
    return warnings


def _scale_warnings(image: sitk.Image) -> list[str]:
    """Warn of slices that are filled with 0, and of tissue whose values no tissue has.

    Air tells nothing of the scale: it lies at its end, and stays there when the rest is stretched or squeezed.
    """
    import SimpleITK as sitk

    values = sitk.GetArrayViewFromImage(image)
    warnings = []
    empty = [index for index, one in enumerate(values) if not one[0, 0] and not one.any()]
    if empty:
        warnings.append(
            f"{len(empty)} of {len(values)} slices hold nothing but 0 HU (the first is number {empty[0] + 1}), which "
            "is water and not air; check that the file is whole."
        )
    some = values[tuple(slice(None, None, max(1, size // 64)) for size in values.shape)]
    tissue = some[some > TISSUE_ABOVE_HU]
    if tissue.size <= LEAST_TISSUE * some.size:
        return warnings
    lighter, denser = (tissue < SOFT_TISSUE_HU[0]).mean(), (tissue > DENSER_THAN_BONE).mean()
    soft = ((tissue > SOFT_TISSUE_HU[0]) & (tissue < SOFT_TISSUE_HU[1])).mean()
    if lighter > MOST_LIGHTER or (soft < LEAST_SOFT and denser > MOST_DENSER):
        warnings.append(
            f"Hardly any tissue has the values of fat, water or muscle ({SOFT_TISSUE_HU[0]} to {SOFT_TISSUE_HU[1]} "
            "HU); check that the values are Hounsfield units, in which water is 0 and air -1000."
        )
    return warnings


def _pixels(image: sitk.Image, geometry: SliceGeometry) -> tuple[int, int]:
    rows, columns = (image.GetSize()[axis] for axis in (2, 1, 0) if axis != geometry.axis)
    return rows, columns


def _mm(lengths: tuple[float, ...]) -> list[str]:
    return [f"{length:.4g}" for length in lengths]
