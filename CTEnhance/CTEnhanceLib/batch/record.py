"""What a cohort run leaves behind: one table and one JSON file, with a reason for everything that has no result."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from CTEnhanceLib.batch.job import Job, Outcome
from CTEnhanceLib.version import __version__

COLUMNS = (
    "name",
    "status",
    "reason",
    "output",
    "seconds",
    "consistency_before_hu",
    "consistency_after_hu",
    "consistency_cubic_hu",
    "device",
    "warnings",
)


def as_csv(outcomes: Sequence[Outcome]) -> str:
    """Give one line for each volume, sorted by name."""
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    for outcome in sorted(outcomes, key=lambda o: o.name):
        table.writerow(_row(outcome))
    return text.getvalue()


def _row(outcome: Outcome) -> dict[str, Any]:
    consistency = outcome.report.get("consistency", {})
    return {
        "name": outcome.name,
        "status": outcome.status,
        "reason": outcome.reason,
        "output": outcome.output,
        "seconds": f"{outcome.seconds:.2f}",
        **{f"consistency_{key}_hu": _number(consistency.get(key)) for key in ("before", "after", "cubic")},
        "device": outcome.report.get("device", ""),
        "warnings": " ".join(outcome.report.get("warnings", [])),
    }


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def as_json(outcomes: Sequence[Outcome], job: Job) -> str:
    """Give the whole run; described by schemas/cohort.schema.json."""
    counts: dict[str, int] = {}
    for outcome in outcomes:
        counts[outcome.status] = counts.get(outcome.status, 0) + 1
    whole = {
        "version": __version__,
        "job": asdict(job),
        "counts": dict(sorted(counts.items())),
        "items": [asdict(outcome) for outcome in sorted(outcomes, key=lambda o: o.name)],
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
