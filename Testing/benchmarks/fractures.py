"""The fracture study of the default model: docs/trust.md and the model's card show what this prints.

    python Testing/benchmarks/fractures.py [MODEL] [--out build/fractures] [--earlier FOLDER] [--into FOLDER]

Gaps of 0.3 to 3 mm and steps of 0.5 to 3 mm at 0 to 90 degrees to the slice axis, cut into the head of the Visible
Human male and the anthropomorphic skull phantom (both kept from training; the phantom resampled to 1 mm within its
slices) and into the generated wrist; 3 mm slices with a box profile. MODEL at both ends and its own detail, the thesis'
stacks, the baselines. With --earlier, a model folder with earlier weights stands beside, at its own detail. Leaves
readings.json, tables.md and fractures.png in OUT. Needs the real CT (CTENHANCE_DATA).
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import SimpleITK as sitk
import torch
from human_head import human_head

from CTEnhanceLib.commands.fractures import put_study, study_methods
from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.dicom.volumes import read_volume
from CTEnhanceLib.evaluation.fractures.curves import fracture_curves
from CTEnhanceLib.evaluation.fractures.record import EARLIER, record
from CTEnhanceLib.evaluation.fractures.study import Design, joined, run_study
from CTEnhanceLib.evaluation.fractures.tables import markdown
from CTEnhanceLib.evaluation.plots import save_figure
from CTEnhanceLib.model.folder import load_stack
from CTEnhanceLib.phantom import wrist_phantom
from CTEnhanceLib.training.config.data_files import data_path

THESIS = ("thesis-method1", "thesis-method2")
BOX_3_MM = SliceProfile("box", 3.0)


def skull_phantom() -> sitk.Image:
    """The phantom with pixels of 1 mm, so that every axis can be the slice axis."""
    fine = read_volume(data_path("validation/phil_head_1mm_UB.nrrd"))[60:360, 90:400, 12:126]
    smooth = sitk.RecursiveGaussian(sitk.Cast(fine, sitk.sitkFloat32), 0.4, False, 0, 0)
    smooth = sitk.RecursiveGaussian(smooth, 0.4, False, 0, 1)
    size = [int(n * s) for n, s in zip(fine.GetSize(), fine.GetSpacing())]
    placed = sitk.Resample(
        smooth, size, sitk.Transform(), sitk.sitkLinear, fine.GetOrigin(), (1.0, 1.0, 1.0), fine.GetDirection()
    )
    return sitk.Cast(placed, sitk.sitkInt16)


PLAN = {
    "human head": (
        lambda: human_head()[54:190, 40:196, :],
        Design(BOX_3_MM, copies=4, gaps=60, steps=24, axes=(0, 1, 2)),
    ),
    "skull phantom": (skull_phantom, Design(BOX_3_MM, copies=4, gaps=60, steps=24, axes=(0, 1))),
    "generated wrist": (
        lambda: wrist_phantom(0, (1.0, 1.0, 1.0)),
        Design(BOX_3_MM, copies=4, gaps=24, steps=12, axes=(0, 1, 2)),
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="context")
    parser.add_argument("--out", type=Path, default=Path("build/fractures"))
    parser.add_argument("--volumes", nargs="+", choices=list(PLAN), default=list(PLAN))
    parser.add_argument("--earlier", help="model folder with earlier weights")
    parser.add_argument("--into", type=Path, help="model folder whose card and metrics.json get the figures")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    details = (0.0, load_stack(args.model).spec.default_detail or 0.0, 1.0)
    methods = dict(study_methods([args.model, *THESIS], details, "cpu"))
    if args.earlier is not None:
        (method,) = list(study_methods([args.earlier], None, "cpu").items())[-1:]
        methods[f"{method[0]} {EARLIER}"] = method[1]
    studies, started = [], time.process_time()
    for name in args.volumes:
        make, design = PLAN[name]
        studies.append(run_study({name: make()}, methods, design, lambda *_: None))
        print(f"{name}: {time.process_time() - started:.0f} s of CPU so far", flush=True)
    study = joined(studies)
    (args.out / "readings.json").write_text(json.dumps(study.as_json()) + "\n")
    figures = record(study)
    if args.into is not None:
        put_study(args.into, figures)
    tables = markdown(figures)
    (args.out / "tables.md").write_text(tables)
    save_figure(fracture_curves(study), args.out / "fractures.png")
    print(tables)


if __name__ == "__main__":
    main()
