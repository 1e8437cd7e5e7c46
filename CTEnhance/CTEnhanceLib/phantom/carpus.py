"""The eight carpal bones and the bases of the five metacarpals.

Each bone is a generous solid that is carved by the bones made before it, so that facing joint surfaces are
congruent and keep the width of their cartilage.
"""

from __future__ import annotations

import numpy as np

from CTEnhanceLib.phantom.fields import STEP, Field, Function, Noise, axes, sampled_on_grid
from CTEnhanceLib.phantom.forearm import CARTILAGE, articular_cap
from CTEnhanceLib.phantom.solids import box, cone, ellipsoid, join, rotation, smooth_max, without
from CTEnhanceLib.phantom.traits import Traits

JOINT = 1.6  # mm between neighbouring carpal bones
_LOW, _HIGH = (-36.0, -34.0, -10.0), (48.0, 18.0, 66.0)


def _proximal_row() -> dict[str, Function]:
    return {
        "lunate": join(
            2.0,
            box((-7.8, 0.2, 4.4), (8.2, 8.2, 7.2), 5.6, rotation("y", -10)),
            ellipsoid((-7.4, -5.0, 5.4), (6.8, 5.4, 6.8)),
        ),
        "scaphoid": join(
            2.4,
            ellipsoid((5.6, 1.2, 8.0), (6.4, 8.0, 7.4), rotation("y", 25)),
            cone((6.4, 0.0, 9.5), (11.2, -4.0, 16.0), 5.2, 4.8),
            ellipsoid((11.6, -5.4, 19.2), (7.2, 6.4, 6.4), rotation("x", 35)),
            cone((13.6, -10.2, 18.6), (13.0, -7.0, 18.0), 2.6, 3.4),
        ),
        "triquetrum": join(
            2.0,
            box((-18.2, -1.2, 12.6), (6.6, 6.8, 8.6), 4.6, rotation("y", 40)),
            ellipsoid((-20.4, -5.2, 14.6), (4.8, 5.0, 5.6)),
        ),
        "pisiform": ellipsoid((-19.6, -13.4, 12.6), (4.9, 5.0, 6.4), rotation("y", 12)),
    }


def _distal_row() -> dict[str, Function]:
    turned = rotation("y", 28) @ rotation("z", -38)
    return {
        "capitate": join(
            3.0,
            ellipsoid((-3.6, 0.3, 15.9), (6.0, 6.8, 6.4)),
            cone((-3.4, 0.8, 17.0), (-3.0, 1.2, 26.0), 5.0, 6.0),
            box((-2.8, 2.4, 27.3), (7.0, 6.6, 7.3), 3.4),
            ellipsoid((-2.8, -3.6, 26.0), (6.4, 5.2, 8.4)),
        ),
        "hamate": join(
            2.4,
            cone((-11.2, 1.2, 17.6), (-14.6, 0.8, 27.0), 3.8, 7.0),
            box((-15.4, 0.8, 29.6), (7.4, 7.0, 4.8), 3.2),
            cone((-14.6, -4.0, 28.6), (-12.6, -14.4, 30.2), 4.0, 2.5),
        ),
        "trapezoid": join(
            2.4,
            box((9.2, 1.8, 26.8), (6.6, 5.6, 6.4), 3.2),
            ellipsoid((9.0, -3.8, 26.2), (5.2, 5.0, 6.2)),
        ),
        "trapezium": join(
            2.4,
            box((18.8, -7.4, 26.0), (7.8, 6.6, 6.2), 3.4, turned),
            cone((15.4, -12.2, 23.4), (16.4, -13.4, 29.0), 2.6, 2.2),
        ),
    }


def _metacarpals() -> dict[str, Function]:
    thumb_saddle = cone((19.0, -16.0, 26.5), (29.0, -4.0, 29.0), 4.0, 4.0)
    thumb = _metacarpal((26.2, -13.2, 36.2), (7.4, 6.8, 5.2), (43.0, -26.0, 74.0))
    return {
        "metacarpal 3": _metacarpal((-3.0, 1.8, 39.0), (6.4, 7.4, 5.4), (-3.0, 2.4, 80.0)),
        "metacarpal 2": _metacarpal((9.2, 0.8, 37.4), (7.2, 7.4, 5.6), (14.0, 1.0, 80.0)),
        "metacarpal 4": _metacarpal((-12.6, 0.6, 38.6), (5.4, 6.4, 5.0), (-18.5, 1.0, 80.0)),
        "metacarpal 5": _metacarpal((-21.0, -2.0, 37.2), (5.8, 6.0, 5.0), (-33.0, -2.0, 80.0)),
        "metacarpal 1": without(2.0, thumb, thumb_saddle),
    }


def _metacarpal(
    base: tuple[float, float, float], half: tuple[float, float, float], head: tuple[float, float, float]
) -> Function:
    return join(5.0, box(base, half, 3.4), cone(base, head, 4.4, 3.6))


def _solids() -> dict[str, Function]:
    """Bones in the order of carving: what comes first keeps its shape."""
    proximal, distal = _proximal_row(), _distal_row()
    first = ("capitate", "hamate"), ("lunate", "scaphoid", "triquetrum", "pisiform"), ("trapezoid", "trapezium")
    return {
        **{name: distal[name] for name in first[0]},
        **{name: proximal[name] for name in first[1]},
        **{name: distal[name] for name in first[2]},
        **_metacarpals(),
    }


def _surroundings(solid: Function) -> tuple[tuple[slice, ...], np.ndarray]:
    """The part of the common grid that a bone and its surroundings fill, found on every fourth node."""
    count = _count()
    coarse = solid(*(a[::4, ::4, ::4] for a in axes(np.array(_LOW), count)))
    inside = np.argwhere(coarse < 4.0) * 4
    first = np.maximum(inside.min(axis=0) - 4, 0)
    last = np.minimum(inside.max(axis=0) + 5, count)
    return tuple(slice(int(a), int(b)) for a, b in zip(first, last)), np.array(_LOW) + STEP * first


def _count() -> tuple[int, ...]:
    return tuple(int(n) for n in np.round((np.array(_HIGH) - np.array(_LOW)) / STEP) + 1)


def carpus(traits: Traits, shape: Noise) -> dict[str, Field]:
    """Signed distances of the carpal bones and metacarpal bases at rest, by name."""
    taken = articular_cap(traits)(*axes(np.array(_LOW), _count())) + np.float32(JOINT - CARTILAGE)
    bones = {}
    for name, solid in _solids().items():
        window, low = _surroundings(solid)
        high = low + STEP * (np.array([s.stop - s.start for s in window]) - 1)

        def rough(x: np.ndarray, y: np.ndarray, z: np.ndarray, solid: Function = solid) -> np.ndarray:
            return solid(x, y, z) + 0.42 * shape.at(x, y, z) + 0.22 * shape.at(2.3 * x, 2.3 * y, 2.3 * z)

        whole = sampled_on_grid(rough, tuple(low), tuple(high))
        carved = smooth_max(whole.values, JOINT - taken[window], 0.9)
        taken[window] = np.minimum(taken[window], carved)
        bones[name] = Field(carved, whole.low)
    return bones
