"""A computed volume out as a DICOM series that says it is derived, from what, and not for diagnosis."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np

from CTEnhanceLib.dicom.derived.attributes import Computation, computed_series, patient_and_study, source_images
from CTEnhanceLib.dicom.derived.identifiers import derived_uid, series_identity
from CTEnhanceLib.dicom.derived.source import SourceSeries, further_source, read_source
from CTEnhanceLib.dicom.tolerance import tolerant_of_headers
from CTEnhanceLib.errors import OutputError, UsageError, shown
from CTEnhanceLib.files.atomic import appearing

if TYPE_CHECKING:
    import SimpleITK as sitk
    from pydicom.dataset import Dataset

# bone, as radiologists look at it (HU)
_WINDOW_CENTER, _WINDOW_WIDTH = 500, 2000


def check_output_folder(folder: Path | str) -> None:
    """Check before a long run that a DICOM folder can be made.

    Raises:
        OutputError: It is a file, not empty, or there is no folder around it.
    """
    target = Path(folder)
    if target.exists() and not target.is_dir():
        raise OutputError(f"{shown(target, 120)} is a file; name a new folder for the DICOM series.")
    if target.is_dir() and any(target.iterdir()):
        raise OutputError(f"The folder {shown(target, 120)} is not empty; name a new folder for the DICOM series.")
    if not target.absolute().parent.is_dir():
        raise OutputError(f"The folder {shown(target.absolute().parent, 120)} does not exist; make it first.")


@tolerant_of_headers()
def write_derived_series(
    image: sitk.Image,
    folder: Path | str,
    source: Path | str | Sequence[Path] | None = None,
    *,
    series: str | None = None,
    also: Sequence[tuple[Path | str | Sequence[Path], str | None]] = (),
    description: str = "",
    model: str = "",
    model_sha256: str = "",
    report: dict[str, Any] | None = None,
    axis: int = 2,
) -> str:
    """Write a computed volume as CT Image Storage objects, one per slice along its slice axis.

    Image Type is DERIVED\\SECONDARY\\AXIAL (PS3.3 C.8.2.1.1.1). With a source the images join its study and frame of
    reference and name the source images; without one they form an anonymous study of their own. The folder appears
    only when all slices are in it.

    Args:
        image: Three-dimensional, HU; rounded to whole HU.
        folder: Folder to make; it may exist if it is empty.
        source: DICOM folder of the thick series that the volume was computed from, or its files.
        series: Series Number or UID of that series, where the folder holds several.
        also: Of each further series that was fused into the volume: its folder and Series Instance UID, or its files.
        description: Begin of the Series Description; that of the source when empty.
        model: Name of the model.
        model_sha256: Its hash.
        report: Report of the run, kept as JSON in a private element, (0099,xx01) of creator CTENHANCE.
        axis: Slice axis of the volume (0 = i, 1 = j, 2 = k): that of the thick volume.

    Returns:
        Series Instance UID of what was written.

    Raises:
        OutputError: The folder is not empty or cannot be written.
        UsageError: The volume is not three-dimensional or not computed from that source.
        InputRefusedError: `source` holds no usable CT series.
    """
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        raise UsageError(
            "Only a three-dimensional volume with one value per voxel can become a CT series; choose another volume."
        )
    image = _slices_last(image, axis)
    target = Path(folder)
    check_output_folder(target)
    measured = None
    if source is not None:
        measured = read_source(Path(source) if isinstance(source, str) else source, image, series)
    further = [further_source(Path(other) if isinstance(other, str) else other, uid) for other, uid in also]
    identity = uuid4().hex
    if measured:
        identity = series_identity(image, [measured, *further], model_sha256, description, report)
    now = datetime.now()
    template = patient_and_study(measured, now)
    made = Computation(image.GetSpacing()[2], description, model, model_sha256, report, identity, now)
    computed_series(template, measured, further, made)
    _describe_grid(template, image)
    with appearing(target) as partial:
        partial.mkdir()
        _write_slices(image, template, measured, further, partial, identity)
    return str(template.SeriesInstanceUID)


def _slices_last(image: sitk.Image, axis: int) -> sitk.Image:
    """Order the axes so that i x j = k and slices are stacked along k; every voxel keeps its place in the patient."""
    import SimpleITK as sitk

    others = [other for other in range(3) if other != axis]
    image = image if axis == 2 else sitk.PermuteAxes(image, [*others, axis])
    if np.linalg.det(np.reshape(image.GetDirection(), (3, 3))) > 0:
        return image
    directions = np.reshape(image.GetDirection(), (3, 3)) * (1.0, 1.0, -1.0)
    turned = sitk.GetImageFromArray(sitk.GetArrayViewFromImage(image)[::-1])
    turned.SetSpacing(image.GetSpacing())
    turned.SetOrigin(image.TransformIndexToPhysicalPoint((0, 0, image.GetSize()[2] - 1)))
    turned.SetDirection(directions.ravel().tolist())
    return turned


def _describe_grid(dataset: Dataset, image: sitk.Image) -> None:
    """Fill in Image Plane (C.7.6.2) and Image Pixel (C.7.6.3) as far as all slices share them."""
    direction = np.reshape(image.GetDirection(), (3, 3))
    columns, rows, _ = image.GetSize()
    dataset.ImageOrientationPatient = _decimal([*direction[:, 0], *direction[:, 1]])
    dataset.PixelSpacing = _decimal([image.GetSpacing()[1], image.GetSpacing()[0]])
    dataset.SliceThickness = dataset.SpacingBetweenSlices = _decimal([image.GetSpacing()[2]])[0]
    dataset.Rows, dataset.Columns = rows, columns
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.WindowCenter, dataset.WindowWidth = _WINDOW_CENTER, _WINDOW_WIDTH


def _write_slices(
    image: sitk.Image,
    template: Dataset,
    source: SourceSeries | None,
    further: list[SourceSeries],
    folder: Path,
    identity: str,
) -> None:
    import SimpleITK as sitk

    slices = sitk.GetArrayViewFromImage(image)
    lowest, highest = (float(pick) for pick in (slices.min(), slices.max()))
    _choose_storage(template, lowest, highest, source.rescale if source else None)
    normal = np.reshape(image.GetDirection(), (3, 3))[:, 2]
    for number, values in enumerate(slices):
        dataset = copy.copy(template)
        position = np.asarray(image.TransformIndexToPhysicalPoint((0, 0, number)))
        dataset.ImagePositionPatient = _decimal(position)
        dataset.SliceLocation = _decimal([position @ normal])[0]
        dataset.InstanceNumber = number + 1
        near = list(source.near(position)) if source else []
        for other in further:
            near += other.crossing(_corners(image, number))
        if near:
            dataset.SourceImageSequence = source_images(near)
        dataset.SOPInstanceUID = derived_uid("slice", identity, str(number))
        _write_slice(dataset, values, folder / f"{number + 1:05d}.dcm")


def _corners(image: sitk.Image, number: int) -> np.ndarray:
    columns, rows, _ = image.GetSize()
    ends = [(c, r, number) for c in (0, columns - 1) for r in (0, rows - 1)]
    return np.array([image.TransformIndexToPhysicalPoint(end) for end in ends])


def _choose_storage(dataset: Dataset, lowest: float, highest: float, rescale: tuple[float, float] | None) -> None:
    """Take the scale of the measured series where it holds whole HU and these values, else one that does.

    CT Image C.8.2.1.1.3 ff.; 12 bits, as scanners have, where they are enough.
    """
    twelve = lowest >= -1024 and highest <= 3071
    slope, intercept = (1.0, -1024.0) if twelve else (1.0, 0.0)
    if rescale and _holds(rescale, lowest, highest):
        slope, intercept = rescale
    low, high = (lowest - intercept) / slope, (highest - intercept) / slope
    dataset.BitsAllocated = 16
    dataset.BitsStored = 12 if twelve and 0 <= low <= high <= 4095 else 16
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = 0 if dataset.BitsStored == 12 or high > 32767 else 1
    dataset.RescaleSlope, dataset.RescaleIntercept = (
        int(number) if number.is_integer() else _decimal([number])[0] for number in (slope, intercept)
    )
    dataset.RescaleType = "HU"


def _holds(rescale: tuple[float, float], lowest: float, highest: float) -> bool:
    """Tell whether 16 bits of a scale hold these values, and each whole HU exactly."""
    slope, intercept = rescale
    low, high = (lowest - intercept) / slope, (highest - intercept) / slope
    exact = float(1 / slope).is_integer() and float(intercept / slope).is_integer()
    return exact and (0 <= low <= high <= 65535 or -32768 <= low <= high <= 32767)


def _write_slice(dataset: Dataset, values: np.ndarray, path: Path) -> None:
    from pydicom import dcmwrite
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import PYDICOM_IMPLEMENTATION_UID, ExplicitVRLittleEndian

    stored = np.rint((np.rint(values) - float(dataset.RescaleIntercept)) / float(dataset.RescaleSlope))
    kind = np.dtype(np.int16 if dataset.PixelRepresentation else np.uint16).newbyteorder("<")
    limits = np.iinfo(kind)
    dataset.PixelData = np.clip(stored, limits.min, limits.max).astype(kind).tobytes()
    dataset["PixelData"].VR = "OW"
    meta = FileMetaDataset()
    meta.FileMetaInformationGroupLength = 0
    meta.FileMetaInformationVersion = b"\0\1"
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = PYDICOM_IMPLEMENTATION_UID
    buffer = BytesIO()
    # written in one piece: pydicom leaves a traceback of its own where the disk is full
    dcmwrite(
        buffer,
        FileDataset(buffer, dataset, preamble=b"\0" * 128, file_meta=meta, is_implicit_VR=False, is_little_endian=True),
    )
    path.write_bytes(buffer.getvalue())


def _decimal(numbers: Any) -> list:
    """Give numbers as Decimal Strings with as many digits as 16 characters hold (PS3.5 6.2)."""
    from pydicom.valuerep import DSfloat

    return [DSfloat(float(number) + 0.0, auto_format=True) for number in numbers]
