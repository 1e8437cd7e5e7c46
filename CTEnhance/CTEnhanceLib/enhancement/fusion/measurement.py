"""What a measured series says about the thin volume: y = A x + noise, and the transpose of A.

A voxel v of a series lies at p_v; its slices have the normal n and the in-plane axes u and w:

    (A x)(v) = sum_t sum_a sum_b  s(t) b_u(a) b_w(b)  x(p_v + t n + a u + b w)

s is the slice profile, b_u and b_w the width of a pixel (one sample where pixels are not wider than the voxels of x and
nothing blurs them), and x between its voxels is interpolated. The rotation between the two grids is taken apart into
turns about one axis each, and each turn is a sparse matrix over a plane, so that A is a product of matrices along
one or two axes and its transpose the product of their transposes. Where the grids are parallel there is no turn, and
for the thin volume's own thick series A is `ct.profile.thickening_matrix`.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.optimize import linear_sum_assignment
from scipy.spatial.transform import Rotation

from CTEnhanceLib.ct.profile import SliceProfile, thickening_matrix
from CTEnhanceLib.ct.voxel_grid import VoxelGrid
from CTEnhanceLib.enhancement.fusion.sampling import Axis, Sampling, along_axis, over_plane
from CTEnhanceLib.errors import InputRefusedError
from CTEnhanceLib.model.arrays import array_of, tensor_of

if TYPE_CHECKING:
    import torch

# a turn that moves nothing by more than this share of a voxel is none
_NO_TURN = 0.02
_ALIGNED = 1e-3
# a series at 45 degrees has no axis of its own
_LEAST_COSINE = 0.72
# pixels are averaged over their width where they are wider than the voxels by this factor
_WIDER = 1.05
_FWHM_PER_SIGMA = 2 * np.sqrt(2 * np.log(2))
_COVERED = 0.999
_BLOCK_BYTES = 128 * 2**20


class MatrixStep:
    """A matrix along one axis or over two neighbouring axes of a three-dimensional tensor, and its transpose.

    Args:
        matrix: (n_target, n_source); over two axes both are flattened in the order of `axes`.
        axes: The axes it acts on, one or two.
        target: Lengths of these axes afterwards.
        source: Lengths of these axes before.
    """

    def __init__(
        self,
        matrix: np.ndarray | sparse.spmatrix,
        axes: tuple[int, ...],
        target: tuple[int, ...],
        source: tuple[int, ...],
    ) -> None:
        self.axes, self._sizes = axes, (target, source)
        self._matrices = (sparse.csr_matrix(matrix, dtype=np.float32), sparse.csr_matrix(matrix.T, dtype=np.float32))
        self._placed: dict[str, tuple] = {}

    @property
    def growth(self) -> float:
        """How many times as many values it gives as it takes."""
        return float(np.prod(self._sizes[0]) / np.prod(self._sizes[1]))

    def apply(self, x: torch.Tensor, transpose: bool = False) -> torch.Tensor:
        """Give the product with the matrix, or with its transpose; block by block along an axis left alone.

        Args:
            x: HU, shape (slices, rows, columns), one of which is multiplied.
            transpose: Whether the transpose is meant.
        """
        import torch

        target = self._sizes[1 if transpose else 0]
        shape = list(x.shape)
        for axis, length in zip(self.axes, target):
            shape[axis] = length
        result = torch.empty(shape, dtype=x.dtype, device=x.device)
        free = next(axis for axis in ((2, 0, 1) if len(self.axes) == 2 else (0, 1, 2)) if axis not in self.axes)
        per_slice = 4 * max(x.numel(), result.numel()) // x.shape[free]
        step = max(1, _BLOCK_BYTES // max(per_slice, 1))
        for start in range(0, x.shape[free], step):
            length = min(step, x.shape[free] - start)
            part = x.narrow(free, start, length)
            result.narrow(free, start, length).copy_(self._apply_block(part, transpose))
        return result

    def _apply_block(self, x: torch.Tensor, transpose: bool) -> torch.Tensor:
        import torch

        matrix = self._on(x.device, transpose)
        if len(self.axes) == 1:
            axis = self.axes[0]
            if axis == 2:
                return torch.matmul(x, matrix.T)
            if axis == 1:
                return torch.matmul(matrix, x)
            return (matrix @ x.reshape(x.shape[0], -1)).reshape(-1, *x.shape[1:])
        free = ({0, 1, 2} - set(self.axes)).pop()
        order = [*self.axes, free]
        columns = x.permute(order).reshape(-1, x.shape[free])
        product = _sparse_product(matrix, columns)
        moved = product.reshape(*self._sizes[1 if transpose else 0], x.shape[free])
        return moved.permute([order.index(axis) for axis in range(3)])

    def _on(self, device: torch.device, transpose: bool):
        """Give the matrix on a device: dense along one axis, sparse over two."""
        import torch

        key = str(device)
        if key not in self._placed:
            if len(self.axes) == 1:
                dense = tensor_of(self._matrices[0].toarray()).to(device)
                self._placed[key] = (dense, dense.T.contiguous())
            elif device.type == "cuda" or (device.type == "cpu" and torch.backends.mkl.is_available()):
                self._placed[key] = tuple(_torch_csr(matrix).to(device) for matrix in self._matrices)
            else:
                self._placed[key] = self._matrices
        return self._placed[key][1 if transpose else 0]


@dataclass(frozen=True)
class Measured:
    """How one series measures: where its voxels lie and over which width they average.

    Attributes:
        grid: Grid of its canonical slice array.
        profile: Slice profile.
        blur: Standard deviation of what blurs it in its plane beyond the thin volume, mm.
        is_main: Whether the thin volume follows its extent: its outer slices see a little beyond, and their weights
            are scaled to one.
    """

    grid: VoxelGrid
    profile: SliceProfile
    blur: float = 0.0
    is_main: bool = False


class MeasurementOperator:
    """A of one series for a thin volume on `target`.

    Args:
        series: The series.
        target: Grid of the thin volume.

    Raises:
        InputRefusedError: The series is turned by 45 degrees or more against every axis of the thin volume.
    """

    def __init__(self, series: Measured, target: VoxelGrid) -> None:
        self.target_size, self.size, self.spacing = target.size, series.grid.size, series.grid.spacing
        rotation = target.directions.T @ series.grid.directions
        # axis d of the thin volume runs along axis order[d] of the series, perhaps against it
        order = linear_sum_assignment(-np.abs(rotation))[1]
        signs = np.sign(rotation[np.arange(3), order])
        turn = rotation[:, order] * signs
        if np.linalg.det(turn) < 0 or np.diag(turn).min() < _LEAST_COSINE:
            raise InputRefusedError(
                "The slices of a series are turned too far against those of the main series to be fused with it; "
                "leave it out."
            )
        self._order = tuple(int(axis) for axis in order)
        self._inverse_order = tuple(int(axis) for axis in np.argsort(order))
        # both grids in the axes of the thin volume, around the centre of the series
        start = -target.directions.T @ (series.grid.centre - target.origin)
        axes = [Axis(float(a), s, n) for a, s, n in zip(start, target.spacing, target.size)]
        samplings = [
            _sampling(series, axis, float(sign), spacing)
            for axis, sign, spacing in zip(self._order, signs, target.spacing)
        ]
        turned, left = _turn_steps(_turns(turn, target), axes, samplings)
        self._samplings = samplings
        self.steps = turned + _axis_steps(left, samplings, self._order.index(0), series)

    def apply(self, x: torch.Tensor) -> torch.Tensor:
        """Give A x, the canonical slice array of the series, for the thin one; float32 HU.

        Args:
            x: Thin slices, HU, shape (slices, rows, columns).
        """
        for step in self.steps:
            x = step.apply(x)
        return x.permute(self._inverse_order)

    def transpose(self, y: torch.Tensor) -> torch.Tensor:
        """Give the transpose of A times a slice array of the series.

        Args:
            y: Slice array of the series, HU, shape (slices, rows, columns).
        """
        y = y.permute(self._order)
        for step in reversed(self.steps):
            y = step.apply(y, transpose=True)
        return y

    def sum_of_squares(self) -> float:
        """Give the variance of a voxel of the series for voxels of the thin volume with independent errors of one."""
        return float((self._samplings[self._order.index(0)].weights ** 2).sum())

    def captured(self, length: float) -> float:
        """Give the same for errors that are correlated over a distance d like exp(-d^2 / (2 length^2)), mm."""
        return float(np.prod([sampling.captured(length) for sampling in self._samplings]))

    def covered(self, device: torch.device | str = "cpu") -> torch.Tensor:
        """Tell which voxels of the series lie wholly inside the thin volume; bool, size of the series."""
        import torch

        return self.apply(torch.ones(self.target_size, device=device)) > _COVERED


def _turns(turn: np.ndarray, target: VoxelGrid) -> list[tuple[tuple[int, int], np.ndarray]]:
    """Take a rotation apart into turns about the axes 0, 1, 2, each a plane and its (2, 2) matrix."""
    angles = Rotation.from_matrix(turn).as_euler("XYZ")
    reach = max(n * s for n, s in zip(target.size, target.spacing)) / 2
    turns = []
    for axis, angle in enumerate(angles):
        if abs(angle) * reach > _NO_TURN * min(target.spacing):
            one, other = (a for a in range(3) if a != axis)
            plane = (one, other)
            whole = Rotation.from_euler("XYZ"[axis], angle).as_matrix()
            turns.append((plane, whole[np.ix_(plane, plane)]))
    return turns


def _kept(axis: Axis | None) -> Axis:
    """Give an axis that a turn still needs."""
    assert axis is not None
    return axis


def _turn_steps(
    turns: list[tuple[tuple[int, int], np.ndarray]], axes: list[Axis], samplings: list[Sampling]
) -> tuple[list[MatrixStep], list[Axis | None]]:
    """Make the steps of the turns; an axis that no later turn needs is sampled as measured at once, then None."""
    steps: list[MatrixStep] = []
    left: list[Axis | None] = list(axes)
    for number, (plane, matrix) in enumerate(turns):
        later = turns[number + 1 :]
        sources = (_kept(left[plane[0]]), _kept(left[plane[1]]))
        wanted = []
        for i, d in enumerate(plane):
            if any(d in other for other, _ in later):
                low, high = _overlap(i, d, plane, matrix, sources, samplings, later)
                # linear interpolation twice would blur; finer than the voxels it comes near doing it once
                step = axes[d].step / 2
                count = max(1, int(np.ceil((high - low) / step)) + 1)
                finer = Axis(low, step, count)
                left[d] = finer
                wanted.append(Sampling.points(finer.positions))
            else:
                left[d] = None
                wanted.append(samplings[d])
        lengths = tuple(len(sampling.positions) for sampling in wanted)
        product = over_plane(sources, (wanted[0], wanted[1]), matrix)
        steps.append(MatrixStep(product, plane, lengths, tuple(axis.count for axis in sources)))
    return steps, left


def _overlap(i, d, plane, matrix, sources, samplings, later) -> tuple[float, float]:
    """Give the part of axis d of an intermediate plane that the series needs and the thin volume holds, mm."""
    ends = [(s.positions.min() + s.offsets.min(), s.positions.max() + s.offsets.max()) for s in samplings]
    needed = np.stack(np.meshgrid(*ends, indexing="ij")).reshape(3, -1)
    for other, turn in reversed(later):
        needed[list(other)] = turn @ needed[list(other)]
    held = [(a.positions[0] - a.step, a.positions[-1] + a.step) for a in sources]
    there = matrix.T @ np.stack(np.meshgrid(*held, indexing="ij")).reshape(2, -1)
    step = sources[i].step
    low = max(needed[d].min() - 2 * step, there[i].min())
    high = min(needed[d].max() + 2 * step, there[i].max())
    return float(low), float(max(high, low + step))


def _sampling(series: Measured, axis: int, sign: float, voxel: float) -> Sampling:
    """Give what a series measures along one of its axes; `voxel`: spacing of the thin volume along it, mm."""
    count, spacing = series.grid.size[axis], series.grid.spacing[axis]
    positions = sign * (np.arange(count) - (count - 1) / 2) * spacing
    if axis == 0:
        return Sampling.through(positions, series.profile, voxel)
    width = spacing if spacing > _WIDER * voxel else 0.0
    spread = float(np.hypot(series.blur, width / np.sqrt(12)))
    if not spread:
        return Sampling.points(positions)
    shape = SliceProfile("gaussian", spread * _FWHM_PER_SIGMA) if series.blur else SliceProfile("box", width)
    return Sampling.through(positions, shape, voxel / 2)


def _axis_steps(axes: list[Axis | None], samplings: list[Sampling], slab: int, series: Measured) -> list[MatrixStep]:
    """Make the steps along single axes, what shrinks most first."""
    steps = []
    for d, (axis, sampling) in enumerate(zip(axes, samplings)):
        if axis is None:
            continue
        if d == slab:
            matrix = _slab_matrix(axis, sampling.positions, series)
        elif _is_same(axis, sampling):
            continue
        else:
            matrix = along_axis(axis, sampling)
        steps.append(MatrixStep(matrix, (d,), (matrix.shape[0],), (axis.count,)))
    return sorted(steps, key=lambda step: step.growth)


def _slab_matrix(axis: Axis, positions: np.ndarray, series: Measured) -> np.ndarray:
    if series.is_main:
        return thickening_matrix(positions, axis.positions, series.profile)
    edges = np.append(axis.positions - axis.step / 2, axis.positions[-1] + axis.step / 2)
    return np.diff(series.profile.cumulative(edges[None, :] - positions[:, None]), axis=1)


def _is_same(axis: Axis, sampling: Sampling) -> bool:
    return (
        len(sampling.offsets) == 1
        and len(sampling.positions) == axis.count
        and bool(np.allclose(sampling.positions, axis.positions, atol=_ALIGNED * axis.step))
    )


def _sparse_product(matrix: sparse.csr_matrix | torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    if sparse.issparse(matrix):
        return tensor_of(matrix @ array_of(columns))
    return matrix @ columns


def _torch_csr(matrix: sparse.csr_matrix) -> torch.Tensor:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sparse CSR is called beta
        return torch.sparse_csr_tensor(
            tensor_of(matrix.indptr.astype(np.int64)),
            tensor_of(matrix.indices.astype(np.int64)),
            tensor_of(matrix.data),
            size=matrix.shape,
        )
