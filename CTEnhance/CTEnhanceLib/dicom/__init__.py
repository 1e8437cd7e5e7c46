"""DICOM series in (checked) and derived series out."""
