"""The main job on real MRML nodes without a desktop: ``python -m CTEnhanceLib.scene.headless.demo`` (``make demo``).

A generated wrist with a broken radius is thickened to 3 mm (or a given volume is taken as it is), enhanced by the
module's logic, and shown: one labelled picture, the saved scene, both volumes and the report.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")

import SimpleITK as sitk
import slicer

from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.dicom.volumes import read_volume
from CTEnhanceLib.errors import CTEnhanceError, OutputError
from CTEnhanceLib.files.volumes import write_volume
from CTEnhanceLib.scene.comparison.comparison import Comparison
from CTEnhanceLib.scene.headless.offscreen import OffscreenViewHost
from CTEnhanceLib.scene.headless.picture import with_heading, write_png
from CTEnhanceLib.scene.nodes import add_volume, image_from_node
from CTEnhanceLib.scene.output import enhance_node
from CTEnhanceLib.scene.provenance import RESEARCH_NOTE, report_of

if TYPE_CHECKING:
    from CTEnhanceLib.evaluation.evaluate import Evaluation
    from CTEnhanceLib.model.stack import Stack

logger = logging.getLogger(__name__)

SEED = 0
SPACING = (0.4, 0.4, 1.0)
THICKNESS = 3.0
WINDOW = (-300.0, 1500.0)
SIZE = (2080, 1080)
FRACTURE = (118, 100, 33)
"""Voxel of the phantom of `SEED` where its joint surface is broken."""


@dataclass(frozen=True)
class Case:
    """What the demo runs on.

    Attributes:
        name: Of the measured volume's node.
        thick: The measured volume.
        truth: The thin volume it was made from, when it was made.
        title: First line of the picture.
        profile: The slice profile that made it, where it is known.
        focus: Where the slice views stand (RAS); None for the middle of the bone.
        further: Further thick series of the same scan.
    """

    name: str
    thick: sitk.Image
    truth: sitk.Image | None
    title: str
    profile: SliceProfile | None
    focus: tuple[float, float, float] | None
    further: tuple[sitk.Image, ...] = ()


def phantom_case(series: int = 1) -> Case:
    """A generated wrist with an intra-articular fracture, thickened to 3 mm by a box profile.

    Args:
        series: 1 for axial slices, 2 for coronal ones as well, 3 for sagittal ones as well.
    """
    from CTEnhanceLib.ct.thicken import thicken
    from CTEnhanceLib.phantom import wrist_phantom

    truth, profile = wrist_phantom(SEED, SPACING), SliceProfile("box", THICKNESS)
    thick = thicken(truth, THICKNESS, profile=profile)
    title = f"Distal radius fracture, generated wrist phantom (seed {SEED})"
    further = tuple(thicken(truth, THICKNESS, profile=profile, axis=axis) for axis in (1, 0)[: series - 1])
    left, back, up = truth.TransformIndexToPhysicalPoint(FRACTURE)
    return Case("wrist", thick, truth, title, profile, (-left, -back, up), further)


def file_case(path: Path) -> Case:
    """A measured volume from a file or DICOM folder; its truth is not known."""
    name = path.name.split(".")[0]
    return Case(name, read_volume(path), None, f"{name}: measured slices, truth not known", None, None)


def run(case: Case, folder: Path, model: str | Path | Stack) -> dict[str, Any]:
    """Do the whole and leave thick.nrrd, enhanced.nrrd, scene.mrb, comparison.png and report.json in a folder.

    Args:
        case: What to run on.
        folder: Where the results go; made if it is not there.
        model: Name or folder of the model, or a loaded one.

    Returns:
        The report, with the metrics under ``metrics`` where the truth is known.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with OffscreenViewHost(SIZE) as view_host:
        return _run(case, folder, model, view_host)


