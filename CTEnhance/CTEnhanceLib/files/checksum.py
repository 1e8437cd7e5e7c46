"""The sha256 of what a file holds."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import IO

_BLOCK = 1 << 22


def sha256_of(path: Path) -> str:
    """Give the sha256 of a file, as hexadecimal digits."""
    with path.open("rb") as stream:
        return sha256_of_stream(stream)


def sha256_of_stream(stream: IO[bytes]) -> str:
    """Give the sha256 of what is left in an open file, as hexadecimal digits."""
    digest = hashlib.sha256()
    for block in iter(lambda: stream.read(_BLOCK), b""):
        digest.update(block)
    return digest.hexdigest()
