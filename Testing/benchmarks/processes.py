"""Calls that are measured in a process of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any


def told_by(script: str, *words: object, environment: Mapping[str, str] | None = None) -> Any:
    """Run Python source with some words in its `sys.argv`; give the JSON that it prints as its last line."""
    call = [sys.executable, "-c", script, *map(str, words)]
    done = subprocess.run(call, check=True, env=environment, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1])
