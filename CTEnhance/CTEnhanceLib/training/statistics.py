"""Batch statistics, measured once over many inputs before they are stored."""

from __future__ import annotations

from typing import Callable

import torch
from torch import Tensor, nn

INPUTS = 64


def settle_statistics(module: nn.Module, draw: Callable[[int], Tensor], device: torch.device) -> None:
    """Replace the running statistics of batch normalisation by plain means over many training inputs.

    With a batch of one the running statistics are those of the last ten pictures. Modules without batch
    normalisation are left alone; the training mode of all layers is put back.

    Args:
        module: The generator.
        draw: Gives input number n, (1, C, H, W), network scale.
        device: Where the module is.
    """
    norms = [layer for layer in module.modules() if isinstance(layer, nn.BatchNorm2d)]
    if not norms:
        return
    momenta = [layer.momentum for layer in norms]
    training = module.training
    module.eval()  # dropout is out, as it will be at inference
    for layer in norms:
        layer.reset_running_stats()
        layer.momentum = None  # cumulative mean
        layer.train()
    with torch.no_grad():
        for number in range(INPUTS):
            module(draw(number).to(device))
    for layer, momentum in zip(norms, momenta):
        layer.momentum = momentum
    module.train(training)
