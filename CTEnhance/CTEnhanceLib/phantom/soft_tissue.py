"""Skin, fat, muscles, tendons, ligaments and vessels around the bones. Hounsfield units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from CTEnhanceLib.phantom.fields import Function, Noise
from CTEnhanceLib.phantom.pose import Pose
from CTEnhanceLib.phantom.sampling import Coordinates, Samples, Window
from CTEnhanceLib.phantom.solids import box, cone, ellipsoid, rotation, smooth_min
from CTEnhanceLib.phantom.tissue import ramp

AIR, SKIN, FAT, MUSCLE, LIGAMENT, TENDON, VESSEL, HAEMATOMA = (
    -1000.0,
    35.0,
    -100.0,
    55.0,
    75.0,
    90.0,
    45.0,
    60.0,
)

# z, centre x, y, half width in x, y of the skin, mm
_OUTLINE = np.array(
    [
        (-80, -8.0, -3.0, 31.5, 25.0),
        (-45, -8.0, -3.6, 28.8, 22.6),
        (-25, -7.2, -4.0, 27.2, 20.8),
        (-8, -5.0, -4.0, 28.6, 20.6),
        (5, -4.0, -4.8, 29.0, 20.8),
        (18, -3.5, -5.6, 31.0, 21.2),
        (32, -4.0, -5.4, 34.5, 20.6),
        (45, -6.0, -4.6, 36.0, 18.6),
        (65, -8.0, -4.0, 38.5, 16.5),
    ]
)

Cord = tuple[float, float, tuple[tuple[float, float, float], ...]]
# radius in mm, HU, path as (z, x, y)
_CORDS: tuple[Cord, ...] = (
    # deep and superficial flexors of the fingers, long flexor of the thumb, median nerve
    *(
        (
            2.3,
            TENDON,
            ((-60, 1.3 * x - 4, -14.5), (-15, 1.05 * x - 1.5, -15.6), (22, x, -10.6), (60, 1.9 * x - 3, -11)),
        )
        for x in (-8.5, -3.8, 0.9, 5.6)
    ),
    *(
        (
            2.1,
            TENDON,
            ((-60, 1.5 * x - 4, -20.0), (-15, 1.05 * x - 1.5, -19.8), (22, x, -14.9), (60, 2.2 * x - 3, -14.5)),
        )
        for x in (-8.0, -3.6, 0.6)
    ),
    (2.2, TENDON, ((-60, 8, -14), (-15, 8.5, -15.5), (22, 9.6, -13.2), (40, 15.0, -17), (60, 27.0, -24))),
    (1.8, 40.0, ((-60, 1, -17.8), (-15, 4.0, -18.6), (22, 4.8, -15.6), (60, 5, -16))),
    # flexors of the wrist, palmaris longus
    (2.3, TENDON, ((-60, 11, -18), (-15, 12.0, -19.0), (10, 12.6, -16.8), (22, 11.4, -12), (34, 9, -8))),
    (2.6, TENDON, ((-60, -17, -18), (-20, -18.0, -19.5), (6, -19.4, -16.5))),
    (1.5, TENDON, ((-60, 4.0, -22.0), (-15, 3.5, -22.4), (18, 2.5, -20.5))),
    # six dorsal compartments
    (2.2, TENDON, ((-60, 12.0, 8.0), (-25, 15.5, 3.0), (-3, 19.2, -3.6), (16, 20.8, -7.5), (40, 31.0, -11))),
    (2.0, TENDON, ((-60, 9.0, 9.0), (-15, 12.0, 10.6), (-3, 11.8, 11.0), (16, 11.5, 10.0), (36, 9.5, 8.4))),
    (2.1, TENDON, ((-60, 6.0, 9.8), (-15, 6.4, 12.2), (-3, 6.0, 12.6), (16, 4.0, 11.4), (38, -1.5, 9.4))),
    (1.6, TENDON, ((-60, -3, 10.0), (-15, -2.0, 13.0), (-3, -1.4, 13.2), (10, 5, 14.2), (30, 17, 4), (50, 32, -8))),
    (2.0, TENDON, ((-60, -6, 10.4), (-15, -6.4, 12.4), (14, -6.0, 12.0), (60, -2.0, 10.6))),
    (2.0, TENDON, ((-60, -9, 10.4), (-15, -9.6, 12.2), (14, -9.2, 12.0), (60, -14.0, 10.0))),
    (1.7, TENDON, ((-60, -7, 13), (-15, -7.8, 14.6), (14, -4.0, 13.6), (60, 8.0, 10.2))),
    (1.7, TENDON, ((-60, -13, 10.4), (-15, -14.0, 11.6), (14, -15.5, 10.4), (60, -25.0, 7.6))),
    (2.5, TENDON, ((-60, -20, 8.0), (-15, -22.2, 10.4), (-3, -22.6, 9.8), (16, -24.2, 4.6), (36, -23.6, 0.6))),
    # radial and ulnar artery, cutaneous veins
    (1.3, VESSEL, ((-60, 15, -13), (-10, 17.6, -14.0), (10, 20.6, -10.0), (22, 20.5, -2.0), (36, 17.0, 3.0))),
    (1.4, VESSEL, ((-60, -13, -17), (-10, -14.0, -18.6), (14, -14.0, -18.2), (40, -9, -17))),
    (1.3, VESSEL, ((-60, 19.5, 6.5), (-20, 19.6, 9.0), (10, 17.6, 11.8), (50, 13.0, 13.0))),
    (1.2, VESSEL, ((-60, -10, 16.2), (-20, -6.0, 16.4), (10, -10.0, 15.2), (50, -2.0, 13.2))),
    (1.2, VESSEL, ((-60, -26, 9.5), (-20, -24.0, 13.2), (10, -21.0, 12.6), (50, -26.0, 10.6))),
    (1.0, VESSEL, ((-60, 10, -23.2), (-20, 13.0, -22.6), (20, 9.0, -24.0), (50, 2.0, -22.2))),
)


def _muscles() -> tuple[tuple[float, Function, tuple[float, ...], tuple[float, ...]], ...]:
    """HU, solid and box (low, high) of the muscles and of the transverse carpal ligament."""
    return (
        (MUSCLE, box((-8.5, -10.6, -32), (13.5, 3.2, 20), 3.0), (-23, -15, -53), (6, -6, -11)),
        (
            MUSCLE,
            ellipsoid((15.5, -18.5, 40), (12.5, 7.0, 19), rotation("y", 25)),
            (-3, -27, 18),
            (36, -10, 64),
        ),
        (MUSCLE, ellipsoid((-22, -15, 38), (9.0, 7.0, 20), rotation("y", -6)), (-34, -23, 16), (-11, -7, 62)),
        # the cushion between ulna and carpus
        (LIGAMENT, ellipsoid((-19.5, 1.8, 1.0), (9.0, 7.5, 5.0)), (-30, -7, -6), (-9, 11, 8)),
        (LIGAMENT, box((1.2, -18.0, 25), (13.5, 0.9, 8.5), 0.8), (-14, -20, 15), (16, -16, 35)),
    )


def draw_variation(rng: np.random.Generator) -> np.ndarray:
    """How one person's tendons and vessels differ from the mean anatomy above; see ``SoftTissue.variation``."""
    count = len(_CORDS)
    return np.stack(
        [
            rng.normal(0, 0.45, count),
            rng.normal(0, 0.4, count),
            rng.uniform(0.82, 1.15, count),
            rng.uniform(-0.2, 0.2, count),
        ],
        axis=1,
    )


