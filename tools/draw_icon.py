"""Draws CTEnhance.png: the end of a radius, in thick slices on the left and in thin ones on the right.

python tools/draw_icon.py    writes CTEnhance.png and CTEnhance/Resources/Icons/CTEnhance.png
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QLinearGradient, QPainter, QPainterPath

REPOSITORY = Path(__file__).resolve().parent.parent
PLACES = (REPOSITORY / "CTEnhance.png", REPOSITORY / "CTEnhance" / "Resources" / "Icons" / "CTEnhance.png")
SIZE = 128
_CANVAS = 1024
_TOP, _BOTTOM = 120.0, 904.0
_MIDDLE = 512.0
_THICK, _THIN = 4, 12
_GAP = 16.0
_GROUND = ("#16324f", "#0b1b2b")
_MEASURED, _COMPUTED = ("#f2b84b", "#c98a1b"), ("#a9d6ff", "#4f9fe0")


def half_width(height: np.ndarray) -> np.ndarray:
    """Half the bone's width at heights 0 (shaft) to 1 (joint surface), on the canvas."""
    flare = np.clip((height - 0.30) / 0.48, 0, 1)
    shoulder = np.sqrt(np.clip(1 - (np.clip(height - 0.80, 0, 1) / 0.22) ** 2, 0, 1))
    return (118 + 232 * flare**2 * (3 - 2 * flare)) * shoulder


def draw(count: int, side: int, colours: tuple[str, str], painter: QPainter) -> None:
    """Draw one half of the bone in `count` slices; `side` -1 is left, 1 is right."""
    edges = np.linspace(0, 1, count + 1)
    gradient = QLinearGradient(0, _TOP, 0, _BOTTOM)
    gradient.setColorAt(0, QColor(colours[0]))
    gradient.setColorAt(1, QColor(colours[1]))
    painter.setBrush(QBrush(gradient))
    gap = min(_GAP, 0.28 * (_BOTTOM - _TOP) / count)
    for low, high in zip(edges[:-1], edges[1:]):
        width = float(half_width(np.linspace(low, high, 33)).mean())
        top = _BOTTOM - high * (_BOTTOM - _TOP) + gap / 2
        slab = QRectF(0, top, width, (high - low) * (_BOTTOM - _TOP) - gap)
        slab.moveLeft(_MIDDLE + _GAP / 2 if side > 0 else _MIDDLE - _GAP / 2 - width)
        painter.drawRoundedRect(slab, gap / 2, gap / 2)


def draw_icon() -> QImage:
    """The icon, 128 pixels square."""
    image = QImage(_CANVAS, _CANVAS, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    ground = QLinearGradient(0, 0, 0, _CANVAS)
    ground.setColorAt(0, QColor(_GROUND[0]))
    ground.setColorAt(1, QColor(_GROUND[1]))
    path = QPainterPath()
    path.addRoundedRect(QRectF(16, 16, _CANVAS - 32, _CANVAS - 32), 190, 190)
    painter.fillPath(path, QBrush(ground))
    draw(_THICK, -1, _MEASURED, painter)
    draw(_THIN, 1, _COMPUTED, painter)
    painter.end()
    return image.scaled(SIZE, SIZE, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)


if __name__ == "__main__":
    for place in PLACES:
        draw_icon().save(str(place))
