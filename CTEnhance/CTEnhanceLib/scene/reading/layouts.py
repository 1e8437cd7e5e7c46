"""Layouts of a blinded reading: some views of one kind in rows, alike but for their letter.

View tags begin with ``CTER``; identifiers lie above those of the comparison's layouts.
"""

from __future__ import annotations

import slicer

from CTEnhanceLib.scene.comparison.views.layouts import SLICE_VIEW_WIDTH

PLANES = {"axial": "Axial", "coronal": "Coronal", "sagittal": "Sagittal", "3d": "3D"}
_FIRST_IDENTIFIER = 4800
_MOST_COLUMNS = 4
_COLOR = "#8A8A8A"


def view_tag(place: int, plane: str) -> str:
    """Singleton tag of the view at a place (1, 2, ...) that shows a plane of `PLANES`."""
    return f"CTER{place}{PLANES[plane]}"


def columns_for(count: int, width: int) -> int:
    """How many views stand beside each other.

    Args:
        count: views in all.
        width: pixels there are.
    """
    fitting = max(1, min(_MOST_COLUMNS, width // SLICE_VIEW_WIDTH))
    wanted = count if count <= 3 else -(-count // 2)
    return min(fitting, wanted)


def layout_identifier(count: int, columns: int, plane: str) -> int:
    """Slicer's number for a layout.

    Args:
        count: Images of a set.
        columns: Beside each other.
        plane: "axial", "coronal", "sagittal" or "3d".
    """
    return _FIRST_IDENTIFIER + 100 * list(PLANES).index(plane) + 10 * count + columns


def is_reading_layout(identifier: int) -> bool:
    """Whether a layout is one of these."""
    return _FIRST_IDENTIFIER < identifier < _FIRST_IDENTIFIER + 100 * len(PLANES)


def register_layout(layout_node: slicer.vtkMRMLLayoutNode, count: int, columns: int, plane: str) -> int:
    """Make a layout known to Slicer, where it is not yet.

    Args:
        layout_node: Slicer's layouts.
        count: Images of a set.
        columns: Beside each other.
        plane: "axial", "coronal", "sagittal" or "3d".

    Returns:
        Its number.
    """
    identifier = layout_identifier(count, columns, plane)
    if not layout_node.IsLayoutDescription(identifier):
        layout_node.AddLayoutDescription(identifier, _xml(count, columns, plane))
    return identifier


def _xml(count: int, columns: int, plane: str) -> str:
    places = list(range(1, count + 1))
    rows = [places[start : start + columns] for start in range(0, count, columns)]
    return _split("vertical", [_split("horizontal", [_view(place, plane) for place in row]) for row in rows])


def _split(direction: str, cells: list[str]) -> str:
    size = 1000 // len(cells)
    items = "".join(f'<item splitSize="{size}">{cell}</item>' for cell in cells)
    return f'<layout type="{direction}" split="true">{items}</layout>'


def _view(place: int, plane: str) -> str:
    kind = "vtkMRMLViewNode" if plane == "3d" else "vtkMRMLSliceNode"
    turned = "" if plane == "3d" else f'<property name="orientation" action="default">{PLANES[plane]}</property>'
    return (
        f'<view class="{kind}" singletontag="{view_tag(place, plane)}">{turned}'
        f'<property name="viewlabel" action="default">{place}</property>'
        f'<property name="viewcolor" action="default">{_COLOR}</property></view>'
    )
