"""Load a model with every mutation of its model.json: python Testing/benchmarks/mutations.py

A small model with everything that model.json can describe (two ends, uncertainty) and the installed models, whose
weights are left out of the hashing by giving them their own. Each mutation must load, or be refused in one sentence,
within 2 s and 1 GB more than the process has. The figures go to docs/reliability.json.
"""

from __future__ import annotations

import resource
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from CTEnhanceLib.errors import ModelRefusedError
from CTEnhanceLib.model.folder import load_stack, models_directory
from model_mutations import mutations
from reliability import record
from stacks import random_stack_folder, with_uncertainty

SECONDS, BYTES = 2.0, 1 << 30


def models(place: Path) -> list[Path]:
    """The models to mutate, in copies that may be written."""
    small = with_uncertainty(random_stack_folder(place / "small", default_detail=0.1))
    for folder in sorted(path.parent for path in models_directory().glob("*/model.json")):
        shutil.copytree(folder, place / folder.name)
    return [small, *(path for path in sorted(place.iterdir()) if path != small)]


def try_all(folder: Path, found: Counter) -> None:
    description = folder / "model.json"
    for what, text in mutations(description.read_text(encoding="utf-8")):
        description.write_text(text, encoding="utf-8")
        began = time.process_time()
        try:
            load_stack(folder)
            found["loaded"] += 1
        except ModelRefusedError as error:
            sentence = str(error)
            good = len(sentence) < 400 and sentence.isprintable() and sentence.endswith(".")
            found["refused" if good else "badly said"] += 1
            if not good:
                print(f"badly said: {folder.name}: {what}: {sentence[:200]!r}")
        except Exception:
            found["crashed"] += 1
            print(f"crashed: {folder.name}: {what}: {traceback.format_exc(limit=-2)}")
        seconds = time.process_time() - began
        found["slowest ms"] = max(found["slowest ms"], round(1000 * seconds))
        if seconds > SECONDS:
            found["slow"] += 1
            print(f"slow: {folder.name}: {what}: {seconds:.1f} s")


def main() -> int:
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    found: Counter = Counter()
    with tempfile.TemporaryDirectory() as name:
        folders = models(Path(name))
        resource.setrlimit(resource.RLIMIT_AS, (used + BYTES, resource.RLIM_INFINITY))
        for folder in folders:
            try_all(folder, found)
            print(folder.name, dict(found), flush=True)
    record("mutations", dict(found))
    return int(found["crashed"] + found["slow"] + found["badly said"] > 0)


if __name__ == "__main__":
    sys.exit(main())
