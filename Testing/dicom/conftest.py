"""Small CT series made with pydicom, one attribute at a time wrong where a test asks for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
SIZE = (40, 36)  # rows, columns


def slice_values(index: int) -> np.ndarray:
    """HU of slice `index`: air around a block of bone that says which slice it is."""
    values = np.full(SIZE, -1000, dtype=np.int16)
    values[8:30, 6:28] = 40
    values[12:20, 10:20] = 700 + index
    return values


def save(path: Path, dataset: Any, syntax: str = EXPLICIT) -> None:
    from pydicom.dataset import FileDataset, FileMetaDataset

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = syntax
    FileDataset(str(path), dataset, preamble=b"\0" * 128, file_meta=meta, is_implicit_VR=False).save_as(str(path))


def ct_slice(index: int, interval: float = 3.0) -> Any:
    from pydicom.dataset import Dataset
    from pydicom.uid import generate_uid

    dataset = Dataset()
    dataset.SOPClassUID = CT_IMAGE
    dataset.SOPInstanceUID = generate_uid(prefix=None)
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.FrameOfReferenceUID = "2.25.1", "2.25.2", "2.25.3"
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.PatientName, dataset.PatientID = "Müller^Jörg", "4711"
    dataset.Modality, dataset.ImageType = "CT", ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.SeriesNumber, dataset.SeriesDescription = 4, "Handgelenk 3.0"
    dataset.Manufacturer, dataset.ConvolutionKernel = "ACME", "B70"
    dataset.SliceThickness, dataset.KVP = 3.0, 120
    dataset.PixelSpacing = [0.5, 0.4]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.ImagePositionPatient = [-10.5, -20.25, 100 + index * interval]
    dataset.InstanceNumber = index + 1
    dataset.Rows, dataset.Columns = SIZE
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = 1, -1024, "HU"
    dataset.PixelData = (slice_values(index) + 1024).astype("<u2").tobytes()
    dataset["PixelData"].VR = "OW"
    return dataset


@pytest.fixture
def make_series(tmp_path: Path) -> Callable[..., Path]:
    """Write a series of six slices, 3 mm apart; `change(dataset, index)` may spoil each before it is saved."""

    def make(
        change: Callable[[Any, int], None] | None = None, count: int = 6, name: str = "series", interval: float = 3.0
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for index in range(count):
            dataset = ct_slice(index, interval)
            if change:
                change(dataset, index)
            # names run against positions: order must come from the headers
            save(folder / f"IM{count - index:04d}", dataset)
        return folder

    return make


@pytest.fixture
def make_slice() -> Callable[..., Any]:
    return ct_slice


@pytest.fixture
def save_slice() -> Callable[..., None]:
    return save


@pytest.fixture
def multi_frame(tmp_path: Path) -> Callable[[list[float]], Path]:
    """Write an Enhanced CT file (PS3.3 A.38) with a frame at each height; what may vary sits in functional groups."""
    from pydicom.dataset import Dataset

    def make(heights: list[float]) -> Path:
        whole = ct_slice(0)
        whole.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2.1"
        whole.NumberOfFrames = len(heights)
        shared = Dataset()
        for sequence, names in (
            ("PlaneOrientationSequence", ["ImageOrientationPatient"]),
            ("PixelMeasuresSequence", ["PixelSpacing", "SliceThickness"]),
            ("PixelValueTransformationSequence", ["RescaleSlope", "RescaleIntercept", "RescaleType"]),
            ("CTReconstructionSequence", ["ConvolutionKernel"]),
        ):
            item = Dataset()
            for name in names:
                item[name] = whole[name]
                del whole[name]
            setattr(shared, sequence, [item])
        del whole.ImagePositionPatient
        whole.SharedFunctionalGroupsSequence = [shared]
        groups = []
        for height in heights:
            position, group = Dataset(), Dataset()
            position.ImagePositionPatient = [0, 0, height]
            group.PlanePositionSequence = [position]
            groups.append(group)
        whole.PerFrameFunctionalGroupsSequence = groups
        whole.PixelData = b"".join(ct_slice(index).PixelData for index in range(len(heights)))
        whole["PixelData"].VR = "OW"
        folder = tmp_path / "enhanced"
        folder.mkdir(exist_ok=True)
        save(folder / "multi.dcm", whole)
        return folder / "multi.dcm"

    return make
