"""Implicit solids (negative inside, about a distance in mm) and how they are joined without sharp edges.

Formulas after I. Quilez, "Distance functions" (https://iquilezles.org/articles/distfunctions/).
"""

from __future__ import annotations

import numpy as np

from CTEnhanceLib.phantom.fields import Function, Point


def rotation(axis: str, degrees: float) -> np.ndarray:
    """Right-handed rotation matrix (3, 3) about ``x``, ``y`` or ``z``."""
    angle = np.radians(degrees)
    c, s = np.cos(angle), np.sin(angle)
    first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = c
    matrix[first, second], matrix[second, first] = -s, s
    return matrix


def _local(
    x: np.ndarray, y: np.ndarray, z: np.ndarray, centre: Point, turn: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    dx, dy, dz = x - centre[0], y - centre[1], z - centre[2]
    if turn is None:
        return dx, dy, dz
    columns = turn.astype(np.float32).T
    u, v, w = (row[0] * dx + row[1] * dy + row[2] * dz for row in columns)
    return u, v, w


def ellipsoid(centre: Point, half: Point, turn: np.ndarray | None = None) -> Function:
    """Ellipsoid with half axes in mm, turned by a rotation matrix.

    Args:
        centre: mm.
        half: Half axes, mm.
        turn: Rotation matrix, shape (3, 3); None: not turned.
    """

    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        u, v, w = _local(x, y, z, centre, turn)
        k0 = np.sqrt((u / half[0]) ** 2 + (v / half[1]) ** 2 + (w / half[2]) ** 2)
        k1 = np.sqrt((u / half[0] ** 2) ** 2 + (v / half[1] ** 2) ** 2 + (w / half[2] ** 2) ** 2)
        return k0 * (k0 - 1) / np.maximum(k1, 1e-3)

    return distance


def box(centre: Point, half: Point, rounding: float, turn: np.ndarray | None = None) -> Function:
    """Box with half sides in mm (rounding included) and rounded edges.

    Args:
        centre: mm.
        half: Half sides, mm.
        rounding: Radius of the edges, mm.
        turn: Rotation matrix, shape (3, 3); None: not turned.
    """

    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        over = [np.abs(c) - (h - rounding) for c, h in zip(_local(x, y, z, centre, turn), half)]
        outside = np.sqrt(sum(np.maximum(c, 0) ** 2 for c in over))
        return outside + np.minimum(np.maximum(np.maximum(over[0], over[1]), over[2]), 0) - rounding

    return distance


def cone(start: Point, end: Point, start_radius: float, end_radius: float) -> Function:
    """Round cone: a ball that rolls from ``start`` to ``end`` while its radius changes.

    Args:
        start: Centre of the ball where it begins, mm.
        end: Centre of the ball where it ends, mm.
        start_radius: mm.
        end_radius: mm.
    """
    a, b = np.array(start), np.array(end)
    along = (b - a) / float((b - a) @ (b - a))

    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        dx, dy, dz = x - a[0], y - a[1], z - a[2]
        t = np.clip(along[0] * dx + along[1] * dy + along[2] * dz, 0, 1)
        gap = [d - t * side for d, side in zip((dx, dy, dz), b - a)]
        return np.sqrt(sum(g**2 for g in gap)) - (start_radius + t * (end_radius - start_radius))

    return distance


def smooth_max(a: np.ndarray, b: np.ndarray, blend: float) -> np.ndarray:
    """Intersection whose edge is rounded over ``blend`` mm.

    Args:
        a: Signed distance, mm, any shape.
        b: Signed distance, mm, of the same shape.
        blend: mm.
    """
    near = np.maximum(blend - np.abs(a - b), 0)
    return np.maximum(a, b) + near**2 / (4 * blend)


def smooth_min(a: np.ndarray, b: np.ndarray, blend: float) -> np.ndarray:
    """Union whose seam is filled over ``blend`` mm.

    Args:
        a: Signed distance, mm, any shape.
        b: Signed distance, mm, of the same shape.
        blend: mm.
    """
    return -smooth_max(-a, -b, blend)


def join(blend: float, *parts: Function) -> Function:
    """Smooth union of several solids."""

    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        total = parts[0](x, y, z)
        for part in parts[1:]:
            total = smooth_min(total, part(x, y, z), blend)
        return total

    return distance


def without(blend: float, solid: Function, *cuts: Function) -> Function:
    """A solid with others taken away."""

    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        total = solid(x, y, z)
        for cut in cuts:
            total = smooth_max(total, -cut(x, y, z), blend)
        return total

    return distance
