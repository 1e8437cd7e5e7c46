"""`ctenhance train-uncertainty`: the uncertainty network of a finished model."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from CTEnhanceLib.commands.shared.options import add_config_changes_option
from CTEnhanceLib.commands.shared.packages import training_packages
from CTEnhanceLib.files.atomic import check_writable, write_text


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "train-uncertainty",
        help="train and calibrate the uncertainty of a finished model",
        description="Blocks of the training volumes are thickened and computed again; the network learns the error "
        "that is to be expected. It is calibrated on the validation cases and put into the model folder.",
    )
    parser.add_argument("config", metavar="CONFIG.toml")
    parser.add_argument("--model", metavar="DIR", help="the model folder; default: 'model' in training.output")
    add_config_changes_option(parser)
    parser.add_argument("--json", metavar="PATH", help="write the figures on the validation cases")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Train, calibrate, write, and print the figures."""
    from CTEnhanceLib.model.folder import find_model
    from CTEnhanceLib.training.config.read import read_config

    config = read_config(args.config, args.set)
    folder = find_model(Path(args.model) if args.model else config.output / "model")
    if args.json is not None:
        check_writable(args.json)
    with training_packages():
        from CTEnhanceLib.training.uncertainty.run import train_uncertainty
        from CTEnhanceLib.training.uncertainty.words import table

    figures = train_uncertainty(config, folder, lambda line: print(line, flush=True))
    if args.json is not None:
        write_text(json.dumps([one.as_json() for one in figures], indent=1) + "\n", args.json)
    print("\n".join(table([one.as_json() for one in figures])))
    print(f"the uncertainty is in {folder}")
