"""Bone surfaces of both sides of a comparison: shown with their distance, and written for 3D printing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import slicer
from slicer.i18n import tr as _

from CTEnhanceLib.errors import CTEnhanceError

from .style import quiet

if TYPE_CHECKING:
    from CTEnhanceLib.scene.surface import SurfacePair

    from .comparison_section import ComparisonSection


class SurfaceSection:
    """Shows and exports the surfaces.

    Args:
        ui: The panel's widgets by name.
        comparison: The section that owns the comparison.
    """

    def __init__(self, ui: Any, comparison: ComparisonSection) -> None:
        self._ui, self._comparison = ui, comparison
        self.pair: SurfacePair | None = None
        ui.surfaceButton.connect("toggled(bool)", self._toggled)
        ui.exportButton.connect("clicked(bool)", self._ask_and_export)

    def refresh(self) -> None:
        """Surfaces go with the comparison they belong to."""
        if self._comparison.comparison is None and self.pair is not None:
            self._ui.surfaceButton.checked = False

    def forget(self) -> None:
        """The scene is closed: the models went with it."""
        self.pair = None
        self._show_state()
        self._ui.surfaceButton.checked = False

    def export(self, folder: str) -> None:
        """Write both surfaces into a folder and say so.

        Raises:
            OutputError: They cannot be written there.
        """
        if self.pair is not None:
            files = self.pair.export(folder)
            slicer.util.infoDisplay(_("Written: {files}").format(files=", ".join(str(file) for file in files)))

    def _toggled(self, on: bool) -> None:
        try:
            if on and self.pair is None:
                self._make()
            elif not on and self.pair is not None:
                pair, self.pair = self.pair, None
                pair.remove()
        except CTEnhanceError as error:
            self._ui.surfaceButton.checked = False
            slicer.util.errorDisplay(str(error))
        self._show_state()

    def _make(self) -> None:
        comparison = self._comparison.comparison
        if comparison is None:
            return
        from CTEnhanceLib.scene.layouts import Side
        from CTEnhanceLib.scene.surface import SurfaceOptions, SurfacePair

        options = SurfaceOptions(threshold=float(self._ui.surfaceSpinBox.value))
        with slicer.util.WaitCursor():
            pair = SurfacePair(comparison.volumes.left, comparison.volumes.computed, options)
            sides = [
                [view for view in comparison.volume_views if _side(view) is side]
                for side in (Side.MEASURED, Side.COMPUTED)
            ]
            pair.show(*sides)
        self.pair = pair

    def _show_state(self) -> None:
        ui, pair = self._ui, self.pair
        ui.exportButton.enabled = pair is not None
        ui.surfaceButton.text = _("Hide") if pair is not None else _("Show")
        ui.surfaceLabel.visible = pair is not None
        if pair is not None:
            words = _("Distance {mean:.2f} mm on average, 95 % within {most:.2f} mm. {how}.").format(
                mean=pair.distance.mean, most=pair.distance.percentile_95, how=pair.options.text.capitalize()
            )
            ui.surfaceLabel.text = quiet(words)

    def _ask_and_export(self, _checked: bool = False) -> None:
        import qt

        folder = qt.QFileDialog.getExistingDirectory(slicer.util.mainWindow(), _("Choose a folder for the STL files"))
        if folder:
            with slicer.util.tryWithErrorDisplay(_("The surfaces were not written.")):
                self.export(folder)


def _side(view: Any) -> Any:
    from CTEnhanceLib.scene.layouts import VIEWS

    return VIEWS[view.tag].side
