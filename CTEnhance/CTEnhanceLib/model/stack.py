"""The stack: the generators that together cover all offsets, with method, base and intensity scale."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from CTEnhanceLib.ct.intensity import STORED_MAX
from CTEnhanceLib.errors import ModelRefusedError, UsageError
from CTEnhanceLib.model.prediction import ANY_OFFSET, Prediction
from CTEnhanceLib.model.spec import GeneratorSpec, ModelSpec
from CTEnhanceLib.model.transfer import send


class Stack:
    """Generators ready for inference.

    Attributes:
        spec: What the stack is and what it was made for.
        sha256: Hash of its model.json.
        modules: One module for each of `spec.generators`, in evaluation mode.
        device: Where they are.
        precision: "fp32", "fp16" or "bf16".
        accurate: Weights of the accurate end, by name, one mapping for each module; empty where there is one set.
        crisp: The same of the crisp end.
        detail: Which mix of both (0 accurate, 1 crisp) the modules hold; None where there is one set of weights.
        uncertainty: The network that gives the uncertainty of each voxel, or None.
    """

    def __init__(
        self,
        spec: ModelSpec,
        modules: Sequence[nn.Module],
        sha256: str,
        crisp: Sequence[Mapping[str, Tensor]] = (),
        uncertainty: nn.Module | None = None,
    ) -> None:
        """Put a stack together.

        Args:
            spec: As the attribute.
            modules: Generators with the weights of their accurate end.
            sha256: As the attribute.
            crisp: Weights of the crisp end, by name, one mapping for each module; empty where there is none.
            uncertainty: As the attribute.
        """
        self.spec = spec
        self.sha256 = sha256
        self.modules = [module.eval() for module in modules]
        self.device = torch.device("cpu")
        self.precision = "fp32"
        self.crisp = [dict(weights) for weights in crisp]
        self.accurate = [_copied(module) for module in self.modules] if self.crisp else []
        self.uncertainty = None if uncertainty is None else uncertainty.eval()
        self.detail: float | None = None
        self.set_detail(None)

    def set_detail(self, detail: float | None) -> None:
        """Mix the accurate and the crisp weights in a straight line (network interpolation).

        Wang et al., ESRGAN, ECCV workshops 2018, section 3.4.

        Args:
            detail: 0 (accurate) to 1 (crisp); None for the default of the model.

        Raises:
            ModelRefusedError: A number was given and the model has one set of weights.
            UsageError: The number does not lie between 0 and 1.
        """
        if not self.crisp:
            if detail is not None:
                raise ModelRefusedError(
                    f"The model {self.spec.name!r} has one set of weights, so no detail can be chosen; leave the "
                    "detail out, or choose a model with an accurate and a crisp end."
                )
            return
        detail = self.spec.default_detail if detail is None else detail
        if detail is None or not 0 <= detail <= 1:
            raise UsageError(f"The detail must lie between 0 (accurate) and 1 (crisp), not {detail}.")
        if detail != self.detail:
            for module, accurate, crisp in zip(self.modules, self.accurate, self.crisp):
                module.load_state_dict({name: _mixed(value, crisp[name], detail) for name, value in accurate.items()})
        self.detail = float(detail)

    @property
    def uncertainty_scale(self) -> float:
        """What the output of the uncertainty network is multiplied by at the mix of weights in use."""
        spec = self.spec.uncertainty
        return 1.0 if spec is None else spec.scale_at(self.detail)

    @property
    def multiple(self) -> int:
        """What height and width of slices are padded to a multiple of."""
        return max(int(module.multiple) for module in self.modules)  # type: ignore[arg-type]

    def replica(self) -> Stack:
        """Give a stack with copies of the generators as they are now, for another device."""
        other = copy.copy(self)
        other.modules = [copy.deepcopy(module) for module in self.modules]
        return other

    def place(self, device: torch.device, precision: str) -> None:
        """Move the generators to a device and choose the precision of their inner layers."""
        self.device, self.precision = device, precision
        for module in self.modules:
            module.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def launch(
        self,
        context: Tensor,
        predictions: Sequence[Prediction],
        bases: Tensor,
        condition: tuple[float, ...],
        interval: float,
    ) -> Tensor:
        """Begin to predict thin slices.

        On a GPU this comes back before the work is done; `transfer.Arrival` brings the slices to main memory.

        Args:
            context: (B, context, H, W) stored values in [0, 4095], along the slice axis.
            predictions: What to predict; `thick` counts in the batch (0 to B - 1).
            bases: (P, H, W) stored values of the slices interpolated at each prediction; empty (0, H, W) where the
                base is not interpolated.
            condition: What the scan is like, from `context_unet.describe_scan`.
            interval: Interval of the thick slices, mm.

        Returns:
            float32 (P, H, W) on the device, stored values / `STORED_MAX`, not clipped. Each depends on its own slice
            only, not on the batch.
        """
        height, width = context.shape[-2:]
        padding = (0, -width % self.multiple, 0, -height % self.multiple)
        scaled = functional.pad(send(context, self.device) * (2 / STORED_MAX) - 1, padding, mode="replicate")
        scaled = scaled.contiguous(memory_format=torch.channels_last)
        bases = send(bases, self.device)
        padded_bases = functional.pad(bases[:, None] / STORED_MAX, padding, mode="replicate")[:, 0]
        use_autocast = self.precision != "fp32"
        same_every_time = torch.backends.cudnn.flags(benchmark=False, deterministic=True, allow_tf32=False)
        half = torch.float16 if self.precision == "fp16" else torch.bfloat16
        with torch.inference_mode(), same_every_time, torch.autocast(self.device.type, half, enabled=use_autocast):
            if self.spec.offsets == ANY_OFFSET:
                output = self._predict_any(scaled, predictions, padded_bases, condition, interval)
            else:
                output = self._predict_listed(scaled, predictions)
            output = output.float()
            if self.spec.method == "raw":
                output = (output + 1) / 2
            elif self.spec.base == "thick":
                middle = (scaled[:, self.spec.context // 2] + 1) / 2
                output = output + middle[[p.thick for p in predictions]]
            else:
                output = output + padded_bases
        return output[:, :height, :width]

    def _predict_listed(self, scaled: Tensor, predictions: Sequence[Prediction]) -> Tensor:
        wanted = {p.channel for p in predictions}
        channels: dict[int, Tensor] = {}
        first = 0
        for generator, module in zip(self.spec.generators, self.modules):
            numbers = range(first, first + len(generator.offsets))
            if wanted & set(numbers):
                channels.update(zip(numbers, module(scaled).unbind(1)))
            first += len(generator.offsets)
        return torch.stack([channels[p.channel][p.thick] for p in predictions])

    def _predict_any(
        self,
        scaled: Tensor,
        predictions: Sequence[Prediction],
        bases: Tensor,
        condition: tuple[float, ...],
        interval: float,
    ) -> Tensor:
        generator: Any = self.modules[0]
        conditions = torch.tensor([condition], dtype=torch.float32, device=self.device).expand(len(scaled), -1)
        features = generator.encode(scaled, conditions)
        # the same seen in a mirror across the slice axis and x: the mean of both errs less
        mirrored = generator.encode(scaled.flip(1, 3), conditions) if self.spec.mirrored else None
        output = torch.empty(bases.shape, device=self.device)
        # one offset of every thick slice at a time: memory stays that of one batch
        turns: dict[int, list[int]] = {}
        seen: dict[int, int] = {}
        for number, prediction in enumerate(predictions):
            turn = seen.get(prediction.thick, 0)
            seen[prediction.thick] = turn + 1
            turns.setdefault(turn, []).append(number)
        for numbers in turns.values():
            thick = [predictions[n].thick for n in numbers]
            relative = [predictions[n].offset / interval for n in numbers]
            offsets = torch.tensor(relative, dtype=torch.float32, device=self.device)
            base = bases[numbers][:, None] * 2 - 1
            output[numbers] = generator.decode(features[thick], base, offsets)[:, 0]
            if mirrored is not None:
                seen_mirrored = generator.decode(mirrored[thick], base.flip(3), -offsets)[:, 0].flip(2)
                output[numbers] = (output[numbers] + seen_mirrored) / 2
        return output


def _copied(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in module.state_dict().items()}


def _mixed(accurate: Tensor, crisp: Tensor, detail: float) -> Tensor:
    # counts of batches and the like are no weights
    return torch.lerp(accurate, crisp, detail) if accurate.is_floating_point() else accurate


def build_generator(spec: GeneratorSpec) -> nn.Module:
    """Make the untrained module of a generator.

    Raises:
        ValueError: The architecture is not known.
    """
    if spec.architecture == "unet256":
        from CTEnhanceLib.model.unet import UNet256

        return UNet256(**spec.arguments)
    if spec.architecture == "context_unet":
        from CTEnhanceLib.model.context_unet import ContextUNet

        return ContextUNet(**spec.arguments)
    raise ValueError(f"architecture {spec.architecture!r} is not known")
