"""Weights that training begins with."""

from __future__ import annotations

from torch import Tensor, nn


def draw_normal(weights: Tensor, mean: float, std: float) -> None:
    """Fill weights with normally distributed numbers, in place.

    Weights without values (the device "meta", by which a model folder is checked) stay as they are: for them torch
    would import its compiler, which takes seconds.

    Args:
        weights: Any shape.
        mean: Mean.
        std: Standard deviation.
    """
    if not weights.is_meta:
        nn.init.normal_(weights, mean, std)
