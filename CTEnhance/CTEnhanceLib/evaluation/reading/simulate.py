"""A simulated reader: a program that answers a study, to try the whole way without people.

Its answers say nothing about images. It sees what the key says: how far each image is from the true one, blurred by
its own unsteadiness.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from CTEnhanceLib.ct.intensity import BONE_ABOVE_HU
from CTEnhanceLib.errors import UsageError
from CTEnhanceLib.evaluation.reading.blind import read_blinded_image
from CTEnhanceLib.evaluation.reading.session import ReadingSession

if TYPE_CHECKING:
    from CTEnhanceLib.evaluation.reading.study import Question

TRUE_KINDS = ("true", "thin")


def simulate(
    folder: Path | str,
    key: dict[str, Any],
    reader: str,
    *,
    answers: Path | str | None = None,
    seed: int = 0,
    unsteadiness: float = 0.12,
) -> Path:
    """Answer every question of a study as a program; the file of answers says that it was one.

    Args:
        folder: of the readers.
        key: of the study.
        reader: whose place the program takes.
        answers: folder of the answers; ``answers`` in the study's folder when left out.
        seed: of the reader's unsteadiness.
        unsteadiness: standard deviation of what is added to the error before grading, as a share of its range.

    Returns:
        The file of answers.

    Raises:
        UsageError: the study has no true kind to compare with, or no such reader.
    """
    kinds = key["study"]["kinds"]
    true = next((kind for kind in TRUE_KINDS if kind in kinds), None)
    if true is None:
        raise UsageError(f"A simulated reader needs a kind called {' or '.join(TRUE_KINDS)}, not {', '.join(kinds)}.")
    rng = np.random.default_rng(seed)
    session = ReadingSession(folder, reader, answers, simulated=True)
    try:
        errors = _errors(session, key, true)
        limits = _limits(errors, key["sets"])
        while True:
            session.resume()
            spread = unsteadiness * (limits[1] - limits[0])
            seen = {name: errors[name] + float(rng.normal(0, spread)) for name in _images(session)}
            for question, letter in session.missing():
                session.answer(question.id, letter, _answer(session, question, letter, seen, limits))
            if session.place == len(session.pages) - 1:
                return session.path
            session.forth()
    finally:
        session.close()


def _images(session: ReadingSession) -> list[str]:
    return [shown.image for shown in session.page.images]


def _errors(session: ReadingSession, key: dict[str, Any], true: str) -> dict[str, float]:
    """Logarithm of each image's RMS difference from the true one in bone, HU."""
    truth: dict[str, np.ndarray] = {}
    images: dict[str, list[str]] = defaultdict(list)
    for one in key["sets"]:
        for image, kind in one["images"].items():
            images[one["case"]].append(image)
            if kind == true and one["case"] not in truth:
                truth[one["case"]] = _voxels(session, image)
    found = {}
    for case, names in images.items():
        bone = truth[case] > BONE_ABOVE_HU
        for name in names:
            difference = (_voxels(session, name) - truth[case])[bone]
            found[name] = float(np.log(np.sqrt(np.mean(difference**2)) + 1.0))
    return found


def _voxels(session: ReadingSession, image: str) -> np.ndarray:
    import SimpleITK as sitk

    return sitk.GetArrayFromImage(read_blinded_image(session.folder, session.study, image)).astype(np.float32)


def _limits(errors: dict[str, float], sets: list[dict[str, Any]]) -> tuple[float, float]:
    """Over this range the grades are spread: the best image that is not the true one lies a third above its lower end.

    Both ends are medians over sets.
    """
    best = float(np.median([min(errors[i] for i in one["images"] if errors[i] > 0) for one in sets]))
    worst = float(np.median([max(errors[i] for i in one["images"]) for one in sets]))
    return best - 0.5 * (worst - best), worst


def _answer(
    session: ReadingSession, question: Question, letter: str | None, seen: dict[str, float], limits: tuple[float, float]
) -> Any:
    page = session.page
    if question.type == "preference":
        best = min(page.images, key=lambda shown: seen[shown.image])
        return best.letter
    share = 0.5
    if letter is not None:
        low, high = limits
        share = float(np.clip((seen[page.image(letter)] - low) / max(high - low, 1e-6), 0, 1))
    if question.type == "grade":
        return 1 + round(share * (len(question.words) - 1))
    if question.type == "choice":
        return question.words[round(share * (len(question.words) - 1))]
    if question.type == "number":
        low, high = question.low or 0.0, question.high if question.high is not None else 1.0
        return round(low + share * (high - low), 2)
    return "simulated"
