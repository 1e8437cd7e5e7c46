"""The figures of the fracture study: shares seen and bridged, errors of width and height."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from CTEnhanceLib.evaluation.fractures.study import FALSE_ALARMS, Reading, Study

BRIDGED_BELOW = 0.25
"""A gap of which less contrast than this share is left, and whose middle is bone, is bridged."""
BRIDGE_HU = 200.0
BETWEEN_SLICES = (0.0, 15.0)
OBLIQUE = (15.0, 75.0)
ACROSS_SLICES = (75.0, 90.0)
EVERY_ANGLE = (0.0, 90.0)


@dataclass(frozen=True)
class Cell:
    """What a method shows of fractures of one size.

    Attributes:
        count: Fractures looked at.
        seen: Share whose signal exceeds what 95 of 100 intact places stay below.
        error: Median of shown minus true size over those seen, mm; NaN where none is.
        spread: Half the distance of its quartiles, mm.
        bridged: Share of gaps that are filled with bone; NaN for steps.
    """

    count: int
    seen: float
    error: float
    spread: float
    bridged: float


def methods_of(study: Study) -> list[str]:
    """Give the methods in the order in which they were read, the reference first."""
    return list(dict.fromkeys(r.method for r in study.readings))


def threshold(study: Study, method: str, kind: str, angles: tuple[float, float] = EVERY_ANGLE) -> float:
    """Give the signal that intact bone exceeds at 5 of 100 places (HU of a gap, mm of a step).

    Args:
        study: The readings.
        method: Whose.
        kind: "gap" or "step".
        angles: Smallest and largest angle to the slice axis, degrees.
    """
    intact = [r.signal for r in _chosen(study, method, kind, angles) if r.size == 0 and np.isfinite(r.signal)]
    if kind == "step":
        intact = [abs(signal) for signal in intact]
    return float(np.quantile(intact, 1 - FALSE_ALARMS)) if intact else float("nan")


def cell(study: Study, method: str, kind: str, size: float, angles: tuple[float, float] = EVERY_ANGLE) -> Cell | None:
    """Give the figures of one method at one size; None where there are no such fractures.

    Args:
        study: The readings.
        method: Name of the method.
        kind: "gap" or "step".
        size: mm.
        angles: Lowest and highest angle that counts, degrees.
    """
    limits = {a: threshold(study, method, kind, a) for a in (BETWEEN_SLICES, OBLIQUE, ACROSS_SLICES)}
    chosen = [r for r in _chosen(study, method, kind, angles) if r.size == size]
    if not chosen:
        return None
    seen = [r for r in chosen if r.signal > _limit(limits, r.angle)]
    shown = [r.width if kind == "gap" else r.signal for r in seen]
    errors = np.array([s - size for s in shown if np.isfinite(s)])
    quartiles = np.percentile(errors, [25, 50, 75]) if len(errors) else np.full(3, np.nan)
    bridged = np.mean([r.kept < BRIDGED_BELOW and r.floor > BRIDGE_HU for r in chosen]) if kind == "gap" else np.nan
    return Cell(
        len(chosen),
        len(seen) / len(chosen),
        float(quartiles[1]),
        float(quartiles[2] - quartiles[0]) / 2,
        float(bridged),
    )


def sizes(study: Study, kind: str) -> list[float]:
    """Give the sizes that were cut, mm, ascending."""
    return sorted({r.size for r in study.readings if r.kind == kind and r.size > 0})


def _chosen(study: Study, method: str, kind: str, angles: tuple[float, float]) -> list[Reading]:
    low, high = angles
    return [r for r in study.of(method, kind) if low <= r.angle <= high]


def _limit(limits: dict[tuple[float, float], float], angle: float) -> float:
    return next(limit for (low, high), limit in limits.items() if low <= angle <= high)
