"""Both volumes as bone in 3D, fairly: one transfer function, one camera, one crop box.

One volume property node serves both renderings. Slicer's CT-Bone is not bone only (its opacity begins at -16 HU),
so the threshold shift matters; the shifted curves are made from the preset each time, as accumulated shifts drift.
"""

from __future__ import annotations

from collections.abc import Sequence

import slicer
import vtk

from CTEnhanceLib.errors import UsageError
from CTEnhanceLib.scene.comparison.views.view_host import ViewHost, VolumeView

PRESETS = ("CT-Bone", "CT-Bones", "CT-Cropped-Volume-Bone")


class BoneRendering:
    """Volume renderings of several volumes that differ in the volume only.

    Args:
        view_host: Where the views stand.
        preset: One of `PRESETS`.
        shift: HU by which the preset's curves are moved up.
        shading: Whether surfaces are lit.
    """

    def __init__(
        self, view_host: ViewHost, preset: str = PRESETS[0], shift: float = 150.0, shading: bool = True
    ) -> None:
        self._view_host = view_host
        self.displays: list[slicer.vtkMRMLVolumeRenderingDisplayNode] = []
        self.property_node = view_host.scene.AddNewNodeByClass("vtkMRMLVolumePropertyNode", "CTEnhance bone")
        self.property_node.SetSaveWithScene(False)  # made anew from preset and shift
        self._hidden: list[slicer.vtkMRMLVolumeRenderingDisplayNode] = []
        self._roi: slicer.vtkMRMLMarkupsROINode | None = None
        self._preset, self._shift, self._shading = preset, shift, shading
        self._apply()

    @property
    def preset(self) -> str:
        """Name of the preset in use."""
        return self._preset

    @property
    def shift(self) -> float:
        """HU by which the preset is moved up."""
        return self._shift

    @property
    def shading(self) -> bool:
        """Whether surfaces are lit."""
        return self._shading

    def show(self, volume: slicer.vtkMRMLScalarVolumeNode, views: Sequence[VolumeView]) -> None:
        """Render a volume in the given 3D views, and only there."""
        self._hide_others(volume)
        display = self._view_host.volume_rendering.CreateVolumeRenderingDisplayNode()
        display.UnRegister(None)
        display.SetName(f"{volume.GetName()} bone")
        display.SetSaveWithScene(False)
        self._view_host.scene.AddNode(display)
        display.SetAndObserveVolumePropertyNodeID(self.property_node.GetID())
        display.SetViewNodeIDs([view.node.GetID() for view in views])
        volume.AddAndObserveDisplayNodeID(display.GetID())
        display.SetVisibility(True)
        self.displays.append(display)
        if self._roi is not None:
            self.crop(self._roi)

    def hide(self) -> None:
        """Take the renderings away; preset, shift and crop stay for the next."""
        for display in self.displays:
            self._view_host.scene.RemoveNode(display)
        self.displays.clear()
        for other in self._hidden:
            other.SetVisibility(True)
        self._hidden.clear()

    def set(self, preset: str, shift: float, shading: bool) -> None:
        """Choose preset, HU by which its curves are moved up, and whether surfaces are lit.

        Shading follows the gradient. Noise makes surfaces rough and smoothness makes them flat, and either can be
        mistaken for a better or worse volume. Without shading densities alone are compared.

        Args:
            preset: One of `PRESETS`.
            shift: HU.
            shading: Whether surfaces are lit.

        Raises:
            UsageError: Slicer has no preset of that name.
        """
        if (preset, shift, shading) != (self._preset, self._shift, self._shading):
            self._preset_node(preset)
            self._preset, self._shift, self._shading = preset, shift, shading
            self._apply()

    def crop(self, roi: slicer.vtkMRMLMarkupsROINode | None) -> None:
        """Crop all renderings with one box; None shows them whole."""
        self._roi = roi
        for display in self.displays:
            display.SetAndObserveROINodeID(roi.GetID() if roi is not None else None)
            display.SetCroppingEnabled(roi is not None)

    def remove(self) -> None:
        """Remove every node made here."""
        self.hide()
        self._view_host.scene.RemoveNode(self.property_node)

    def _hide_others(self, volume: slicer.vtkMRMLScalarVolumeNode) -> None:
        """A rendering that the user made shows in all views by default: in ours it would lie over the shared one."""
        for index in range(volume.GetNumberOfDisplayNodes()):
            other = volume.GetNthDisplayNode(index)
            if other.IsA("vtkMRMLVolumeRenderingDisplayNode") and other not in self.displays and other.GetVisibility():
                other.SetVisibility(False)
                self._hidden.append(other)

    def _preset_node(self, name: str) -> slicer.vtkMRMLVolumePropertyNode:
        preset = self._view_host.volume_rendering.GetPresetByName(name)
        if preset is None:
            raise UsageError(f"Slicer has no rendering preset '{name}': choose one of {', '.join(PRESETS)}.")
        return preset

    def _apply(self) -> None:
        node = self.property_node
        preset = self._preset_node(self._preset).GetVolumeProperty()
        modified = node.StartModify()
        target = node.GetVolumeProperty()
        target.DeepCopy(preset)
        _shift_opacity(target.GetScalarOpacity(), preset.GetScalarOpacity(), self._shift)
        _shift_color(target.GetRGBTransferFunction(), preset.GetRGBTransferFunction(), self._shift)
        target.SetShade(self._shading)
        node.EndModify(modified)


def _shift_opacity(target: vtk.vtkPiecewiseFunction, preset: vtk.vtkPiecewiseFunction, shift: float) -> None:
    points = _points(preset, 4)
    target.RemoveAllPoints()
    for x, (_, *rest) in zip(_shifted([point[0] for point in points], shift), points):
        target.AddPoint(x, *rest)


def _shift_color(target: vtk.vtkColorTransferFunction, preset: vtk.vtkColorTransferFunction, shift: float) -> None:
    points = _points(preset, 6)
    target.RemoveAllPoints()
    for x, (_, *rest) in zip(_shifted([point[0] for point in points], shift), points):
        target.AddRGBPoint(x, *rest)


def _points(curve: vtk.vtkPiecewiseFunction | vtk.vtkColorTransferFunction, values: int) -> list[list[float]]:
    """Points of a curve, each with its place (HU) first."""
    points = []
    for index in range(curve.GetSize()):
        point = [0.0] * values
        curve.GetNodeValue(index, point)
        points.append(point)
    return points


def _shifted(places: Sequence[float], shift: float) -> list[float]:
    """Move a curve's points; the first only says where the curve begins and stays, or makes way."""
    moved = [place + shift for place in places]
    moved[0] = min(places[0], moved[1] - 1.0)
    return moved
