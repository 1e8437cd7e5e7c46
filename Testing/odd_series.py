"""Series of 12 slices of 96 x 96 pixels, each wrong in one way, with what must come of it.

`make_odd_series(name, folder)` writes one; every case is either refused in a sentence that matches `expected`, or read
with exactly the values of the healthy series ("").
"""

from __future__ import annotations

import gzip
import os
import shutil
import socket
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

SLICES, PIXELS, INTERVAL = 12, 96, 3.0
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT, DEFLATED = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99"
MIDDLE, LAST = 5, SLICES - 1
Change = Callable[[Any, int], None]


def phantom() -> np.ndarray:
    """A limb of soft tissue with a tube of bone in noisy air, HU, that narrows slowly along the slices."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:PIXELS, :PIXELS] - PIXELS / 2 + 0.5
    radius = np.hypot(rows, columns * 1.2)
    values = np.full((SLICES, PIXELS, PIXELS), -985.0)
    for index, slice_values in enumerate(values):
        narrow = 1 - 0.01 * index
        slice_values[radius < 40 * narrow] = -90
        slice_values[radius < 35 * narrow] = 50
        slice_values[radius < 15 * narrow] = 1100
        slice_values[radius < 9 * narrow] = 200
    return np.clip(np.rint(values + rng.normal(0, 12, values.shape)), -1000, 3000).astype(np.int16)


def ankle(data_dir: Path) -> np.ndarray:
    """The same size out of the real ankle."""
    import SimpleITK as sitk

    volume = sitk.GetArrayFromImage(sitk.ReadImage(str(data_dir / "real_thick" / "sts_028_3p27mm.nrrd")))
    return volume[30 : 30 + SLICES, 40 : 40 + PIXELS, 30 : 30 + PIXELS]


def ct_dataset(values: np.ndarray, index: int) -> Any:
    """The object of one slice: unsigned 12-bit stored values, slope 1, intercept -1024."""
    from pydicom.dataset import Dataset

    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = CT_IMAGE, f"2.25.1{index:03d}"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.FrameOfReferenceUID = "2.25.1", "2.25.2", "2.25.3"
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = "Secret^Person", "4711", "19700101"
    dataset.Modality, dataset.ImageType = "CT", ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.SeriesNumber, dataset.SeriesDescription, dataset.AcquisitionNumber = 4, "Wrist 3.0", 1
    dataset.Manufacturer, dataset.ConvolutionKernel, dataset.PatientPosition = "ACME", "B70", "HFS"
    dataset.SliceThickness, dataset.KVP = 3.0, 120
    dataset.PixelSpacing = [0.5, 0.4]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.ImagePositionPatient = [-10.5, -20.25, 100 + index * INTERVAL]
    dataset.InstanceNumber = index + 1
    dataset.Rows, dataset.Columns = values.shape[1:]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 1
    dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = 1, -1024, "HU"
    store(dataset, values[index] + 1024)
    return dataset


def store(dataset: Any, stored: np.ndarray) -> None:
    dataset.PixelData = np.asarray(stored).astype("<i2").tobytes()
    dataset["PixelData"].VR = "OW"


def save(path: Path, dataset: Any, syntax: str = EXPLICIT) -> None:
    from pydicom.dataset import FileDataset, FileMetaDataset

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = dataset.SOPClassUID, dataset.SOPInstanceUID
    meta.TransferSyntaxUID = syntax
    FileDataset(str(path), dataset, preamble=b"\0" * 128, file_meta=meta, is_implicit_VR=False).save_as(str(path))


def write_series(folder: Path, values: np.ndarray, change: Change | None = None, syntax: str = EXPLICIT) -> Path:
    """Write a series; `change(dataset, index)` may spoil each slice before it is saved."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(len(values)):
        dataset = ct_dataset(values, index)
        if change:
            change(dataset, index)
        save(file_of(folder, index), dataset, syntax)
    return folder


def file_of(folder: Path, index: int) -> Path:
    return folder / f"IM{index + 1:04d}.dcm"


