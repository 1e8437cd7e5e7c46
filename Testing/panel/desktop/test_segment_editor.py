"""The computed bone goes on in Slicer's Segment Editor: what it is given, and what the user sees then."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

THRESHOLD = 400.0


class Editor:
    """What the hand-over uses of ``qMRMLSegmentEditorWidget``."""

    def __init__(self):
        self.segmentation = self.source = self.effect = None
        self.parameters = {}

    def setSegmentationNode(self, node):
        self.segmentation = node

    def setSourceVolumeNode(self, node):
        self.source = node

    def setActiveEffectByName(self, name):
        self.effect = name

    def activeEffect(self):
        return SimpleNamespace(setParameter=self.parameters.__setitem__)


@pytest.fixture
def editor(use, monkeypatch):
    """Slicer's Segment Editor, which the user has not opened before."""
    import slicer

    editor, opened = Editor(), []

    def select_module(name):
        opened.append(name)
        use.host.leave(use.module)

    def module_widget(name):
        assert opened == [name]  # the module's widget is not there before
        return SimpleNamespace(editor=editor)

    for name, kind in (
        ("volumes", slicer.vtkSlicerVolumesLogic),
        ("segmentations", slicer.vtkSlicerSegmentationsModuleLogic),
    ):
        logic = kind()
        logic.SetMRMLScene(use.scene)
        monkeypatch.setattr(slicer.modules, name, SimpleNamespace(logic=lambda logic=logic: logic), raising=False)
    monkeypatch.setattr(slicer.util, "mainWindow", lambda: SimpleNamespace())
    monkeypatch.setattr(slicer.util, "selectModule", select_module)
    monkeypatch.setattr(slicer.util, "getModuleWidget", module_widget)
    return editor


@pytest.mark.parametrize("window", [(860, 500)], ids=["laptop"])
def test_the_computed_bone_goes_on_in_the_segment_editor(use, editor, fake_worker, wrist):
    import slicer

    fake_worker(use.module, "done")
    use.settle(0.05)
    use.enhance()
    computed = use.comparison.volumes.computed
    use.ui.surfaceSpinBox.value = THRESHOLD
    use.ui.segmentButton.click()
    use.settle()
    assert editor.source is computed
    segmentation = editor.segmentation
    name = segmentation.GetSegmentation().GetNthSegment(0).GetName()
    assert name == "Bone, computed, above 400 HU" and "[1 mm computed]" in segmentation.GetName()
    identifier = segmentation.GetSegmentation().GetNthSegmentID(0)
    mask = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, identifier, computed)
    assert np.array_equal(mask > 0, slicer.util.arrayFromVolume(computed) > THRESHOLD)
    assert editor.effect == "Threshold" and float(editor.parameters["MinimumThreshold"]) == THRESHOLD
    assert float(editor.parameters["MaximumThreshold"]) == slicer.util.arrayFromVolume(computed).max()
    # the user's own view shows the computed bone
    assert use.comparison is None
    logic = use.desktop.sliceWidget("Red").sliceLogic()
    assert logic.GetSliceCompositeNode().GetBackgroundVolumeID() == computed.GetID()
    reslice = logic.GetBackgroundLayer().GetReslice()
    reslice.Update()
    assert reslice.GetOutput().GetScalarRange()[1] > 500
    assert use.host.messages == []
