"""Scanning Fourier ring correlation: which patches of a computed volume disagree with the reference beyond chance?

After P. KC, R. Zeng, N. Soni, A. Badano, "Fake detection in AI-assisted image recovery using scanning Fourier Ring
Correlation (sFRC)", doi:10.36227/techrxiv.171259560.02243347 (code: github.com/DIDSR/sfrc, MIT). Consistency with the
thick slices cannot see what a network invents, because an invention lies in the null space of the slice profile; a
comparison with a reference can.

Each patch of candidate and reference is windowed (Hann) and correlated ring by ring in Fourier space. Where the
correlation falls below 0.5 (the paper's threshold for CT super-resolution) the patches stop sharing detail: the
*crossing frequency*. The paper marks patches that cross below a limit set on patches a reader called false. Here the
limit is calibrated on interpolation, which can lose detail and cannot invent any: a patch is marked when

* it crosses below the 1 % quantile of the crossings of the interpolated volume (cubic + back-projection), or
* it crosses earlier than the interpolated volume does in the very same patch, by a factor that 99 % of the patches of
  two interpolations (cubic with and without back-projection) keep to between each other.

What remains unseen: an invention in a patch in which interpolation agrees no better with the reference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PATCH = 64
CORRELATION = 0.5
CHANCE = 0.01
BONE_SHARE = 0.05
INVENTED_ABOVE = 0.5
_SMALLEST_PATCH = 16


@dataclass(frozen=True)
class Patches:
    """Where patches lie: slice index and first row and column of each, (n,), and their size in pixels."""

    index: np.ndarray
    rows: np.ndarray
    cols: np.ndarray
    size: int

    def __len__(self) -> int:
        return len(self.index)


@dataclass(frozen=True)
class Agreement:
    """How far each patch agrees with the reference.

    Attributes:
        crossing: frequency (share of Nyquist, 0..1) at which the correlation first falls below 0.5; 1 where it
            never does, (n,).
        unshared: power beyond the crossing that is not correlated with the reference, over the reference's power
            there, (n,): near 0 where detail was lost, near or above 1 where other detail stands in its place.
    """

    crossing: np.ndarray
    unshared: np.ndarray


@dataclass(frozen=True)
class Scan:
    """Result of a scan.

    Attributes:
        patches: the patches that were looked at.
        agreement: of candidate and reference.
        marked: patches that disagree with the reference beyond chance, (n,) bool.
        limit: crossings below it are marked.
        factor: crossings more than this factor below the interpolated volume's are marked.
    """

    patches: Patches
    agreement: Agreement
    marked: np.ndarray
    limit: float
    factor: float

    @property
    def invented(self) -> np.ndarray:
        """Marked patches that hold other detail than the reference, rather than less of it, (n,) bool."""
        return self.marked & (self.agreement.unshared > INVENTED_ABOVE)

    def figures(self) -> dict[str, float]:
        """What the tables show: patches, limits, marked and invented patches and their shares."""
        return {
            "patches": len(self.patches),
            "limit": self.limit,
            "factor": self.factor,
            "marked": int(self.marked.sum()),
            "marked_share": float(self.marked.mean()),
            "invented": int(self.invented.sum()),
            "invented_share": float(self.invented.mean()),
        }


def lay_patches(bone: np.ndarray, size: int = PATCH) -> Patches:
    """Lay patches with half overlap over all slices, where at least 5 % of a patch, seen through its window, is bone.

    Soft tissue alone holds little but noise, whose correlation says nothing about anatomy. Slices narrower than two
    patches take smaller ones (half the size, down to 16 pixels).

    Args:
        bone: boolean mask, (n_slices, rows, cols).
        size: pixels a side.
    """
    while size > _SMALLEST_PATCH and min(bone.shape[1:]) < 2 * size:
        size //= 2
    if min(bone.shape[1:]) < size:
        nowhere = np.zeros(0, int)
        return Patches(nowhere, nowhere, nowhere, size)
    step, window = size // 2, _window(size)
    shares = []
    for mask in bone:
        views = np.lib.stride_tricks.sliding_window_view(mask, (size, size))[::step, ::step]
        shares.append(np.tensordot(views.astype(np.float32), window, axes=2) / window.sum())
    index, row, col = np.nonzero(np.array(shares) >= BONE_SHARE)
    return Patches(index, row * step, col * step, size)


def agreement(candidate: np.ndarray, reference: np.ndarray, patches: Patches) -> Agreement:
    """Correlate each patch with the reference, ring by ring.

    The correlation is signed: detail with the wrong sign disagrees (the published code takes the modulus).

    Args:
        candidate: slices under test in HU, (n_slices, rows, cols).
        reference: true slices, same shape.
        patches: from `lay_patches`.
    """
    crossing, unshared = np.ones(len(patches)), np.zeros(len(patches))
    window, rings = _window(patches.size), _rings(patches.size)
    for index in np.unique(patches.index):
        here = np.flatnonzero(patches.index == index)
        ours, truth = (_transforms(image[index], patches, here, window) for image in (candidate, reference))
        crossing[here], unshared[here] = _agree(*_ring_powers(ours, truth, rings))
    return Agreement(crossing, unshared)


def scan(candidate: Agreement, patches: Patches, interpolated: Agreement, cubic: Agreement) -> Scan | None:
    """Mark the patches that disagree with the reference beyond chance; None without patches.

    Args:
        candidate: agreement of the volume under test with the reference.
        patches: the patches all three were taken on.
        interpolated: agreement of cubic + back-projection, which sets both limits.
        cubic: agreement of cubic without back-projection.
    """
    if not len(patches):
        return None
    limit = float(np.quantile(interpolated.crossing, CHANCE))
    first_ring = 2 / patches.size
    logs = [np.log(np.maximum(a.crossing, first_ring / 2)) for a in (candidate, interpolated, cubic)]
    spread = float(np.quantile(np.abs(logs[1] - logs[2]), 1 - CHANCE))
    marked = (candidate.crossing < limit) | (logs[0] < logs[1] - spread)
    return Scan(patches, candidate, marked, limit, float(np.exp(spread)))


def _window(size: int) -> np.ndarray:
    return np.outer(np.hanning(size), np.hanning(size)).astype(np.float32)


def _rings(size: int) -> np.ndarray:
    """Which coefficients of a half-plane transform lie in ring 1 to size/2, (size * (size // 2 + 1), size / 2)."""
    radius = np.hypot(np.fft.fftfreq(size, 1 / size)[:, None], np.fft.rfftfreq(size, 1 / size)[None, :])
    return (np.rint(radius).reshape(-1, 1) == np.arange(1, size // 2 + 1)).astype(np.float64)


def _transforms(image: np.ndarray, patches: Patches, here: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Windowed transforms of some patches of a slice without their mean, (n_here, coefficients)."""
    size = patches.size
    views = np.lib.stride_tricks.sliding_window_view(image, (size, size))
    parts = views[patches.rows[here], patches.cols[here]].astype(np.float64)
    parts -= parts.mean(axis=(1, 2), keepdims=True)
    return np.fft.rfft2(parts * window).reshape(len(here), -1)


def _ring_powers(ours: np.ndarray, truth: np.ndarray, rings: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Power of both in each ring and their (real) cross-power, (n_patches, n_rings) each."""
    shared = (ours * truth.conj()).real
    return np.abs(ours) ** 2 @ rings, np.abs(truth) ** 2 @ rings, shared @ rings


def _agree(ours: np.ndarray, truth: np.ndarray, shared: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Crossing and unshared power of each patch from its ring powers; a patch without content agrees with itself."""
    norm = np.sqrt(ours * truth)
    correlation = np.divide(shared, norm, out=np.ones_like(shared), where=norm > 1e-9)
    low = correlation < CORRELATION
    first = np.where(low.any(1), low.argmax(1), low.shape[1])
    beyond = np.arange(low.shape[1]) >= first[:, None]
    lost = ours * (1 - np.clip(correlation, 0, 1) ** 2)
    unshared = (lost * beyond).sum(1) / np.maximum((truth * beyond).sum(1), 1e-9)
    return _crossing(correlation, first) / low.shape[1], unshared


def _crossing(correlation: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Place in rings at which each correlation falls through the threshold at ring `first`, interpolated linearly."""
    patch, last = np.arange(len(first)), correlation.shape[1] - 1
    before = correlation[patch, np.maximum(first - 1, 0)]
    after = correlation[patch, np.minimum(first, last)]
    inside = (first > 0) & (first <= last)
    fraction = np.divide(before - CORRELATION, before - after, out=np.zeros(len(first)), where=inside)
    return first + fraction
