"""Score of a blinded reading: grades of each kind, preference, and the agreement of the readers."""

from __future__ import annotations

from dataclasses import asdict
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from CTEnhanceLib.evaluation.cohort.statistics import compare_paired
from CTEnhanceLib.evaluation.markdown import number, table
from CTEnhanceLib.evaluation.reading.kappa import Kappa, cohen
from CTEnhanceLib.evaluation.reading.plan import GRADES, SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from CTEnhanceLib.evaluation.reading.sheets import Reading


def score(key: dict[str, Any], readings: Sequence[Reading]) -> dict[str, Any]:
    """Score a reading (schemas/reading_score.schema.json).

    Args:
        key: as made by `reading_plan.make_key`.
        readings: one for each reader, at least one.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "cases": len(key["cases"]),
        "readers": [reading.reader for reading in readings],
        "grades": {kind: _grades(kind, readings) for kind in key["kinds"]},
        "grade_difference": _grade_difference(key["choose"], readings),
        "preference": _preference(key["choose"], readings),
        "agreement": {
            **{kind: _agreement(readings, [r.grades[kind] for r in readings]) for kind in key["kinds"]},
            "preferred": _agreement(readings, [r.preferred for r in readings]),
        },
    }


def _grades(kind: str, readings: Sequence[Reading]) -> dict[str, Any]:
    everything = [grade for reading in readings for grade in reading.grades[kind]]
    return {
        "mean": float(np.mean(everything)),
        "median": float(np.median(everything)),
        "counts": {str(grade): everything.count(grade) for grade in GRADES},
        "by_reader": {reading.reader: float(np.mean(reading.grades[kind])) for reading in readings},
    }


def _grade_difference(choose: Sequence[str], readings: Sequence[Reading]) -> dict[str, Any]:
    """Grade of the second kind minus that of the first, case by case (mean over readers), tested over cases."""
    means = [np.mean([reading.grades[kind] for reading in readings], axis=0) for kind in choose]
    result = compare_paired(means[1] - means[0])
    return {
        "first": choose[0],
        "second": choose[1],
        "mean": result.mean,
        "low": result.low,
        "high": result.high,
        "p": result.p,
    }


def _preference(choose: Sequence[str], readings: Sequence[Reading]) -> dict[str, Any]:
    """How often each kind was preferred; tested over all answers as in the thesis, and over cases, which is stricter.

    Two readers of one case are not independent, so the sign test counts the cases in which one kind won.
    """
    from scipy.stats import binomtest

    answers = [answer for reading in readings for answer in reading.preferred]
    counts = {kind: answers.count(kind) for kind in choose}
    by_case = np.array([[answer == choose[0] for answer in reading.preferred] for reading in readings]).mean(0)
    won = {choose[0]: int((by_case > 0.5).sum()), choose[1]: int((by_case < 0.5).sum())}
    decided = sum(won.values())
    return {
        "counts": counts,
        "by_reader": {reading.reader: {k: reading.preferred.count(k) for k in choose} for reading in readings},
        "p_answers": float(binomtest(counts[choose[0]], len(answers)).pvalue),
        "cases_won": won,
        "cases_undecided": len(by_case) - decided,
        "p_cases": float(binomtest(won[choose[0]], decided).pvalue) if decided else None,
    }


def _agreement(readings: Sequence[Reading], answers: Sequence[Sequence[object]]) -> list[dict[str, Any]]:
    """Agreement of every pair of readers."""
    pairs = combinations(range(len(readings)), 2)
    return [
        {"readers": [readings[a].reader, readings[b].reader], **_as_dict(cohen(answers[a], answers[b]))}
        for a, b in pairs
    ]


def _as_dict(kappa: Kappa) -> dict[str, Any]:
    return {**asdict(kappa), "note": kappa.note}


def markdown(result: dict[str, Any]) -> str:
    """The score as Markdown: grades, preference, agreement with every confusion table."""
    parts = [f"{result['cases']} cases, {len(result['readers'])} readers. Grade 1 is best, 4 worst."]
    header = ["", "mean", "median", *(f"grade {grade}" for grade in GRADES), *result["readers"]]
    lines = [
        [kind, number(g["mean"], 2), number(g["median"], 1), *(str(g["counts"][str(grade)]) for grade in GRADES)]
        + [number(g["by_reader"][reader], 2) for reader in result["readers"]]
        for kind, g in result["grades"].items()
    ]
    parts += ["### Grades", table(header, lines), _difference_sentence(result["grade_difference"])]
    parts += ["### Preference", _preference_sentence(result["preference"]), "### Agreement"]
    for what, pairs in result["agreement"].items():
        for pair in pairs:
            parts += [_kappa_sentence(what, pair), _confusion(pair)]
            parts += [pair["note"]] if pair["note"] else []
    if len(result["readers"]) == 1:
        parts.append("One reader: there is no agreement to measure.")
    return "\n\n".join(parts) + "\n"


def _difference_sentence(d: dict[str, Any]) -> str:
    interval = "" if d["low"] is None else f", 95 % interval {d['low']:+.2f} to {d['high']:+.2f}"
    return f"Grade of {d['second']} - {d['first']}: {d['mean']:+.2f}{interval}, p {_p(d['p'])} (Wilcoxon over cases)."


def _preference_sentence(p: dict[str, Any]) -> str:
    counts = ", ".join(f"{kind} {count}" for kind, count in p["counts"].items())
    won = ", ".join(f"{kind} {count}" for kind, count in p["cases_won"].items())
    return (
        f"Answers: {counts} (binomial p {_p(p['p_answers'])}, which takes the readers of one case as independent). "
        f"Cases: {won}, undecided {p['cases_undecided']} (sign test p {_p(p['p_cases'])})."
    )


def _kappa_sentence(what: str, pair: dict[str, Any]) -> str:
    first, second = pair["readers"]
    if pair["kappa"] is None:
        return f"**{what}**, {first} and {second}: {pair['agreement']:.0%} equal."
    return (
        f"**{what}**, {first} and {second}: kappa {pair['kappa']:.3f} (95 % interval {number(pair['low'], 2)} to "
        f"{number(pair['high'], 2)}, p {_p(pair['p'])}), {pair['agreement']:.0%} equal."
    )


def _confusion(pair: dict[str, Any]) -> str:
    first, second = pair["readers"]
    header = [f"{first} \\ {second}", *pair["categories"]]
    return table(header, [[name, *map(str, row)] for name, row in zip(pair["categories"], pair["table"])])


def _p(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
