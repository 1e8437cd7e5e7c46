"""A running mean of weights: what a run would settle on if its steps were smaller."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn


class WeightAverage:
    """Exponential running mean of the weights of a module.

    mean <- keep * mean + (1 - keep) * weights after each step; while few steps were taken the older ones count less,
    keep being min(keep, (1 + n) / (10 + n)) at step n, or the mean would remember where the run began.

    Args:
        module: The module; its weights as they stand are the first mean.
        keep: Share that the mean keeps in a step, in (0, 1).

    Attributes:
        module: A copy of the module with the mean as its weights; buffers are those of the last step.
    """

    def __init__(self, module: nn.Module, keep: float) -> None:
        self.keep = keep
        self.module = copy.deepcopy(module).requires_grad_(False)
        self._count = 0

    def add(self, module: nn.Module) -> None:
        """Let the weights of a step into the mean."""
        keep = min(self.keep, (1 + self._count) / (10 + self._count))
        self._count += 1
        with torch.no_grad():
            for mean, weight in zip(self.module.parameters(), module.parameters()):
                mean.lerp_(weight, 1 - keep)
            for kept, last in zip(self.module.buffers(), module.buffers()):
                kept.copy_(last)

    def state(self) -> dict[str, Any]:
        """Give what a checkpoint must hold."""
        return {"weights": self.module.state_dict(), "count": self._count}

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state."""
        self.module.load_state_dict(state["weights"])
        self._count = int(state["count"])
