"""How a run ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from slicer.i18n import tr as _

from CTEnhanceLib.panel.run.process import WorkerEnd
from CTEnhanceLib.panel.translation import translated

_TOLD_EXIT_CODES = range(2, 7)  # the worker's last line of standard error is a sentence for the user


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        kind: ``done``, ``cancelled`` or ``failed``.
        node: The computed volume, when done.
        sentence: One sentence for the user.
        log: What the worker wrote to standard error.
        exit_code: What the worker returned; None when it was killed or crashed.
        seconds: How long it took.
        report: The report of the run, when done.
    """

    kind: str
    sentence: str = ""
    node: Any = None
    log: str = ""
    exit_code: int | None = None
    seconds: float = 0.0
    report: dict[str, Any] = field(default_factory=dict)


def failure_sentence(end: WorkerEnd) -> str:
    """Why a run failed, in one sentence: the worker's own where it gave one."""
    if not end.started:
        return _("Slicer's Python could not be started: reinstall Slicer, or see the log.")
    if end.exit_code is None:
        return _("The computing process was ended from outside (often: not enough memory); nothing was changed.")
    lines = [line.strip() for line in end.log.splitlines() if line.strip()]
    if end.exit_code in _TOLD_EXIT_CODES and lines:
        return translated(lines[-1].partition("ctenhance: ")[2] or lines[-1])
    return _("The computing process failed (exit code {code}); the log says more.").format(code=end.exit_code)
