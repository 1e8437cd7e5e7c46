"""Distal radius and ulna.

Proportions after the usual radiographic norms: radial inclination 23 degrees, volar tilt 11 degrees, radial
height 11-12 mm, articular width about 30 mm.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator

from CTEnhanceLib.phantom.fields import Field, Function, Noise, Point, sampled_on_grid
from CTEnhanceLib.phantom.solids import cone, ellipsoid, join, smooth_max, without
from CTEnhanceLib.phantom.traits import Traits

# Cross-sections from proximal to distal, mm: z, centre x, y, half width to radial, ulnar, dorsal, palmar,
# exponent of the superellipse.
_RADIUS = np.array(
    [
        (-75.0, 3.5, 0.0, 6.4, 6.6, 6.0, 5.8, 2.0),
        (-45.0, 2.8, 0.0, 7.2, 7.2, 6.4, 6.0, 2.0),
        (-33.0, 2.2, 0.0, 8.3, 8.3, 7.0, 6.6, 2.1),
        (-24.0, 1.6, 0.0, 10.4, 10.0, 8.0, 7.8, 2.2),
        (-16.0, 1.2, 0.0, 13.2, 12.2, 9.4, 9.6, 2.2),
        (-9.0, 1.0, 0.0, 15.2, 14.0, 10.3, 10.8, 2.3),
        (-2.0, 1.2, -0.2, 15.6, 14.6, 10.4, 10.6, 2.25),
        (6.0, 1.8, -0.6, 14.6, 14.0, 9.6, 9.6, 2.2),
        (16.0, 2.4, -1.0, 12.0, 12.0, 8.0, 8.0, 2.0),
    ]
)
CARTILAGE = 1.9  # mm between radius and carpus, both layers of cartilage together
ULNA_HEAD = (-20.8, 1.8)  # x, y of the axis about which the radius turns


def articular_normal(traits: Traits) -> np.ndarray:
    """Unit normal of the radius' articular surface, pointing to the carpus."""
    slope = np.array([-np.tan(np.radians(traits.inclination)), -np.tan(np.radians(traits.volar_tilt)), 1.0])
    return slope / np.linalg.norm(slope)


def fossae(traits: Traits) -> tuple[tuple[Point, float], tuple[Point, float]]:
    """Centre and radius (mm) of the spheres that hollow the scaphoid and the lunate fossa."""
    spheres = []
    for x, radius, depth, lean in ((7.2, 13.0, 2.2, 0.75), (-6.8, 13.5, 2.0, 0.6)):
        normal = articular_normal(traits) * np.array([lean, 1, 1])
        normal /= np.linalg.norm(normal)
        rim = np.array([x, 0.0, 1.6 + np.tan(np.radians(traits.inclination)) * x])
        centre = rim + (radius - depth) * normal
        spheres.append(((float(centre[0]), float(centre[1]), float(centre[2])), radius))
    return spheres[0], spheres[1]


def articular_cap(traits: Traits) -> Function:
    """Everything proximal of the radius' articular surface: what the carpus must keep clear of."""
    normal = articular_normal(traits)
    (scaphoid, scaphoid_radius), (lunate, lunate_radius) = fossae(traits)

    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        plane = normal[0] * x + normal[1] * y + normal[2] * (z - 1.6)
        balls = np.minimum(
            np.sqrt((x - scaphoid[0]) ** 2 + (y - scaphoid[1]) ** 2 + (z - scaphoid[2]) ** 2) - scaphoid_radius,
            np.sqrt((x - lunate[0]) ** 2 + (y - lunate[1]) ** 2 + (z - lunate[2]) ** 2) - lunate_radius,
        )
        return smooth_max(plane, -balls, 0.8)

    return distance


def _shaft(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    centre_x, centre_y, radial, ulnar, dorsal, palmar, exponent = (
        PchipInterpolator(_RADIUS[:, 0], column)(z).astype(np.float32) for column in _RADIUS[:, 1:].T
    )
    dx, dy = x - centre_x, y - centre_y
    half_x, half_y = np.where(dx > 0, radial, ulnar), np.where(dy > 0, dorsal, palmar)
    level = ((np.abs(dx) / half_x) ** exponent + (np.abs(dy) / half_y) ** exponent) ** (1 / exponent)
    return (level - 1) * np.minimum(half_x, half_y)


def radius(traits: Traits, shape: Noise) -> Field:
    """Signed distance of the distal radius at rest."""
    cap = articular_cap(traits)
    tubercle = ellipsoid((1.6, 9.6, -6.0), (2.3, 2.7, 6.0))
    dorsal_crest = ellipsoid((8.5, 7.6, -5.0), (3.0, 2.2, 6.0))
    pollicis_groove = cone((-2.6, 12.6, -16), (-2.2, 12.4, 4), 2.4, 2.4)
    styloid = cone((12.5, -1.5, -4), (13.6, -2.0, 5.2), 4.2, 2.8)
    head_x, head_y = ULNA_HEAD
    notch = cone((head_x, head_y, -16.5), (head_x, head_y, 0), 9.3, 10.6)
    palmar_hollow = ellipsoid((1, -17.5, -19), (16, 9.2, 13))

    def solid(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        side = join(3.0, _shaft, tubercle, dorsal_crest, styloid)(x, y, z)
        side = without(1.5, lambda *_: side, pollicis_groove, notch)(x, y, z)
        side = without(4.0, lambda *_: side, palmar_hollow)(x, y, z)
        return smooth_max(side, cap(x, y, z), 1.4) + 0.25 * shape.at(x, y, z)

    return sampled_on_grid(solid, (-20, -16, -72), (24, 18, 14))


def ulna(traits: Traits, shape: Noise) -> Field:
    """Signed distance of the distal ulna at rest."""
    x, y = ULNA_HEAD
    top = -3.6 + traits.ulnar_variance
    shaft = join(
        3.0,
        cone((x + 0.5, y - 1.5, -75), (x, y - 0.5, -20), 6.2, 5.0),
        cone((x, y - 0.5, -20), (x, y, top - 8), 4.8, 6.0),
        ellipsoid((x + 0.6, y, top - 6.5), (8.0, 7.6, 8.0)),
    )
    styloid = cone((x - 4.2, y + 2.8, top - 6), (x - 5.4, y + 4.0, top + 3.6), 3.9, 1.6)
    groove = cone((x - 1.5, y + 9.6, top - 16), (x - 1.5, y + 9.6, top + 6), 2.6, 2.6)
    fovea = ellipsoid((x - 2.4, y + 1.8, top + 0.6), (2.2, 2.2, 1.8))

    def solid(px: np.ndarray, py: np.ndarray, pz: np.ndarray) -> np.ndarray:
        head = smooth_max(shaft(px, py, pz), pz - top, 2.4)
        body = without(1.2, join(1.8, lambda *_: head, styloid), groove, fovea)(px, py, pz)
        return body + 0.2 * shape.at(px, py, pz)

    return sampled_on_grid(solid, (x - 14, y - 13, -72), (x + 14, y + 14, 8))
