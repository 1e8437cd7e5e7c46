"""Score of a blinded reading: grades of each kind, preferences, and how far readers agree with each other."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from CTEnhanceLib.evaluation.cohort.statistics import compare_paired
from CTEnhanceLib.evaluation.reading.results import require_of
from CTEnhanceLib.evaluation.reading.scoring.kappa import cohen, fleiss
from CTEnhanceLib.evaluation.reading.study import study_from_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from CTEnhanceLib.evaluation.reading.results import ReaderAnswers
    from CTEnhanceLib.evaluation.reading.study import Question, Study

SCHEMA_VERSION = 2
POOLED = "all images"


def score(key: dict[str, Any], results: Sequence[ReaderAnswers]) -> dict[str, Any]:
    """Score a reading (schemas/reading_score.schema.json).

    Args:
        key: as `plan` wrote it.
        results: answers of each reader, at least one.

    Raises:
        InputRefusedError: answers belong to another study, or a reader has not finished.
    """
    require_of(key, results)
    study = study_from_json(key["study"])
    table = _Answers(study, key["sets"], results)
    by_type = {
        kind: [q for q in study.questions if q.type == kind]
        for kind in ("grade", "preference", "choice", "number", "text")
    }
    return {
        "schema_version": SCHEMA_VERSION,
        "title": study.title,
        "study_sha256": key["study_sha256"],
        "kinds": list(study.kinds),
        "cases": len(study.cases),
        "repeats": study.repeats,
        "readers": [found.reader for found in results],
        "simulated": [found.reader for found in results if found.simulated],
        "grades": {q.id: _grades(table, q) for q in by_type["grade"]},
        "preferences": {q.id: _preference(table, q) for q in by_type["preference"]},
        "choices": {q.id: _choices(table, q) for q in by_type["choice"]},
        "numbers": {q.id: _numbers(table, q) for q in by_type["number"]},
        "texts": {q.id: _texts(table, q) for q in by_type["text"]},
        "seconds_per_set": {found.reader: _seconds(found) for found in results},
    }


class _Answers:
    """Unblinded answers: for a question and a kind, one row for each reader and one column for each case."""

    def __init__(self, study: Study, sets: list[dict[str, Any]], results: Sequence[ReaderAnswers]) -> None:
        self.study, self.results = study, results
        self.readers = [found.reader for found in results]
        self._sets = {False: {}, True: {}}  # type: dict[bool, dict[tuple[str, str], dict[str, Any]]]
        for one in sets:
            for name in one["questions"]:
                self._sets[one["repeat_of"] is not None][name, one["case"]] = one

    def cases(self, question: str, repeated: bool = False) -> list[dict[str, Any]]:
        """Sets of a question, case by case; only the repetitions, or without them."""
        found = self._sets[repeated]
        return [found[question, case.name] for case in self.study.cases if (question, case.name) in found]

    def of_kind(self, question: Question, kind: str | None, *, second: str | None = None) -> list[list[Any]]:
        """Answers of each reader; with `second`, of the cases that were repeated: ``first`` or ``again``."""
        repeated = second == "again"
        sets = self.cases(question.id, repeated)
        if second == "first":
            again = {one["case"] for one in self.cases(question.id, True)}
            sets = [one for one in sets if one["case"] in again]
        return [[self._value(found, one, question, kind) for one in sets] for found in self.results]

    @staticmethod
    def _value(found: ReaderAnswers, one: dict[str, Any], question: Question, kind: str | None) -> Any:
        image = None if kind is None else next(name for name, of in one["images"].items() if of == kind)
        value = found.values.get((one["id"], question.id, image))
        return one["images"][value] if question.type == "preference" else value


def _grades(table: _Answers, question: Question) -> dict[str, Any]:
    kinds = table.study.kinds if question.of == "image" else (POOLED,)
    by_kind = {kind: table.of_kind(question, kind if question.of == "image" else None) for kind in kinds}
    means = {kind: np.mean(rows, axis=0) for kind, rows in by_kind.items()}
    return {
        "text": question.text,
        "words": list(question.words),
        "kinds": {kind: _grades_of_kind(table, question, rows) for kind, rows in by_kind.items()},
        "friedman": _friedman(list(means.values())),
        "pairs": _pairs(means),
        "agreement": _agreements(table, by_kind),
        "intra_reader": _intra_reader(table, question, list(kinds)),
    }


def _grades_of_kind(table: _Answers, question: Question, rows: list[list[int]]) -> dict[str, Any]:
    everything = np.concatenate([np.array(row, float) for row in rows])
    grades = range(1, len(question.words) + 1)
    return {
        "mean": float(everything.mean()),
        "sd": float(everything.std(ddof=1)) if len(everything) > 1 else None,
        "median": float(np.median(everything)),
        "counts": {str(grade): int((everything == grade).sum()) for grade in grades},
        "by_reader": {reader: float(np.mean(row)) for reader, row in zip(table.readers, rows)},
    }


def _friedman(means: list[np.ndarray]) -> dict[str, Any] | None:
    """Friedman's test over cases, each the mean of its readers' grades; None with fewer than three kinds."""
    from scipy.stats import friedmanchisquare

    if len(means) < 3 or len(means[0]) < 2:
        return None
    with np.errstate(all="ignore"):
        result = friedmanchisquare(*means)
    defined = bool(np.isfinite(result.pvalue))
    return {
        "statistic": float(result.statistic) if defined else None,
        "p": float(result.pvalue) if defined else None,
        "cases": len(means[0]),
    }


def _pairs(means: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """Every two kinds: grade of the second minus that of the first over cases, with Wilcoxon's p, plain and Holm's."""
    rows: list[dict[str, Any]] = []
    for first, second in combinations(means, 2):
        result = compare_paired(means[second] - means[first])
        rows.append(
            {
                "first": first,
                "second": second,
                "mean": result.mean,
                "low": result.low,
                "high": result.high,
                "p": result.p,
                "p_holm": None,
                "note": result.note,
            }
        )
    tested = sorted((row for row in rows if row["p"] is not None), key=lambda row: row["p"])
    at_least = 0.0
    for rank, row in enumerate(tested):
        at_least = max(at_least, min(1.0, (len(tested) - rank) * row["p"]))
        row["p_holm"] = at_least
    return rows


def _agreements(table: _Answers, by_kind: dict[str, list[list[Any]]]) -> dict[str, Any]:
    """Agreement of the readers over all images and for each kind."""
    pooled = [[value for rows in by_kind.values() for value in rows[r]] for r in range(len(table.readers))]
    rows = by_kind if len(by_kind) == 1 else {POOLED: pooled, **by_kind}
    return {what: _agreement(table.readers, answers) for what, answers in rows.items()}


def _agreement(readers: Sequence[str], answers: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Cohen's kappa of every pair of readers; Fleiss' of all where there are more than two."""
    return {
        "pairs": [
            {"readers": [readers[a], readers[b]], **cohen(answers[a], answers[b]).to_json()}
            for a, b in combinations(range(len(readers)), 2)
        ],
        "fleiss": vars(fleiss(answers)) if len(readers) > 2 else None,
    }


