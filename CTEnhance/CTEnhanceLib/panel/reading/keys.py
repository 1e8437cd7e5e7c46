"""Keys of the reading: letters choose an image, digits answer, Return and Backspace go forth and back."""

from __future__ import annotations

from typing import Any, Callable, ClassVar

import qt

from CTEnhanceLib.panel.dialogs import reported


class Keys:
    """Keys that work wherever the mouse is, while a set is on show; a text field keeps what is typed into it.

    Args:
        window: The window they work in.
        pressed: Called with the key's name: ``A`` to ``H``, ``R``, ``1`` to ``9``, ``forth``, ``back``, ``pause``,
            ``plane``, ``alone``.
    """

    NAMES: ClassVar = {
        "Return": "forth",
        "Enter": "forth",
        "Backspace": "back",
        "P": "pause",
        "V": "plane",
        "O": "alone",
    }

    def __init__(self, window: Any, pressed: Callable[[str], None]) -> None:
        self._shortcuts = []
        keys = [*"ABCDEFGHR", *"123456789", *self.NAMES]
        for key in keys:
            shortcut = qt.QShortcut(window)
            shortcut.setKey(qt.QKeySequence(key))
            name = self.NAMES.get(key, key)
            shortcut.connect("activated()", reported(lambda name=name: pressed(name)))
            self._shortcuts.append(shortcut)

    def remove(self) -> None:
        """The keys mean again what they meant before."""
        for shortcut in self._shortcuts:
            shortcut.enabled = False
            shortcut.deleteLater()
        self._shortcuts.clear()
