"""Draws docs/pictures/fusion-*.png: one coronal slice from the axial series alone, from several series, and the truth.

python tools/draw_fusion.py [FOLDER]

The studies are simulated as in Testing/benchmarks/fusion.py: slabs of 3 mm, from the generated wrist and from
validation/vhm_head_neck_1mm (CTENHANCE_DATA, default ../shared/data; passed over where it is absent).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import SimpleITK as sitk

REPOSITORY = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("CTENHANCE_DATA", REPOSITORY.parent / "shared" / "data"))
SLAB_MM = 3.0
LOW, HIGH = -300.0, 1500.0
PANEL_WIDTH, GAP = 300, 8
TITLES = ("axial series, as measured", "computed from it alone", "from three series", "true thin slices")


def slices_shown(thin: sitk.Image, row: int) -> list[np.ndarray]:
    """Give a coronal slice (z, x) of the axial series, of both results and of the truth."""
    from CTEnhanceLib import enhance, load_stack
    from CTEnhanceLib.ct.profile import SliceProfile
    from CTEnhanceLib.ct.thicken import thicken
    from CTEnhanceLib.evaluation.baselines import baseline_volume

    profile = SliceProfile("box", SLAB_MM)
    axial, *others = (thicken(thin, SLAB_MM, profile=profile, axis=axis) for axis in (2, 1, 0))
    stack = load_stack("context")
    volumes = [
        baseline_volume(axial, "repeat"),
        enhance(axial, stack, profile=profile, uncertainty=False).volume,
        enhance(axial, stack, profile=profile, uncertainty=False, also=others).volume,
        thin,
    ]
    return [sitk.GetArrayViewFromImage(volume)[: volumes[0].GetSize()[2], row] for volume in volumes]


def side_by_side(slices: list[np.ndarray], pixel: float, spacing: float) -> np.ndarray:
    """Put slices beside each other with their titles, head up; uint8 (rows, columns, 3)."""
    from CTEnhanceLib.scene.headless.picture import text_image

    panels = []
    for part, title in zip(slices, TITLES):
        factor = PANEL_WIDTH / (part.shape[1] * pixel)
        size = (round(part.shape[0] * spacing * factor), PANEL_WIDTH)
        grey = np.clip((np.asarray(part, float)[::-1] - LOW) / (HIGH - LOW), 0, 1) * 255
        index = [((np.arange(n) + 0.5) * s / n).astype(int) for n, s in zip(size, grey.shape)]
        panel = np.repeat(np.rint(grey[np.ix_(*index)]).astype(np.uint8)[..., None], 3, axis=2)
        words = text_image(title, 17, (0.9, 0.92, 0.95))
        heading = np.zeros((30, PANEL_WIDTH, 3), np.uint8)
        shown = words[:, :PANEL_WIDTH]
        heading[4 : 4 + len(shown), : shown.shape[1]] = (shown[..., :3] * (shown[..., 3:] / 255)).astype(np.uint8)
        panels += [np.vstack([heading, panel]), np.zeros((30 + size[0], GAP, 3), np.uint8)]
    return np.hstack(panels[:-1])


def main() -> None:
    from CTEnhanceLib.files.volumes import read_volume_file
    from CTEnhanceLib.phantom import wrist_phantom
    from CTEnhanceLib.scene.headless.demo import FRACTURE, SEED
    from CTEnhanceLib.scene.headless.picture import write_png

    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY / "docs" / "pictures"
    phantom = wrist_phantom(SEED, (0.6, 0.6, 1.0))
    row = round(FRACTURE[1] * 0.4 / 0.6)
    write_png(side_by_side(slices_shown(phantom, row), 0.6, 1.0), folder / "fusion-phantom.png")
    path = DATA / "validation" / "vhm_head_neck_1mm.nrrd"
    if path.is_file():
        head = read_volume_file(path)
        # skull base and vault; the slices below are interpolated
        head = sitk.RegionOfInterest(head, [144, 63, 84], [6, 88, 101])
        write_png(side_by_side(slices_shown(head, 32), 1.0, 1.0), folder / "fusion-head.png")


if __name__ == "__main__":
    main()
