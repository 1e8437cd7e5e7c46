"""Volumes on disk: files and DICOM folders in, files that appear only when they are complete out."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from CTEnhanceLib.dicom.find import is_dicom
from CTEnhanceLib.errors import InputRefusedError, OutputError

if TYPE_CHECKING:
    import SimpleITK as sitk

SUFFIXES = (".nrrd", ".nii.gz", ".mha")
_pending: set[Path] = set()


def volume_suffix(path: str | os.PathLike[str]) -> str:
    """Give the suffix of a volume file, "" for a path without one.

    Raises:
        OutputError: There is a suffix, but of no format this program writes.
    """
    name = Path(path).name
    for suffix in SUFFIXES:
        if name.lower().endswith(suffix):
            return suffix
    if Path(path).suffix in ("",) or Path(path).is_dir():
        return ""
    raise OutputError(
        f"{name} cannot be written: volumes are {', '.join(SUFFIXES)}, or a name without suffix for a DICOM folder."
    )


def read_volume(path: str | os.PathLike[str]) -> sitk.Image:
    """Read a volume file or a DICOM folder.

    Args:
        path: .nrrd, .nii.gz, .mha (or anything else SimpleITK reads), a folder with one CT series, or a multi-frame
            DICOM file.

    Returns:
        The image; a DICOM series carries its facts as metadata ("0018|0050" slice thickness and so on).

    Raises:
        InputRefusedError: It is not there, or cannot be read as a volume.
    """
    import SimpleITK as sitk

    path = Path(path)
    if not path.exists():
        raise InputRefusedError(f"{path} does not exist; give a volume file or a DICOM folder.")
    if path.is_dir() or is_dicom(path):
        from CTEnhanceLib.dicom import read_series

        return read_series(path)
    try:
        return sitk.ReadImage(str(path))
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1].removeprefix("sitk::ERROR: ")
        raise InputRefusedError(
            f"{path.name} cannot be read as a volume ({reason}); give {', '.join(SUFFIXES)} or a DICOM folder."
        ) from error


def check_writable(path: str | os.PathLike[str]) -> None:
    """Check before a long run that a file can be made under a name.

    Raises:
        OutputError: Its folder is missing or write-protected.
    """
    path = Path(path)
    folder = path.absolute().parent
    if not folder.is_dir():
        raise OutputError(f"The folder {folder} does not exist; make it first or choose another place for {path.name}.")
    if not os.access(folder, os.W_OK):
        raise OutputError(f"The folder {folder} is write-protected; choose another place for {path.name}.")


@contextmanager
def appearing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary name beside `path`; what is written there takes the name of `path` when the block ends well.

    It may be a file or a folder. The temporary name ends like `path`, so that writers see the suffix.

    Raises:
        OutputError: Nothing can be written there.
    """
    path = Path(path)
    check_writable(path)
    partial = Path(tempfile.mkdtemp(prefix=".ctenhance-", dir=path.absolute().parent)) / path.name
    _pending.add(partial)
    try:
        yield partial
        if path.is_dir():
            path.rmdir()  # an empty one; Windows replaces no folder by another
        partial.replace(path)
    except (OSError, RuntimeError) as error:
        raise OutputError(f"{path} could not be written ({str(error).strip().splitlines()[-1]}).") from error
    finally:
        _remove(partial)


def remove_pending() -> None:
    """Remove whatever is half written: for a run that is about to be ended from outside."""
    for partial in list(_pending):
        _remove(partial)


def write_volume(image: sitk.Image, path: str | os.PathLike[str]) -> None:
    """Write a volume; it appears under its name only when it is complete.

    Args:
        image: The volume.
        path: .nrrd, .nii.gz or .mha; only .nii.gz is compressed, for a volume is loaded more often than it is moved.

    Raises:
        OutputError: It cannot be written there.
    """
    import SimpleITK as sitk

    if not volume_suffix(path):
        raise OutputError(f"{Path(path).name} needs one of the suffixes {', '.join(SUFFIXES)}.")
    with appearing(path) as partial:
        sitk.WriteImage(image, str(partial), useCompression=partial.name.lower().endswith(".nii.gz"))


def write_text(text: str, path: str | os.PathLike[str]) -> None:
    """Write a UTF-8 text file; it appears under its name only when it is complete."""
    with appearing(path) as partial:
        partial.write_bytes(text.encode("utf-8"))


def _remove(partial: Path) -> None:
    _pending.discard(partial)
    shutil.rmtree(partial.parent, ignore_errors=True)
