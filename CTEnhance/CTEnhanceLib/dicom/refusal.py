"""Refusals name the file or folder they are about, and stay short whatever a header holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from CTEnhanceLib.errors import InputRefusedError

MAX_LENGTH = 300
_MAX_NAME = 60


def shown(value: Any, limit: int = 40) -> str:
    """Give a value from a header or a file name as printable text of at most `limit` characters, cut in the middle."""
    text = "".join(letter if letter.isprintable() else "?" for letter in str(value))
    if len(text) <= limit:
        return text
    half = (limit - 3) // 2
    return f"{text[:half]}...{text[-half:]}"


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Make every refusal raised in the block name `path`, in less than `MAX_LENGTH` characters."""
    try:
        yield
    except InputRefusedError as error:
        sentence = named(str(error), path)
        if sentence == str(error):
            raise
        raise type(error)(sentence) from error


def named(sentence: str, path: Path) -> str:
    """Give a refusal that names a file or folder: as it is where it does, else with the name in front.

    Args:
        sentence: The refusal.
        path: What was given as input.
    """
    name = shown(path.name or path.resolve().name or path, _MAX_NAME)
    sentence = shown(sentence, MAX_LENGTH - 10)
    if name in sentence:
        return sentence
    return shown(f"{name}: {sentence}", MAX_LENGTH - 10)