def _run(case: Case, folder: Path, model: str | Path | Stack, view_host: OffscreenViewHost) -> dict[str, Any]:
    measured = add_volume(view_host.scene, case.thick, case.name, WINDOW)
    further = [
        add_volume(view_host.scene, image, f"{case.name} {plane}", WINDOW)
        for image, plane in zip(case.further, ("coronal", "sagittal"))
    ]
    computed = enhance_node(measured, model=model, profile=case.profile, further=further)
    report = report_of(computed)
    if case.truth is not None:
        report["metrics"] = _metrics(case, image_from_node(computed))
    comparison = Comparison(measured, computed, view_host=view_host)
    comparison.set(guides=False)
    comparison.show("overview")
    if case.focus is not None:
        comparison.jump(case.focus)
    picture = with_heading(view_host.picture(), case.title, _lines(report, measured, computed))

    write_png(picture, folder / "comparison.png")
    write_volume(case.thick, folder / "thick.nrrd")
    write_volume(image_from_node(computed), folder / "enhanced.nrrd")
    (folder / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    _save_scene(view_host.scene, folder / "scene.mrb")
    return report


def main(arguments: list[str] | None = None) -> int:
    """Run the demo from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m CTEnhanceLib.scene.headless.demo", description=__doc__)
    parser.add_argument("--input", type=Path, help="a volume or DICOM folder; a generated wrist when left out")
    parser.add_argument("--out", type=Path, default=Path("build/demo"), help="folder of the results")
    parser.add_argument("--model", default="context", help="name or folder of the model")
    parser.add_argument(
        "--series", type=int, choices=(1, 2, 3), default=1, help="measured series of the generated wrist"
    )
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        case = file_case(chosen.input) if chosen.input else phantom_case(chosen.series)
        report = run(case, chosen.out, chosen.model)
    except CTEnhanceError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    consistency = report["consistency"]
    logger.info(
        "consistency with the measured slices: %.2f HU (cubic interpolation: %.2f HU)",
        consistency["after"],
        consistency["cubic"],
    )
    for row in report.get("metrics", {}).get("rows", []):
        logger.info("%-26s bone PSNR %.2f dB", row["name"], row["regions"]["bone"]["psnr_db"])
    logger.info("%s", chosen.out / "comparison.png")
    return 0


def _metrics(case: Case, computed: sitk.Image) -> dict[str, Any]:
    from CTEnhanceLib.evaluation.evaluate import evaluate
    from CTEnhanceLib.evaluation.record import record

    assert case.truth is not None
    evaluation: Evaluation = evaluate(case.truth, case.thick, {"computed": computed}, profile=case.profile)
    return record(evaluation)


def _lines(
    report: dict[str, Any], measured: slicer.vtkMRMLScalarVolumeNode, computed: slicer.vtkMRMLScalarVolumeNode
) -> list[str]:
    """What stands under the title of the picture."""
    model, consistency = report["model"], report["consistency"]
    sizes = " to ".join(f"{max(node.GetSpacing()):.3g} mm" for node in (measured, computed))
    count = report.get("measured_series", 1)
    computed_from = f" · computed from {count} measured series" if count > 1 else ""
    lines = [
        f"{sizes} slices{computed_from} · model {model['name']} ({model['sha256'][:8]}) · agrees with the "
        f"measured slices to {consistency['after']:.2g} HU (cubic interpolation {consistency['cubic']:.2g} HU) · "
        f"{RESEARCH_NOTE}"
    ]
    rows = {row["name"]: row["regions"]["bone"] for row in report.get("metrics", {}).get("rows", [])}
    if rows:
        figures = ", ".join(f"{name} {rows[name]['psnr_db']:.1f}" for name in rows)
        lines.append(f"Bone PSNR against the true 1 mm slices, dB: {figures}")
    return lines


def _save_scene(scene: slicer.vtkMRMLScene, path: Path) -> None:
    path.unlink(missing_ok=True)
    if not scene.WriteToMRB(str(path.resolve())):  # a relative path would be looked for in the scene's own root
        raise OutputError(f"{path} could not be written; choose another folder.")


if __name__ == "__main__":
    sys.exit(main())
