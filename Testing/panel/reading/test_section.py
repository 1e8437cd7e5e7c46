"""The section "Reading study" on real views: a reader finishes a study; nothing on the screen tells what is what."""

from __future__ import annotations

import json

import pytest

from reading_studies import GRADES, KINDS, case_images, kind_of, planned, study_of

OWN_LAYOUT = 6  # one red slice view
KEYS = {"forth": "Return", "back": "Backspace"}


@pytest.fixture
def view_host(host, workplace):
    """Small views on a scene of their own that is Slicer's for the time of the test."""
    pytest.importorskip("trame_slicer")
    import slicer

    from CTEnhanceLib.scene.headless.offscreen import OffscreenViewHost

    before = slicer.mrmlScene
    with OffscreenViewHost((240, 160)) as view_host:
        slicer.mrmlScene = view_host.scene
        view_host.show_layout(OWN_LAYOUT)
        view_host.slice_view("Red")
        yield view_host
        slicer.mrmlScene = before


@pytest.fixture
def scene(view_host):
    """The scene of the views."""
    return view_host.scene


@pytest.fixture(scope="module")
def planned_once(tmp_path_factory):
    return planned(tmp_path_factory.mktemp("Säge und Röntgen"), study_of(1))


@pytest.fixture
def study(planned_once):
    """The readers' folder without answers, and the key."""
    for path in planned_once[0].glob("answers/*"):
        path.unlink()
    return planned_once


@pytest.fixture
def reading(module, view_host, study):
    """The section with a study chosen."""
    module.panel.comparison.make_view_host = lambda: view_host
    section = module.panel.reading
    section.widgets.section.collapsed = False
    section.widgets.folderLineEdit.text = str(study[0])
    section.widgets.folderLineEdit.editingFinished.emit()
    yield section
    section.close()


@pytest.fixture
def begun(reading):
    """Anna's reading, open."""
    reading.widgets.readerComboBox.currentIndex = reading.widgets.readerComboBox.findText("Anna")
    reading.widgets.startButton.click()
    assert reading.is_open, reading.widgets.statusLabel.text
    return reading


def answer_by_mouse(reading, kinds):
    """Click what a reader who sees through the letters would click."""
    page = reading.session.page
    for (question, letter), options in list(reading.questions.buttons.items()):
        if letter is not None:
            options[GRADES[kinds[page.image(letter)]]].click()
        else:
            options[next(s.letter for s in page.images if kinds[s.image] == "method2")].click()
        assert reading.session.value(question, letter) is not None


def answer_by_keys(reading, kinds):
    page = reading.session.page
    for shown in page.images:
        if any(question.type == "preference" for question in page.questions):
            if kinds[shown.image] == "method2":
                reading.press(shown.letter)
        else:
            reading.press(shown.letter)
            reading.press(str(GRADES[kinds[shown.image]]))


def values(folder, reader="Anna"):
    from CTEnhanceLib.evaluation.reading.answers import answer_path, read_answers

    records = read_answers(answer_path(folder / "answers", reader))[1]
    return {(r["question"], r["image"]): r["value"] for r in records if r["type"] == "answer"}


@pytest.mark.parametrize("answer", [answer_by_mouse, answer_by_keys])
def test_a_reader_finishes_a_study_and_it_is_scored(begun, study, answer, scene, view_host):
    folder, key = study
    kinds = kind_of(key)
    w = begun.widgets
    answer(begun, kinds)
    w.forthButton.click()
    assert "Set 2 of 2" in w.placeLabel.text
    answer(begun, kinds)
    assert w.forthButton.text == "Finish"
    w.forthButton.click()
    assert not begun.is_open
    assert "Everything is answered" in w.statusLabel.text
    found = values(folder)
    assert {kinds[image]: value for (question, image), value in found.items() if question == "grade"} == GRADES
    assert kinds[found["preference", None]] == "method2"
    result = begun.score.show(str(folder), str(folder.parent / "key.json"))
    assert result["grades"]["grade"]["kinds"]["thick"]["mean"] == 4
    table = begun.score.shown.table.GetTable()
    assert "grade of" in table.GetValueByName(0, "what").ToString()
    assert begun.score.shown.charts[0].GetNumberOfPlotSeriesNodes() == 1
    begun.score.close()
    assert view_host.layout() == OWN_LAYOUT
    assert scene.GetNumberOfNodesByClass("vtkMRMLTableNode") == 0


