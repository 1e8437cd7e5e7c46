"""The study file: which cases in which kinds of image, how they are shown, what is asked, who reads.

It is JSON (schemas/reading_study.schema.json), written by hand, by `ctenhance reading define`, or by the panel. It
names the kinds, so it stays with whoever runs the study; readers get the blinded file that `plan` makes of it.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CTEnhanceLib.errors import InputRefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

SCHEMA_VERSION = 1
VIEWS = ("axial", "coronal", "sagittal", "3d")
RESAMPLING = ("nearest", "linear")
TYPES = ("grade", "preference", "choice", "number", "text")
MEASURED_KINDS = ("thick", "thin", "true")
MOST_IMAGES = 8

GRADE_WORDS = ("highest quality", "high", "low", "lowest quality")
GRADE_TEXT = "Quality of resolution"
PREFERENCE_TEXT = "Which image looks more like a CT of thin slices?"
BESIDE_TEXT = "Which image is nearer to the reference R?"


@dataclass(frozen=True)
class Question:
    """One question to the reader.

    Attributes:
        id: its name in answers and tables.
        type: one of `TYPES`.
        text: what the reader is asked.
        of: ``image`` (asked for each image of a set) or ``set``; a preference is always of the set.
        words: meaning of the grades 1, 2, ... (grade), or what can be chosen (choice).
        between: the two kinds a preference is between; they are shown in a set of their own.
        beside: a kind shown beside them as the reference R, or None.
        low, high, unit: limits of a number, and its unit.
        required: whether the reader must answer before going on.
    """

    id: str
    type: str
    text: str
    of: str = "image"
    words: tuple[str, ...] = ()
    between: tuple[str, ...] = ()
    beside: str | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    required: bool = True

    def check(self, value: Any) -> Any:
        """The answer as it is kept.

        Args:
            value: A whole number (grade), one of the words (choice), a number, a text, or an image (preference).

        Raises:
            UsageError: It is no answer to this question.
        """
        if self.type == "grade":
            if isinstance(value, bool) or value not in range(1, len(self.words) + 1):
                raise UsageError(f"{value!r} is no grade: give a whole number from 1 to {len(self.words)}.")
            return int(value)
        if self.type == "choice" and value not in self.words:
            raise UsageError(f"{value!r} cannot be chosen: choose one of {', '.join(self.words)}.")
        if self.type == "number":
            return self._number(value)
        return str(value)

    def _number(self, value: Any) -> float:
        try:
            number = float(value)
        except (TypeError, ValueError) as error:
            raise UsageError(f"{value!r} is no number: give one for '{self.text}'.") from error
        too_low = self.low is not None and number < self.low
        too_high = self.high is not None and number > self.high
        if math.isnan(number) or too_low or too_high:
            raise UsageError(f"{number:g} is no answer to '{self.text}': give {self._range}.")
        return number

    @property
    def _range(self) -> str:
        low, high = (None if limit is None else f"{limit:g}" for limit in (self.low, self.high))
        if low is None or high is None:
            return f"at least {low}" if low is not None else f"at most {high}" if high is not None else "a number"
        return f"{low} to {high}"


@dataclass(frozen=True)
class Case:
    """One case: its name and the file of each kind of image ("thick", "true", "method1", ...)."""

    name: str
    files: dict[str, str]


@dataclass(frozen=True)
class Window:
    """Grey scale, HU, and whether readers may change it."""

    low: float = -200.0
    high: float = 1300.0
    free: bool = False


@dataclass(frozen=True)
class Study:
    """A blinded reading as it is meant.

    Attributes:
        title: what readers see above it.
        kinds: kinds of image; every case has a file of each.
        cases: what is read.
        questions: what is asked.
        readers: names of the readers; each gets an order of their own.
        views: what readers can look at, the first one to begin with (`VIEWS`).
        window: grey scale.
        resampling: how images are brought onto one grid (`RESAMPLING`), so that no slice count tells the kind.
        repeats: how many cases are shown twice, for the agreement of a reader with themselves.
        seed: everything random follows from it.
        instructions: what readers see before the first set.
    """

    title: str
    kinds: tuple[str, ...]
    cases: tuple[Case, ...]
    questions: tuple[Question, ...]
    readers: tuple[str, ...] = ("reader1", "reader2")
    views: tuple[str, ...] = ("axial", "coronal", "3d")
    window: Window = field(default_factory=Window)
    resampling: str = "nearest"
    repeats: int = 0
    seed: int = 0
    instructions: str = ""

    def __post_init__(self) -> None:
        _check_cases(self)
        _check_questions(self)
        _check_showing(self)

    def to_json(self) -> dict[str, Any]:
        """As schemas/reading_study.schema.json has it."""
        plain: dict[str, Any] = {"schema_version": SCHEMA_VERSION, **asdict(self)}
        plain["questions"] = [_without_defaults(question) for question in self.questions]
        return json.loads(json.dumps(plain))  # tuples become lists

    def question(self, name: str) -> Question:
        """A question by its id."""
        return next(question for question in self.questions if question.id == name)


def default_questions(
    kinds: Sequence[str], choose: Sequence[Sequence[str]] | None = None, beside: str | None = None
) -> tuple[Question, ...]:
    """The thesis' questions: a grade 1-4 of each image, and which of two images is nearer to thin slices.

    Args:
        kinds: of the study.
        choose: pairs of kinds to choose between; the two kinds that were not measured, where there are just two.
        beside: kind shown beside the pair as the reference; the true thin slices where there are some.
    """
    computed = [kind for kind in kinds if kind not in MEASURED_KINDS]
    if choose is None:
        choose = [computed] if len(computed) == 2 else []
    if beside is None:
        beside = next((kind for kind in ("true", "thin") if kind in kinds), None)
    questions = [Question("grade", "grade", GRADE_TEXT, words=GRADE_WORDS)]
    for number, pair in enumerate(choose, start=1):
        shown = None if beside in pair else beside
        text = BESIDE_TEXT if shown else PREFERENCE_TEXT
        name = "preference" if len(choose) == 1 else f"preference{number}"
        questions.append(Question(name, "preference", text, of="set", between=tuple(pair), beside=shown))
    return tuple(questions)


def read_study(path: Path | str) -> Study:
    """Read a study file; paths of images in it are taken from its folder.

    Raises:
        InputRefusedError: it is not there, no study file of this version, or an image is missing.
        UsageError: what it says does not fit together.
    """
    path = Path(path)
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        version = plain.pop("schema_version")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputRefusedError(f"{path} cannot be read as a study file ({error}): see docs/reading.md.") from error
    if version != SCHEMA_VERSION:
        raise InputRefusedError(f"{path} is a study file of version {version}: this program reads {SCHEMA_VERSION}.")
    return study_from_json(plain, path.absolute().parent)


def study_from_json(plain: dict[str, Any], folder: Path | None = None) -> Study:
    """A study from its JSON.

    Args:
        plain: as in the schema; the version may be missing.
        folder: where relative paths begin; None does not look for the files.

    Raises:
        InputRefusedError: a name is unknown or missing, or an image is not there.
        UsageError: what it says does not fit together.
    """
    given = {name: value for name, value in plain.items() if name != "schema_version"}
    known = {item.name for item in fields(Study)}
    if set(given) - known:
        raise InputRefusedError(f"The study file has an entry {min(set(given) - known)!r}: it knows {sorted(known)}.")
    try:
        given["cases"] = tuple(Case(case["name"], dict(case["files"])) for case in given["cases"])
        given["questions"] = tuple(question_of(question) for question in given["questions"])
        given["window"] = Window(**given.get("window", {}))
        for name in ("kinds", "readers", "views"):
            if name in given:
                given[name] = tuple(given[name])
        study = Study(**given)
    except (KeyError, TypeError) as error:
        raise InputRefusedError(f"The study file is not complete ({error}): see docs/reading.md.") from error
    return study if folder is None else _found(study, folder)


def question_of(plain: dict[str, Any]) -> Question:
    """Give the question that a study file holds; lists become tuples."""
    given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
    return Question(**given)


def _without_defaults(question: Question) -> dict[str, Any]:
    named = {item.name: item.default for item in fields(Question)}
    return {name: value for name, value in asdict(question).items() if value != named[name]}


def _found(study: Study, folder: Path) -> Study:
    cases = []
    for case in study.cases:
        files = {}
        for kind, value in case.files.items():
            files[kind] = found_file(value, folder)
            if not files[kind]:
                raise InputRefusedError(
                    f"Case {case.name!r} gives {value!r} for {kind!r}, which does not exist: correct the path."
                )
        cases.append(Case(case.name, files))
    return Study(**{**{item.name: getattr(study, item.name) for item in fields(study)}, "cases": tuple(cases)})


def found_file(value: str, folder: Path) -> str:
    """The path of an image that is given from a folder or absolutely; empty where there is none."""
    found = next((p for p in (folder / value, Path(value)) if value and p.exists()), None)
    return str(found) if found is not None else ""


def _check_cases(study: Study) -> None:
    if len(study.kinds) < 2 or len(set(study.kinds)) != len(study.kinds):
        raise UsageError(f"A study needs two or more different kinds of image, not {', '.join(study.kinds) or 'none'}.")
    if len(study.kinds) > MOST_IMAGES:
        raise UsageError(f"{len(study.kinds)} kinds do not fit on a screen: compare {MOST_IMAGES} at most.")
    names = [case.name for case in study.cases]
    if not names or len(set(names)) != len(names):
        raise UsageError("A study needs cases, each with a name of its own.")
    for case in study.cases:
        if set(case.files) != set(study.kinds):
            raise UsageError(f"Case {case.name!r} needs one file of each kind: {', '.join(study.kinds)}.")
    for reader in study.readers:
        if not reader or Path(reader).name != reader or study.readers.count(reader) > 1:
            raise UsageError(f"{reader!r} cannot name a reader: give each reader a short name of their own.")
    if not study.readers:
        raise UsageError("A study needs readers: name at least one.")


def _check_questions(study: Study) -> None:
    names = [question.id for question in study.questions]
    if not names or len(set(names)) != len(names):
        raise UsageError("A study needs questions, each with an id of its own.")
    for question in study.questions:
        if question.type not in TYPES:
            raise UsageError(f"A question cannot be of the type {question.type!r}: choose one of {', '.join(TYPES)}.")
        if question.of not in ("image", "set"):
            raise UsageError(f"Question {question.id!r} is of {question.of!r}: write image or set.")
        if question.type in ("grade", "choice") and len(question.words) < 2:
            raise UsageError(f"Question {question.id!r} needs two or more words to choose from.")
        if question.type == "preference":
            _check_preference(question, study.kinds)


def _check_preference(question: Question, kinds: Sequence[str]) -> None:
    between = question.between
    if len(between) != 2 or len(set(between) & set(kinds)) != 2:
        raise UsageError(
            f"Readers choose between two of the kinds {', '.join(kinds)}, not {', '.join(between) or 'none'}."
        )
    if question.beside is not None and (question.beside not in kinds or question.beside in between):
        raise UsageError(f"{question.beside!r} cannot be shown as the reference of a choice between {between}.")


def _check_showing(study: Study) -> None:
    if not study.views or set(study.views) - set(VIEWS):
        raise UsageError(f"A study shows some of the views {', '.join(VIEWS)}, not {', '.join(study.views) or 'none'}.")
    if study.resampling not in RESAMPLING:
        raise UsageError(f"Images are resampled {' or '.join(RESAMPLING)}, not {study.resampling!r}.")
    if study.window.high <= study.window.low:
        raise UsageError(f"The window runs from {study.window.low:g} to {study.window.high:g} HU: give low and high.")
    if not 0 <= study.repeats <= len(study.cases):
        raise UsageError(f"{study.repeats} of {len(study.cases)} cases cannot be shown twice.")
