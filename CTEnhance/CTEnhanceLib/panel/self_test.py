"""The whole way in a real Slicer: a small wrist, the button, the worker, the node in the scene.

Slicer runs it through CTEnhanceTest; it is slow (seconds to a minute) and needs torch.
"""

from __future__ import annotations

import time
import unittest

import slicer

from CTEnhanceLib.panel.install.packages import torch_is_missing

_TIME_LIMIT = 300.0


def small_wrist() -> slicer.vtkMRMLScalarVolumeNode:
    """A thick-slice wrist that is quick to enhance."""
    from CTEnhanceLib.ct.thicken import thicken
    from CTEnhanceLib.phantom import wrist_phantom
    from CTEnhanceLib.scene.nodes import add_volume

    image = thicken(wrist_phantom(spacing=(1.0, 1.0, 1.0), size_mm=(50.0, 44.0, 36.0)), 3.0)
    return add_volume(slicer.mrmlScene, image, "Wrist", (-200.0, 1300.0))


def run_the_whole_way(test: unittest.TestCase) -> None:
    """Open the module, press Enhance, wait, look at the node.

    Args:
        test: Gives the assertions.
    """
    if torch_is_missing():
        test.skipTest("torch is not installed: press Enhance once, and run the test again")
    wrist = small_wrist()
    widget = slicer.util.getModuleWidget("CTEnhance")
    if slicer.util.mainWindow() is not None:
        slicer.util.selectModule("CTEnhance")  # enters the module as a user does; enter() alone leaves it half open
    else:
        widget.enter()
    widget.ui.inputSelector.setCurrentNode(wrist)
    test.assertTrue(widget.ui.enhanceButton.enabled, widget.ui.verdictLabel.text)
    widget.ui.enhanceButton.click()
    test.assertTrue(widget.panel.run_section.is_running)
    deadline = time.monotonic() + _TIME_LIMIT
    while widget.panel.run_section.is_running and time.monotonic() < deadline:
        slicer.app.processEvents()
        time.sleep(0.01)
    outcome = widget.panel.run_section.outcome
    test.assertIsNotNone(outcome, "the run did not end in time")
    test.assertEqual(outcome.kind, "done", outcome.sentence + "\n" + outcome.log)
    computed = widget.ui.outputSelector.currentNode()
    test.assertEqual(computed.GetName(), "Wrist [1 mm computed]")
    test.assertAlmostEqual(computed.GetSpacing()[2], 1.0)
    test.assertEqual(computed.GetImageData().GetDimensions()[2], 3 * wrist.GetImageData().GetDimensions()[2])
    test.assertIs(computed.GetNodeReference("CTEnhance.InputVolume"), wrist)