@dataclass(frozen=True)
class Case:
    """One odd series: what is done to the datasets, what is done to the files, and what must come of it."""

    expected: str
    change: Change | None = None
    spoil: Callable[[Path], None] | None = None
    syntax: str = EXPLICIT

    def write(self, folder: Path, values: np.ndarray) -> Path:
        write_series(folder, values, self.change, self.syntax)
        if self.spoil:
            self.spoil(folder)
        return folder


def _set(where: Callable[[int], bool] | int | None = None, **attributes: Any) -> Change:
    """Set attributes of all slices, of one, or of those that `where` picks."""

    def change(dataset: Any, index: int) -> None:
        if where is None or (index == where if isinstance(where, int) else where(index)):
            for name, value in attributes.items():
                setattr(dataset, name, value)

    return change


def _second_half(index: int) -> bool:
    return index >= SLICES // 2


def _raw_number(name: str, text: bytes, where: int) -> Callable[[Path], None]:
    """Put a decimal string into a file that pydicom would not write."""

    def spoil(folder: Path) -> None:
        path = file_of(folder, where)
        content = path.read_bytes()
        mark = {"slope": b"\x28\0\x53\x10DS", "intercept": b"\x28\0\x52\x10DS"}[name]
        place = content.index(mark)
        length = int.from_bytes(content[place + 6 : place + 8], "little")
        padded = text + b" " * (len(text) % 2)
        path.write_bytes(
            content[: place + 6] + len(padded).to_bytes(2, "little") + padded + content[place + 8 + length :]
        )

    return spoil


