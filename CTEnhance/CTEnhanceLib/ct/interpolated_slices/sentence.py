"""What is said to the user of interpolated slices."""

from __future__ import annotations

from collections.abc import Sequence

from CTEnhanceLib.ct.interpolated_slices.runs import InterpolatedRun

_ORDINALS = {2: "second", 3: "third", 4: "fourth", 5: "fifth"}
_MOST_NAMED = 3


def sentence(runs: Sequence[InterpolatedRun]) -> str:
    """Say which slices are interpolated and what to do, in one sentence.

    Args:
        runs: At least one, numbered in the order in which the volume stores its slices.
    """
    named = [f"{run.first + 1} to {run.last + 1}" for run in runs[:_MOST_NAMED]]
    if len(runs) > _MOST_NAMED:
        named.append(f"{sum(len(run) for run in runs[_MOST_NAMED:])} more")
    measured = [_ORDINALS[period] for period in sorted({run.period for run in runs})]
    return (
        f"Slices {_listed(named, 'and')} (counted from 1) are interpolated: only every {_listed(measured, 'or')} one "
        "was measured; take the series as the scanner made it."
    )


def _listed(parts: Sequence[str], last: str) -> str:
    return f" {last} ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]
