"""The worker's progress lines, and how they read on the progress bar."""

from __future__ import annotations

import json
from dataclasses import dataclass

from slicer.i18n import tr as _

from CTEnhanceLib.files.progress import STAGES, fraction_done


@dataclass(frozen=True)
class Progress:
    """One progress line.

    Attributes:
        stage: What is being done.
        done: How many of `total` are done (slices, in the stage that computes them).
        total: How many there are; 0 where it is not known.
        seconds_left: Estimate for the whole run; None where there is none yet.
    """

    stage: str
    done: int
    total: int
    seconds_left: float | None


def parse_progress(line: str) -> Progress | None:
    """Read one line of standard output; None when it is something else (a library's greeting, say)."""
    try:
        content = json.loads(line)
        left = content.get("seconds_left")
        return Progress(
            str(content["stage"]),
            int(content["done"]),
            int(content["total"]),
            None if left is None else float(left),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def progress_fraction(progress: Progress) -> float:
    """How much of the whole run is done, 0 to 1; a stage that is not known here counts as its beginning."""
    if progress.stage not in STAGES:
        return 0.01
    return fraction_done(progress.stage, progress.done, progress.total)


def progress_text(progress: Progress) -> str:
    """The words on the bar, such as "Computing: slice 45 of 180, about 20 s left"."""
    if progress.stage != "enhance":
        return stage_words(progress.stage)
    text = _("{stage}: slice {done} of {total}").format(
        stage=stage_words(progress.stage), done=progress.done, total=progress.total
    )
    if progress.seconds_left is not None:
        text += _(", {time} left").format(time=duration_words(progress.seconds_left))
    return text


def stage_words(stage: str) -> str:
    """The stage as the surgeon reads it; a stage not known here is shown as it is."""
    words = {
        "read": _("Starting"),
        "register": _("Comparing the series"),
        "interpolate": _("Preparing"),
        "enhance": _("Computing"),
        "consistency": _("Matching the measured slices"),
        "fuse": _("Fusing the series"),
        "uncertainty": _("Judging the uncertainty"),
        "write": _("Finishing"),
    }
    return words.get(stage, stage.capitalize())


def duration_words(seconds: float, estimated: bool = True) -> str:
    """A duration in whole seconds or minutes; "about" stands before one that is an estimate."""
    if seconds < 90:
        number = max(1, round(seconds))
        return (_("about {seconds} s") if estimated else _("{seconds} s")).format(seconds=number)
    number = round(seconds / 60)
    return (_("about {minutes} min") if estimated else _("{minutes} min")).format(minutes=number)
