"""One prediction of a stack: which thick slice gives which thin slice, at which offset, with which weight."""

from __future__ import annotations

from dataclasses import dataclass

ANY_OFFSET = "any"
"""Stands for the offsets of a generator that takes the true offset as input."""


@dataclass(frozen=True)
class Prediction:
    """One prediction of one thin slice.

    Attributes:
        thick: Index of the thick slice it is made from.
        thin: Index of the thin slice it gives.
        offset: Position of the thin slice relative to the thick centre, mm, signed.
        channel: Index of the model's offset that gives it; 0 where the model takes any offset.
        weight: Share in the thin slice; the shares of one thin slice sum to one.
    """

    thick: int
    thin: int
    offset: float
    channel: int
    weight: float
