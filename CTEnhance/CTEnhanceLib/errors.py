"""What can go wrong, in words for the user, with the exit code of the command line.

Every message is one sentence or two that says what was found and what to do about it, names the file it is about, and
stays short whatever the file holds.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class CTEnhanceError(Exception):
    """Base of all errors that are told to the user; its text is the whole message."""

    exit_code = 1


class UsageError(CTEnhanceError):
    """The command or call was put together wrongly."""

    exit_code = 2


class InputRefusedError(CTEnhanceError):
    """The input is nothing that thin slices can be computed from."""

    exit_code = 3


class ModelRefusedError(CTEnhanceError):
    """The model is missing, changed, or not made for this input."""

    exit_code = 4


class DeviceError(CTEnhanceError):
    """The device asked for is not there, or memory ran out on every device tried."""

    exit_code = 5


class OutputError(CTEnhanceError):
    """The output cannot be written where it was asked for."""

    exit_code = 6


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error says, in its library's own words, that no memory or no thread was to be had."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    if isinstance(error, (ImportError, SystemError)):  # while a library is loaded, and by Python itself
        return any(part in str(error) for part in ("allocate memory", "failed to map segment", "without exception set"))
    words = ("out of memory", "can't allocate memory", "not enough memory", "allocate memory for image", "bad_alloc")
    return isinstance(error, RuntimeError) and any(
        part in str(error) for part in (*words, "can't start new thread", "Resource temporarily unavailable")
    )


class FidelityError(CTEnhanceError):
    """What was computed is no picture of the input; nothing was written."""

    exit_code = 1


class CancelledError(CTEnhanceError):
    """The run was cancelled; nothing was written."""

    exit_code = 130

    def __init__(self) -> None:
        super().__init__("The run was cancelled; nothing was written.")


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
        error.args = (named(str(error), path),)
        raise


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
