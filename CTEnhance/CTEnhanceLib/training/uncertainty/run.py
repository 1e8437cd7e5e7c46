"""Train the uncertainty network of a finished model, calibrate it, and put it into the model folder."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import numpy as np
import torch

from CTEnhanceLib.model.figures import put_figures
from CTEnhanceLib.model.folder import load_stack
from CTEnhanceLib.model.spec import UncertaintySpec
from CTEnhanceLib.model.stack import Stack
from CTEnhanceLib.model.uncertainty_folder import put_uncertainty
from CTEnhanceLib.model.uncertainty_net import UncertaintyNet
from CTEnhanceLib.training.config.sections import TrainingConfig
from CTEnhanceLib.training.data.sources import thin_volumes, thin_warnings
from CTEnhanceLib.training.uncertainty.calibration import CaseFigures, calibrate
from CTEnhanceLib.training.uncertainty.examples import Example, draw_example
from CTEnhanceLib.training.uncertainty.fit import fit
from CTEnhanceLib.training.uncertainty.words import HEADING, METRICS_NAME, card_lines
from CTEnhanceLib.training.validation import load_case

FILE = "uncertainty.safetensors"
_DETAILS = (0.0, 0.5, 1.0)


def train_uncertainty(config: TrainingConfig, folder: Path, report: Callable[[str], None]) -> list[CaseFigures]:
    """Train and calibrate; the model folder gets weights, calibration and their hashes.

    A network of the same size that the folder already has is where the training begins: that of the accurate end
    serves for both ends, after fewer steps.

    Args:
        config: Data, simulation, validation cases, and [uncertainty].
        folder: A model folder with weights of generators that take any offset.
        report: Told one line now and then.

    Returns:
        The uncertainty's figures on the validation cases.
    """
    settings = config.uncertainty
    torch.manual_seed(settings.seed)
    stack = load_stack(folder)
    has_ends = stack.spec.default_detail is not None
    details = tuple(sorted({*_DETAILS, float(stack.spec.default_detail or 0)})) if has_ends else (0.0,)
    spec = UncertaintySpec(FILE, {"width": settings.width, "noise": True}, (1.0,), details)
    network = UncertaintyNet(**spec.arguments)
    before = stack.spec.uncertainty
    if stack.uncertainty is not None and before is not None and before.arguments == spec.arguments:
        report("uncertainty: going on from the network that the model folder has")
        network.load_state_dict(stack.uncertainty.state_dict())
    examples = _examples(config, stack, report)
    fit(network, examples, settings, report)
    cases = [load_case(case) for case in config.validation]
    for case in cases:
        for line in case.warnings:
            report(line)
    spec, figures = calibrate(load_stack(folder), network, spec, cases, report)
    put_uncertainty(folder, network, spec)
    told = [one.as_json() for one in figures]
    put_figures(folder, METRICS_NAME, told, HEADING, card_lines(told, spec.file))
    return figures


def _examples(config: TrainingConfig, stack: Stack, report: Callable[[str], None]) -> list[Example]:
    volumes, shares = thin_volumes(config)
    for line in thin_warnings(config, volumes):
        report(line)
    rng = np.random.default_rng([config.uncertainty.seed, 1])
    examples = []
    for number in range(config.uncertainty.blocks):
        examples.append(draw_example(volumes, shares, config.simulation, stack, rng))
        if (number + 1) % 100 == 0:
            report(f"uncertainty: {number + 1} of {config.uncertainty.blocks} blocks computed")
    return examples
