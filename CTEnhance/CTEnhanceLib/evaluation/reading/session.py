"""One reader's way through a blinded study: page after page, back and forth, with pauses, resumed where it stopped.

Nothing of it knows how images are shown: the panel, a script or a test shows `page` and hands in answers.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from CTEnhanceLib.errors import UsageError
from CTEnhanceLib.evaluation.reading.answers import AnswerFile, answer_path
from CTEnhanceLib.evaluation.reading.blind import image_path, read_blinded
from CTEnhanceLib.evaluation.reading.study import Question, question_of

ANSWERS = "answers"
LETTERS = "ABCDEFGH"
REFERENCE_LETTER = "R"


@dataclass(frozen=True)
class ShownImage:
    """An image as the reader knows it: a letter. `image` is its blinded number, `path` its file."""

    letter: str
    image: str
    path: Path


@dataclass(frozen=True)
class Page:
    """One set as it is shown.

    Attributes:
        name: blinded number of the set.
        images: in the order of their letters.
        reference: the image R that a preference is measured by, or None.
        questions: what is asked of it.
    """

    name: str
    images: tuple[ShownImage, ...]
    reference: ShownImage | None
    questions: tuple[Question, ...]

    @property
    def shown(self) -> tuple[ShownImage, ...]:
        """All images to show, the reference first."""
        return (self.reference, *self.images) if self.reference is not None else self.images

    def image(self, letter: str) -> str:
        """Blinded number of the image under a letter.

        Raises:
            UsageError: there is no such letter here.
        """
        found = next((shown.image for shown in self.images if shown.letter == letter), None)
        if found is None:
            raise UsageError(f"There is no image {letter!r} here: choose {self.images[0].letter} to {self._last}.")
        return found

    def slots(self) -> list[tuple[Question, str | None]]:
        """Everything that can be answered here: questions with a letter, or with None where they are of the set."""
        of_images = [(q, shown.letter) for q in self.questions if q.of == "image" for shown in self.images]
        return [*of_images, *((q, None) for q in self.questions if q.of == "set")]

    @property
    def _last(self) -> str:
        return self.images[-1].letter


class ReadingSession:
    """A reader at work; every answer is on the disk when `answer` returns.

    Args:
        folder: The readers' folder of the study.
        reader: One of its readers.
        answers: Folder of the answers; ``answers`` in the study's folder when left out.
        simulated: Whether a program answers.
        clock: Seconds, ever growing; for the time each set takes.

    Raises:
        UsageError: The study has no such reader, or another window has it open.
        InputRefusedError: The study or the answers cannot be read, or do not belong together.
    """

    def __init__(
        self,
        folder: Path | str,
        reader: str,
        answers: Path | str | None = None,
        *,
        simulated: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder, self.reader, self._clock = Path(folder), reader, clock
        self.study, self.study_sha256 = read_blinded(folder)
        if reader not in self.study["readers"]:
            known = ", ".join(self.study["readers"])
            raise UsageError(f"This study has no reader {reader!r}: choose one of {known}.")
        self.questions = {plain["id"]: question_of(plain) for plain in self.study["questions"]}
        self.pages = self._pages()
        path = answer_path(answers if answers is not None else self.folder / ANSWERS, reader)
        self._file = AnswerFile(path, self.study_sha256, reader, simulated=simulated)
        self._values: dict[tuple[str, str, str | None], Any] = {}
        for record in self._file.records:
            if record["type"] == "answer":
                self._values[record["set"], record["question"], record["image"]] = record["value"]
        self.place = next((i for i, page in enumerate(self.pages) if self.missing(page)), len(self.pages) - 1)
        self._since: float | None = None

    @property
    def page(self) -> Page:
        """The set that is to be shown now."""
        return self.pages[self.place]

    @property
    def path(self) -> Path:
        """The file of answers."""
        return self._file.path

    @property
    def paused(self) -> bool:
        """Whether the time stands still: before the first page was shown, and in a pause."""
        return self._since is None

    @property
    def finished(self) -> bool:
        """Whether every required question of every set is answered."""
        return not any(self.missing(page) for page in self.pages)

    @property
    def answered(self) -> int:
        """How many sets are complete."""
        return sum(not self.missing(page) for page in self.pages)

    def value(self, question: str, letter: str | None = None) -> Any:
        """The answer given on this page, or None."""
        image = None if letter is None else self.page.image(letter)
        value = self._values.get((self.page.name, question, image))
        if value is not None and self.questions[question].type == "preference":
            return next(shown.letter for shown in self.page.images if shown.image == value)
        return value

    def answer(self, question: str, letter: str | None, value: Any) -> None:
        """Keep an answer; a later one to the same question takes its place.

        Args:
            question: Id of the question.
            letter: The image's letter; None where the question is of the whole set.
            value: A grade, one of the words, a number, a text; for a preference the letter of the image.

        Raises:
            UsageError: The question is not asked here, or the value is no answer to it.
            OutputError: It could not be saved.
        """
        asked = next((q for q in self.page.questions if q.id == question), None)
        if asked is None or (asked.of == "image") != (letter is not None):
            raise UsageError(f"Question {question!r} is not asked of {letter or 'the set'} here.")
        image = None if letter is None else self.page.image(letter)
        kept = self.page.image(value) if asked.type == "preference" else asked.check(value)
        if self._values.get((self.page.name, question, image)) == kept:
            return
        self._file.append(
            {
                "type": "answer",
                "set": self.page.name,
                "image": image,
                "question": question,
                "value": kept,
                "seconds": self._lap(),
            }
        )
        self._values[self.page.name, question, image] = kept

    def missing(self, page: Page | None = None) -> list[tuple[Question, str | None]]:
        """Required questions of a page (of this one when left out) that have no answer yet, with their letters."""
        page = page or self.page
        return [
            (question, letter)
            for question, letter in page.slots()
            if question.required
            and (page.name, question.id, None if letter is None else page.image(letter)) not in self._values
        ]

    def forth(self) -> None:
        """Go to the next set.

        Raises:
            UsageError: An answer is missing here, or this is the last set.
        """
        missing = self.missing()
        if missing:
            question, letter = missing[0]
            where = f"Image {letter} has" if letter else "This set has"
            raise UsageError(f"{where} no answer yet to '{question.text}': answer before going on.")
        if self.place == len(self.pages) - 1:
            raise UsageError("This is the last set.")
        self._turn_to(self.place + 1)

    def back(self) -> None:
        """Go to the set before; answers can be changed there.

        Raises:
            UsageError: This is the first set.
        """
        if self.place == 0:
            raise UsageError("This is the first set.")
        self._turn_to(self.place - 1)

    def resume(self) -> None:
        """Let the time of this set run: it is on show."""
        if self._since is None:
            self._since = self._clock()

    def pause(self) -> None:
        """Stop the time."""
        if self._since is not None:
            self._keep_time()
            self._since = None

    def close(self) -> None:
        """Stop the time and release the file."""
        self.pause()
        self._file.close()

    def _turn_to(self, place: int) -> None:
        was_running = not self.paused
        self.pause()
        self.place = place
        if was_running:
            self.resume()

    def _lap(self) -> float:
        if self._since is None:
            return 0.0
        now = self._clock()
        seconds, self._since = now - self._since, now
        return round(seconds, 2)

    def _keep_time(self) -> None:
        seconds = self._lap()
        if seconds >= 0.01:
            self._file.append({"type": "time", "set": self.page.name, "seconds": seconds})

    def _pages(self) -> list[Page]:
        sets = {one["id"]: one for one in self.study["sets"]}
        return [self._page(sets[entry["set"]], entry["images"]) for entry in self.study["readers"][self.reader]]

    def _page(self, one: dict[str, Any], images: list[str]) -> Page:
        shown = tuple(self._shown(letter, image) for letter, image in zip(LETTERS, images))
        reference = self._shown(REFERENCE_LETTER, one["reference"]) if one["reference"] else None
        return Page(one["id"], shown, reference, tuple(self.questions[name] for name in one["questions"]))

    def _shown(self, letter: str, image: str) -> ShownImage:
        return ShownImage(letter, image, image_path(self.folder, image))
