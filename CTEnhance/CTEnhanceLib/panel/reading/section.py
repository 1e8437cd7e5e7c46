"""The section "Reading study": choose a study and a reader, read set after set, by mouse or by keys.

While a study is open everything else of the panel that could tell what is what is locked, and the scene holds nothing
but the images under their letters.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any, Callable

import slicer
from slicer.i18n import tr as _

from CTEnhanceLib.errors import CTEnhanceError, UsageError
from CTEnhanceLib.panel.dialogs import ask_for_folder, reported
from CTEnhanceLib.panel.reading.keys import Keys
from CTEnhanceLib.panel.reading.making import StudyMaker
from CTEnhanceLib.panel.reading.questions import QuestionWidgets
from CTEnhanceLib.panel.reading.scoring import ScoreDisplay
from CTEnhanceLib.panel.reading.widgets import button, make_section
from CTEnhanceLib.panel.style import mark, quiet
from CTEnhanceLib.panel.translation import translated

if TYPE_CHECKING:
    from CTEnhanceLib.evaluation.reading.session import ReadingSession
    from CTEnhanceLib.scene.comparison.views.view_host import ViewHost
    from CTEnhanceLib.scene.reading.views import ReadingViews

_PLANE_WORDS = {"axial": _("Axial"), "coronal": _("Coronal"), "sagittal": _("Sagittal"), "3d": _("3D")}


class ReadingSection:
    """Opens, shows and closes a reading.

    Args:
        neighbour: The section of the panel that this one goes below.
        view_host: Gives the place where views stand.
        on_change: Called when a study was opened or closed.
        why_not: Says why no study can be opened; empty when one can.
    """

    def __init__(
        self,
        neighbour: Any,
        view_host: Callable[[], ViewHost],
        on_change: Callable[[], None],
        why_not: Callable[[], str] = lambda: "",
    ) -> None:
        self._view_host, self._on_change, self._why_not = view_host, on_change, why_not
        self.widgets = make_section(neighbour)
        self.session: ReadingSession | None = None
        self.views: ReadingViews | None = None
        self._keys: Keys | None = None
        self._chosen = ""
        self._suspended = False
        self.questions = QuestionWidgets(self.widgets.questionsLayout, self.answer, self.choose)
        self.maker = StudyMaker(self.widgets, self.say)
        self.score = ScoreDisplay(self.widgets, view_host, self.say)
        self._connect()
        self._show_study()

    @property
    def is_open(self) -> bool:
        """Whether a study is open; paused or not."""
        return self.session is not None

    def open(self, folder: str, reader: str) -> None:
        """Begin or continue a reader's reading.

        Raises:
            CTEnhanceError: The study cannot be read, another window has it open, or there are no views here.
        """
        from CTEnhanceLib.evaluation.reading.session import ReadingSession
        from CTEnhanceLib.scene.reading.loaded import other_volumes
        from CTEnhanceLib.scene.reading.views import ReadingViews

        if self._why_not():
            raise UsageError(self._why_not())
        view_host = self._view_host()
        self.score.close()
        if other_volumes(view_host.scene) and not slicer.util.confirmOkCancelDisplay(
            _("Other volumes in the scene could tell what is what. Close the scene and begin?")
        ):
            return
        session = ReadingSession(folder, reader)
        self.session = session
        self._on_change()  # locks what could tell, before anything is shown
        if other_volumes(view_host.scene):
            view_host.scene.Clear()
        window = session.study["window"]
        self.views = ReadingViews(
            view_host,
            (window["low"], window["high"]),
            free_window=window["free"],
            on_pick=self.choose,
            note_of=self._note_of,
        )
        self._keys = Keys(slicer.util.mainWindow() or self.widgets.section.window(), self.press)
        self._make_plane_buttons(session.study["views"])
        self.resume()

    def close(self) -> None:
        """Leave the study; everything answered is on the disk."""
        session, views, keys = self.session, self.views, self._keys
        self.session, self.views, self._keys = None, None, None
        if keys is not None:
            keys.remove()
        if views is not None:
            views.close()
        if session is not None:
            session.close()
            self._say_closed(session)
        self.questions.clear()
        self._show_study()
        self._on_change()

    def pause(self) -> None:
        """Stop the time and take the images away."""
        if self.session is None or self.session.paused:
            return
        self.session.pause()
        if self.views is not None:
            self.views.clear()
        self._show_page()

    def resume(self) -> None:
        """Show the set again, and let the time run."""
        if self.session is None:
            return
        self._show_images()
        self.session.resume()
        self._show_page()

    def suspend(self) -> None:
        """The user opens another module: images and views go, the time stands still."""
        if self.session is not None and self.views is not None:
            self._suspended = not self.session.paused
            self.pause()
            self.views.close()

    def come_back(self) -> None:
        """The user returns to the module."""
        if self.session is not None and self._suspended:
            self._suspended = False
            self.resume()

    def forget_scene(self) -> None:
        """The scene was closed or loaded: the images went with it; the reading waits."""
        self.score.forget()
        if self.session is None or self.views is None or not self.views.volumes:
            return
        self.views.forget()
        self.pause()

    def stop(self) -> None:
        """Slicer quits, or the module is reloaded."""
        self.close()
        self.score.close()

    def answer(self, question: str, letter: str | None, value: Any) -> None:
        """Keep an answer and show it; the next image that lacks one is chosen.

        Args:
            question: Its name.
            letter: Of the image that is answered for, None for the whole set.
            value: The answer.
        """
        if self.session is None or self.session.paused:
            return
        try:
            self.session.answer(question, letter, value)
            self.say("")
        except CTEnhanceError as error:
            self.say(translated(str(error)), "refused")
        if letter is not None:
            self._choose_next(letter)
        self._show_page()

    def choose(self, letter: str) -> None:
        """Choose an image: digits answer for it, and it is the one shown where one is shown alone."""
        if self.session is None or self.views is None or self.session.paused:
            return
        self.views.choose(letter)
        if letter in [shown.letter for shown in self.session.page.images]:
            self._chosen = letter
        self._show_page()

    def turn(self, step: int) -> None:
        """Go to the next set (1) or the one before (-1)."""
        session = self.session
        if session is None or session.paused:
            return
        try:
            if step > 0 and session.place == len(session.pages) - 1 and session.finished:
                self.close()
                return
            session.forth() if step > 0 else session.back()
        except CTEnhanceError as error:
            self.say(translated(str(error)), "warning")
            return
        self.say("")
        self._show_images()
        self._show_page()

    def press(self, key: str) -> None:
        """What a key does."""
        session, views = self.session, self.views
        if session is None or views is None:
            return
        if key == "pause":
            self.resume() if session.paused else self.pause()
        elif session.paused:
            return
        elif key in ("forth", "back"):
            self.turn(1 if key == "forth" else -1)
        elif key == "plane":
            planes = session.study["views"]
            self.look(planes[(planes.index(views.plane) + 1) % len(planes)])
        elif key == "alone":
            self._show_alone(not views.alone)
        elif key.isdigit():
            self._press_digit(int(key))
        else:
            self._press_letter(key)

    def look(self, plane: str) -> None:
        """Show another plane, or bone in 3D."""
        if self.views is not None and self.session is not None and not self.session.paused:
            self.views.look(plane)
            self._show_page()

    def say(self, text: str, kind: str = "neutral") -> None:
        """Say something at the bottom of the section."""
        status = self.widgets.statusLabel
        status.text = html.escape(text, quote=False)
        status.visible = bool(text)
        mark(status, kind)

    def _connect(self) -> None:
        w = self.widgets
        w.browseButton.connect("clicked(bool)", reported(lambda _on=False: self._browse()))
        w.folderLineEdit.connect("editingFinished()", reported(self._show_study))
        w.startButton.connect("clicked(bool)", reported(lambda _on=False: self._start()))
        w.backButton.connect("clicked(bool)", reported(lambda _on=False: self.turn(-1)))
        w.forthButton.connect("clicked(bool)", reported(lambda _on=False: self.turn(1)))
        w.pauseButton.connect("clicked(bool)", reported(lambda _on=False: self.press("pause")))
        w.closeButton.connect("clicked(bool)", reported(lambda _on=False: self.close()))
        w.aloneButton.connect("clicked(bool)", reported(lambda _on=False: self._show_alone(w.aloneButton.checked)))

    def _browse(self) -> None:
        folder = ask_for_folder(_("Choose the folder of a study"))
        if folder:
            self.widgets.folderLineEdit.text = folder
            self._show_study()

    def _start(self) -> None:
        try:
            self.open(self.widgets.folderLineEdit.text.strip(), self.widgets.readerComboBox.currentText)
        except CTEnhanceError as error:
            self.close()
            self.say(translated(str(error)), "refused")

    def _show_study(self) -> None:
        """Say what the chosen folder holds, and who may read it."""
        w = self.widgets
        w.startWidget.visible, w.readWidget.visible = not self.is_open, self.is_open
        folder = w.folderLineEdit.text.strip()
        study: dict[str, Any] | None = None
        if folder:
            from CTEnhanceLib.evaluation.reading.blind import read_blinded

            try:
                study, _sha256 = read_blinded(folder)
            except CTEnhanceError as error:
                self.say(translated(str(error)), "refused")
        before = w.readerComboBox.currentText
        w.readerComboBox.clear()
        for reader in study["readers"] if study else ():
            w.readerComboBox.addItem(reader)
        w.readerComboBox.currentIndex = max(0, w.readerComboBox.findText(before))
        w.startButton.enabled = study is not None
        parts = [f"<b>{html.escape(study['title'])}</b>", html.escape(study["instructions"])] if study else []
        parts += [quiet(html.escape(study["note"]))] if study else []
        w.introductionLabel.text = "<br>".join(part for part in parts if part)
        w.introductionLabel.visible = study is not None

    def _say_closed(self, session: ReadingSession) -> None:
        if session.finished:
            self.say(_("Everything is answered. The answers are in {path}.").format(path=session.path), "fit")
        else:
            self.say(
                _("{done} of {total} sets are done; the reading can be continued. The answers are in {path}.").format(
                    done=session.answered, total=len(session.pages), path=session.path
                )
            )

    def _show_images(self) -> None:
        """Show the images of this set; the first one that lacks an answer is chosen."""
        from CTEnhanceLib.evaluation.reading.blind import read_blinded_image
        from CTEnhanceLib.scene.reading.views import LetteredImage

        session, views = self.session, self.views
        if session is None or views is None:
            return
        planes = session.study["views"]
        plane = views.plane if views.plane in planes and views.views else planes[0]
        with slicer.util.WaitCursor():
            images = [
                LetteredImage(shown.letter, read_blinded_image(session.folder, session.study, shown.image))
                for shown in session.page.shown
            ]
            views.show(images, plane)
        self._chosen = session.page.images[0].letter
        self.questions.build(session.page)
        self._choose_next(None)

    def _show_page(self) -> None:
        """Make the widgets say where the reader is and what was answered."""
        session, views, w = self.session, self.views, self.widgets
        if session is None or views is None:
            return
        w.startWidget.visible, w.readWidget.visible = False, True
        w.placeLabel.text = _("<b>Set {place} of {total}</b>, {reader}").format(
            place=session.place + 1, total=len(session.pages), reader=html.escape(session.reader)
        )
        w.progressBar.maximum, w.progressBar.value = len(session.pages), session.answered
        w.progressBar.setFormat(_("%v of %m sets done"))
        running = not session.paused
        for widget in (w.questionsWidget, w.planesWidget, w.aloneButton, w.forthButton):
            widget.enabled = running
        w.backButton.enabled = running and session.place > 0
        last = session.place == len(session.pages) - 1
        w.forthButton.text = _("Finish") if last and session.finished else _("Next")
        w.pauseButton.checked = session.paused
        w.pauseButton.text = _("Go on") if session.paused else _("Pause")
        for plane, made in w.planeButtons.items():
            made.checked = plane == views.plane
        w.aloneButton.checked = views.alone
        self.questions.show(session.value, self._chosen)
        w.keysLabel.text = quiet(self._key_words())
        views.render()

    def _key_words(self) -> str:
        page = self.session.page if self.session is not None else None
        if page is None:
            return ""
        letters = f"{page.images[0].letter} - {page.images[-1].letter}"
        if any(question.type == "preference" for question in page.questions):
            does = _("{letters}: prefer that image").format(letters=letters)
        else:
            does = _("{letters}: choose an image, digits: answer for it").format(letters=letters)
        return _("Keys: {does}; Return: next; Backspace: back; V: other view; O: one at a time; P: pause.").format(
            does=does
        )

    def _make_plane_buttons(self, planes: list[str]) -> None:
        w = self.widgets
        for made in w.planeButtons.values():
            w.planesWidget.layout().removeWidget(made)
            made.hide()
            made.deleteLater()
        w.planeButtons = {}
        for plane in planes:
            made = button(_PLANE_WORDS[plane], f"readingPlane_{plane}", _("Key V: the next one."), checkable=True)
            made.connect("clicked(bool)", reported(lambda _on=False, plane=plane: self.look(plane)))
            w.planesWidget.layout().addWidget(made)
            w.planeButtons[plane] = made

    def _show_alone(self, alone: bool) -> None:
        if self.views is not None and self.session is not None and not self.session.paused:
            self.views.show_alone(alone)
            self._show_page()

    def _press_digit(self, digit: int) -> None:
        """Answer the first question about images that has buttons, for the chosen image."""
        assert self.session is not None
        slots = [slot for slot in self.questions.buttons if slot[1] == self._chosen]
        open_slots = [slot for slot in slots if self.session.value(*slot) is None]
        slot = next(iter(open_slots or slots), None)
        if slot is None:
            return
        values = list(self.questions.buttons[slot])
        if digit <= len(values):
            self.answer(slot[0], slot[1], values[digit - 1])

    def _press_letter(self, letter: str) -> None:
        assert self.session is not None
        asked = next((q for q in self.session.page.questions if q.type == "preference"), None)
        known = [shown.letter for shown in self.session.page.shown]
        if letter not in known:
            return
        if asked is not None and letter in [shown.letter for shown in self.session.page.images]:
            self.answer(asked.id, None, letter)
        self.choose(letter)

    def _choose_next(self, letter: str | None) -> None:
        """After an answer: stay with the image while it lacks one, else take the next that does."""
        assert self.session is not None
        missing = [slot for _question, slot in self.session.missing() if slot is not None]
        if letter is not None and letter in missing:
            return
        if missing:
            after = [other for other in missing if letter is not None and other > letter]
            self.choose((after or missing)[0])

    def _note_of(self, letter: str) -> str:
        """What stands beside a letter in its view: the grade given, or a mark at the preferred image."""
        session = self.session
        if session is None:
            return ""
        for question in session.page.questions:
            if question.type == "grade" and question.of == "image" and letter in self.questions.letters:
                value = session.value(question.id, letter)
                return "" if value is None else f"\u00b7 {value}"
            if question.type == "preference":
                return "\u00b7 preferred" if session.value(question.id) == letter else ""
        return ""
