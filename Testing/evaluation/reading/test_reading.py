from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import jsonschema
import pytest

import CTEnhanceLib
from CTEnhanceLib.errors import InputRefusedError, UsageError
from CTEnhanceLib.evaluation.reading.kappa import cohen
from CTEnhanceLib.evaluation.reading.plan import Case, make_key, read_cases, sheets
from CTEnhanceLib.evaluation.reading.score import markdown, score
from CTEnhanceLib.evaluation.reading.sheets import Reading, read_readings

SCHEMAS = Path(CTEnhanceLib.__file__).parent / "schemas"
KINDS = ("thick", "thin", "method1", "method2")


def key_of(count=11, readers=("A", "B"), seed=0):
    cases = [Case(f"patient {n}", {kind: f"{n}-{kind}.nrrd" for kind in KINDS}) for n in range(count)]
    return make_key(cases, readers, seed=seed)


def schema(name):
    return json.loads((SCHEMAS / name).read_text())


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def fill(folder, key, grade=lambda kind: 1 + KINDS.index(kind) % 4, preferred="left"):
    for name, text in sheets(key).items():
        kinds = {image: kind for case in key["cases"] for image, kind in case["images"].items()}
        lines = rows(text)
        for line in lines:
            if "grade" in line:
                line["grade"] = grade(kinds[line["image"]])
            else:
                line["preferred"] = preferred
        write(folder / name, lines)


def write(path, lines, delimiter=","):
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(lines[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(lines)


def published():
    """The only 2 x 2 tables (but for the readers' order) with the thesis' kappas, mean grades and 15 : 7 choices."""

    def answers(both_first, first_only, second_only, both_second, first, second):
        one = [first] * (both_first + first_only) + [second] * (second_only + both_second)
        two = [first] * both_first + [second] * first_only + [first] * second_only + [second] * both_second
        return one, two

    method1, method2 = answers(7, 1, 0, 3, 3, 2), answers(8, 1, 0, 2, 2, 3)
    preferred = answers(6, 2, 1, 2, "method2", "method1")
    return [
        Reading(
            "AB"[reader],
            {"thick": [4] * 11, "thin": [1] * 11, "method1": method1[reader], "method2": method2[reader]},
            preferred[reader],
        )
        for reader in (0, 1)
    ]


def test_the_thesis_qualitative_results_come_out():
    result = score(key_of(), published())
    jsonschema.validate(result, schema("reading_score.schema.json"))
    assert result["grades"]["method1"]["mean"] == pytest.approx(2.7, abs=0.05)
    assert result["grades"]["method2"]["mean"] == pytest.approx(2.2, abs=0.05)
    for what, kappa, p in (("method1", 0.792, 0.007), ("method2", 0.744, 0.011), ("preferred", 0.377, 0.201)):
        found = result["agreement"][what][0]
        assert found["kappa"] == pytest.approx(kappa, abs=5e-4)
        assert found["p"] == pytest.approx(p, abs=5e-4)
    assert result["preference"]["counts"] == {"method1": 7, "method2": 15}


def test_fifteen_to_seven_is_no_significant_preference():
    preference = score(key_of(), published())["preference"]
    assert preference["p_answers"] == pytest.approx(0.1338, abs=1e-4)
    assert preference["cases_won"] == {"method1": 2, "method2": 6}
    assert preference["cases_undecided"] == 3
    assert preference["p_cases"] == pytest.approx(0.2891, abs=1e-4)


def test_ninety_eight_percent_agreement_can_give_kappa_zero_and_the_table_shows_it():
    first, second = [1] * 99 + [2], [1] * 98 + [2, 1]
    kappa = cohen(first, second)
    assert kappa.agreement == pytest.approx(0.98)
    assert kappa.kappa == pytest.approx(0, abs=0.02)
    assert kappa.table == [[98, 1], [1, 0]]
    assert "look at the table" in kappa.note


def test_kappa_of_one_answer_only_is_not_defined():
    kappa = cohen([1] * 5, [1] * 5)
    assert kappa.kappa is None
    assert "not defined" in kappa.note


def test_the_printed_score_shows_every_confusion_table():
    text = markdown(score(key_of(), published()))
    assert "**method1**, A and B: kappa 0.792" in text
    assert "| A \\ B" in text
    assert "kappa is not defined" in text
    assert "method1 7, method2 15" in text


def test_the_plan_is_random_by_seed_and_blinds_every_image():
    key = key_of()
    jsonschema.validate(key, schema("reading_key.schema.json"))
    assert key == key_of()
    assert [c["case"] for c in key["cases"]] != [c["case"] for c in key_of(seed=1)["cases"]]
    assert [c["case"] for c in key["cases"]] != [f"patient {n}" for n in range(11)]
    assert {kind for case in key["cases"] for kind in case["images"].values()} == set(KINDS)
    assert {case["choice"][f"{case['id']}-left"] for case in key["cases"]} == {"method1", "method2"}
    for text in sheets(key).values():
        assert not any(word in text for word in ("patient", *KINDS))


def test_each_reader_has_an_order_of_their_own_and_every_image_once():
    found = sheets(key_of())
    orders = [[line["image"] for line in rows(found[f"{reader}_grades.csv"])] for reader in "AB"]
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])
    assert len(set(orders[0])) == 44


