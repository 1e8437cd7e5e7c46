"""A process that computes keeps what it frees."""

from __future__ import annotations

import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import numpy
from CTEnhanceLib import cli
from CTEnhanceLib.memory import keep_freed_memory
if sys.argv[1] == "asked":
    print(keep_freed_memory())
    raise SystemExit
if sys.argv[1] == "command":
    cli.main(["models", "list"])
def layers():
    return [numpy.ones(megabytes << 20, numpy.uint8) for megabytes in (12, 6, 24, 12, 6)]
for _ in range(3):
    layers()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    layers()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def told(how: str) -> str:
    run = subprocess.run([sys.executable, "-c", FAULTS, how], check=True, capture_output=True, text=True)
    return run.stdout.splitlines()[-1]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the C library of Linux only")
def test_a_command_keeps_the_memory_it_frees() -> None:
    if told("asked") != "True":
        pytest.skip("this C library gives freed memory back as it likes")
    given_back, kept = int(told("library")), int(told("command"))
    assert kept < given_back / 10, (kept, given_back)
