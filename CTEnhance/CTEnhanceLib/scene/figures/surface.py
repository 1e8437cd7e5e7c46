"""Bone surfaces: of both volumes at one threshold, for printing; one shows their distance or its uncertainty."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import slicer
import vtk
from scipy.ndimage import map_coordinates
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from CTEnhanceLib.ct.intensity import COMPACT_BONE_ABOVE_HU
from CTEnhanceLib.errors import InputRefusedError, OutputError
from CTEnhanceLib.scene.colors import DIVERGING, UNCERTAIN, Stop, add_colors, add_legend
from CTEnhanceLib.scene.comparison.views.view_host import VolumeView
from CTEnhanceLib.scene.nodes import matrix_array, remove_with_belongings, voxels
from CTEnhanceLib.scene.provenance import COLORS, kind_of

SURFACE_ATTRIBUTE = "CTEnhance.Surface"
DISTANCE_ARRAY = "CTEnhance distance"
UNCERTAINTY_ARRAY = "CTEnhance uncertainty"


@dataclass(frozen=True)
class SurfaceOptions:
    """How a surface is made; written on the model in words.

    Attributes:
        threshold: HU at which bone begins.
        smallest_part: Parts with less surface, mm2, are left out: noise, but no fragment of 4 mm.
        smoothing: Iterations of windowed-sinc smoothing; 0 for none.
        pass_band: Of the smoothing; smaller is smoother.
    """

    threshold: float = COMPACT_BONE_ABOVE_HU
    smallest_part: float = 50.0
    smoothing: int = 10
    pass_band: float = 0.1

    @property
    def text(self) -> str:
        """The same in words."""
        smoothing = f"smoothed {self.smoothing} times (windowed sinc, pass band {self.pass_band:g})"
        return f"bone above {self.threshold:g} HU, parts with a surface below {self.smallest_part:g} mm2 left out, " + (
            smoothing if self.smoothing else "not smoothed"
        )


@dataclass(frozen=True)
class SurfaceDistance:
    """How far one surface lies from another, mm.

    Attributes:
        mean: Mean of the absolute distance.
        percentile_95: 95 % of the points are closer.
    """

    mean: float
    percentile_95: float


def bone_surface(
    volume: slicer.vtkMRMLScalarVolumeNode, options: SurfaceOptions | None = None
) -> slicer.vtkMRMLModelNode:
    """Make a model of the bone in a volume.

    Args:
        volume: CT in HU.
        options: Threshold, parts, smoothing.

    Returns:
        A new model under the volume's parent transform, in the colour of its kind, that says how it was made.

    Raises:
        InputRefusedError: No surface lies at the threshold.
    """
    options = options or SurfaceOptions()
    mesh = _contour(volume, options.threshold)
    if mesh.GetNumberOfPoints() == 0:
        array = voxels(volume)
        raise InputRefusedError(
            f"'{volume.GetName()}' has no surface at {options.threshold:g} HU: choose a threshold between its lowest "
            f"and highest value, {array.min():g} and {array.max():g} HU."
        )
    mesh = _without_small_parts(_in_ras(mesh, volume), options.smallest_part)
    model = slicer.vtkMRMLModelNode()
    model.SetName(f"{volume.GetName()} bone")
    model.SetAndObservePolyData(_finished(mesh, options))
    model.SetAttribute(SURFACE_ATTRIBUTE, options.text)
    volume.GetScene().AddNode(model)
    model.CreateDefaultDisplayNodes()
    model.GetDisplayNode().SetColor(*COLORS[kind_of(volume)])
    model.SetAndObserveTransformNodeID(volume.GetTransformNodeID())
    return model


def export_stl(model: slicer.vtkMRMLModelNode, path: str | Path) -> Path:
    """Write a model for printing: STL in millimetres, LPS as Slicer writes it.

    Raises:
        OutputError: It cannot be written there.
    """
    path = Path(path)
    storage = slicer.vtkMRMLModelStorageNode()
    storage.SetFileName(str(path))
    storage.SetCoordinateSystem(slicer.vtkMRMLStorageNode.CoordinateSystemLPS)
    if path.suffix.lower() != ".stl" or not path.parent.is_dir() or not storage.WriteData(model):
        raise OutputError(f"{path} cannot be written: choose a folder that exists and a name that ends in .stl.")
    return path


def signed_distances(
    points: np.ndarray, surface: vtk.vtkPolyData, volume: slicer.vtkMRMLScalarVolumeNode, threshold: float
) -> np.ndarray:
    """Distance of points from a bone surface, mm; positive outside the bone.

    Args:
        points: RAS in the volume's own frame, (points, 3).
        surface: What `bone_surface` made of the volume.
        volume: Says which side of the surface a point is on: VTK's sign is wrong for points closest to a vertex.
        threshold: HU of the surface.

    Returns:
        (points,).
    """
    # vtkImplicitPolyDataDistance keeps something for each thread, and was seen to crash
    locator = vtk.vtkStaticCellLocator()
    locator.SetDataSet(surface)
    locator.BuildLocator()
    closest, cell, part, squared = [0.0, 0.0, 0.0], vtk.reference(0), vtk.reference(0), vtk.reference(0.0)
    distances = np.empty(len(points))
    for number, point in enumerate(points.tolist()):
        locator.FindClosestPoint(point, closest, cell, part, squared)
        distances[number] = float(squared) ** 0.5
    return np.where(_values_at(points, volume, cval=-1024) > threshold, -distances, distances)


def _values_at(points: np.ndarray, volume: slicer.vtkMRMLScalarVolumeNode, **beyond: Any) -> np.ndarray:
    """Give the values of a volume at points (RAS in its own frame), linearly interpolated."""
    matrix = vtk.vtkMatrix4x4()
    volume.GetRASToIJKMatrix(matrix)
    to_index = matrix_array(matrix)[:3]
    index = points @ to_index[:, :3].T + to_index[:, 3]
    return map_coordinates(voxels(volume), index[:, ::-1].T, np.float32, order=1, **beyond)


class SurfacePair:
    """The bone of both volumes as surfaces; the computed one shows its distance from the other or its uncertainty.

    Args:
        left: The measured volume, or an interpolation of it.
        computed: The computed volume.
        options: The same for both.
        range_mm: Distance at which the colours are full.
    """

    def __init__(
        self,
        left: slicer.vtkMRMLScalarVolumeNode,
        computed: slicer.vtkMRMLScalarVolumeNode,
        options: SurfaceOptions | None = None,
        range_mm: float = 1.5,
    ) -> None:
        self._scene = computed.GetScene()
        self.options = options or SurfaceOptions()
        self._made_from = [(kind_of(volume).value, volume.GetName()) for volume in (left, computed)]
        self.left = bone_surface(left, self.options)
        try:
            self.computed = bone_surface(computed, self.options)
        except BaseException:
            remove_with_belongings(self.left)
            raise
        points = vtk_to_numpy(self.computed.GetPolyData().GetPoints().GetData())
        distances = signed_distances(points, self.left.GetPolyData(), left, self.options.threshold)
        absolute = np.abs(distances)
        self.distance = SurfaceDistance(float(absolute.mean()), float(np.percentile(absolute, 95)))
        self._add_array(DISTANCE_ARRAY, distances)
        self.range_mm = range_mm
        self.colors: slicer.vtkMRMLProceduralColorNode | None = None
        self.legend: slicer.vtkMRMLColorLegendDisplayNode | None = None

    def show(
        self,
        left_views: Sequence[VolumeView],
        computed_views: Sequence[VolumeView],
        uncertainty: slicer.vtkMRMLScalarVolumeNode | None = None,
        range_hu: float = 100.0,
    ) -> None:
        """Show each surface in its own 3D views.

        Args:
            left_views: Where the left one is shown.
            computed_views: Where the computed one is shown.
            uncertainty: Uncertainty of the computed volume, which then colours its surface in place of the distance.
            range_hu: HU at which its colour is full.
        """
        for model, views in ((self.left, left_views), (self.computed, computed_views)):
            model.GetDisplayNode().SetViewNodeIDs(tuple(view.node.GetID() for view in views))
            model.GetDisplayNode().SetVisibility(bool(views))
        if uncertainty is None:
            self._color(DISTANCE_ARRAY, DIVERGING, (-self.range_mm, self.range_mm))
        else:
            points = vtk_to_numpy(self.computed.GetPolyData().GetPoints().GetData())
            self._add_array(UNCERTAINTY_ARRAY, _values_at(points, uncertainty, mode="nearest"))
            self._color(UNCERTAINTY_ARRAY, UNCERTAIN, (0.0, range_hu))
        if computed_views:
            title, label_format = ("mm", "%.1f") if uncertainty is None else ("HU", "%.0f")
            shown_in = [view.node.GetID() for view in computed_views]
            self.legend = add_legend(self.computed, title, shown_in, label_format)

    def hide(self) -> None:
        """Take surfaces and legend out of the views."""
        for model in (self.left, self.computed):
            model.GetDisplayNode().SetVisibility(False)
        if self.legend is not None:
            self._scene.RemoveNode(self.legend)
            self.legend = None
        if self.colors is not None:
            self._scene.RemoveNode(self.colors)
            self.colors = None

    def export(self, folder: str | Path) -> list[Path]:
        """Write both surfaces as STL files into a folder.

        Raises:
            OutputError: They cannot be written there.
        """
        return [
            export_stl(model, Path(folder) / f"{_file_name(kind, name, self.options.threshold)}.stl")
            for model, (kind, name) in zip((self.left, self.computed), self._made_from)
        ]

    def remove(self) -> None:
        """Remove surfaces, colours and legend."""
        self.hide()
        for model in (self.left, self.computed):
            remove_with_belongings(model)

    def _add_array(self, name: str, values: np.ndarray) -> None:
        array = numpy_to_vtk(values.astype(np.float32), deep=True)
        array.SetName(name)
        self.computed.GetPolyData().GetPointData().AddArray(array)

    def _color(self, array: str, stops: Sequence[Stop], value_range: tuple[float, float]) -> None:
        self.colors = add_colors(self._scene, array, stops, value_range)
        display = self.computed.GetDisplayNode()
        modified = display.StartModify()
        display.SetActiveScalar(array, vtk.vtkAssignAttribute.POINT_DATA)
        display.SetAndObserveColorNodeID(self.colors.GetID())
        display.SetScalarRangeFlag(slicer.vtkMRMLDisplayNode.UseManualScalarRange)
        display.SetScalarRange(*value_range)
        display.SetScalarVisibility(True)
        display.EndModify(modified)


def _file_name(kind: str, name: str, threshold: float) -> str:
    """A file name that says what the surface was made from, without what file systems refuse."""
    said = name if kind in name else f"{name} {kind}"
    return re.sub(r"[^\w.\-]+", "_", f"{said} bone above {threshold:g}HU").strip("_")


def _contour(volume: slicer.vtkMRMLScalarVolumeNode, threshold: float) -> vtk.vtkPolyData:
    """Surface in the volume's index coordinates; closed where bone leaves the volume."""
    padding = vtk.vtkImageConstantPad()
    data = volume.GetImageData()
    extent = data.GetExtent()
    padding.SetInputData(data)
    padding.SetOutputWholeExtent(*(end + (1 if index % 2 else -1) for index, end in enumerate(extent)))
    padding.SetConstant(-1024)
    contour = vtk.vtkFlyingEdges3D()
    contour.SetInputConnection(padding.GetOutputPort())
    contour.SetValue(0, threshold)
    contour.ComputeNormalsOff()
    contour.ComputeGradientsOff()
    contour.ComputeScalarsOff()
    contour.Update()
    return contour.GetOutput()