@dataclass(frozen=True)
class SoftTissue:
    """The soft tissue of one wrist; ``hand`` is how far the hand followed the ``fracture`` at that z."""

    hand: Pose
    fracture: float | None
    grain: Noise
    lobes: Noise
    variation: np.ndarray  # (cords, 4): shift x, y in mm, thickness, flatness of each cord in this person

    def __call__(self, samples: Samples, bone: np.ndarray) -> np.ndarray:
        """HU at all points.

        Args:
            samples: the lattice.
            bone: distance to the nearest bone in mm, right where it is below 3 mm; the shape of the lattice.
        """
        x, y, z = self._straighten(samples.coordinates(samples.everything, Pose()))
        lobes, grain = self.lobes.at(x, y, z), self.grain.at(x, y, z / 2)
        skin = _outline(x, y, z)
        hu = self._deep(y, z, lobes, grain)
        if self.fracture is not None:
            bruise = ellipsoid((0, 1.5, self.fracture), (19.0, 15.0, 10.0))(x, y, z)
            hu += ramp(bruise + 2.5 * lobes, 4.0) * (HAEMATOMA + 8 * grain - hu)
        for value, solid, low, high in _muscles():
            window = self._window(samples, low, high)
            if window is not None:
                part = ramp(solid(x[window], y[window], z[window]) + 0.5 * lobes[window], 1.2)
                hu[window] += part * (value + 9 * grain[window] - hu[window])
        hu += ramp(bone - 1.7, 1.4) * (LIGAMENT + 6 * grain - hu)
        inside = ramp(skin + 4.9 + 0.9 * lobes + 0.045 * y, 1.0)
        fascia = np.exp(-(((skin + 4.9 + 0.9 * lobes + 0.045 * y) / 0.55) ** 2))
        fat = FAT + 7 * lobes + 55 * np.clip(1 - np.abs(grain) * 5, 0, 1) + 95 * fascia
        hu = fat + inside * (hu - fat)
        for cord, variation in zip(_CORDS, self.variation):
            self._draw_cord(hu, samples, (x, y, z), cord, variation)
        hu += ramp(-skin - 1.5, 0.7) * (SKIN - hu)
        return AIR + ramp(skin, 0.6) * (hu - AIR)

    def _deep(self, y: np.ndarray, z: np.ndarray, lobes: np.ndarray, grain: np.ndarray) -> np.ndarray:
        """Between the fascia and the bones: muscle in forearm and hand, fat and loose tissue at the wrist."""
        loose = FAT + 25 + 45 * np.clip(lobes + 0.3, 0, 1.5)
        belly = ramp(z + 21 + 4 * lobes + 0.5 * y, 9.0) + ramp(40 - z + 2 * lobes, 6.0)
        septum = np.clip(1 - np.abs(lobes) * 5, 0, 1)
        muscle = MUSCLE + 8 * grain - 110 * septum
        return loose + np.clip(belly, 0, 1) * (muscle - loose)

    def _bend(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How far (x, y in mm) the hand's long axis went at each height."""
        heights = np.array([-90.0, -22.0, -14.0, 2.0, 12.0, 66.0])
        moved = [self.hand.moved((0, 0, height)) for height in heights]
        shifts = [np.where(heights < -20, 0, [m[i] for m in moved]) for i in (0, 1)]
        for shift in shifts:
            shift[2] = 0.25 * shift[3]
        return np.interp(z, heights, shifts[0]), np.interp(z, heights, shifts[1])

    def _straighten(self, points: Coordinates) -> Coordinates:
        x, y, z = points
        heights = np.arange(-90, 90, 0.5)
        shift_x, shift_y = self._bend(heights)
        nodes = np.clip((z + 90) * 2, 0, len(heights) - 1)
        index = nodes.astype(np.int32)
        return x - shift_x[index].astype(np.float32), y - shift_y[index].astype(np.float32), z

    def _window(self, samples: Samples, low: tuple[float, ...], high: tuple[float, ...]) -> Window | None:
        heights = np.linspace(low[2], high[2], 9)
        bend_x, bend_y = self._bend(heights)
        start = (low[0] + bend_x.min() - 1.5, low[1] + bend_y.min() - 1.5, low[2])
        stop = (high[0] + bend_x.max() + 1.5, high[1] + bend_y.max() + 1.5, high[2])
        return samples.window(start, stop, Pose())

    def _draw_cord(
        self,
        hu: np.ndarray,
        samples: Samples,
        points: Coordinates,
        cord: Cord,
        variation: np.ndarray,
    ) -> None:
        radius, value, path = cord
        heights = [z for z, _, _ in path]
        xs, ys = ([point[i] + variation[i - 1] for point in path] for i in (1, 2))
        radius *= variation[2]
        for k in range(len(path) - 1):
            low = (min(xs[k : k + 2]) - radius, min(ys[k : k + 2]) - radius, heights[k])
            high = (max(xs[k : k + 2]) + radius, max(ys[k : k + 2]) + radius, heights[k + 1])
            window = self._window(samples, low, high)
            if window is None:
                continue
            x, y, z = (p[window] for p in points)
            dx = (x - np.interp(z, heights, xs)) * (1 - variation[3])
            dy = (y - np.interp(z, heights, ys)) * (1 + variation[3])
            here = ramp(np.sqrt(dx * dx + dy * dy) - radius, 0.8) * ((z >= heights[k]) & (z < heights[k + 1]))
            hu[window] += here * (value - hu[window])


def _outline(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """About the distance to the skin in mm, negative inside."""
    centre_x, centre_y, half_x, half_y = (
        np.interp(z, _OUTLINE[:, 0], column).astype(np.float32) for column in _OUTLINE[:, 1:].T
    )
    level = (np.abs((x - centre_x) / half_x) ** 2.3 + np.abs((y - centre_y) / half_y) ** 2.3) ** (1 / 2.3)
    thumb = cone((17.0, -11.0, 24.0), (46.0, -27.0, 78.0), 13.5, 13.0)(x, y, z)
    return smooth_min((level - 1) * np.minimum(half_x, half_y), thumb, 7.0)
