"""What lies beside the slices of a series on disks and in downloads, and is no slice for sure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

# fmt: off
# what viewers, burners, archives and file systems put beside images
_SUFFIXES = {
    ".txt", ".md", ".csv", ".tsv", ".json", ".xml", ".xsl", ".html", ".htm", ".css", ".js", ".yml", ".yaml",
    ".toml", ".ini", ".inf", ".cfg", ".log", ".pdf", ".rtf", ".doc", ".docx", ".xls", ".xlsx", ".png", ".jpg",
    ".jpeg", ".gif", ".bmp", ".ico", ".svg", ".tif", ".tiff", ".exe", ".dll", ".so", ".dylib", ".bat", ".cmd",
    ".sh", ".py", ".jar", ".class", ".app", ".db", ".lnk", ".url", ".zip", ".gz", ".tgz", ".tar", ".7z", ".rar",
    ".bz2", ".xz", ".nrrd", ".nhdr", ".nii", ".mha", ".mhd", ".mrb", ".mrml", ".stl", ".vtk", ".vtp", ".obj",
    ".ply", ".avi", ".mp4", ".mpg", ".sha1", ".sha256", ".md5", ".sig", ".plist", ".cab", ".msi", ".hlp",
    ".chm", ".manifest", ".nbia", ".tcia", ".seg", ".bval", ".bvec", ".licence", ".license",
}
_NAMES = {
    "readme", "licence", "license", "copying", "version", "versions", "autorun", "checksums", "md5sum",
    "sha1sum", "lockfile", "dicomdir",
}
# fmt: on
_PACKED = re.compile(r"\.(gz|bz2|xz|zip|7z|rar|z|zst)$")
_DIGIT = re.compile(r"\d")
_SLICE_SUFFIX = re.compile(r"\.(dcm|dicom|dic|ima|img|ct|\d+)$", re.IGNORECASE)


def is_known_other(path: Path, start: bytes) -> bool:
    """Tell whether a file that does not begin as DICOM is known to be no damaged slice.

    Args:
        path: The file.
        start: Its first bytes.
    """
    name = path.name.lower()
    if _SLICE_SUFFIX.search(_PACKED.sub("", name)):
        return False  # a download that failed leaves a page of text under the name of the slice
    if path.suffix.lower() in _SUFFIXES or path.stem.lower() in _NAMES:
        return True
    # without a suffix that says more, text is no slice where the name carries no number
    return bool(start) and _is_text(start) and not any(letter.isdigit() for letter in path.name)


class NamedAlike:
    """Files that are called as the slices beside them are: IM0012.zip or IM0012.txt where IM0012.dcm is missing.

    Args:
        slices: The DICOM files of a folder and its subfolders.
    """

    def __init__(self, slices: Iterable[Path]) -> None:
        self._stems = {(path.parent, _stem(path)) for path in slices}
        self._patterns = {(folder, _DIGIT.sub("#", stem)) for folder, stem in self._stems}

    def __contains__(self, path: Path) -> bool:
        stem = _stem(path)
        pattern = _DIGIT.sub("#", stem)
        return "#" in pattern and (path.parent, pattern) in self._patterns and (path.parent, stem) not in self._stems


def _stem(path: Path) -> str:
    return path.name.partition(".")[0] or path.name


def _is_text(start: bytes) -> bool:
    return b"\0" not in start and sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in start) == 0
