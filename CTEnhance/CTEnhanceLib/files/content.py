"""What the header of a volume file claims, held against the bytes that follow it.

SimpleITK reads a file that was cut short as if it were whole (.nii.gz), writes to a full disk without noticing, and
makes room for whatever a header claims. These checks read the file as a stream: they need no memory for the volume.
Formats: NRRD (teem.sourceforge.net/nrrd/format.html), NIfTI-1 (nifti.nimh.nih.gov), MetaImage (itk.org/Wiki/MetaIO).
"""

from __future__ import annotations

import math
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from CTEnhanceLib.errors import InputRefusedError, OutputError, shown
from CTEnhanceLib.files.memory import available_memory

if TYPE_CHECKING:
    import SimpleITK as sitk

_CHUNK = 1 << 20
_MAX_HEADER = 1 << 20
# no CT has an axis as long: 4000 slices and 4096 pixels are the largest that scanners make
_MAX_AXIS = 20000
_NRRD_BYTES = {"char": 1, "int8": 1, "short": 2, "int16": 2, "int": 4, "int32": 4, "long": 8, "longlong": 8, "int64": 8}
_NRRD_BYTES.update({"float": 4, "double": 8})
_META_BYTES = {"CHAR": 1, "SHORT": 2, "INT": 4, "LONG": 4, "LONG_LONG": 8, "FLOAT": 4, "DOUBLE": 8}


@dataclass(frozen=True)
class Content:
    """What a header says of the voxels behind it.

    Attributes:
        sizes: Length of each axis.
        bytes_per_voxel: All components together.
        start: Where they begin, in bytes from the begin of the file, or of what a .nii.gz unpacks to.
        packing: "raw", or "zlib" where the voxels alone or the whole file are packed.
        numbers: Spacing, origin and directions as they stand in the header.
    """

    sizes: tuple[int, ...]
    bytes_per_voxel: int
    start: int
    packing: str
    numbers: tuple[float, ...]

    @property
    def length(self) -> int:
        """How many bytes the voxels take."""
        return math.prod(self.sizes) * self.bytes_per_voxel


def check_content(path: Path) -> None:
    """Check before a volume file is read that its voxels are there, whole, and fit into memory.

    Args:
        path: A volume file; of formats other than .nrrd, .nii, .nii.gz and .mha nothing is checked.

    Raises:
        InputRefusedError: Naming the file and what is wrong with it.
    """
    name = shown(path.name)
    try:
        content = read_content(path)
        if content is None:
            return
        _check_claim(content, name)
        found = sum(len(chunk) for chunk in voxel_bytes(path, content))
    except (KeyError, ValueError, struct.error, zlib.error) as error:
        raise InputRefusedError(
            f"{name} is damaged or cut short ({shown(error, 100)}); copy or export it again."
        ) from error
    except OSError as error:
        raise InputRefusedError(f"{name} cannot be read ({error.strerror}); copy it again.") from error
    if found < content.length:
        raise InputRefusedError(
            f"{name} is cut short: its header claims {content.length} bytes of voxels and {found} are there; copy or "
            "export it again."
        )


def check_written(image: sitk.Image, path: Path) -> None:
    """Check that a file just written holds every voxel of an image.

    Args:
        image: What was written.
        path: Where it was written to.

    Raises:
        OutputError: It does not.
    """
    import numpy as np
    import SimpleITK as sitk

    expected = 0
    for part in sitk.GetArrayViewFromImage(image):
        expected = zlib.crc32(np.ascontiguousarray(part).view(np.uint8).data, expected)
    found = 0
    try:
        content = read_content(path)
        for chunk in voxel_bytes(path, content) if content else ():
            found = zlib.crc32(chunk, found)
    except (OSError, KeyError, ValueError, struct.error, zlib.error):
        found = -1
    if found != expected:
        raise OutputError(
            f"{shown(path.name)} could not be written whole (the disk may be full); free some space or choose another "
            "place."
        )


def read_content(path: Path) -> Content | None:
    """Read the header of a volume file; None for a format that is not known here or keeps its voxels elsewhere.

    Raises:
        ValueError: The header is damaged.
    """
    name = path.name.lower()
    if name.endswith(".nrrd"):
        return _nrrd(path)
    if name.endswith((".nii.gz", ".nii")):
        return _nifti(path, packed=name.endswith(".gz"))
    if name.endswith(".mha"):
        return _meta_image(path)
    return None


def voxel_bytes(path: Path, content: Content) -> Iterator[bytes]:
    """Give the voxels as they lie in the file, unpacked, chunk by chunk, not more than the header claims.

    Raises:
        ValueError: What is packed ends too early or holds much more than the header claims.
        zlib.error: What is packed is damaged, or its checksum is wrong.
    """
    whole = path.name.lower().endswith(".gz")
    with path.open("rb") as file:
        if content.packing == "raw":
            file.seek(content.start)
            source: Iterator[bytes] = iter(lambda: file.read(_CHUNK), b"")
            skip = 0
        else:
            file.seek(0 if whole else content.start)
            limit = content.length + (content.start if whole else 0)
            source, skip = _unpacked(iter(lambda: file.read(_CHUNK), b""), limit), content.start if whole else 0
        left = content.length
        for chunk in source:
            wanted = chunk[skip : skip + left]
            skip = max(0, skip - len(chunk))
            left -= len(wanted)
            if wanted:
                yield wanted


