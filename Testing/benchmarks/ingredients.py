"""What each ingredient of the simulation brings: the table of docs/experiments.md.

    python Testing/benchmarks/ingredients.py START [--steps 800] [--precision bf16] [--runs NAME ...] [--out FOLDER]

START is a model that saw none of them: build/training/2-subjects/model. From it, short runs that differ in one
ingredient each are trained, one without any, and one with all. Each is then measured on the Visible Human male's head
(never trained on) as it is, and changed so that it has what an ingredient simulates: noise in the thick slices, a
sharper kernel, an oblique slice axis, half the size, breaks, even bone, metal. The references stay free of added noise.
Gains are over cubic + back-projection in bone, dB, with the slice-axis energy beside; START itself is the first row.
Runs that are done are not trained again. With --details START is measured at these, and nothing is trained. Needs the
real CT (CTENHANCE_DATA).
"""

from __future__ import annotations

import argparse
import csv
import json
import math
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from human_head import human_head
from scipy.ndimage import gaussian_filter

from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.ct.thicken import thicken
from CTEnhanceLib.files.atomic import write_text
from CTEnhanceLib.files.volumes import write_volume
from CTEnhanceLib.model.folder import load_stack
from CTEnhanceLib.training.config.read import read_config
from CTEnhanceLib.training.config.sections import TrainingConfig
from CTEnhanceLib.training.journal import LOG_FILE
from CTEnhanceLib.training.run import Run
from CTEnhanceLib.training.simulation.fractures import cut_bone
from CTEnhanceLib.training.simulation.implants import put_metal
from CTEnhanceLib.training.simulation.pairs import even
from CTEnhanceLib.training.validation import Figures, figures_of, load_case

CONFIG = Path(__file__).resolve().parents[2] / "configs" / "default" / "2-subjects.toml"
CROP = (slice(50, 178), slice(40, 168), slice(None))
PROFILE = SliceProfile("box", 3.0)

INGREDIENTS: dict[str, list[str]] = {
    "none": [],
    "noise up to 54 HU, of soft and sharp kernels": [
        "simulation.noise=[0.0, 54.0]",
        "simulation.quiet=0.35",
        "simulation.crispness=[0.0, 0.9]",
        "simulation.overlap=[0.0, 0.35]",
    ],
    "oblique slice axes": ["simulation.oblique=0.2"],
    "coarser targets (small bones)": ["simulation.coarse=0.3"],
    "gaps and steps": ["simulation.cut=0.1"],
    "metal": ["simulation.metal=0.06"],
    "cortex that faces the slice axis": ["simulation.cortex=0.3"],
    "sharper kernels": ["simulation.sharpen=[0.0, 2.5]"],
    "even bone, as of plastic": ["simulation.plastic=0.2"],
}
INGREDIENTS["all"] = [change for changes in INGREDIENTS.values() for change in changes]


def changed_heads(thin: sitk.Image) -> dict[str, tuple[sitk.Image, sitk.Image | None]]:
    """Give, by name, the reference and, where it is not made of the reference, the thick volume."""
    rng = np.random.default_rng(0)
    hu = sitk.GetArrayFromImage(thin).astype(np.float32)
    part = sitk.GetArrayFromImage(thin[CROP]).astype(np.float32)

    def image(array: np.ndarray) -> sitk.Image:
        return _image(array, thin)

    noise = gaussian_filter(rng.standard_normal(part.shape), (0, 0.7, 0.7))
    noisy = part + 40 * noise / noise.std()
    sharp = part + 1.2 * (part - gaussian_filter(part, (0, 0.8, 0.8)))
    half = hu[: hu.shape[0] // 2 * 2, : hu.shape[1] // 2 * 2, : hu.shape[2] // 2 * 2]
    half = half.reshape(half.shape[0] // 2, 2, half.shape[1] // 2, 2, half.shape[2] // 2, 2).mean(axis=(1, 3, 5))
    return {
        "as it is": (image(part), None),
        "40 HU of noise": (image(part), thicken(image(noisy), PROFILE.fwhm, profile=PROFILE)),
        "sharper kernel": (image(sharp), None),
        "oblique by 15 degrees": (_turned(thin, 15.0), None),
        "half the size": (image(half), None),
        "breaks": (image(_in_blocks(part, lambda block: cut_bone(block, rng))), None),
        "even bone": (image(even(part, rng)), None),
        "metal": (image(_in_blocks(part, lambda block: put_metal(block, (1.0, 1.0, 1.0), rng), 64)), None),
    }


def _image(array: np.ndarray, like: sitk.Image) -> sitk.Image:
    made = sitk.GetImageFromArray(np.clip(np.rint(array), -1024, 30000).astype(np.int16))
    made.SetSpacing(like.GetSpacing())
    return made


def _turned(thin: sitk.Image, degrees: float) -> sitk.Image:
    """Give the cropped head on a grid whose slice axis is turned about x."""
    grid = thin[CROP]
    centre = grid.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in grid.GetSize()])
    turn = sitk.Euler3DTransform(centre, math.radians(degrees), 0.0, 0.0)
    turned = sitk.Resample(thin, grid, turn, sitk.sitkBSpline, -1000.0, sitk.sitkFloat32)
    return _image(sitk.GetArrayFromImage(turned), thin)


