"""The panel's widgets, from one .ui file for each part; the sections of `reading` and `several` make theirs in code.

A further section with a .ui file: add its name to `PARTS`, and the file to Resources/UI.
"""

from __future__ import annotations

from typing import Any, Callable

import slicer

PARTS = ("Compare", "Installation")
"""Files of Resources/UI whose widgets stand between the run and the last line of the panel, in this order."""

TAKEN_ALONG = ("savePageButton", "exportWidget")
"""Widgets of the panel that stand below the first of the parts."""


def load_widgets(resource_path: Callable[[str], str]) -> tuple[Any, Any]:
    """Load all parts.

    Args:
        resource_path: Gives the full path of a file in Resources.

    Returns:
        The widget of the whole panel, and all widgets by name.
    """
    top = slicer.util.loadUI(resource_path("UI/CTEnhance.ui"))
    place = slicer.util.childWidgetVariables(top).partsWidget.layout()
    parts = [slicer.util.loadUI(resource_path(f"UI/{name}.ui")) for name in PARTS]
    for part in parts:
        place.addWidget(part)
    # What takes a result along comes after the comparison, which has to be above the fold of a small screen.
    for number, name in enumerate(TAKEN_ALONG, start=1):
        place.insertWidget(number, getattr(slicer.util.childWidgetVariables(top), name))
    for each in (top, *parts):
        each.setMRMLScene(slicer.mrmlScene)
    return top, slicer.util.childWidgetVariables(top)
