"""Renders the panel in its host: light and dark, narrow and wide, waiting, running, done and refused.

python tools/draw_panel.py [FOLDER]    writes panel-*.png, by default into Resources/

The panel is the real one on real MRML; the window around it, and the fonts, are not Slicer's.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPOSITORY / "Testing" / "host"), str(REPOSITORY / "Testing")]

from slicer_host import Host  # noqa: E402 - found through the line above

NARROW, WIDE = 330, 560


class Studio:
    """An open panel with a wrist chosen, and what is needed to take pictures of it."""

    def __init__(self, folder: Path) -> None:
        from CTEnhanceLib.scene.headless.offscreen import OffscreenStage

        self.folder = folder
        self.host = Host().start()
        import slicer

        self.stage = OffscreenStage((640, 480))
        self.stage.show_layout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView)
        slicer.mrmlScene = self.stage.scene
        self.module: Any = self.host.open_module()
        self.module.panel.comparison.make_stage = lambda: self.stage
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

    def take(self, name: str, width: int, dark: bool = False) -> None:
        """Write one picture, as high as the panel wants to be."""
        self.host.dark(dark)
        panel = self.host.panel
        panel.setFixedWidth(width)
        panel.show()
        self.host.wait(lambda: False, 0.1)
        panel.layout().activate()
        height = panel.layout().heightForWidth(width) if panel.layout().hasHeightForWidth() else 0
        panel.resize(width, max(height, panel.sizeHint.height()))
        self.host.wait(lambda: False, 0.1)
        panel.grab().save(str(self.folder / f"{name}.png"))

    def compute(self) -> None:
        """Run the default model for real, in this process: what the pictures say of it is what it said."""
        from CTEnhanceLib.files.progress import SecondsLeft
        from CTEnhanceLib.panel.run.progress import Progress
        from CTEnhanceLib.scene.output import enhance_node, report_of

        left, self.steps = SecondsLeft(), []
        self.computed = enhance_node(
            self.wrist,
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


def main(arguments: list[str]) -> None:
    """Take all pictures."""
    studio = Studio(Path(arguments[0]) if arguments else REPOSITORY / "Resources")
    if studio.module.panel.models.entry is None:
        raise SystemExit("no model is installed in CTEnhance/Resources/Models, and the panel would say so")
    studio.take("panel-light", 420)
    studio.take("panel-dark", 420, dark=True)
    studio.take("panel-narrow", NARROW)
    studio.take("panel-wide-dark", WIDE, dark=True)
    studio.module.ui.advancedCollapsibleButton.collapsed = False
    studio.take("panel-advanced", 420)
    studio.module.ui.advancedCollapsibleButton.collapsed = True
    studio.compute()
    studio.show_progress()
    studio.take("panel-running", 420)
    studio.show_end("done")
    studio.show_comparison()
    studio.choose_region("Inside a box")
    studio.take("panel-compare", 420)
    studio.choose_region("Inside a segment")
    studio.take("panel-compare-dark", NARROW, dark=True)
    studio.module.ui.compareButton.click()
    studio.module.ui.compareCollapsibleButton.collapsed = True
    studio.show_end(
        "failed", "The computing process was ended from outside (often: not enough memory); nothing was changed.", "x"
    )
    studio.take("panel-failed", 420)
    studio.module.panel.run_section.forget()
    studio.module.ui.spacingSpinBox.value = 3.0
    studio.take("panel-refused", 420)
    studio.module.cleanup()
    studio.stage.close()


if __name__ == "__main__":
    main(sys.argv[1:])
