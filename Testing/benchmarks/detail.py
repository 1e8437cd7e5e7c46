"""What each `detail` costs and gives: the table from which the default one is chosen (docs/experiments.md).

    python Testing/benchmarks/detail.py [MODEL] [--details 0 0.25 0.5 0.75 1] [--config configs/default/8-crisp.toml]
    python Testing/benchmarks/detail.py [MODEL] --details 0 --stronger 1.06 1.12

On the crops of the configuration's validation cases; models are told the profile that made the thick slices. The page
says by which rules the default is chosen of these figures. With --stronger, all that the accurate end adds to the
interpolation is multiplied as well: more energy without a discriminator, to see what energy costs at the least. Needs
the real CT (CTENHANCE_DATA).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import SimpleITK as sitk
import torch

from CTEnhanceLib import enhance, load_stack
from CTEnhanceLib.ct.geometry import slice_geometry
from CTEnhanceLib.evaluation.baselines import YARDSTICK
from CTEnhanceLib.evaluation.evaluate import Evaluation, evaluate
from CTEnhanceLib.model.stack import Stack
from CTEnhanceLib.training.config.read import read_config
from CTEnhanceLib.training.validation import Case, load_case

CONFIG = Path(__file__).resolve().parents[2] / "configs" / "default" / "8-crisp.toml"
HEAD = (
    "| detail | whole gain dB | bone gain dB | SSIM bone | bias HU | edge mm | energy | HF share / coherence "
    "| gap contrast | marked / invented patches | consistency HU |"
)


def evaluation_of(case: Case, stack: Stack, details: list[float], stronger: list[float]) -> Evaluation:
    """Enhance a case with each detail and each factor, and measure all results."""
    spacing = slice_geometry(case.thin, slice_geometry(case.thick).axis).interval

    def computed(detail: float) -> sitk.Image:
        return enhance(case.thick, stack, spacing=spacing, profile=case.profile, detail=detail).volume

    candidates = {f"{detail:g}": computed(detail) for detail in details}
    for factor in stronger:
        multiply_residual(stack, factor)
        candidates[f"0, x {factor:g}"] = computed(0)
        stack.detail = None  # so that the weights are set anew
    return evaluate(case.thin, case.thick, candidates, profile=case.profile)


def multiply_residual(stack: Stack, factor: float) -> None:
    """Set the accurate end and multiply its last layer, which gives the residual."""
    stack.set_detail(0)
    with torch.no_grad():
        for module in stack.modules:
            module.last.weight *= factor
            module.last.bias *= factor


def lines_of(evaluation: Evaluation) -> list[str]:
    """One line for the yardstick and each detail."""
    yardstick = evaluation.row(YARDSTICK)
    lines = []
    for row in evaluation.rows:
        if row.is_baseline and row.name != YARDSTICK:
            continue
        gains = [row.regions[r].pooled_psnr - yardstick.regions[r].pooled_psnr for r in ("whole", "bone")]
        spectrum, scan = row.spectrum, row.scan
        cells = [
            row.name,
            *(f"{gain:+.2f}" for gain in gains),
            f"{row.regions['bone'].mean('ssim'):.4f}",
            f"{row.bone.bias:+.1f}" if row.bone else "",
            f"{row.edge_width:.2f}" if row.edge_width else "",
            f"{row.energy:.2f}" if row.energy else "",
            f"{spectrum.high_frequency_share:.2f} / {spectrum.high_frequency_coherence:.3f}" if spectrum else "",
            f"{row.gap.contrast:.2f}" if row.gap else "",
            f"{int(scan.marked.sum())} / {int(scan.invented.sum())} of {len(scan.patches)}" if scan else "",
            f"{row.consistency:.2f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    edge = evaluation.reference_figures["edge_width_mm"]
    return [*lines, f"| reference | | | | | {edge:.2f} | 1 | 1 / 1 | 1 | | |" if edge else ""]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="context")
    parser.add_argument("--details", nargs="+", type=float, default=[0, 0.25, 0.5, 0.75, 1])
    parser.add_argument("--stronger", nargs="+", type=float, default=[], metavar="FACTOR")
    parser.add_argument("--config", type=Path, default=CONFIG)
    parser.add_argument("--cases", nargs="+", help="names of validation cases; all when left out")
    args = parser.parse_args()
    stack = load_stack(args.model)
    for settings in read_config(args.config).validation:
        if args.cases and settings.name not in args.cases:
            continue
        evaluation = evaluation_of(load_case(settings), stack, args.details, args.stronger)
        print(f"\n{settings.name}\n\n{HEAD}\n{'|---' * 11}|")
        print("\n".join(lines_of(evaluation)), flush=True)


if __name__ == "__main__":
    main()
