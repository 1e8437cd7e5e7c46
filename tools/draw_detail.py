"""Draw both ends of `detail` and the default beside the truth: docs/pictures/detail-*.png.

    python tools/draw_detail.py [MODEL] [--out docs/pictures]

Cuts along the slice axis through the skull phantom (neurolabusc/dcm_qa_ct, BSD-2) and the Visible Human male's head
(Courtesy of the U.S. National Library of Medicine), which no shipped model was trained on. Needs the real CT
(CTENHANCE_DATA).
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CTEnhanceLib import enhance, load_stack
from CTEnhanceLib.ct.geometry import slice_geometry, to_slices
from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.ct.thicken import thicken
from CTEnhanceLib.dicom.volumes import read_volume
from CTEnhanceLib.evaluation.baselines import YARDSTICK, baseline_slices
from CTEnhanceLib.evaluation.plots import new_figure, save_figure
from CTEnhanceLib.model.stack import Stack
from CTEnhanceLib.training.config.data_files import data_path
from CTEnhanceLib.version import RESEARCH_ONLY

WINDOW_HU = (-300, 1500)
PROFILE = SliceProfile("box", 3.0)


@dataclass(frozen=True)
class View:
    """A cut to draw.

    Attributes:
        file: The thin volume.
        box: First and last voxel along x, y, z that is computed.
        row: Row of the box that is drawn.
        columns: Columns of the box that are drawn.
        credit: Whom to name.
    """

    file: str
    box: tuple[slice, slice, slice]
    row: int
    columns: slice
    credit: str


VIEWS = {
    "skull": View(
        "validation/phil_head_1mm_UB.nrrd",
        (slice(96, 352), slice(150, 278), slice(0, 138)),
        64,
        slice(0, 256),
        "Skull phantom: neurolabusc/dcm_qa_ct, BSD-2",
    ),
    "head": View(
        "validation/vhm_head_neck_1mm.nrrd",
        (slice(40, 200), slice(40, 168), slice(101, 185)),
        64,
        slice(0, 160),
        "Visible Human male: Courtesy of the U.S. National Library of Medicine",
    ),
}


def cuts(view: View, stack: Stack) -> tuple[dict[str, np.ndarray], float]:
    """Give the cut of each picture by name (slices, columns), and the height of a slice / width of a pixel."""
    thin = read_volume(data_path(view.file))[view.box]
    thick = thicken(thin, PROFILE.fwhm, profile=PROFILE)
    geometry = slice_geometry(thin)
    details = {"accurate end (detail 0)": 0.0, f"default (detail {stack.spec.default_detail:g})": None}
    details["crisp end (detail 1)"] = 1.0
    computed = {
        name: _aligned(enhance(thick, stack, profile=PROFILE, detail=d).volume, thin) for name, d in details.items()
    }
    thick_at = slice_geometry(thick).positions + thick.GetOrigin()[2] - thin.GetOrigin()[2]
    measured, positions = to_slices(thick), geometry.positions
    shown = {
        "measured, 3 mm": baseline_slices(measured, thick_at, positions, "repeat", PROFILE),
        YARDSTICK: baseline_slices(measured, thick_at, positions, YARDSTICK, PROFILE),
        **computed,
        "reference, 1 mm": to_slices(thin),
    }
    return (
        {name: slices[::-1, view.row, view.columns] for name, slices in shown.items()},
        geometry.interval / geometry.pixel_spacing[1],
    )


def _aligned(computed: sitk.Image, thin: sitk.Image) -> np.ndarray:
    return to_slices(sitk.Resample(computed, thin, sitk.Transform(), sitk.sitkNearestNeighbor, -1024))


def draw(view: View, stack: Stack, path: Path) -> None:
    """Draw one view."""
    pictures, ratio = cuts(view, stack)
    rows, columns = next(iter(pictures.values())).shape
    width = 3.6
    figure = new_figure(3 * width, 2 * (width * rows * ratio / columns + 0.3) + 0.3)
    for axis, (name, cut) in zip(figure.subplots(2, 3).ravel(), pictures.items()):
        axis.imshow(cut, cmap="gray", vmin=WINDOW_HU[0], vmax=WINDOW_HU[1], aspect=ratio, interpolation="nearest")
        axis.set_title(name, fontsize=10)
        axis.set_axis_off()
    figure.supxlabel(f"{view.credit}. Computed slices; {RESEARCH_ONLY}.", fontsize=8)
    save_figure(figure, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="context")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parents[1] / "docs" / "pictures")
    args = parser.parse_args()
    stack = load_stack(args.model)
    for name, view in VIEWS.items():
        draw(view, stack, args.out / f"detail-{name}.png")


if __name__ == "__main__":
    main()
