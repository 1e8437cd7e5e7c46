"""The module ``ctk`` of Slicer's Python: the few widgets that the panel and Slicer's own Python files name."""

# ruff: noqa: N801, N815 - the names are Qt's and Slicer's

from __future__ import annotations

from typing import Any

import qt

_ARROW = {False: "\u25be", True: "\u25b8"}


class ctkCheckBox(qt.QCheckBox):
    pass


class ctkComboBox(qt.QComboBox):
    pass


class ctkDoubleSpinBox(qt.QDoubleSpinBox):
    pass


class ctkCheckablePushButton(qt.QPushButton):
    pass


class ctkMessageBox(qt.QMessageBox):
    pass


class ctkCollapsibleButton(qt.QWidget):
    """A titled section that can be folded: children below its layout are hidden while it is collapsed."""

    contentsCollapsed = qt.Signal(bool)
    HEADER = 26

    def __init__(self, *arguments: Any) -> None:
        text = arguments[0] if arguments and isinstance(arguments[0], str) else ""
        super().__init__(*[a for a in arguments if not isinstance(a, str)])
        self._text, self._collapsed = text, False
        self.setContentsMargins(0, self.HEADER, 0, 0)

    def _get_text(self) -> str:
        return self._text

    def _set_text(self, value: str) -> None:
        self._text = value
        self.update()

    text = qt.Property(str, _get_text, _set_text)

    def _get_collapsed(self) -> bool:
        return self._collapsed

    def _set_collapsed(self, value: bool) -> None:
        if value == self._collapsed:
            return
        self._collapsed = bool(value)
        for child in self.findChildren(qt.QWidget):
            if child.parentWidget() is self:
                was_hidden = child.property("hiddenBeforeCollapse")
                if value:
                    child.setProperty("hiddenBeforeCollapse", child.isHidden())
                child.setVisible(not value and not was_hidden)
        self.setMaximumHeight(self.HEADER if value else 16777215)
        self.update()
        self.contentsCollapsed.emit(self._collapsed)

    collapsed = qt.Property(bool, _get_collapsed, _set_collapsed)

    def mousePressEvent(self, event: Any) -> None:
        if event.position().y() < self.HEADER:
            self.collapsed = not self._collapsed

    def paintEvent(self, event: Any) -> None:
        painter = qt.QPainter(self)
        palette = self.palette
        bar = qt.QRectF(0.5, 2.5, self.rect.width() - 1, self.HEADER - 5)
        painter.setPen(palette.color(qt.QPalette.Mid))
        painter.setBrush(palette.color(qt.QPalette.Button))
        painter.drawRoundedRect(bar, 3, 3)
        painter.setPen(palette.color(qt.QPalette.ButtonText))
        painter.drawText(bar.adjusted(8, 0, 0, 0), int(qt.Qt.AlignVCenter.value), _ARROW[self._collapsed])
        painter.drawText(bar.adjusted(26, 0, 0, 0), int(qt.Qt.AlignVCenter.value), self._text)
        painter.end()


class ctkDoubleSlider(qt.QWidget):
    """A slider with real values; only its value matters here."""

    valueChanged = qt.Signal(float)

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._minimum, self._maximum, self._value = 0.0, 99.0, 0.0
        self._step, self._decimals, self._suffix = 1.0, 2, ""
        self._build()

    def _build(self) -> None:
        pass

    def _show(self) -> None:
        pass

    def _get_value(self) -> float:
        return self._value

    def _set_value(self, value: float) -> None:
        value = round(min(max(value, self._minimum), self._maximum), self._decimals)
        changed = value != self._value
        self._value = value
        self._show()
        if changed:
            self.valueChanged.emit(value)

    value = qt.Property(float, _get_value, _set_value)

    def setValue(self, value: float) -> None:
        self.value = value

    def _set_minimum(self, value: float) -> None:
        self._minimum = value
        self._set_value(self._value)

    def _set_maximum(self, value: float) -> None:
        self._maximum = value
        self._set_value(self._value)

    def _set(self, name: str, value: Any) -> None:
        setattr(self, name, value)
        self._show()

    minimum = qt.Property(float, lambda self: self._minimum, _set_minimum)
    maximum = qt.Property(float, lambda self: self._maximum, _set_maximum)
    singleStep = qt.Property(float, lambda self: self._step, lambda self, v: self._set("_step", v))
    decimals = qt.Property(int, lambda self: self._decimals, lambda self, v: self._set("_decimals", v))
    suffix = qt.Property(str, lambda self: self._suffix, lambda self, v: self._set("_suffix", v))


class ctkSliderWidget(ctkDoubleSlider):
    """A slider with a number box beside it."""

    def _build(self) -> None:
        row = qt.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self._slider, self._box = qt.QSlider(qt.Qt.Horizontal), qt.QDoubleSpinBox()
        self._slider.maximum = 1000
        row.addWidget(self._slider, 1)
        row.addWidget(self._box)
        self._slider.connect("sliderMoved(int)", self._moved)
        self._box.connect("valueChanged(double)", self._set_value)

    def _moved(self, position: int) -> None:
        self._set_value(self._minimum + (self._maximum - self._minimum) * position / 1000)

    def _show(self) -> None:
        self._box.blockSignals(True)
        self._box.minimum, self._box.maximum = self._minimum, self._maximum
        self._box.decimals, self._box.singleStep, self._box.suffix = self._decimals, self._step, self._suffix
        self._box.value = self._value
        self._box.blockSignals(False)
        span = self._maximum - self._minimum
        self._slider.value = round(1000 * (self._value - self._minimum) / span) if span else 0


class ctkRangeWidget(qt.QWidget):
    """Two values; named by Slicer's own files, not shown by the panel."""

    valuesChanged = qt.Signal(float, float)


class ctkDoubleRangeSlider(ctkRangeWidget):
    pass


class ctkDICOMIndexer:
    """Takes files into a DICOM database in the background: they are there once the import has finished."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Any, str, bool]] = []

    def addDirectory(self, database: Any, folder: str, copyFile: bool = False) -> None:
        if not isinstance(folder, str):
            raise ValueError("Called addDirectory(database, folder, copyFile) with wrong argument types")
        self._waiting.append((database, folder, bool(copyFile)))

    def waitForImportFinished(self) -> None:
        while self._waiting:
            database, folder, copy = self._waiting.pop()
            database.take(folder, copy)


class ctkPathLineEdit(qt.QWidget):
    currentPathChanged = qt.Signal(str)


class ctkDirectoryButton(qt.QPushButton):
    directoryChanged = qt.Signal(str)


class ctkColorPickerButton(qt.QPushButton):
    colorChanged = qt.Signal(object)
