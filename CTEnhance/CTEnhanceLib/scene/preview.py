"""What a run has computed so far, as a volume that is not yet whole: measured slices, replaced one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import slicer
import vtk

from CTEnhanceLib.ct.geometry import GrowingVolume, slice_geometry, slices_view, thin_positions
from CTEnhanceLib.ct.interpolation import interpolation_bands
from CTEnhanceLib.scene.nodes import (
    ANY_WINDOW,
    add_volume,
    image_from_node,
    look_like,
    matrix_array,
    remove_with_belongings,
    voxels,
)
from CTEnhanceLib.scene.provenance import Kind, mark

PLAIN_VIEWS = ("Red", "Green", "Yellow")
"""The slice views whose picture may be replaced: those of a comparison show what their label says."""


class PreviewVolume:
    """Shows a run's slices in the plain slice views that show its input, as they come.

    The node is made with the first slice, is not saved, cannot be chosen anywhere, and goes with `remove`.

    Args:
        input_node: The measured CT.
        spacing: Distance of the thin slices, mm.
        folder: Where the worker puts them, as `ctenhance enhance --preview` does.
    """

    def __init__(self, input_node: slicer.vtkMRMLScalarVolumeNode, spacing: float, folder: Path) -> None:
        self._input_id, self._scene = input_node.GetID(), input_node.GetScene()
        self._spacing, self._folder = spacing, folder
        self._id: str | None = None

    @property
    def node(self) -> slicer.vtkMRMLScalarVolumeNode | None:
        """The volume, None before the first slice and where somebody removed it."""
        return self._scene.GetNodeByID(self._id) if self._id is not None else None

    def take_new(self) -> int:
        """Take the slices that came since the last time; give how many."""
        files = [path for path in self._folder.glob("*.npy") if path.stem.isdecimal()]
        input_node = self._scene.GetNodeByID(self._input_id)
        if not files or input_node is None:
            return 0
        if self._id is None:
            self._make(input_node)
        node = self.node
        if node is None:
            return 0
        slices, taken = self._slices(node), 0
        for path in files:
            one, index = np.load(path, allow_pickle=False), int(path.stem)
            path.unlink()
            if index < len(slices) and one.shape == slices[index].shape:
                slices[index] = one
                taken += 1
        node.GetImageData().GetPointData().GetScalars().Modified()
        node.GetImageData().Modified()
        node.Modified()
        return taken

    def remove(self) -> None:
        """Take the volume out of the scene; the views show the measured volume again."""
        node = self.node
        if node is None:
            return
        self._show(node.GetID(), self._input_id)
        remove_with_belongings(node)

    def _make(self, input_node: slicer.vtkMRMLScalarVolumeNode) -> None:
        image = image_from_node(input_node)
        self._geometry = geometry = slice_geometry(image)
        thin = thin_positions(geometry.count, geometry.interval, self._spacing)
        measured = slices_view(image, geometry.axis)
        growing = GrowingVolume(len(thin), image, float(thin[0]), self._spacing, geometry.axis)
        nearest = interpolation_bands(geometry.positions, thin, "nearest").first
        limits = np.iinfo(np.int16)
        for index, thick in enumerate(nearest):
            growing.put(index, np.clip(measured[thick], limits.min, limits.max).astype(np.int16))
        name = f"{input_node.GetName()} [{self._spacing:g} mm, being computed]"
        node = add_volume(self._scene, growing.image, name, ANY_WINDOW)
        mark(node, Kind.COMPUTED, "being computed")
        look_like(node, input_node)
        node.SetHideFromEditors(True)
        self._id = node.GetID()
        self._show(self._input_id, self._id)

    def _slices(self, node: slicer.vtkMRMLScalarVolumeNode) -> np.ndarray:
        slices = np.moveaxis(voxels(node), 2 - self._geometry.axis, 0)
        return slices[::-1] if self._geometry.flipped else slices

    def _show(self, instead_of: str, volume: str) -> None:
        """Show one volume in the plain views that show another."""
        for index in range(self._scene.GetNumberOfNodesByClass("vtkMRMLSliceCompositeNode")):
            composite = self._scene.GetNthNodeByClass(index, "vtkMRMLSliceCompositeNode")
            if composite.GetLayoutName() in PLAIN_VIEWS and composite.GetBackgroundVolumeID() == instead_of:
                composite.SetBackgroundVolumeID(volume)


def slice_looked_at(input_node: slicer.vtkMRMLScalarVolumeNode, spacing: float) -> int | None:
    """Give the thin slice that the user looks at, counted along the slice axis from 0.

    It is the one in the middle of the plain slice view that lies most nearly in the measured slices.

    Args:
        input_node: The measured CT.
        spacing: Distance of the thin slices, mm.

    Returns:
        None where no plain view shows a place inside the volume.
    """
    scene, image = input_node.GetScene(), image_from_node(input_node)
    geometry = slice_geometry(image)
    to_index, to_ras = vtk.vtkMatrix4x4(), vtk.vtkMatrix4x4()
    input_node.GetRASToIJKMatrix(to_index)
    input_node.GetIJKToRASDirectionMatrix(to_ras)
    normal = matrix_array(to_ras)[:3, geometry.axis]
    most, found = 0.0, None
    for index in range(scene.GetNumberOfNodesByClass("vtkMRMLSliceNode")):
        view = scene.GetNthNodeByClass(index, "vtkMRMLSliceNode")
        if view.GetLayoutName() not in PLAIN_VIEWS:
            continue
        plane = matrix_array(view.GetSliceToRAS())
        place = float((matrix_array(to_index) @ plane[:, 3])[geometry.axis])
        along = abs(float(plane[:3, 2] @ normal))
        if -0.5 <= place <= geometry.count - 0.5 and along > most:
            most, found = along, geometry.count - 1 - place if geometry.flipped else place
    if found is None:
        return None
    thin = thin_positions(geometry.count, geometry.interval, spacing)
    return int(np.argmin(np.abs(thin - found * geometry.interval)))
