"""Draws the ten pictures of docs/tutorial.md and those of the README (`make pictures`).

python tools/draw_tutorial.py [FOLDER]    writes tutorial-*.png and readme-*.png, by default into docs/pictures

The leg is the real series sts_028 of CTENHANCE_DATA (TCIA Soft-tissue-Sarcoma, CC BY 3.0), the wrist the generated
phantom. Panel and views are the real ones on real MRML; the window around them is not Slicer's.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent
sys.path.insert(0, str(HERE))

from draw_panel import Studio  # noqa: E402 - found through the line above

SIZE = (860, 560)
"""What a window of 1280 x 720 leaves for views."""
PANEL_WIDTH = 360
GAP_MIDDLE, GAP_ACROSS = np.array([2.8, 6.4, 0.0]), np.array([3.46, 0.0, -2.0])
"""A gap in the phantom's radius, RAS mm from its `FRACTURE`: 1.6 mm wide in the truth."""
COLOURS = 256
"""Of a picture without 3D views: grey slices and a few marks need no more, and the file is half as large."""


class Tutorial:
    """Takes the pictures, in the order of the tutorial.

    Args:
        folder: Where they are written.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.count = folder, 0
        self.studio = Studio(folder, SIZE, wrist=False)
        self.module: Any = self.studio.module

    @property
    def comparison(self) -> Any:
        """The comparison on show."""
        return self.module.panel.comparison.comparison

    def panel(self) -> np.ndarray:
        """The panel as it is now, (rows, columns, 3)."""
        return self.studio.grab(PANEL_WIDTH)

    def take(self, name: str, *parts: np.ndarray) -> None:
        """Write parts beside each other as the next picture."""
        self.count += 1
        write(beside(*parts), self.folder / f"tutorial-{self.count:02d}-{name}.png", in_full=self.shows_3d)

    @property
    def shows_3d(self) -> bool:
        """Whether a 3D view is on show: shaded bone before a graded ground needs more colours."""
        return self.comparison is not None and bool(self.comparison.volume_views)

    def views(self) -> np.ndarray:
        """The views as they are now."""
        return self.studio.view_host.picture()

    def finish(self) -> None:
        """As at the end of a run: outcome, folded choices, open comparison."""
        panel, node = self.module.panel, self.studio.computed
        self.studio.show_end("done")
        panel.parameters.outputVolume = panel.parameters.comparedVolume = node
        panel._fold_for_looking()
        panel.comparison.open(node)

    def set(self, combo: str, key: str) -> None:
        """Choose in a list as a user does."""
        widget = getattr(self.module.ui, combo)
        widget.currentIndex = widget.findData(key)
        widget.activated.emit(widget.currentIndex)


def beside(*parts: np.ndarray) -> np.ndarray:
    """Pictures in one row on a common ground."""
    height = max(part.shape[0] for part in parts)
    grown = []
    for part in parts:
        canvas = np.full((height, part.shape[1], 3), part[-1, 0], np.uint8)
        canvas[: part.shape[0]] = part
        grown.append(canvas)
    return np.hstack(grown)


def write(picture: np.ndarray, path: Path, *, in_full: bool = False) -> None:
    """Write a small PNG: best compression, and few colours unless all are wanted."""
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(picture))
    if not in_full:
        image = image.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=0)
    image.save(path, optimize=True)


def load_leg(scene: Any) -> Any:
    """The leg as Slicer's DICOM module would load it."""
    from CTEnhanceLib.dicom.volumes import read_volume
    from CTEnhanceLib.scene.nodes import add_volume

    folder = Path(os.environ.get("CTENHANCE_DATA", REPOSITORY.parent / "shared" / "data")) / "dicom"
    return add_volume(scene, read_volume(folder / "sts_028_ankle_3p27mm"), "Leg 3.27 mm", (-250.0, 1250.0))


def leg(tutorial: Tutorial) -> None:
    """Load, understand, compute, look."""
    import slicer

    module, studio = tutorial.module, tutorial.studio
    tutorial.take("start", tutorial.panel())
    node = load_leg(slicer.mrmlScene)
    module.ui.inputSelector.setCurrentNode(node)
    tutorial.take("chosen", tutorial.panel())
    module.ui.advancedCollapsibleButton.collapsed = False
    tutorial.take("advanced", tutorial.panel())
    module.ui.advancedCollapsibleButton.collapsed = True
    studio.compute(node)
    studio.show_progress()
    running = tutorial.panel()
    tutorial.finish()
    tutorial.take("running", running, tutorial.panel())
    tutorial.take("side-by-side", tutorial.panel(), tutorial.views())
    tutorial.set("layoutComboBox", "coronal")
    tutorial.take("coronal", tutorial.views())
    write(tutorial.views(), tutorial.folder / "readme-slices.png")
    tutorial.set("blendComboBox", "reveal")
    tutorial.take("reveal", tutorial.views())
    tutorial.set("blendComboBox", "difference")
    tutorial.take("difference", tutorial.views())
    write(tutorial.views(), tutorial.folder / "readme-difference.png")
    tutorial.set("blendComboBox", "none")
    tutorial.set("layoutComboBox", "3d")
    module.ui.bone3DCollapsibleButton.collapsed = False
    write(tutorial.views(), tutorial.folder / "readme-3d.png", in_full=True)
    tutorial.set("boneComboBox", "surface")
    tutorial.take("surfaces", tutorial.panel(), tutorial.views())
    module.ui.bone3DCollapsibleButton.collapsed = True
    module.panel.comparison.leave()


def fracture(tutorial: Tutorial) -> None:
    """A line across the phantom's fracture."""
    import slicer

    from CTEnhanceLib.ct.thicken import thicken
    from CTEnhanceLib.phantom import wrist_phantom
    from CTEnhanceLib.scene.headless.demo import FRACTURE
    from CTEnhanceLib.scene.nodes import add_volume

    module, studio = tutorial.module, tutorial.studio
    thin = wrist_phantom(spacing=(0.4, 0.4, 1.0))
    left, back, up = thin.TransformIndexToPhysicalPoint(FRACTURE)
    node = add_volume(slicer.mrmlScene, thicken(thin, 3.0), "Wrist phantom 3 mm", (-300.0, 1500.0))
    module.ui.inputSelector.setCurrentNode(node)
    studio.compute(node)
    tutorial.finish()
    tutorial.set("layoutComboBox", "coronal")
    middle = np.array([-left, -back, up]) + GAP_MIDDLE
    tutorial.comparison.jump(middle.tolist())
    module.ui.figuresCollapsibleButton.collapsed = False
    module.ui.profileButton.click()
    line = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLMarkupsLineNode")
    for end in (middle - GAP_ACROSS, middle + GAP_ACROSS):
        line.AddControlPointWorld(*end)
    tutorial.set("layoutComboBox", "coronal")
    tutorial.take("fracture-line", tutorial.panel(), tutorial.views())
    module.ui.profileButton.click()
    module.panel.comparison.leave()


def main(arguments: list[str]) -> None:
    """Take all pictures."""
    tutorial = Tutorial(Path(arguments[0]) if arguments else REPOSITORY / "docs" / "pictures")
    leg(tutorial)
    fracture(tutorial)
    tutorial.module.cleanup()
    tutorial.studio.view_host.close()


if __name__ == "__main__":
    main(sys.argv[1:])
