"""Colours that can be read on Slicer's light and dark styles."""

from __future__ import annotations

import qt
import slicer

_BARS = {"fit": "#2e8b57", "warning": "#d98e04", "refused": "#c0392b", "neutral": "#7f8c8d"}
_DARK_BELOW = 128


def is_dark() -> bool:
    """Whether Slicer shows light text on a dark ground at the moment."""
    return bool(slicer.app.palette().color(qt.QPalette.Window).lightness() < _DARK_BELOW)


def mark(label: qt.QLabel, kind: str) -> None:
    """Give a label the coloured bar of a verdict (``fit``, ``warning``, ``refused``, ``neutral``).

    The words in it say the same, for those who do not see the colour.
    """
    ground = "rgba(255, 255, 255, 12)" if is_dark() else "rgba(0, 0, 0, 10)"
    label.styleSheet = f"QLabel {{ border-left: 4px solid {_BARS[kind]}; background: {ground}; padding: 4px 8px; }}"


def quiet(text: str) -> str:
    """Rich text in the colour of side remarks."""
    return f'<span style="color: {"#a8a8a8" if is_dark() else "#666666"};">{text}</span>'
