"""What the header of a volume file claims: sizes, kind and place of the voxels, spacing, origin, directions.

Formats: NRRD (teem.sourceforge.net/nrrd/format.html), NIfTI-1 (nifti.nimh.nih.gov), MetaImage (itk.org/Wiki/MetaIO).
"""

from __future__ import annotations

import math
import re
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_MAX_HEADER = 1 << 20
# how far the two placements of a NIfTI file may lie apart: more than its 32-bit numbers round
_SAME_PLACE_MM = 0.1
_NRRD_BYTES = {"char": 1, "int8": 1, "short": 2, "int16": 2, "int": 4, "int32": 4, "long": 8, "longlong": 8, "int64": 8}
_NRRD_BYTES.update({"float": 4, "double": 8})
_META_BYTES = {"CHAR": 1, "SHORT": 2, "INT": 4, "LONG": 4, "LONG_LONG": 8, "FLOAT": 4, "DOUBLE": 8}
_NIFTI_BITS = {2: 8, 4: 16, 8: 32, 16: 32, 32: 64, 64: 64, 128: 24, 256: 8, 512: 16, 768: 32, 1024: 64, 1280: 64}


@dataclass(frozen=True)
class Content:
    """What a header says of the voxels behind it.

    Attributes:
        sizes: Length of each axis.
        bytes_per_voxel: All components together.
        file: Where the voxels lie.
        start: Where they begin, in bytes from the begin of the file, or of what a .nii.gz unpacks to.
        packing: "raw", "zlib" where the voxels alone or the whole file are packed, or "other" where their length cannot
            be told from here and SimpleITK itself notices that some are missing.
        numbers: Spacing, origin and directions as they stand in the header.
        floats: Type of the voxels where the reader would turn those that are no number into 0; else "".
    """

    sizes: tuple[int, ...]
    bytes_per_voxel: int
    file: Path
    start: int
    packing: str
    numbers: tuple[float, ...]
    floats: str = ""

    @property
    def length(self) -> int:
        """How many bytes the voxels take."""
        return math.prod(self.sizes) * self.bytes_per_voxel


def read_content(path: Path) -> Content | None:
    """Read the header of a volume file; None for a format of which nothing is known here.

    Raises:
        ValueError: The header is damaged, or states what readers understand in several ways.
    """
    name = path.name.lower()
    if name.endswith((".nrrd", ".nhdr")):
        return _nrrd(path)
    if name.endswith((".nii.gz", ".nii")):
        return _nifti(path, packed=name.endswith(".gz"))
    if name.endswith((".mha", ".mhd")):
        return _meta_image(path)
    return None


def _nrrd(path: Path) -> Content:
    with path.open("rb") as file:
        head = file.read(_MAX_HEADER)
    end = re.search(rb"\r?\n\r?\n", head)
    if not head.startswith(b"NRRD000"):
        raise ValueError("it does not begin as NRRD")
    fields: dict[str, str] = {}
    for line in head[: end.start() if end else None].decode("latin-1").splitlines()[1:]:
        key, colon, value = line.partition(": ")
        if colon and not line.startswith("#"):
            fields[key.strip().lower()] = value.strip()
    elsewhere = fields.get("data file", fields.get("datafile"))
    if end is None and elsewhere is None:
        raise ValueError("its header has no end")
    kind = fields["type"].lower().replace("unsigned", "").replace("signed", "").replace(" ", "").removesuffix("_t")
    kind = kind.removeprefix("u") if kind.startswith("u") and kind != "u" else kind
    kind = {"longlongint": "longlong", "longint": "long", "shortint": "short"}.get(kind, kind)
    encoding = fields.get("encoding", "raw").lower()
    if kind not in _NRRD_BYTES:
        raise ValueError(f"it holds values of the type {kind}")
    _check_spacings(_numbers(fields.get("spacings", "")))
    geometry = " ".join(fields.get(key, "") for key in ("spacings", "space directions", "space origin"))
    several = elsewhere is not None and (elsewhere.upper().startswith("LIST") or "%" in elsewhere)
    unusual = several or encoding not in ("raw", "gzip", "gz") or bool({"line skip", "byte skip"} & fields.keys())
    return Content(
        tuple(int(size) for size in fields["sizes"].split()[:16]),
        _NRRD_BYTES[kind],
        path if several or elsewhere is None else _beside(path, elsewhere),
        end.end() if end and elsewhere is None else 0,
        "other" if unusual else "raw" if encoding == "raw" else "zlib",
        _numbers(geometry),
    )


def _beside(header: Path, name: str) -> Path:
    """Give the file of voxels that a header names; it lies beside the header or below."""
    path = (header.parent / name).resolve()
    if header.parent.resolve() not in path.parents:
        raise ValueError("its voxels lie in another folder")
    if not path.is_file():
        raise ValueError("the file of its voxels is missing")
    return path


