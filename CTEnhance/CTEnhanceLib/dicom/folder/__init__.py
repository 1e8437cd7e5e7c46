"""What a folder holds: DICOM files and others, the CT series among them, the one that is wanted."""
