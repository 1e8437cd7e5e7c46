"""Rigid motions of bones and fragments."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from CTEnhanceLib.phantom.fields import Point


@dataclass(frozen=True)
class Pose:
    """Where a piece lies: moved = rotation @ rest + shift (mm, anatomical frame)."""

    rotation: np.ndarray = field(default_factory=lambda: np.eye(3))
    shift: np.ndarray = field(default_factory=lambda: np.zeros(3))

    @classmethod
    def about(cls, pivot: Point | np.ndarray, rotation: np.ndarray, move: Point | np.ndarray) -> Pose:
        """Turn about ``pivot``, then move.

        Args:
            pivot: What it turns about, mm, shape (3,).
            rotation: Rotation matrix, shape (3, 3).
            move: Added after turning, mm, shape (3,).
        """
        centre = np.asarray(pivot, dtype=float)
        return cls(rotation, centre - rotation @ centre + np.asarray(move, dtype=float))

    def after(self, first: Pose) -> Pose:
        """This motion following another."""
        return Pose(self.rotation @ first.rotation, self.rotation @ first.shift + self.shift)

    def moved(self, point: Point | np.ndarray) -> np.ndarray:
        """Where a point of the resting piece comes to lie.

        Args:
            point: mm, shape (3,).
        """
        return self.rotation @ np.asarray(point, dtype=float) + self.shift
