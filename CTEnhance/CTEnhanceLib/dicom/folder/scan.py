"""A quick look at the header of a DICOM file: the few elements by which its series is told, and nothing else.

A folder may hold tens of thousands of files of which one series is wanted. This reader knows little endian files
with explicit or implicit VR (PS3.5 section 7.1) and gives up on everything unusual, for `header.read_headers` to read
with pydicom; no number that is computed with comes from here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

# the header without its private part fits nearly always
_FIRST_BYTES = 16384
_SERIES_UID, _SOP_CLASS, _MODALITY, _IMAGE_TYPE = 0x0020000E, 0x00080016, 0x00080060, 0x00080008
_POSITION, _ORIENTATION, _ROWS, _COLUMNS = 0x00200032, 0x00200037, 0x00280010, 0x00280011
_WANTED = frozenset(
    (_SERIES_UID, _SOP_CLASS, _MODALITY, _IMAGE_TYPE, _POSITION, _ORIENTATION, _ROWS, _COLUMNS, 0x00020010)
)
_LAST = 0x00280011
_LONG_LENGTHS = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_IMPLICIT, _EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
# compressed pixels leave the header explicit, little endian; the deflated syntax (.1.99) packs the header too
_ENCAPSULATED = "1.2.840.10008.1.2.4."
_RLE = "1.2.840.10008.1.2.5"


@dataclass(frozen=True)
class QuickHeader:
    """What tells the series of an object.

    Attributes:
        sop_class: Kind of object, UID.
        series_uid: Series, UID.
        modality: "CT", "MR", ...
        image_type: Values of Image Type.
        size: Rows, columns.
        position: Image Position (Patient), mm; empty where it is not stated.
        orientation: Image Orientation (Patient); empty where it is not stated.
    """

    sop_class: str
    series_uid: str
    modality: str
    image_type: tuple[str, ...]
    size: tuple[int, int]
    position: tuple[float, ...]
    orientation: tuple[float, ...]


class _Unusual(Exception):  # noqa: N818 - an answer on its way out, never seen outside
    pass


def quick_header(path: Path) -> QuickHeader | None:
    """Give what tells the series of a single-frame file, or None where pydicom must be asked."""
    try:
        with path.open("rb") as file:
            start = file.read(_FIRST_BYTES)
            if start[128:132] != b"DICM":
                return None
            try:
                return _parse(start)
            except (_Unusual, struct.error):
                return _parse(start + file.read(64 * _FIRST_BYTES)) if len(start) == _FIRST_BYTES else None
    except (OSError, _Unusual, struct.error, ValueError):
        return None


def file_meta_end(data: bytes, values: dict[int, bytes] | None = None) -> int:
    """Give the place after the file meta information (group 0002, PS3.10 section 7.1); `values` gets what is wanted."""
    place = 132
    while data[place : place + 2] == b"\2\0":
        place = _element(data, place, True, {} if values is None else values)
    return place


def ends_meta(data: bytes) -> bool:
    """Tell whether the file meta information is whole within the first bytes of a file."""
    try:
        return file_meta_end(data) < len(data)
    except (_Unusual, struct.error):
        return False


def _parse(data: bytes) -> QuickHeader:
    values: dict[int, bytes] = {}
    place = file_meta_end(data, values)
    syntax = _text(values.get(0x00020010, b""))
    if syntax not in (_IMPLICIT, _EXPLICIT, _RLE) and not syntax.startswith(_ENCAPSULATED):
        raise _Unusual
    explicit = syntax != _IMPLICIT
    while place < len(data):
        group, element = struct.unpack_from("<HH", data, place)
        if group << 16 | element > _LAST:
            break
        place = _element(data, place, explicit, values)
    else:
        raise _Unusual
    if not {_SERIES_UID, _SOP_CLASS, _MODALITY, _ROWS, _COLUMNS} <= values.keys():
        raise _Unusual
    return QuickHeader(
        sop_class=_text(values[_SOP_CLASS]),
        series_uid=_text(values[_SERIES_UID]),
        modality=_text(values[_MODALITY]).upper(),
        image_type=tuple(_text(values.get(_IMAGE_TYPE, b"")).upper().split("\\")),
        size=(struct.unpack("<H", values[_ROWS])[0], struct.unpack("<H", values[_COLUMNS])[0]),
        position=_numbers(values.get(_POSITION, b"")),
        orientation=_numbers(values.get(_ORIENTATION, b"")),
    )


def _element(data: bytes, place: int, explicit: bool, values: dict[int, bytes]) -> int:
    """Read the element at `place`, keep its value if it is wanted, and give the place after it."""
    group, number = struct.unpack_from("<HH", data, place)
    tag = group << 16 | number
    if explicit:
        kind = data[place + 4 : place + 6]
        if not kind.isalpha() or not kind.isupper():
            raise _Unusual
        if kind in _LONG_LENGTHS:
            (length,), place = struct.unpack_from("<I", data, place + 8), place + 12
        else:
            (length,), place = struct.unpack_from("<H", data, place + 6), place + 8
    else:
        (length,), place = struct.unpack_from("<I", data, place + 4), place + 8
    if length == _UNDEFINED:
        return _sequence_end(data, place, explicit)
    if place + length > len(data):
        raise _Unusual
    if tag in _WANTED:
        values[tag] = data[place : place + length]
    return place + length


def _sequence_end(data: bytes, place: int, explicit: bool) -> int:
    """Give the place after a sequence of undefined length (PS3.5 section 7.5)."""
    while True:
        group, number, length = struct.unpack_from("<HHI", data, place)
        tag, place = group << 16 | number, place + 8
        if tag == _SEQUENCE_END:
            return place
        if tag != _ITEM:
            raise _Unusual
        if length != _UNDEFINED:
            place += length
            continue
        nothing: dict[int, bytes] = {}
        while struct.unpack_from("<HH", data, place) != (_ITEM_END >> 16, _ITEM_END & 0xFFFF):
            place = _element(data, place, explicit, nothing)
        place += 8


def _text(value: bytes) -> str:
    return value.decode("latin-1").strip("\0 ")


def _numbers(value: bytes) -> tuple[float, ...]:
    text = _text(value)
    return tuple(float(part) for part in text.split("\\")) if text else ()
