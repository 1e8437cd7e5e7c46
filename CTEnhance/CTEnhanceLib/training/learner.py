"""One generator with its discriminator and their optimisers: one step at a time."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from CTEnhanceLib.model.context_unet import ContextUNet
from CTEnhanceLib.model.spec import GeneratorSpec
from CTEnhanceLib.model.stack import build_generator
from CTEnhanceLib.training.adversary import Adversary
from CTEnhanceLib.training.average import WeightAverage
from CTEnhanceLib.training.config.sections import TrainingConfig
from CTEnhanceLib.training.data.sources import Batch
from CTEnhanceLib.training.losses import reconstruction_losses, wanted

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class Learner:
    """A generator in training.

    Args:
        config: The configuration.
        spec: The generator.
        fabric: Where it is trained.
    """

    def __init__(self, config: TrainingConfig, spec: GeneratorSpec, fabric: Fabric) -> None:
        self._config, self._fabric = config, fabric
        self._any_offset = config.model.architecture == "context_unet"
        training = config.training
        self.module = build_generator(spec).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimiser = torch.optim.Adam(self.module.parameters(), training.learning_rate, training.betas)
        self.generator, self.optimiser = fabric.setup(self.module, optimiser)
        self.average = WeightAverage(self.module, training.average) if training.average else None
        self.initial: dict[str, Tensor] = {}
        self.adversary = Adversary(config, fabric) if config.discriminator.weight > 0 else None

    def step(self, batch: Batch, step: int) -> dict[str, float]:
        """Take one step of the discriminator and one of the generator.

        Args:
            batch: This process' pairs.
            step: Number of the step, which sets the learning rate.

        Returns:
            The losses by name.
        """
        self._set_learning_rate(step)
        self.generator.train()
        given = self._generate(batch)
        truth = wanted(batch, self._config.model)
        losses = reconstruction_losses(given, batch, self._config.model, self._config.loss)
        figures = {}
        if self.adversary:
            figures["discriminator"], fooled = self.adversary.learn(batch, given, truth)
            if step >= self._config.discriminator.start:
                losses["adversarial"] = self._config.discriminator.weight * fooled
        self.optimiser.zero_grad()
        self._fabric.backward(torch.stack(list(losses.values())).sum())
        if self._config.training.clip > 0:
            self._fabric.clip_gradients(self.generator, self.optimiser, max_norm=self._config.training.clip)
        self.optimiser.step()
        if self.average:
            self.average.add(self.module)
        return {**{name: value.item() for name, value in losses.items()}, **figures}

    def _generate(self, batch: Batch) -> Tensor:
        context = batch.context.contiguous(memory_format=torch.channels_last)
        if self._any_offset:
            return self.generator(context, batch.base, batch.offset, batch.condition)
        return self.generator(context)

    def _set_learning_rate(self, step: int) -> None:
        training = self._config.training
        share = schedule(step, training.steps, training.schedule, training.warmup)
        rates = [(self.optimiser, training.learning_rate)]
        if self.adversary:
            rates += [(optimiser, self.adversary.start_rate) for optimiser in self.adversary.optimisers.values()]
        for optimiser, rate in rates:
            for group in optimiser.param_groups:
                group["lr"] = rate * share

    def modules(self) -> dict[str, nn.Module]:
        """Give what has weights, by name."""
        return {"generator": self.module, **(self.adversary.modules() if self.adversary else {})}

    @property
    def result(self) -> nn.Module:
        """The generator as it would be exported: the running mean of its weights, or the weights as they stand."""
        module = self.average.module if self.average else self.module
        share = self._config.training.keep_initial
        return _mixed(module, self.initial, share) if share and self.initial else module

    def begin_with(self, weights: dict[str, Tensor]) -> None:
        """Start from the weights of another run.

        Args:
            weights: By the names of the generator's layers and in their shapes; no unit. Residual blocks that they
                lack begin as the identity.
        """
        if isinstance(self.module, ContextUNet):
            weights = self.module.grown(weights)
        self.initial = {name: value.detach().clone() for name, value in weights.items()}
        self.module.load_state_dict(weights)
        if self.average:
            self.average = WeightAverage(self.module, self.average.keep)

    def state(self) -> dict[str, Any]:
        """Give all that a step depends on."""
        state: dict[str, Any] = {"generator": self.module.state_dict(), "optimiser": self.optimiser.state_dict()}
        if self.adversary:
            state["adversary"] = self.adversary.state()
        if self.average:
            state["average"] = self.average.state()
        return state

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state."""
        self.module.load_state_dict(state["generator"])
        self.optimiser.load_state_dict(state["optimiser"])
        if self.adversary:
            self.adversary.restore(state["adversary"])
        if self.average:
            self.average.restore(state["average"])


def _mixed(module: nn.Module, initial: dict[str, Tensor], share: float) -> nn.Module:
    """Give a copy of a module with `share` of its weights from `initial`."""
    mixed = copy.deepcopy(module)
    state = module.state_dict()
    mixed.load_state_dict(
        {
            name: torch.lerp(value, initial[name].to(value.device), share) if value.is_floating_point() else value
            for name, value in state.items()
        }
    )
    return mixed


def schedule(step: int, steps: int, kind: str, warmup: int) -> float:
    """Give the share of the learning rate at a step.

    Args:
        step: The step, from 0.
        steps: Of the whole run.
        kind: "linear" or "cosine".
        warmup: Steps over which the rate rises first.
    """
    rising = min(1.0, (step + 1) / warmup) if warmup else 1.0
    if kind == "cosine":
        return rising * 0.5 * (1 + math.cos(math.pi * step / steps))
    return rising * min(1.0, 2 * (1 - step / steps))
