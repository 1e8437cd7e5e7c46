"""What the machine could do, what the network passes need of it, and what the whole call needs: one run, as ratios.

    python Testing/benchmarks/floor.py [--size 512 512 12] [--model context] [--threads 2] [--device cuda]

Prints a table and, with --json PATH, writes it. Its lines:

* GEMM: the rate of one large matrix product, which is what the machine gives at best.
* convolutions: the floating-point operations of the generator's passes for this volume, at the rate of the GEMM.
* passes: the bare passes of the generator, each thick slice encoded once, each prediction decoded once.
* call: `enhance`, from image to image; and its CPU time over that of the passes, which other work on the machine
  changes less.
* stages: what of the call is not network: reading off the slice profile, and the rest.

A pass that needs little more than its operations at the rate of the GEMM cannot be made faster on this machine by
other code, only by fewer operations.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from enhance import thick_volume
from torch.utils.flop_counter import FlopCounterMode

from CTEnhanceLib import enhance, load_stack
from CTEnhanceLib.ct.acquisition import StatedSlices
from CTEnhanceLib.ct.geometry import slice_geometry, thin_positions
from CTEnhanceLib.ct.thick_volume import thick_volume as thick_volume_of
from CTEnhanceLib.ct.thick_volume import with_estimated_profile
from CTEnhanceLib.enhancement.slice_map import slice_map


def seconds(work: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median seconds and CPU seconds of some runs after one that is not counted."""
    work()
    times = []
    for _ in range(repeats):
        started, cpu = time.perf_counter(), time.process_time()
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        times.append((time.perf_counter() - started, time.process_time() - cpu))
    wall, cpu = (statistics.median(column) for column in zip(*times))
    return wall, cpu


def gemm_rate(repeats: int, device: str, precision: str) -> float:
    """Floating-point operations a second of a product of two matrices of 2048 x 2048."""
    kind = {"fp16": torch.float16, "bf16": torch.bfloat16}.get(precision, torch.float32)
    one, two = (torch.randn(2048, 2048, device=device).to(kind) for _ in range(2))
    return 2 * 2048**3 / seconds(lambda: one @ two, repeats)[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, nargs=3, default=(512, 512, 12))
    parser.add_argument("--model", default="context")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", metavar="PATH")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    image = thick_volume(tuple(args.size), full=True)  # no air to crop away
    stack = load_stack(args.model)
    # settles device, precision and memory format of the stack
    report = enhance(image, stack, device=args.device, precision=args.precision, uncertainty=False).report
    geometry = slice_geometry(image)
    thin = thin_positions(geometry.count, geometry.interval, 1.0)
    predictions = slice_map(geometry.positions, thin, geometry.interval, stack.spec.offsets)
    rows, columns = args.size[1], args.size[0]
    context = torch.rand(1, stack.spec.context, rows, columns) * 4095
    condition = (geometry.interval / 0.4, 0.29, geometry.interval)

    def passes() -> None:
        for index in range(geometry.count):
            chosen = [p for p in predictions if p.thick == index]
            local = [type(p)(0, p.thin, p.offset, p.channel, p.weight) for p in chosen]
            stack.launch(context, local, torch.rand(len(chosen), rows, columns) * 4095, condition, geometry.interval)

    with FlopCounterMode(display=False) as counter:
        passes()
    operations = counter.get_total_flops()
    rate = gemm_rate(args.repeats, args.device, stack.precision)
    network, network_cpu = seconds(passes, args.repeats)
    volume = thick_volume_of(image)
    profile = seconds(lambda: with_estimated_profile(volume, StatedSlices(), stack.spec.slice_profile), args.repeats)[0]
    call, call_cpu = seconds(
        lambda: enhance(image, stack, device=args.device, precision=args.precision, uncertainty=False), args.repeats
    )
    result = {
        "machine": platform.processor() or platform.machine(),
        "threads": args.threads,
        "volume": f"{columns} x {rows} x {geometry.count} -> {len(thin)}",
        "model": report["model"]["name"],
        "precision": stack.precision,
        "gemm_gflops": rate / 1e9,
        "network_gflop": operations / 1e9,
        "operations_at_gemm_rate_s": operations / rate,
        "passes_s": network,
        "call_s": call,
        "passes_over_operations": network * rate / operations,
        "call_over_passes": call / network,
        "call_cpu_over_passes_cpu": call_cpu / network_cpu,
        "slice_profile_s": profile,
        "rest_s": call - network - profile,
        "predictions_per_thick_slice": float(np.mean(np.bincount([p.thick for p in predictions]))),
    }
    for name, value in result.items():
        print(f"{name:<30}{value:.3g}" if isinstance(value, float) else f"{name:<30}{value}")
    if args.json:
        Path(args.json).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