def _intra_reader(table: _Answers, question: Question, kinds: list[str | None] | list[str]) -> dict[str, Any]:
    """Each reader against themselves, where cases were shown twice."""
    found = {}
    asked = kinds if question.of == "image" and question.type != "preference" else [None]
    for index, reader in enumerate(table.readers):
        first = [v for kind in asked for v in table.of_kind(question, kind, second="first")[index]]
        again = [v for kind in asked for v in table.of_kind(question, kind, second="again")[index]]
        if again:
            found[reader] = cohen(first, again).to_json()
    return found


def _preference(table: _Answers, question: Question) -> dict[str, Any]:
    """How often each kind was preferred; tested over all answers as in the thesis, and over cases, which is stricter.

    Two readers of one case are not independent, so the sign test counts the cases in which one kind won.
    """
    from scipy.stats import binomtest

    answers = table.of_kind(question, None)
    first, second = question.between
    everything = [answer for row in answers for answer in row]
    share = np.array([[answer == first for answer in row] for row in answers]).mean(0)
    won = {first: int((share > 0.5).sum()), second: int((share < 0.5).sum())}
    decided = sum(won.values())
    test = binomtest(everything.count(second), len(everything))
    interval = test.proportion_ci(method="exact")
    return {
        "text": question.text,
        "between": [first, second],
        "beside": question.beside,
        "counts": {kind: everything.count(kind) for kind in question.between},
        "by_reader": {
            reader: {k: row.count(k) for k in question.between} for reader, row in zip(table.readers, answers)
        },
        "share": {"kind": second, "mean": float(test.statistic), "low": float(interval[0]), "high": float(interval[1])},
        "p_answers": float(test.pvalue),
        "cases_won": won,
        "cases_undecided": len(share) - decided,
        "p_cases": float(binomtest(won[first], decided).pvalue) if decided else None,
        "agreement": _agreement(table.readers, answers),
        "intra_reader": _intra_reader(table, question, []),
    }


def _choices(table: _Answers, question: Question) -> dict[str, Any]:
    kinds: Sequence[str] = table.study.kinds if question.of == "image" else (POOLED,)
    by_kind = {kind: table.of_kind(question, kind if question.of == "image" else None) for kind in kinds}
    counted = {}
    for kind, rows in by_kind.items():
        given = [value for row in rows for value in row if value is not None]
        counted[kind] = {word: given.count(word) for word in question.words}
    complete = {kind: rows for kind, rows in by_kind.items() if all(v is not None for row in rows for v in row)}
    return {
        "text": question.text,
        "kinds": counted,
        "agreement": _agreements(table, complete) if len(complete) == len(by_kind) else {},
    }


def _numbers(table: _Answers, question: Question) -> dict[str, Any]:
    kinds: Sequence[str] = table.study.kinds if question.of == "image" else (POOLED,)
    found = {}
    for kind in kinds:
        rows = table.of_kind(question, kind if question.of == "image" else None)
        given = [[value for value in row if value is not None] for row in rows]
        everything = [value for row in given for value in row]
        found[kind] = {
            "mean": float(np.mean(everything)) if everything else None,
            "sd": float(np.std(everything, ddof=1)) if len(everything) > 1 else None,
            "by_reader": {r: float(np.mean(row)) if row else None for r, row in zip(table.readers, given)},
        }
    return {"text": question.text, "unit": question.unit, "kinds": found}


def _texts(table: _Answers, question: Question) -> list[dict[str, Any]]:
    kinds: Sequence[str | None] = table.study.kinds if question.of == "image" else (None,)
    return [
        {"reader": reader, "case": one["case"], "kind": kind, "text": value}
        for kind in kinds
        for reader, row in zip(table.readers, table.of_kind(question, kind))
        for one, value in zip(table.cases(question.id), row)
        if value
    ]


def _seconds(found: ReaderAnswers) -> dict[str, float] | None:
    times = list(found.seconds.values())
    return {"median": float(np.median(times)), "total": float(np.sum(times))} if times else None
