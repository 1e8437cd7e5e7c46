"""The module ``qt`` of Slicer's Python, on PySide6."""

from __future__ import annotations

from typing import Any

from PySide6 import QtCore, QtGui, QtUiTools, QtWidgets
from pythonqt import dress

for _module in (QtCore, QtGui, QtWidgets):
    for _name in dir(_module):
        _thing = getattr(_module, _name)
        _is_object = isinstance(_thing, type) and issubclass(_thing, QtCore.QObject)
        if _is_object and _thing is not QtCore.QObject and not _name.startswith("_"):
            try:
                globals()[_name] = dress(_thing)
            except TypeError:  # final classes
                globals()[_name] = _thing
        elif not _name.startswith("_"):
            globals().setdefault(_name, _thing)

QObject = QtCore.QObject  # findChildren and isinstance must also see raw PySide objects

# PySide objects have no signal with a vtkMRMLScene argument: qSlicerWidget hands the scene on by itself
QtCore.QLoggingCategory.setFilterRules("qt.core.qobject.connect.warning=false")

_made_by_loader: list[Any] = []  # without a Python reference PySide would show these as raw classes again
_custom: dict[str, type] = {}


def register_custom_widget(kind: type) -> None:
    """Let .ui files name a class of ctk or Slicer."""
    _custom[kind.__name__] = kind


class QUiLoader(QtUiTools.QUiLoader):
    """Loads .ui files into dressed classes."""

    def createWidget(self, class_name: str, parent: Any = None, name: str = "") -> Any:
        kind = _custom.get(class_name) or globals()[class_name]
        widget = kind(parent) if parent is not None else kind()
        widget.setObjectName(name)
        _made_by_loader.append(widget)
        return widget

    def createLayout(self, class_name: str, parent: Any = None, name: str = "") -> Any:
        kind = globals()[class_name]
        layout = kind(parent) if isinstance(parent, QtWidgets.QWidget) else kind()
        layout.setObjectName(name)
        _made_by_loader.append(layout)
        return layout
