"""Agreement of two readers: Cohen's kappa with interval and p, never without the confusion table.

Kappa alone misleads: with 98 % agreement it can be 0 when nearly everything falls into one category (the paradox of
Feinstein and Cicchetti, J. Clin. Epidemiol. 1990;43:543-549). statsmodels computes it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Kappa:
    """Agreement of two readers.

    Attributes:
        categories: the categories either reader used, in order.
        table: counts, rows the first reader's category, columns the second's.
        agreement: share of equal answers.
        kappa, low, high: Cohen's kappa and its 95 % interval; None where it is not defined.
        p: two-sided p against no agreement beyond chance; None likewise.
    """

    categories: list[str]
    table: list[list[int]]
    agreement: float
    kappa: float | None
    low: float | None
    high: float | None
    p: float | None

    @property
    def note(self) -> str | None:
        """Why kappa is missing or small against the agreement; None where it speaks for itself."""
        if self.kappa is None:
            return f"Both readers always answered {self.categories[0]}: kappa is not defined."
        if self.agreement >= 0.8 and self.kappa < 0.4:
            return (
                f"The readers agree in {self.agreement:.0%} and kappa is {self.kappa:.2f}: nearly all answers fall "
                "into one category, so look at the table."
            )
        return None


def cohen(first: Sequence[object], second: Sequence[object]) -> Kappa:
    """Agreement of two readers over the same cases, unweighted.

    Args:
        first, second: their answers, case by case.
    """
    from statsmodels.stats.inter_rater import cohens_kappa

    categories = sorted({*first, *second}, key=str)
    place = {category: index for index, category in enumerate(categories)}
    table = np.zeros((len(categories), len(categories)), int)
    for one, other in zip(first, second):
        table[place[one], place[other]] += 1
    figures: list[float | None] = [None] * 4
    if len(categories) > 1:
        result = cohens_kappa(table)
        found = (result.kappa, result.kappa_low, result.kappa_upp, result.pvalue_two_sided)
        figures = [float(value) if math.isfinite(value) else None for value in found]
    return Kappa(
        [str(category) for category in categories],
        table.tolist(),
        float(np.trace(table) / table.sum()),
        *figures,
    )
