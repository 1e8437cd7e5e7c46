"""Where a further series ends inside the thin volume: its say fades there, so that no seam is seen."""

from __future__ import annotations

from functools import reduce

import numpy as np

from CTEnhanceLib.ct.voxel_grid import VoxelGrid

FADE_MM = 6.0


def nearness_to_ends(grid: VoxelGrid, target: VoxelGrid) -> np.ndarray:
    """Tell for each voxel of a series how far it lies from an end of the series inside the thin volume.

    An end that lies beyond the thin volume, or within one interval of its border, is none: what lies there is not
    computed, so nothing has to be gone over to.

    Args:
        grid: Grid of the canonical slice array of the series.
        target: Grid of the thin volume.

    Returns:
        float32, broadcastable to the size of the series: 0 at such an end, 1 from `FADE_MM` off.
    """
    ramps = []
    for axis, (count, spacing) in enumerate(zip(grid.size, grid.spacing)):
        ramp = np.ones(count, dtype=np.float32)
        for sign in (-1, 1):
            if _ends_inside(grid, target, axis, sign):
                from_end = (np.arange(count)[::-sign] + 0.5) * spacing
                ramp = np.minimum(ramp, from_end.astype(np.float32) / FADE_MM)
        ramps.append(ramp.reshape([-1 if a == axis else 1 for a in range(3)]))
    return reduce(np.minimum, ramps)


def _ends_inside(grid: VoxelGrid, target: VoxelGrid, axis: int, sign: int) -> bool:
    """Tell whether the thin volume goes on beyond an end of a series, by more than one interval."""
    beyond = (grid.size[axis] / 2) * grid.spacing[axis] + max(grid.spacing)
    point = grid.centre + sign * beyond * grid.directions[:, axis]
    index = target.directions.T @ (point - target.origin) / np.asarray(target.spacing)
    return bool((index > -0.5).all() and (index < np.asarray(target.size) - 0.5).all())
