"""How the uncertainty network is trained: the section [uncertainty] of a configuration."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class UncertaintySection:
    """How the uncertainty network is trained.

    Attributes:
        width: Channels of the network.
        blocks: Computed blocks to learn from.
        steps: Optimiser steps.
        batch: Slices in a step.
        patch: Height and width that is cut out of each, pixels.
        learning_rate: At the beginning; it falls to zero with a cosine.
        seed: Everything random follows from it.
    """

    width: int = 20
    blocks: int = 350
    steps: int = 2500
    batch: int = 8
    patch: int = 48
    learning_rate: float = 2e-3
    seed: int = 0
