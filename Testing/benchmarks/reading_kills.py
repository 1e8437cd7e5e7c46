"""Kills a reading process at random moments and prints how many answers were lost.

python Testing/benchmarks/reading_kills.py [KILLS]    default: 50
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from CTEnhanceLib.evaluation.reading.session import ReadingSession
from reading_kills import answers_lost
from reading_studies import planned


def main(kills: int) -> None:
    """Kill, count, and read on."""
    rng = random.Random(1)
    with tempfile.TemporaryDirectory() as place:
        folder, _ = planned(place)
        found = [answers_lost(folder, "Anna", rng.uniform(0.0, 0.3)) for _ in range(kills)]
        session = ReadingSession(folder, "Anna")  # refuses a file that was damaged
        session.close()
    gone = sum(given > kept for given, kept, _ in found)
    print(f"{kills} kills with signal 9, {sum(kept for _, kept, _ in found)} answers on the disk in all.")
    print(
        f"Answers that had been given and are gone: {gone}. Most answers lost by one kill: {max(f[2] for f in found)}."
    )
    print("The file was continued after every kill and is whole.")
    if gone or max(f[2] for f in found) > 1:
        raise SystemExit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
