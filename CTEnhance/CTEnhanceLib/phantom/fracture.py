"""An intra-articular fracture of the distal radius (AO 2R3 C2/C3): which fragments there are and where they went.

The distal block tilts dorsally and shortens about its palmar hinge; through the joint it is split into the radial
styloid, the dorso-ulnar (die-punch) and the palmar-ulnar fragment, with a step and a gap; the crushed dorsal
metaphysis breaks into small pieces; the carpus follows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from CTEnhanceLib.phantom.fields import Field, Noise, axes
from CTEnhanceLib.phantom.forearm import ULNA_HEAD, fossae
from CTEnhanceLib.phantom.pose import Pose
from CTEnhanceLib.phantom.solids import rotation
from CTEnhanceLib.phantom.traits import Traits

Cuts = tuple[np.ndarray, ...]  # what is positive in one of them belongs to other fragments
LOST_BONE = 0.12  # mm of bone lost on each side of a fracture line


@dataclass(frozen=True)
class Fracture:
    """The pattern. Lengths in mm, angles in degrees."""

    level: float  # z of the palmar hinge
    tilt: float  # dorsal turn of the distal block
    shortening: float
    dorsal_shift: float
    radial_shift: float
    step: float  # of the dorso-ulnar fragment against the rest of the joint
    gap: float  # between styloid and lunate facet
    split: tuple[float, float]  # x of the sagittal, y of the coronal split
    twist: float  # of the sagittal split about z
    pieces: int  # of the crushed dorsal metaphysis
    dorsal_rim: bool  # a dorsal piece of the styloid fragment on its own
    ulnar_styloid: bool

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Fracture:
        """A plausible C2 or C3 fracture."""
        return cls(
            level=float(rng.uniform(-17, -13)),
            tilt=float(rng.uniform(16, 27)),
            shortening=float(rng.uniform(1.0, 3.0)),
            dorsal_shift=float(rng.uniform(0.5, 2.5)),
            radial_shift=float(rng.uniform(0.0, 1.8)),
            step=float(rng.uniform(1.4, 3.0)),
            gap=float(rng.uniform(1.3, 3.0)),
            split=(float(rng.uniform(-1.5, 2.5)), float(rng.uniform(-2.5, 1.5))),
            twist=float(rng.uniform(-25, 25)),
            pieces=int(rng.integers(6, 10)),
            dorsal_rim=bool(rng.random() < 0.6),
            ulnar_styloid=bool(rng.random() < 0.6),
        )

    @property
    def block(self) -> Pose:
        """Motion of the distal block as a whole."""
        turn = rotation("x", -self.tilt) @ rotation("y", 0.25 * self.tilt)
        move = (self.radial_shift, self.dorsal_shift, -self.shortening)
        return Pose.about((0.0, -9.0, self.level), turn, move)

    def hand(self, traits: Traits) -> Pose:
        """Motion of the carpus: it stays in the fossae and makes up for half of the tilt."""
        (scaphoid, _), (lunate, _) = fossae(traits)
        pivot = (np.array(scaphoid) + np.array(lunate)) / 2
        turn = rotation("x", -0.45 * self.tilt) @ rotation("y", 0.2 * self.tilt)
        return Pose.about(pivot, turn, self.block.moved(pivot) - pivot)


def break_radius(whole: Field, fracture: Fracture, rng: np.random.Generator) -> list[tuple[str, Field, Pose]]:
    """Fragments of the radius: name, signed distance at rest, motion. The first is the shaft.

    Args:
        whole: Signed distance to the unbroken radius, mm.
        fracture: How it is broken.
        rng: All choices come from it.
    """
    bone = whole.above(fracture.level - 24.0)
    x, y, z = axes(bone.low, bone.values.shape)
    faces = _faces(fracture, rng, x, y, z)
    block = fracture.block
    end = (-faces["upper"], faces["sagittal"])
    parts: list[tuple[str, Cuts, Pose]] = [
        *_styloid(fracture, rng, (-faces["upper"], -faces["sagittal"]), faces["rim"]),
        ("dorso-ulnar", (*end, -faces["coronal"]), block.after(_die_punch_motion(fracture, rng))),
        ("palmar-ulnar", (*end, faces["coronal"]), block.after(_palmar_motion(rng))),
        *_crushed(fracture, rng, (x, y, z), (-faces["lower"], faces["upper"])),
    ]
    shaft = whole.values.copy()
    shaft[..., -bone.values.shape[2] :] = np.maximum(bone.values, faces["lower"] + np.float32(LOST_BONE))
    fragments = [("shaft", whole.cut(shaft), Pose())]
    for name, cuts, pose in parts:
        values = bone.values
        for cut in cuts:
            values = np.maximum(values, cut + np.float32(LOST_BONE))
        if (values < 0).sum() > 60:  # smaller crumbs are not seen
            fragments.append((name, bone.cut(values), pose))
    return fragments


def _faces(
    fracture: Fracture, rng: np.random.Generator, x: np.ndarray, y: np.ndarray, z: np.ndarray
) -> dict[str, np.ndarray]:
    """The rough surfaces along which the bone breaks, by name; each runs through zero, in mm."""
    coarse, fine = Noise(rng, 2.4, 64), Noise(rng, 0.8, 80)

    def rough(offset: float, amount: float) -> np.ndarray:
        return amount * coarse.at(x + offset, y, 0.5 * z) + 0.3 * fine.at(x + offset, y, z)

    behind = np.maximum(y + 9.0, 0) / 19.0  # 0 at the palmar, 1 at the dorsal cortex
    closing = 17.0 * float(np.tan(np.radians(fracture.tilt)))
    c, s = float(np.cos(np.radians(fracture.twist))), float(np.sin(np.radians(fracture.twist)))
    return {
        "lower": z - (fracture.level - (0.6 * closing + 6.0) * behind) - rough(0, 1.6),
        "upper": z - (fracture.level + 0.3 + (0.65 * closing + 2.2) * behind) - rough(11, 1.2),
        "sagittal": c * (x - fracture.split[0]) + s * y + rough(23, 0.7),
        "coronal": (y - fracture.split[1]) - 0.25 * (x + 7) + rough(31, 0.7),
        "rim": (y - 4.5) + 0.35 * (x - 6) + rough(43, 0.7),
    }


def _styloid(fracture: Fracture, rng: np.random.Generator, cuts: Cuts, rim: np.ndarray) -> list[tuple[str, Cuts, Pose]]:
    turn = rotation("y", rng.uniform(2, 6)) @ rotation("z", rng.uniform(-6, 6))
    move = (0.75 * fracture.gap, rng.uniform(-0.8, 0.8), rng.uniform(-0.4, 0.4))
    whole = fracture.block.after(Pose.about((9.0, 0.0, -5.0), turn, move))
    if not fracture.dorsal_rim:
        return [("styloid", cuts, whole)]
    turn = rotation("x", -rng.uniform(4, 10)) @ rotation("z", rng.uniform(-6, 6))
    apart = Pose.about((7.0, 7.0, -3.0), turn, (0.3, rng.uniform(0.9, 1.8), -rng.uniform(0.3, 1.4)))
    return [("styloid", (*cuts, rim), whole), ("dorsal rim", (*cuts, -rim), whole.after(apart))]


def _die_punch_motion(fracture: Fracture, rng: np.random.Generator) -> Pose:
    turn = rotation("x", -rng.uniform(2, 7)) @ rotation("y", rng.uniform(-3, 3))
    return Pose.about((-6.0, 6.0, -4.0), turn, (-0.15 * fracture.gap, rng.uniform(0.8, 1.8), -fracture.step))


def _palmar_motion(rng: np.random.Generator) -> Pose:
    turn = rotation("x", rng.uniform(2, 8)) @ rotation("z", rng.uniform(-5, 5))
    return Pose.about((-6.0, -6.0, -6.0), turn, (-0.3, -rng.uniform(0.4, 1.2), rng.uniform(-0.4, 0.2)))


def _crushed(
    fracture: Fracture,
    rng: np.random.Generator,
    grid: tuple[np.ndarray, np.ndarray, np.ndarray],
    between: tuple[np.ndarray, np.ndarray],
) -> list[tuple[str, Cuts, Pose]]:
    """The dorsal wedge as cells around random points, each thrown a little out of place."""
    x, y, z = grid
    count = fracture.pieces
    centres = np.stack(
        [
            np.linspace(-11, 12, count) + rng.uniform(-2, 2, count),
            rng.uniform(1, 10, count),
            fracture.level + rng.uniform(-8.0, 3.0, count),
        ],
        axis=1,
    )
    parts = []
    for k, centre in enumerate(centres):
        cuts = list(between)
        for other in np.delete(centres, k, axis=0):
            apart = float(np.linalg.norm(other - centre))
            middle, normal = (other + centre) / 2, (other - centre) / apart
            nx, ny, nz = normal.astype(np.float32)
            cuts.append(nx * x + ny * y + (nz * z - np.float32(normal @ middle)))
        turn = rotation("x", -0.4 * fracture.tilt + rng.normal(0, 7)) @ rotation("y", rng.normal(0, 10))
        move = (rng.normal(0, 0.6), rng.uniform(0.8, 3.0), -0.7 * fracture.shortening + rng.normal(0, 0.5))
        parts.append((f"crushed {k + 1}", tuple(cuts), Pose.about(centre, turn, move)))
    return parts


def break_ulna(bone: Field, fracture: Fracture, hand: Pose, traits: Traits) -> list[tuple[str, Field, Pose]]:
    """Ulna and, if it is torn off, its styloid.

    Args:
        bone: Signed distance to the unbroken ulna, mm.
        fracture: How the wrist is broken.
        hand: Motion of the hand, which a torn styloid follows.
        traits: Of the wrist.
    """
    if not fracture.ulnar_styloid:
        return [("ulna", bone, Pose())]
    x, y, z = axes(bone.low, bone.values.shape)
    top = -3.6 + traits.ulnar_variance
    base = 0.75 * (z - (top - 0.6)) - 0.5 * (x - (ULNA_HEAD[0] - 3.0)) + 0.3 * (y - (ULNA_HEAD[1] + 2.5))
    pull = hand.moved((-25.0, 5.0, 0.0)) - np.array([-25.0, 5.0, 0.0])
    torn_off = Pose(shift=0.5 * pull + (0.3, 0.2, 1.6))
    return [
        ("ulna", bone.cut(np.maximum(bone.values, base + LOST_BONE)), Pose()),
        (
            "ulnar styloid",
            bone.cut(np.maximum(bone.values, LOST_BONE - base)),
            torn_off,
        ),
    ]
