"""What each shipped model reaches on real CT that it never saw, beside the baselines: the tables of README.

    python Testing/benchmarks/quality.py [--models context thesis-method1 thesis-method2] [--cases NAME ...] [--untold]

Thick slices are made of thin ones as `ctenhance thicken` does, or are a scanner's own; models are told the profile that
made them, and with --untold the default model is run once more without being told. Of a model with two ends the default
detail is shown, and both ends where --ends is given. Needs the real CT (CTENHANCE_DATA, else ../shared/data).
Conventions: docs/evaluation.md.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

import SimpleITK as sitk
from human_head import HEAD, MEASURED

from CTEnhanceLib import enhance, load_stack
from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.ct.thicken import thicken
from CTEnhanceLib.dicom.volumes import read_volume
from CTEnhanceLib.errors import ModelRefusedError
from CTEnhanceLib.evaluation.baselines import YARDSTICK
from CTEnhanceLib.evaluation.evaluate import Evaluation, evaluate
from CTEnhanceLib.model.stack import Stack

REPOSITORY = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("CTENHANCE_DATA", REPOSITORY.parent / "shared" / "data"))
SKULL, THORAX = "validation/phil_head_1mm_UB.nrrd", "train/lidc0314_thorax_1mm.nrrd"


@dataclass(frozen=True)
class Case:
    """Thin slices that are known, and how thick ones come of them."""

    thin: str
    profile: SliceProfile
    thickness: float
    thick: str | None = None
    first_slice: int = 0

    def load(self) -> tuple[sitk.Image, sitk.Image]:
        """Give the reference and the thick slices."""
        thin = read_volume(DATA / self.thin)[:, :, self.first_slice :]
        if self.thick:
            return thin, read_volume(DATA / self.thick)
        return thin, thicken(thin, self.thickness, profile=self.profile)


CASES = {
    "skull phantom, 3 mm box": Case(SKULL, SliceProfile("box", 3.0), 3.0),
    "skull phantom, 3 mm triangle": Case(SKULL, SliceProfile("triangle", 3.0), 3.0),
    "skull phantom, 2 mm box": Case(SKULL, SliceProfile("box", 2.0), 2.0),
    "skull phantom, 4 mm Gaussian": Case(SKULL, SliceProfile("gaussian", 3.6), 4.0),
    "skull phantom, scanner's own 5 mm": Case(
        SKULL, SliceProfile("triangle", 4.5), 5.0, thick="validation/phil_head_5mm_UB.nrrd"
    ),
    "human head, 3 mm box": Case(HEAD, SliceProfile("box", 3.0), 3.0, first_slice=MEASURED[0]),
    "human head, 3 mm triangle of 2.7 mm": Case(HEAD, SliceProfile("triangle", 2.7), 3.0, first_slice=MEASURED[0]),
    "human head, 3 mm Gaussian of 3.3 mm": Case(HEAD, SliceProfile("gaussian", 3.3), 3.0, first_slice=MEASURED[0]),
    "thorax held back, 3 mm box": Case(THORAX, SliceProfile("box", 3.0), 3.0, first_slice=220),
}


def rows(evaluation: Evaluation) -> list[str]:
    """One line for the yardstick and each candidate."""
    yardstick = evaluation.row(YARDSTICK)
    lines = []
    for row in evaluation.rows:
        if row.is_baseline and row.name != YARDSTICK:
            continue
        cells = [row.name]
        for region in ("whole", "bone"):
            psnr = row.regions[region].pooled_psnr
            cells.append(f"{psnr:.2f} ({psnr - yardstick.regions[region].pooled_psnr:+.2f})")
        cells.append(f"{row.regions['bone'].mean('ssim'):.4f}")
        cells.append(f"{row.bone.bias:+.1f}")
        cells.append(f"{row.energy:.2f}")
        cells.append(f"{row.spectrum.high_frequency_share:.2f} / {row.spectrum.high_frequency_coherence:.2f}")
        pairs = list(zip(row.spectrum.bands(), evaluation.row("cubic").spectrum.bands()))
        better = sum(mine["coherence"] > cubic["coherence"] for mine, cubic in pairs)
        cells.append("" if row.is_baseline else f"{better} of {len(pairs)}")
        cells.append(f"{row.consistency:.2f}")
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def candidates_of(
    case: Case, thick: sitk.Image, stacks: list[Stack], ends: bool, untold: bool
) -> dict[str, sitk.Image]:
    """Enhance a case with every model, by the name the table shows."""
    candidates = {}
    for stack in stacks:
        variants: dict[str, float | None] = {stack.spec.name: None}
        if ends and stack.crisp:
            variants |= {f"{stack.spec.name}, accurate end": 0.0, f"{stack.spec.name}, crisp end": 1.0}
        try:
            for name, detail in variants.items():
                candidates[name] = enhance(thick, stack, profile=case.profile, detail=detail).volume
            if untold and stack is stacks[0]:
                candidates[f"{stack.spec.name}, told nothing"] = enhance(thick, stack).volume
        except ModelRefusedError as refusal:
            print(f"({refusal})")
    return candidates


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["context", "thesis-method1", "thesis-method2"])
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES), metavar="NAME")
    parser.add_argument("--ends", action="store_true", help="show both ends of a model that has them")
    parser.add_argument("--untold", action="store_true", help="run the first model also without telling it the profile")
    args = parser.parse_args()
    stacks = [load_stack(model) for model in args.models]
    for name in args.cases:
        thin, thick = CASES[name].load()
        candidates = candidates_of(CASES[name], thick, stacks, args.ends, args.untold)
        evaluation = evaluate(thin, thick, candidates, profile=CASES[name].profile)
        print(f"\n{name}\n")
        print(
            "| | whole dB (gain) | bone dB (gain) | SSIM bone | bias HU | energy | HF share / coherence "
            "| bands more coherent than cubic | consistency HU |"
        )
        print("|---|---|---|---|---|---|---|---|---|")
        print("\n".join(rows(evaluation)), flush=True)


if __name__ == "__main__":
    main()
