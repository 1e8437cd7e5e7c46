"""The slice map: which thick slice predicts which thin slice, at which offset and with which weight."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from CTEnhanceLib.model.prediction import Prediction


def slice_map(
    thick_positions: np.ndarray,
    thin_positions: np.ndarray,
    interval: float,
    offsets: Sequence[float] | str,
) -> list[Prediction]:
    """Map thick slices to thin ones.

    A generator made for an offset reaches a thin slice that lies within a quarter of the thin spacing of it; one that
    takes the true offset as input reaches every thin slice less than one interval away. Where several reach it they
    share it with weights max(0, interval - |offset|).

    Args:
        thick_positions: Thick slice centres, mm, ascending.
        thin_positions: Thin slice centres, mm, ascending, at least two.
        interval: Interval of the thick slices, mm.
        offsets: Offsets (mm) that the model gives, or "any".

    Returns:
        Predictions ordered by thick slice, then by thin slice. A thin slice that nothing reaches has none.
    """
    distance = np.asarray(thin_positions)[None, :] - np.asarray(thick_positions)[:, None]
    closeness = np.maximum(0.0, interval - np.abs(distance))
    if isinstance(offsets, str):
        channel = np.where(closeness > 1e-6 * interval, 0, -1)
    else:
        tolerance = (thin_positions[1] - thin_positions[0]) / 4 + 1e-6
        away = np.abs(distance[:, :, None] - np.asarray(offsets))
        channel = np.where(away.min(axis=2) <= tolerance, away.argmin(axis=2), -1)
        # offsets of a whole interval or more keep a vanishing share: used only where nothing nearer reaches
        closeness = np.maximum(closeness, 1e-9)
    share = np.where(channel >= 0, closeness, 0.0)
    share /= np.maximum(share.sum(axis=0), 1e-12)
    return [
        Prediction(int(k), int(z), float(distance[k, z]), int(channel[k, z]), float(share[k, z]))
        for k, z in np.argwhere(channel >= 0)
    ]


def unreached(predictions: Sequence[Prediction], count: int) -> list[int]:
    """Give the indices of the `count` thin slices that no prediction reaches."""
    return sorted(set(range(count)) - {p.thin for p in predictions})


def context_indices(index: int, context: int, count: int) -> list[int]:
    """Give the thick slices that a generator takes around `index`: `context` of them, edge slices repeated.

    Args:
        index: The thick slice in the middle.
        context: How many are seen, an odd number.
        count: How many there are.
    """
    radius = context // 2
    return [min(max(i, 0), count - 1) for i in range(index - radius, index + radius + 1)]
