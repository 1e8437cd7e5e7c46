"""Progress on the command line: a bar on a terminal, JSON lines for a program that reads along."""

from __future__ import annotations

import json
import sys
import time
from typing import Callable, TextIO

# which part of a run each stage of `enhance` takes, about: (from, to)
STAGES = {
    "read": (0.0, 0.01),
    "register": (0.01, 0.015),
    "interpolate": (0.015, 0.02),
    "enhance": (0.02, 0.90),
    "consistency": (0.90, 0.98),
    "uncertainty": (0.98, 0.985),
    "fuse": (0.985, 0.99),
    "write": (0.99, 1.0),
}


def fraction_done(stage: str, done: int, total: int) -> float:
    """Give how much of the whole run is done, 0 to 1; a stage that is not one of `STAGES` is a run of its own.

    Args:
        stage: What is being done.
        done: Steps done of the stage.
        total: Steps of the stage.
    """
    begin, end = STAGES.get(stage, (0.0, 1.0))
    return begin + (end - begin) * min(done / max(total, 1), 1.0)


class SecondsLeft:
    """Estimates the time left in the whole run from the pace of the stage that goes on.

    Args:
        clock: Gives the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._stage, self._started, self._first = clock, "", 0.0, 0.0

    def __call__(self, stage: str, done: int, total: int) -> float | None:
        """Give the seconds left, None while nothing can be said.

        Args:
            stage: What is being done.
            done: Steps done of the stage.
            total: Steps of the stage.
        """
        now, fraction = self._clock(), fraction_done(stage, done, total)
        if stage != self._stage:
            self._stage, self._started, self._first = stage, now, fraction
        if fraction >= 1.0:
            return 0.0
        if fraction <= self._first:
            return None
        return round((now - self._started) / (fraction - self._first) * (1.0 - fraction), 1)


class JsonProgress:
    """Writes one JSON object a line: {"stage", "done", "total", "seconds_left"}."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream, self._left = stream or sys.stdout, SecondsLeft()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Report that `done` of `total` steps of a stage are done.

        Args:
            stage: What is being done.
            done: Steps done of the stage.
            total: Steps of the stage.
        """
        line = {"stage": stage, "done": done, "total": total, "seconds_left": self._left(stage, done, total)}
        self._stream.write(json.dumps(line) + "\n")
        self._stream.flush()


class BarProgress:
    """Draws a bar on standard error while it is a terminal; silent otherwise."""

    WIDTH = 30

    def __init__(self) -> None:
        self._left = SecondsLeft()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Draw the bar of a stage.

        Args:
            stage: What is being done.
            done: Steps done of the stage.
            total: Steps of the stage.
        """
        if not sys.stderr.isatty():
            return
        left = self._left(stage, done, total)
        filled = self.WIDTH * done // max(total, 1)
        bar = "#" * filled + "." * (self.WIDTH - filled)
        rest = "" if left is None else f"  {left:.0f} s left"
        sys.stderr.write(f"\r{stage:<12} [{bar}] {done}/{total}{rest}\033[K" + ("\n" if done >= total else ""))
        sys.stderr.flush()
