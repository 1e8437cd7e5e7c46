"""Renders the panel in its host: light and dark, narrow and wide, waiting, running, done and refused.

python tools/draw_panel.py [FOLDER]    writes panel-*.png, by default into Resources/

The panel is the real one on real MRML; the window around it, and the fonts, are not Slicer's.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPOSITORY / "Testing" / "host"), str(REPOSITORY / "Testing")]

from slicer_host import Host  # noqa: E402 - found through the line above

from CTEnhanceLib.scene.headless.picture import write_png  # noqa: E402

NARROW, USUAL = 300, 360


class Studio:
    """An open panel with a wrist chosen, and what is needed to take pictures of it.

    Args:
        folder: Where pictures are written.
        size: Of the views, pixels.
        wrist: Whether a wrist is loaded and chosen.
    """

    def __init__(self, folder: Path, size: tuple[int, int] = (640, 480), wrist: bool = True) -> None:
        from CTEnhanceLib.scene.headless.offscreen import OffscreenViewHost

        self.folder = folder
        self.host = Host().start()
        import slicer

        self.view_host = OffscreenViewHost(size)
        self.view_host.show_layout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView)
        slicer.mrmlScene = self.view_host.scene
        self.module: Any = self.host.open_module()
        self.module.panel.comparison.make_view_host = lambda: self.view_host
        if wrist:
            self.wrist = self._load_wrist()
            self.module.ui.inputSelector.setCurrentNode(self.wrist)

    def _load_wrist(self) -> Any:
        import slicer

        from CTEnhanceLib.ct.thicken import thicken
        from CTEnhanceLib.phantom import wrist_phantom
        from CTEnhanceLib.scene.nodes import DICOM_ATTRIBUTE, add_volume

        thin = wrist_phantom(spacing=(0.6, 0.6, 1.0))
        self.truth = add_volume(slicer.mrmlScene, thin, "Wrist 1 mm", (-200.0, 1300.0))
        node = add_volume(slicer.mrmlScene, thicken(thin, 3.0), "Wrist 3 mm", (-200.0, 1300.0))
        node.SetAttribute(DICOM_ATTRIBUTE, '{"0018|0050": "3"}')
        return node

    def load_series(self) -> None:
        """Load the coronal and the sagittal series of the wrist's scan, as DICOM would name them."""
        import json

        import slicer

        from CTEnhanceLib.ct.thicken import thicken
        from CTEnhanceLib.scene.nodes import DICOM_ATTRIBUTE, add_volume, image_from_node

        thin, one_scan = image_from_node(self.truth), {"0018|0050": "3", "0020|000d": "1.2", "0020|0052": "1.2.3"}
        self.series = [
            add_volume(slicer.mrmlScene, thicken(thin, 3.0, axis=axis), f"Wrist {plane} 3 mm", (-200.0, 1300.0))
            for plane, axis in (("coronal", 1), ("sagittal", 0))
        ]
        for node in (self.wrist, *self.series):
            node.SetAttribute(DICOM_ATTRIBUTE, json.dumps(one_scan))
        self.module.panel.update()

    def remove_series(self) -> None:
        """Leave the axial series alone again."""
        import slicer

        for node in self.series:
            slicer.mrmlScene.RemoveNode(node)
        self.module.panel.update()

    def take(self, name: str, width: int, dark: bool = False) -> None:
        """Write one picture, as high as the panel wants to be."""
        self.host.dark(dark)
        write_png(self.grab(width), self.folder / f"{name}.png")

    def grab(self, width: int) -> np.ndarray:
        """The panel as it is now, (rows, columns, 3)."""
        import qt

        panel = self.host.panel
        panel.setFixedWidth(width)
        panel.show()
        self.host.wait(lambda: False, 0.1)
        panel.layout().activate()
        height = panel.layout().heightForWidth(width) if panel.layout().hasHeightForWidth() else 0
        panel.resize(width, max(height, panel.sizeHint.height()))
        self.host.wait(lambda: False, 0.1)
        image = panel.grab().toImage().convertToFormat(qt.QImage.Format_RGB888)
        raw = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
        return raw[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()

    def compute(self, node: Any = None) -> None:
        """Run the default model for real, in this process: what the pictures say of it is what it said."""
        from CTEnhanceLib.files.progress import SecondsLeft
        from CTEnhanceLib.panel.run.progress import Progress
        from CTEnhanceLib.scene.output import enhance_node
        from CTEnhanceLib.scene.provenance import report_of

        left, self.steps = SecondsLeft(), []
        self.computed = enhance_node(
            node or self.wrist,
            progress=lambda stage, done, total: self.steps.append(
                Progress(stage, done, total, left(stage, done, total))
            ),
        )
        self.report = report_of(self.computed)

    def show_progress(self) -> None:
        """As it looks in the middle of a run."""
        section = self.module.panel.run_section
        section.run_started(SimpleNamespace())
        section.run_progressed(
            next(step for step in self.steps if step.stage == "enhance" and 3 * step.done > step.total)
        )

    def show_end(self, kind: str, sentence: str = "", log: str = "") -> None:
        """As it looks after a run."""
        from CTEnhanceLib.panel.run.outcome import Outcome

        section = self.module.panel.run_section
        section._on_done = lambda _node: None
        section.run_ended(Outcome(kind, sentence, self.computed, log, 1, self.report["seconds"], self.report))

    def show_comparison(self) -> None:
        """As it looks while two volumes are compared."""
        self.module.ui.compareCollapsibleButton.collapsed = False
        self.module.ui.comparedSelector.setCurrentNode(self.computed)
        self.module.ui.referenceSelector.setCurrentNode(self.truth)
        self.module.ui.compareButton.click()

    def check_installation(self) -> None:
        """Open the section and wait for the whole answer."""
        self.module.ui.installationCollapsibleButton.collapsed = False
        section = self.module.panel.installation
        if not self.host.wait(lambda: bool(section.findings) and not section.is_checking, 300):
            raise SystemExit("the check of the installation did not end, and the picture would say so")

    def choose_region(self, words: str) -> None:
        """As it looks when figures are for something else than bone: a box, or a segment."""
        import slicer

        ui, scene = self.module.ui, slicer.mrmlScene
        ui.figureRegionComboBox.currentIndex = ui.figureRegionComboBox.findText(words)
        if words == "Inside a box":
            ui.figureBoxSelector.setCurrentNode(scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Fracture gap"))
        else:
            segmentation = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Wrist bones")
            segmentation.GetSegmentation().AddEmptySegment("scaphoid", "Scaphoid")
            ui.figureSegmentationSelector.setCurrentNode(segmentation)

    def show_several(self) -> None:
        """Three volumes in one run, of which one cannot be computed, as it looks before the last one is done."""
        import slicer

        from CTEnhanceLib.panel.several.run import DONE, FAILED, Entry, SeveralRun
        from CTEnhanceLib.scene.nodes import add_volume, image_from_node

        image = image_from_node(self.wrist)
        names = ("Wrist left 3 mm", "Wrist right 3 mm")
        nodes = [self.wrist, *(add_volume(slicer.mrmlScene, image, name, (-200.0, 1300.0)) for name in names)]
        section = self.module.panel.several
        section.widgets.section.collapsed = False
        section.refresh()
        run = SeveralRun(None, lambda: None, "")  # type: ignore[arg-type]
        run.entries = [Entry(node.GetID(), node.GetName()) for node in nodes]
        run.entries[0].status, run.entries[1].status = DONE, FAILED
        run.entries[1].sentence = "The volume has only 2 slices; at least 4 are needed, so choose the whole series."
        run.is_running, section.run = True, run
        section.refresh()

    def end_several(self) -> None:
        """Fold the section again, with nothing of the run left."""
        import slicer

        section = self.module.panel.several
        for entry in section.run.entries[1:]:
            slicer.mrmlScene.RemoveNode(slicer.mrmlScene.GetNodeByID(entry.node_id))
        section.run = None
        section.forget()
        section.widgets.section.collapsed = True


def main(arguments: list[str]) -> None:
    """Take all pictures."""
    studio = Studio(Path(arguments[0]) if arguments else REPOSITORY / "Resources")
    if studio.module.panel.models.entry is None:
        raise SystemExit("no model is installed in CTEnhance/Resources/Models, and the panel would say so")
    ui = studio.module.ui
    studio.take("panel-light", USUAL)
    studio.take("panel-dark", USUAL, dark=True)
    studio.take("panel-narrow", NARROW)
    studio.load_series()
    studio.take("panel-series", USUAL)
    studio.remove_series()
    ui.advancedCollapsibleButton.collapsed = False
    studio.take("panel-advanced", USUAL)
    studio.take("panel-advanced-narrow-dark", NARROW, dark=True)
    ui.advancedCollapsibleButton.collapsed = True
    studio.show_several()
    studio.take("panel-several", USUAL)
    studio.take("panel-several-narrow-dark", NARROW, dark=True)
    studio.end_several()
    studio.compute()
    studio.show_progress()
    studio.take("panel-running", USUAL)
    studio.show_end("done")
    studio.module.panel._fold_for_looking()
    studio.show_comparison()
    studio.take("panel-compare", USUAL)
    ui.bone3DCollapsibleButton.collapsed = ui.figuresCollapsibleButton.collapsed = False
    studio.choose_region("Inside a segment")
    studio.take("panel-compare-narrow-dark", NARROW, dark=True)
    ui.bone3DCollapsibleButton.collapsed = ui.figuresCollapsibleButton.collapsed = True
    ui.compareButton.click()
    ui.compareCollapsibleButton.collapsed = True
    ui.volumeCollapsibleButton.collapsed = False
    studio.show_end(
        "failed", "The computing process was ended from outside (often: not enough memory); nothing was changed.", "x"
    )
    studio.check_installation()
    studio.take("panel-failed", USUAL)
    ui.installationCollapsibleButton.collapsed = True
    studio.module.panel.run_section.forget()
    ui.spacingSpinBox.value = 3.0
    studio.take("panel-refused", USUAL)
    studio.module.cleanup()
    studio.view_host.close()


if __name__ == "__main__":
    main(sys.argv[1:])
