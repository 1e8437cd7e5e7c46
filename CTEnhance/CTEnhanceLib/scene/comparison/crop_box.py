"""One box that crops both renderings: an outline with handles, so that the bone in it can be seen."""

from __future__ import annotations

import slicer

NAME = "CTEnhance crop"


def crop_box(volume: slicer.vtkMRMLScalarVolumeNode) -> slicer.vtkMRMLMarkupsROINode:
    """Add a box around a volume.

    Args:
        volume: What it encloses at first.

    Returns:
        A box that is drawn as an outline without its name, not saved with the scene.
    """
    roi = box_around(volume, NAME)
    roi.SetSaveWithScene(False)
    return roi


def box_around(volume: slicer.vtkMRMLScalarVolumeNode, name: str) -> slicer.vtkMRMLMarkupsROINode:
    """Add a box around a volume, drawn as an outline without its name."""
    bounds = [0.0] * 6
    volume.GetRASBounds(bounds)
    roi = volume.GetScene().AddNewNodeByClass("vtkMRMLMarkupsROINode", name)
    roi.SetCenter([(bounds[2 * axis] + bounds[2 * axis + 1]) / 2 for axis in range(3)])
    roi.SetSize([bounds[2 * axis + 1] - bounds[2 * axis] for axis in range(3)])
    show_outline_only(roi)
    return roi


def show_outline_only(roi: slicer.vtkMRMLMarkupsROINode) -> None:
    """Slicer fills a new box with colour and writes its name on it, over what is to be seen."""
    roi.CreateDefaultDisplayNodes()
    display = roi.GetDisplayNode()
    display.SetFillVisibility(False)
    display.SetFillOpacity(0.0)
    display.SetPropertiesLabelVisibility(False)
    display.SetPointLabelsVisibility(False)
