"""Under the input: other thick series of this scan that are loaded, and whether they are used."""

from __future__ import annotations

from typing import Any, Callable

from slicer.i18n import tr as _

from CTEnhanceLib.panel.dialogs import reported
from CTEnhanceLib.panel.style import quiet


class FurtherSeriesChoice:
    """Names the further series of a scan; they are used where the box is ticked.

    Args:
        ui: The panel's widgets by name.
        on_change: Called when the user ticks the box or not.
    """

    def __init__(self, ui: Any, on_change: Callable[[], None]) -> None:
        self._ui, self._on_change = ui, on_change
        self._nodes: tuple = ()
        self._asked: dict[tuple[str, ...], bool] = {}
        ui.furtherCheckBox.connect("toggled(bool)", self._toggled)
        self.show(None)

    @property
    def chosen(self) -> tuple:
        """The volumes to be fused in."""
        return self._nodes if self._ui.furtherCheckBox.checked else ()

    def show(self, input_node: Any) -> None:
        """Look for further series of an input; None hides the line.

        Where DICOM says that they are of one scan the box is ticked, otherwise the user has to say so.
        """
        ui = self._ui
        self._nodes = ()
        ui.furtherLabel.visible = ui.furtherCheckBox.visible = False
        if input_node is None:
            return
        from CTEnhanceLib.scene.further_series import find_further, series_words

        found = find_further(input_node)
        self._nodes = found.nodes
        if not self._nodes:
            return
        names = ", ".join(series_words(node) for node in self._nodes)
        one = len(self._nodes) == 1
        if found.is_certain:
            words = (
                _("1 more series of this scan is loaded: {names}.")
                if one
                else _("{count} more series of this scan are loaded: {names}.")
            )
        else:
            words = (
                _("1 other thick series is loaded: {names}. Use it only if it is of the same scan.")
                if one
                else _("{count} other thick series are loaded: {names}. Use them only if they are of the same scan.")
            )
        ui.furtherLabel.text = quiet(words.format(count=len(self._nodes), names=names))
        ui.furtherCheckBox.text = _("Use it") if one else _("Use them")
        blocked = ui.furtherCheckBox.blockSignals(True)
        ui.furtherCheckBox.checked = self._asked.get(self._key, found.is_certain)
        ui.furtherCheckBox.blockSignals(blocked)
        ui.furtherLabel.visible = ui.furtherCheckBox.visible = True

    @property
    def _key(self) -> tuple[str, ...]:
        return tuple(node.GetID() for node in self._nodes)

    @reported
    def _toggled(self, on: bool) -> None:
        self._asked[self._key] = on
        self._on_change()
