"""Find the DICOM files in a folder, whatever they are called, and account for every other file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from CTEnhanceLib.dicom.folder.other_files import NamedAlike, is_known_other
from CTEnhanceLib.errors import InputRefusedError, shown
from CTEnhanceLib.files.abandoned import PREFIX
from CTEnhanceLib.files.volumes import ARCHIVES

# a file written without the preamble of PS3.10 begins with its first element, little endian: one of the first of
# group 0002 (file meta information) or 0008 (up to SOP Instance UID)
_BARE_STARTS = tuple(bytes((group, 0, element, 0)) for group in (2, 8) for element in range(0x19))
_START = 1024
_DIRECTORY_CLASS = b"1.2.840.10008.1.3.10"


def find_dicom_files(folder: Path) -> list[Path]:
    """List the DICOM files of a folder and its subfolders, by name.

    Files are known by their content (PS3.10 section 7.1), not by their name. The index DICOMDIR is left out, and hidden
    files that are no DICOM, which file systems make. Any other file that is neither DICOM nor known to be something
    else may be a slice that was damaged: it is refused, for the series would be one slice shorter.

    Args:
        folder: The folder, or one DICOM file.

    Raises:
        InputRefusedError: The folder is not there, cannot be read, is empty, holds no DICOM file, or holds a file
            that cannot be told to be something else.
    """
    if not folder.exists():
        raise InputRefusedError(f"There is no folder {shown(folder, 120)}; give the folder of a DICOM series.")
    if not folder.is_dir():
        return [_single_file(folder)]
    candidates = _files_below(folder)
    if not candidates:
        raise InputRefusedError(f"The folder {shown(folder.name)} is empty; give the folder of a DICOM series.")
    starts = {path: _start(path) for path in candidates if not is_hidden(path, folder) or path.is_file()}
    found = [path for path, start in starts.items() if begins_as_dicom(start) and not _is_directory(start)]
    if not found:
        raise InputRefusedError(_why_none(folder, candidates))
    named_alike = NamedAlike(found)
    unknown = [
        path
        for path, start in starts.items()
        if not (begins_as_dicom(start) or is_hidden(path, folder))
        and (path in named_alike or not is_known_other(path, start))
    ]
    if unknown:
        raise InputRefusedError(_unaccounted(unknown[0], starts[unknown[0]], len(unknown)))
    return found


def is_dicom(path: Path) -> bool:
    """Tell whether a file begins as a DICOM file does; a pipe or a device is not opened.

    Raises:
        InputRefusedError: It cannot be read, or is no file.
    """
    return begins_as_dicom(_start(path))


def begins_as_dicom(start: bytes) -> bool:
    """Tell whether these are the first bytes of a DICOM file, with its preamble or without (PS3.10 section 7.1)."""
    return start[128:132] == b"DICM" or start.startswith(_BARE_STARTS)


def is_hidden(path: Path, folder: Path) -> bool:
    """Tell whether a file below a folder is hidden, or lies in a hidden folder there."""
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _is_directory(start: bytes) -> bool:
    """Tell whether a file says that it is a DICOMDIR (PS3.10 section 8)."""
    return _DIRECTORY_CLASS in start[132:700]


def _single_file(path: Path) -> Path:
    start = _start(path)
    if begins_as_dicom(start):
        return path
    name = shown(path.name)
    if start.startswith(b"PK\x03\x04") or path.name.lower().endswith(ARCHIVES):
        raise InputRefusedError(f"{name} is an archive; unpack it first, then give the folder of the DICOM series.")
    raise InputRefusedError(f"{name} is not a DICOM file; give the folder of a DICOM series.")


def _files_below(folder: Path) -> list[Path]:
    """List all files but unfinished ones of our own; folders that are links are followed, each folder once."""
    seen: set[tuple[int, int]] = set()
    files: list[Path] = []
    for place, subfolders, names in os.walk(folder, onerror=_refuse_unreadable, followlinks=True):
        status = Path(place).stat()
        if (status.st_dev, status.st_ino) in seen:
            subfolders[:] = []
            continue
        seen.add((status.st_dev, status.st_ino))
        subfolders[:] = sorted(name for name in subfolders if name != "__MACOSX" and not name.startswith(PREFIX))
        files += [Path(place, name) for name in sorted(names) if not name.startswith(PREFIX)]
    return files


def _start(path: Path) -> bytes:
    try:
        # a pipe would keep the reader waiting for ever, and a device never ends
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputRefusedError(
                f"{shown(path.name)} is no file but a pipe, a socket or a device; remove it from the folder."
            )
        with path.open("rb") as file:
            return file.read(_START)
    except OSError as error:
        raise InputRefusedError(f"{shown(path.name)} cannot be read ({error.strerror}); copy it again.") from error


def _why_none(folder: Path, candidates: list[Path]) -> str:
    archive = next((path for path in candidates if path.name.lower().endswith(ARCHIVES)), None)
    if archive:
        return (
            f"{shown(folder.name)} holds no DICOM image but the archive {shown(archive.name)}; unpack it first, then "
            "give the folder of the DICOM series."
        )
    return (
        f"None of the {len(candidates)} files in {shown(folder.name)} is a DICOM image; give the folder of a DICOM "
        "series."
    )


def _unaccounted(path: Path, start: bytes, count: int) -> str:
    if not start:
        what = "is empty"
    elif not start.strip(b"\0"):
        what = "holds zeros only"
    elif len(start) < 132:
        what = "is too short for a DICOM file"
    else:
        what = "is not a DICOM file and not known as anything else"
    more = f", as {count - 1} more" if count > 1 else ""
    return (
        f"{shown(path.name)} {what}{more}, so a slice of the series may be lost; export the series again, or remove "
        "the file if it is no slice."
    )


def _refuse_unreadable(error: OSError) -> None:
    raise InputRefusedError(
        f"The folder {shown(error.filename, 120)} cannot be read ({error.strerror}); copy it again."
    )
