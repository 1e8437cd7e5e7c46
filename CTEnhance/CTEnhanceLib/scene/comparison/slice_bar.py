"""A bar beside a slice view: where slices were measured, how thick they were taken to be, where the view is.

Where the slice axis lies in the view, each measured slice stands at its own place on the right (or lower) edge:
a light line at its centre inside a darker band as wide as the slice is thick. Where the view looks along the slice
axis, the bar stands for the whole stack and a pointer shows the slice on show.
"""

from __future__ import annotations

import numpy as np
import slicer
import vtk

from CTEnhanceLib.scene.comparison.views.view_host import SliceView
from CTEnhanceLib.scene.nodes import matrix_array
from CTEnhanceLib.scene.provenance import COLORS, Kind, slice_axis

Color = tuple[float, ...]
_CENTRE: Color = COLORS[Kind.MEASURED]
_BAND: Color = tuple(0.42 * c for c in _CENTRE)
_POINTER: Color = (1.0, 1.0, 1.0)


class SliceBar:
    """Draws itself anew before each picture, as the view may have been moved, zoomed or resized.

    Args:
        view: The slice view to draw in.
        measured: The volume whose slices are shown.
        thickness: Assumed extent of a slice, mm.
    """

    def __init__(self, view: SliceView, measured: slicer.vtkMRMLScalarVolumeNode, thickness: float) -> None:
        self._view = view
        self._measured = measured
        self._thickness = thickness
        self._mesh = vtk.vtkPolyData()
        mapper = vtk.vtkPolyDataMapper2D()
        mapper.SetInputData(self._mesh)
        self._actor = vtk.vtkActor2D()
        self._actor.SetMapper(mapper)
        self._actor.PickableOff()
        view.renderer.AddViewProp(self._actor)
        self._tag = view.renderer.AddObserver(vtk.vtkCommand.StartEvent, self._draw)

    def remove(self) -> None:
        """Take the bar out of the view."""
        self._view.renderer.RemoveObserver(self._tag)
        self._view.renderer.RemoveViewProp(self._actor)

    def _draw(self, *_: object) -> None:
        centres = slice_centres(self._measured)
        points = _to_view(self._view.node, centres)
        size = np.array(self._view.renderer.GetSize(), float)
        span = points[-1] - points[0]
        pixels = np.abs(span[:2])
        per_pixel = self._view.node.GetFieldOfView()[0] / max(1, self._view.node.GetDimensions()[0])
        if pixels.max() * per_pixel > abs(span[2]):
            rectangles = _bands_in_place(points, size, self._half_width(centres, pixels.max()))
        else:
            rectangles = _stack_with_pointer(points[:, 2], size)
        _fill(self._mesh, rectangles)

    def _half_width(self, centres: np.ndarray, pixels: float) -> float:
        length = float(np.linalg.norm(centres[-1] - centres[0]))
        return 0.5 * self._thickness * pixels / max(length, 1e-6)


Rectangle = tuple[float, float, float, float, Color]


def slice_centres(measured: slicer.vtkMRMLScalarVolumeNode) -> np.ndarray:
    """World positions (RAS, mm) of the measured slices' centres, (slices, 3)."""
    axis = slice_axis(measured)
    dimensions = measured.GetImageData().GetDimensions()
    index = [(count - 1) / 2 for count in dimensions]
    to_ras = vtk.vtkMatrix4x4()
    measured.GetIJKToRASMatrix(to_ras)
    centres = np.empty((dimensions[axis], 3))
    world = [0.0, 0.0, 0.0]
    for k in range(dimensions[axis]):
        index[axis] = k
        measured.TransformPointToWorld(to_ras.MultiplyPoint([*index, 1.0])[:3], world)
        centres[k] = world
    return centres


def _to_view(node: slicer.vtkMRMLSliceNode, points: np.ndarray) -> np.ndarray:
    """View coordinates: x and y in pixels, z in mm from the slice on show."""
    to_xy = vtk.vtkMatrix4x4()
    vtk.vtkMatrix4x4.Invert(node.GetXYToRAS(), to_xy)
    matrix = matrix_array(to_xy)[:3]
    return points @ matrix[:, :3].T + matrix[:, 3]


def _bands_in_place(points: np.ndarray, size: np.ndarray, half_width: float) -> list[Rectangle]:
    """Bands at the slices' own places along the view's right or lower edge."""
    along = int(np.argmax(np.abs(points[-1] - points[0])[:2]))
    thickness = max(4.0, 0.014 * size.min())
    edge = size[0] - 1.8 * thickness if along == 1 else 3.4 * thickness
    places = points[:, along]
    line = 0.75
    bands = [(place - half_width + 0.5, place + half_width - 0.5, _BAND) for place in places]
    lines = [(place - line, place + line, _CENTRE) for place in places]
    drawn = bands + lines if half_width > 2 else lines
    visible = [each for each in drawn if each[1] > 0 and each[0] < size[along]]
    if along == 1:
        return [(edge, low, edge + thickness, high, color) for low, high, color in visible]
    return [(low, edge, high, edge + thickness, color) for low, high, color in visible]


def _stack_with_pointer(offsets: np.ndarray, size: np.ndarray) -> list[Rectangle]:
    """The stack as a ladder on the right; `offsets` are mm from the slice on show."""
    thickness = max(4.0, 0.014 * size.min())
    left, bottom, height = size[0] - 1.8 * thickness, 0.2 * size[1], 0.6 * size[1]
    low, high = float(offsets.min()), float(offsets.max())
    scale = height / max(high - low, 1e-6)
    rectangles: list[Rectangle] = [(left, bottom, left + thickness, bottom + height, _BAND)]
    for offset in offsets:
        y = bottom + (offset - low) * scale
        rectangles.append((left, y - 0.75, left + thickness, y + 0.75, _CENTRE))
    if low - 5 <= 0 <= high + 5:
        y = bottom - low * scale
        rectangles.append((left - 0.8 * thickness, y - 1.5, left + 1.4 * thickness, y + 1.5, _POINTER))
    return rectangles


def _fill(mesh: vtk.vtkPolyData, rectangles: list[Rectangle]) -> None:
    points, cells, colors = vtk.vtkPoints(), vtk.vtkCellArray(), vtk.vtkUnsignedCharArray()
    colors.SetNumberOfComponents(3)
    for left, bottom, right, top, color in rectangles:
        corners = ((left, bottom), (right, bottom), (right, top), (left, top))
        cells.InsertNextCell(4, [points.InsertNextPoint(x, y, 0) for x, y in corners])
        colors.InsertNextTuple3(*(255 * c for c in color))
    mesh.SetPoints(points)
    mesh.SetPolys(cells)
    mesh.GetCellData().SetScalars(colors)
