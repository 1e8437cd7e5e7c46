"""Any volume in: a file, a DICOM folder, a multi-frame DICOM file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from CTEnhanceLib.dicom.folder.find import is_dicom
from CTEnhanceLib.errors import InputRefusedError, shown
from CTEnhanceLib.files.volumes import read_volume_file

if TYPE_CHECKING:
    import SimpleITK as sitk


def holds_dicom(path: str | os.PathLike[str]) -> bool:
    """Tell whether a path is a folder (of DICOM files) or a DICOM file, rather than a volume file."""
    path = Path(path)
    return path.is_dir() or is_dicom(path)


def read_volume(path: str | os.PathLike[str], series: str | None = None) -> sitk.Image:
    """Read a volume file or a DICOM folder.

    Args:
        path: .nrrd, .nii.gz, .mha (or .nhdr, .nii, .mhd), a folder with one CT series, or a multi-frame
            DICOM file.
        series: Series Number or Series Instance UID of the CT series wanted, where a folder holds several.

    Returns:
        The image; a DICOM series carries its facts as metadata ("0018|0050" slice thickness and so on).

    Raises:
        InputRefusedError: It is not there, or cannot be read as a volume.
    """
    path = Path(path)
    if not path.exists():
        raise InputRefusedError(f"{shown(path, 200)} does not exist; give a volume file or a DICOM folder.")
    if holds_dicom(path):
        from CTEnhanceLib.dicom.read import read_series

        return read_series(path, series)
    return read_volume_file(path)
