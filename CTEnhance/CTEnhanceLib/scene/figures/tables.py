"""Figures as Slicer's own table and plot nodes, so that they can be sorted, copied, saved and printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer
import vtk

Color = tuple[float, float, float]


def add_table(
    scene: slicer.vtkMRMLScene, name: str, columns: Mapping[str, Sequence[Any] | np.ndarray]
) -> slicer.vtkMRMLTableNode:
    """Add a table; a column is text if its first value is.

    Args:
        scene: Where the node is added.
        name: The node's name.
        columns: Values by title, each of shape (rows,); numbers that do not exist may be NaN.
    """
    node = slicer.vtkMRMLTableNode()
    node.SetName(name)
    node.SetAndObserveTable(vtk_table(columns))
    node.SetUseColumnTitleAsColumnHeader(True)
    node.SetLocked(True)
    scene.AddNode(node)
    return node


def vtk_table(columns: Mapping[str, Sequence[Any] | np.ndarray]) -> vtk.vtkTable:
    """The columns as VTK keeps them; a column is text if its first value is.

    Args:
        columns: Values by title, each of shape (rows,).
    """
    table = vtk.vtkTable()
    for title, values in columns.items():
        is_text = len(values) > 0 and isinstance(values[0], str)
        array = vtk.vtkStringArray() if is_text else vtk.vtkDoubleArray()
        array.SetName(title)
        for value in values:
            array.InsertNextValue(value if is_text else float(value))
        table.AddColumn(array)
    return table


@dataclass(frozen=True)
class Curve:
    """One line of a chart.

    Attributes:
        column: Column of the table that holds its values.
        color: RGB in 0..1.
        width: Line width in pixels.
    """

    column: str
    color: Color
    width: float = 2.0


def add_chart(
    table: slicer.vtkMRMLTableNode, x_column: str, curves: Sequence[Curve], title: str, y_title: str
) -> slicer.vtkMRMLPlotChartNode:
    """Add a chart of some columns of a table over another one.

    Args:
        table: Holds the values.
        x_column: Column of the horizontal axis; its title is the axis title.
        curves: What is drawn.
        title: Of the chart.
        y_title: Of the vertical axis.
    """
    scene = table.GetScene()
    chart = slicer.vtkMRMLPlotChartNode()
    chart.SetName(title)
    for curve in curves:
        series = slicer.vtkMRMLPlotSeriesNode()
        series.SetName(curve.column)
        series.SetAndObserveTableNodeID(table.GetID())
        series.SetXColumnName(x_column)
        series.SetYColumnName(curve.column)
        series.SetPlotType(slicer.vtkMRMLPlotSeriesNode.PlotTypeScatter)
        series.SetMarkerStyle(slicer.vtkMRMLPlotSeriesNode.MarkerStyleNone)
        series.SetLineWidth(curve.width)
        series.SetColor(*curve.color)
        scene.AddNode(series)
        chart.AddAndObservePlotSeriesNodeID(series.GetID())
    chart.SetTitle(title)
    chart.SetXAxisTitle(x_column)
    chart.SetYAxisTitle(y_title)
    scene.AddNode(chart)
    return chart


def remove_chart(chart: slicer.vtkMRMLPlotChartNode) -> None:
    """Remove a chart with its curves and their table."""
    scene = chart.GetScene()
    series = [chart.GetNthPlotSeriesNode(index) for index in range(chart.GetNumberOfPlotSeriesNodes())]
    tables = {node.GetTableNode().GetID(): node.GetTableNode() for node in series if node.GetTableNode() is not None}
    for node in [chart, *series, *tables.values()]:
        scene.RemoveNode(node)


def clicked_x(
    scene: slicer.vtkMRMLScene, series_ids: vtk.vtkStringArray | None, selections: vtk.vtkCollection | None
) -> float | None:
    """Where on the horizontal axis the user clicked in a plot.

    Args:
        scene: Holds the series.
        series_ids: As ``dataSelected`` of a plot view gives them; it begins with an empty emission.
        selections: Indices of the points for each series.

    Returns:
        The value of the first point that was hit, None for a click that hit nothing.
    """
    if series_ids is None or selections is None:
        return None
    for number in range(min(series_ids.GetNumberOfValues(), selections.GetNumberOfItems())):
        series = scene.GetNodeByID(series_ids.GetValue(number))
        indices = selections.GetItemAsObject(number)
        if series is None or series.GetTableNode() is None or indices.GetNumberOfTuples() == 0:
            continue
        column = series.GetTableNode().GetTable().GetColumnByName(series.GetXColumnName())
        return float(column.GetValue(int(indices.GetValue(0))))
    return None
