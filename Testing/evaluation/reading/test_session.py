"""A reader's way through a study, and that no answer is lost on it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

import CTEnhanceLib
from CTEnhanceLib.errors import InputRefusedError, UsageError
from CTEnhanceLib.evaluation.reading.answers import AnswerFile, answer_path, read_answers
from CTEnhanceLib.evaluation.reading.session import ReadingSession
from CTEnhanceLib.evaluation.reading.study import Question
from reading_kills import answers_lost
from reading_studies import GRADES, planned, read_all, study_of

SCHEMAS = Path(CTEnhanceLib.__file__).parent / "schemas"


@pytest.fixture(scope="module")
def planned_once(tmp_path_factory):
    return planned(tmp_path_factory.mktemp("study"), study_of(2))


@pytest.fixture
def study(planned_once):
    """The readers' folder without answers, and the key."""
    folder, key = planned_once
    for path in folder.glob("answers/*"):
        path.unlink()
    return folder, key


def answer_page(session, value=2):
    for question, letter in session.missing():
        session.answer(question.id, letter, "A" if question.type == "preference" else value)


def test_a_reader_goes_forth_when_everything_is_answered_and_back_to_change_it(study):
    session = ReadingSession(study[0], "Anna")
    with pytest.raises(UsageError, match="Image A has no answer yet to 'Quality of resolution'"):
        session.forth()
    answer_page(session)
    session.forth()
    session.back()
    session.answer("grade", "B", 4)
    assert [session.value("grade", letter) for letter in "ABCD"] == [2, 4, 2, 2]
    with pytest.raises(UsageError, match="first set"):
        session.back()
    session.close()


def test_a_reading_is_resumed_at_the_first_set_that_is_not_complete(study):
    session = ReadingSession(study[0], "Anna")
    answer_page(session)
    session.forth()
    session.answer("grade", "A", 1)
    session.close()
    session = ReadingSession(study[0], "Anna")
    assert session.place == 1
    assert session.value("grade", "A") == 1
    assert session.value("grade", "B") is None
    session.close()


def test_a_whole_reading_is_finished_and_follows_its_schema(study):
    folder, key = study
    session = ReadingSession(folder, "Ben")
    assert not session.finished
    read_all(session, key)
    assert session.finished and session.answered == len(session.pages) == 4
    assert session.page.reference is not None
    form = json.loads((SCHEMAS / "reading_answers.schema.json").read_text())
    for line in session.path.read_text().splitlines():
        jsonschema.validate(json.loads(line), form)
    assert set(GRADES.values()) == {1, 2, 3, 4}


def test_an_answer_is_on_the_disk_when_it_was_given(study):
    session = ReadingSession(study[0], "Anna")
    session.answer("grade", "C", 3)
    records = read_answers(session.path)[1]
    assert [(r["image"], r["value"]) for r in records] == [(session.page.image("C"), 3)]
    session.close()


@pytest.mark.parametrize(
    ("question", "letter", "value", "message"),
    [
        ("grade", "A", 5, "no grade"),
        ("grade", "A", 0, "no grade"),
        ("grade", "A", 2.5, "no grade"),
        ("grade", "E", 2, "no image 'E'"),
        ("grade", None, 2, "not asked of the set"),
        ("preference", None, "A", "not asked"),
    ],
)
def test_what_is_no_answer_is_refused_and_not_kept(study, question, letter, value, message):
    session = ReadingSession(study[0], "Anna")
    with pytest.raises(UsageError, match=message):
        session.answer(question, letter, value)
    assert read_answers(session.path)[1] == []
    session.close()


