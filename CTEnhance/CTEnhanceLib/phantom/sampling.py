"""Points at which the object is looked at, and the way from them into the frame of a bone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from CTEnhanceLib.phantom.fields import Point
from CTEnhanceLib.phantom.pose import Pose
from CTEnhanceLib.phantom.solids import rotation
from CTEnhanceLib.phantom.traits import Traits

MIDDLE = np.array([3.0, 1.5, 1.0])  # point of the anatomical frame, mm, that lies in the middle of the field

Window = tuple[slice, slice, slice]
Coordinates = tuple[np.ndarray, np.ndarray, np.ndarray]


def to_anatomical(traits: Traits) -> np.ndarray:
    """Matrix (3, 3) from LPS mm about the wrist's centre to the anatomical frame.

    Prone with the arm overhead and the palm down: distal = superior, dorsal = posterior, radial = left on a
    right wrist.
    """
    turn = rotation("x", traits.roll[0]) @ rotation("y", traits.roll[1]) @ rotation("z", traits.roll[2])
    mirror = np.diag([-1.0 if traits.left else 1.0, 1.0, 1.0])
    return np.asarray(mirror @ turn / traits.size)


@dataclass(frozen=True)
class Samples:
    """A lattice of points: ``x``, ``y``, ``z`` are LPS mm about the wrist's centre; arrays run (z, y, x)."""

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    matrix: np.ndarray

    @property
    def shape(self) -> tuple[int, int, int]:
        """Numbers of points, slices first."""
        return len(self.z), len(self.y), len(self.x)

    @property
    def everything(self) -> Window:
        """The window of all points."""
        return slice(None), slice(None), slice(None)

    def window(self, low: Point | np.ndarray, high: Point | np.ndarray, pose: Pose) -> Window | None:
        """The lattice's part around a box of a piece's resting frame, or nothing.

        Args:
            low: Lowest corner of the box, mm, shape (3,).
            high: Highest corner of the box, mm, shape (3,).
            pose: Motion of the piece.
        """
        corners = np.array(np.meshgrid(*zip(low, high))).reshape(3, -1)
        moved = pose.rotation @ corners + pose.shift[:, None]
        world = np.linalg.inv(self.matrix) @ (moved - MIDDLE[:, None])
        limits = []
        for axis, (start, stop) in zip((self.x, self.y, self.z), zip(world.min(axis=1), world.max(axis=1))):
            first, last = np.searchsorted(axis, (start, stop))
            if first >= last:
                return None
            limits.append(slice(int(first), int(last)))
        return limits[2], limits[1], limits[0]

    def coordinates(self, window: Window, pose: Pose) -> Coordinates:
        """Where the window's points lie in a piece's resting frame, three float32 arrays (z, y, x)."""
        into = pose.rotation.T @ self.matrix
        origin = pose.rotation.T @ (pose.shift - MIDDLE)
        z, y, x = (axis[part] for axis, part in zip((self.z, self.y, self.x), window))
        columns = []
        for row, start in zip(into, origin):
            plane = row[1] * y[:, None] + row[0] * x[None, :]
            columns.append((plane[None] + (row[2] * z - start)[:, None, None]).astype(np.float32))
        return columns[0], columns[1], columns[2]
