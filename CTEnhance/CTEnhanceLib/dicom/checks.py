"""What the headers of a series must have in common before it can be called a volume in Hounsfield units."""

from __future__ import annotations

from collections import Counter

import numpy as np

from CTEnhanceLib.dicom.header import SliceHeader
from CTEnhanceLib.dicom.identity import check_one_scan
from CTEnhanceLib.dicom.rescale import check_rescale
from CTEnhanceLib.errors import InputRefusedError, shown

MIN_SLICES = 4
MAX_PIXELS = 4096
MIN_PIXEL_MM, MAX_PIXEL_MM = 1e-3, 20.0
MAX_THICKNESS_MM = 200.0
_GREY = ("", "MONOCHROME1", "MONOCHROME2")
# PS3.3 C.11.1.1.2 and the UCUM code of the Hounsfield unit; "US" means "unspecified" and is what several
# writers put beside true Hounsfield units, so that only the values can tell
HOUNSFIELD_UNITS = ("", "HU", "HU_MOD", "US", "[hnsf'U]", "[HNSF'U]")
# values of Image Type and Frame Type (PS3.3 C.8.2.1.1.1, C.8.15.3.1) whose pixels are no weighted mean along the axis
_NO_SLICES = (
    "PERFUSION",
    "RCBF",
    "RCBV",
    "MTT",
    "TTP",
    "TMAX",
    "SUBTRACTION",
    "MIP",
    "MINIP",
    "MAX_IP",
    "MIN_IP",
    "VRT",
    "SSD",
    "SCOUT",
)


def check_headers(headers: list[SliceHeader]) -> None:
    """Refuse a series whose slices are not grey Hounsfield images of one scan, size, spacing and orientation.

    Args:
        headers: Headers of one CT series, in any order.

    Raises:
        InputRefusedError: Naming the first thing that is wrong.
    """
    _check_values(headers)
    if len(headers) < MIN_SLICES:
        raise InputRefusedError(
            f"The series has {'a single slice' if len(headers) == 1 else f'only {len(headers)} slices'}; "
            f"at least {MIN_SLICES} are needed, so give the folder that holds the whole series."
        )
    check_one_scan(headers)
    _check_geometry(headers)


def _check_values(headers: list[SliceHeader]) -> None:
    described = Counter(header.path for header in headers)
    for header in headers:
        if header.frame is not None and described[header.path] != header.frames:
            raise InputRefusedError(
                f"{shown(header.path.name)} states {header.frames} frames and describes {described[header.path]}, so a "
                "slice may be lost; export the series again."
            )
    for header in headers:
        if header.modality not in ("CT", ""):
            raise InputRefusedError(
                f"{shown(header.path.name)} is not CT (modality {shown(header.modality)}); give the original CT series."
            )
        kind = next((kind for kind in _NO_SLICES if kind in header.image_type), None)
        if kind or header.units not in HOUNSFIELD_UNITS:
            what = header.units if header.units not in HOUNSFIELD_UNITS else kind
            raise InputRefusedError(
                f"The series holds {shown(what)} images instead of slices in Hounsfield units; give the original "
                "CT series."
            )
        _check_pixels(header)
        check_rescale(header)
        if header.thickness is not None and not 0 <= header.thickness <= MAX_THICKNESS_MM:  # false for NaN, too
            raise InputRefusedError(
                f"{shown(header.path.name)} states a slice thickness of {header.thickness:g} mm, which no CT has; "
                "export the series again."
            )


def _check_pixels(header: SliceHeader) -> None:
    name = shown(header.path.name)
    if header.samples != 1:
        raise InputRefusedError(f"{name} is a colour picture, not a CT slice; give the original CT series.")
    if header.photometric not in _GREY:
        raise InputRefusedError(
            f"{name} is a {shown(header.photometric)} picture whose values are no Hounsfield units; give the original "
            "CT series."
        )
    if header.frames > 1 and header.frame is None:
        raise InputRefusedError(
            f"{name} holds {header.frames} frames without saying where each lies; export the series with one slice a "
            "file, or as Enhanced CT."
        )
    if not 1 <= min(header.size) <= max(header.size) <= MAX_PIXELS:
        rows, columns = header.size
        raise InputRefusedError(
            f"{name} states {columns} x {rows} pixels, which no CT slice has; export the series again."
        )


def _check_geometry(headers: list[SliceHeader]) -> None:
    for header in headers:
        missing = [
            name
            for name, value in (
                ("position", header.position),
                ("orientation", header.orientation),
                ("pixel spacing", header.pixel_spacing),
            )
            if value is None or not np.isfinite(value).all()
        ]
        if missing:
            raise InputRefusedError(
                f"{shown(header.path.name)} states no {' and no '.join(missing)}, so its place in the patient is "
                "unknown; export the series again."
            )
    sizes = sorted({header.size for header in headers})
    if len(sizes) > 1:
        (rows, columns), (other_rows, other_columns) = sizes[:2]
        raise InputRefusedError(
            f"The slices differ in size ({columns} x {rows} and {other_columns} x {other_rows} pixels); "
            "give a series from one reconstruction."
        )
    spacings = np.array([header.pixel_spacing for header in headers])
    if (spacings <= 0).any() or not np.allclose(spacings, spacings[0], rtol=1e-3, atol=0):
        raise InputRefusedError(
            f"The slices differ in pixel spacing ({spacings.min():.4g} to {spacings.max():.4g} mm); "
            "give a series from one reconstruction."
        )
    if not MIN_PIXEL_MM <= spacings.min() <= spacings.max() <= MAX_PIXEL_MM:
        raise InputRefusedError(
            f"{shown(headers[0].path.name)} states a pixel spacing of {spacings.max():.4g} mm, which no CT has; export "
            "the series again."
        )
    _check_orientation(np.array([header.orientation for header in headers]).reshape(-1, 2, 3))


def _check_orientation(axes: np.ndarray) -> None:
    """Refuse row and column directions, shape (slices, 2, 3), that differ or are no right angle."""
    if not np.allclose(axes, axes[0], rtol=0, atol=1e-3):
        raise InputRefusedError(
            "The slices do not lie in parallel planes; give a series of parallel slices, "
            "not a radial one or one mixed with other views."
        )
    if not np.allclose(axes[0] @ axes[0].T, np.eye(2), rtol=0, atol=1e-2):
        raise InputRefusedError(
            "The rows and columns of the slices are not stated as perpendicular directions; export the series again."
        )
