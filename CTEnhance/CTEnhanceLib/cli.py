"""The command `ctenhance`: parses, runs one command, and turns errors into one sentence and an exit code."""

from __future__ import annotations

import argparse
import errno
import importlib
import logging
import os
import sys
import traceback
from collections.abc import Sequence

from CTEnhanceLib.errors import CancelledError, CTEnhanceError, DeviceError, UsageError, is_out_of_memory
from CTEnhanceLib.memory import keep_freed_memory
from CTEnhanceLib.version import RESEARCH_ONLY, __version__

COMMANDS = (
    "enhance",
    "thicken",
    "evaluate",
    "fractures",
    "selfcheck",
    "tables",
    "train",
    "train-uncertainty",
    "models",
    "reading",
    "phantom",
    "series",
    "cohort",
)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise UsageError(f"{message[:1].upper()}{message[1:]}; see '{self.prog} --help'.")


def build_parser() -> argparse.ArgumentParser:
    """Give the parser with all commands; no command imports torch before it runs."""
    parser = _Parser(
        prog="ctenhance",
        description=f"Thin slices from thick-slice bone CT. Computed, {RESEARCH_ONLY}.",
        epilog="Exit codes: 0 done, 1 internal error, 2 usage, 3 input refused, 4 model refused, 5 device or memory, "
        "6 output not writable, 130 cancelled.",
    )
    parser.add_argument("--version", action="version", version=f"ctenhance {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        importlib.import_module(f"CTEnhanceLib.commands.{command.replace('-', '_')}").add_parser(subparsers)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Words after the command name; those of the process when left out.

    Returns:
        The exit code.
    """
    # threads that wait in a loop take the cores from the desktop and, where cores are busy, from each other
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    keep_freed_memory()
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    try:
        parsed = build_parser().parse_args(arguments)
        parsed.run(parsed)
    except CTEnhanceError as error:
        return _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _fail(str(CancelledError()), CancelledError.exit_code)
    except BrokenPipeError:
        # the reader of our output went away: nobody is left to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        return _unexpected(error)
    return 0


def _unexpected(error: Exception) -> int:
    if getattr(error, "errno", None) == errno.ENAMETOOLONG:
        return _fail("A name is longer than the system allows; choose a shorter one.", UsageError.exit_code)
    if is_out_of_memory(error):
        return _fail("Memory ran out; close other programs or crop the volume.", DeviceError.exit_code)
    traceback.print_exception(type(error), error, error.__traceback__)
    return _fail(f"Internal error ({type(error).__name__}: {error}); please report it with the lines above.", 1)


def _fail(message: str, code: int) -> int:
    sys.stdout.flush()
    sys.stderr.write(f"ctenhance: {message}\n")
    return code
