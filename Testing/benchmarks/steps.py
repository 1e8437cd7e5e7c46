"""What could make the network's passes cheaper on this CPU, one step at a time, each beside the same work without it.

    python Testing/benchmarks/steps.py [--pixels 512] [--threads 1] [--repeats 3]

Times are CPU seconds (other work on the machine does not change them much), the least of some runs. First the rate of a
matrix product, then that of each kind of convolution of the default generator: a convolution as fast as the product
can only be beaten by fewer operations. Then steps that take fewer: Winograd's F(4, 3) along rows needs half of the
products and two passes over the picture for its transforms. Then whole passes of the model, with the order of memory,
batches, tiles and one pass instead of two (`mirrored`). Last the windows around the body of a wrist in a field of view
of 512 x 512, which is what the margin of air costs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk
import torch
from enhance import thick_volume
from torch.nn.functional import conv2d, pad

from CTEnhanceLib import load_stack
from CTEnhanceLib.enhancement.body_window import BodyWindows
from CTEnhanceLib.enhancement.slice_map import context_indices
from CTEnhanceLib.model.prediction import Prediction

LAST = torch.channels_last
LEVELS = ((48, 2), (96, 4), (192, 8))
"""Channels and the factor of the resolution of the default's three levels."""
# Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, CVPR 2016: F(4, 3)
INPUT = torch.tensor(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1.0],
    ]
)
WEIGHT = torch.tensor(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1.0],
    ]
)
OUTPUT = torch.tensor([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1.0]])
EXAMPLE = (7.5, 0.29, 3.0)


def cpu_ms(work: Callable[[], object], repeats: int) -> float:
    """Least CPU milliseconds of some runs, after one that is not counted."""
    work()
    times = []
    for _ in range(repeats):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return 1e3 * min(times)


def combined(rows: list[torch.Tensor], weights: torch.Tensor) -> torch.Tensor:
    """Weighted sum of pictures; what has no weight is not touched."""
    used = [(row, float(weight)) for row, weight in zip(rows, weights) if weight]
    total = used[0][0] * used[0][1]
    for row, weight in used[1:]:
        total.add_(row, alpha=weight)
    return total


def winograd(x: torch.Tensor, weights: list[torch.Tensor]) -> torch.Tensor:
    """3 x 3 convolution by F(4, 3) along rows: six of 1 x 3 on a quarter of the rows."""
    count, channels, height, width = x.shape
    padded = pad(x, (0, 0, 1, 5))
    rows = [padded[:, :, k : k + height : 4] for k in range(6)]
    products = [
        conv2d(combined(rows, INPUT[k]).contiguous(memory_format=LAST), weights[k], padding=(0, 1)) for k in range(6)
    ]
    out = torch.empty(count, channels, height, width).contiguous(memory_format=LAST)
    for k in range(4):
        out[:, :, k::4] = combined(products, OUTPUT[k])
    return out


def convolutions(pixels: int, repeats: int) -> dict[str, float]:
    """Rates of a matrix product and of the convolutions of each level, and what Winograd's way brings."""
    matrix = torch.randn(1024, 1024)
    found = {"GEMM 1024, GFLOP/s": 2 * 1024**3 / cpu_ms(lambda: matrix @ matrix, repeats) / 1e6}
    for channels, factor in LEVELS:
        size = pixels // factor
        x = torch.randn(1, channels, size, size).contiguous(memory_format=LAST)
        weight = torch.randn(channels, channels, 3, 3) / (9 * channels) ** 0.5
        transformed = [
            w[:, :, None].contiguous(memory_format=LAST) for w in torch.einsum("ki,ocij->kocj", WEIGHT, weight)
        ]
        last, first = weight.contiguous(memory_format=LAST), x.contiguous()
        direct, other = conv2d(x, last, padding=1), winograd(x, transformed)
        direct_ms = cpu_ms(lambda: conv2d(x, last, padding=1), repeats)  # noqa: B023
        where = f"{channels} channels at {size} x {size}"
        found[f"{where}: GFLOP/s"] = 18 * channels**2 * size**2 / direct_ms / 1e6
        plain_ms = cpu_ms(lambda: conv2d(first, weight, padding=1), repeats)  # noqa: B023
        found[f"{where}: channels last is x faster"] = plain_ms / direct_ms
        found[f"{where}: Winograd is x faster"] = direct_ms / cpu_ms(lambda: winograd(x, transformed), repeats)  # noqa: B023
        found[f"{where}: Winograd's largest error, relative"] = float((other - direct).abs().max() / direct.abs().max())
    return found


def passes(pixels: int, repeats: int, model: str) -> dict[str, float]:
    """CPU milliseconds of one thick slice with its predictions, in several ways."""
    stack = load_stack(model)
    stack.place(torch.device("cpu"), "fp32")
    offsets = (-2.0, -1.0, 0.0, 1.0, 2.0)

    def one(batch: int, size: int) -> float:
        context = torch.rand(batch, stack.spec.context, size, size) * 4095
        chosen = [Prediction(b, 0, offset, 0, 1.0) for b in range(batch) for offset in offsets]
        bases = torch.rand(len(chosen), size, size) * 4095
        return cpu_ms(lambda: stack.launch(context, chosen, bases, EXAMPLE, 3.0), repeats) / batch

    whole = one(1, pixels)
    found = {"a thick slice and its five predictions, ms": whole}
    for batch in (2, 4):
        found[f"in batches of {batch}: x faster"] = whole / one(batch, pixels)
    found["in four quarters (no borders): x faster"] = whole / (4 * one(1, pixels // 2))
    for module in stack.modules:
        module.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    found["channels last against channels first: x faster"] = one(1, pixels) / whole
    stack.place(torch.device("cpu"), "fp32")
    stack.spec = replace(stack.spec, mirrored=False)
    found["one pass instead of two mirrored ones (other voxels): x faster"] = whole / one(1, pixels)
    return found


def windows(margins: tuple[int, ...]) -> dict[str, float]:
    """Mean area of the windows around a wrist in a field of view of 512 x 512, pixels."""
    slices = sitk.GetArrayViewFromImage(thick_volume((512, 512, 46), full=False))
    found = {}
    for margin in margins:
        around = BodyWindows(slices, margin, 8)
        seen = [around.around(context_indices(index, 5, len(slices))) for index in range(len(slices))]
        sizes = [(w.rows.stop - w.rows.start) * (w.columns.stop - w.columns.start) for w in seen if w is not None]
        found[f"margin {margin}: mean window, 1000 pixels"] = float(np.mean(sizes)) / 1e3
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pixels", type=int, default=512)
    parser.add_argument("--model", default="context")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", metavar="PATH")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.set_grad_enabled(False)
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {args.threads} threads, fp32")
    print("| what | |\n|---|---|")
    result: dict[str, float] = {}
    for part in (
        lambda: convolutions(args.pixels, args.repeats),
        lambda: passes(args.pixels, args.repeats, args.model),
        lambda: windows((55, 24, 16)),
    ):
        for name, value in part().items():
            result[name] = value
            print(f"| {name} | {value:.3g} |", flush=True)
    if args.json:
        Path(args.json).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
