"""CT series from DICOM files, checked; computed series back to DICOM, marked as derived."""

from __future__ import annotations

from CTEnhanceLib.dicom.read import read_series
from CTEnhanceLib.dicom.write import check_output_folder, write_derived_series

__all__ = ["check_output_folder", "read_series", "write_derived_series"]
