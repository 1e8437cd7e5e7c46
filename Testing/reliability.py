# ruff: noqa: E501 - a table is read in rows
"""Writes docs/reliability.md from tests that ran just now, and from the long runs that were really done by hand.

`make reliability` runs the tests of every row, each file in a process of its own, and counts them; `make kills`, `make fuzz`
and `make mutations` leave their figures, their day and the revision of the source in docs/reliability.json. A row without a
test that ran, or with one that failed, makes it fail.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "docs" / "reliability.json"
PAGE = ROOT / "docs" / "reliability.md"
MACHINE = f"{os.cpu_count()} cores, {platform.machine()}, no GPU used"
FUZZED = {
    "dicom": "DICOM files, from header to series",
    "header": "DICOM headers at a quick look",
    "model": "model.json",
    "volume": "Headers of .nrrd, .nii, .mha",
}


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        what: What goes wrong.
        answer: What comes of it.
        file: The test file that shows it, below Testing.
        words: Words of which a test's name holds one, parted by spaces; empty: all tests of the file.
    """

    what: str
    answer: str
    file: str
    words: str = ""

    def shows(self, node: str) -> bool:
        """Tell whether a test belongs to this row."""
        file, _, name = node.partition("::")
        return file.endswith(f"Testing/{self.file}") and (
            not self.words or any(word in name for word in self.words.split())
        )


VOLUMES, GUARD, SERIES = "files/test_volumes_on_disk.py", "enhancement/test_guard.py", "commands/test_series.py"
DERIVED, FAULTS, HOSTILE = "dicom/test_derived_series.py", "commands/test_faults.py", "model/test_hostile_model.py"
ROWS = (
    Row(
        "An odd DICOM series (each kind is listed below)",
        "every voxel right, or refused by name",
        "dicom/test_odd_series.py",
    ),
    Row("A series that is no CT volume", "refused by name (exit 3)", "dicom/test_refusals.py"),
    Row(
        "A damaged DICOM header (made up by hypothesis)",
        "read or refused in a short sentence",
        "dicom/test_header_reader.py",
    ),
    Row("Several series in a folder", "listed; one is chosen", SERIES, "listed wanted share lists"),
    Row("A volume file cut short, or a byte of it changed", "refused (exit 3)", VOLUMES, "cut_short byte"),
    Row("A header that claims more than is there or fits", "refused before room is made", VOLUMES, "claims"),
    Row("A spacing or origin that is no number, or out of reach", "refused", VOLUMES, "is_no_number"),
    Row("NaN in a NIfTI file, of which its reader makes 0", "refused", VOLUMES, "not_zeroed"),
    Row("qform, sform, pixdim or scale of a NIfTI file that disagree", "refused", VOLUMES, "two_ways"),
    Row(
        "Voxels in another folder than their header, or cut short there",
        "refused",
        VOLUMES,
        "another_folder of_their_own",
    ),
    Row("A format in which nothing tells that voxels are missing", "refused", VOLUMES, "nothing_tells"),
    Row(
        "A scale that is wrong in every slice; slices filled up with 0", "said", "ct/test_checks.py", "scale filled_up"
    ),
    Row(
        "1, 2, 3, 4 and 4000 slices; 32 to 1024 pixels",
        "in place, or refused with the number",
        "enhancement/test_sizes.py",
    ),
    Row("Values beyond 12 bit (metal)", "interpolated, counted and said", "enhancement/test_pipeline.py", "metal"),
    Row("Values beyond int16", "clipped, counted and said", GUARD, "clipped"),
    Row(
        "NaN or infinite values computed, empty or contradicting slices, wrong grid",
        "refused (exit 1), no file",
        GUARD,
        "leave wrong",
    ),
    Row("Full disk: .nrrd, .nii.gz, .mha, text", "one sentence (exit 6), the old file stays", VOLUMES, "disk"),
    Row("Full disk: DICOM out", "one sentence, nothing left", DERIVED, "disk"),
    Row("Full disk: volume with a report", "no report without its volume", SERIES, "survives"),
    Row("A place where nobody can write", "said before computing (exit 6)", FAULTS, "nobody_can_write permission"),
    Row("Output folder inside the input", "refused", SERIES, "inside"),
    Row(
        "Output that is the input or another output", "refused (exit 2)", "commands/test_enhance.py", "no_output_may_be"
    ),
    Row(
        "Output under the name of a folder, or a name that is too long",
        "refused before computing",
        SERIES,
        "name_that names_of",
    ),
    Row("A suffix in capitals", "written and read", VOLUMES, "capitals"),
    Row("Memory limit", "one sentence (exit 5, or 3 before reading), no file", FAULTS, "memory"),
    Row("Killed while writing", "nothing partial, leftovers go with the next start", VOLUMES, "killed"),
    Row("Two runs to one output", "one whole file", VOLUMES, "two_runs"),
    Row(
        "Cancelled, its reader or its parent gone",
        "ends, writes nothing",
        "commands/test_enhance.py",
        "lifeline signal",
    ),
    Row("A worker of a cohort killed", "its task is done by another", "batch/test_engines.py", "kill death"),
    Row(
        "The panel's worker killed, or Slicer itself",
        "told in a sentence; nothing is left running",
        "panel/run/test_process.py",
        "killed dies",
    ),
    Row(
        "Weights truncated, changed, NaN, too large; hostile model.json",
        "refused (exit 4) before anything is built",
        HOSTILE,
    ),
    Row("Every mutation of the default's model.json", "read or refused in one sentence", "model/test_mutations.py"),
    Row("Model folder changed or incomplete", "refused (exit 4)", "model/test_folder.py", "changed missing hash fit"),
    Row("No network (`unshare -n`)", "everything runs", FAULTS, "network"),
    Row("Patient data in logs, reports, temporary names", "none", FAULTS, "patient"),
    Row(
        "What is known of patient, study, trial and equipment, DICOM out",
        "kept; an invalid value is said, not copied",
        DERIVED,
        "kept allow",
    ),
    Row("The same run twice, DICOM out", "the same UIDs", DERIVED, "second_run"),
    Row("dciodvfy, dcentvfy on what is written", "no error", DERIVED, "validators"),
    Row(
        "DICOM out of the panel, with and without its source images",
        "derived; what is missing is said before",
        "panel/test_derived_export.py",
    ),
)


