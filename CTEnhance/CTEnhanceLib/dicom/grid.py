"""From slice positions to a regular grid, or to the sentence that says why there is none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from CTEnhanceLib.dicom.header import SliceHeader
from CTEnhanceLib.dicom.identity import check_one_acquisition
from CTEnhanceLib.errors import InputRefusedError

SAME_POSITION_MM = 0.01
# positions rounded to 0.1 mm are common and harmless; a slice out of place is not
UNEVEN_MM = 0.11
UNEVEN_SHARE = 0.1
# sideways drift over the whole stack, in pixels, from which slices count as sheared
DRIFT_PIXELS = 0.5
TILT_DEGREES = 0.5


@dataclass(frozen=True)
class SeriesGrid:
    """Regular grid of a series.

    Attributes:
        headers: Headers sorted along `normal`.
        origin: Centre of the first pixel of the first slice, LPS mm, shape (3,).
        direction: Columns are the directions of i (along a row), j (down a column) and k (slice to slice);
            right-handed.
        spacing: Distance of pixels along i, j and of slices along k, mm.
    """

    headers: list[SliceHeader]
    origin: np.ndarray
    direction: np.ndarray
    spacing: tuple[float, float, float]


def series_grid(headers: list[SliceHeader]) -> SeriesGrid:
    """Sort the slices of a series along their normal and check that they form a regular grid (PS3.3 C.7.6.2.1.1).

    Args:
        headers: Headers that passed `check_headers`, in any order.

    Raises:
        InputRefusedError: Gantry tilt, duplicates, mixed thickness, missing slices, uneven spacing or two
            acquisitions.
    """
    direction = _direction(headers[0])
    normal = direction[:, 2]
    ordered = sorted(headers, key=lambda header: float(np.dot(normal, header.position or ())))
    positions = np.array([header.position for header in ordered])
    heights = positions @ normal
    pixel = min(ordered[0].pixel_spacing or (1.0,))
    _check_tilt(ordered, positions, heights, normal, pixel)
    _check_duplicates(heights)
    _check_thickness(ordered)
    _check_spacing(heights)
    check_one_acquisition(ordered)
    interval = float(heights[-1] - heights[0]) / (len(heights) - 1)
    rows, columns = ordered[0].pixel_spacing or (0.0, 0.0)
    return SeriesGrid(ordered, positions[0], direction, (columns, rows, interval))


def _direction(header: SliceHeader) -> np.ndarray:
    """Give orthonormal directions of i, j, k as columns; k = i x j makes the grid right-handed."""
    row, column = np.array(header.orientation).reshape(2, 3)
    row /= np.linalg.norm(row)
    column -= row * (row @ column)
    column /= np.linalg.norm(column)
    return np.stack([row, column, np.cross(row, column)], axis=1)


def _check_tilt(
    headers: list[SliceHeader], positions: np.ndarray, heights: np.ndarray, normal: np.ndarray, pixel: float
) -> None:
    centred = heights - heights.mean()
    sideways = positions - np.outer(heights, normal)
    sideways -= sideways.mean(axis=0)
    drift = centred @ sideways / max(float(centred @ centred), SAME_POSITION_MM**2)
    degrees = float(np.degrees(np.arctan(np.linalg.norm(drift))))
    if np.linalg.norm(drift) * np.ptp(heights) > DRIFT_PIXELS * pixel:
        raise InputRefusedError(
            f"The slices are tilted by {degrees:.1f} degrees against the direction in which they are stacked "
            "(gantry tilt); give a series without tilt, or one that the scanner has resampled."
        )
    scatter = np.linalg.norm(sideways - np.outer(centred, drift), axis=1).max()
    if scatter > DRIFT_PIXELS * pixel:
        raise InputRefusedError(
            f"The slices are shifted sideways against each other by up to {scatter:.2g} mm; "
            "give a series from one reconstruction."
        )
    stated = max((abs(header.tilt or 0.0) for header in headers), default=0.0)
    leaning = float(np.degrees(np.arccos(min(1.0, np.abs(normal).max()))))
    # slices that lean by the tilt and are stacked along their own normal have been resampled: those are sound
    if stated > TILT_DEGREES and abs(stated - leaning) > 1.0:
        raise InputRefusedError(
            f"The header states a gantry tilt of {stated:g} degrees that the slice positions do not show, so the "
            "geometry cannot be trusted; give a series without tilt, or one that the scanner has resampled."
        )


def _check_duplicates(heights: np.ndarray) -> None:
    same = np.flatnonzero(np.diff(heights) < SAME_POSITION_MM)
    if not len(same):
        return
    places = len(heights) - len(same)
    if places == 1:
        raise InputRefusedError(
            f"All {len(heights)} images lie at one position, so they are no stack of slices; "
            "give a series that covers a region."
        )
    if len(heights) % places == 0:
        raise InputRefusedError(
            f"The series holds {len(heights) // places} images at each of {places} positions (copies, or several "
            "phases); give a series with one image per position."
        )
    raise InputRefusedError(
        f"{len(same)} slice{'s are' if len(same) > 1 else ' is'} there twice (first at {heights[same[0]]:.2f} mm "
        "along the slice axis); remove the copies."
    )


def _check_thickness(headers: list[SliceHeader]) -> None:
    stated = sorted(header.thickness for header in headers if header.thickness)
    if stated and stated[-1] > stated[0] * 1.01:
        raise InputRefusedError(
            f"The series mixes slices of {stated[0]:.4g} mm and {stated[-1]:.4g} mm thickness; "
            "give a series with one thickness."
        )


def _check_spacing(heights: np.ndarray) -> None:
    regular = np.linspace(heights[0], heights[-1], len(heights))
    gaps = np.diff(heights)
    usual = float(np.median(gaps))
    if np.abs(heights - regular).max() <= min(UNEVEN_MM, UNEVEN_SHARE * usual):
        return
    times = gaps / usual
    whole = np.round(times)
    if (np.abs(times - whole) < UNEVEN_SHARE).all() and whole.min() == 1 and whole.max() > 1:
        lost = int((whole - 1).sum())
        where = heights[int(np.flatnonzero(whole > 1)[0])]
        raise InputRefusedError(
            f"{lost} slice{'s are' if lost > 1 else ' is'} missing (first after {where:.2f} mm along the slice axis, "
            f"where slices are {usual:.4g} mm apart elsewhere); export the whole series again."
        )
    raise InputRefusedError(
        f"The slices are unevenly spaced ({gaps.min():.4g} to {gaps.max():.4g} mm apart); "
        "give a series with one interval."
    )
