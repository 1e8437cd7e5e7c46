"""The questions of a set as widgets: a row of buttons for each image, buttons for a preference, fields for the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

import qt
from slicer.i18n import tr as _

from CTEnhanceLib.panel.dialogs import reported
from CTEnhanceLib.panel.reading.widgets import button, label

if TYPE_CHECKING:
    from CTEnhanceLib.evaluation.reading.session import Page
    from CTEnhanceLib.evaluation.reading.study import Question

Slot = tuple[str, "str | None"]
"""Question and letter; no letter where the question is of the whole set."""


class QuestionWidgets:
    """Builds and fills the widgets of a set.

    Args:
        layout: Where they go.
        answer: Called with question, letter and value when the reader answers.
        choose: Called with a letter when the reader chooses an image.
    """

    def __init__(
        self,
        layout: Any,
        answer: Callable[[str, str | None, Any], None],
        choose: Callable[[str], None],
    ) -> None:
        self._layout, self._answer, self._choose = layout, answer, choose
        self.letters: dict[str, list[Any]] = {}
        self.buttons: dict[Slot, dict[Any, Any]] = {}
        self.fields: dict[Slot, Any] = {}
        self._whole: Any = None

    def build(self, page: Page) -> None:
        """Make the widgets of a set."""
        self.clear()
        self._whole = qt.QWidget()
        column = qt.QVBoxLayout(self._whole)
        column.setContentsMargins(0, 0, 0, 0)
        letters = [shown.letter for shown in page.images]
        for question in page.questions:
            text = question.text if question.required else _("{text} (not required)").format(text=question.text)
            column.addWidget(label(f"<b>{text}</b>"))
            if question.type == "grade" and question.words:
                words = [f"{grade} {word}" for grade, word in enumerate(question.words, start=1) if word]
                column.addWidget(label(", ".join(words)))
            if question.of == "image":
                column.addWidget(self._rows(question, letters))
            else:
                column.addWidget(self._row(question, letters))
        self._layout.addWidget(self._whole)

    def clear(self) -> None:
        """Take the widgets away."""
        if self._whole is not None:
            self._layout.removeWidget(self._whole)
            self._whole.hide()
            self._whole.deleteLater()
            self._whole = None
        self.letters.clear()
        self.buttons.clear()
        self.fields.clear()

    def show(self, value_of: Callable[[str, str | None], Any], chosen: str) -> None:
        """Show what was answered, and which image is chosen."""
        for (question, letter), options in self.buttons.items():
            value = value_of(question, letter)
            for option, made in options.items():
                made.checked = option == value
        for (question, letter), field in self.fields.items():
            value = value_of(question, letter)
            text = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
            if field.text != text and not field.hasFocus():
                field.text = text
        for letter, marks in self.letters.items():
            for mark in marks:
                mark.checked = letter == chosen

    def _rows(self, question: Question, letters: list[str]) -> Any:
        """One row for each image: its letter, then what can be answered."""
        whole = qt.QWidget()
        grid = qt.QGridLayout(whole)
        grid.setContentsMargins(0, 0, 0, 0)
        for line, letter in enumerate(letters):
            mark = button(letter, f"readingLetter{letter}", _("Choose this image (key {key}).").format(key=letter))
            mark.checkable, mark.maximumWidth = True, 36
            mark.connect("clicked(bool)", reported(lambda _on=False, letter=letter: self._choose(letter)))
            self.letters.setdefault(letter, []).append(mark)
            grid.addWidget(mark, line, 0)
            for column, widget in enumerate(self._options(question, letter), start=1):
                grid.addWidget(widget, line, column)
        return whole

    def _row(self, question: Question, letters: list[str]) -> Any:
        whole = qt.QWidget()
        line = qt.QHBoxLayout(whole)
        line.setContentsMargins(0, 0, 0, 0)
        options = letters if question.type == "preference" else []
        for widget in self._options(question, None, options):
            line.addWidget(widget)
        return whole

    def _options(self, question: Question, letter: str | None, letters: list[str] | None = None) -> list[Any]:
        slot = (question.id, letter)
        if question.type in ("number", "text"):
            field = qt.QLineEdit()
            field.name = f"readingField_{question.id}_{letter or ''}"
            field.placeholderText = question.unit or ("" if question.required else _("remark"))
            field.connect("editingFinished()", reported(lambda: self._typed(question, letter)))
            self.fields[slot] = field
            return [field]
        if question.type == "grade":
            choices: list[tuple[Any, str, str]] = [
                (grade, str(grade), word) for grade, word in enumerate(question.words, start=1)
            ]
        elif question.type == "preference":
            choices = [(one, one, _("Key {key}").format(key=one)) for one in letters or []]
        else:
            choices = [(word, word, "") for word in question.words]
        made = {}
        for value, text, tip in choices:
            option = button(text, f"reading_{question.id}_{letter or ''}_{value}", tip, checkable=True)
            option.minimumWidth = 30
            option.connect(
                "clicked(bool)", reported(lambda _on=False, value=value: self._answer(question.id, letter, value))
            )
            made[value] = option
        self.buttons[slot] = made
        return list(made.values())

    def _typed(self, question: Question, letter: str | None) -> None:
        text = self.fields[question.id, letter].text.strip()
        if text or not question.required:
            self._answer(question.id, letter, text)
