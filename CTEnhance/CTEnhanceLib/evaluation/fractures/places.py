"""Where gaps and steps are cut: solid bone for gaps, smooth bone surface for steps, far enough apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from CTEnhanceLib.ct.intensity import COMPACT_BONE_ABOVE_HU

SHOULDER_MM = 3.0
"""Where bone beside a gap is looked at: this far from its middle."""
APART_MM = 15.0
_FLAT_HU = 150.0
_FLAT_MM = 0.6
_LINES_MM = 2.0
_TRIES = 60_000
_BATCH = 4000


@dataclass(frozen=True)
class Place:
    """A place of the bone.

    Attributes:
        centre: mm (slice axis, rows, columns) from the first voxel, shape (3,).
        normal: Unit normal of the fracture plane, shape (3,).
        across: For a step, its direction: the outward normal of the bone surface; for a gap, any direction in the
            plane, shape (3,).
        lines: Points of the plane through which it is looked at, mm from `centre`, shape (n_lines, 3).
    """

    centre: np.ndarray
    normal: np.ndarray
    across: np.ndarray
    lines: np.ndarray


def sample(slices: np.ndarray, spacing: tuple[float, float, float], points: np.ndarray) -> np.ndarray:
    """Give the values at points, linearly interpolated.

    Args:
        slices: (n_slices, rows, columns), HU.
        spacing: mm along the three axes.
        points: mm from the first voxel, shape (..., 3).
    """
    from scipy import ndimage

    index = np.moveaxis(points / np.asarray(spacing), -1, 0)
    return ndimage.map_coordinates(slices, index, output=np.float32, order=1, mode="nearest")


def gap_places(
    slices: np.ndarray,
    spacing: tuple[float, float, float],
    angles: tuple[float, ...],
    count: int,
    rng: np.random.Generator,
    apart: float = APART_MM,
) -> list[tuple[Place, float]]:
    """Find places in solid bone.

    Args:
        slices: Intact thin slices, HU, (n, rows, columns).
        spacing: mm along the three axes.
        angles: Degrees between the normal of the gap and the slice axis; each place has one of them, in turn where
            the bone allows it. 0: the gap lies between slices.
        count: How many, at most.
        rng: All choices come from it.
        apart: Smallest distance of two places, mm; cuts closer than `APART_MM` would meet.

    Returns:
        Places with their angles.
    """
    centres = _spots(slices > COMPACT_BONE_ABOVE_HU, spacing, SHOULDER_MM + 4.0, rng)
    found: list[tuple[Place, float]] = []
    per_angle = dict.fromkeys(angles, 0)
    for start in range(0, len(centres), _BATCH):
        some = centres[start : start + _BATCH]
        wanted = rng.choice(np.array(angles), len(some))
        normals = _directions(wanted, rng)
        across = _perpendicular(normals, rng)
        lines = _disc(normals, across)
        depths = np.arange(-SHOULDER_MM, SHOULDER_MM + 0.5, 1.0)
        points = (some[:, None] + lines)[:, :, None] + normals[:, None, None] * depths[:, None]
        values = sample(slices, spacing, points)
        solid: np.ndarray = np.all(values > COMPACT_BONE_ABOVE_HU, axis=2)
        contrast = (values[:, :, 0] + values[:, :, -1]) / 2 - values[:, :, len(depths) // 2]
        mean = np.where(solid, contrast, 0).sum(axis=1) / np.maximum(solid.sum(axis=1), 1)
        for i in np.flatnonzero((solid.sum(axis=1) >= 5) & (np.abs(mean) < _FLAT_HU)):
            angle = float(wanted[i])
            if per_angle[angle] * len(angles) < count and _is_apart(some[i], found, apart):
                per_angle[angle] += 1
                found.append((Place(some[i], normals[i], across[i], lines[i][solid[i]]), angle))
    return found


def step_places(
    slices: np.ndarray,
    spacing: tuple[float, float, float],
    count: int,
    rng: np.random.Generator,
    apart: float = APART_MM,
    taken: Sequence[tuple[Place, float]] = (),
) -> list[tuple[Place, float]]:
    """Find places on smooth bone surface.

    Args:
        slices: Intact thin slices, HU, (n, rows, columns).
        spacing: As in `gap_places`.
        count: As in `gap_places`.
        rng: As in `gap_places`.
        apart: As in `gap_places`.
        taken: Places to keep away from.

    Returns:
        Places, each with the angle between its step (along the surface's normal) and the slice axis, degrees.
    """
    from scipy import ndimage

    soft = ndimage.gaussian_filter(slices.astype(np.float32), 1.5 / np.asarray(spacing))
    bone = soft > COMPACT_BONE_ABOVE_HU
    surface = bone & ~ndimage.binary_erosion(bone)
    centres = _spots(surface, spacing, 9.0, rng)[:_TRIES]
    gradient = np.stack([np.gradient(soft, step, axis=a) for a, step in enumerate(spacing)], axis=-1)
    index = tuple(np.rint(centres / np.asarray(spacing)).astype(int).T)
    outward = -gradient[index]
    outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-6)
    normals = _perpendicular(outward, rng)
    found: list[tuple[Place, float]] = []
    for centre, normal, out in zip(centres, normals, outward):
        if len(found) >= count:
            break
        if not _is_apart(centre, [*taken, *found], apart):
            continue
        place = Place(centre, normal, out, surface_lines(normal, out))
        sides = surface_positions(slices, spacing, place)
        if np.isfinite(sides).all() and np.abs(sides).max() < 2.0 and np.ptp(sides) < 2 * _FLAT_MM:
            found.append((place, float(np.degrees(np.arccos(min(1.0, abs(out[0])))))))
    return found


def surface_lines(normal: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Give where the surface is looked at beside a step, mm from the centre: (2 sides, 9 lines, 3)."""
    along = np.cross(normal, across)
    return np.array(
        [[side * d * normal + a * along for d in (2.0, 3.0, 4.0) for a in (-2.0, 0.0, 2.0)] for side in (-1, 1)]
    )


def surface_positions(
    slices: np.ndarray, spacing: tuple[float, float, float], place: Place, level: float = 250.0
) -> np.ndarray:
    """Give where the surface lies on each line, mm outward of the centre, shape (2, 9); NaN where it is not met.

    The outermost crossing of `level` within 6 mm counts.

    Args:
        slices: HU, (n, rows, columns).
        spacing: mm along the three axes.
        place: Whose surface.
        level: HU at the surface.
    """
    depths = np.arange(6.0, -6.25, -0.5)
    points = (place.centre + place.lines)[:, :, None] + place.across * depths[:, None]
    values = sample(slices, spacing, points)
    above = values >= level
    first = above.argmax(axis=2)
    inside = np.take_along_axis(values, first[..., None], 2)[..., 0]
    outside = np.take_along_axis(values, np.maximum(first - 1, 0)[..., None], 2)[..., 0]
    rise = np.where(inside > outside, inside - outside, 1.0)
    position = depths[first] + 0.5 * np.clip((inside - level) / rise, 0, 1)
    return np.where(above.any(axis=2) & (first > 0), position, np.nan)


def _spots(
    mask: np.ndarray, spacing: tuple[float, float, float], margin: float, rng: np.random.Generator
) -> np.ndarray:
    """Give voxels of a mask in random order, mm, none nearer to a border than `margin`."""
    inner = np.zeros_like(mask)
    edges = [int(np.ceil(margin / step)) for step in spacing]
    inner[tuple(slice(edge, size - edge) for edge, size in zip(edges, mask.shape))] = True
    found = np.argwhere(mask & inner)
    return rng.permutation(found)[:_TRIES] * np.asarray(spacing)


def _directions(angles: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Give unit vectors at these degrees to the first axis, turned at random about it: (n, 3)."""
    polar, azimuth = np.radians(angles), rng.uniform(0, 2 * np.pi, len(angles))
    return np.stack([np.cos(polar), np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth)], axis=1)


def _perpendicular(vectors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Give for each unit vector another at right angles to it, at random: (n, 3)."""
    other = rng.normal(size=vectors.shape)
    other -= (other * vectors).sum(axis=1, keepdims=True) * vectors
    return other / np.linalg.norm(other, axis=1, keepdims=True)


def _disc(normals: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Give the points of the plane that are looked at: the centre and eight around it, (n, 9, 3)."""
    along = np.cross(normals, across)
    turns = np.radians(np.arange(0, 360, 45))
    around = np.cos(turns)[:, None] * across[:, None] + np.sin(turns)[:, None] * along[:, None]
    return np.concatenate([np.zeros_like(normals)[:, None], _LINES_MM * around], axis=1)


def _is_apart(centre: np.ndarray, found: Sequence[tuple[Place, float]], apart: float) -> bool:
    return all(np.linalg.norm(centre - place.centre) >= apart for place, _ in found)
