"""Renders a reading in the panel's host: what a reader sees at each step, views and section beside each other.

python tools/draw_reading.py STUDY [FOLDER]    STUDY: the readers' folder of `ctenhance reading reference`

Writes reading-*.png, by default into Resources/. The views are real MRML, the panel is the real one; the window around
them and the fonts are not Slicer's.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPOSITORY / "Testing" / "host"), str(REPOSITORY / "Testing")]

from slicer_host import Host  # noqa: E402 - found through the line above

VIEWS, PANEL = (1040, 640), 420


class Screen:
    """Views and section of a reading, taken as one picture."""

    def __init__(self, study: Path, folder: Path) -> None:
        from CTEnhanceLib.scene.headless.offscreen import OffscreenViewHost

        self.folder = folder
        self.host = Host().start()
        import slicer

        self.view_host = OffscreenViewHost(VIEWS)
        self.view_host.show_layout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView)
        slicer.mrmlScene = self.view_host.scene
        self.module: Any = self.host.open_module()
        self.module.panel.comparison.make_view_host = lambda: self.view_host
        self.section = self.module.panel.reading
        w = self.section.widgets
        w.section.collapsed = False
        w.folderLineEdit.text = str(study)
        w.folderLineEdit.editingFinished.emit()

    def take(self, name: str) -> None:
        """Write one picture: views left, section right."""
        from CTEnhanceLib.scene.headless.picture import write_png

        panel = self.section.widgets.section
        panel.setFixedWidth(PANEL)
        self.host.panel.show()
        self.host.wait(lambda: False, 0.2)
        height = max(VIEWS[1], panel.sizeHint.height())
        panel.resize(PANEL, panel.sizeHint.height())
        self.host.wait(lambda: False, 0.2)
        picture = np.full((height, VIEWS[0] + PANEL, 3), 239, np.uint8)
        picture[: VIEWS[1], : VIEWS[0]] = self.view_host.picture()
        picture[VIEWS[1] :, : VIEWS[0]] = 0
        shown = _pixels(panel.grab())
        rows = min(height, shown.shape[0])
        picture[:rows, VIEWS[0] : VIEWS[0] + shown.shape[1]] = shown[:rows, :PANEL]
        write_png(picture, self.folder / f"{name}.png")


def _pixels(pixmap: Any) -> np.ndarray:
    """A Qt picture as (rows, columns, 3) uint8."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "panel.png"
        pixmap.save(str(path))
        import SimpleITK as sitk

        return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))[..., :3]


def answer(section: Any, grades: str = "213", prefer: str = "") -> None:
    """Press some keys."""
    for shown, grade in zip(section.session.page.images, grades):
        section.press(shown.letter)
        section.press(grade)
    if prefer:
        section.press(prefer)


def main(arguments: list[str]) -> None:
    """Take all pictures."""
    target = Path(arguments[1]) if len(arguments) > 1 else REPOSITORY / "Resources"
    with tempfile.TemporaryDirectory() as place:
        study = Path(place) / "Reference study"  # a copy: the pictures' answers are nobody's
        shutil.copytree(arguments[0], study)
        shutil.rmtree(study / "answers", ignore_errors=True)
        screen = Screen(study, target)
        section = screen.section
        screen.take("reading-start")
        section.widgets.startButton.click()
        answer(section)
        screen.take("reading-grades")
        section.press("plane")
        screen.take("reading-coronal")
        section.press("plane")
        screen.take("reading-3d")
        section.press("alone")
        screen.take("reading-alone")
        section.press("alone")
        section.press("pause")
        screen.take("reading-pause")
        section.press("pause")
        section.look("axial")
        while not any(question.type == "preference" for question in section.session.page.questions):
            answer(section, "21342134")
            section.turn(1)
        section.look("coronal")
        answer(section, "", "B")
        screen.take("reading-preference")
        section.close()
        screen.module.cleanup()
        screen.view_host.close()


if __name__ == "__main__":
    main(sys.argv[1:])
