"""Slicer's DataProbe keeps slice views by name, also those that are gone, and calls them: its entry has to be removed.

It writes volume names into the corners of every slice view. When a view goes and another of its name comes, it still
calls the first one and prints a traceback.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import slicer
import vtk


@contextmanager
def annotations_off() -> Iterator[None]:
    """While views are removed: each removal makes it read the views in its list."""
    annotations = _annotations()
    if annotations is None:
        yield
        return
    enabled, annotations.sliceViewAnnotationsEnabled = annotations.sliceViewAnnotationsEnabled, 0
    try:
        yield
    finally:
        annotations.sliceViewAnnotationsEnabled = enabled


def forget_view(name: str) -> None:
    """Take a slice view out of the DataProbe's lists, before its node is removed.

    Args:
        name: The view's layout name.
    """
    annotations = _annotations()
    if annotations is None or name not in annotations.sliceViewNames:
        return
    widget = annotations.sliceWidgets.get(name)
    annotations.sliceViewNames.remove(name)
    for views in (annotations.sliceWidgets, annotations.sliceViews, annotations.renderers):
        views.pop(name, None)
    logic = _logic(widget)
    if logic is not None:
        annotations.removeObserver(logic, vtk.vtkCommand.ModifiedEvent, annotations.updateViewAnnotations)


def _annotations() -> Any:
    """The DataProbe's part that lists views; None where there is no DataProbe, or another one than is known here."""
    probe = getattr(getattr(slicer, "modules", None), "DataProbeInstance", None)
    annotations = getattr(getattr(probe, "infoWidget", None), "sliceAnnotations", None)
    wanted = (
        "sliceViewAnnotationsEnabled",
        "sliceViewNames",
        "sliceWidgets",
        "sliceViews",
        "renderers",
        "updateViewAnnotations",
        "removeObserver",
    )
    return annotations if all(hasattr(annotations, name) for name in wanted) else None


def _logic(widget: Any) -> Any:
    try:
        return widget.sliceLogic() if widget is not None else None
    except ValueError:  # PythonQt, of a widget that is gone already
        return None
