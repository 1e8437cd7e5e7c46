"""Small stacks for tests: their output is known, so that what the pipeline does with it can be checked."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch
from torch import Tensor, nn

from CTEnhanceLib.model.folder import load_stack, save_stack
from CTEnhanceLib.model.spec import GeneratorSpec, ModelSpec, UncertaintySpec
from CTEnhanceLib.model.stack import Stack, build_generator
from CTEnhanceLib.model.uncertainty_folder import put_uncertainty
from CTEnhanceLib.model.uncertainty_net import UncertaintyNet

FIVE = (-2.0, -1.0, 0.0, 1.0, 2.0)
TINY_CONTEXT = {"context": 3, "width": 8, "depth": 2, "head": 8}


def spec(**changes: object) -> ModelSpec:
    """A description that fits nearly any input."""
    plain = ModelSpec(
        name="test",
        description="for tests",
        method="residual",
        base="interpolated",
        context=3,
        generators=(GeneratorSpec("generator.safetensors", "context_unet", TINY_CONTEXT, "any"),),
        spacing_range_mm=(0.2, 3.0),
        thickness_range_mm=(0.5, 10.0),
        interval_range_mm=(1.0, 10.0),
        pixel_spacing_range_mm=(0.1, 2.0),
        kernels="any",
        slice_profile={"shape": "box", "fwhm_ratio": 1.0},
    )
    return dataclasses.replace(plain, **changes)


class OffsetGenerator(nn.Module):
    """Takes any offset; its residual is `per_mm` HU times a function of the offset, or nothing."""

    multiple = 4

    def __init__(self, residual_hu: float = 0.0) -> None:
        super().__init__()
        self.residual = residual_hu

    def encode(self, context: Tensor, condition: Tensor) -> Tensor:
        return context[:, :1]

    def decode(self, features: Tensor, base: Tensor, offset: Tensor) -> Tensor:
        return torch.full_like(base, self.residual / 4095) * offset.sign()[:, None, None, None]


class ConstantChannels(nn.Module):
    """One channel for each offset, each of its own constant value on the network scale.

    Args:
        values: The constants.
        corner: What the first pixel differs by: a slice of one single value does not leave the program.
    """

    multiple = 1

    def __init__(self, values: tuple[float, ...], corner: float = 0.0) -> None:
        super().__init__()
        self.values, self.corner = values, corner

    def forward(self, x: Tensor) -> Tensor:
        output = torch.cat([torch.full_like(x[:, :1], value) for value in self.values], dim=1)
        output[..., 0, 0] += self.corner
        return output


def offset_stack(residual_hu: float = 0.0, **changes: object) -> Stack:
    """A stack that gives the interpolated slice plus or minus `residual_hu`, by the sign of the offset."""
    return Stack(spec(**changes), [OffsetGenerator(residual_hu)], "0" * 64)


def channel_stack(values: tuple[float, ...], method: str, offsets: tuple[float, ...] = FIVE) -> Stack:
    """A stack with a constant for each listed offset."""
    generators = (GeneratorSpec("generator.safetensors", "unet256", {}, offsets),)
    base = "thick" if method == "residual" else None
    described = spec(method=method, base=base, context=1, generators=generators)
    return Stack(described, [ConstantChannels(values, 0.1 if method == "raw" else 0.0)], "0" * 64)


def random_stack_folder(folder: Path, **changes: object) -> Path:
    """A model folder with a tiny context U-Net of random weights; of two ends where `default_detail` is given."""
    torch.manual_seed(0)
    if changes.get("default_detail") is not None:
        (generator,) = spec().generators
        changes["generators"] = (dataclasses.replace(generator, crisp_file="generator_crisp.safetensors"),)
    described = spec(**changes)
    modules = [_random_generator(generator) for generator in described.generators]
    crisp = [_random_generator(generator) for generator in described.generators if generator.crisp_file]
    documents = {"MODEL_CARD.md": "# test\n", "LICENSE": "none\n", "metrics.json": "{}\n"}
    save_stack(folder, described, modules, documents, crisp)
    return folder


def _random_generator(generator: GeneratorSpec) -> nn.Module:
    module = build_generator(generator)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.05)
    return module


def random_stack(folder: Path, **changes: object) -> Stack:
    """The same, loaded."""
    return load_stack(random_stack_folder(folder, **changes))


def uncertainty_spec(**changes: object) -> UncertaintySpec:
    """A small uncertainty network, not calibrated."""
    return dataclasses.replace(UncertaintySpec("uncertainty.safetensors", {"width": 4}, (1.0,)), **changes)


def with_uncertainty(folder: Path, **changes: object) -> Path:
    """Put an untrained uncertainty network into a model folder: it says 20 HU (e to the third) everywhere."""
    put_uncertainty(folder, UncertaintyNet(4), uncertainty_spec(**changes))
    return folder
