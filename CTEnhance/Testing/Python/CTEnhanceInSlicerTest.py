"""What only a real Slicer can show: PythonQt, the real widgets, the real module manager.

Slicer --testing --no-splash --disable-settings --additional-module-paths CTEnhance --python-script <this file>
"""

import os
import signal
import sys
import time
import unittest

import qt
import slicer


class CTEnhanceInSlicerTest(unittest.TestCase):
    def setUp(self):
        slicer.mrmlScene.Clear()
        self.widget = slicer.util.getModuleWidget("CTEnhance")
        if slicer.util.mainWindow() is not None:
            slicer.util.selectModule("CTEnhance")
        else:
            self.widget.enter()

    def wait(self, until, seconds=30.0):
        end = time.monotonic() + seconds
        while not until() and time.monotonic() < end:
            slicer.app.processEvents()
            time.sleep(0.01)
        return until()

    def start_run(self):
        from CTEnhanceLib.panel.self_test import small_wrist

        wrist = small_wrist()
        self.widget.ui.inputSelector.setCurrentNode(wrist)
        self.assertTrue(self.widget.ui.enhanceButton.enabled, self.widget.ui.verdictLabel.text)
        self.widget.ui.enhanceButton.click()
        self.assertTrue(self.widget.panel.run_section.is_running)
        return wrist

    def is_running(self):
        return self.widget.panel.run_section.is_running

    def volumes(self):
        return slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")

    def test_cancel_ends_the_run(self):
        self.start_run()
        self.wait(lambda: self.widget.ui.progressBar.value > 0, 60)
        self.widget.ui.enhanceButton.click()
        self.assertTrue(self.wait(lambda: not self.is_running(), 10))
        self.assertEqual(self.volumes(), 1)
        self.assertEqual(self.widget.panel.run_section.outcome.kind, "cancelled")

    @unittest.skipIf(sys.platform == "win32", "signals are POSIX")
    def test_a_killed_worker_is_reported(self):
        self.start_run()
        worker = self.widget.panel.run_section.run._worker
        self.assertTrue(self.wait(lambda: worker._process is not None and worker._process.processId() > 0, 10))
        os.kill(worker._process.processId(), signal.SIGKILL)
        self.assertTrue(self.wait(lambda: not self.is_running(), 10))
        self.assertEqual(self.widget.panel.run_section.outcome.kind, "failed")
        self.assertEqual(self.volumes(), 1)

    def test_closing_the_scene_during_a_run_ends_it(self):
        self.start_run()
        slicer.mrmlScene.Clear()
        self.assertTrue(self.wait(lambda: not self.is_running(), 10))
        self.assertEqual(self.volumes(), 0)

    def test_node_references_survive_a_scene_load_while_the_module_is_open(self):
        from CTEnhanceLib.panel.self_test import small_wrist

        self.widget.ui.inputSelector.setCurrentNode(small_wrist())
        self.widget.ui.spacingSpinBox.value = 0.75
        folder = qt.QTemporaryDir()
        path = folder.path() + "/scene.mrb"
        self.assertTrue(slicer.util.saveScene(path))
        slicer.mrmlScene.Clear()
        slicer.util.loadScene(path)
        self.assertEqual(self.widget.ui.inputSelector.currentNode().GetName(), "Wrist")
        self.assertEqual(self.widget.ui.spacingSpinBox.value, 0.75)

    def computed_wrist(self):
        """As after a run, without one: each slice three times."""
        import SimpleITK as sitk

        from CTEnhanceLib.panel.self_test import small_wrist
        from CTEnhanceLib.scene.nodes import image_from_node
        from CTEnhanceLib.scene.output import apply_result

        wrist = small_wrist()
        thin = sitk.Expand(image_from_node(wrist), [1, 1, 3], sitk.sitkNearestNeighbor)
        return apply_result(wrist, thin, {"model": {"name": "none", "sha256": ""}, "warnings": []}, 1.0)

    def nodes(self):
        scene = slicer.mrmlScene
        return sorted(scene.GetNthNode(index).GetID() for index in range(scene.GetNumberOfNodes()))

    def test_a_comparison_shows_bone_keeps_the_window_and_leaves_nothing_behind(self):
        if slicer.util.mainWindow() is None:
            self.skipTest("there are no views without a main window")
        computed = self.computed_wrist()
        self.wait(lambda: False, 0.5)
        before, width = self.nodes(), slicer.util.mainWindow().width
        section = self.widget.panel.comparison
        for _ in range(2):
            section.open(computed)
            for layout in ("third", "overview", "fracture"):
                section.set("layout", layout)
            self.wait(lambda: False, 1.5)
            for view in section.comparison.slice_views:
                reslice = view.logic.GetBackgroundLayer().GetReslice()
                reslice.Update()
                self.assertGreater(reslice.GetOutput().GetScalarRange()[1], 500.0, view.tag)
            self.assertEqual(slicer.util.mainWindow().width, width)
            section.leave()
            self.wait(lambda: False, 0.5)
            self.assertEqual(self.nodes(), before)

    def test_opening_the_module_has_not_imported_torch(self):
        self.assertNotIn("torch", sys.modules)
