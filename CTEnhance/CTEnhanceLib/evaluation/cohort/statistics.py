"""Statistics over patients: slices of one patient are not independent, so a patient is one observation."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

RESAMPLES = 10_000
_ENUMERATED = 15


@dataclass(frozen=True)
class PairedComparison:
    """Difference of two methods over patients.

    Attributes:
        patients: how many.
        mean: mean of the differences.
        low, high: 95 % bootstrap interval of the mean (percentiles over patients); None with one patient.
        p: two-sided p of Wilcoxon's signed-rank test; None where every difference is 0.
        smallest_p: the smallest p that this many patients can give.
    """

    patients: int
    mean: float
    low: float | None
    high: float | None
    p: float | None
    smallest_p: float

    @property
    def note(self) -> str | None:
        """What the number of patients does not allow to say; None where it allows it."""
        if self.patients == 1:
            return "One patient: neither an interval nor a test says anything about others."
        if self.smallest_p > 0.05:
            return (
                f"{self.patients} patients: the smallest p the test can give is {self.smallest_p:g}, "
                "so it cannot reach 0.05 whatever the difference."
            )
        return None


def compare_paired(differences: np.ndarray, seed: int = 0) -> PairedComparison:
    """Compare two methods by their differences, one for each patient.

    Args:
        differences: Figure of one method minus that of the other, in the figure's unit, (n_patients,), n_patients >= 1.
        seed: of the bootstrap.
    """
    count = len(differences)
    low = high = None
    if count > 1:
        rng = np.random.default_rng(seed)
        means = differences[rng.integers(0, count, (RESAMPLES, count))].mean(1)
        low, high = (float(q) for q in np.quantile(means, (0.025, 0.975)))
    return PairedComparison(
        patients=count,
        mean=float(differences.mean()),
        low=low,
        high=high,
        p=signed_rank_p(differences),
        smallest_p=min(1.0, 2.0 ** (1 - count)),
    )


def signed_rank_p(differences: np.ndarray) -> float | None:
    """Two-sided p of Wilcoxon's signed-rank test (Biometrics Bulletin 1945;1:80-83); zeros are left out.

    Up to 15 patients all signs are enumerated, which is exact with ties too; beyond, scipy's test.

    Args:
        differences: One for each patient, in any unit, (n_patients,).
    """
    from scipy.stats import rankdata, wilcoxon

    nonzero = differences[differences != 0]
    if not len(nonzero):
        return None
    if len(nonzero) > _ENUMERATED:
        return float(wilcoxon(nonzero).pvalue)
    ranks = rankdata(np.abs(nonzero))
    signs = np.array(list(product((-1, 1), repeat=len(nonzero))))
    observed = abs(float(np.sign(nonzero) @ ranks))
    return float(np.mean(np.abs(signs @ ranks) >= observed - 1e-9))
