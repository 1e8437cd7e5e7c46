"""What the header of a volume file claims, held against the bytes that follow it.

SimpleITK reads a file that was cut short as if it were whole (.nii.gz), writes to a full disk without noticing, and
makes room for whatever a header claims. These checks read the file as a stream: they need no memory for the volume.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from CTEnhanceLib.errors import InputRefusedError, OutputError, shown
from CTEnhanceLib.files.headers import Content, read_content
from CTEnhanceLib.files.memory import available_memory

if TYPE_CHECKING:
    import SimpleITK as sitk

_CHUNK = 1 << 20
# what may follow the voxels, in bytes and as a share of them
_PADDING, _PADDING_SHARE = 1024, 64
# no CT has an axis as long: 4000 slices and 4096 pixels are the largest that scanners make
_MAX_AXIS = 20000


def check_content(path: Path) -> None:
    """Check before a volume file is read that its voxels are there, whole, and fit into memory.

    Args:
        path: A volume file.

    Raises:
        InputRefusedError: Naming the file and what is wrong with it.
    """
    name = shown(path.name)
    try:
        content = read_content(path)
        if content is None:
            raise InputRefusedError(
                f"{name} is of a format in which it cannot be told whether anything is missing; give .nrrd, .nii.gz, "
                ".mha or a DICOM folder."
            )
        _check_claim(content, name)
        if content.packing == "other":
            return
        found, rest = 0, b""
        for chunk in voxel_bytes(content):
            found += len(chunk)
            if content.floats:
                rest = _check_numbers(rest + chunk, content.floats, name)
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


def check_written(image: sitk.Image, path: Path, name: str) -> None:
    """Check that a file just written holds every voxel of an image.

    Args:
        image: What was written.
        path: Where it was written to.
        name: What it will be called.

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
        for chunk in voxel_bytes(content) if content else ():
            found = zlib.crc32(chunk, found)
    except (OSError, KeyError, ValueError, struct.error, zlib.error):
        found = -1
    if found != expected:
        raise OutputError(
            f"{shown(name)} could not be written whole (the disk may be full); free some space or choose another place."
        )


def with_padding(length: int) -> int:
    """Give how many bytes there may be where a header states `length` of them; more is a picture of another size."""
    return length + max(_PADDING, length // _PADDING_SHARE)


def voxel_bytes(content: Content) -> Iterator[bytes]:
    """Give the voxels as they lie in the file, unpacked, chunk by chunk, not more than the header claims.

    Raises:
        ValueError: What is packed ends too early, or there is more than the header claims.
        zlib.error: What is packed is damaged, or its checksum is wrong.
    """
    path = content.file
    whole = path.name.lower().endswith(".nii.gz")
    left, allowed = content.length, with_padding(content.length)
    with path.open("rb") as file:
        skip = content.start if whole else 0
        file.seek(0 if whole else content.start)
        blocks = iter(lambda: file.read(_CHUNK), b"")
        for chunk in blocks if content.packing == "raw" else _unpacked(blocks):
            wanted = chunk[skip : skip + left]
            allowed -= max(0, len(chunk) - skip)
            skip = max(0, skip - len(chunk))
            left -= len(wanted)
            if allowed < 0:
                raise ValueError("it holds more voxels than its header claims")
            if wanted:
                yield wanted


def _check_numbers(voxels: bytes, kind: str, name: str) -> bytes:
    """Refuse values that are no number where the reader would make 0 of them; give the bytes of a value cut in two."""
    import numpy as np

    whole = len(voxels) // np.dtype(kind).itemsize * np.dtype(kind).itemsize
    if not np.isfinite(np.frombuffer(voxels[:whole], kind)).all():
        raise InputRefusedError(f"{name}: Some voxels hold no number (NaN or infinite); export the volume again.")
    return voxels[whole:]


def _unpacked(source: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack gzip or zlib to its very end, where its checksum stands."""
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
    for block in source:
        packed = block
        while packed:
            if inflater.eof:  # another gzip member, or padding
                if not packed.strip(b"\0"):
                    break
                inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
            chunk = inflater.decompress(packed, _CHUNK)
            packed = inflater.unconsumed_tail or inflater.unused_data
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
