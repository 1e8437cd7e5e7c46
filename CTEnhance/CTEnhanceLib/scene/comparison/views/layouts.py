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
class Form:
    """One arrangement of a layout's views.

    Attributes:
        identifier: Slicer's number for it.
        xml: Slicer's layout description.
    """

    identifier: int
    xml: str

    @property
    def views(self) -> tuple[ViewSpec, ...]:
        """The slice and 3D views it shows, in reading order."""
        tags = (element.attrib["singletontag"] for element in ElementTree.fromstring(self.xml).iter("view"))
        return tuple(VIEWS[tag] for tag in tags if tag in VIEWS)

    @property
    def width(self) -> int:
        """Pixels it needs; Slicer makes its window wider where there are fewer, and never narrower again."""
        return _needed_width(ElementTree.fromstring(self.xml))


@dataclass(frozen=True)
class Layout:
    """What a user chooses to look at; its form follows the width there is.

    Attributes:
        name: How scripts and the panel call it.
        title: What the user reads.
        forms: Its arrangements, the widest first.
    """

    name: str
    title: str
    forms: tuple[Form, ...]

    def form(self, width: int) -> Form:
        """The widest arrangement that fits, else the narrowest one.

        Args:
            width: Pixels that the window has for views.
        """
        return next((form for form in self.forms if form.width <= width), self.forms[-1])


SLICE_VIEW_WIDTH = 335
"""Pixels: the controller above a slice view needs 327; splitters and margins took up to 7 for each."""
OTHER_VIEW_WIDTH = 160
"""Pixels of a 3D view, a plot or a table."""


def _needed_width(element: ElementTree.Element) -> int:
    if element.tag == "view":
        return SLICE_VIEW_WIDTH if element.attrib["class"] == "vtkMRMLSliceNode" else OTHER_VIEW_WIDTH
    widths = [_needed_width(item[0]) for item in element.findall("item")]
    return sum(widths) if element.attrib["type"] == "horizontal" else max(widths)


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


def _bare_view(kind: str, tag: str, label: str) -> str:
    return (
        f'<view class="{kind}" singletontag="{tag}">'
        f'<property name="viewlabel" action="default">{label}</property></view>'
    )


_PLOT = _bare_view("vtkMRMLPlotViewNode", PLOT_VIEW, "Plot")
_TABLE = _bare_view("vtkMRMLTableViewNode", TABLE_VIEW, "Figures")


def _pair(name: str, number: int, title: str, suffix: str) -> Layout:
    """Measured left and computed right; measured above computed where both do not fit beside each other."""
    views = (f"CTEM{suffix}", f"CTEC{suffix}")
    return Layout(name, title, (Form(4700 + number, _row(*views)), Form(4720 + number, _column(*views))))


_FRACTURE = Layout(
    "fracture",
    "Fracture: coronal, sagittal and 3D",
    (
        Form(
            4705,
            _row(
                _column(_row("CTEMCoronal", "CTEMSagittal"), "CTEM3D"),
                _column(_row("CTECCoronal", "CTECSagittal"), "CTEC3D"),
            ),
        ),
        # measured above computed: coronal and 3D; the sagittal pair is a layout of its own
        Form(4715, _column(_row("CTEMCoronal", "CTEM3D"), _row("CTECCoronal", "CTEC3D"))),
        Form(4725, _column("CTEMCoronal", "CTECCoronal")),
    ),
)
_THIRD = Layout(
    "third",
    "Three columns: with the difference, the uncertainty or the reference",
    (
        Form(
            4706,
            _column(
                _row("CTEMCoronal", "CTECCoronal", "CTETCoronal"),
                _row("CTEMSagittal", "CTECSagittal", "CTETSagittal"),
            ),
        ),
        Form(4716, _row(_column("CTEMCoronal", "CTECCoronal"), "CTETCoronal")),
        Form(4726, _column("CTEMCoronal", "CTECCoronal", "CTETCoronal")),
    ),
)
_OVERVIEW = Layout(
    "overview",
    "Overview: all planes and 3D",
    (
        Form(
            4707,
            _row(
                _column(_row("CTEMAxial", "CTEMCoronal"), _row("CTEMSagittal", "CTEM3D")),
                _column(_row("CTECAxial", "CTECCoronal"), _row("CTECSagittal", "CTEC3D")),
            ),
        ),
        Form(
            4717,
            _column(
                _row("CTEMAxial", "CTECAxial"), _row("CTEMCoronal", "CTECCoronal"), _row("CTEMSagittal", "CTECSagittal")
            ),
        ),
        Form(4727, _column("CTEMCoronal", "CTECCoronal")),
    ),
)
_FIGURES = Layout(
    "figures",
    "Coronal pair with plot and table",
    (
        Form(4708, _column(_row("CTEMCoronal", "CTECCoronal"), _row(_PLOT, _TABLE))),
        Form(4728, _column("CTEMCoronal", "CTECCoronal", _row(_PLOT, _TABLE))),
    ),
)

_TABLE_ONLY = Layout(
    "table",
    "Coronal pair with table",
    (
        Form(4709, _column(_row("CTEMCoronal", "CTECCoronal"), _TABLE)),
        Form(4729, _column("CTEMCoronal", "CTECCoronal", _TABLE)),
    ),
)

LAYOUTS = {
    layout.name: layout
    for layout in (
        _pair("axial", 1, "Axial pair", "Axial"),
        _pair("coronal", 2, "Coronal pair", "Coronal"),
        _pair("sagittal", 3, "Sagittal pair", "Sagittal"),
        _pair("3d", 4, "3D pair", "3D"),
        _FRACTURE,
        _THIRD,
        _OVERVIEW,
        _FIGURES,
        _TABLE_ONLY,
    )
}
OWN_IDENTIFIERS = frozenset(form.identifier for layout in LAYOUTS.values() for form in layout.forms)
