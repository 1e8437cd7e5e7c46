"""Colour nodes for maps of HU, with their legends."""

from __future__ import annotations

from collections.abc import Sequence

import slicer
import vtk

Stop = tuple[float, float, float, float]
"""Place in 0..1 and RGB in 0..1."""

DIVERGING: tuple[Stop, ...] = (
    (0.0, 0.03, 0.19, 0.58),
    (0.25, 0.25, 0.55, 0.90),
    (0.5, 1.0, 1.0, 1.0),
    (0.75, 0.92, 0.42, 0.32),
    (1.0, 0.55, 0.02, 0.10),
)
"""Blue below zero, white at zero, red above."""

UNCERTAIN: tuple[Stop, ...] = ((0.0, 0.20, 0.05, 0.35), (0.5, 0.85, 0.25, 0.45), (1.0, 1.0, 0.95, 0.45))
"""Dark violet where the uncertainty is small, yellow where it is large."""


def add_colors(
    scene: slicer.vtkMRMLScene, name: str, stops: Sequence[Stop], value_range: tuple[float, float] = (0.0, 255.0)
) -> slicer.vtkMRMLProceduralColorNode:
    """Add a colour node that runs through given colours.

    Args:
        scene: Where the node is added.
        name: The node's name.
        stops: Places in 0..1 with their colours.
        value_range: Values at 0 and 1. A volume maps its window to 0..255 first; a model hands over its values.
    """
    low, high = value_range
    function = vtk.vtkDiscretizableColorTransferFunction()
    if stops is DIVERGING:
        function.SetColorSpaceToDiverging()
    else:  # a diverging one would pass through white, which is no uncertainty at all to the eye
        function.SetColorSpaceToLab()
    for place, red, green, blue in stops:
        function.AddRGBPoint(low + (high - low) * place, red, green, blue)
    function.Build()
    node = slicer.vtkMRMLProceduralColorNode()
    node.SetName(name)
    node.SetAndObserveColorTransferFunction(function)
    node.SetSaveWithScene(False)
    scene.AddNode(node)
    return node


def add_legend(
    node: slicer.vtkMRMLDisplayableNode, title: str, view_ids: Sequence[str], label_format: str = "%.0f"
) -> slicer.vtkMRMLColorLegendDisplayNode:
    """Show the colours of a volume or model with their numbers in given views.

    A legend stays when another volume takes its view: whoever adds one removes it.

    Args:
        node: Whose colours.
        title: Above the legend.
        view_ids: IDs of the view nodes.
        label_format: How numbers are written.
    """
    legend = slicer.vtkMRMLColorLegendDisplayNode()
    legend.SetSaveWithScene(False)
    node.GetScene().AddNode(legend)
    # Views take notice of a legend that changes, not of one that is handed over complete.
    node.AddAndObserveDisplayNodeID(legend.GetID())
    modified = legend.StartModify()
    legend.SetAndObservePrimaryDisplayNode(node.GetDisplayNode())
    legend.SetAndObserveColorNodeID(node.GetDisplayNode().GetColorNodeID())
    legend.SetTitleText(title)
    legend.SetLabelFormat(label_format)
    legend.SetNumberOfLabels(5)
    legend.SetMaxNumberOfColors(256)
    legend.SetPosition(0.04, 0.5)
    legend.SetSize(0.1, 0.4)
    for style, size in ((legend.GetTitleTextProperty(), 14), (legend.GetLabelTextProperty(), 13)):
        style.SetFontSize(size)
        style.SetShadow(False)
        style.SetBackgroundColor(0, 0, 0)
        style.SetBackgroundOpacity(0.65)
    legend.SetViewNodeIDs(tuple(view_ids))
    legend.SetVisibility(True)
    legend.EndModify(modified)
    return legend
