"""Figures of a reading: the thesis' numbers, statsmodels' kappas, refusals, merging."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import CTEnhanceLib
from CTEnhanceLib.errors import InputRefusedError
from CTEnhanceLib.evaluation.reading.plan import make_key, make_sets
from CTEnhanceLib.evaluation.reading.results import ReaderAnswers, merged_text, read_results
from CTEnhanceLib.evaluation.reading.scoring.kappa import cohen, fleiss, quadratic_weights, weighted_kappa
from CTEnhanceLib.evaluation.reading.scoring.published import PRINTED, exact_preference, possible_tables, report
from CTEnhanceLib.evaluation.reading.scoring.report import answers_csv, markdown
from CTEnhanceLib.evaluation.reading.scoring.score import score
from CTEnhanceLib.evaluation.reading.study import Question, default_questions
from reading_studies import KINDS, study_of

SCHEMAS = Path(CTEnhanceLib.__file__).parent / "schemas"
SHA256 = "ab" * 32


def key_of(cases=11, **changes):
    study = study_of(cases, **changes)
    return make_key(study, make_sets(study), SHA256)


def answers(key, reader, of_image, prefer=lambda case: "method2", simulated=False, seconds=None):
    """Answers of a reader: what `of_image` says of question, case, kind and whether it is a repetition."""
    questions = {question["id"]: question for question in key["study"]["questions"]}
    cases = [case["name"] for case in key["study"]["cases"]]
    values = {}
    for one in key["sets"]:
        for name in one["questions"]:
            number = cases.index(one["case"])
            if questions[name]["type"] == "preference":
                chosen = prefer(number)
                values[one["id"], name, None] = next(i for i, kind in one["images"].items() if kind == chosen)
                continue
            for image, kind in one["images"].items():
                values[one["id"], name, image] = of_image(name, number, kind, one["repeat_of"] is not None)
    return ReaderAnswers(reader, SHA256, values, seconds or {}, simulated, f"{reader}.answers.jsonl")


def published(key):
    """The only 2 x 2 tables (but for the readers' order) with the thesis' kappas, mean grades and 15 : 7 choices."""

    def column(both_first, first_only, second_only, both_second, first, second):
        one = [first] * (both_first + first_only) + [second] * (second_only + both_second)
        two = [first] * both_first + [second] * first_only + [first] * second_only + [second] * both_second
        return one, two

    method1, method2 = column(7, 1, 0, 3, 3, 2), column(8, 1, 0, 2, 2, 3)
    preferred = column(6, 2, 1, 2, "method2", "method1")

    def reader(index):
        grades = {"thick": [4] * 11, "true": [1] * 11, "method1": method1[index], "method2": method2[index]}
        return answers(key, "AB"[index], lambda _q, case, kind, _r: grades[kind][case], lambda c: preferred[index][c])

    return [reader(0), reader(1)]


@pytest.fixture(scope="module")
def thesis():
    key = key_of()
    return score(key, published(key))


def test_the_thesis_qualitative_results_come_out(thesis):
    jsonschema.validate(thesis, json.loads((SCHEMAS / "reading_score.schema.json").read_text()))
    grades = thesis["grades"]["grade"]
    assert grades["kinds"]["method1"]["mean"] == pytest.approx(2.7, abs=0.05)
    assert grades["kinds"]["method2"]["mean"] == pytest.approx(2.2, abs=0.05)
    preference = thesis["preferences"]["preference"]
    pairs = {
        "method1": grades["agreement"]["method1"]["pairs"][0],
        "method2": grades["agreement"]["method2"]["pairs"][0],
    }
    pairs["choice"] = preference["agreement"]["pairs"][0]
    for what, kappa, p in (("method1", 0.792, 0.007), ("method2", 0.744, 0.011), ("choice", 0.377, 0.201)):
        assert pairs[what]["plain"]["kappa"] == pytest.approx(kappa, abs=5e-4)
        assert pairs[what]["plain"]["p"] == pytest.approx(p, abs=5e-4)
    assert preference["counts"] == {"method1": 7, "method2": 15}


def test_fifteen_to_seven_is_no_significant_preference(thesis):
    preference = thesis["preferences"]["preference"]
    assert preference["p_answers"] == pytest.approx(0.1338, abs=1e-4)
    assert preference["cases_won"] == {"method1": 2, "method2": 6}
    assert preference["cases_undecided"] == 3
    assert preference["p_cases"] == pytest.approx(0.2891, abs=1e-4)
    assert exact_preference()["p"] == pytest.approx(preference["p_answers"])


def test_one_table_only_gives_each_printed_kappa_and_201_is_a_lost_decimal_point():
    assert [len(possible_tables(printed)) for printed in PRINTED] == [1, 1, 1]
    assert '"p=201" is p = 0.201' in report()


def test_grades_of_kinds_are_compared_over_cases(thesis):
    grades = thesis["grades"]["grade"]
    assert grades["friedman"]["p"] < 0.001
    pair = next(p for p in grades["pairs"] if (p["first"], p["second"]) == ("method1", "method2"))
    assert pair["mean"] == pytest.approx(-10 / 22)
    assert pair["p"] <= pair["p_holm"] <= 1


def test_kappas_equal_those_of_statsmodels():
    from statsmodels.stats.inter_rater import aggregate_raters, cohens_kappa, fleiss_kappa

    rng = np.random.default_rng(0)
    for _ in range(5):
        counts = rng.integers(0, 9, (4, 4)) + np.diag([6, 3, 5, 4])
        for ours, theirs in (
            (weighted_kappa(counts, np.eye(4)), cohens_kappa(counts)),
            (weighted_kappa(counts, quadratic_weights(np.arange(4.0))), cohens_kappa(counts, wt="quadratic")),
        ):
            expected = (theirs.kappa, theirs.kappa_low, min(1, theirs.kappa_upp), theirs.pvalue_two_sided)
            assert (ours.kappa, ours.low, ours.high, ours.p) == pytest.approx(expected, rel=1e-9)
        ratings = rng.integers(1, 5, (3, 20))
        assert fleiss(ratings.tolist()).kappa == pytest.approx(fleiss_kappa(aggregate_raters(ratings.T)[0]), rel=1e-9)


def test_fleiss_p_is_small_for_readers_that_agree_and_large_for_chance():
    same = [[1, 2, 3, 4] * 5] * 3
    assert fleiss(same).kappa == pytest.approx(1) and fleiss(same).p < 1e-6
    rng = np.random.default_rng(3)
    ps = [fleiss(rng.integers(1, 5, (3, 40)).tolist()).p for _ in range(200)]
    assert 0.01 <= np.mean(np.array(ps) < 0.05) <= 0.1  # by chance one in twenty


def test_ninety_eight_percent_agreement_can_give_kappa_zero_and_the_table_shows_it():
    first, second = [1] * 99 + [2], [1] * 98 + [2, 1]
    found = cohen(first, second)
    assert found.agreement == pytest.approx(0.98)
    assert found.plain.kappa == pytest.approx(0, abs=0.02)
    assert found.table == [[98, 1], [1, 0]]
    assert "look at the table" in found.note


def test_kappa_of_one_answer_only_is_not_defined():
    found = cohen([1] * 5, [1] * 5)
    assert found.plain.kappa is None
    assert "not defined" in found.note


def test_three_readers_get_fleiss_kappa_and_every_pair(thesis):
    key = key_of()
    readers = [*published(key), answers(key, "C", lambda _q, case, kind, _r: 1 + (case + KINDS.index(kind)) % 4)]
    result = score(key, readers)
    jsonschema.validate(result, json.loads((SCHEMAS / "reading_score.schema.json").read_text()))
    agreement = result["grades"]["grade"]["agreement"]["all images"]
    assert len(agreement["pairs"]) == 3
    assert -1 < agreement["fleiss"]["kappa"] < 1
    assert thesis["grades"]["grade"]["agreement"]["all images"]["fleiss"] is None
    assert "Fleiss' kappa" in markdown(result)


def test_a_reader_is_compared_with_themselves_where_cases_were_read_twice():
    key = key_of(4, repeats=3)
    reader = answers(key, "A", lambda _q, case, kind, again: 1 + (case + KINDS.index(kind) + again) % 4)
    result = score(key, [reader])
    intra = result["grades"]["grade"]["intra_reader"]["A"]
    assert np.sum(intra["table"]) == 12
    assert intra["agreement"] == 0
    assert result["preferences"]["preference"]["intra_reader"]["A"]["agreement"] == 1
    assert np.sum([result["grades"]["grade"]["kinds"]["true"]["counts"][str(g)] for g in range(1, 5)]) == 4
    assert "The same reader twice" in markdown(result)


def test_further_questions_are_scored_by_kind():
    questions = (
        *default_questions(KINDS),
        Question("gap", "choice", "Is the gap seen?", words=("yes", "no")),
        Question("width", "number", "How wide?", low=0, high=20, unit="mm"),
        Question("odd", "text", "What is odd?", required=False),
    )
    key = key_of(3, questions=questions)

    def of_image(question, case, kind, _again):
        return {"gap": "yes" if kind == "true" else "no", "width": case + 1.0, "odd": f"{kind}!"}.get(question, 2)

    result = score(key, [answers(key, reader, of_image) for reader in "AB"])
    jsonschema.validate(result, json.loads((SCHEMAS / "reading_score.schema.json").read_text()))
    assert result["choices"]["gap"]["kinds"]["true"] == {"yes": 6, "no": 0}
    assert result["numbers"]["width"]["kinds"]["thick"]["mean"] == pytest.approx(2.0)
    assert len(result["texts"]["odd"]) == 24
    assert "How wide? (mm)" in markdown(result)


def test_the_printed_score_shows_every_confusion_table(thesis):
    text = markdown(thesis)
    assert "**method1**, A and B: kappa 0.792" in text
    assert "| A \\ B" in text
    assert "kappa is not defined" in text
    assert "method1 7, method2 15" in text
    assert "imulated" not in text


def test_a_simulated_reader_is_called_simulated():
    key = key_of(2)
    text = markdown(score(key, [answers(key, "A", lambda *_: 2, simulated=True)]))
    assert "**Simulated**: A is no person" in text


def test_every_answer_is_listed_unblinded():
    key = key_of(2)
    text = answers_csv(key, [answers(key, "A", lambda _q, _c, kind, _r: 1 + KINDS.index(kind))])
    lines = list(csv.DictReader(io.StringIO(text)))
    assert len(lines) == 10
    assert {(line["kind"], line["answer"]) for line in lines if line["question"] == "grade"} == {
        (kind, str(1 + index)) for index, kind in enumerate(KINDS)
    }
    assert {line["answer"] for line in lines if line["question"] == "preference"} == {"method2"}


def test_answers_to_another_study_are_not_scored():
    key = key_of(2)
    other = {**key, "study_sha256": "cd" * 32}
    with pytest.raises(InputRefusedError, match="belong to another study"):
        score(other, [answers(key, "A", lambda *_: 2)])


def test_a_reading_that_is_not_finished_is_not_scored():
    key = key_of(2)
    reader = answers(key, "A", lambda *_: 2)
    reader.values.popitem()
    with pytest.raises(InputRefusedError, match="A has not finished: 1 answers are missing"):
        score(key, [reader])


def test_merged_results_score_the_same_and_are_marked_against_changes(tmp_path):
    key = key_of(3)
    readers = [answers(key, name, lambda _q, case, kind, _r: 1 + (case + KINDS.index(kind)) % 4) for name in "AB"]
    path = tmp_path / "all.json"
    path.write_text(merged_text(readers))
    jsonschema.validate(json.loads(path.read_text()), json.loads((SCHEMAS / "reading_results.schema.json").read_text()))
    assert score(key, read_results([path])) == score(key, readers)
    path.write_text(path.read_text().replace('"value": 1', '"value": 2', 1))
    with pytest.raises(InputRefusedError, match="was changed after merge wrote it"):
        read_results([path])


def test_different_answers_of_one_reader_are_not_mixed(tmp_path):
    key = key_of(2)
    for name, grade in (("one", 1), ("two", 2)):
        (tmp_path / f"{name}.json").write_text(merged_text([answers(key, "A", lambda *_, grade=grade: grade)]))
    with pytest.raises(InputRefusedError, match="different answers of A"):
        read_results([tmp_path / "one.json", tmp_path / "two.json"])
    assert len(read_results([tmp_path / "one.json", tmp_path / "one.json"])) == 1
