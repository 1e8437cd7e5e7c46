"""Open a DICOM file with pydicom; one whose data set is deflated is unpacked within a limit."""

from __future__ import annotations

import zlib
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from CTEnhanceLib.dicom.folder.scan import file_meta_end
from CTEnhanceLib.errors import InputRefusedError, shown

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

DEFLATED = "1.2.840.10008.1.2.1.99"
_EXPLICIT = "1.2.840.10008.1.2.1"
# a header never needs more, the largest CT (4096 x 4096 pixels of 16 bit) a little more
_HEADER_BYTES = 1 << 24
_WHOLE_BYTES = 1 << 26


def read_dataset(path: Path, *, header_only: bool, tags: list[str] | None = None) -> Dataset:
    """Read a file as pydicom does, whatever it begins with.

    Args:
        path: The file.
        header_only: Stop before the pixels.
        tags: Keywords of the only elements wanted.

    Raises:
        InputRefusedError: A deflated data set (PS3.5 A.5) unpacks to more than a slice can hold.
        Exception: Whatever pydicom raises on a damaged file.
    """
    import pydicom

    with path.open("rb") as file:
        begins_deflated = DEFLATED.encode() in file.read(1024)
    if not begins_deflated:
        return pydicom.dcmread(path, stop_before_pixels=header_only, force=True, specific_tags=tags)
    unpacked = _inflate(path, _HEADER_BYTES if header_only else _WHOLE_BYTES, may_stop=header_only)
    dataset = pydicom.dcmread(BytesIO(unpacked), stop_before_pixels=header_only, force=True, specific_tags=tags)
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.UID(_EXPLICIT)
    return dataset


def _inflate(path: Path, limit: int, *, may_stop: bool) -> bytes:
    """Unpack the data set of a deflated file: the bytes after the file meta information (PS3.10 section 7.1)."""
    content = path.read_bytes()
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    unpacked = inflater.decompress(content[file_meta_end(content) :], limit)
    if len(unpacked) >= limit and not may_stop:
        raise InputRefusedError(
            f"{shown(path.name)} unpacks to more than {limit >> 20} MB, which no CT slice holds; export the series "
            "again, uncompressed."
        )
    if not may_stop and not inflater.eof:
        raise ValueError("the deflated data set ends too early")
    return unpacked
