"""Options that several commands take: said once, so that they are called and explained alike everywhere."""

from __future__ import annotations

import argparse
from threading import Event
from typing import Any

from CTEnhanceLib.files.cancellation import cancel_at_end_of_input, cancel_on_terminate
from CTEnhanceLib.files.progress import BarProgress, JsonProgress
from CTEnhanceLib.model.folder import DEFAULT_MODEL

SHAPES = ("box", "triangle", "gaussian")
"""Slice profiles that need nothing but a width."""

MEASURED_SHAPE = "model"
"""The profile that was measured on a real pair of series and stands in model.json."""


def add_model_option(parser: argparse.ArgumentParser, **other: Any) -> None:
    """Add `--model`.

    Args:
        parser: Of the command.
        other: Words of `add_argument` that are otherwise here, for example `nargs`.
    """
    words = {"default": DEFAULT_MODEL, "metavar": "NAME|DIR", "help": "default: %(default)s", **other}
    parser.add_argument("--model", **words)


def add_device_option(parser: argparse.ArgumentParser, choices: str = "auto, cpu, cuda, cuda:N or mps") -> None:
    """Add `--device`.

    Args:
        parser: Of the command.
        choices: The names it takes, for the help.
    """
    parser.add_argument("--device", default="auto", metavar="DEVICE", help=f"{choices}; default: %(default)s")


def add_detail_option(parser: argparse.ArgumentParser, **other: Any) -> None:
    """Add `--detail`, for models with an accurate and a crisp end.

    Args:
        parser: Of the command.
        other: Words of `add_argument` that are otherwise here, for example `nargs`.
    """
    words = {"help": "0 accurate, 1 crisp, between them a mix; for models with both; default: the model's own", **other}
    parser.add_argument("--detail", type=float, metavar="0..1", **words)


def add_profile_options(
    parser: argparse.ArgumentParser,
    meaning: str = "slice profile of the thick slices",
    measured: bool = False,
    default: str | None = None,
    width: str = "",
) -> None:
    """Add `--profile` and `--fwhm`.

    Args:
        parser: Of the command.
        meaning: Which profile that is, for the help.
        measured: Whether the profile that stands in a model can be chosen.
        default: The shape that is taken when none is given; None lets the command find out.
        width: What is taken as width when none is given, for the help.
    """
    shapes = (*SHAPES, MEASURED_SHAPE) if measured else SHAPES
    said = f"; default: {default}" if default else ""
    parser.add_argument("--profile", choices=shapes, default=default, help=f"{meaning}{said}")
    said = f"; default: {width}" if width else ""
    parser.add_argument("--fwhm", type=float, metavar="MM", help=f"its full width at half maximum{said}")


def add_shape_option(parser: argparse.ArgumentParser) -> None:
    """Add `--profile` to a command that makes thick slices as wide as they are thick."""
    parser.add_argument("--profile", choices=SHAPES, default=SHAPES[0], help="slice profile; default: %(default)s")


def add_scheduler_option(parser: argparse.ArgumentParser) -> None:
    """Add `--scheduler`, for commands that can spread their work over a cluster."""
    parser.add_argument("--scheduler", metavar="ADDRESS", help="use the workers of a dask cluster, tcp://host:port")


def add_config_changes_option(parser: argparse.ArgumentParser) -> None:
    """Add `--set`, which changes single values of a training configuration."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="change a value of the configuration, for example --set training.steps=3000 (may be given again)",
    )


def add_process_options(parser: argparse.ArgumentParser) -> None:
    """Add what a program that starts the command needs: `--progress json` and `--lifeline stdin`."""
    parser.add_argument("--progress", choices=("json",), help="progress as JSON lines on standard output")
    parser.add_argument("--lifeline", choices=("stdin",), help="end the run when standard input ends")


def chosen_progress(args: argparse.Namespace) -> JsonProgress | BarProgress:
    """Give what tells of the progress: JSON lines where they were asked for, else a bar."""
    return JsonProgress() if args.progress else BarProgress()


def chosen_cancellation(args: argparse.Namespace) -> Event:
    """Give the event that is set when the run shall end: by SIGTERM and, where asked for, the end of standard input."""
    cancelled = cancel_on_terminate()
    if args.lifeline:
        cancel_at_end_of_input(cancelled)
    return cancelled
