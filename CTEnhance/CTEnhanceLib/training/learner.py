"""One generator with its discriminator and their optimisers: one step at a time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from CTEnhanceLib.model.patchgan import PatchGAN, adversarial_loss
from CTEnhanceLib.model.spec import GeneratorSpec
from CTEnhanceLib.model.stack import build_generator
from CTEnhanceLib.training.config import TrainingConfig
from CTEnhanceLib.training.losses import reconstruction_losses, wanted
from CTEnhanceLib.training.sources import Batch

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
        self.discriminator: Any = None
        if config.discriminator.weight > 0:
            self._set_up_discriminator()

    def _set_up_discriminator(self) -> None:
        section, training = self._config.discriminator, self._config.training
        targets = self._config.simulation.targets if self._any_offset else 1
        channels = self._config.model.context + targets * (2 if self._any_offset else 1)
        # the generator's half of a step must not touch the gradients that processes share: it uses the bare module
        self._judge = PatchGAN(channels, section.width, section.layers, section.norm)
        optimiser = torch.optim.Adam(self._judge.parameters(), training.learning_rate, training.betas)
        self.discriminator, self.discriminator_optimiser = self._fabric.setup(self._judge, optimiser)

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
        if self.discriminator is not None and step >= self._config.discriminator.start:
            condition = self._condition(batch)
            figures["discriminator"] = self._discriminate(condition, given.detach(), truth)
            with self._fabric.autocast():
                losses["adversarial"] = self._config.discriminator.weight * self._fool(condition, given)
        self.optimiser.zero_grad()
        self._fabric.backward(torch.stack(list(losses.values())).sum())
        if self._config.training.clip > 0:
            self._fabric.clip_gradients(self.generator, self.optimiser, max_norm=self._config.training.clip)
        self.optimiser.step()
        return {**{name: value.item() for name, value in losses.items()}, **figures}

    def _generate(self, batch: Batch) -> Tensor:
        context = batch.context.contiguous(memory_format=torch.channels_last)
        if self._any_offset:
            return self.generator(context, batch.base, batch.offset, batch.condition)
        return self.generator(context)

    def _condition(self, batch: Batch) -> Tensor:
        return torch.cat([batch.context, batch.base], dim=1) if self._any_offset else batch.context

    def _scaled(self, given: Tensor) -> Tensor:
        """Bring residuals, which are small, to the range of the slices that the discriminator compares them with."""
        return given * 8 if self._any_offset else given

    def _discriminate(self, condition: Tensor, given: Tensor, truth: Tensor) -> float:
        real = adversarial_loss(self.discriminator(condition, self._scaled(truth)), real=True)
        fake = adversarial_loss(self.discriminator(condition, self._scaled(given)), real=False)
        loss = (real + fake) / 2
        self.discriminator_optimiser.zero_grad()
        self._fabric.backward(loss)
        self.discriminator_optimiser.step()
        return loss.item()

    def _fool(self, condition: Tensor, given: Tensor) -> Tensor:
        self._judge.requires_grad_(False)
        loss = adversarial_loss(self._judge(condition, self._scaled(given)), real=True)
        self._judge.requires_grad_(True)
        return loss

    def _set_learning_rate(self, step: int) -> None:
        rate = self._config.training.learning_rate * schedule(
            step, self._config.training.steps, self._config.training.schedule, self._config.training.warmup
        )
        optimisers = [self.optimiser] + ([self.discriminator_optimiser] if self.discriminator is not None else [])
        for optimiser in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = rate

    def modules(self) -> dict[str, nn.Module]:
        """Give what has weights, by name."""
        return {"generator": self.module} | ({"discriminator": self._judge} if self.discriminator is not None else {})

    def state(self) -> dict[str, Any]:
        """Give all that a step depends on."""
        state: dict[str, Any] = {name: module.state_dict() for name, module in self.modules().items()}
        state["optimiser"] = self.optimiser.state_dict()
        if self.discriminator is not None:
            state["discriminator_optimiser"] = self.discriminator_optimiser.state_dict()
        return state

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state."""
        for name, module in self.modules().items():
            module.load_state_dict(state[name])
        self.optimiser.load_state_dict(state["optimiser"])
        if self.discriminator is not None:
            self.discriminator_optimiser.load_state_dict(state["discriminator_optimiser"])


def schedule(step: int, steps: int, kind: str, warmup: int) -> float:
    """Give the share of the learning rate at a step."""
    rising = min(1.0, (step + 1) / warmup) if warmup else 1.0
    if kind == "cosine":
        return rising * 0.5 * (1 + math.cos(math.pi * step / steps))
    return rising * min(1.0, 2 * (1 - step / steps))
