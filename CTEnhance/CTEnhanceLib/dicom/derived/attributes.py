"""Attributes of a computed CT image, module by module (PS3.3 A.3, CT Image IOD)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from CTEnhanceLib.dicom.derived.carried import carry_over
from CTEnhanceLib.dicom.derived.identifiers import derived_uid
from CTEnhanceLib.dicom.header import CT_CLASSES, SliceHeader
from CTEnhanceLib.version import RESEARCH_ONLY

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from CTEnhanceLib.dicom.derived.source import SourceSeries

PRIVATE_CREATOR = "CTENHANCE"
_PRIVATE_GROUP = 0x0099

# type 2: there even when nothing is known
_EMPTY_TEXTS = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
    "StudyID",
    "AccessionNumber",
    "PatientPosition",
    "PositionReferenceIndicator",
)
_EMPTY_NUMBERS = ("KVP", "AcquisitionNumber")


def patient_and_study(source: SourceSeries | None, now: datetime) -> Dataset:
    """Give patient, study and frame of reference: those of the source, else an anonymous new study."""
    from pydicom.dataset import Dataset
    from pydicom.uid import generate_uid

    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    for name in _EMPTY_TEXTS:
        setattr(dataset, name, "")
    for name in _EMPTY_NUMBERS:
        setattr(dataset, name, None)
    dataset.LossyImageCompression = "00"
    if source is None:
        dataset.StudyInstanceUID = generate_uid(prefix=None)
        dataset.FrameOfReferenceUID = generate_uid(prefix=None)
        dataset.PatientName = "Anonymous"
        dataset.PatientID = f"CTE{dataset.StudyInstanceUID[-10:]}"
        dataset.StudyID, dataset.Laterality = "1", ""
        dataset.StudyDate, dataset.StudyTime = now.strftime("%Y%m%d"), now.strftime("%H%M%S")
        return dataset
    carry_over(source.dataset, dataset)
    if "ImageLaterality" not in dataset and "Laterality" not in dataset:
        dataset.Laterality = ""  # asked for where it could be either side
    for name in ("StudyInstanceUID", "FrameOfReferenceUID"):
        if not dataset.get(name):
            setattr(dataset, name, derived_uid(name, source.headers[0].series_uid))
    kernel = source.headers[0].facts.get("0018|1210")
    if kernel:  # a multi-frame source keeps it in its functional groups
        dataset.ConvolutionKernel = kernel.split("\\")
    return dataset


@dataclass(frozen=True)
class Computation:
    """What made a computed series.

    Attributes:
        spacing: Of the computed slices, mm.
        description: Said of the series besides the spacing.
        model: Name of the model.
        model_sha256: Of its model.json.
        report: Of the run, or None.
        identity: What the series was made of: the same gives the same UIDs.
        now: Time of writing.
    """

    spacing: float
    description: str
    model: str
    model_sha256: str
    report: dict[str, Any] | None
    identity: str
    now: datetime


def computed_series(
    dataset: Dataset, source: SourceSeries | None, further: list[SourceSeries], made: Computation
) -> None:
    """Fill in what all images of the computed series share and what says that they are computed.

    General Series C.7.3.1, General Equipment C.7.5.1, Enhanced Contributing Equipment C.12.1, General Reference
    C.12.4, CT Image C.8.2.1.

    Args:
        dataset: Is filled in.
        source: The measured series, None where it is not known.
        further: Further series that entered the volume.
        made: What made the series.
    """
    dataset.SOPClassUID = CT_CLASSES[0]
    dataset.Modality = "CT"
    dataset.SeriesInstanceUID = derived_uid("series", made.identity)
    number = source.dataset.get("SeriesNumber") if source else None
    dataset.SeriesNumber = int(number or 0) + 1000
    dataset.SeriesDate = dataset.ContentDate = dataset.InstanceCreationDate = made.now.strftime("%Y%m%d")
    dataset.SeriesTime = dataset.ContentTime = dataset.InstanceCreationTime = made.now.strftime("%H%M%S")
    told = made.description or (str(source.dataset.get("SeriesDescription") or "") if source else "")
    dataset.SeriesDescription = series_description(told, made.spacing)
    dataset.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
    dataset.BurnedInAnnotation = "NO"
    thickness = f" from slices {source.grid.spacing[2]:.4g} mm apart" if source else ""
    by = f", model {made.model}" if made.model else ""
    by += f" (sha256 {made.model_sha256})" if made.model and made.model_sha256 else ""
    facts = (made.report or {}).get("model")
    detail = facts.get("detail") if isinstance(facts, dict) else None
    by += "" if detail is None else f", detail {detail:.4g} between accurate (0) and crisp (1)"
    measured = f" from {1 + len(further)} measured series," if further else ""
    dataset.DerivationDescription = (
        f"Slices {made.spacing:.4g} mm apart computed{measured} by CTEnhance{by}{thickness}. Computed, not measured: "
        f"{RESEARCH_ONLY}."
    )
    dataset.DerivationCodeSequence = [_code("SpatialResampling")]
    dataset.ImageComments = f"Computed slice, {RESEARCH_ONLY}."
    _equipment(dataset, source, made.model, made.model_sha256)
    if source:
        dataset.ReferencedSeriesSequence = [_referenced_series(one) for one in (source, *further)]
    if made.report is not None:
        block = dataset.private_block(_PRIVATE_GROUP, PRIVATE_CREATOR, create=True)
        block.add_new(0x01, "UT", json.dumps(made.report, ensure_ascii=False))


def series_description(told: str, spacing: float) -> str:
    """Give a Series Description of at most 64 characters (LO) that ends with what the series is."""
    suffix = f"[{spacing:g} mm computed] {RESEARCH_ONLY.removeprefix('for ')}"
    return f"{told[: 63 - len(suffix)].strip()} {suffix}".strip()


def source_images(headers: list[SliceHeader]) -> list[Dataset]:
    """Give the items of Source Image Sequence (C.12.4): one per source object, frames listed within."""
    items = []
    for item in _references(headers):
        item.PurposeOfReferenceCodeSequence = [_code("SourceImageForImageProcessingOperation")]
        items.append(item)
    return items


def _referenced_series(source: SourceSeries) -> Dataset:
    """Common Instance Reference Module, PS3.3 C.12.2."""
    from pydicom.dataset import Dataset

    series = Dataset()
    series.SeriesInstanceUID = source.headers[0].series_uid
    series.ReferencedInstanceSequence = _references(source.headers, frames=False)
    return series


def _references(headers: list[SliceHeader], frames: bool = True) -> list[Dataset]:
    from pydicom.dataset import Dataset

    grouped: dict[str, Dataset] = {}
    for header in headers:
        if header.sop_uid not in grouped:
            item = grouped[header.sop_uid] = Dataset()
            item.ReferencedSOPClassUID = header.sop_class or CT_CLASSES[0]
            item.ReferencedSOPInstanceUID = header.sop_uid
        if frames and header.frame is not None:
            item = grouped[header.sop_uid]
            item.ReferencedFrameNumber = [*_listed(item.get("ReferencedFrameNumber")), header.frame + 1]
    return list(grouped.values())


def _listed(value: Any) -> list:
    if value is None:
        return []
    return [value] if isinstance(value, int) else list(value)


def _equipment(dataset: Dataset, source: SourceSeries | None, model: str, model_sha256: str) -> None:
    """Name this software as the maker of the images, the scanner as contributor (C.7.5.1, C.12.1)."""
    from pydicom.dataset import Dataset

    from CTEnhanceLib.version import __version__

    dataset.Manufacturer = "CTEnhance"
    dataset.ManufacturerModelName = "CTEnhance"
    dataset.SoftwareVersions = __version__
    processing = Dataset()
    processing.PurposeOfReferenceCodeSequence = [_code("ProcessingEquipment")]
    processing.Manufacturer = "CTEnhance"
    processing.ManufacturerModelName = "CTEnhance"
    processing.SoftwareVersions = __version__
    processing.ContributionDescription = f"model {model or 'none'}, sha256 {model_sha256 or 'unknown'}"
    contributors = [processing]
    if source:
        scanner = Dataset()
        scanner.PurposeOfReferenceCodeSequence = [_code("AcquisitionEquipment")]
        scanner.Manufacturer = source.dataset.get("Manufacturer") or "unknown"
        for name in ("ManufacturerModelName", "SoftwareVersions", "StationName", "DeviceSerialNumber"):
            if source.dataset.get(name):
                scanner[name] = source.dataset[name]
        earlier = source.dataset.get("ContributingEquipmentSequence") or []
        contributors = [*earlier, scanner, processing]
    dataset.ContributingEquipmentSequence = contributors


def _code(keyword: str) -> Dataset:
    """Give an item of a code sequence out of pydicom's dictionary of DCM codes (PS3.16 annex D)."""
    from pydicom.dataset import Dataset
    from pydicom.sr.codedict import codes

    found = getattr(codes.DCM, keyword)
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = found.value, "DCM", found.meaning
    return code
