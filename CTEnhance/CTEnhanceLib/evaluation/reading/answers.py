"""Answers of one reader on disk: one line each, on the disk before the next image is shown.

The file is JSON lines (schemas/reading_answers.schema.json). The first line names the study by its hash; every line
carries a mark that follows from all lines before it, so that a line that was changed, removed or brought from
another study is found. A line that was not written to its end, by a crash or a kill, is left out when the file is read
and cut off when it is continued; nothing before it can be lost.
"""

from __future__ import annotations

import hashlib
import json
import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from CTEnhanceLib.errors import InputRefusedError, OutputError, UsageError
from CTEnhanceLib.version import __version__

SCHEMA_VERSION = 1
SUFFIX = ".answers.jsonl"


class AnswerFile:
    """Answers of one reader, open for writing; begun anew or continued.

    Args:
        path: Of the file.
        study_sha256: Hash of the blinded study.
        reader: Name of the reader.
        simulated: Whether a program answers, not a person; the file says so.

    Raises:
        InputRefusedError: The file belongs to another study or reader, or was changed.
        UsageError: Another window writes to it.
        OutputError: It cannot be written.
    """

    def __init__(self, path: Path | str, study_sha256: str, reader: str, *, simulated: bool = False) -> None:
        self.path = Path(path)
        self.records: list[dict[str, Any]] = []
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        except OSError as error:
            raise OutputError(f"{self.path} cannot be written ({error.strerror}); choose another folder.") from error
        try:
            self._lock()
            self._mark = study_sha256
            self._continue_or_begin(study_sha256, reader, simulated)
        except BaseException:
            os.close(self._file)
            raise

    def append(self, record: dict[str, Any]) -> None:
        """Add a record; when this returns it is on the disk.

        Raises:
            OutputError: The disk is full or gone.
        """
        record = {**record, "at": datetime.now(timezone.utc).isoformat(timespec="milliseconds")}
        mark = _next_mark(self._mark, record)
        line = (json.dumps({**record, "mark": mark}, ensure_ascii=False) + "\n").encode("utf-8")
        try:
            while line:
                line = line[os.write(self._file, line) :]
            os.fsync(self._file)
        except OSError as error:
            raise OutputError(
                f"The answer could not be saved to {self.path} ({error.strerror}); make room there and answer again."
            ) from error
        self._mark = mark
        self.records.append(record)

    def close(self) -> None:
        """Release the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _continue_or_begin(self, study_sha256: str, reader: str, simulated: bool) -> None:
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if whole:
            header, self.records, self._mark = _parse(whole, self.path)
            if header["study_sha256"] != study_sha256 or header["reader"] != reader:
                raise InputRefusedError(
                    f"{self.path} holds answers of {header['reader']} to another study or of another reader: "
                    "choose another folder for the answers."
                )
        os.ftruncate(self._file, len(whole))
        os.lseek(self._file, 0, os.SEEK_END)
        if not whole:
            self.append(
                {
                    "type": "reading",
                    "schema_version": SCHEMA_VERSION,
                    "study_sha256": study_sha256,
                    "reader": reader,
                    "simulated": simulated,
                    "program": f"CTEnhance {__version__}",
                }
            )
            self.records.clear()
            _sync_folder(self.path.parent)

    def _lock(self) -> None:
        """One writer at a time; the system lets go of the lock however the process ends."""
        try:
            if os.name == "nt":
                import msvcrt

                os.lseek(self._file, 1 << 30, os.SEEK_SET)  # beyond the content, which stays readable
                msvcrt.locking(self._file, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
            else:
                import fcntl

                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UsageError(f"{self.path} is open in another window: finish or close the reading there.") from error


def answer_path(folder: Path | str, reader: str) -> Path:
    """Where a reader's answers lie in a folder."""
    return Path(folder) / f"{reader}{SUFFIX}"


def read_answers(path: Path | str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Read a file of answers.

    Returns:
        The first line, which names study and reader, and the records after it in the order of writing.

    Raises:
        InputRefusedError: It cannot be read, or was changed after it was written.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputRefusedError(
            f"{path} cannot be read ({error.strerror}); check its rights or copy it again."
        ) from error
    whole = content[: content.rfind(b"\n") + 1]
    if not whole:
        raise InputRefusedError(f"{path} holds no answers: the reading was never begun.")
    header, records, _ = _parse(whole, path)
    return header, records


def _parse(content: bytes, path: Path) -> tuple[dict[str, Any], list[dict[str, Any]], str]:
    header: dict[str, Any] | None = None
    records = []
    mark = ""
    for number, line in enumerate(content.decode("utf-8", "replace").split("\n")[:-1], start=1):
        try:
            record = json.loads(line)
            said = record.pop("mark")
            if header is None:
                header, mark = record, record["study_sha256"]
                fits = record["schema_version"] == SCHEMA_VERSION and record["type"] == "reading"
            else:
                records.append(record)
                fits = True
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputRefusedError(
                f"Line {number} of {path} is no answer ({error}): it was changed; bring the file back from a copy."
            ) from error
        mark = _next_mark(mark, record)
        if said != mark or not fits:
            raise InputRefusedError(
                f"Line {number} of {path} was changed, or lines before it are missing: bring the file back from a copy."
            )
    assert header is not None
    return header, records, mark


def _next_mark(before: str, record: dict[str, Any]) -> str:
    text = json.dumps(record, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(f"{before}\n{text}".encode()).hexdigest()[:16]


def _sync_folder(folder: Path) -> None:
    """A new file's name must be on the disk, too."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