def test_filled_sheets_are_unblinded(tmp_path):
    key = key_of()
    fill(tmp_path, key)
    readings = read_readings(tmp_path, key)
    assert readings[0].grades["method1"] == [3] * 11
    lefts = [case["choice"][f"{case['id']}-left"] for case in key["cases"]]
    assert readings[1].preferred == lefts


def test_sheets_saved_with_semicolons_are_read(tmp_path):
    key = key_of()
    fill(tmp_path, key)
    lines = rows((tmp_path / "A_grades.csv").read_text())
    write(tmp_path / "A_grades.csv", lines, delimiter=";")
    assert read_readings(tmp_path, key)[0].grades["thin"] == [2] * 11


@pytest.mark.parametrize(
    ("sheet", "change", "message"),
    [
        ("A_grades.csv", lambda lines: lines[3].update(grade="5"), "Line 5 of A_grades.csv .* the grade '5'"),
        ("A_grades.csv", lambda lines: lines[0].update(grade=""), "Line 2 of A_grades.csv .* the grade ''"),
        ("A_grades.csv", lambda lines: lines[0].update(grade="2.5"), "'2.5'"),
        ("B_grades.csv", lambda lines: lines[1].update(image="C99-1"), "Line 3 of B_grades.csv .* 'C99-1'"),
        ("B_grades.csv", lambda lines: lines[1].update(image=lines[0]["image"]), "a second time"),
        ("B_grades.csv", lambda lines: lines.pop(), "no line for"),
        ("A_choices.csv", lambda lines: lines[2].update(preferred="both"), "Line 4 of A_choices.csv prefers 'both'"),
        ("A_choices.csv", lambda lines: lines[2].update(case="C77"), "'C77', which is not in the key"),
        ("A_choices.csv", lambda lines: lines.pop(), "no line for"),
    ],
)
def test_a_bad_sheet_is_refused_with_sheet_line_and_value(tmp_path, sheet, change, message):
    key = key_of()
    fill(tmp_path, key)
    lines = rows((tmp_path / sheet).read_text())
    change(lines)
    write(tmp_path / sheet, lines)
    with pytest.raises(InputRefusedError, match=message):
        read_readings(tmp_path, key)


def test_a_missing_sheet_is_refused(tmp_path):
    with pytest.raises(InputRefusedError, match=r"A_grades\.csv does not exist"):
        read_readings(tmp_path, key_of())


def test_the_choice_must_be_between_two_kinds():
    cases = [Case("p", {"thick": "a", "thin": "b", "m": "c"})]
    with pytest.raises(UsageError, match="choose between two"):
        make_key(cases, ["A"])
    with pytest.raises(UsageError, match="own"):
        make_key(cases, ["A", "A"], ["m", "thin"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("case,thick,thin\np1,a.nrrd,missing.nrrd\n", "Line 2 .* 'missing.nrrd' for 'thin'"),
        ("case,thick\np1,a.nrrd\n", "two or more columns"),
        ("case,thick,thin\n", "lists no case"),
        ("case,thick,thin\n,a.nrrd,a.nrrd\n", "Line 2 .* has no name"),
        ("case,thick,thin\np1,a.nrrd,a.nrrd\np1,a.nrrd,a.nrrd\n", "'p1' twice"),
    ],
)
def test_a_bad_list_of_cases_is_refused(tmp_path, text, message):
    (tmp_path / "a.nrrd").touch()
    (tmp_path / "cases.csv").write_text(text)
    with pytest.raises(InputRefusedError, match=message):
        read_cases(tmp_path / "cases.csv")
