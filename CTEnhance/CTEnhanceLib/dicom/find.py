"""Find the DICOM files in a folder, whatever they are called."""

from __future__ import annotations

import os
from pathlib import Path

from CTEnhanceLib.errors import InputRefusedError

# a file written without the preamble of PS3.10 begins with its first element, little endian: one of the first of
# group 0002 (file meta information) or 0008 (up to SOP Instance UID)
_BARE_STARTS = tuple(bytes((group, 0, element, 0)) for group in (2, 8) for element in range(0x19))


def find_dicom_files(folder: Path) -> list[Path]:
    """List the DICOM files of a folder and its subfolders, by name.

    Files are known by their content (PS3.10 section 7.1), not by their suffix; hidden files and DICOMDIR are left
    out, because an index and a copy made by a file system are no images.

    Args:
        folder: The folder, or one DICOM file.

    Raises:
        InputRefusedError: The folder is not there, cannot be read, is empty or holds no DICOM file.
    """
    if folder.is_file():
        if not is_dicom(folder):
            raise InputRefusedError(f"{folder.name} is not a DICOM file; give the folder of a DICOM series.")
        return [folder]
    if not folder.is_dir():
        raise InputRefusedError(f"There is no folder {folder}; give the folder of a DICOM series.")
    candidates = []
    for place, subfolders, names in os.walk(folder, onerror=_refuse_unreadable):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith((".", "__")))
        candidates += [
            Path(place, name) for name in sorted(names) if not name.startswith(".") and name.upper() != "DICOMDIR"
        ]
    if not candidates:
        raise InputRefusedError(f"The folder {folder.name} is empty; give the folder of a DICOM series.")
    found = [path for path in candidates if is_dicom(path)]
    if not found:
        raise InputRefusedError(
            f"None of the {len(candidates)} files in {folder.name} is a DICOM image; give the folder of a DICOM series."
        )
    return found


def is_dicom(path: Path) -> bool:
    """Tell whether a file begins as a DICOM file does."""
    try:
        with path.open("rb") as file:
            start = file.read(132)
    except OSError as error:
        raise InputRefusedError(f"{path.name} cannot be read ({error.strerror}).") from error
    return start[128:] == b"DICM" or start.startswith(_BARE_STARTS)


def _refuse_unreadable(error: OSError) -> None:
    raise InputRefusedError(f"The folder {error.filename} cannot be read ({error.strerror}).")
