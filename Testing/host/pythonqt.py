"""PySide6 classes dressed up as PythonQt shows them, as far as the panel uses them.

What PythonQt does, and this imitates:

* a Qt property is an attribute (``label.text = "x"``) and hides the getter method of the same name;
* ``objectName`` is also called ``name``;
* ``connect("clicked(bool)", f)`` and ``disconnect``; a signature without arguments drops them; enums arrive as ints;
* an attribute that Qt does not know cannot be set (a spelling mistake is an error);
* ``isinstance`` and ``findChildren`` see one class, whoever made the object;
* ``exec_`` exists.

It is stricter than PythonQt in nothing that the panel needs, and it proves nothing about PythonQt itself.
"""

from __future__ import annotations

import enum
import inspect
from typing import Any, Callable

from PySide6 import QtCore

_dressed: dict[type, type] = {}
_raw: dict[type, type] = {}


class _Meta(type(QtCore.QObject)):  # type: ignore[misc]
    """Objects that Qt itself made (raw PySide classes) count as instances of the dressed class."""

    def __instancecheck__(cls, thing: object) -> bool:
        return super().__instancecheck__(thing) or (cls in _raw and isinstance(thing, _raw[cls]))

    def __subclasscheck__(cls, other: type) -> bool:
        return super().__subclasscheck__(other) or (cls in _raw and issubclass(other, _raw[cls]))


def _as_pythonqt(argument: Any) -> Any:
    return argument.value if isinstance(argument, enum.Enum) else argument


def _accepted(slot: Callable, arguments: tuple) -> tuple:
    """As many of the arguments as the slot can take (PythonQt looks at the code object, too)."""
    try:
        parameters = list(inspect.signature(slot).parameters.values())
    except (TypeError, ValueError):
        return arguments
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return arguments
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return arguments[: len(positional)]


class _PythonQtManners:
    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        for name in ("connect", "disconnect"):  # PySide finds its own C method unless the class itself has one
            if name not in cls.__dict__:
                setattr(cls, name, _PythonQtManners.__dict__[name])

    def connect(self, signature: str, slot: Callable) -> bool:
        name, _, arguments = signature.partition("(")
        signal = getattr(self, name)
        drops_arguments = arguments.strip() == ")"

        def relay(*received: Any) -> None:
            slot(*(() if drops_arguments else _accepted(slot, tuple(map(_as_pythonqt, received)))))

        self.__dict__.setdefault("_relays", {}).setdefault((name, slot), []).append(relay)
        signal.connect(relay)
        return True

    def disconnect(self, signature: str | None = None, slot: Callable | None = None) -> bool:
        relays = self.__dict__.get("_relays", {})
        name = None if signature is None else signature.partition("(")[0]
        doomed = [key for key in relays if name in (None, key[0]) and slot in (None, key[1])]
        for key in doomed:
            for relay in relays.pop(key):
                getattr(self, key[0]).disconnect(relay)
        return bool(doomed)

    def __setattr__(self, name: str, value: Any) -> None:
        made_by_user = type(self) not in _raw and type(self).__module__ not in ("ctk", "mrml_widgets")
        by_loader = isinstance(value, QtCore.QObject)  # PySide's QUiLoader hangs the children on the top widget
        if not made_by_user and not by_loader and not hasattr(type(self), name) and not name.startswith("_"):
            if QtCore.QObject.property(self, name) is None:  # type: ignore[call-overload]
                msg = f"{type(self).__name__} has no attribute {name!r}"
                raise AttributeError(msg)
            QtCore.QObject.setProperty(self, name, value)  # type: ignore[call-overload]
            return
        super().__setattr__(name, value)

    @property
    def name(self) -> str:
        return QtCore.QObject.objectName(self)  # type: ignore[call-overload]

    @name.setter
    def name(self, value: str) -> None:
        QtCore.QObject.setObjectName(self, value)  # type: ignore[call-overload]

    def className(self) -> str:
        return type(self).__name__

    def findChildren(self, kind: type | None = None, name: str = "") -> list:
        raw = _raw.get(kind, kind or QtCore.QObject)  # type: ignore[arg-type]
        found = QtCore.QObject.findChildren(self, raw, name) if name else QtCore.QObject.findChildren(self, raw)  # type: ignore[call-overload]
        return list(found)

    def delete(self) -> None:
        self.deleteLater()  # type: ignore[attr-defined]

    def exec_(self) -> int:
        return int(_as_pythonqt(self.exec()))  # type: ignore[attr-defined]


class _QtProperty(property):
    """A Qt property on objects; the class shows a static function of the same name (``QTimer.singleShot``)."""

    static: Any = None

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None and self.static is not None:
            return self.static
        return super().__get__(instance, owner)


def _attribute(base: type, name: str) -> property:
    capital = name[0].upper() + name[1:]
    getter = next((g for g in (getattr(base, n, None) for n in (name, f"is{capital}", f"has{capital}")) if g), None)
    setter = getattr(base, f"set{capital}", None)

    def read(self: Any) -> Any:
        return getter(self) if callable(getter) else QtCore.QObject.property(self, name)

    def write(self: Any, value: Any) -> None:
        if setter is None:
            QtCore.QObject.setProperty(self, name, value)
            return
        try:
            setter(self, value)
        except TypeError:
            setter(self, int(value))  # a float for an int property, as PythonQt allows

    attribute = _QtProperty(read, write)
    attribute.static = getattr(base, name, None)
    return attribute


def dress(base: type) -> type:
    """The class as PythonQt would show it, made once."""
    if base not in _dressed:
        meta = base.staticMetaObject  # type: ignore[attr-defined]
        names = [str(meta.property(i).name()) for i in range(meta.propertyCount())]
        namespace = {name: _attribute(base, name) for name in names if name != "layout"}
        dressed = _Meta(base.__name__, (_PythonQtManners, base), namespace)
        _dressed[base] = dressed
        _raw[dressed] = base
    return _dressed[base]
