"""A thin volume to draw from: each axis in turn as slice axis, and places worth looking at."""

from __future__ import annotations

import numpy as np

from CTEnhanceLib.ct.intensity import BODY_ABOVE_HU, BONE_ABOVE_HU

_ANCHORS = 200_000
_CORTEX_STEP_HU = 250


class ThinVolume:
    """A thin volume to draw from, with each axis in turn as slice axis.

    Args:
        array: int16 HU (z, y, x).
        spacing: mm of (x, y, z).
        seed: Seed of the choice of places that patches are drawn around.
    """

    def __init__(self, array: np.ndarray, spacing: tuple[float, float, float], seed: int = 0) -> None:
        self.spacing = tuple(float(s) for s in spacing[::-1])
        self.array = np.ascontiguousarray(array)
        self._seed = seed
        rng = np.random.default_rng(seed)
        self._bone, self._body = (_places(self.array > level, rng) for level in (BONE_ABOVE_HU, BODY_ABOVE_HU))
        self._cortex: dict[int, np.ndarray] = {}
        self._views: dict[int, np.ndarray] = {}

    def along(self, axis: int) -> np.ndarray:
        """Give the volume with array axis `axis` first, contiguous in memory."""
        if axis not in self._views:
            self._views[axis] = np.ascontiguousarray(np.moveaxis(self.array, axis, 0))
        return self._views[axis]

    def anchor(self, axis: int, bone: float, cortex: float, rng: np.random.Generator) -> np.ndarray:
        """Draw a voxel (z, y, x): of bone, of the body, or anywhere.

        Args:
            axis: The slice axis, an array axis.
            bone: Share of voxels of bone.
            cortex: Share, of these, of voxels on a surface that faces the slice axis: there a thick slice says least.
            rng: Draws.
        """
        draw = rng.random()
        if draw > 1 - 0.15 * (1 - bone):
            return np.array([rng.integers(n) for n in self.array.shape])
        if draw >= bone:
            places = self._body
        elif cortex and rng.random() < cortex:
            places = self._cortex_along(axis)
        else:
            places = self._bone
        return places[rng.integers(len(places))]

    def _cortex_along(self, axis: int) -> np.ndarray:
        if axis not in self._cortex:
            thin = self.along(axis)
            lower, upper = thin[:-1].astype(np.int32), thin[1:].astype(np.int32)
            mask = (np.abs(upper - lower) > _CORTEX_STEP_HU) & (np.maximum(lower, upper) > BONE_ABOVE_HU)
            found = _places(mask if mask.any() else thin > BONE_ABOVE_HU, np.random.default_rng(self._seed))
            order = [a for a in range(3) if a != axis]
            back = np.empty_like(found)
            back[:, axis], back[:, order] = found[:, 0], found[:, 1:]
            self._cortex[axis] = back
        return self._cortex[axis]


def _places(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Give the indices of up to `_ANCHORS` voxels of a mask; of any voxels where it is empty."""
    found = np.flatnonzero(mask)
    if not len(found):
        found = np.arange(mask.size)
    chosen = rng.choice(found, min(_ANCHORS, len(found)), replace=False)
    return np.stack(np.unravel_index(chosen, mask.shape), axis=1)
