"""Computed series out as DICOM objects that say that they are derived."""
