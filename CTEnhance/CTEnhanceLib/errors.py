"""What can go wrong, in words for the user, with the exit code of the command line.

Every message is one sentence or two that says what was met and what to do about it.
"""

from __future__ import annotations


class CTEnhanceError(Exception):
    """Base of all errors that are told to the user; its text is the whole message."""

    exit_code = 1


class UsageError(CTEnhanceError):
    """The command or call was put together wrongly."""

    exit_code = 2


class InputRefusedError(CTEnhanceError):
    """The input is not something this project can honestly work on."""

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


class CancelledError(CTEnhanceError):
    """The run was cancelled; nothing was written."""

    exit_code = 130

    def __init__(self) -> None:
        super().__init__("The run was cancelled; nothing was written.")
