"""Whether the rescaled values of a series are Hounsfield units, as far as the values themselves can tell."""

from __future__ import annotations

import numpy as np

from CTEnhanceLib.ct.intensity import BODY_ABOVE_HU
from CTEnhanceLib.dicom.header import SliceHeader
from CTEnhanceLib.errors import InputRefusedError, shown

# rescale slopes of CT lie near 1; extended scales for metal use up to 16
MIN_SLOPE, MAX_SLOPE = 1e-3, 100.0
MAX_INTERCEPT = 1e5
# how much more than elsewhere neighbouring slices may differ where the scale changes, in the mean absolute difference
# (HU), in the level of air (HU), in the logarithm of the standard deviation and in the level of the body (HU)
_FACTOR, _SLACK = 2.0, np.array([60.0, 40.0, 0.15, 15.0])
_BODY_PIXELS = 50


def check_rescale(header: SliceHeader) -> None:
    """Refuse a slope or an intercept (PS3.3 C.11.1) that no CT has.

    Raises:
        InputRefusedError: Naming the file and the number.
    """
    name = shown(header.path.name)
    if header.has_lut:
        raise InputRefusedError(
            f"{name} gives its values by a lookup table (Modality LUT) that is not read here; export the series again "
            "with rescale slope and intercept."
        )
    if header.slope is None or header.intercept is None or header.slope == 0:
        raise InputRefusedError(
            f"{name} states no rescale slope and intercept, so its values cannot be turned into "
            "Hounsfield units; export the series again."
        )
    if not MIN_SLOPE <= header.slope <= MAX_SLOPE:  # false for NaN, too
        raise InputRefusedError(
            f"{name} states a rescale slope of {header.slope:g}, which no CT has; export the series again."
        )
    if not abs(header.intercept) <= MAX_INTERCEPT:
        raise InputRefusedError(
            f"{name} states a rescale intercept of {header.intercept:g}, which no CT has; export the series again."
        )


def check_continuity(volume: np.ndarray, headers: list[SliceHeader]) -> None:
    """Refuse a series of which some slices state another scale and do not continue their neighbours with it.

    Slices may each have their own slope and intercept; the Hounsfield units that come out change little from slice to
    slice all the same.

    Args:
        volume: HU, shape (slices, rows, columns), along the slice axis.
        headers: The header of each slice.
    """
    scales = [(header.slope, header.intercept) for header in headers]
    if len(set(scales)) == 1:
        return
    some = volume[:, ::4, ::4].reshape(len(volume), -1).astype(np.float32)
    steps = np.stack(
        [
            np.abs(np.diff(some, axis=0)).mean(axis=1),
            np.abs(np.diff(np.percentile(some, 2, axis=1))),
            np.abs(np.diff(np.log(some.std(axis=1) + 1))),
            [_body_step(one, other) for one, other in zip(some, some[1:])],
        ]
    )
    changes = np.array([one != other for one, other in zip(scales, scales[1:])])
    usual = steps[:, ~changes].max(axis=1) if (~changes).any() else np.median(steps, axis=1)
    excess = (steps > _FACTOR * usual[:, None] + _SLACK[:, None]).any(axis=0) & changes
    if not excess.any():
        return
    place = int(np.flatnonzero(excess)[0])
    pair = (headers[place], headers[place + 1])
    odd = min(pair, key=lambda header: scales.count((header.slope, header.intercept)))
    raise InputRefusedError(
        f"{shown(odd.path.name)} states a rescale slope of {odd.slope:g} and intercept of {odd.intercept:g}, with "
        "which its values do not continue those of the next slice; export the series again."
    )


def _body_step(one: np.ndarray, other: np.ndarray) -> float:
    """Give by how many HU two slices differ where both hold body, in the median; 0 where they hold hardly any."""
    body = (one > BODY_ABOVE_HU) & (other > BODY_ABOVE_HU)
    return abs(float(np.median(one[body] - other[body]))) if body.sum() >= _BODY_PIXELS else 0.0


def check_intercept(volume: np.ndarray, headers: list[SliceHeader]) -> None:
    """Refuse values that are Hounsfield units already and get the intercept of the stored scale once more.

    Air then lies at about -2000 HU. Padding lies there, too, but as one single value.

    Args:
        volume: HU, shape (slices, rows, columns).
        headers: The header of each slice.
    """
    if all((header.intercept or 0.0) > -900 for header in headers):
        return
    some = volume[:, ::2, ::2]
    low = some[(some >= -2200) & (some < -1500)]
    if not low.size:
        return
    values, counts = np.unique(low, return_counts=True)
    varied = low.size - int(counts.max())
    air = int(counts[np.isin(values, (-2024, -2048))].sum()) if len(values) > 1 else 0
    if varied + air > 0.005 * some.size and varied:
        raise InputRefusedError(
            f"Air lies at about {values[counts.argmax()]:g} HU, so the intercept of {headers[0].intercept:g} was "
            "applied to values that were Hounsfield units already; export the series again."
        )
