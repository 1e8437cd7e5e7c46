"""Open a DICOM file with pydicom; one whose data set is deflated is unpacked within a limit."""

from __future__ import annotations

import zlib
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from CTEnhanceLib.dicom.folder.scan import ends_meta, file_meta_end
from CTEnhanceLib.errors import InputRefusedError, shown

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

DEFLATED = "1.2.840.10008.1.2.1.99"
_EXPLICIT = "1.2.840.10008.1.2.1"
# a header never needs more, the largest CT (4096 x 4096 pixels of 16 bit) a little more
_HEADER_BYTES = 1 << 24
_WHOLE_BYTES = 1 << 26
_ELEMENTS = 100_000
_META_BYTES = 4096
# Pixel Data, and its forms of floating point numbers (PS3.3 C.7.6.3 and C.7.6.24)
_PIXELS = (0x7FE00010, 0x7FE00008, 0x7FE00009)


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
    from pydicom.filereader import read_partial
    from pydicom.tag import Tag
    from pydicom.uid import UID

    wanted: list[Any] | None = None if tags is None else [Tag(tag) for tag in tags]
    end = _End(header_only)
    with path.open("rb") as file:
        if not _is_deflated(file):
            file.seek(0)
            return read_partial(file, stop_when=end, force=True, specific_tags=wanted)
    unpacked = _inflate(path, _HEADER_BYTES if header_only else _WHOLE_BYTES, may_stop=header_only)
    dataset = read_partial(BytesIO(unpacked), stop_when=end, force=True, specific_tags=wanted)
    dataset.file_meta.TransferSyntaxUID = UID(_EXPLICIT)
    return dataset


def _is_deflated(file: BinaryIO) -> bool:
    """Tell whether the file meta information names the deflated transfer syntax, wherever it is among much else."""
    start = file.read(_META_BYTES)
    if len(start) == _META_BYTES and not ends_meta(start):
        start += file.read(64 * _META_BYTES)
    return DEFLATED.encode() in start


class _End:
    """Where reading ends: before the pixels or after them, whatever follows, and with more elements than any file has.

    Args:
        before_pixels: Whether the pixels are left out.
    """

    def __init__(self, before_pixels: bool) -> None:
        self._before, self._count, self._behind = before_pixels, 0, False

    def __call__(self, tag: int, _vr: str | None, _length: int) -> bool:
        """Tell whether to stop before an element, as pydicom asks."""
        if self._behind or (self._before and tag in _PIXELS):
            return True
        self._behind = tag in _PIXELS
        self._count += 1
        if self._count > _ELEMENTS:
            raise ValueError(f"more than {_ELEMENTS} elements")
        return False


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
