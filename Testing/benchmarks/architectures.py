"""What other generators learn from the same pairs in the same steps: the table of docs/experiments.md.

    python Testing/benchmarks/architectures.py [NAME ...] [--steps 4000] [--out build/architectures]

Each is trained from nothing with the configuration of the second run, in bf16, and measured on its validation crops as
that run is. The seconds of a pass over one slice of 256 x 256 pixels and three thin slices are given as a ratio to
those of the generator that ships, measured in turns. Runs that are done are not trained again. What brings something
becomes a setting of the generator; the others stay here. Needs the real CT (CTENHANCE_DATA).
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from ingredients import CONFIG, validated
from torch import Tensor, nn
from torch.nn import functional

from CTEnhanceLib.model import context_unet
from CTEnhanceLib.model.context_unet import ContextUNet, _activate, _Block
from CTEnhanceLib.training.config.read import read_config
from CTEnhanceLib.training.run import Run

CHANNELS = 16
SUBPIXELS = 4


def slices_of(seen: Tensor) -> Tensor:
    """Give the slices (B, context, 4, h, w) out of what the stem sees, whose first four channels are the tone."""
    return seen[:, SUBPIXELS:].unflatten(1, (-1, SUBPIXELS))


class Across(nn.Module):
    """A convolution of 3 x 3 pixels and three slices, as one of 2D over the channels of three slices."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3 * before, after, 3, padding=1)

    def forward(self, slices: Tensor) -> Tensor:
        padded = functional.pad(slices, (0, 0, 0, 0, 0, 0, 1, 1))
        three = torch.cat([padded[:, :-2], padded[:, 1:-1], padded[:, 2:]], dim=2)
        return self.convolution(three.flatten(0, 1)).unflatten(0, slices.shape[:2])


class Stem3d(nn.Module):
    """The stem, and two 3D convolutions over the slices beside it."""

    def __init__(self, plain: nn.Conv2d, context: int) -> None:
        super().__init__()
        self.plain = plain
        self.first, self.second = Across(SUBPIXELS, CHANNELS), Across(CHANNELS, CHANNELS)
        self.joined = nn.Conv2d(CHANNELS * context, plain.out_channels, 1)

    def forward(self, seen: Tensor) -> Tensor:
        x = _activate(self.first(slices_of(seen)))
        x = _activate(x + self.second(x))
        return self.plain(seen) + self.joined(x.flatten(1, 2))


class StemGru(nn.Module):
    """The stem, and a convolutional GRU that runs over the slices from both ends to the middle one.

    Ballas et al., "Delving deeper into convolutional networks for learning video representations", ICLR 2016.
    """

    def __init__(self, plain: nn.Conv2d, context: int) -> None:
        super().__init__()
        self.plain, self.context = plain, context
        self.gates = nn.Conv2d(SUBPIXELS + CHANNELS, 2 * CHANNELS, 3, padding=1)
        self.candidate = nn.Conv2d(SUBPIXELS + CHANNELS, CHANNELS, 3, padding=1)
        self.joined = nn.Conv2d(2 * CHANNELS, plain.out_channels, 1)

    def forward(self, seen: Tensor) -> Tensor:
        slices = slices_of(seen)
        middle = self.context // 2
        ways = (range(middle + 1), range(self.context - 1, middle - 1, -1))
        return self.plain(seen) + self.joined(torch.cat([self._along(slices, way) for way in ways], dim=1))

    def _along(self, slices: Tensor, way: range) -> Tensor:
        state = slices.new_zeros(len(slices), CHANNELS, *slices.shape[-2:])
        for number in way:
            update, reset = self.gates(torch.cat([slices[:, number], state], dim=1)).sigmoid().chunk(2, dim=1)
            candidate = self.candidate(torch.cat([slices[:, number], reset * state], dim=1)).tanh()
            state = state + update * (candidate - state)
        return state