def visible_strings(host, scene):
    """Everything on the screen and in the scene that can be read."""
    import qt

    found = []
    for window in [*qt.QApplication.topLevelWidgets(), host.panel]:
        for widget in [window, *window.findChildren(qt.QWidget)]:
            for name in ("text", "toolTip", "windowTitle", "title", "currentText", "placeholderText", "objectName"):
                value = widget.property(name)
                found += [str(value)] if value else []
            if hasattr(widget, "itemText"):
                found += [widget.itemText(i) for i in range(widget.count)]
    for index in range(scene.GetNumberOfNodes()):
        node = scene.GetNthNode(index)
        found += [node.GetName() or "", node.GetID() or ""]
        found += [f"{name}={node.GetAttribute(name)}" for name in node.GetAttributeNames()]
        if node.IsA("vtkMRMLStorageNode"):
            found.append(node.GetFileName() or "")
    return found


def test_nothing_that_can_be_read_tells_the_kind(reading, host, scene, study):
    """Words such as "true" stand in tool tips, study or not: what counts is what comes with the study."""
    always = set(visible_strings(host, scene)) | {reading.widgets.folderLineEdit.text}
    reading.widgets.startButton.click()
    found = []
    for plane in ("axial", "coronal", "3d"):
        reading.look(plane)
        found += set(visible_strings(host, scene)) - always
    assert any(text == "Image A" for text in found)
    for text in found:
        assert not any(kind in text for kind in KINDS), text
        assert "patient 0" not in text and "nrrd" not in text, text
    reader = reading.session.reader
    answers = (study[0] / "answers" / f"{reader}.answers.jsonl").read_text()
    assert not any(f'"{kind}"' in answers for kind in KINDS)


def test_all_labels_are_letters_with_the_answer(begun):
    begun.press("B")
    begun.press("3")
    assert begun.views.labels["B"] == "B  · 3"
    assert begun.views.labels["A"] == "A"
    assert begun.session.value("grade", "B") == 3


def test_after_an_answer_the_next_image_without_one_is_chosen(begun):
    begun.press("C")
    begun.press("1")
    assert begun.views.chosen == "D"
    begun.press("2")
    assert begun.views.chosen == "A"


def test_going_on_without_an_answer_is_refused_in_words(begun):
    begun.widgets.forthButton.click()
    assert "Image A has no answer yet" in begun.widgets.statusLabel.text
    assert "Set 1 of 2" in begun.widgets.placeLabel.text


def test_back_shows_what_was_answered_and_it_can_be_changed(begun, study):
    answer_by_keys(begun, kind_of(study[1]))
    begun.press("forth")
    begun.press("back")
    letter = begun.session.page.images[0].letter
    given = begun.session.value("grade", letter)
    checked = [value for value, made in begun.questions.buttons["grade", letter].items() if made.checked]
    assert checked == [given]
    begun.questions.buttons["grade", letter][given % 4 + 1].click()
    assert begun.session.value("grade", letter) == given % 4 + 1


def test_a_pause_hides_the_images_and_stops_answers(begun, view_host):
    begun.press("pause")
    assert begun.views.volumes == {}
    begun.press("1")
    begun.questions.buttons["grade", "A"][1].click()
    assert begun.session.value("grade", "A") is None
    begun.press("pause")
    assert len(begun.views.volumes) == 4
    begun.press("1")
    assert begun.session.value("grade", "A") == 1


def test_keys_are_shortcuts_of_the_window(begun):
    import qt

    window = begun.widgets.section.window()
    shortcuts = {s.key.toString(): s for s in window.findChildren(qt.QShortcut) if s.enabled}
    assert {"A", "1", "4", "Return", "Backspace", "P", "V", "O"} <= set(shortcuts)
    shortcuts["2"].activated.emit()
    assert begun.session.value("grade", "A") == 2
    shortcuts["V"].activated.emit()
    assert begun.views.plane == "coronal"
    shortcuts["O"].activated.emit()
    assert begun.views.alone


def test_comparison_and_run_are_locked_while_a_study_is_open(begun, module, view_host):
    from CTEnhanceLib.errors import UsageError

    assert not module.ui.compareCollapsibleButton.enabled
    assert not module.ui.enhanceButton.enabled
    assert "reading study is open" in module.ui.enhanceButton.toolTip
    with pytest.raises(UsageError, match="reading study is open"):
        module.panel.comparison.open(None)
    begun.close()
    assert module.ui.compareCollapsibleButton.enabled
    assert view_host.layout() == OWN_LAYOUT


