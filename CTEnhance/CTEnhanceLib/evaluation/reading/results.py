"""What readers answered, from files of answers, merged results or filled-in sheets; checked against the key."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CTEnhanceLib.errors import InputRefusedError
from CTEnhanceLib.evaluation.reading.answers import SUFFIX, read_answers
from CTEnhanceLib.evaluation.reading.blind import STUDY_FILE, read_blinded
from CTEnhanceLib.evaluation.reading.plan import text_sha256
from CTEnhanceLib.evaluation.reading.session import ANSWERS
from CTEnhanceLib.evaluation.reading.sheets import Place, has_sheets, read_sheets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class ReaderAnswers:
    """Answers of one reader to one study.

    Attributes:
        reader: name.
        study_sha256: hash of the blinded study they belong to.
        values: answer by set, question and image (None for a question of the set).
        seconds: time spent on each set.
        simulated: whether a program answered.
        source: where they were read from, for messages.
    """

    reader: str
    study_sha256: str
    values: dict[Place, Any]
    seconds: dict[str, float] = field(default_factory=dict)
    simulated: bool = False
    source: str = ""


def from_records(header: dict[str, Any], records: Sequence[dict[str, Any]], source: str = "") -> ReaderAnswers:
    """Answers from the records of a file; the last one to a question counts.

    Args:
        header: First line of the file: study and reader.
        records: The other lines, in their order.
        source: What an error calls the file.
    """
    values: dict[Place, Any] = {}
    seconds: dict[str, float] = defaultdict(float)
    for record in records:
        seconds[record["set"]] += record["seconds"]
        if record["type"] == "answer":
            values[record["set"], record["question"], record["image"]] = record["value"]
    return ReaderAnswers(
        header["reader"], header["study_sha256"], values, dict(seconds), bool(header["simulated"]), source
    )


def read_results(paths: Sequence[Path | str]) -> list[ReaderAnswers]:
    """Read the answers of all readers.

    Args:
        paths: files of answers, merged results, or folders with such files or filled-in sheets; the ``answers`` in a
            study's folder are found too.

    Raises:
        InputRefusedError: there are none, one cannot be read, or two files of one reader differ.
    """
    by_reader: dict[str, ReaderAnswers] = {}
    for path in paths:
        for found in _read_one(Path(path)):
            other = by_reader.get(found.reader)
            if other is not None and (other.values, other.study_sha256) != (found.values, found.study_sha256):
                raise InputRefusedError(
                    f"{other.source} and {found.source} hold different answers of {found.reader}: give one of them."
                )
            by_reader.setdefault(found.reader, found)
    if not by_reader:
        raise InputRefusedError(
            f"{', '.join(map(str, paths))} holds no answers: give the folder in which the readers read."
        )
    return [by_reader[reader] for reader in sorted(by_reader)]


def require_of(key: dict[str, Any], results: Sequence[ReaderAnswers]) -> None:
    """Refuse answers that were not given to this study, or not to its end.

    Raises:
        InputRefusedError: with the reader, and what is missing.
    """
    for found in results:
        if found.study_sha256 != key["study_sha256"]:
            raise InputRefusedError(
                f"The answers of {found.reader} ({found.source}) belong to another study "
                f"({found.study_sha256[:12]}, the key is of {key['study_sha256'][:12]}): give the key of theirs."
            )
        missing = [place for place in _required(key) if place not in found.values]
        if missing:
            one, question, image = missing[0]
            raise InputRefusedError(
                f"{found.reader} has not finished: {len(missing)} answers are missing, the first is {question!r} of "
                f"{image or one}."
            )


def merged_text(results: Sequence[ReaderAnswers]) -> str:
    """Several readers' answers as one JSON file (schemas/reading_results.schema.json), marked against changes.

    Raises:
        InputRefusedError: they belong to different studies.
    """
    first = results[0]
    for found in results:
        if found.study_sha256 != first.study_sha256:
            raise InputRefusedError(
                f"{first.source} and {found.source} belong to different studies: merge answers to one study."
            )
    plain: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "study_sha256": first.study_sha256,
        "readers": [
            {
                "reader": found.reader,
                "simulated": found.simulated,
                "answers": [
                    {"set": one, "question": question, "image": image, "value": value}
                    for (one, question, image), value in found.values.items()
                ],
                "seconds": found.seconds,
            }
            for found in results
        ],
    }
    plain["mark"] = _mark(plain)
    return json.dumps(plain, indent=1, ensure_ascii=False) + "\n"


def _read_one(path: Path) -> Iterator[ReaderAnswers]:
    if path.is_dir():
        for folder in (path, path / ANSWERS):
            for file in sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else ():
                yield from_records(*read_answers(file), source=str(file))
        if (path / STUDY_FILE).is_file():
            yield from _from_sheets(path)
    elif path.name.endswith(SUFFIX):
        yield from_records(*read_answers(path), source=str(path))
    else:
        yield from _from_merged(path)


def _from_sheets(folder: Path) -> Iterator[ReaderAnswers]:
    study, sha256 = read_blinded(folder)
    for reader in study["readers"]:
        if has_sheets(folder, reader):
            yield ReaderAnswers(reader, sha256, read_sheets(folder, study, reader), source=f"{reader}'s sheets")


def _from_merged(path: Path) -> Iterator[ReaderAnswers]:
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        said = plain.pop("mark")
        version, readers, sha256 = plain["schema_version"], plain["readers"], plain["study_sha256"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputRefusedError(f"{path} cannot be read as results ({error}): give what merge wrote.") from error
    if version != SCHEMA_VERSION or said != _mark(plain):
        raise InputRefusedError(f"{path} was changed after merge wrote it, or is of another version: merge again.")
    for one in readers:
        values = {(a["set"], a["question"], a["image"]): a["value"] for a in one["answers"]}
        yield ReaderAnswers(one["reader"], sha256, values, one["seconds"], one["simulated"], str(path))


def _required(key: dict[str, Any]) -> Iterator[Place]:
    questions = {question["id"]: question for question in key["study"]["questions"]}
    for one in key["sets"]:
        for name in one["questions"]:
            question = questions[name]
            if not question.get("required", True):
                continue
            if question["type"] != "preference" and question.get("of", "image") == "image":
                yield from ((one["id"], name, image) for image in one["images"])
            else:
                yield (one["id"], name, None)


def _mark(plain: dict[str, Any]) -> str:
    return text_sha256(json.dumps(plain, sort_keys=True, ensure_ascii=False))[:16]
