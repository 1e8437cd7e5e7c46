"""HU along a line across cortex or a fracture gap, measured and computed in one chart, with gap, step and edge."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import slicer
import vtk
from scipy.ndimage import map_coordinates

from CTEnhanceLib.errors import InputRefusedError
from CTEnhanceLib.scene.comparison.volumes import Volumes
from CTEnhanceLib.scene.figures.fracture_line import LineFigures, line_figures
from CTEnhanceLib.scene.figures.tables import Curve, add_chart, add_table, remove_chart, vtk_table
from CTEnhanceLib.scene.nodes import matrix_array, voxels
from CTEnhanceLib.scene.provenance import COLORS, Kind, kind_of

DISTANCE = "distance, mm"
TITLE = "HU along the line"
STEP = 0.1
"""Distance of the samples, mm."""


class ProfileLine:
    """Follows a markups line: the chart changes while the user drags its ends.

    Args:
        volumes: What is compared; a reference gets a curve of its own.
        line: A markups line with two points.
        on_change: Called when the user has moved an end of it.

    Raises:
        InputRefusedError: The line has no two points yet.
    """

    def __init__(
        self,
        volumes: Volumes,
        line: slicer.vtkMRMLMarkupsLineNode,
        on_change: Callable[[], None] | None = None,
    ) -> None:
        self._line, self._on_change = line, on_change
        self._nodes = {Kind.MEASURED.value: volumes.measured, Kind.COMPUTED.value: volumes.computed}
        if volumes.left is not volumes.measured:
            self._nodes[kind_of(volumes.left).value] = volumes.left
        if volumes.reference is not None:
            self._nodes[Kind.REFERENCE.value] = volumes.reference
        columns = self._sample()
        self.widths = self._measure(columns)
        self.fracture = self._measure_fracture()
        scene = volumes.computed.GetScene()
        self.table = add_table(scene, f"{line.GetName()}: profile", columns)
        curves = [Curve(name, COLORS[Kind(name)], 2.5) for name in self._nodes]
        self.chart = add_chart(self.table, DISTANCE, curves, TITLE, "HU")
        self.figures = add_table(scene, f"{line.GetName()}: figures", self._figure_columns())
        self._tag = line.AddObserver(slicer.vtkMRMLMarkupsNode.PointModifiedEvent, self._follow)

    def remove(self) -> None:
        """Stop following and remove chart and table; the line stays."""
        self._line.RemoveObserver(self._tag)
        remove_chart(self.chart)
        self.figures.GetScene().RemoveNode(self.figures)

    def words(self) -> str:
        """Gap and step of each volume, a line for each."""
        lines = [f"{name}: gap {_mm(found.gap)}, step {_mm(found.step)}" for name, found in self.fracture.items()]
        return "\n".join(lines)

    def _follow(self, *_: object) -> None:
        if self._line.GetNumberOfDefinedControlPoints() < 2:
            return
        columns = self._sample()
        self.widths = self._measure(columns)
        self.fracture = self._measure_fracture()
        for node, content in ((self.table, columns), (self.figures, self._figure_columns())):
            node.SetAndObserveTable(vtk_table(content))
        if self._on_change is not None:
            self._on_change()

    def _figure_columns(self) -> dict[str, list[object]]:
        return {
            "along the line": list(self._nodes),
            "gap width, mm": [round(found.gap, 2) for found in self.fracture.values()],
            "step-off, mm": [round(found.step, 2) for found in self.fracture.values()],
            "10-90 % width of the edge, mm": [round(width, 2) for width in self.widths.values()],
        }

    def _measure_fracture(self) -> dict[str, LineFigures]:
        start, end = self._ends()
        normal = plane_normal(self._line.GetScene(), start, end)
        return {name: line_figures(partial(sample, node), start, end, normal) for name, node in self._nodes.items()}

    def _ends(self) -> tuple[np.ndarray, np.ndarray]:
        start, end = [0.0] * 3, [0.0] * 3
        self._line.GetNthControlPointPositionWorld(0, start)
        self._line.GetNthControlPointPositionWorld(1, end)
        return np.array(start), np.array(end)

    def _sample(self) -> dict[str, np.ndarray]:
        if self._line.GetNumberOfDefinedControlPoints() < 2:
            raise InputRefusedError(f"'{self._line.GetName()}' has no two points: place both ends of the line first.")
        start, end = self._ends()
        length = float(np.linalg.norm(end - start))
        distances = np.linspace(0, length, max(3, round(length / STEP) + 1))
        points = start + distances[:, None] / max(length, 1e-9) * (end - start)
        return {DISTANCE: distances, **{name: sample(node, points) for name, node in self._nodes.items()}}

    def _measure(self, columns: dict[str, np.ndarray]) -> dict[str, float]:
        return {name: width_10_90(columns[DISTANCE], columns[name]) for name in self._nodes}


def plane_normal(scene: slicer.vtkMRMLScene, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Normal of the slice on show that both points lie in, world RAS; that of a coronal slice where there is none.

    Args:
        scene: Holds the slice views.
        start: World RAS, mm, shape (3,).
        end: World RAS, mm, shape (3,).
    """
    best, normal = 1.0, np.array([0.0, 1.0, 0.0])
    for index in range(scene.GetNumberOfNodesByClass("vtkMRMLSliceNode")):
        pose = scene.GetNthNodeByClass(index, "vtkMRMLSliceNode").GetSliceToRAS()
        across, origin = matrix_array(pose)[:3, 2:].T
        away = max(abs(float((point - origin) @ across)) for point in (start, end))
        if away < best:
            best, normal = away, across
    return normal


def _mm(value: float) -> str:
    return f"{value:.1f} mm" if np.isfinite(value) else "none found"


def sample(volume: slicer.vtkMRMLScalarVolumeNode, points: np.ndarray) -> np.ndarray:
    """HU at world points (points, 3), linear between voxels, NaN outside; (points,)."""
    matrix = vtk.vtkMatrix4x4()
    volume.GetRASToIJKMatrix(matrix)
    local, index = [0.0, 0.0, 0.0], np.empty((len(points), 3))
    for row, point in enumerate(points):
        volume.TransformPointFromWorld(point, local)
        index[row] = matrix.MultiplyPoint([*local, 1.0])[:3]
    return map_coordinates(voxels(volume), index[:, ::-1].T, np.float64, order=1, cval=np.nan)


def width_10_90(distances: np.ndarray, values: np.ndarray) -> float:
    """Width of the steepest edge of a profile between 10 and 90 % of its step, in the unit of `distances`.

    The plateaus are the nearest turning points on both sides of the steepest place, so that the width is that of one
    edge even where the line crosses several.

    Args:
        distances: Places of the samples, ascending, (samples,).
        values: HU, (samples,); NaN where the line leaves the volume.

    Returns:
        The width; NaN where there is no edge.
    """
    finite = np.isfinite(values)
    distances, values = distances[finite], values[finite]
    slopes = np.diff(values)
    if len(slopes) < 2 or not np.abs(slopes).max() > 0:
        return float("nan")
    steepest = int(np.argmax(np.abs(slopes)))
    sign = np.sign(slopes[steepest])
    first = last = steepest
    while first > 0 and sign * slopes[first - 1] > 0:
        first -= 1
    while last < len(slopes) - 1 and sign * slopes[last + 1] > 0:
        last += 1
    edge = values[first : last + 2]
    share = (edge - edge[0]) / (edge[-1] - edge[0])
    low, high = np.interp((0.1, 0.9), share, distances[first : last + 2])
    return float(high - low)