def test_other_volumes_are_closed_before_a_study_opens_or_it_does_not_open(reading, host, scene):
    from panel.measured import add_measured

    add_measured(scene, "wrist thick")
    host.answers["confirmOkCancelDisplay"] = False
    reading.widgets.startButton.click()
    assert not reading.is_open
    assert scene.GetFirstNodeByName("wrist thick") is not None
    host.answers["confirmOkCancelDisplay"] = True
    reading.widgets.startButton.click()
    assert reading.is_open
    assert scene.GetFirstNodeByName("wrist thick") is None


def test_leaving_the_module_pauses_and_coming_back_goes_on(begun, module, host, view_host):
    begun.press("3")
    host.leave(module)
    assert view_host.layout() == OWN_LAYOUT
    assert begun.session.paused and begun.views.volumes == {}
    host.enter(module)
    assert not begun.session.paused and len(begun.views.volumes) == 4
    assert begun.session.value("grade", "A") == 3


def test_closing_the_scene_pauses_the_reading(begun, scene):
    begun.press("3")
    scene.Clear()
    assert begun.is_open and begun.session.paused
    begun.widgets.pauseButton.click()
    assert len(begun.views.volumes) == 4
    assert begun.session.value("grade", "A") == 3


def test_a_closed_reading_is_continued_where_it_stopped(begun, study):
    answer_by_keys(begun, kind_of(study[1]))
    begun.press("forth")
    begun.widgets.closeButton.click()
    assert "1 of 2 sets are done" in begun.widgets.statusLabel.text
    begun.widgets.startButton.click()
    assert "Set 2 of 2" in begun.widgets.placeLabel.text


def test_what_is_no_study_is_said(reading, tmp_path):
    reading.widgets.folderLineEdit.text = str(tmp_path)
    reading.widgets.folderLineEdit.editingFinished.emit()
    assert not reading.widgets.startButton.enabled
    assert "cannot be read as a blinded study" in reading.widgets.statusLabel.text


def test_every_type_of_question_has_its_widget(module, view_host, tmp_path):
    from CTEnhanceLib.evaluation.reading.study import Question

    questions = (
        Question("gap", "choice", "Is the gap seen?", words=("yes", "no")),
        Question("width", "number", "How wide?", low=0, high=20, unit="mm"),
        Question("remark", "text", "Remarks?", of="set", required=False),
    )
    folder, _ = planned(tmp_path, study_of(1, questions=questions))
    module.panel.comparison.make_view_host = lambda: view_host
    section = module.panel.reading
    section.open(str(folder), "Ben")
    section.questions.buttons["gap", "A"]["no"].click()
    field = section.questions.fields["width", "A"]
    field.text = "3.5"
    field.editingFinished.emit()
    remark = section.questions.fields["remark", None]
    remark.text = "dark"
    remark.editingFinished.emit()
    assert [section.session.value(*slot) for slot in (("gap", "A"), ("width", "A"), ("remark", None))] == [
        "no",
        3.5,
        "dark",
    ]
    field.text = "99"
    field.editingFinished.emit()
    assert "99 is no answer" in section.widgets.statusLabel.text
    assert section.session.value("width", "A") == 3.5
    section.close()


def test_a_study_is_made_of_the_loaded_volumes(reading, scene, tmp_path):
    from CTEnhanceLib.scene.nodes import add_volume

    for number in range(2):
        for kind, image in case_images(number).items():
            add_volume(scene, image, f"wrist {number} {kind}")
    reading.widgets.makeButton.click()
    maker = reading.maker
    assert maker.table.rowCount == 8
    for line in range(8):
        _, number, kind = maker.table.item(line, 0).text().split()
        maker.table.item(line, 1).setText(f"wrist {number}")
        maker.table.item(line, 2).setText(kind)
    maker.readersLineEdit.text = "Anna Ben"
    maker.write(str(tmp_path))
    key = json.loads((tmp_path / "key.json").read_text())
    assert set(key["study"]["kinds"]) == set(KINDS)
    assert (tmp_path / "for readers" / "study.json").is_file()
    maker.table.item(0, 2).setText("")
    from CTEnhanceLib.errors import UsageError

    with pytest.raises(UsageError, match="no case or no kind"):
        maker.write(str(tmp_path / "again"))
