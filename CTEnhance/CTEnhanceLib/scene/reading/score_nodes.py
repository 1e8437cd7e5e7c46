"""The score of a reading as Slicer's table and plots, and the layout that shows them."""

from __future__ import annotations

from typing import Any

import slicer

from CTEnhanceLib.scene.comparison.views.view_host import ViewHost
from CTEnhanceLib.scene.figures.tables import add_table, remove_chart

LAYOUT = 4799
PLOT_VIEWS = ("CTERGrades", "CTERPreference")
TABLE_VIEW = "CTERScore"
_COLORS = ((0.88, 0.63, 0.19), (0.31, 0.64, 0.89), (0.55, 0.42, 0.69), (0.36, 0.69, 0.42), (0.75, 0.34, 0.29))


class ScoreViews:
    """Shows the score: mean grades and preferences as bars (thesis, Fig. 8), everything tested as a table.

    Args:
        view_host: Where the views stand.
        result: The score (schemas/reading_score.schema.json).
    """

    def __init__(self, view_host: ViewHost, result: dict[str, Any]) -> None:
        self._view_host, self._layout_before = view_host, view_host.layout()
        scene = view_host.scene
        self.charts = [_grade_chart(scene, result), _preference_chart(scene, result)]
        self.table = add_table(scene, f"{result['title']}: score", score_columns(result))
        node = scene.GetFirstNodeByClass("vtkMRMLLayoutNode")
        if not node.IsLayoutDescription(LAYOUT):
            node.AddLayoutDescription(LAYOUT, _xml())
        view_host.show_layout(LAYOUT)
        for tag, chart in zip(PLOT_VIEWS, self.charts):
            view = scene.GetSingletonNode(tag, "vtkMRMLPlotViewNode")
            if view is not None and chart is not None:
                view.SetPlotChartNodeID(chart.GetID())
        view = scene.GetSingletonNode(TABLE_VIEW, "vtkMRMLTableViewNode")
        if view is not None:
            view.SetTableNodeID(self.table.GetID())

    def close(self) -> None:
        """Bring the layout back; table and plots go."""
        scene = self._view_host.scene
        self._view_host.show_layout(self._layout_before)
        for chart in self.charts:
            if chart is not None and scene.IsNodePresent(chart):
                remove_chart(chart)
        views = [(tag, "vtkMRMLPlotViewNode") for tag in PLOT_VIEWS] + [(TABLE_VIEW, "vtkMRMLTableViewNode")]
        for node in [self.table, *(scene.GetSingletonNode(tag, kind) for tag, kind in views)]:
            if node is not None and scene.IsNodePresent(node):
                scene.RemoveNode(node)


def score_columns(result: dict[str, Any]) -> dict[str, list[str]]:
    """Everything a score tests, one line each: what, figure, interval, p."""
    rows: list[tuple[str, str, str, str]] = []
    for grades in result["grades"].values():
        for kind, g in grades["kinds"].items():
            by_reader = ", ".join(f"{reader} {mean:.2f}" for reader, mean in g["by_reader"].items())
            rows.append((f"grade of {kind}", f"{g['mean']:.2f} (median {g['median']:g})", by_reader, ""))
        for pair in grades["pairs"]:
            interval = "" if pair["low"] is None else f"{pair['low']:+.2f} to {pair['high']:+.2f}"
            rows.append((f"{pair['second']} - {pair['first']}", f"{pair['mean']:+.2f}", interval, _p(pair["p"])))
        rows += _agreement_rows("grades", grades["agreement"])
        rows += _intra_rows("grades", grades["intra_reader"])
    for preference in result["preferences"].values():
        between = " or ".join(preference["between"])
        counts = " : ".join(str(count) for count in preference["counts"].values())
        share = preference["share"]
        interval = f"{share['kind']} {share['low']:.0%} to {share['high']:.0%}"
        rows.append((f"{between}, answers", counts, interval, _p(preference["p_answers"])))
        won = " : ".join(str(count) for count in preference["cases_won"].values())
        undecided = f"{preference['cases_undecided']} undecided"
        rows.append((f"{between}, cases", won, undecided, _p(preference["p_cases"])))
        rows += _agreement_rows(between, {"": preference["agreement"]})
        rows += _intra_rows(between, preference["intra_reader"])
    titles = ("what", "figure", "interval, readers", "p")
    return {title: [row[index] for row in rows] for index, title in enumerate(titles)}


