"""Attributes of a computed CT image, module by module (PS3.3 A.3, CT Image IOD)."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from CTEnhanceLib.dicom.header import CT_CLASSES, SliceHeader

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from CTEnhanceLib.dicom.source import SourceSeries

PRIVATE_CREATOR = "CTENHANCE"
_PRIVATE_GROUP = 0x0099

# carried over as they are: who, which study, where, and how the X-rays were made; not what describes the
# acquisition of one single image (exposure, table position, times), which no computed slice has
_CARRIED = (
    # patient and study, PS3.3 C.7.1.1, C.7.2.1, C.7.2.2
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "PatientAge",
    "PatientSize",
    "PatientWeight",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "DeidentificationMethodCodeSequence",
    "LongitudinalTemporalInformationModified",
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
    "StudyID",
    "AccessionNumber",
    "StudyDescription",
    # series and frame of reference, C.7.3.1, C.7.4.1
    "BodyPartExamined",
    "Laterality",
    "ImageLaterality",
    "PatientPosition",
    "FrameOfReferenceUID",
    "PositionReferenceIndicator",
    # contrast and CT image, C.7.6.4, C.8.2.1
    "ContrastBolusAgent",
    "ContrastBolusAgentSequence",
    "ContrastBolusRoute",
    "KVP",
    "FilterType",
    "AcquisitionNumber",
    # once lossy, always lossy, C.7.6.1.1.5
    "LossyImageCompression",
    "LossyImageCompressionRatio",
    "LossyImageCompressionMethod",
)
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
    for name in _CARRIED:
        if name in source.dataset:
            dataset[name] = source.dataset[name]
    if "ImageLaterality" not in dataset and "Laterality" not in dataset:
        dataset.Laterality = ""  # asked for where it could be either side
    for name in ("StudyInstanceUID", "FrameOfReferenceUID"):
        if not dataset.get(name):
            setattr(dataset, name, generate_uid(prefix=None))
    kernel = source.headers[0].facts.get("0018|1210")
    if kernel:  # a multi-frame source keeps it in its functional groups
        dataset.ConvolutionKernel = kernel.split("\\")
    return dataset


def computed_series(
    dataset: Dataset,
    source: SourceSeries | None,
    *,
    description: str,
    spacing: float,
    model: str,
    model_sha256: str,
    report: dict[str, Any] | None,
    further: list[SourceSeries],
    now: datetime,
) -> None:
    """Fill in what all images of the computed series share and what says that they are computed.

    General Series C.7.3.1, General Equipment C.7.5.1, Enhanced Contributing Equipment C.12.1, General Reference
    C.12.4, CT Image C.8.2.1.
    """
    from pydicom.uid import generate_uid

    dataset.SOPClassUID = CT_CLASSES[0]
    dataset.Modality = "CT"
    dataset.SeriesInstanceUID = generate_uid(prefix=None)
    number = source.dataset.get("SeriesNumber") if source else None
    dataset.SeriesNumber = int(number or 0) + 1000
    dataset.SeriesDate = dataset.ContentDate = dataset.InstanceCreationDate = now.strftime("%Y%m%d")
    dataset.SeriesTime = dataset.ContentTime = dataset.InstanceCreationTime = now.strftime("%H%M%S")
    told = description or (str(source.dataset.get("SeriesDescription") or "") if source else "")
    dataset.SeriesDescription = series_description(told, spacing)
    dataset.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
    dataset.BurnedInAnnotation = "NO"
    thickness = f" from slices {source.grid.spacing[2]:.4g} mm apart" if source else ""
    by = f", model {model}" + (f" (sha256 {model_sha256})" if model_sha256 else "") if model else ""
    facts = (report or {}).get("model")
    detail = facts.get("detail") if isinstance(facts, dict) else None
    by += "" if detail is None else f", detail {detail:.4g} between accurate (0) and crisp (1)"
    measured = f" from {1 + len(further)} measured series," if further else ""
    dataset.DerivationDescription = (
        f"Slices {spacing:.4g} mm apart computed{measured} by CTEnhance{by}{thickness}. Computed, not measured: for "
        "research, not for diagnosis."
    )
    dataset.DerivationCodeSequence = [_code("113085", "Spatial resampling")]
    dataset.ImageComments = "Computed slice, for research, not for diagnosis."
    _equipment(dataset, source, model, model_sha256)
    if source:
        dataset.ReferencedSeriesSequence = [_referenced_series(one) for one in (source, *further)]
    if report is not None:
        block = dataset.private_block(_PRIVATE_GROUP, PRIVATE_CREATOR, create=True)
        block.add_new(0x01, "UT", json.dumps(report, ensure_ascii=False))


def series_description(told: str, spacing: float) -> str:
    """Give a Series Description of at most 64 characters (LO) that ends with what the series is."""
    suffix = f"[{spacing:g} mm computed] research, not for diagnosis"
    return f"{told[: 63 - len(suffix)].strip()} {suffix}".strip()


def source_images(headers: list[SliceHeader]) -> list[Dataset]:
    """Give the items of Source Image Sequence (C.12.4): one per source object, frames listed within."""
    items = []
    for item in _references(headers):
        item.PurposeOfReferenceCodeSequence = [_code("121322", "Source image for image processing operation")]
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
    processing.PurposeOfReferenceCodeSequence = [_code("109102", "Processing Equipment")]
    processing.Manufacturer = "CTEnhance"
    processing.ManufacturerModelName = "CTEnhance"
    processing.SoftwareVersions = __version__
    processing.ContributionDescription = f"model {model or 'none'}, sha256 {model_sha256 or 'unknown'}"
    contributors = [processing]
    if source:
        scanner = Dataset()
        scanner.PurposeOfReferenceCodeSequence = [_code("109101", "Acquisition Equipment")]
        scanner.Manufacturer = source.dataset.get("Manufacturer") or "unknown"
        for name in ("ManufacturerModelName", "SoftwareVersions"):
            if source.dataset.get(name):
                scanner[name] = source.dataset[name]
        earlier = source.dataset.get("ContributingEquipmentSequence") or []
        contributors = [*earlier, scanner, processing]
    dataset.ContributingEquipmentSequence = contributors


def _code(value: str, meaning: str) -> Dataset:
    from pydicom.dataset import Dataset

    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "DCM", meaning
    return code
