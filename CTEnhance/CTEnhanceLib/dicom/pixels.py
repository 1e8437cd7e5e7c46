"""Pixels of one DICOM file as Hounsfield units."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from CTEnhanceLib.dicom.dataset import read_dataset
from CTEnhanceLib.errors import InputRefusedError, shown
from CTEnhanceLib.files.content import with_padding

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

logger = logging.getLogger(__name__)

AIR = -1024
_BIG_ENDIAN = "1.2.840.10008.1.2.2"
_UNCOMPRESSED = (
    "1.2.840.10008.1.2",  # implicit VR, little endian
    "1.2.840.10008.1.2.1",  # explicit VR, little endian
    "1.2.840.10008.1.2.1.99",  # the same, deflated as a whole file
    _BIG_ENDIAN,
)
# Overlay Bit Position (60xx,0102): the overlay lies in bits that the values do not use
_OVERLAY_BIT = 0x0102
# no padding lies among tissue and bone: a value there would punch holes into the patient
_TISSUE = (-500.0, 3071.0)


def stored_values(path: Path) -> tuple[np.ndarray, tuple[int, int] | None]:
    """Decode a file.

    Compressed pixels are decoded by whichever pydicom plug-in is installed, else by the GDCM inside SimpleITK,
    which knows every lossless and lossy JPEG, JPEG-LS, JPEG 2000 and RLE syntax.

    Returns:
        Stored values, shape (frames, rows, columns), and the first and last value that mean padding (None: no value).

    Raises:
        InputRefusedError: No pixels, damaged pixels, or a transfer syntax that nothing here can decode.
    """
    try:
        dataset = read_dataset(path, header_only=False)
        if "PixelData" not in dataset:
            raise InputRefusedError(f"{shown(path.name)} holds no pixels, only a header; export the series again.")
        _check_bits(path, dataset)
        return _decode(path, dataset), _padding_range(dataset)
    except (InputRefusedError, MemoryError):
        raise
    except Exception as error:  # each codec and each kind of damage raises its own
        raise InputRefusedError(
            f"The pixels of {shown(path.name)} are damaged or cut short; export the series again."
        ) from error


def _decode(path: Path, dataset: Dataset) -> np.ndarray:
    from pydicom.uid import ImplicitVRLittleEndian

    syntax = dataset.file_meta.get("TransferSyntaxUID")
    _check_length(path, dataset, syntax)
    if syntax is None:  # no file meta information: PS3.5 A.1 leaves one reading
        syntax = dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    try:
        values = np.asarray(dataset.pixel_array)
    except Exception as error:
        if syntax in _UNCOMPRESSED:
            raise
        logger.info("pydicom does not decode %s (%s); GDCM is asked", syntax, error)
        values = _decode_with_gdcm(path, dataset)
    return values.reshape(int(dataset.get("NumberOfFrames") or 1), int(dataset.Rows), int(dataset.Columns))


def _check_bits(path: Path, dataset: Dataset) -> None:
    """Refuse values that do not begin with the lowest bit, or reach beyond the bits that are stated (PS3.5 8.1.1).

    Nothing shifts the first into place; of the others readers cut off the bits above, where metal is as likely as an
    overlay that nobody describes.
    """
    stored, high = dataset.get("BitsStored"), dataset.get("HighBit")
    if stored and high is not None and high > stored - 1:
        raise InputRefusedError(
            f"{shown(path.name)} keeps {stored} bits up to bit {high}, which is not read here; export the series again."
        )
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    if syntax not in (None, *_UNCOMPRESSED) or dataset.BitsAllocated != 16 or not stored or not 0 < stored < 16:
        return
    if any(element.tag.group & 0xFF01 == 0x6000 and element.tag.element == _OVERLAY_BIT for element in dataset):
        return
    kind = ">u2" if syntax == _BIG_ENDIAN else "<u2"
    raw = np.frombuffer(dataset.PixelData, kind, count=len(dataset.PixelData) // 2)
    above = raw >> stored
    filled = (1 << (16 - stored)) - 1
    negative = (above == filled) & (raw >> (stored - 1) & 1 == 1) if dataset.PixelRepresentation else False
    if not ((above == 0) | negative).all():
        raise InputRefusedError(
            f"{shown(path.name)} holds values beyond the {stored} bits that its header states; export the series again."
        )


def _check_length(path: Path, dataset: Dataset, syntax: str | None) -> None:
    """Refuse pixels that nothing in the header accounts for; a few bytes more are padding (PS3.5 A.4)."""
    pixels = int(dataset.get("NumberOfFrames") or 1) * int(dataset.Rows) * int(dataset.Columns)
    stated = pixels * int(dataset.get("SamplesPerPixel") or 1) * int(dataset.BitsAllocated) // 8
    if syntax in (None, *_UNCOMPRESSED) and len(dataset.PixelData) > with_padding(stated):
        raise InputRefusedError(
            f"{shown(path.name)} holds more pixels than its header states; export the series again."
        )


def to_hounsfield(stored: np.ndarray, slope: float, intercept: float, padding: tuple[int, int] | None) -> np.ndarray:
    """Apply the modality LUT (PS3.3 C.11.1) and turn padding (C.7.5.1.1.2) into air.

    Args:
        stored: Stored values, any shape, integer.
        slope: Rescale slope.
        intercept: Rescale intercept.
        padding: First and last stored value that mean "no measurement", as `stored_values` gives them.

    Returns:
        HU of the same shape: int16, or int32 where that does not hold them.
    """
    values = stored * np.float32(slope) + np.float32(intercept)
    if padding is not None and not _meets_tissue(padding, slope, intercept):
        values[(stored >= padding[0]) & (stored <= padding[1])] = AIR
    limits = np.iinfo(np.int16)
    fits = limits.min <= values.min(initial=0) and values.max(initial=0) <= limits.max
    return np.rint(values).astype(np.int16 if fits else np.int32)


def _meets_tissue(padding: tuple[int, int], slope: float, intercept: float) -> bool:
    """Tell whether a range of stored values reaches among tissue and bone, and so is no padding."""
    low, high = (value * slope + intercept for value in padding)
    return low < _TISSUE[1] and high > _TISSUE[0]


def _padding_range(dataset: Dataset) -> tuple[int, int] | None:
    """Give the stored values that mean padding: Pixel Padding Value and Pixel Padding Range Limit."""
    if dataset.get("PixelPaddingValue") in (None, ""):
        return None
    bits, signed = int(dataset.BitsAllocated), int(dataset.PixelRepresentation)
    limit = dataset.get("PixelPaddingRangeLimit")
    value = _as_stored(dataset.PixelPaddingValue, bits, signed)
    other = value if limit in (None, "") else _as_stored(limit, bits, signed)
    return min(value, other), max(value, other)


def _as_stored(value: int | bytes, bits: int, signed: int) -> int:
    """Read a value of either sign, as writers confuse US and SS, the way the pixels are stored."""
    number = int.from_bytes(value[:2], "little") if isinstance(value, bytes) else int(value)
    number %= 1 << bits
    return number - (1 << bits) if signed and number >= 1 << (bits - 1) else number


def _decode_with_gdcm(path: Path, dataset: Dataset) -> np.ndarray:
    import SimpleITK as sitk

    name = dataset.file_meta.TransferSyntaxUID.name
    refusal = InputRefusedError(
        f"The pixels of {shown(path.name)} are compressed as {name}, which cannot be decoded here; install the codecs "
        "(pip install 'CTEnhance[dicom-codecs]') or export the series uncompressed."
    )
    # GDCM hands out rescaled values only; those of a multi-frame file may be scaled frame by frame
    if int(dataset.get("NumberOfFrames") or 1) != 1:
        raise refusal
    reader = sitk.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileName(str(path))
    try:
        rescaled = sitk.GetArrayFromImage(reader.Execute())
    except RuntimeError as error:
        raise refusal from error
    slope, intercept = float(dataset.RescaleSlope), float(dataset.RescaleIntercept)
    return np.rint((rescaled - intercept) / slope).astype(np.int32)
