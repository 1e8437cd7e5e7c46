"""Volume files in and out."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

from CTEnhanceLib.errors import InputRefusedError, OutputError, is_out_of_memory, shown
from CTEnhanceLib.files.atomic import appearing, reason
from CTEnhanceLib.files.content import check_content, check_written

if TYPE_CHECKING:
    import SimpleITK as sitk

SUFFIXES = (".nrrd", ".nii.gz", ".mha")
# less is a number gone wrong: the finest CT has pixels of 0.001 mm
_MIN_SPACING = 1e-4
# and more than these: slices as far apart, a place as far away (mm)
_MAX_SPACING, _MAX_ORIGIN = 200.0, 1e6
_READERS = {
    "nrrd": "NrrdImageIO",
    "nhdr": "NrrdImageIO",
    "nii": "NiftiImageIO",
    "mha": "MetaImageIO",
    "mhd": "MetaImageIO",
}
ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".7z", ".rar")


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
        f"{shown(name)} cannot be written: volumes are {', '.join(SUFFIXES)}, or a name without suffix for a "
        "DICOM folder."
    )


def read_volume_file(path: str | os.PathLike[str]) -> sitk.Image:
    """Read a volume from one file that is not DICOM; `dicom.volumes.read_volume` reads DICOM as well.

    Args:
        path: .nrrd, .nhdr, .nii, .nii.gz, .mha or .mhd.

    Raises:
        InputRefusedError: It cannot be read as a volume.
    """
    import SimpleITK as sitk

    path = Path(path)
    if path.name.lower().endswith(ARCHIVES):
        raise InputRefusedError(
            f"{shown(path.name)} is an archive; unpack it first, then give {', '.join(SUFFIXES)} or a DICOM folder."
        )
    check_content(path)
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    # what was checked as one format is read as no other
    reader.SetImageIO(_READERS[path.name.lower().removesuffix(".gz").rpartition(".")[2]])
    try:
        image = reader.Execute()
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise MemoryError from error
        raise InputRefusedError(
            f"{shown(path.name)} cannot be read as a volume ({reason(error).removeprefix('sitk::ERROR: ')}); give "
            f"{', '.join(SUFFIXES)} or a DICOM folder."
        ) from error
    _check_placement(image, path.name)
    return image


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
        raise OutputError(f"{shown(Path(path).name)} needs one of the suffixes {', '.join(SUFFIXES)}.")
    suffix = volume_suffix(path)
    with appearing(path) as partial:
        # SimpleITK knows some suffixes in small letters only
        written = partial.with_name(f"volume{suffix}")
        sitk.WriteImage(image, str(written), useCompression=suffix == ".nii.gz")
        check_written(image, written, Path(path).name)
        written.replace(partial)


def _check_placement(image: sitk.Image, name: str) -> None:
    numbers = (*image.GetSpacing(), *image.GetOrigin(), *image.GetDirection())
    sensible = _MIN_SPACING <= min(image.GetSpacing()) <= max(image.GetSpacing()[:3]) <= _MAX_SPACING
    near = max(abs(number) for number in image.GetOrigin()) <= _MAX_ORIGIN
    if not all(math.isfinite(number) for number in numbers) or not sensible or not near:
        raise InputRefusedError(
            f"{shown(name)} states a spacing, origin or direction that makes no sense; export the volume again."
        )
