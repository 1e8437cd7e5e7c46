"""`ctenhance train`: configurations in, model folders out; on one machine or, through torchrun, on several."""

from __future__ import annotations

import argparse
from pathlib import Path

from CTEnhanceLib.commands.shared.options import add_config_changes_option, add_device_option
from CTEnhanceLib.commands.shared.packages import training_packages
from CTEnhanceLib.model.folder import DESCRIPTION_FILE


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "train",
        help="train a model from a configuration, or from several that build on each other",
        description="A run that was ended goes on where its last checkpoint stands: give the same command again. Of "
        "several configurations one is trained after the other; those already done are passed over. "
        "Several processes: torchrun --nproc-per-node N -m CTEnhanceLib train CONFIG.toml",
    )
    parser.add_argument("config", nargs="+", metavar="CONFIG.toml")
    add_config_changes_option(parser)
    add_device_option(parser, "auto, cpu, cuda or mps")
    parser.add_argument("--model-folder", metavar="DIR", help="where the last model goes; default: <output>/model")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Train one configuration after the other, and write the model folder of each."""
    from CTEnhanceLib.training.config.read import read_config

    configs = [read_config(path, args.set) for path in args.config]
    with training_packages():
        from CTEnhanceLib.training.run import Run

    for config in configs:
        last = config is configs[-1]
        folder = Path(args.model_folder) if args.model_folder and last else config.output / "model"
        training = Run(config, args.device, report=_say)
        if training.step == config.training.steps and (folder / DESCRIPTION_FILE).is_file() and not last:
            _say(f"{config.source} is done: {folder}")
            continue
        training.train()
        training.export(folder)
        _say(f"the model is in {folder}")


def _say(line: str) -> None:
    print(line, flush=True)