def _nifti(path: Path, packed: bool) -> Content:
    with path.open("rb") as file:
        head = zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(file.read(4096), 544) if packed else file.read(544)
    order = "<" if head[:4] == struct.pack("<i", 348) else ">"
    if struct.unpack_from(f"{order}i", head)[0] != 348:
        raise ValueError("it does not begin as NIfTI-1")
    dimensions = struct.unpack_from(f"{order}8h", head, 40)
    kind, bits = struct.unpack_from(f"{order}2h", head, 70)
    count = dimensions[0]
    if not 1 <= count <= 7 or bits not in (8, 16, 24, 32, 64, 96, 128):
        raise ValueError(f"it claims {count} dimensions of {bits} bits")
    if _NIFTI_BITS.get(kind, bits) != bits:
        raise ValueError(f"it claims {bits} bits for values of {_NIFTI_BITS[kind]}")
    spacings = struct.unpack_from(f"{order}{count}f", head, 80)
    (start,) = struct.unpack_from(f"{order}f", head, 108)
    scale = struct.unpack_from(f"{order}2f", head, 112)
    quaternion_code, matrix_code = struct.unpack_from(f"{order}2h", head, 252)
    numbers = spacings[:3]
    numbers += struct.unpack_from(f"{order}6f", head, 256) if quaternion_code > 0 else ()
    numbers += struct.unpack_from(f"{order}12f", head, 280) if matrix_code > 0 else ()
    _check_spacings(spacings[:3])
    if not all(math.isfinite(number) for number in scale) or (scale[1] and not scale[0]):
        raise ValueError("its scale of values is no number")
    if matrix_code > 0 and count >= 3 and all(math.isfinite(number) for number in numbers):
        _check_one_place(head, order, dimensions[1:4], spacings[:3], quaternion_code > 0)
    begin = int(start) if math.isfinite(start) and 348 <= start < _MAX_HEADER else 352
    floats = {16: f"{order}f4", 64: f"{order}f8"}.get(kind, "")
    packing = "zlib" if packed else "raw"
    return Content(tuple(dimensions[1 : count + 1]), bits // 8, path, begin, packing, numbers, floats)


def _check_one_place(
    head: bytes, order: str, sizes: tuple[int, ...], spacings: tuple[float, ...], has_quaternion: bool
) -> None:
    """Refuse a file whose spacing and quaternion place the voxels elsewhere than its matrix: readers take either."""
    matrix = np.reshape(struct.unpack_from(f"{order}12f", head, 280), (3, 4))
    lengths = np.linalg.norm(matrix[:, :3], axis=0)
    if (np.abs(lengths - np.abs(spacings)) * sizes > _SAME_PLACE_MM).any():
        raise ValueError("its voxels have one size by pixdim and another by srow")
    if not has_quaternion:
        return
    b, c, d, *offset = struct.unpack_from(f"{order}6f", head, 256)
    a = math.sqrt(max(0.0, 1 - b * b - c * c - d * d))
    turn = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    turn[:, 2] *= -1 if struct.unpack_from(f"{order}f", head, 76)[0] < 0 else 1
    corners = np.stack(np.meshgrid(*[(0, size - 1) for size in sizes]), -1).reshape(-1, 3)
    apart = corners @ (turn * np.abs(spacings) - matrix[:, :3]).T + offset - matrix[:, 3]
    if np.linalg.norm(apart, axis=1).max() > _SAME_PLACE_MM:
        raise ValueError("its qform and its sform place the voxels differently")


def _meta_image(path: Path) -> Content:
    with path.open("rb") as file:
        head = file.read(_MAX_HEADER)
    found = re.search(rb"^ElementDataFile *= *(.*?)\r?\n", head, re.MULTILINE)
    if not found:
        raise ValueError("its header has no end")
    elsewhere = found.group(1).decode("latin-1").strip()
    if elsewhere.upper().startswith("LIST") or "%" in elsewhere:
        raise ValueError("it keeps its voxels in several files")
    fields: dict[str, str] = {}
    for line in head[: found.start()].decode("latin-1").splitlines():
        key, _, value = line.partition("=")
        fields[key.strip()] = value.strip()
    kind = fields["ElementType"].upper().removeprefix("MET_").removeprefix("U")
    if kind not in _META_BYTES:
        raise ValueError(f"it holds values of the type {kind}")
    if fields.get("BinaryData", "True").lower() == "false" or fields.get("HeaderSize", "0") != "0":
        raise ValueError("it holds its voxels as text or behind a header of their own")
    _check_spacings(_numbers(fields.get("ElementSpacing", "")))
    geometry = " ".join(
        fields.get(key, "") for key in ("ElementSpacing", "Offset", "Position", "Origin", "TransformMatrix")
    )
    return Content(
        tuple(int(size) for size in fields["DimSize"].split()[:16]),
        _META_BYTES[kind] * int(fields.get("ElementNumberOfChannels", "1")),
        path if elsewhere.upper() == "LOCAL" else _beside(path, elsewhere),
        found.end() if elsewhere.upper() == "LOCAL" else 0,
        "zlib" if fields.get("CompressedData", "False").lower() == "true" else "raw",
        _numbers(geometry),
    )


def _check_spacings(spacings: tuple[float, ...]) -> None:
    """Refuse 0 mm, which SimpleITK replaces by 1 mm without a word, and less, which readers understand variously."""
    if any(spacing <= 0 for spacing in spacings):
        raise ValueError("it states a spacing of 0 mm or less")


def _numbers(text: str) -> tuple[float, ...]:
    """Give the numbers in a line of a header; words such as "none" are left out."""
    words = re.split(r"[\s(),]+", text)
    return tuple(float(word) for word in words if word and word.lower() != "none")
