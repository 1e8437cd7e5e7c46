"""The discriminators of a run: one judges slices, a second one cuts along the slice axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn

from CTEnhanceLib.model.patchgan import PatchGAN, adversarial_loss
from CTEnhanceLib.training.config.sections import TrainingConfig
from CTEnhanceLib.training.data.sources import Batch
from CTEnhanceLib.training.losses import bone_with_rim

if TYPE_CHECKING:
    from lightning_fabric import Fabric

_ROWS = 3  # a thin slice counts as so many rows of a cut, about as many pixels as it is thick
_RESIDUAL_GAIN = 8.0


class _View(NamedTuple):
    """What a discriminator is shown: a condition, and where in it there is bone, (B, C, H, W) and (B, 1, H, W)."""

    condition: Tensor
    bone: Tensor


class Adversary:
    """Discriminators that see the thick slices, their interpolation and several neighbouring thin slices at once.

    One looks at slices, the thin slices being its channels. The other looks at cuts that contain the slice axis, as
    coronal and sagittal views do, each with the cuts beside it.

    Args:
        config: The configuration, with a discriminator of a weight above 0.
        fabric: Where they are trained.
    """

    def __init__(self, config: TrainingConfig, fabric: Fabric) -> None:
        section, training = config.discriminator, config.training
        self._section, self._fabric = section, fabric
        self._residual = config.model.architecture == "context_unet"
        targets = config.simulation.targets if self._residual else 1
        channels = {"slices": config.model.context + targets * (2 if self._residual else 1)}
        if section.cuts:
            channels["cuts"] = 6  # interpolation and judged, each with its neighbours
        # the generator's half of a step must not touch the gradients that processes share: it uses the bare modules
        self.judges = {
            name: PatchGAN(count, section.width, section.layers, section.norm) for name, count in channels.items()
        }
        self.start_rate = section.learning_rate or training.learning_rate
        self._wrapped: dict[str, Any] = {}
        self.optimisers: dict[str, Any] = {}
        for name, judge in self.judges.items():
            optimiser = torch.optim.Adam(judge.parameters(), self.start_rate, training.betas)
            self._wrapped[name], self.optimisers[name] = fabric.setup(judge, optimiser)

    def learn(self, batch: Batch, given: Tensor, truth: Tensor) -> tuple[float, Tensor]:
        """Take one step of the discriminators, then say what the generator's output looks like to them.

        Args:
            batch: What the generator was given.
            given: (B, targets, H, W) from the generator, network scale.
            truth: What it should have given, same shape and scale.

        Returns:
            The discriminators' loss, and that of the generator, which leads back to `given`.
        """
        sight = _Sight(self._section.cuts, given) if self._section.cuts else None
        views = self._views(batch, sight)
        shown = {"slices": (given, truth)}
        if sight:
            shown["cuts"] = (sight.cut(given), sight.cut(truth))
        told, fooled = 0.0, given.new_zeros(())
        for name, judge in self.judges.items():
            fake, real = (self._scaled(picture) for picture in shown[name])
            told += self._teach(name, views[name], fake.detach(), real) / len(self.judges)
            judge.requires_grad_(False)
            with self._fabric.autocast():
                fooled = fooled + self._loss(judge, views[name], fake, real=True) / len(self.judges)
            judge.requires_grad_(True)
        return told, fooled

    def _views(self, batch: Batch, sight: _Sight | None) -> dict[str, _View]:
        parts = [batch.context, batch.base] if self._residual else [batch.context]
        bone = bone_with_rim(batch.target).amax(dim=1, keepdim=True)
        views = {"slices": _View(torch.cat(parts, dim=1), bone)}
        if sight:
            cuts = sight.cut(batch.target)
            views["cuts"] = _View(sight.cut(batch.base), bone_with_rim(cuts[:, 1:2]))
        return views

    def _teach(self, name: str, view: _View, fake: Tensor, real: Tensor) -> float:
        judge = self._wrapped[name]
        loss = (self._loss(judge, view, real, real=True) + self._loss(judge, view, fake, real=False)) / 2
        self.optimisers[name].zero_grad()
        self._fabric.backward(loss)
        self.optimisers[name].step()
        return loss.item()

    def _loss(self, judge: Any, view: _View, judged: Tensor, real: bool) -> Tensor:
        logits = judge(view.condition, judged)
        return adversarial_loss(logits, real, view.bone if self._section.bone else None)

    def _scaled(self, given: Tensor) -> Tensor:
        """Bring residuals, which are small, to the range of the slices that they are shown with."""
        return given * _RESIDUAL_GAIN if self._residual else given

    def modules(self) -> dict[str, nn.Module]:
        """Give the discriminators by name."""
        return dict(self.judges)

    def state(self) -> dict[str, Any]:
        """Give what a checkpoint must hold."""
        return {
            name: {"weights": judge.state_dict(), "optimiser": self.optimisers[name].state_dict()}
            for name, judge in self.judges.items()
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state."""
        for name, saved in state.items():
            self.judges[name].load_state_dict(saved["weights"])
            self.optimisers[name].load_state_dict(saved["optimiser"])


class _Sight:
    """The same places of all pictures of a step, to be cut there along the slice axis.

    Args:
        count: Cuts in each in-plane direction of each pair.
        like: (B, targets, H, W), whose shape the pictures have; H equals W.
    """

    def __init__(self, count: int, like: Tensor) -> None:
        size = like.shape[-1]
        self._places = [torch.randint(1, size - 1, (count,)).tolist() for _ in range(2)]

    def cut(self, pictures: Tensor) -> Tensor:
        """Give cuts (B * cuts, 3, rows, W) of pictures (B, targets, H, W): each with the ones before and behind it."""
        cuts = []
        for turned, places in zip((pictures, pictures.transpose(2, 3)), self._places):
            cuts += [turned[:, :, place - 1 : place + 2].transpose(1, 2) for place in places]
        return torch.cat(cuts).repeat_interleave(_ROWS, dim=2)