def _unpacked(source: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """Unpack gzip or zlib to its very end, where its checksum stands."""
    inflater, total, packed = zlib.decompressobj(zlib.MAX_WBITS | 32), 0, b""
    for block in source:
        packed = block
        while packed:
            if inflater.eof:  # another gzip member, or padding
                if not packed.strip(b"\0"):
                    break
                inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
            chunk = inflater.decompress(packed, _CHUNK)
            packed = inflater.unconsumed_tail or inflater.unused_data
            total += len(chunk)
            if total > limit + _CHUNK:
                raise ValueError("it holds more voxels than its header claims")
            yield chunk
    yield inflater.flush()
    if not inflater.eof:
        raise ValueError("it ends too early")


def _check_claim(content: Content, name: str) -> None:
    sizes = " x ".join(str(size) for size in content.sizes[:6])
    if min(content.sizes) < 1 or max(content.sizes) > _MAX_AXIS:
        raise InputRefusedError(
            f"{name} claims {shown(sizes, 60)} voxels, which no CT has; give the CT volume itself, or a crop of it."
        )
    free = available_memory()
    if free is not None and content.length > free:
        raise InputRefusedError(
            f"{name} claims {shown(sizes, 60)} voxels, {content.length / 1e9:.1f} GB, and {free / 1e9:.1f} GB of "
            "memory are free; close other programs or crop the volume."
        )
    if not all(math.isfinite(number) for number in content.numbers):
        raise InputRefusedError(
            f"{name} states a spacing, origin or direction that is no number (NaN or infinite); export the "
            "volume again."
        )


def _nrrd(path: Path) -> Content | None:
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
    if {"data file", "datafile"} & fields.keys():
        return None
    if end is None:
        raise ValueError("its header has no end")
    kind = fields["type"].lower().replace("unsigned", "").replace("signed", "").replace(" ", "").removesuffix("_t")
    kind = kind.removeprefix("u") if kind.startswith("u") and kind != "u" else kind
    kind = {"longlongint": "longlong", "longint": "long", "shortint": "short"}.get(kind, kind)
    encoding = fields.get("encoding", "raw").lower()
    if kind not in _NRRD_BYTES or encoding not in ("raw", "gzip", "gz") or {"line skip", "byte skip"} & fields.keys():
        return None
    _check_spacings(_numbers(fields.get("spacings", "")))
    geometry = " ".join(fields.get(key, "") for key in ("spacings", "space directions", "space origin"))
    return Content(
        tuple(int(size) for size in fields["sizes"].split()[:16]),
        _NRRD_BYTES[kind],
        end.end(),
        "raw" if encoding == "raw" else "zlib",
        _numbers(geometry),
    )


def _nifti(path: Path, packed: bool) -> Content:
    with path.open("rb") as file:
        head = zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(file.read(4096), 544) if packed else file.read(544)
    order = "<" if head[:4] == struct.pack("<i", 348) else ">"
    if struct.unpack_from(f"{order}i", head)[0] != 348:
        raise ValueError("it does not begin as NIfTI-1")
    dimensions = struct.unpack_from(f"{order}8h", head, 40)
    (bits,) = struct.unpack_from(f"{order}h", head, 72)
    count = dimensions[0]
    if not 1 <= count <= 7 or bits not in (8, 16, 24, 32, 64, 96, 128):
        raise ValueError(f"it claims {count} dimensions of {bits} bits")
    spacings = struct.unpack_from(f"{order}{count}f", head, 80)
    (start,) = struct.unpack_from(f"{order}f", head, 108)
    quaternion_code, matrix_code = struct.unpack_from(f"{order}2h", head, 252)
    numbers = spacings[:3]
    numbers += struct.unpack_from(f"{order}6f", head, 256) if quaternion_code > 0 else ()
    numbers += struct.unpack_from(f"{order}12f", head, 280) if matrix_code > 0 else ()
    _check_spacings(spacings[:3])
    begin = int(start) if math.isfinite(start) and 348 <= start < _MAX_HEADER else 352
    return Content(tuple(dimensions[1 : count + 1]), bits // 8, begin, "zlib" if packed else "raw", numbers)


def _meta_image(path: Path) -> Content | None:
    with path.open("rb") as file:
        head = file.read(_MAX_HEADER)
    found = re.search(rb"^ElementDataFile *= *(.*?)\r?\n", head, re.MULTILINE)
    if not found:
        raise ValueError("its header has no end")
    if found.group(1).strip().upper() != b"LOCAL":
        return None
    fields: dict[str, str] = {}
    for line in head[: found.start()].decode("latin-1").splitlines():
        key, _, value = line.partition("=")
        fields[key.strip()] = value.strip()
    kind = fields["ElementType"].upper().removeprefix("MET_").removeprefix("U")
    if kind not in _META_BYTES or fields.get("BinaryData", "True").lower() == "false" or "HeaderSize" in fields:
        return None
    _check_spacings(_numbers(fields.get("ElementSpacing", "")))
    geometry = " ".join(
        fields.get(key, "") for key in ("ElementSpacing", "Offset", "Position", "Origin", "TransformMatrix")
    )
    return Content(
        tuple(int(size) for size in fields["DimSize"].split()[:16]),
        _META_BYTES[kind] * int(fields.get("ElementNumberOfChannels", "1")),
        found.end(),
        "zlib" if fields.get("CompressedData", "False").lower() == "true" else "raw",
        _numbers(geometry),
    )


def _check_spacings(spacings: tuple[float, ...]) -> None:
    """Refuse 0 mm, which SimpleITK replaces by 1 mm without a word."""
    if 0 in spacings:
        raise ValueError("it states a spacing of 0 mm")


def _numbers(text: str) -> tuple[float, ...]:
    """Give the numbers in a line of a header; words such as "none" are left out."""
    words = re.split(r"[\s(),]+", text)
    return tuple(float(word) for word in words if word and word.lower() != "none")
