"""What makes one wrist differ from another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Traits:
    """Anatomy of one person. Lengths in mm, angles in degrees.

    The anatomical frame of all bones: +x radial, +y dorsal, +z distal, origin at the middle of the
    distal radius' articular surface; a left wrist is its mirror image.
    """

    left: bool
    size: float  # 1 = a wrist whose distal radius is 31 mm wide
    inclination: float  # radial inclination of the articular surface
    volar_tilt: float
    ulnar_variance: float  # ulna longer than radius
    cortex: float  # factor on cortical thickness
    density: float  # factor on trabecular bone
    roll: tuple[float, float, float]  # how the forearm lies in the scanner: turn about x, y, z
    centre: tuple[float, float, float]  # where, LPS mm

    @classmethod
    def draw(cls, rng: np.random.Generator, left: bool) -> Traits:
        """A plausible adult."""
        return cls(
            left=left,
            size=float(rng.uniform(0.92, 1.06)),
            inclination=float(rng.uniform(20, 26)),
            volar_tilt=float(rng.uniform(7, 14)),
            ulnar_variance=float(rng.uniform(-1.5, 0.8)),
            cortex=float(rng.uniform(0.75, 1.15)),
            density=float(rng.uniform(0.75, 1.1)),
            roll=(float(rng.uniform(-5, 5)), float(rng.uniform(-5, 5)), float(rng.uniform(-12, 12))),
            # prone, arm overhead, palm down: right wrist on the patient's right
            centre=(
                float(rng.uniform(60, 110)) * (1 if left else -1),
                float(rng.uniform(-60, -20)),
                float(rng.uniform(-1350, -1150)),
            ),
        )
