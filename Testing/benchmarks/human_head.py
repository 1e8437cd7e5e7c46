"""The human head of the validation data, without the slices of it that were never measured.

Below slice 101 two of three slices of the file are interpolated from every third one (`interpolated_slices.py` shows
it): a comparison with them would reward whatever resembles that interpolation.
"""

from __future__ import annotations

import SimpleITK as sitk

from CTEnhanceLib.dicom.volumes import read_volume
from CTEnhanceLib.training.config.data_files import data_path

HEAD = "validation/vhm_head_neck_1mm.nrrd"
MEASURED = (101, 186)
"""First slice that is used, and the one after the last."""


def human_head() -> sitk.Image:
    """Give the measured slices, 1 mm apart: 241 x 243 x 85 voxels of 1 mm."""
    return read_volume(data_path(HEAD))[:, :, MEASURED[0] : MEASURED[1]]