def _in_blocks(array: np.ndarray, change: Callable[[np.ndarray], np.ndarray], size: int = 36) -> np.ndarray:
    """Change each block of a volume by itself."""
    changed = array.copy()
    for z in range(0, array.shape[0], size):
        for y in range(0, array.shape[1], size):
            for x in range(0, array.shape[2], size):
                place = (slice(z, z + size), slice(y, y + size), slice(x, x + size))
                if min(array[place].shape) > 4:
                    changed[place] = change(array[place])
    return changed


def write_cases(folder: Path) -> list[str]:
    """Write the changed heads and give their names."""
    folder.mkdir(parents=True, exist_ok=True)
    heads = changed_heads(human_head())
    for name, (thin, thick) in heads.items():
        write_volume(thin, folder / f"{_file(name)}.nrrd")
        if thick is not None:
            write_volume(thick, folder / f"{_file(name)}-thick.nrrd")
    return list(heads)


def _file(name: str) -> str:
    return name.replace(" ", "-").replace(",", "")


def configuration(name: str, start: str, args: argparse.Namespace, folder: Path, cases: list[str]) -> Path:
    """Write the configuration of one run."""
    lines = [
        f'extends = "{CONFIG}"',
        "[training]",
        f"steps = {args.steps}",
        f'precision = "{args.precision}"',
        "learning_rate = 3e-4",
        "warmup = 50",
        "average = 0.995",
        f'initial = "{start}"',
        f'output = "{folder / _file(name)}"',
        "[validation]",
        f"every = {args.steps}",
    ]
    for case in cases:
        lines += ["[[validation.case]]", f'name = "{case}"', f'thin = "{folder / _file(case)}.nrrd"']
        thick = folder / f"{_file(case)}-thick.nrrd"
        lines += [f'thick = "{thick}"'] if thick.exists() else []
        lines += [f"thickness_mm = {PROFILE.fwhm}", f'shape = "{PROFILE.shape}"']
    path = folder / f"{_file(name)}.toml"
    write_text("\n".join(lines) + "\n", path)
    return path


def figures_of_start(start: str, config: Path, detail: float | None = None) -> dict[str, dict[str, float]]:
    """Measure the model that the runs begin with, at its own detail or another one."""
    stack = load_stack(start)
    if detail is not None:
        stack.spec = replace(stack.spec, default_detail=detail)
    return {case.name: asdict(figures_of(load_case(case), stack)[0]) for case in read_config(config).validation}


def figures_of_run(config: Path, changes: list[str]) -> dict[str, dict[str, float]]:
    """Train, or go on with, one run and give what it logged of its last step."""
    settings = read_config(config, changes)
    Run(settings, "cpu", report=lambda line: print(line, flush=True)).train()
    return validated(settings)


def validated(config: TrainingConfig) -> dict[str, dict[str, float]]:
    """Give what a finished run logged last, by validation case and figure."""
    with (config.output / LOG_FILE).open(newline="", encoding="utf-8") as stream:
        last = {row["name"]: float(row["value"]) for row in csv.DictReader(stream)}
    kinds = [field.name for field in fields(Figures)]
    return {case.name: {kind: last[f"{case.name} {kind}"] for kind in kinds} for case in config.validation}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("start")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--runs", nargs="+", choices=INGREDIENTS, default=list(INGREDIENTS), metavar="NAME")
    parser.add_argument("--out", type=Path, default=Path("build/ingredients"))
    parser.add_argument("--details", nargs="+", type=float, help="measure START at these details, and train nothing")
    args = parser.parse_args()
    folder = args.out.resolve()
    cases = write_cases(folder)
    start = str(Path(args.start).resolve())
    if args.details:
        config = configuration("none", start, args, folder, cases)
        print_table(cases, {f"{d:g}": figures_of_start(start, config, d) for d in args.details}, "detail")
        return
    kept = folder / "figures.json"
    found = json.loads(kept.read_text()) if kept.exists() else {}
    for name in args.runs:
        config = configuration(name, start, args, folder, cases)
        if "START" not in found:
            found["START"] = figures_of_start(start, config)
        if name not in found:
            found[name] = figures_of_run(config, INGREDIENTS[name])
        write_text(json.dumps(found, indent=1), kept)
    print_table(cases, found, "ingredient")


def print_table(cases: list[str], found: dict[str, dict[str, dict[str, float]]], what: str) -> None:
    """Print the gain in bone, dB, and the slice-axis energy of each case."""
    print(f"\n| {what} | " + " | ".join(cases) + " |\n|---" + "|---:" * len(cases) + "|")
    for name, figures in found.items():
        cells = [f"{figures[case]['bone']:+.2f}, {figures[case]['energy']:.2f}" for case in cases]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
