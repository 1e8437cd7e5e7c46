"""Power and coherence along the slice axis, in bone.

Above the thick series' Nyquist frequency 1 / (2 x interval) interpolation has almost nothing to give. A network can put
power there, but power alone may be noise or invention: only the coherence with the reference says how much of it is
true. Both come from one cross-spectrum after Welch (IEEE Trans. Audio Electroacoust. 1967;15:70-73): Hann-windowed
segments along the slice axis with half overlap, pooled over all bone columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SEGMENT_INTERVALS = 8
FEWEST_SLICES = 8
BONE_SHARE = 0.5


@dataclass(frozen=True)
class Spectrum:
    """Pooled spectra of a candidate (c) and the reference (r) along the slice axis.

    Attributes:
        frequency: cycles per mm, (n_bins,), without 0.
        candidate, reference: power of each bin (arbitrary common unit), (n_bins,).
        cross: complex cross-spectrum, (n_bins,).
        interval: thick interval in mm, which sets the bands.
        segments: how many column segments were pooled.
    """

    frequency: np.ndarray
    candidate: np.ndarray
    reference: np.ndarray
    cross: np.ndarray
    interval: float
    segments: int

    @property
    def coherence(self) -> np.ndarray:
        """Magnitude-squared coherence |S_cr|^2 / (S_cc S_rr) of each bin, 0..1; NaN for a candidate without power."""
        return _coherence(self.cross, self.candidate, self.reference)

    @property
    def high_frequency_share(self) -> float:
        """Power above 1 / (2 x interval) over the reference's power there."""
        high = self.frequency > 1 / (2 * self.interval) + 1e-9
        return float(self.candidate[high].sum() / self.reference[high].sum())

    @property
    def high_frequency_coherence(self) -> float:
        """Coherence of everything above 1 / (2 x interval), pooled."""
        high = self.frequency > 1 / (2 * self.interval) + 1e-9
        return _pooled_coherence(self, high)

    def bands(self) -> list[dict[str, float]]:
        """Share and coherence in bands of half the thick Nyquist frequency, from 0 to the thin Nyquist frequency."""
        step = 1 / (4 * self.interval)
        rows = []
        for index in range(int(np.ceil(self.frequency[-1] / step - 1e-6))):
            low, high = index * step, (index + 1) * step
            inside = (self.frequency > low + 1e-9) & (self.frequency <= high + 1e-9)
            if inside.any():
                share = float(self.candidate[inside].sum() / self.reference[inside].sum())
                coherence = _pooled_coherence(self, inside)
                rows.append({"from": low, "to": high, "share": share, "coherence": coherence})
        return rows


def _coherence(cross: np.ndarray, candidate: np.ndarray, reference: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.abs(cross) ** 2 / (candidate * reference)


def _pooled_coherence(spectrum: Spectrum, inside: np.ndarray) -> float:
    """Coherence over several bins: their mean, weighted with the reference's power."""
    weight = spectrum.reference[inside]
    return float(np.sum(np.nan_to_num(spectrum.coherence[inside]) * weight) / weight.sum())


def slice_axis_spectrum(
    candidate: np.ndarray, reference: np.ndarray, bone: np.ndarray, spacing: float, interval: float
) -> Spectrum | None:
    """Cross-spectrum along the slice axis over bone columns; None where there is too little bone or too few slices.

    A segment is 8 thick intervals long (or the whole volume, if that is shorter) and counts where at least half of it,
    weighted with the window, is bone. Its mean is taken off before the window.

    Args:
        candidate: slices under test in HU, (n_slices, rows, cols).
        reference: true slices, same shape.
        bone: boolean mask, same shape.
        spacing: mm between thin slices.
        interval: mm between thick slices.
    """
    length = min(len(reference), SEGMENT_INTERVALS * max(1, round(interval / spacing)))
    if length < FEWEST_SLICES:
        return None
    window = np.hanning(length + 2)[1:-1]
    sums = np.zeros((3, length // 2), complex)
    segments = 0
    for start in range(0, len(reference) - length + 1, max(1, length // 2)):
        part = slice(start, start + length)
        chosen = np.tensordot(window, bone[part], axes=1) >= BONE_SHARE * window.sum()
        if chosen.any():
            ours = _transform(candidate[part][:, chosen], window)
            truth = _transform(reference[part][:, chosen], window)
            sums += [(np.abs(ours) ** 2).sum(1), (np.abs(truth) ** 2).sum(1), (ours * truth.conj()).sum(1)]
            segments += int(chosen.sum())
    frequency = np.fft.rfftfreq(length, spacing)[1 : length // 2 + 1]
    if not segments or not (sums[1].real > 0).all():
        return None
    return Spectrum(frequency, sums[0].real, sums[1].real, sums[2], interval, segments)


def _transform(columns: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Fourier coefficients without the zero frequency of (length, n_columns), (length // 2, n_columns)."""
    columns = columns.astype(np.float64)
    windowed = (columns - columns.mean(0)) * window[:, None]
    return np.fft.rfft(windowed, axis=0)[1 : len(window) // 2 + 1]


def slice_axis_energy(candidate: np.ndarray, reference: np.ndarray, bone: np.ndarray) -> float | None:
    """Mean squared slice-to-slice difference in bone over that of the reference; None without bone.

    1 is as lively as the truth, interpolation stands well below. A pair of voxels counts where both are bone.

    Args:
        candidate: Slices in HU, (n_slices, rows, cols).
        reference: True slices in HU, same shape.
        bone: Boolean mask of the same shape.
    """
    pair = bone[1:] & bone[:-1]
    if not pair.any():
        return None
    ours = np.diff(candidate.astype(np.float32), axis=0)[pair]
    truth = np.diff(reference.astype(np.float32), axis=0)[pair]
    power = float(np.mean(truth.astype(np.float64) ** 2))
    return float(np.mean(ours.astype(np.float64) ** 2)) / power if power > 0 else None
