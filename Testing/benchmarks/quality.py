"""What each shipped model reaches on real CT that it never saw, beside the baselines: the tables of README.

    python Testing/benchmarks/quality.py [--models context thesis-method1 thesis-method2] [--cases NAME ...]

Thick slices are made of thin ones as `ctenhance thicken` does, or are a scanner's own; models are told the profile that
made them. Needs the real CT (CTENHANCE_DATA, default ../shared/data). Conventions: docs/evaluation.md.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

import SimpleITK as sitk

from CTEnhanceLib import enhance, load_stack
from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.ct.thicken import thicken
from CTEnhanceLib.dicom.volumes import read_volume
from CTEnhanceLib.errors import ModelRefusedError
from CTEnhanceLib.evaluation.baselines import YARDSTICK
from CTEnhanceLib.evaluation.evaluate import Evaluation, evaluate

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["context", "thesis-method1", "thesis-method2"])
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES), metavar="NAME")
    args = parser.parse_args()
    stacks = [load_stack(model) for model in args.models]
    for name in args.cases:
        thin, thick = CASES[name].load()
        candidates = {}
        for stack in stacks:
            try:
                candidates[stack.spec.name] = enhance(thick, stack, profile=CASES[name].profile).volume
            except ModelRefusedError as refusal:
                print(f"({refusal})")
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
