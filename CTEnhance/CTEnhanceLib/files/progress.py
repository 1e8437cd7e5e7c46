"""Progress on the command line: a bar on a terminal, JSON lines for a program that reads along."""

from __future__ import annotations

import json
import sys
import time
from typing import TextIO


class SecondsLeft:
    """Estimates the time left in a stage from what was done of it so far."""

    def __init__(self) -> None:
        self._stage, self._started, self._first = "", 0.0, 0

    def __call__(self, stage: str, done: int, total: int) -> float | None:
        """Give the seconds left, None while nothing can be said."""
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._started, self._first = stage, now, done
        if done >= total:
            return 0.0
        if done <= self._first:
            return None
        return round((now - self._started) / (done - self._first) * (total - done), 1)


class JsonProgress:
    """Writes one JSON object a line: {"stage", "done", "total", "seconds_left"}."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream, self._left = stream or sys.stdout, SecondsLeft()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Report that `done` of `total` steps of a stage are done."""
        line = {"stage": stage, "done": done, "total": total, "seconds_left": self._left(stage, done, total)}
        self._stream.write(json.dumps(line) + "\n")
        self._stream.flush()


class BarProgress:
    """Draws a bar on standard error while it is a terminal; silent otherwise."""

    WIDTH = 30

    def __init__(self) -> None:
        self._left = SecondsLeft()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Draw the bar of a stage."""
        if not sys.stderr.isatty():
            return
        left = self._left(stage, done, total)
        filled = self.WIDTH * done // max(total, 1)
        bar = "#" * filled + "." * (self.WIDTH - filled)
        rest = "" if left is None else f"  {left:.0f} s left"
        sys.stderr.write(f"\r{stage:<12} [{bar}] {done}/{total}{rest}\033[K" + ("\n" if done >= total else ""))
        sys.stderr.flush()
