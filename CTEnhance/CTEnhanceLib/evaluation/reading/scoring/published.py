"""The thesis' qualitative results, as far as they can be computed again from what is printed.

Printed (Kim et al., PLOS ONE 2024;19(8):e0308346 and the thesis behind it): 11 patients, two readers; mean grades 2.7
(method 1) and 2.2 (method 2), all 1 mm images grade 1 and all 3 mm images grade 4; kappa 0.792 (p=0.007) and 0.744
(p=0.011); 15 choices of method 2 against 7, kappa 0.377, "p=201". The grades themselves are not printed, but few tables
of two readers round to these numbers, and they can be listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from CTEnhanceLib.evaluation.reading.scoring.kappa import weighted_kappa

CASES = 11


@dataclass(frozen=True)
class Printed:
    """What is printed of one 2 x 2 table.

    Attributes:
        what: name.
        categories: the two answers.
        kappa, p: as printed; None for the p that cannot be.
        total: range of the second answer's count over both readers that rounds to the print.
    """

    what: str
    categories: tuple[str, str]
    kappa: float
    p: float | None
    total: tuple[int, int]


PRINTED = (
    # mean 2.7 of 22 grades 2 and 3: 15 or 16 times grade 3 (2.68, 2.73); mean 2.2: 4 or 5 times (2.18, 2.23)
    Printed("grades of method 1", ("grade 2", "grade 3"), 0.792, 0.007, (15, 16)),
    Printed("grades of method 2", ("grade 2", "grade 3"), 0.744, 0.011, (4, 5)),
    Printed("choice", ("method 1", "method 2"), 0.377, None, (15, 15)),
)


@dataclass(frozen=True)
class Table:
    """Two readers' answers that round to the print: counts, rows the first reader's, and what follows of them."""

    counts: tuple[tuple[int, int], tuple[int, int]]
    kappa: float
    p: float


def possible_tables(printed: Printed) -> list[Table]:
    """All 2 x 2 tables of the 11 cases that give a printed kappa, its p (where one is printed) and its count.

    Tables that differ only in which reader is the first are listed once.
    """
    found = []
    for counts in _tables():
        second = int(counts[1].sum() + counts[:, 1].sum())
        figure = weighted_kappa(counts, np.eye(2))
        if figure.kappa is None or figure.p is None or not printed.total[0] <= second <= printed.total[1]:
            continue
        if round(figure.kappa, 3) == printed.kappa and (printed.p is None or round(figure.p, 3) == printed.p):
            found.append(Table(tuple(map(tuple, counts.tolist())), figure.kappa, figure.p))  # type: ignore[arg-type]
    return found


def exact_preference() -> dict[str, float]:
    """Exact binomial p of 15 against 7 over answers, and the range of the share of method 2."""
    from scipy.stats import binomtest

    test = binomtest(15, 22)
    interval = test.proportion_ci(method="exact")
    return {"p": float(test.pvalue), "low": float(interval[0]), "high": float(interval[1])}


def sign_test(table: Table) -> dict[str, float]:
    """The preference over cases: both readers for one method decide a case, a split leaves it undecided."""
    from scipy.stats import binomtest

    (first, a), (b, second) = table.counts
    return {"first": first, "second": second, "undecided": a + b, "p": float(binomtest(second, first + second).pvalue)}


def report() -> str:
    """All of it as Markdown."""
    exact = exact_preference()
    parts = [
        "## The thesis' qualitative results, computed again",
        f"{CASES} cases, two readers. Printed: 15 choices of method 2 against 7 of method 1.",
        f"Exact binomial test of 15 against 7 (which takes all 22 answers as independent): p {exact['p']:.4f}; share "
        f"of method 2 {15 / 22:.1%}, exact 95 % interval {exact['low']:.1%} to {exact['high']:.1%}.",
    ]
    for printed in PRINTED:
        tables = possible_tables(printed)
        p = "p=201" if printed.p is None else f"p={printed.p}"
        many = "one table" if len(tables) == 1 else f"{len(tables)} tables"
        parts.append(f"**{printed.what}**, printed kappa {printed.kappa} ({p}): {many} of two readers fit.")
        parts += [_table_line(printed, table) for table in tables]
    choice = possible_tables(PRINTED[-1])
    parts.append(_about_p201(choice))
    for table in choice:
        cases = sign_test(table)
        parts.append(
            f"Over cases (sign test) with that table: method 2 wins {cases['second']}, method 1 {cases['first']}, "
            f"{cases['undecided']} undecided, p {cases['p']:.4f}."
        )
    return "\n\n".join(parts) + "\n"


def _table_line(printed: Printed, table: Table) -> str:
    (a, b), (c, d) = table.counts
    first, second = printed.categories
    return (
        f"- both {first}: {a}; first reader {first}, second {second}: {b}; the other way round: {c}; "
        f"both {second}: {d}; kappa {table.kappa:.4f}, p {table.p:.4f}"
    )


def _about_p201(tables: list[Table]) -> str:
    found = sorted({f"{table.p:.3f}" for table in tables})
    if found == ["0.201"]:
        return (
            '"p=201" is p = 0.201 with the decimal point lost: it is the p of the kappa (agreement of the two '
            "readers on the choice), not of 15 against 7, and neither is significant."
        )
    return f'"p=201" cannot be told from these tables: the p of the kappa would be {", ".join(found)}.'


def _tables() -> Iterator[np.ndarray]:
    for a in range(CASES + 1):
        for b in range(CASES + 1 - a):
            for c in range(min(b, CASES - a - b) + 1):
                yield np.array([[a, b], [c, CASES - a - b - c]])
