"""What the header of one slice says, for single-frame and multi-frame (Enhanced) CT alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CTEnhanceLib.dicom.dataset import read_dataset
from CTEnhanceLib.errors import InputRefusedError, shown

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

CT_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.2",  # CT Image Storage
    "1.2.840.10008.5.1.4.1.1.2.1",  # Enhanced CT Image Storage
    "1.2.840.10008.5.1.4.1.1.2.2",  # Legacy Converted Enhanced CT Image Storage
)

# kept with the volume under SimpleITK's own key format; nothing in it names the patient
FACTS = {
    "0008|0060": "Modality",
    "0008|0070": "Manufacturer",
    "0008|1090": "ManufacturerModelName",
    "0018|0015": "BodyPartExamined",
    "0018|0050": "SliceThickness",
    "0018|0060": "KVP",
    "0018|0088": "SpacingBetweenSlices",
    "0018|1210": "ConvolutionKernel",
    "0018|5100": "PatientPosition",
    "0020|000d": "StudyInstanceUID",
    "0020|000e": "SeriesInstanceUID",
    "0020|0011": "SeriesNumber",
    "0020|0052": "FrameOfReferenceUID",
}

# macros of the functional groups (PS3.3 C.7.6.16.2 and C.8.15.3) that hold what a single-frame header holds itself
_GROUPS = (
    "PlanePositionSequence",
    "PlaneOrientationSequence",
    "PixelMeasuresSequence",
    "PixelValueTransformationSequence",
    "CTImageFrameTypeSequence",
    "CTReconstructionSequence",
    "CTAcquisitionDetailsSequence",
    "CTXRayDetailsSequence",
    "RealWorldValueMappingSequence",
    "FrameContentSequence",
    "CardiacSynchronizationSequence",
)

_TAGS = [
    *FACTS.values(),
    "SOPClassUID",
    "SOPInstanceUID",
    "SeriesDescription",
    "ImageType",
    "FrameType",
    "NumberOfFrames",
    "SamplesPerPixel",
    "Rows",
    "Columns",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "GantryDetectorTilt",
    "RescaleSlope",
    "RescaleIntercept",
    "RescaleType",
    "ModalityLUTSequence",
    "PhotometricInterpretation",
    "RealWorldValueMappingSequence",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "AcquisitionNumber",
    "TemporalPositionIdentifier",
    "NominalPercentageOfCardiacPhase",
]

# what all slices of a volume share, whatever their Series Instance UID says
_SHARED = {
    "patients": ("PatientID", "PatientName", "PatientBirthDate"),
    "studies": ("StudyInstanceUID",),
    "frames of reference": ("FrameOfReferenceUID",),
    "acquisitions": ("AcquisitionNumber",),
    "times": ("TemporalPositionIdentifier", "TemporalPositionIndex", "NominalPercentageOfCardiacPhase"),
    "kernels": ("ConvolutionKernel",),
    "tube voltages": ("KVP",),
    "patient positions": ("PatientPosition",),
}


@dataclass(frozen=True)
class SliceHeader:
    """Header of one slice; numbers are None where the header does not state them.

    Attributes:
        path: The file.
        frame: Index of the frame in a multi-frame file, None in a single-frame file.
        modality: "CT", "MR", ...; empty when not stated.
        sop_class: Kind of object, UID.
        sop_uid: This object, UID.
        series_uid: The series it belongs to, UID.
        image_type: Values of Image Type and, in multi-frame files, Frame Type.
        samples: Values per pixel, 1 unless colour.
        size: Rows, columns; zeros where there is no picture.
        position: Centre of the first pixel, LPS mm.
        orientation: Direction of the rows and of the columns, LPS, six numbers.
        pixel_spacing: Distance of rows and of columns, mm.
        thickness: Slice thickness, mm.
        tilt: Gantry tilt, degrees.
        slope: Rescale slope.
        intercept: Rescale intercept.
        units: Unit of the rescaled values; empty or "HU" for Hounsfield units.
        facts: Facts kept with the volume, key as in `FACTS`.
        frames: Number of Frames as stated, 1 where it is not.
        photometric: Photometric Interpretation.
        has_lut: Whether a Modality LUT stands in place of slope and intercept.
        series_number: Series Number, empty when not stated.
        description: Series Description.
        shared: What all slices of a volume share, by what it is; it may name the patient and is never shown.
    """

    path: Path
    frame: int | None
    modality: str
    sop_class: str
    sop_uid: str
    series_uid: str
    image_type: tuple[str, ...]
    samples: int
    size: tuple[int, int]
    position: tuple[float, ...] | None
    orientation: tuple[float, ...] | None
    pixel_spacing: tuple[float, ...] | None
    thickness: float | None
    tilt: float | None
    slope: float | None
    intercept: float | None
    units: str
    facts: dict[str, str]
    frames: int
    photometric: str
    has_lut: bool
    series_number: str
    description: str
    shared: dict[str, tuple[str, ...]] = field(repr=False)


def read_headers(path: Path) -> list[SliceHeader]:
    """Read the header of a DICOM file: one entry, or one per frame; pixels stay on disk.

    Raises:
        InputRefusedError: The header is damaged.
    """
    try:
        dataset = read_dataset(path, header_only=True, tags=_TAGS)
        headers = [_header(path, frame, parts) for frame, parts in _frames(dataset)]
    except (InputRefusedError, MemoryError):
        raise
    except Exception as error:  # each kind of damage raises its own
        raise _damaged(path) from error
    if not all(header.sop_class or header.modality for header in headers):
        raise _damaged(path)
    return headers


def _damaged(path: Path) -> InputRefusedError:
    return InputRefusedError(f"The header of {shown(path.name)} is damaged or cut short; export the series again.")


def _frames(dataset: Dataset) -> Iterator[tuple[int | None, list[Dataset]]]:
    """Give, per frame, the datasets in which its attributes are to be looked for, the most specific first."""
    groups = dataset.get("PerFrameFunctionalGroupsSequence")
    if not groups:
        yield None, [dataset]
        return
    shared = _macros(dataset.get("SharedFunctionalGroupsSequence") or [])
    for number, group in enumerate(groups):
        yield number, [*_macros([group]), *shared, dataset]


def _macros(groups: Any) -> list[Dataset]:
    return [group[name][0] for group in groups for name in _GROUPS if group.get(name)]


def _header(path: Path, frame: int | None, parts: list[Dataset]) -> SliceHeader:
    whole = parts[-1]
    number, description = whole.get("SeriesNumber"), whole.get("SeriesDescription")
    image_type = [*_values(parts, "ImageType", str), *_values(parts, "FrameType", str)]
    return SliceHeader(
        path=path,
        frame=frame,
        modality=str(whole.get("Modality") or "").upper(),
        sop_class=str(whole.get("SOPClassUID") or whole.file_meta.get("MediaStorageSOPClassUID") or ""),
        sop_uid=str(whole.get("SOPInstanceUID") or ""),
        series_uid=str(whole.get("SeriesInstanceUID") or ""),
        image_type=tuple(value.upper() for value in image_type),
        samples=int(whole.get("SamplesPerPixel") or 1),
        size=(int(whole.get("Rows") or 0), int(whole.get("Columns") or 0)),
        position=_values(parts, "ImagePositionPatient", float, 3) or None,
        orientation=_values(parts, "ImageOrientationPatient", float, 6) or None,
        pixel_spacing=_values(parts, "PixelSpacing", float, 2) or None,
        thickness=_number(parts, "SliceThickness"),
        tilt=_number(parts, "GantryDetectorTilt"),
        slope=_number(parts, "RescaleSlope"),
        intercept=_number(parts, "RescaleIntercept"),
        units=_units(parts),
        facts={key: text for key, name in FACTS.items() if (text := _text(parts, name))},
        frames=int(whole.get("NumberOfFrames") or 1),
        photometric=_text(parts, "PhotometricInterpretation").strip().upper(),
        has_lut=bool(whole.get("ModalityLUTSequence")),
        series_number=str(number if number is not None else ""),
        description=str(description or ""),
        shared={what: tuple(_text(parts, name) for name in names) for what, names in _SHARED.items()},
    )


def _find(parts: list[Dataset], name: str) -> Any:
    return next((part[name].value for part in parts if part.get(name) not in (None, "")), None)


def _values(parts: list[Dataset], name: str, kind: type, count: int | None = None) -> tuple:
    found = _find(parts, name)
    if found is None:
        return ()
    several = [found] if isinstance(found, (str, float, int)) else list(found)
    return tuple(kind(value) for value in several) if count in (None, len(several)) else ()


def _number(parts: list[Dataset], name: str) -> float | None:
    found = _find(parts, name)
    return None if found is None else float(found)


def _text(parts: list[Dataset], name: str) -> str:
    found = _find(parts, name)
    if found is None:
        return ""
    return str(found) if isinstance(found, (str, float, int)) else "\\".join(str(value) for value in found)


def _units(parts: list[Dataset]) -> str:
    """Give the unit of the values: of the real world mapping (PS3.3 C.7.6.16.2.11), else Rescale Type."""
    for part in parts:
        for item in (part, *(part.get("RealWorldValueMappingSequence") or [])):
            codes = item.get("MeasurementUnitsCodeSequence")
            if codes:
                return str(codes[0].get("CodeValue") or "")
    return str(_find(parts, "RescaleType") or "")
