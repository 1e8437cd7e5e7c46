"""What the Slicer desktop sets up at start, as far as views without it need the same."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import slicer
import vtk

from CTEnhanceLib.errors import UsageError


def application_logic(scene: slicer.vtkMRMLScene) -> slicer.vtkSlicerApplicationLogic:
    """Colours, segments, slice orientations, crosshair and the lists of view logics."""
    application = slicer.vtkSlicerApplicationLogic()
    application.SetMRMLScene(scene)
    application.GetColorLogic().SetMRMLScene(scene)
    application.GetColorLogic().AddDefaultColorNodes()
    application.SetSliceLogics(vtk.vtkCollection())
    application.SetViewLogics(vtk.vtkCollection())
    segmentations = slicer.vtkSlicerSegmentationsModuleLogic()  # registers how segments are converted
    segmentations.SetMRMLScene(scene)
    application.SetModuleLogic("Segmentations", segmentations)
    markups = slicer.vtkSlicerMarkupsLogic()  # knows how lines and boxes are drawn
    markups.SetMRMLApplicationLogic(application)
    markups.SetMRMLScene(scene)
    application.SetModuleLogic("Markups", markups)
    application.kept = markups  # an application holds its modules' logics weakly
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene, True)
    if scene.GetSingletonNode("default", "vtkMRMLCrosshairNode") is None:
        crosshair = slicer.vtkMRMLCrosshairNode()
        crosshair.SetCrosshairName("default")
        scene.AddNode(crosshair)
    return application


def volume_rendering_logic(
    scene: slicer.vtkMRMLScene, application: slicer.vtkSlicerApplicationLogic
) -> slicer.vtkSlicerVolumeRenderingLogic:
    """The volume rendering module's logic with Slicer's presets."""
    logic = slicer.vtkSlicerVolumeRenderingLogic()
    logic.SetModuleShareDirectory(str(_presets_folder()))  # before the scene: presets are read then
    logic.SetMRMLScene(scene)
    logic.SetMRMLApplicationLogic(application)
    application.SetModuleLogic("VolumeRendering", logic)
    # Without a GPU, OpenGL is drawn by the CPU and its ray casting is several times slower than VTK's own on the CPU.
    logic.SetDefaultRenderingMethod("vtkMRMLCPURayCastVolumeRenderingDisplayNode")
    return logic


def _presets_folder() -> Path:
    """Folder of Slicer's volume rendering presets, which the wheel lacks and trame-slicer's package carries.

    Raises:
        UsageError: The package is not installed.
    """
    spec = importlib.util.find_spec("trame_slicer")
    if spec is None or spec.origin is None:
        raise UsageError("Slicer's rendering presets are not here: install trame-slicer (pip install '.[scene]').")
    return Path(spec.origin).parent / "resources"
