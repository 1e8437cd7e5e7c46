"""Stand-in for slicer.parameterNodeWrapper: typed fields kept in a vtkMRMLScriptedModuleNode and bound to widgets.

It knows the field types and widgets that the panel uses, and keeps values the way Slicer does (parameters as text,
nodes as references), so that scenes are saved and loaded for real.
"""

from __future__ import annotations

import enum
import json
import typing

import ctk
import qt
import slicer
import vtk

__all__ = ["WithinRange", "parameterNodeWrapper"]


class WithinRange:
    """Annotation: a number must lie between two values."""

    def __init__(self, minimum, maximum):
        self.minimum, self.maximum = minimum, maximum

    def check(self, value):
        if not self.minimum <= value <= self.maximum:
            msg = f"Value must be within {self.minimum} and {self.maximum}, but is {value}"
            raise ValueError(msg)


class _Field:
    def __init__(self, name, hint, default):
        self.name = name
        self.kind = typing.get_args(hint)[0] if hasattr(hint, "__metadata__") else hint
        self.range = next(iter(getattr(hint, "__metadata__", ())), None)
        self.is_node = issubclass(self.kind, slicer.vtkMRMLNode)
        self.default = default if default is not None or self.is_node else self.kind()

    def read(self, node):
        if self.is_node:
            return node.GetNodeReference(self.name)
        text = node.GetParameter(self.name)
        if issubclass(self.kind, enum.Enum):
            return self.kind[text]
        return text if self.kind is str else self.kind(json.loads(text))

    def write(self, node, value):
        if self.is_node:
            node.SetNodeReferenceID(self.name, value.GetID() if value else None)
            return
        if self.kind is float and isinstance(value, int):
            value = float(value)
        if not isinstance(value, self.kind):
            msg = f"{self.name} must be of type {self.kind.__name__}, but is {value!r}"
            raise TypeError(msg)
        if self.range is not None:
            self.range.check(value)
        text = value.name if isinstance(value, enum.Enum) else value if self.kind is str else json.dumps(value)
        node.SetParameter(self.name, text)

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner=None):
        return self if instance is None else self.read(instance.parameterNode)

    def __set__(self, instance, value):
        self.write(instance.parameterNode, value)


class _Binding:
    """One widget bound to one field; the signal and the way to read and write depend on the kind of widget."""

    def __init__(self, widget, field):
        self.widget, self.field = widget, field
        self.members = list(field.kind) if issubclass(field.kind, enum.Enum) else []
        if isinstance(widget, slicer.qMRMLNodeComboBox):
            self.signal = "currentNodeChanged(vtkMRMLNode*)"
        elif isinstance(widget, qt.QComboBox):
            self.signal = "currentIndexChanged(int)"
            label = getattr(field.kind, "label", lambda member: member.name)
            widget.clear()
            widget.addItems([label(member) for member in self.members])
        elif isinstance(widget, (qt.QDoubleSpinBox, ctk.ctkSliderWidget)):
            self.signal = "valueChanged(double)"
            if field.range is not None:
                widget.minimum, widget.maximum = field.range.minimum, field.range.maximum
        elif isinstance(widget, qt.QCheckBox):
            self.signal = "toggled(bool)"
        else:
            msg = f"no binding for {widget.className()}"
            raise RuntimeError(msg)

    def show(self, value):
        if self.signal.startswith("currentNode"):
            self.widget.setCurrentNode(value)
        elif self.members:
            self.widget.currentIndex = self.members.index(value)
        elif self.signal.startswith("toggled"):
            self.widget.checked = value
        else:
            self.widget.value = value

    def chosen(self):
        if self.signal.startswith("currentNode"):
            return self.widget.currentNode()
        if self.members:
            return self.members[self.widget.currentIndex]
        return self.widget.checked if self.signal.startswith("toggled") else self.widget.value


class _Connection:
    """All bindings made by one connectGui."""

    def __init__(self, wrapper, bindings):
        self.wrapper, self.bindings, self.busy = wrapper, bindings, False
        self.refresh()
        self.slots = [(b, lambda *_, b=b: self._read(b)) for b in bindings]
        for binding, slot in self.slots:
            binding.widget.connect(binding.signal, slot)
        self.tag = wrapper.AddObserver(vtk.vtkCommand.ModifiedEvent, self.refresh)

    def refresh(self, *_):
        if not self.busy:
            self.busy = True
            for binding in self.bindings:
                binding.show(getattr(self.wrapper, binding.field.name))
            self.busy = False

    def _read(self, binding):
        if not self.busy:
            setattr(self.wrapper, binding.field.name, binding.chosen())

    def undo(self):
        self.wrapper.RemoveObserver(self.tag)
        for binding, slot in self.slots:
            binding.widget.disconnect(binding.signal, slot)


def parameterNodeWrapper(owner):
    """Class decorator: every annotated field becomes a property kept in the MRML node."""
    fields = {
        name: _Field(name, hint, owner.__dict__.get(name))
        for name, hint in typing.get_type_hints(owner, include_extras=True).items()
    }
    for name, field in fields.items():
        setattr(owner, name, field)

    def initialise(self, node):
        self.parameterNode, self._connections = node, {}
        for field in fields.values():
            if not field.is_node and not node.GetParameter(field.name):
                field.write(node, field.default)

    def connect_gui(self, gui):
        widgets = [w for w in vars(gui).values() if w.property("SlicerParameterName")]
        bindings = [_Binding(w, fields[w.property("SlicerParameterName")]) for w in widgets]
        tag = len(self._connections)
        self._connections[tag] = _Connection(self, bindings)
        return tag

    owner.__init__ = initialise
    owner.connectGui = connect_gui
    owner.disconnectGui = lambda self, tag: self._connections.pop(tag).undo() if tag in self._connections else None
    owner.AddObserver = lambda self, event, slot, priority=0.0: self.parameterNode.AddObserver(event, slot, priority)
    owner.RemoveObserver = lambda self, tag: self.parameterNode.RemoveObserver(tag)
    owner.Modified = lambda self: self.parameterNode.Modified()
    return owner
