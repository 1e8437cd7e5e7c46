"""Plan of a blinded reading: sets of images in random order under numbers that tell nothing.

The questions about images and the preferences have sets and images of their own, so that a choice between computed
images does not tell which of the graded images were computed. What is what stands in the key alone.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from CTEnhanceLib.evaluation.reading.study import Question, Study

BLINDED_VERSION = 1
KEY_VERSION = 2
_TRIES = 200


def make_sets(study: Study) -> list[dict[str, Any]]:
    """Sets of images with their kinds: one of each case for the questions about images, one for each preference.

    Returns:
        One dictionary for each set: ``id``, ``case``, ``repeat_of`` (the id of the set it repeats, or None),
        ``questions``, ``images`` (kind by blinded image) and ``reference`` (blinded image and kind, or None).
    """
    rng = np.random.default_rng(study.seed)
    about_images = [question.id for question in study.questions if question.type != "preference"]
    again = sorted(rng.permutation(len(study.cases))[: study.repeats].tolist())
    sets: list[dict[str, Any]] = []
    if about_images:
        sets += _numbered("C", study, again, about_images, list(study.kinds), None, rng)
    letters = "PQRSTUVWXYZ"
    preferences = [question for question in study.questions if question.type == "preference"]
    for letter, question in zip(letters, preferences):
        sets += _numbered(letter, study, again, [question.id], list(question.between), question.beside, rng)
    return sets


def _numbered(
    letter: str,
    study: Study,
    again: list[int],
    questions: list[str],
    kinds: list[str],
    beside: str | None,
    rng: np.random.Generator,
) -> list[dict[str, Any]]:
    shown = [(number, False) for number in range(len(study.cases))] + [(number, True) for number in again]
    digits = len(str(len(shown)))
    first: dict[int, str] = {}
    sets = []
    order = rng.permutation(len(shown)).tolist()
    names = {place: f"{letter}{number:0{digits}d}" for number, place in enumerate(order, start=1)}
    for place, (case, repeated) in enumerate(shown):
        name = names[place]
        order_of_kinds = [kinds[i] for i in rng.permutation(len(kinds))]
        sets.append(
            {
                "id": name,
                "case": study.cases[case].name,
                "repeat_of": first[case] if repeated else None,
                "questions": questions,
                "images": {f"{name}-{index}": kind for index, kind in enumerate(order_of_kinds, start=1)},
                "reference": {f"{name}-R": beside} if beside else None,
            }
        )
        first.setdefault(case, name)
    return sorted(sets, key=lambda one: one["id"])


def reading_order(study: Study, sets: list[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    """What one reader sees: the sets about images, then the preferences, each in an order of their own.

    Args:
        study: gives the seed.
        sets: of `make_sets`.
        number: the reader's place among the readers.

    Returns:
        For each set its ``set`` and its ``images`` in the order of the letters A, B, C, ...
    """
    rng = np.random.default_rng((study.seed, number))
    parts: dict[str, list[dict[str, Any]]] = {}
    for one in sets:
        parts.setdefault(one["id"][0], []).append(one)
    order = []
    for part in parts.values():
        tries = [rng.permutation(len(part)).tolist() for _ in range(_TRIES if _repeats(part) else 1)]
        chosen = max(tries, key=lambda places, part=part: _distance_of_repeats([part[i] for i in places]))  # type: ignore[misc]
        order += [part[i] for i in chosen]
    return [{"set": one["id"], "images": rng.permutation(list(one["images"])).tolist()} for one in order]


def _repeats(sets: list[dict[str, Any]]) -> int:
    return sum(one["repeat_of"] is not None for one in sets)


def _distance_of_repeats(sets: list[dict[str, Any]]) -> int:
    """Fewest sets from a set to its repetition: the more lie between, the less is remembered."""
    place = {one["id"]: index for index, one in enumerate(sets)}
    between = [abs(place[one["id"]] - place[one["repeat_of"]]) for one in sets if one["repeat_of"]]
    return min(between, default=0)


def blinded(study: Study, sets: list[dict[str, Any]], sha256: Mapping[str, str]) -> dict[str, Any]:
    """What readers get (schemas/reading_blinded.schema.json): no kind, no name of a case.

    Args:
        study: as meant.
        sets: of `make_sets`.
        sha256: of the file of each blinded image.
    """
    return {
        "schema_version": BLINDED_VERSION,
        "title": study.title,
        "instructions": study.instructions,
        "views": list(study.views),
        "window": {"low": study.window.low, "high": study.window.high, "free": study.window.free},
        "note": grid_note(study),
        "questions": [_blinded_question(question) for question in study.questions],
        "sets": [
            {
                "id": one["id"],
                "questions": one["questions"],
                "images": list(one["images"]),
                "reference": next(iter(one["reference"])) if one["reference"] else None,
            }
            for one in sets
        ],
        "files": {image: {"sha256": sha256[image]} for image in sorted(sha256)},
        "readers": {reader: reading_order(study, sets, number) for number, reader in enumerate(study.readers)},
    }


def _blinded_question(question: Question) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "id": question.id,
        "type": question.type,
        "text": question.text,
        "of": "set" if question.type == "preference" else question.of,
        "words": list(question.words),
        "required": question.required,
    }
    if question.type == "number":
        plain.update(low=question.low, high=question.high, unit=question.unit)
    return plain


def grid_note(study: Study) -> str:
    """How the images were made alike, in a sentence for readers and reports."""
    how = {
        "nearest": "voxels are repeated, not interpolated",
        "linear": "voxels in between are interpolated linearly",
    }[study.resampling]
    return f"All images of a set are shown on one grid, the finest among them, cropped to their common part; {how}."


def make_key(study: Study, sets: list[dict[str, Any]], study_sha256: str) -> dict[str, Any]:
    """What is what (schemas/reading_key.schema.json); it stays with whoever runs the study.

    Args:
        study: The study.
        sets: Its sets, with what each image is.
        study_sha256: Of the readers' study file.
    """
    return {"schema_version": KEY_VERSION, "study_sha256": study_sha256, "study": study.to_json(), "sets": sets}


def to_text(plain: dict[str, Any]) -> str:
    """JSON as it is written: the hash of a study is that of these bytes."""
    return json.dumps(plain, indent=1, ensure_ascii=False) + "\n"


def text_sha256(text: str) -> str:
    """Hash of a text's UTF-8 bytes."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
