# ruff: noqa: E501 - a table is read in rows
"""Writes docs/reliability.md from tests that ran just now, and from the kills that were really done.

`make reliability` runs the tests of every row and counts them; `make kills` leaves its
figures in docs/reliability.json.
"""

from __future__ import annotations

import json
import platform
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "docs" / "reliability.json"
PAGE = ROOT / "docs" / "reliability.md"

# what goes wrong, what comes of it, and the tests that show it: a file and words of their names ("" for all)
ROWS = [
    ("An odd DICOM series (each kind is listed below)", "right, or refused by name", "dicom/test_odd_series.py", ""),
    ("A series that is no CT volume", "refused by name (exit 3)", "dicom/test_refusals.py", ""),
    ("Several series in a folder", "listed; one is chosen", "commands/test_series.py", "listed wanted share lists"),
    (
        "A volume file cut short, or a byte of it changed",
        "refused (exit 3)",
        "files/test_volumes_on_disk.py",
        "cut_short byte",
    ),
    (
        "A header that claims more than is there or fits",
        "refused before room is made",
        "files/test_volumes_on_disk.py",
        "claims",
    ),
    ("A spacing or origin that is no number", "refused", "files/test_volumes_on_disk.py", "no_number"),
    (
        "Full disk: .nrrd, .nii.gz, .mha, text",
        "one sentence (exit 6), the old file stays",
        "files/test_volumes_on_disk.py",
        "disk",
    ),
    ("Full disk: DICOM out", "one sentence, nothing left", "dicom/test_derived_series.py", "disk"),
    ("Full disk: volume with a report", "no report without its volume", "commands/test_series.py", "survives"),
    (
        "Killed; two runs to one output",
        "nothing partial, leftovers go with the next start",
        "files/test_volumes_on_disk.py",
        "killed two_runs",
    ),
    ("Output folder inside the input", "refused", "commands/test_series.py", "inside"),
    (
        "Cancelled, reader or parent gone",
        "ends, writes nothing",
        "commands/test_enhance.py",
        "cancel lifeline terminat",
    ),
    (
        "NaN or infinite values computed, empty or contradicting slices, wrong grid",
        "refused (exit 1), no file",
        "enhancement/test_guard.py",
        "leave wrong",
    ),
    ("Values beyond int16 (metal)", "clipped, counted and said", "enhancement/test_guard.py", "clipped"),
    (
        "Weights truncated, changed, NaN, too large; hostile model.json",
        "refused (exit 4) before anything is built",
        "model/test_hostile_model.py",
        "",
    ),
    ("Model folder changed or incomplete", "refused (exit 4)", "model/test_folder.py", "changed missing hash fit"),
    ("The same run twice, DICOM out", "the same UIDs", "dicom/test_derived_series.py", "second_run"),
    ("dciodvfy, dcentvfy on what is written", "no error", "dicom/test_derived_series.py", "validators"),
]


class Outcomes:
    """Counts the tests of one run by their outcome."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" or report.outcome == "skipped":
            self.found.append((report.nodeid, report.outcome))

    def of(self, file: str, words: str) -> Counter:
        """Count the outcomes of a file's tests whose name holds one of the words."""
        chosen = [(node, outcome) for node, outcome in self.found if f"Testing/{file}" in node]
        return Counter(
            outcome
            for node, outcome in chosen
            if not words or any(word in node.split("::")[1] for word in words.split())
        )


def recorded() -> dict[str, Any]:
    """Give what kills and fuzzing left."""
    return json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.is_file() else {}


def record(name: str, figures: dict[str, Any]) -> None:
    """Keep the figures of a run, with the day."""
    content = {**recorded(), name: {**figures, "day": date.today().isoformat()}}
    RECORD.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def record_fuzz(target: str, executions: int) -> None:
    """Add executions of a fuzzing target that found nothing."""
    before = recorded().get("fuzz", {})
    record("fuzz", {**before, target: before.get(target, 0) + executions})


def page(outcomes: Outcomes) -> str:
    """Give docs/reliability.md."""
    lines = [
        "# Reliability",
        "",
        "What goes wrong, and what comes of it. `make reliability` runs the tests of every row and writes this page; a row",
        "counts the tests that ran for it. The kills run by hand (`make kills`).",
        "",
        f"Last written on {date.today().isoformat()}, Python {platform.python_version()}, 2 cores AMD EPYC (Zen 3), no GPU.",
        "",
        "| what goes wrong | what comes of it | tests | passed |",
        "|---|---|---|---|",
    ]
    for what, answer, file, words in ROWS:
        counts = outcomes.of(file, words)
        ran = counts["passed"] + counts["failed"]
        skipped = f" ({counts['skipped']} skipped)" if counts["skipped"] else ""
        lines.append(f"| {what} | {answer} | {ran}{skipped} | {counts['passed']} |")
    lines += ["", *_by_hand(), "", *_odd_series(), ""]
    return "\n".join(lines)


def _by_hand() -> list[str]:
    content = recorded()
    lines = ["## Run by hand", ""]
    kills = content.get("kills")
    if kills:
        lines.append(
            f"* Kills ({kills['day']}): {kills['kills']} real runs ended by SIGKILL at random moments of the run, writing "
            f".nrrd, .nii.gz, .mha and DICOM by turns: {kills['partial_outputs']} partial outputs; temporary folders were "
            f"there after {kills['left_at_kill']} kills, {kills['left_after_next_start']} after the next start."
        )
    fuzz = content.get("fuzz")
    if fuzz:
        told = ", ".join(f"{name} {count:,}" for name, count in sorted(fuzz.items()) if name != "day")
        lines.append(f"* Fuzzing with atheris, guided by coverage ({fuzz['day']}): executions without a fault: {told}.")
    return lines


def _odd_series() -> list[str]:
    from odd_series import CASES, SCALES

    lines = [
        "## Odd series",
        "",
        "Series of 12 slices of 96 x 96 pixels (`Testing/odd_series.py`), from a phantom and, where scales are odd, from a",
        "real ankle as well. Refused: one sentence under 300 characters that names the file or the folder.",
        "",
        "| series | what comes of it |",
        "|---|---|",
    ]
    cases = {**SCALES, **CASES}
    return lines + [
        f"| {name} | {'refused' if case.expected else 'read, every voxel right'} |" for name, case in cases.items()
    ]


def main() -> int:
    """Run the tests and write the page; the exit code is that of pytest."""
    import pytest

    outcomes = Outcomes()
    files = sorted({f"Testing/{file}" for _, _, file, _ in ROWS})
    code = pytest.main(["-q", "-p", "no:cacheprovider", *files], plugins=[outcomes])
    PAGE.write_text(page(outcomes), encoding="utf-8")
    return int(code)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    sys.exit(main())