class Outcomes:
    """Runs the tests of the rows alone, and keeps how each ended."""

    def __init__(self, found: dict[str, str] | None = None) -> None:
        self.found = found or {}

    def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> None:
        chosen = [item for item in items if any(row.shows(item.nodeid) for row in ROWS)]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" or report.outcome != "passed":
            self.found[report.nodeid] = report.outcome

    def of(self, row: Row) -> Counter:
        """Count the outcomes of a row's tests."""
        return Counter(outcome for node, outcome in self.found.items() if row.shows(node))


def run_file(file: str, answer: Path) -> int:
    """Run the rows' tests of one file here; write how each ended."""
    import pytest

    outcomes = Outcomes()
    code = int(pytest.main(["-q", "-p", "no:cacheprovider", file], plugins=[outcomes]))
    answer.write_text(json.dumps(outcomes.found), encoding="utf-8")
    return code


def run_in_a_process(file: str) -> tuple[int, dict[str, str]]:
    """Run the rows' tests of one file in a process of its own; give its exit code and how each test ended."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder, "answer.json")
        done = subprocess.run(
            [sys.executable, __file__, file, str(answer)], capture_output=True, text=True, check=False, cwd=ROOT
        )
        found = json.loads(answer.read_text(encoding="utf-8")) if answer.exists() else {}
    told = done.stdout.strip().splitlines()
    print(f"{Path(file).name}: {told[-1] if told else 'nothing'} ({time.monotonic() - began:.0f} s)", flush=True)
    if done.returncode:
        print(done.stdout, done.stderr, flush=True)
    return done.returncode, found


def recorded() -> dict[str, Any]:
    """Give what the runs by hand left."""
    return json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.is_file() else {}


def record(name: str, figures: dict[str, Any]) -> None:
    """Keep the figures of a run by hand, with its day and the revision of the source."""
    content = {**recorded(), name: {**figures, **_when()}}
    RECORD.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def record_fuzz(target: str, executions: int) -> None:
    """Keep the executions of a fuzzing target that found nothing."""
    content = recorded()
    content["fuzz"] = {**content.get("fuzz", {}), target: {"executions": executions, **_when()}}
    RECORD.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _when() -> dict[str, str]:
    asked = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    return {"day": date.today().isoformat(), "revision": asked.stdout.strip() or "unknown"}


def page(outcomes: Outcomes) -> str:
    """Give docs/reliability.md."""
    lines = [
        "# Reliability",
        "",
        "What goes wrong, and what comes of it. `make reliability` runs the tests of every row and writes this page; a row",
        "counts the tests that ran for it. Rows with a day and a revision are longer runs by hand (`make kills`,",
        "`make mutations`, `make fuzz`). Exit codes are those that the help of `ctenhance` names.",
        "",
        f"Written on {date.today().isoformat()}, Python {platform.python_version()}, {MACHINE}.",
        "",
        "| what goes wrong | what comes of it | ran | passed |",
        "|---|---|---|---|",
    ]
    for row in ROWS:
        counts = outcomes.of(row)
        ran = counts["passed"] + counts["failed"]
        skipped = f" ({counts['skipped']} skipped)" if counts["skipped"] else ""
        lines.append(f"| {row.what} | {row.answer} | {ran}{skipped} | {counts['passed']} |")
    return "\n".join([*lines, *_by_hand(), "", *_odd_series(), ""])


def _by_hand() -> list[str]:
    """Give the rows of the runs by hand, as far as they were made."""
    content, lines = recorded(), []
    kills = content.get("kills")
    if kills:
        lines.append(
            f"| Killed (SIGKILL) at a random moment, writing .nrrd, .nii.gz, .mha and DICOM by turns ({_told(kills)}) | "
            f"{kills['partial_outputs']} partial outputs; temporary files after {kills['left_at_kill']} kills, "
            f"{kills['left_after_next_start']} after the next start | {kills['kills']} | "
            f"{kills['kills'] - kills['partial_outputs']} |"
        )
    mutations = content.get("mutations")
    if mutations:
        good = mutations.get("loaded", 0) + mutations.get("refused", 0)
        total = good + sum(mutations.get(name, 0) for name in ("crashed", "badly said"))
        lines.append(
            f"| A model with a mutated model.json loaded whole, 1 GB of room ({_told(mutations)}) | "
            f"{mutations.get('refused', 0):,} refused in one sentence (exit 4), {mutations.get('loaded', 0):,} loaded; "
            f"the slowest took {mutations.get('slowest ms', 0) / 1000:.1f} s | {total:,} | {good:,} |"
        )
    for target, run in sorted(content.get("fuzz", {}).items()):
        count = f"{run['executions']:,}"
        lines.append(
            f"| {FUZZED[target]}, made up by atheris guided by coverage ({_told(run)}) | read or refused, no other error | {count} | {count} |"
        )
    return lines


def _told(run: dict[str, Any]) -> str:
    return f"{run['day']}, {run['revision']}"


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
    """Run the tests and write the page; not 0 where a test failed or a row has none that ran."""
    files = sorted({str(ROOT / "Testing" / row.file) for row in ROWS})
    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        answers = list(pool.map(run_in_a_process, files))
    outcomes = Outcomes({node: outcome for _, found in answers for node, outcome in found.items()})
    PAGE.write_text(page(outcomes), encoding="utf-8")
    empty = [row.what for row in ROWS if not outcomes.of(row)["passed"]]
    for what in empty:
        print(f"No test passed for: {what}")
    return int(any(code for code, _ in answers) or bool(empty))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    sys.exit(run_file(sys.argv[1], Path(sys.argv[2])) if len(sys.argv) == 3 else main())
