"""CT series from DICOM files, checked; computed series back to DICOM, marked as derived."""

from __future__ import annotations

from CTEnhanceLib.dicom.derived.write import check_output_folder, write_derived_series
from CTEnhanceLib.dicom.folder.series import list_series
from CTEnhanceLib.dicom.read import read_series

__all__ = ["check_output_folder", "list_series", "read_series", "write_derived_series"]
