"""The grey scale of a reading: as the study says, for all images at once."""

from __future__ import annotations

from collections.abc import Sequence

import slicer
import vtk


class FixedWindow:
    """Keeps the grey scale of some volumes as it is, whatever the mouse does to it.

    Args:
        nodes: Display nodes.
        low: HU shown black.
        high: HU shown white.
    """

    def __init__(self, nodes: Sequence[slicer.vtkMRMLScalarVolumeDisplayNode], low: float, high: float) -> None:
        self._low, self._high, self._busy = low, high, False
        self._tags = [(node, node.AddObserver(vtk.vtkCommand.ModifiedEvent, self._restore)) for node in nodes]
        for node in nodes:
            self._restore(node)

    def remove(self) -> None:
        """Release the volumes."""
        for node, tag in self._tags:
            node.RemoveObserver(tag)
        self._tags.clear()

    def _restore(self, node: slicer.vtkMRMLScalarVolumeDisplayNode, *_: object) -> None:
        as_fixed = (node.GetWindowLevelMin(), node.GetWindowLevelMax()) == (self._low, self._high)
        as_said = as_fixed and not node.GetAutoWindowLevel() and not node.GetApplyThreshold()
        if self._busy or as_said:
            return
        self._busy = True
        try:
            modified = node.StartModify()
            node.AutoWindowLevelOff()
            node.ApplyThresholdOff()
            node.SetWindowLevelMinMax(self._low, self._high)
            node.EndModify(modified)
        finally:
            self._busy = False
