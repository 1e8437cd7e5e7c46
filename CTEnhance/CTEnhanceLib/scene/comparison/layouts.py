"""The comparison's layouts: which views stand where, as Slicer's own layout XML.

A layout is written as rows of cells; each cell names an own view by its tag. Tags begin with ``CTE``, identifiers
lie above 100: both as Slicer asks of custom layouts, so that the user's own views are never touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from xml.etree import ElementTree

VIEW_GROUP = 47
"""Linking happens inside a view group; an own one keeps the user's views out of it."""


class Side(str, Enum):
    """What a view is there to show."""

    MEASURED = "measured"
    COMPUTED = "computed"
    THIRD = "third"  # the reference, the uncertainty, the difference map


@dataclass(frozen=True)
class ViewSpec:
    """One own view of the comparison.

    Attributes:
        tag: Singleton tag of its view node.
        side: Which volume it shows.
        orientation: ``Axial``, ``Coronal``, ``Sagittal``; empty for a 3D view.
    """

    tag: str
    side: Side
    orientation: str = ""

    @property
    def is_3d(self) -> bool:
        """Whether the view is a 3D view."""
        return not self.orientation


@dataclass(frozen=True)
class Layout:
    """An arrangement of views.

    Attributes:
        name: How scripts and the panel call it.
        identifier: Slicer's number for it.
        title: What the user reads.
        xml: Slicer's layout description.
    """

    name: str
    identifier: int
    title: str
    xml: str

    @property
    def views(self) -> tuple[ViewSpec, ...]:
        """The slice and 3D views this layout shows, in reading order."""
        tags = (element.attrib["singletontag"] for element in ElementTree.fromstring(self.xml).iter("view"))
        return tuple(VIEWS[tag] for tag in tags if tag in VIEWS)


_SIDE_LETTER = {Side.MEASURED: "M", Side.COMPUTED: "C", Side.THIRD: "T"}
SIDE_COLOR = {Side.MEASURED: "#E0A030", Side.COMPUTED: "#4FA3E0", Side.THIRD: "#9A9A9A"}
"""Amber is measured, blue is computed, grey is neither: the same in labels, bars and plots."""


def _make_views() -> dict[str, ViewSpec]:
    views = {}
    for side, letter in _SIDE_LETTER.items():
        for orientation in ("Axial", "Coronal", "Sagittal"):
            tag = f"CTE{letter}{orientation}"
            views[tag] = ViewSpec(tag, side, orientation)
        if side is not Side.THIRD:
            views[f"CTE{letter}3D"] = ViewSpec(f"CTE{letter}3D", side)
    return views


VIEWS = _make_views()


def _view(tag: str) -> str:
    spec = VIEWS[tag]
    kind = "vtkMRMLViewNode" if spec.is_3d else "vtkMRMLSliceNode"
    orientation = "" if spec.is_3d else f'<property name="orientation" action="default">{spec.orientation}</property>'
    label = _SIDE_LETTER[spec.side] + (spec.orientation[:1] or "3")
    return (
        f'<view class="{kind}" singletontag="{tag}">{orientation}'
        f'<property name="viewlabel" action="default">{label}</property>'
        f'<property name="viewcolor" action="default">{SIDE_COLOR[spec.side]}</property>'
        f'<property name="viewgroup" action="default">{VIEW_GROUP}</property></view>'
    )


def _row(*cells: str) -> str:
    return _split("horizontal", cells)


def _column(*cells: str) -> str:
    return _split("vertical", cells)


def _split(direction: str, cells: tuple[str, ...]) -> str:
    # Without splitSize Slicer collapses the rows that hold a plot or table.
    size = 1000 // len(cells)
    items = "".join(f'<item splitSize="{size}">{_cell(cell)}</item>' for cell in cells)
    return f'<layout type="{direction}" split="true">{items}</layout>'


def _cell(cell: str) -> str:
    return cell if cell.startswith("<") else _view(cell)


PLOT_VIEW, TABLE_VIEW = "CTEPlot", "CTETable"


def _plot_and_table() -> str:
    return _row(
        *(
            f'<view class="{kind}" singletontag="{tag}">'
            f'<property name="viewlabel" action="default">{tag}</property></view>'
            for kind, tag in (("vtkMRMLPlotViewNode", PLOT_VIEW), ("vtkMRMLTableViewNode", TABLE_VIEW))
        )
    )


LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout("axial", 4701, "Axial pair", _row("CTEMAxial", "CTECAxial")),
        Layout("coronal", 4702, "Coronal pair", _row("CTEMCoronal", "CTECCoronal")),
        Layout("sagittal", 4703, "Sagittal pair", _row("CTEMSagittal", "CTECSagittal")),
        Layout("3d", 4704, "3D pair", _row("CTEM3D", "CTEC3D")),
        Layout(
            "fracture",
            4705,
            "Fracture: coronal, sagittal and 3D, measured left, computed right",
            _row(
                _column(_row("CTEMCoronal", "CTEMSagittal"), "CTEM3D"),
                _column(_row("CTECCoronal", "CTECSagittal"), "CTEC3D"),
            ),
        ),
        Layout(
            "third",
            4706,
            "Coronal and sagittal with the reference, the uncertainty or the difference",
            _column(
                _row("CTEMCoronal", "CTECCoronal", "CTETCoronal"),
                _row("CTEMSagittal", "CTECSagittal", "CTETSagittal"),
            ),
        ),
        Layout(
            "overview",
            4707,
            "Overview: all planes and 3D, measured left, computed right",
            _row(
                _column(_row("CTEMAxial", "CTEMCoronal"), _row("CTEMSagittal", "CTEM3D")),
                _column(_row("CTECAxial", "CTECCoronal"), _row("CTECSagittal", "CTEC3D")),
            ),
        ),
        Layout(
            "figures",
            4708,
            "Coronal pair with plot and table",
            _column(_row("CTEMCoronal", "CTECCoronal"), _plot_and_table()),
        ),
    )
}