def test_the_time_of_each_set_runs_while_it_is_on_show(study):
    now = [100.0]
    session = ReadingSession(study[0], "Anna", clock=lambda: now[0])
    session.resume()
    now[0] += 5
    session.answer("grade", "A", 1)
    now[0] += 2
    session.pause()
    now[0] += 1000
    session.resume()
    now[0] += 3
    answer_page(session)
    session.forth()
    now[0] += 4
    session.close()
    seconds = {}
    for record in read_answers(session.path)[1]:
        seconds[record["set"]] = seconds.get(record["set"], 0) + record["seconds"]
    assert [seconds[page.name] for page in session.pages[:2]] == [10, 4]


def test_a_study_is_open_in_one_window_only_and_for_its_readers_only(study):
    session = ReadingSession(study[0], "Anna")
    with pytest.raises(UsageError, match="another window"):
        ReadingSession(study[0], "Anna")
    session.close()
    with pytest.raises(UsageError, match="no reader 'Carl'"):
        ReadingSession(study[0], "Carl")


def test_a_line_cut_anywhere_loses_that_answer_only(study):
    """Whatever a crash leaves of the last line, the answers before it are read and the reading goes on."""
    session = ReadingSession(study[0], "Anna")
    session.answer("grade", "A", 1)
    session.answer("grade", "B", 2)
    session.close()
    content = session.path.read_bytes()
    last = content.rindex(b"\n", 0, len(content) - 1) + 1
    for length in range(last, len(content)):
        session.path.write_bytes(content[:length])
        assert [record["value"] for record in read_answers(session.path)[1]] == [1]
    again = ReadingSession(study[0], "Anna")
    again.answer("grade", "B", 3)
    assert [record["value"] for record in read_answers(session.path)[1]] == [1, 3]
    again.close()


def test_a_killed_process_loses_at_most_the_answer_being_given(study):
    for seconds in (0.0, 0.03, 0.17):
        given, kept, lost = answers_lost(study[0], "Anna", seconds)
        assert kept >= given
        assert lost <= 1
    ReadingSession(study[0], "Anna").close()


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines.__setitem__(2, lines[2].replace('"value": 2', '"value": 1')),
        lambda lines: lines.pop(1),
        lambda lines: lines.insert(1, lines[2]),
        lambda lines: lines.__setitem__(0, lines[0].replace("Anna", "Ben")),
        lambda lines: lines.__setitem__(1, "nonsense"),
    ],
)
def test_answers_that_were_changed_by_hand_are_refused(study, change):
    session = ReadingSession(study[0], "Anna")
    answer_page(session)
    session.close()
    lines = session.path.read_text().splitlines()
    change(lines)
    session.path.write_text("\n".join(lines) + "\n")
    with pytest.raises(InputRefusedError, match=r"Line [123] of"):
        read_answers(session.path)


def test_answers_to_another_study_are_not_continued(study, tmp_path):
    AnswerFile(answer_path(tmp_path, "Anna"), "0" * 64, "Anna").close()
    with pytest.raises(InputRefusedError, match="another study"):
        ReadingSession(study[0], "Anna", tmp_path)


def test_any_question_can_be_asked(tmp_path):
    questions = (
        Question("gap", "choice", "Is the gap seen?", words=("yes", "no")),
        Question("width", "number", "How wide?", low=0, high=20, unit="mm"),
        Question("remark", "text", "Remarks?", of="set", required=False),
    )
    folder, _ = planned(tmp_path, study_of(1, questions=questions))
    session = ReadingSession(folder, "Anna")
    for letter in "ABCD":
        session.answer("gap", letter, "yes")
        session.answer("width", letter, "2.5")
    with pytest.raises(UsageError, match="25 is no answer to 'How wide"):
        session.answer("width", "A", 25)
    with pytest.raises(UsageError, match="'maybe' cannot be chosen"):
        session.answer("gap", "A", "maybe")
    assert session.finished and session.value("width", "A") == 2.5
    remark = "nächste Woche \u2028 \n zwei Zeilen"
    session.answer("remark", None, remark)
    session.close()
    again = ReadingSession(folder, "Anna")
    assert again.value("remark") == remark
    again.close()