class StemAttention(nn.Module):
    """The stem, and for each pixel attention of the middle slice over all slices, four heads."""

    HEADS = 4

    def __init__(self, plain: nn.Conv2d, context: int) -> None:
        super().__init__()
        self.plain, self.context = plain, context
        self.embedding = nn.Conv2d(SUBPIXELS, CHANNELS, 3, padding=1)
        self.place = nn.Parameter(0.1 * torch.randn(context, CHANNELS, 1, 1))
        self.asked, self.told = nn.Conv2d(CHANNELS, CHANNELS, 1), nn.Conv2d(CHANNELS, 2 * CHANNELS, 1)
        self.joined = nn.Conv2d(CHANNELS, plain.out_channels, 1)

    def forward(self, seen: Tensor) -> Tensor:
        slices = slices_of(seen)
        embedded = _activate(self.embedding(slices.flatten(0, 1))).unflatten(0, slices.shape[:2])
        embedded = embedded + self.place
        query = self.asked(embedded[:, self.context // 2]).unflatten(1, (self.HEADS, -1))[:, None]
        keys, values = self.told(embedded.flatten(0, 1)).unflatten(0, slices.shape[:2]).chunk(2, dim=2)
        keys, values = keys.unflatten(2, (self.HEADS, -1)), values.unflatten(2, (self.HEADS, -1))
        shares = ((query * keys).sum(dim=3, keepdim=True) / (CHANNELS / self.HEADS) ** 0.5).softmax(dim=1)
        return self.plain(seen) + self.joined((shares * values).sum(dim=1).flatten(1, 2))


class LargeBlock(_Block):
    """A residual block whose first convolution is 5 x 5."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.first = nn.Conv2d(channels, channels, 5, padding=2)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        return x + self.second(_activate(self.film(self.first(x), embedding)))


def with_stem(stem: type[nn.Module]) -> type[ContextUNet]:
    """Give a generator with another stem."""

    class Other(ContextUNet):
        def __init__(self, **arguments: int) -> None:
            super().__init__(**arguments)
            self.stem = stem(self.stem, self.context)  # type: ignore[assignment]

    return Other


class LargeKernels(ContextUNet):
    """All residual blocks with 5 x 5 convolutions first."""

    def __init__(self, **arguments: int) -> None:
        with patch.object(context_unet, "_Block", LargeBlock):
            super().__init__(**arguments)


class TwoBlocks(ContextUNet):
    """Two residual blocks on each level down."""

    def __init__(self, **arguments: int) -> None:
        super().__init__(**{**arguments, "blocks": 2})


GENERATORS: dict[str, type[ContextUNet]] = {
    "plain": ContextUNet,
    "blocks": TwoBlocks,
    "kernels": LargeKernels,
    "3d": with_stem(Stem3d),
    "recurrent": with_stem(StemGru),
    "attention": with_stem(StemAttention),
}


def figures_of_run(name: str, steps: int, out: Path) -> list[str]:
    """Train, or read what a finished run logged: bone gain and energy of each validation case."""
    changes = [
        'training.initial=""',
        f"training.steps={steps}",
        'training.precision="bf16"',
        f"validation.every={steps}",
        f'training.output="{out / name}"',
    ]
    config = read_config(CONFIG, changes)
    with patch.object(context_unet, "ContextUNet", GENERATORS[name]):
        run = Run(config, "cpu", report=lambda line: print(f"{name}: {line}", flush=True))
        if run.step < steps:
            run.train()
    return [f"{figures['bone']:+.2f}, {figures['energy']:.2f}" for figures in validated(config).values()]


def seconds(generator: nn.Module) -> float:
    """Give the seconds of one pass, bf16."""
    context, base = torch.zeros(1, 5, 256, 256), torch.zeros(1, 3, 256, 256)
    began = time.perf_counter()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        generator(context, base, torch.tensor([[-0.3, 0.0, 0.3]]), torch.tensor([[6.0, 0.3, 3.0]]))
    return time.perf_counter() - began


def time_ratios(names: list[str]) -> dict[str, float]:
    """Give the median of the ratios to the plain generator, measured in turns."""
    made = {name: GENERATORS[name]().eval().to(memory_format=torch.channels_last) for name in {"plain", *names}}
    rounds = [{name: seconds(generator) for name, generator in made.items()} for _ in range(12)][2:]
    return {name: float(np.median([one[name] / one["plain"] for one in rounds])) for name in names}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(GENERATORS))
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--out", type=Path, default=Path("build/architectures"))
    args = parser.parse_args()
    names = args.names or list(GENERATORS)
    ratios = time_ratios(names)
    cases = [case.name for case in read_config(CONFIG).validation]
    rows = [f"| generator | {' | '.join(cases)} | time |", "|---" * (len(cases) + 2) + "|"]
    for name in names:
        rows.append(f"| {name} | {' | '.join(figures_of_run(name, args.steps, args.out))} | x {ratios[name]:.2f} |")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
