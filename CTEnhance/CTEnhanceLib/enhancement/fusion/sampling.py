"""Sampling a volume along one axis or over a plane, as sparse matrices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from CTEnhanceLib.ct.profile import SliceProfile

# part of the weight of a profile that may be left out at each side
_TAIL = 1e-3


@dataclass(frozen=True)
class Axis:
    """Evenly spaced voxel centres along one axis: `start + step * (0 .. count - 1)`, mm."""

    start: float
    step: float
    count: int

    @property
    def positions(self) -> np.ndarray:
        """The voxel centres, mm, shape (count,)."""
        return self.start + self.step * np.arange(self.count)


@dataclass(frozen=True)
class Sampling:
    """What is measured along one axis: at each position a weighted sum of samples around it.

    Attributes:
        positions: Centres, mm, shape (n,).
        offsets: Samples relative to a centre, mm, shape (m,).
        weights: Their weights, sum one, shape (m,).
    """

    positions: np.ndarray
    offsets: np.ndarray
    weights: np.ndarray

    @classmethod
    def points(cls, positions: np.ndarray) -> Sampling:
        """One sample at each position.

        Args:
            positions: mm along the axis, shape (n,).
        """
        return cls(positions, np.zeros(1), np.ones(1))

    @classmethod
    def through(cls, positions: np.ndarray, profile: SliceProfile, step: float) -> Sampling:
        """Samples `step` apart (mm) that carry the weight a profile has around each of them.

        Args:
            positions: Centres, mm along the axis, shape (n,).
            profile: The slice profile around each.
            step: Distance of the samples, mm.
        """
        reach = 0
        while profile.cumulative(np.array((reach + 0.5) * step)) < 1 - _TAIL:
            reach += 1
        offsets = np.arange(-reach, reach + 1) * step
        edges = np.append(offsets - step / 2, offsets[-1] + step / 2)
        weights = np.diff(profile.cumulative(edges))
        return cls(positions, offsets, weights / weights.sum())

    def captured(self, length: float) -> float:
        """Give the variance of a sample where errors of variance one are correlated like exp(-d^2 / (2 length^2)), mm.

        Args:
            length: mm.
        """
        distances = self.offsets[:, None] - self.offsets
        return float(self.weights @ np.exp(-((distances / length) ** 2) / 2) @ self.weights)


def along_axis(source: Axis, sampling: Sampling) -> sparse.csr_matrix:
    """Give the matrix (n, source.count) that samples along one axis."""
    where = sampling.positions[:, None] + sampling.offsets
    index, weight = _interpolation(source, where)
    return _collect(index, weight * sampling.weights[None, :, None], len(where), source.count)


def over_plane(sources: tuple[Axis, Axis], samplings: tuple[Sampling, Sampling], turn: np.ndarray) -> sparse.csr_matrix:
    """Give the matrix that samples over a plane that is turned against the source, between voxels linearly.

    Args:
        sources: The axes of the source plane.
        samplings: What is measured along the two axes of the target plane.
        turn: A point p (mm) of the target plane lies at `turn @ p` of the source plane, (2, 2).

    Returns:
        (n_1 * n_2, count_1 * count_2), both flattened with the second axis running fastest.
    """
    first, second = samplings
    size = len(first.positions) * len(second.positions)
    columns = sources[0].count * sources[1].count
    total = sparse.csr_matrix((size, columns))
    for offset_1, weight_1 in zip(first.offsets, first.weights):
        for offset_2, weight_2 in zip(second.offsets, second.weights):
            p = np.stack(np.meshgrid(first.positions + offset_1, second.positions + offset_2, indexing="ij"))
            where = np.tensordot(turn, p, axes=1).reshape(2, size)
            (index_1, share_1), (index_2, share_2) = (_interpolation(s, w) for s, w in zip(sources, where))
            index = index_1[:, :, None] * sources[1].count + index_2[:, None, :]
            share = share_1[:, :, None] * share_2[:, None, :] * (weight_1 * weight_2)
            total = total + _collect(index, share, size, columns)
    return total


def _interpolation(source: Axis, where: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give voxels and weights (…, k) of linear interpolation; beyond the outermost voxels all weights are 0."""
    at = (where - source.start) / source.step
    inside = (at >= -0.5 - 1e-6) & (at <= source.count - 0.5 + 1e-6)
    at = np.clip(at, 0, source.count - 1)
    below = np.minimum(np.floor(at).astype(np.int64), max(source.count - 2, 0))
    t = at - below
    weights = [1 - t, t]
    index = below[..., None] + np.arange(2)
    return np.clip(index, 0, source.count - 1), np.stack(weights, axis=-1) * inside[..., None]


def _collect(index: np.ndarray, weight: np.ndarray, rows: int, columns: int) -> sparse.csr_matrix:
    index, weight = index.reshape(rows, -1), weight.reshape(rows, -1)
    row = np.broadcast_to(np.arange(rows)[:, None], index.shape)
    kept = weight != 0
    return sparse.csr_matrix((weight[kept], (row[kept], index[kept])), shape=(rows, columns))
