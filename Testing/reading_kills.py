"""Kills a process that reads a study, with signal 9 at a random moment, and counts the answers that are gone.

The process says on its standard output which answer it is about to give and which one it has given. Everything given
has to be on the disk; of what was about to be given at most one answer can be missing.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from CTEnhanceLib.evaluation.reading.answers import answer_path, read_answers

READER = """
import os, sys, time
from CTEnhanceLib.evaluation.reading.session import ReadingSession
say = lambda word: os.write(1, (word + "\\n").encode())
session = ReadingSession(sys.argv[1], sys.argv[2])
session.resume()
say("ready")
number = 0
while True:
    for question, letter in session.page.slots():
        if question.type != "grade":
            continue
        value = 1 + (number // 4) % 4
        if session.value(question.id, letter) == value:
            value = value % 4 + 1
        say(f"giving {number}")
        session.answer(question.id, letter, value)
        say(f"given {number}")
        number += 1
"""


def answers_lost(folder: Path, reader: str, seconds: float) -> tuple[int, int, int]:
    """Let a process read and kill it after some seconds.

    Returns:
        Answers it had given, answers of it on the disk, answers it was about to give and that are not there.
    """
    path = answer_path(folder / "answers", reader)
    before = _count(path)
    process = subprocess.Popen(
        [sys.executable, "-c", READER, str(folder), reader], stdout=subprocess.PIPE, env=dict(os.environ)
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    time.sleep(seconds)
    os.kill(process.pid, signal.SIGKILL)
    said = process.stdout.read().decode().splitlines()
    process.wait()
    process.stdout.close()
    given = sum(line.startswith("given") for line in said)
    tried = sum(line.startswith("giving") for line in said)
    kept = _count(path) - before
    return given, kept, tried - kept


def _count(path: Path) -> int:
    return sum(record["type"] == "answer" for record in read_answers(path)[1]) if path.exists() else 0