def _rewrite(index: int, content: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        path = file_of(folder, index)
        path.write_bytes(content(path.read_bytes()))

    return spoil


def _scaled(dataset: Any, index: int) -> None:
    """Other slope and intercept for each slice, the stored values to match."""
    values = np.frombuffer(dataset.PixelData, "<i2").astype(int) - 1024
    slope = (1, 0.5)[index % 2]
    dataset.RescaleSlope, dataset.RescaleIntercept = slope, -1024 - index
    store(dataset, (values + 1024 + index) / slope)


def _twice(dataset: Any, index: int) -> None:
    store(dataset, np.frombuffer(dataset.PixelData, "<i2").astype(int) - 1024)


def _lost(where: int, share: int) -> Change:
    """Zeros in the last part of the pixels of a slice, as a download leaves it that was cut off."""

    def change(dataset: Any, index: int) -> None:
        if index == where:
            lost = len(dataset.PixelData) // share // 2 * 2
            dataset.PixelData = dataset.PixelData[:-lost] + bytes(lost)

    return change


def _overlay(dataset: Any, index: int) -> None:
    """12 bits of value and an overlay in bit 12 (PS3.5 8.1.1, retired)."""
    stored = np.frombuffer(dataset.PixelData, "<u2").copy()
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 12, 11, 0
    dataset.add_new(0x60000100, "US", 16)
    dataset.add_new(0x60000102, "US", 12)
    stored[100:400] |= 1 << 12
    store(dataset, stored)


def _greedy_padding(dataset: Any, index: int) -> None:
    dataset.add_new("PixelPaddingValue", "SS", 0)
    dataset.add_new("PixelPaddingRangeLimit", "SS", 4000)


def _palette(dataset: Any, index: int) -> None:
    dataset.PhotometricInterpretation = "PALETTE COLOR"
    for colour in ("Red", "Green", "Blue"):
        setattr(dataset, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(dataset, f"{colour}PaletteColorLookupTableData", b"\0" * 512)


def _frames(dataset: Any, index: int) -> None:
    dataset.NumberOfFrames = 4
    dataset.PixelData = dataset.PixelData * 4


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def _socket(folder: Path) -> None:
    here = Path.cwd()
    os.chdir(folder)  # a path of a socket may have about 100 characters
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("socket")
    finally:
        os.chdir(here)


def _bomb(folder: Path) -> None:
    """Deflated files of a few hundred kB that unpack to 300 MB each."""
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    zeros = b"".join([squeezer.compress(b"\0" * (1 << 20)) for _ in range(300)] + [squeezer.flush()])
    import pydicom
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_dataset

    from CTEnhanceLib.dicom.folder.scan import file_meta_end

    for index in range(4):
        path = file_of(folder, index)
        dataset = pydicom.dcmread(path)
        del dataset.PixelData
        buffer = DicomBytesIO()
        buffer.is_little_endian, buffer.is_implicit_VR = True, False
        write_dataset(buffer, dataset)
        header = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        pixels = b"\xe0\x7f\x10\0OW\0\0" + (300 << 20).to_bytes(4, "little")
        # a full flush ends on a byte, so that the two streams join
        squeezed = header.compress(buffer.getvalue() + pixels) + header.flush(zlib.Z_FULL_FLUSH) + zeros
        whole = path.read_bytes()
        path.write_bytes(whole[: file_meta_end(whole)] + squeezed)


def _zip(folder: Path) -> None:
    shutil.make_archive(str(folder.parent / "series"), "zip", folder)
    shutil.rmtree(folder)
    folder.mkdir()
    shutil.move(str(folder.parent / "series.zip"), folder / "series.zip")


def _others(folder: Path) -> None:
    (folder / "README").write_text("a note")
    (folder / "autorun.inf").write_text("[autorun]")
    (folder / "viewer.exe").write_bytes(b"MZ")
    (folder / "overview.png").write_bytes(b"PNG")
    (folder / "DICOMDIR").write_bytes(bytes(128) + b"DICM\2\0\2\0UI\x14\x001.2.840.10008.1.3.10")
    (folder / ".DS_Store").write_bytes(b"Bud1")
    for index in range(SLICES):
        (folder / f"._IM{index + 1:04d}.dcm").write_bytes(b"\0\5\x16\7")


def _moved(name: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        file_of(folder, LAST).rename(folder / name)

    return spoil


def _instead(name: str, content: bytes) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        file_of(folder, LAST).unlink()
        (folder / name).write_bytes(content)

    return spoil


def _notes(folder: Path) -> None:
    for index in range(SLICES):
        file_of(folder, index).with_suffix(".txt").write_text("a note")


def _shifted(dataset: Any, index: int) -> None:
    stored = np.clip(np.frombuffer(dataset.PixelData, "<i2").astype(int), 0, 4095)
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 12, 15, 0
    dataset.PixelData = (stored << 4).astype("<u2").tobytes()
    dataset["PixelData"].VR = "OW"


def _packed(name: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        path = file_of(folder, LAST)
        (folder / name).write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()

    return spoil


def _bin(folder: Path) -> None:
    shutil.copytree(folder, folder.parent / "bin")
    shutil.move(folder.parent / "bin", folder / ".Trash")


def _beside(name: str, content: bytes) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return spoil


_OTHER_CLASSES = {
    "secondary capture": "1.2.840.10008.5.1.4.1.1.7",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "a class that nobody knows": "1.2.3.4.5",
}
NAN, INFINITE = float("nan"), float("inf")

# values decide these: they are made from real anatomy, too, where it is present
SCALES = {
    "slope NaN in one slice": Case("slope of nan", spoil=_raw_number("slope", b"NaN", MIDDLE)),
    "slope infinite in one slice": Case("slope of inf", spoil=_raw_number("slope", b"inf", MIDDLE)),
    "intercept NaN in one slice": Case("intercept of nan", spoil=_raw_number("intercept", b"nan", MIDDLE)),
    "slope -1 in one slice": Case("slope of -1,", _set(MIDDLE, RescaleSlope=-1)),
    "slope 1e30 in one slice": Case(r"slope of 1e\+30", _set(MIDDLE, RescaleSlope="1e30")),
    "slope 0.1 in one slice": Case("IM0006.dcm states a rescale slope of 0.1 ", _set(MIDDLE, RescaleSlope="0.1")),
    "slope 0.1 in the last slice": Case("IM0012.dcm states a rescale slope of 0.1 ", _set(LAST, RescaleSlope="0.1")),
    "slope 0.5 in half the slices": Case("do not continue", _set(_second_half, RescaleSlope="0.5")),
    "slope 0.9 in one slice": Case("IM0006.dcm states a rescale slope of 0.9 ", _set(MIDDLE, RescaleSlope="0.9")),
    "slope 1.1 in the last slice": Case("IM0012.dcm states a rescale slope of 1.1 ", _set(LAST, RescaleSlope="1.1")),
    "intercept 0 in one slice": Case("intercept of 0", _set(MIDDLE, RescaleIntercept="0")),
    "two slopes in one header": Case("damaged", spoil=_raw_number("slope", rb"1\1", MIDDLE)),
    "an intercept applied twice": Case("were Hounsfield units already", _twice),
    "own slope and intercept in each slice": Case("", _scaled),
}

CASES = {
    "healthy": Case(""),
    "palette colours": Case("PALETTE COLOR", _palette),
    "palette colours in one slice": Case(
        "IM0006.dcm is a PALETTE COLOR", lambda dataset, index: _palette(dataset, index) if index == MIDDLE else None
    ),
    "four frames in each file of CT Image Storage": Case("holds 4 frames", _frames),
    "fewer rows stated than there are": Case("more pixels than", _set(Rows=PIXELS - 6)),
    "pixels lost from the middle of a slice on": Case("IM0006.dcm ends in zeros", _lost(MIDDLE, 2)),
    "pixels lost in the last third of the last slice": Case("IM0012.dcm ends in zeros", _lost(LAST, 3)),
    "values beyond the bits stated": Case(
        "IM0006.dcm holds values beyond the 10 bits", _set(MIDDLE, BitsStored=10, HighBit=9)
    ),
    "an overlay in the bits above the values": Case("", _overlay),
    "padding that would take all tissue away": Case("", _greedy_padding),
    "one slice of another modality": Case("IM0006.dcm is not CT .modality MR", _set(MIDDLE, Modality="MR")),
    "scouts by another word": Case("holds SCOUT images", _set(ImageType=["ORIGINAL", "PRIMARY", "SCOUT"])),
    "two times by turns": Case(
        "2 times", lambda dataset, index: setattr(dataset, "TemporalPositionIdentifier", index % 2)
    ),
    "two phases of the heart by turns": Case(
        "2 times", lambda dataset, index: setattr(dataset, "NominalPercentageOfCardiacPhase", 40 * (1 + index % 2))
    ),
    "more pixels than stated": Case(
        "more pixels than", lambda dataset, index: setattr(dataset, "PixelData", dataset.PixelData * 4)
    ),
    "a size that would fill the memory": Case(
        "IM0001.dcm states 65535 x 65535 pixels", _set(Rows=65535, Columns=65535)
    ),
    "last file empty": Case("IM0012.dcm is empty", spoil=_rewrite(LAST, lambda content: b"")),
    "first file empty": Case("IM0001.dcm is empty", spoil=_rewrite(0, lambda content: b"")),
    "last file zeroed": Case("IM0012.dcm holds zeros", spoil=_rewrite(LAST, lambda content: b"\0" * len(content))),
    "last file of 100 bytes": Case("IM0012.dcm", spoil=_rewrite(LAST, lambda content: content[:100])),
    "last file of 131 bytes": Case("IM0012.dcm", spoil=_rewrite(LAST, lambda content: content[:131])),
    "last file without DICM": Case(
        "IM0012.dcm is not a DICOM file",
        spoil=_rewrite(LAST, lambda content: content[:128] + b"\0\0\0\0" + content[132:]),
    ),
    "last file a page of an error": Case("IM0012.dcm", spoil=_rewrite(LAST, lambda content: b"<html>404</html>" * 20)),
    "last file a page of an error without suffix": Case(
        "IM0012 ", spoil=lambda folder: file_of(folder, LAST).rename(folder / "IM0012").write_text("sorry, " * 30)
    ),
    **{
        f"last file {name}": Case("IM0012.dcm is not CT Image Storage", _set(LAST, SOPClassUID=uid))
        for name, uid in _OTHER_CLASSES.items()
    },
    "last file said to be a localizer": Case(
        "IM0012.dcm is a localizer", _set(LAST, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    ),
    "last file without series": Case("2 CT series|names no series|damaged", _set(LAST, SeriesInstanceUID="")),
    "two patients": Case("2 patients", _set(_second_half, PatientID="4712", PatientName="Other^Person")),
    "two patients by turns": Case("2 patients", _set(lambda index: index % 2 == 0, PatientID="4712")),
    "two frames of reference": Case("2 frames of reference", _set(_second_half, FrameOfReferenceUID="2.25.33")),
    "two acquisitions": Case("2 acquisitions", _set(_second_half, AcquisitionNumber=2)),
    "two acquisitions by turns": Case("2 acquisitions", _set(lambda index: index % 2 == 0, AcquisitionNumber=2)),
    "two kernels": Case("2 kernels", _set(_second_half, ConvolutionKernel="B30")),
    "two tube voltages by turns": Case("2 tube voltages", _set(lambda index: index % 2 == 0, KVP=80)),
    "steps of the table numbered": Case("", lambda dataset, index: setattr(dataset, "AcquisitionNumber", index // 4)),
    "a named pipe": Case("pipe is no file", spoil=_pipe),
    "a socket": Case("socket is no file", spoil=_socket),
    "a deflate bomb": Case("unpacks to more than 64 MB", spoil=_bomb, syntax=DEFLATED),
    "deflated": Case("", syntax=DEFLATED),
    "last file hidden": Case("", spoil=_moved(".IM0012.dcm")),
    "last file in a hidden folder": Case("", spoil=_moved(".more/IM0012.dcm")),
    "last file in a folder of underscores": Case("", spoil=_moved("__more/IM0012.dcm")),
    "last file called DICOMDIR": Case("", spoil=_moved("DICOMDIR")),
    "last file called a text": Case("", spoil=_moved("IM0012.txt")),
    "last file a zip": Case("IM0012.zip is too short", spoil=_instead("IM0012.zip", b"PK\3\4")),
    "last file a note": Case("IM0012.txt is too short", spoil=_instead("IM0012.txt", b"404 not found")),
    "notes of the same names beside the slices": Case("", spoil=_notes),
    "much behind the pixels": Case("", spoil=_rewrite(MIDDLE, lambda content: content + b"\0" * (64 << 20))),
    "values that begin with the fourth bit": Case("IM0001.dcm keeps 12 bits up to bit 15", _shifted),
    "a pixel spacing of 1000 mm": Case("pixel spacing of 1000 mm", _set(PixelSpacing=[1000, 1000])),
    "a pixel spacing of 1e-9 mm": Case("pixel spacing of 1e-09 mm", _set(PixelSpacing=["1e-9", "1e-9"])),
    "a thickness of 1e30 mm": Case(r"slice thickness of 1e\+30 mm", _set(SliceThickness="1e30")),
    "a negative thickness": Case("slice thickness of -3 mm", _set(MIDDLE, SliceThickness=-3)),
    "a thickness of 0 mm": Case("", _set(SliceThickness=0)),
    "last file packed": Case("IM0012.dcm.gz is not a DICOM", spoil=_packed("IM0012.dcm.gz")),
    "last file packed under another name": Case(
        "copy of IM0012.dcm.gz is not a DICOM", spoil=_packed("copy of IM0012.dcm.gz")
    ),
    "copies in a hidden bin": Case("2 images at each of 12", spoil=_bin),
    "a zip only": Case("unpack it first", spoil=_zip),
    "a zip beside the slices": Case("", spoil=_beside("series.zip", b"PK\3\4")),
    "a viewer and a note beside the slices": Case(
        "",
        spoil=_others,
    ),
    "something nobody knows beside the slices": Case("blob is not a DICOM", spoil=_beside("blob", b"\1\2\3\0" * 99)),
    "a description of 100,000 characters and a bell": Case(
        "no CT has", _set(SeriesDescription="x" * 100000 + "\a", RescaleSlope="1e30")
    ),
    "a unit of 60,000 characters": Case("holds", _set(RescaleType="Y" * 60000)),
}


def make_odd_series(name: str, folder: Path, values: np.ndarray | None = None) -> Path:
    """Write one odd series by its name in `CASES` or `SCALES`."""
    return {**SCALES, **CASES}[name].write(folder, phantom() if values is None else values)
