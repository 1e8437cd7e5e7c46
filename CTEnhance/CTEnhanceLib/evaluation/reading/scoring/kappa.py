"""Agreement of readers: Cohen's kappa, plain and with quadratic weights, and Fleiss' kappa for more than two readers.

Kappa alone misleads: with 98 % agreement it can be 0 when nearly everything falls into one category (the paradox of
Feinstein and Cicchetti, J. Clin. Epidemiol. 1990;43:543-549), so it never stands without the confusion table.
The formulas are written out here because Slicer has no statsmodels; the tests hold them to it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_Z95 = 1.959963984540054


@dataclass(frozen=True)
class KappaFigure:
    """A kappa with its 95 % interval (within -1 to 1) and two-sided p against chance; None where not defined."""

    kappa: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None


@dataclass(frozen=True)
class Agreement:
    """Agreement of two readers, or of a reader with themselves.

    Attributes:
        categories: the categories either reader used, in order.
        table: counts, rows the first reader's category, columns the second's.
        agreement: share of equal answers.
        plain: Cohen's kappa.
        quadratic: the same with quadratic weights; None where categories are no numbers.
    """

    categories: list[str]
    table: list[list[int]]
    agreement: float
    plain: KappaFigure
    quadratic: KappaFigure | None

    @property
    def note(self) -> str | None:
        """Why kappa is missing or small against the agreement; None where it speaks for itself."""
        if self.plain.kappa is None:
            return f"Both always answered {self.categories[0]}: kappa is not defined."
        if self.agreement >= 0.8 and self.plain.kappa < 0.4:
            return (
                f"The answers agree in {self.agreement:.0%} and kappa is {self.plain.kappa:.2f}: nearly all of them "
                "fall into one category, so look at the table."
            )
        return None

    def to_json(self) -> dict[str, Any]:
        """As the schema of the score has it."""
        return {
            "categories": self.categories,
            "table": self.table,
            "agreement": self.agreement,
            "plain": vars(self.plain),
            "quadratic": None if self.quadratic is None else vars(self.quadratic),
            "note": self.note,
        }


def cohen(first: Sequence[Any], second: Sequence[Any]) -> Agreement:
    """Agreement of two readers over the same cases.

    Args:
        first, second: their answers, case by case; numbers are put in order and get quadratic weights, too.
    """
    everything = {*first, *second}
    ordered = all(isinstance(value, (int, float)) for value in everything)
    categories = sorted(everything) if ordered else sorted(everything, key=str)
    place = {category: index for index, category in enumerate(categories)}
    counts = np.zeros((len(categories), len(categories)), int)
    for one, other in zip(first, second):
        counts[place[one], place[other]] += 1
    values = np.array(categories, float) if ordered else np.arange(len(categories), dtype=float)
    return Agreement(
        [str(category) for category in categories],
        counts.tolist(),
        float(np.trace(counts) / counts.sum()),
        weighted_kappa(counts, np.eye(len(categories))),
        weighted_kappa(counts, quadratic_weights(values)) if ordered else None,
    )


def quadratic_weights(values: np.ndarray) -> np.ndarray:
    """Agreement weights 1 - (a - b)^2 / range^2 of categories that are numbers, (categories, categories)."""
    distance = (values[:, None] - values[None, :]) ** 2
    return 1 - distance / max(float(distance.max()), 1e-12)


def weighted_kappa(counts: np.ndarray, weights: np.ndarray) -> KappaFigure:
    """Cohen's kappa of a confusion table.

    kappa = (po - pe) / (1 - pe), po = sum w p, pe = sum w (row share x column share); variances after Fleiss, Cohen and
    Everitt, Psychol. Bull. 1969;72:323-327: with agreement for the interval, without for p.

    Args:
        counts: (categories, categories).
        weights: agreement weights, 1 on the diagonal; the unit matrix for plain kappa.
    """
    total = float(counts.sum())
    share = counts / total
    rows, columns = share.sum(1), share.sum(0)
    observed, expected = float((weights * share).sum()), float(rows @ weights @ columns)
    if 1 - expected < 1e-12:
        return KappaFigure()
    kappa = (observed - expected) / (1 - expected)
    margins = (weights @ columns)[:, None] + (weights.T @ rows)[None, :]
    inner = (share * (weights * (1 - expected) - margins * (1 - observed)) ** 2).sum()
    variance = (inner - (observed * expected - 2 * expected + observed) ** 2) / (total * (1 - expected) ** 4)
    by_chance = (np.outer(rows, columns) * (weights - margins) ** 2).sum() - expected**2
    by_chance /= total * (1 - expected) ** 2
    half = _Z95 * math.sqrt(max(float(variance), 0.0))
    spread = half > 0 or observed == 1
    return KappaFigure(
        kappa,
        max(-1.0, kappa - half) if spread else None,
        min(1.0, kappa + half) if spread else None,
        _two_sided(kappa, float(by_chance)),
    )


def fleiss(answers: Sequence[Sequence[Any]]) -> KappaFigure:
    """Fleiss' kappa of several readers over the same cases (Psychol. Bull. 1971;76:378-382).

    p after Fleiss, Nee and Landis, Psychol. Bull. 1979;86:974-977; the interval is left out, for the published
    variance holds only where there is no agreement.

    Args:
        answers: one sequence of answers for each reader, case by case.
    """
    categories = sorted({value for row in answers for value in row}, key=str)
    place = {category: index for index, category in enumerate(categories)}
    readers, cases = len(answers), len(answers[0])
    counts = np.zeros((cases, len(categories)))
    for row in answers:
        for case, value in enumerate(row):
            counts[case, place[value]] += 1
    share = counts.sum(0) / counts.sum()
    observed = float(((counts**2).sum(1) - readers).mean() / (readers * (readers - 1)))
    expected = float((share**2).sum())
    if 1 - expected < 1e-12:
        return KappaFigure()
    kappa = (observed - expected) / (1 - expected)
    spread = float((share * (1 - share)).sum())
    inner = spread**2 - float((share * (1 - share) * (1 - 2 * share)).sum())
    variance = 2 * inner / (cases * readers * (readers - 1) * spread**2)
    return KappaFigure(kappa=kappa, p=_two_sided(kappa, variance))


def _two_sided(kappa: float, variance: float) -> float | None:
    return math.erfc(abs(kappa) / math.sqrt(variance) / math.sqrt(2)) if variance > 1e-15 else None
