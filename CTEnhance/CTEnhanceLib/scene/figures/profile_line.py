"""HU along a line across cortex or a fracture gap, measured and computed in one chart, with the 10-90 % width."""

from __future__ import annotations

import numpy as np
import slicer
import vtk
from scipy.ndimage import map_coordinates

from CTEnhanceLib.errors import InputRefusedError
from CTEnhanceLib.scene.comparison.volumes import Volumes
from CTEnhanceLib.scene.figures.tables import Curve, add_chart, add_table, remove_chart
from CTEnhanceLib.scene.nodes import voxels
from CTEnhanceLib.scene.provenance import COLORS, Kind, kind_of

DISTANCE = "distance, mm"
STEP = 0.1
"""Distance of the samples, mm."""


class ProfileLine:
    """Follows a markups line: the chart changes while the user drags its ends.

    Args:
        volumes: What is compared; a reference gets a curve of its own.
        line: A markups line with two points.

    Raises:
        InputRefusedError: The line has no two points yet.
    """

    def __init__(self, volumes: Volumes, line: slicer.vtkMRMLMarkupsLineNode) -> None:
        self._line = line
        self._nodes = {Kind.MEASURED.value: volumes.measured, Kind.COMPUTED.value: volumes.computed}
        if volumes.left is not volumes.measured:
            self._nodes[kind_of(volumes.left).value] = volumes.left
        if volumes.reference is not None:
            self._nodes[Kind.REFERENCE.value] = volumes.reference
        columns = self._sample()
        self.widths = self._measure(columns)
        scene = volumes.computed.GetScene()
        self.table = add_table(scene, f"{line.GetName()}: profile", columns)
        curves = [Curve(name, COLORS[Kind(name)], 2.5) for name in self._nodes]
        self.chart = add_chart(self.table, DISTANCE, curves, self._title(), "HU")
        self._tag = line.AddObserver(slicer.vtkMRMLMarkupsNode.PointModifiedEvent, self._follow)

    def remove(self) -> None:
        """Stop following and remove chart and table; the line stays."""
        self._line.RemoveObserver(self._tag)
        remove_chart(self.chart)

    def _follow(self, *_: object) -> None:
        if self._line.GetNumberOfDefinedControlPoints() < 2:
            return
        columns = self._sample()
        self.widths = self._measure(columns)
        table = vtk.vtkTable()
        for title, values in columns.items():
            array = vtk.vtkDoubleArray()
            array.SetName(title)
            for value in values:
                array.InsertNextValue(value)
            table.AddColumn(array)
        self.table.SetAndObserveTable(table)
        self.chart.SetTitle(self._title())

    def _title(self) -> str:
        widths = ", ".join(
            f"{name} {width:.1f} mm" if np.isfinite(width) else f"{name} -" for name, width in self.widths.items()
        )
        return f"10-90 % width: {widths}"

    def _sample(self) -> dict[str, np.ndarray]:
        if self._line.GetNumberOfDefinedControlPoints() < 2:
            raise InputRefusedError(f"'{self._line.GetName()}' has no two points: place both ends of the line first.")
        start, end = [0.0] * 3, [0.0] * 3
        self._line.GetNthControlPointPositionWorld(0, start)
        self._line.GetNthControlPointPositionWorld(1, end)
        length = float(np.linalg.norm(np.subtract(end, start)))
        distances = np.linspace(0, length, max(3, round(length / STEP) + 1))
        points = np.array(start) + distances[:, None] / max(length, 1e-9) * np.subtract(end, start)
        return {DISTANCE: distances, **{name: sample(node, points) for name, node in self._nodes.items()}}

    def _measure(self, columns: dict[str, np.ndarray]) -> dict[str, float]:
        return {name: width_10_90(columns[DISTANCE], columns[name]) for name in self._nodes}


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