def _agreement_rows(what: str, agreement: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    rows = []
    for name, found in agreement.items():
        for pair in found["pairs"]:
            title = f"{what} {name}: {' and '.join(pair['readers'])}".replace(" :", ":")
            rows += _kappa_rows(title, pair)
        if found["fleiss"] is not None and found["fleiss"]["kappa"] is not None:
            fleiss = found["fleiss"]
            rows.append((f"{what} {name}: Fleiss' kappa", f"{fleiss['kappa']:.3f}", "", _p(fleiss["p"])))
    return rows


def _intra_rows(what: str, intra: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    return [row for reader, pair in intra.items() for row in _kappa_rows(f"{what}: {reader} twice", pair)]


def _kappa_rows(title: str, pair: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    rows = []
    for name in ("plain", "quadratic"):
        figure = pair[name]
        if figure is None or figure["kappa"] is None:
            continue
        interval = "" if figure["low"] is None else f"{figure['low']:.2f} to {figure['high']:.2f}"
        rows.append((f"{title}, kappa {name}", f"{figure['kappa']:.3f}", interval, _p(figure["p"])))
    return rows or [(f"{title}, equal", f"{pair['agreement']:.0%}", "kappa is not defined", "")]


def _p(value: float | None) -> str:
    return "" if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"


def _grade_chart(scene: slicer.vtkMRMLScene, result: dict[str, Any]) -> slicer.vtkMRMLPlotChartNode | None:
    grades = next(iter(result["grades"].values()), None)
    if grades is None:
        return None
    kinds = list(grades["kinds"])
    columns = {reader: [grades["kinds"][kind]["by_reader"][reader] for kind in kinds] for reader in result["readers"]}
    chart = _bars(scene, "Mean grade of each kind (1 is best)", "kind", kinds, columns)
    chart.SetYAxisTitle("mean grade")
    return chart


def _preference_chart(scene: slicer.vtkMRMLScene, result: dict[str, Any]) -> slicer.vtkMRMLPlotChartNode | None:
    preference = next(iter(result["preferences"].values()), None)
    if preference is None:
        return None
    between = preference["between"]
    columns = {reader: [float(counts[kind]) for kind in between] for reader, counts in preference["by_reader"].items()}
    title = f"Preferred (p {_p(preference['p_answers'])} over answers)"
    chart = _bars(scene, title, "kind", between, columns)
    chart.SetYAxisTitle("answers")
    return chart


def _bars(
    scene: slicer.vtkMRMLScene, title: str, label: str, names: list[str], columns: dict[str, list[float]]
) -> slicer.vtkMRMLPlotChartNode:
    """Bars of some columns beside each other, with names below."""
    place = {"place": [float(index) for index in range(len(names))]}
    table = add_table(scene, title, {label: names, **place, **columns})
    chart = slicer.vtkMRMLPlotChartNode()
    chart.SetName(title)
    chart.SetTitle(title)
    for index, reader in enumerate(columns):
        series = slicer.vtkMRMLPlotSeriesNode()
        series.SetName(reader)
        series.SetAndObserveTableNodeID(table.GetID())
        series.SetPlotType(slicer.vtkMRMLPlotSeriesNode.PlotTypeScatterBar)
        series.SetXColumnName("place")
        series.SetYColumnName(reader)
        series.SetLabelColumnName(label)
        series.SetColor(*_COLORS[index % len(_COLORS)])
        scene.AddNode(series)
        chart.AddAndObservePlotSeriesNodeID(series.GetID())
    chart.SetXAxisTitle(", ".join(f"{index} {name}" for index, name in enumerate(names)))
    scene.AddNode(chart)
    return chart


def _xml() -> str:
    plots = "".join(f'<item splitSize="500">{_view("vtkMRMLPlotViewNode", tag)}</item>' for tag in PLOT_VIEWS)
    return (
        '<layout type="vertical" split="true">'
        f'<item splitSize="500"><layout type="horizontal" split="true">{plots}</layout></item>'
        f'<item splitSize="500">{_view("vtkMRMLTableViewNode", TABLE_VIEW)}</item></layout>'
    )


def _view(kind: str, tag: str) -> str:
    label = tag[len("CTER") :]
    title = f'<property name="viewlabel" action="default">{label}</property>'
    return f'<view class="{kind}" singletontag="{tag}">{title}</view>'
