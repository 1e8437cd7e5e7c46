"""One wrist put together from its seed, and its Hounsfield units at any points."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np

from CTEnhanceLib.phantom import tissue
from CTEnhanceLib.phantom.carpus import carpus
from CTEnhanceLib.phantom.fields import Field, Noise
from CTEnhanceLib.phantom.forearm import articular_cap, radius, ulna
from CTEnhanceLib.phantom.fracture import Fracture, break_radius, break_ulna
from CTEnhanceLib.phantom.pose import Pose
from CTEnhanceLib.phantom.sampling import Samples
from CTEnhanceLib.phantom.soft_tissue import SoftTissue, draw_variation
from CTEnhanceLib.phantom.tissue import BoneTissue, Profile, ramp
from CTEnhanceLib.phantom.traits import Traits

FAR = 3.0  # mm: distances to bone beyond this are all the same
JOINT, CRACK = 1.0, 0.3  # mm at least between bones, between fragments of one bone
CRUSHED = 160.0  # HU more where trabeculae were driven into each other
SHARPNESS = 0.55  # mm over which bone turns into soft tissue, before the scanner's blur


@dataclass(frozen=True)
class Piece:
    """A bone or a fragment: ``solid`` bounds it, depth below the cortex is measured in ``whole``."""

    bone: str
    name: str
    solid: Field
    whole: Field
    profile: Profile
    pose: Pose


class Wrist:
    """A wrist: bones, fragments and soft tissue, each defined in mm."""

    def __init__(self, seed: int, fracture: bool) -> None:
        """The same seed is the same person, with or without the fracture; odd seeds are left wrists."""
        streams = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(4)]
        self.traits = Traits.draw(streams[0], left=seed % 2 == 1)
        shape = Noise(streams[0], 3.5, 64)
        self.bone_tissue = BoneTissue(self.traits, streams[1], articular_cap(self.traits))
        broken = Fracture.draw(streams[2]) if fracture else None
        hand = broken.hand(self.traits) if broken else Pose()
        self.soft_tissue = SoftTissue(
            hand,
            broken.level if broken else None,
            Noise(streams[3], 1.1, 80),
            Noise(streams[3], 3.0, 64),
            draw_variation(streams[3]),
        )
        self.pieces = [
            Piece(name, name, bone, bone, tissue.METACARPAL if "metacarpal" in name else tissue.CARPAL, hand)
            for name, bone in carpus(self.traits, shape).items()
        ]
        self.pieces += self._forearm(shape, broken, hand, streams[2])

    def _forearm(self, shape: Noise, broken: Fracture | None, hand: Pose, rng: np.random.Generator) -> list[Piece]:
        whole_radius, whole_ulna = radius(self.traits, shape), ulna(self.traits, shape)
        if broken is None:
            return [
                Piece("ulna", "ulna", whole_ulna, whole_ulna, tissue.ULNA, Pose()),
                Piece("radius", "radius", whole_radius, whole_radius, tissue.RADIUS, Pose()),
            ]
        ulnar = break_ulna(whole_ulna, broken, hand, self.traits)
        radial = break_radius(whole_radius, broken, rng)
        return [Piece("ulna", name, solid, whole_ulna, tissue.ULNA, pose) for name, solid, pose in ulnar] + [
            Piece("radius", name, solid, whole_radius, tissue.RADIUS, pose) for name, solid, pose in radial
        ]

    def hounsfield(self, samples: Samples) -> np.ndarray:
        """HU (z, y, x) at the points of a lattice, float32."""
        nearest = np.full(samples.shape, FAR, dtype=np.float32)
        amount = np.zeros(samples.shape, dtype=np.float32)
        bone = np.zeros(samples.shape, dtype=np.float32)
        for _, pieces in groupby(self.pieces, key=lambda piece: piece.bone):
            others = nearest.copy()
            for piece in pieces:
                self._add(piece, samples, others, nearest, amount, bone)
        soft = self.soft_tissue(samples, nearest)
        return bone + (1 - np.minimum(amount, 1)) * soft

    def _add(
        self,
        piece: Piece,
        samples: Samples,
        others: np.ndarray,
        nearest: np.ndarray,
        amount: np.ndarray,
        bone: np.ndarray,
    ) -> None:
        """Lay a piece into ``amount`` and ``bone``, where it touches neither ``others`` nor what is ``nearest``."""
        window = samples.window(piece.solid.low, piece.solid.high, piece.pose)
        if window is None:
            return
        points = samples.coordinates(window, piece.pose)
        distance = np.maximum(piece.solid.at(*points), np.maximum(JOINT - others[window], CRACK - nearest[window]))
        nearest[window] = np.minimum(nearest[window], distance)
        inside = distance < SHARPNESS / 2
        if not inside.any():
            return
        x, y, z = (p[inside] for p in points)
        here = ramp(distance[inside], SHARPNESS)
        depth = -piece.whole.at(x, y, z)
        amount[window][inside] += here
        hu = self.bone_tissue(piece.profile, depth, x, y, z)
        if piece.solid is not piece.whole:  # trabeculae are crushed into each other at a fracture's face
            face = ramp(-distance[inside] - 0.9, 1.0) * ramp(1.0 - (depth + distance[inside]), 1.0)
            hu += CRUSHED * face
        bone[window][inside] += here * hu
