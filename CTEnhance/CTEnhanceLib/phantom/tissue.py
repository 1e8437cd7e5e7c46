"""What is inside a bone: cortex, trabeculae along the load, marrow. Hounsfield units at points of the resting bone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from CTEnhanceLib.phantom.fields import Function, Noise
from CTEnhanceLib.phantom.traits import Traits

BLUR = 0.6  # mm over which one tissue turns into the next, so that fine slices show no steps
MARROW = -65.0


def ramp(distance: np.ndarray, width: float = BLUR) -> np.ndarray:
    """1 where ``distance`` (mm) is well below zero, 0 well above, smooth over ``width``.

    Args:
        distance: mm, any shape; the result has the same.
        width: mm.
    """
    t = np.clip(0.5 - distance / np.float32(width), 0, 1)
    return t * t * (3 - 2 * t)


@dataclass(frozen=True)
class Profile:
    """How a kind of bone changes from proximal to distal; columns by z in mm.

    ``cortex`` thickness in mm, ``hardness`` HU of the cortex, ``density`` of trabeculae (1 = at a joint),
    ``spread`` width of the bone relative to its joint, along which the columns of trabeculae fan out.
    """

    z: tuple[float, ...]
    cortex: tuple[float, ...]
    hardness: tuple[float, ...]
    density: tuple[float, ...]
    spread: tuple[float, ...]
    stretch: float  # length of the trabecular columns relative to their distance

    def column(self, name: str, z: np.ndarray) -> np.ndarray:
        """A column's values at ``z``.

        Args:
            name: Of the column.
            z: mm along the bone, any shape; the result has the same.
        """
        return np.interp(z, self.z, getattr(self, name)).astype(np.float32)


RADIUS = Profile(
    z=(-60, -44, -34, -26, -18, -10, -4, 2),
    cortex=(2.9, 2.6, 2.1, 1.45, 0.95, 0.7, 0.65, 0.75),
    hardness=(1650, 1620, 1560, 1450, 1300, 1150, 1100, 1100),
    density=(0.0, 0.04, 0.14, 0.35, 0.6, 0.8, 1.0, 1.05),
    spread=(0.45, 0.48, 0.56, 0.68, 0.85, 0.97, 1.0, 1.0),
    stretch=4.0,
)
ULNA = Profile(
    z=(-60, -40, -25, -16, -10, -4),
    cortex=(2.6, 2.3, 1.6, 1.0, 0.75, 0.7),
    hardness=(1600, 1550, 1450, 1250, 1150, 1100),
    density=(0.0, 0.08, 0.35, 0.7, 0.95, 1.0),
    spread=(0.75, 0.72, 0.68, 0.8, 1.0, 1.0),
    stretch=3.0,
)
CARPAL = Profile(z=(0, 40), cortex=(0.8, 0.8), hardness=(1200, 1200), density=(1.15, 1.15), spread=(1, 1), stretch=1.5)
METACARPAL = Profile(
    z=(33, 40, 46, 54, 64),
    cortex=(0.8, 1.0, 1.6, 2.2, 2.5),
    hardness=(1150, 1250, 1400, 1550, 1600),
    density=(1.1, 1.0, 0.5, 0.15, 0.02),
    spread=(1.0, 0.95, 0.8, 0.7, 0.65),
    stretch=3.0,
)


class BoneTissue:
    """Fills bones; one for a whole wrist, its noise being the wrist's own."""

    def __init__(self, traits: Traits, rng: np.random.Generator, joint: Function) -> None:
        """``joint``: the radius' articular surface, below which lies the subchondral plate."""
        self.traits = traits
        self.joint = joint
        self.columns, self.struts = Noise(rng, 0.42, 96), Noise(rng, 0.5, 96)
        self.patches = Noise(rng, 3.0, 48)

    def __call__(self, profile: Profile, depth: np.ndarray, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """HU at points (mm, resting bone) that lie ``depth`` mm below its surface.

        Args:
            profile: How cortex and marrow change along the bone.
            depth: mm, any shape; the result has the same.
            x: mm, of the same shape.
            y: mm, of the same shape.
            z: mm, of the same shape.
        """
        patch = self.patches.at(x, y, z)
        spongy = self._trabeculae(profile, depth, x, y, z, patch)
        thickness = profile.column("cortex", z) * self.traits.cortex * (1 + 0.12 * patch)
        hardness = profile.column("hardness", z) * (1 + 0.03 * patch)
        if profile is RADIUS:
            plate = ramp(-1.6 - self.joint(x, y, z) * 1.0, 1.6) * 0.55
            thickness, hardness = thickness + plate, hardness - 100 * plate
            spongy = spongy + self._growth_scar(x, y, z)
        compact = ramp(depth - thickness, 0.7)
        return spongy + compact * (hardness - spongy)

    def _trabeculae(
        self,
        profile: Profile,
        depth: np.ndarray,
        x: np.ndarray,
        y: np.ndarray,
        z: np.ndarray,
        patch: np.ndarray,
    ) -> np.ndarray:
        spread = profile.column("spread", z)
        u, v = x / spread, y / spread
        columns = np.clip(1 - np.abs(self.columns.at(u, v, z / profile.stretch)) / 0.6, 0, 1)
        struts = np.clip(1 - np.abs(self.struts.at(u, v, z / 1.3)) / 0.45, 0, 1)
        # the middle of the metaphysis is looser than its rim, and bone is not the same everywhere
        amount = profile.column("density", z) * self.traits.density
        amount = amount * (1 + 0.22 * patch) * (0.8 + 0.35 * np.exp(-depth / 2.5))
        web = 620 * columns + 420 * struts + 130
        return MARROW + 12 * patch + np.clip(amount, 0, 1.4) * web

    def _growth_scar(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        level = z + 9.5 - 0.16 * x - 1.1 * self.patches.at(x + 40, y, np.zeros_like(z))
        return 260 * np.exp(-((level / 0.55) ** 2)).astype(np.float32)