def _in_ras(mesh: vtk.vtkPolyData, volume: slicer.vtkMRMLScalarVolumeNode) -> vtk.vtkPolyData:
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    transform = vtk.vtkTransform()
    transform.SetMatrix(matrix)
    placed = vtk.vtkTransformPolyDataFilter()
    placed.SetInputData(mesh)
    placed.SetTransform(transform)
    placed.Update()
    return placed.GetOutput()


def _without_small_parts(mesh: vtk.vtkPolyData, smallest_mm2: float) -> vtk.vtkPolyData:
    parts = vtk.vtkPolyDataConnectivityFilter()
    parts.SetInputData(mesh)
    parts.SetExtractionModeToAllRegions()
    parts.ColorRegionsOn()
    parts.Update()
    colored = parts.GetOutput()
    region = vtk_to_numpy(colored.GetPointData().GetArray("RegionId"))
    corners = vtk_to_numpy(colored.GetPolys().GetConnectivityArray()).reshape(-1, 3)
    a, b, c = (vtk_to_numpy(colored.GetPoints().GetData())[corners[:, k]] for k in range(3))
    areas = np.bincount(region[corners[:, 0]], np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2)
    parts.SetExtractionModeToSpecifiedRegions()
    parts.InitializeSpecifiedRegionList()
    for number in np.flatnonzero(areas >= min(smallest_mm2, areas.max())):
        parts.AddSpecifiedRegion(int(number))
    clean = vtk.vtkCleanPolyData()  # points of the parts left out are still there
    clean.SetInputConnection(parts.GetOutputPort())
    triangles = vtk.vtkTriangleFilter()  # what has shrunk to a line or a point would spoil the normals
    triangles.SetInputConnection(clean.GetOutputPort())
    triangles.PassLinesOff()
    triangles.PassVertsOff()
    triangles.Update()
    return triangles.GetOutput()


def _finished(mesh: vtk.vtkPolyData, options: SurfaceOptions) -> vtk.vtkPolyData:
    """Smoothed, with normals outwards."""
    normals = vtk.vtkPolyDataNormals()
    normals.SetInputData(mesh)
    if options.smoothing:
        smooth = vtk.vtkWindowedSincPolyDataFilter()
        smooth.SetInputData(mesh)
        smooth.SetNumberOfIterations(options.smoothing)
        smooth.SetPassBand(options.pass_band)
        smooth.NonManifoldSmoothingOn()
        smooth.NormalizeCoordinatesOn()
        normals.SetInputConnection(smooth.GetOutputPort())
    normals.SplittingOff()
    normals.ConsistencyOn()
    normals.AutoOrientNormalsOn()
    normals.Update()
    finished = normals.GetOutput()
    finished.GetPointData().RemoveArray("RegionId")
    return finished
