"""`ctenhance train`: a configuration in, a model folder out; on one machine or, through torchrun, on several."""

from __future__ import annotations

import argparse
from pathlib import Path

from CTEnhanceLib.errors import UsageError


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "train",
        help="train a model from a configuration",
        description="A run that was ended goes on where its last checkpoint stands: give the same command again. "
        "Several processes: torchrun --nproc-per-node N -m CTEnhanceLib train CONFIG.toml",
    )
    parser.add_argument("config", metavar="CONFIG.toml")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="change a value of the configuration, for example --set training.steps=3000 (may be given again)",
    )
    parser.add_argument("--device", default="auto", metavar="DEVICE", help="auto, cpu, cuda or mps")
    parser.add_argument("--model-folder", metavar="DIR", help="where the model goes; default: <output>/model")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Train, then write the model folder."""
    from CTEnhanceLib.training.config import read_config

    config = read_config(args.config, args.set)
    try:
        from CTEnhanceLib.training.run import Run
    except ModuleNotFoundError as error:
        raise UsageError(
            f"Training needs the package {error.name}: install the extra with pip install 'CTEnhance[training]'."
        ) from error

    training = Run(config, args.device, report=_say)
    training.train()
    folder = Path(args.model_folder) if args.model_folder else config.output / "model"
    training.export(folder)
    _say(f"the model is in {folder}")


def _say(line: str) -> None:
    print(line, flush=True)
