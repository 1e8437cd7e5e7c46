"""Compare: measured and computed side by side. `scene.comparison` does the work.

The comparison is left when the module is, so that the user's own layout and view nodes come back, and opened again
when the user returns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

import slicer
from slicer.i18n import tr as _

from CTEnhanceLib.errors import CTEnhanceError
from CTEnhanceLib.panel.compare.choices import comparison_choices
from CTEnhanceLib.panel.dialogs import ask_for_folder
from CTEnhanceLib.panel.style import quiet

_LISTS = {
    "layout": "layoutComboBox",
    "left": "leftComboBox",
    "blend": "blendComboBox",
    "third": "thirdComboBox",
    "bone_as": "boneComboBox",
    "preset": "presetComboBox",
}
_NUMBERS = {"shift": "shiftSlider", "surface_hu": "surfaceSpinBox"}

if TYPE_CHECKING:
    from CTEnhanceLib.scene.comparison.comparison import Comparison
    from CTEnhanceLib.scene.comparison.settings import Settings
    from CTEnhanceLib.scene.comparison.view_host import Stage


class ComparisonSection:
    """Opens, changes and leaves a comparison.

    Args:
        ui: The panel's widgets by name.
        on_change: Called when a comparison was opened or left.
        make_stage: Gives the place where the views stand; None takes the running Slicer.
    """

    def __init__(self, ui: Any, on_change: Callable[[], None], make_stage: Callable[[], Stage] | None = None) -> None:
        self._ui, self._on_change, self.make_stage = ui, on_change, make_stage
        self.comparison: Comparison | None = None
        self._left_open: tuple[Any, Any, Any, Settings] | None = None
        self._roi: Any = None
        self._fill_lists()
        ui.compareButton.connect("toggled(bool)", self._toggled)
        for name, widget in _LISTS.items():
            combo = getattr(ui, widget)
            combo.connect(
                "activated(int)", lambda index, name=name, combo=combo: self._set(name, combo.itemData(index))
            )
        for name, widget in _NUMBERS.items():
            getattr(ui, widget).connect("valueChanged(double)", lambda value, name=name: self._set(name, float(value)))
        ui.mapRangeSlider.connect("valueChanged(double)", self._map_range)
        ui.shadingCheckBox.connect("toggled(bool)", lambda on: self._set("shading", on))
        ui.lookComboBox.connect("activated(int)", self._look)
        ui.cropCheckBox.connect("toggled(bool)", self._crop)
        ui.exportButton.connect("clicked(bool)", self._ask_and_export)

    def refresh(self, computed: Any) -> None:
        """Follow the choice of the computed volume."""
        is_open = self.comparison is not None
        self._ui.compareButton.enabled = is_open or _is_computed(computed)
        self._ui.compareButton.toolTip = (
            "" if self._ui.compareButton.enabled else _("Choose a volume that CTEnhance computed.")
        )
        self._ui.comparisonControlsWidget.visible = is_open
        self._show_distance()

    def open(self, computed: Any, reference: Any = None, settings: Settings | None = None) -> None:
        """Show a computed volume beside the one it was computed from.

        Raises:
            CTEnhanceError: There are no views here, or the measured volume is gone.
        """
        from CTEnhanceLib.scene.comparison.comparison import Comparison
        from CTEnhanceLib.scene.output import measured_of

        self.leave()
        self._show(
            Comparison(measured_of(computed), computed, stage=self._stage(), reference=reference, settings=settings)
        )

    def restore(self) -> None:
        """Open the comparison that a loaded scene was saved with."""
        from CTEnhanceLib.scene.comparison.comparison import Comparison

        if self.make_stage is None and slicer.app.layoutManager() is None:
            return
        if slicer.mrmlScene.GetSingletonNode("CTEnhanceComparison", "vtkMRMLScriptedModuleNode") is None:
            return
        restored = Comparison.restore(self._stage())
        if restored is not None:
            self._show(restored, shown=True)

    def leave(self) -> None:
        """Bring the user's layout back."""
        comparison, self.comparison = self.comparison, None
        if comparison is not None:
            comparison.leave()
        if self._roi is not None:
            slicer.mrmlScene.RemoveNode(self._roi)
            self._roi = None
        self._show_state()

    def suspend(self) -> None:
        """The user opens another module: leave, and remember."""
        comparison = self.comparison
        if comparison is not None:
            volumes = comparison.volumes
            self._left_open = (volumes.measured, volumes.computed, volumes.reference, comparison.settings)
        self.leave()

    def resume(self) -> None:
        """The user comes back: open again what was left, when its volumes are still there."""
        left_open, self._left_open = self._left_open, None
        if left_open is None:
            return
        measured, computed, reference, settings = left_open
        if all(slicer.mrmlScene.IsNodePresent(node) for node in (measured, computed)):
            gone = reference is None or not slicer.mrmlScene.IsNodePresent(reference)
            self.open(computed, None if gone else reference, settings)

    def forget(self) -> None:
        """The scene is closed or loaded: its comparison went with it."""
        self.comparison, self._left_open, self._roi = None, None, None
        self._show_state()

    def volume_goes(self, node: Any) -> None:
        """Leave before a compared volume is removed."""
        if self.comparison is not None and node in (self.comparison.volumes.measured, self.comparison.volumes.computed):
            self.leave()

    def export_surfaces(self, folder: str) -> None:
        """Write the bone of both sides as STL files into a folder and say so.

        Raises:
            CTEnhanceError: They cannot be made, or not be written there.
        """
        if self.comparison is not None:
            files = self.comparison.surfaces.export(folder)
            slicer.util.infoDisplay(_("Written: {files}").format(files=", ".join(str(file) for file in files)))

    def _stage(self) -> Stage:
        if self.make_stage is not None:
            return self.make_stage()
        from CTEnhanceLib.scene.comparison.view_host import desktop_stage

        return desktop_stage()

    def _show(self, comparison: Comparison, shown: bool = False) -> None:
        if not shown:
            try:
                comparison.show()
            except CTEnhanceError:
                comparison.leave()
                raise
        self.comparison = comparison
        self._show_state()

    def _toggled(self, on: bool) -> None:
        if on == (self.comparison is not None):
            return
        try:
            if on:
                self.open(self._ui.comparedSelector.currentNode(), self._ui.referenceSelector.currentNode())
            else:
                self.leave()
        except CTEnhanceError as error:
            self._show_state()
            slicer.util.errorDisplay(str(error))

    def _set(self, name: str, value: Any) -> None:
        if self.comparison is None:
            return
        try:
            self.comparison.set(**{name: value})
        except CTEnhanceError as error:
            slicer.util.errorDisplay(str(error))
        self._show_state()

    def _map_range(self, value: float) -> None:
        if self.comparison is not None:
            self._set(f"{_map_shown(self.comparison.settings) or 'difference'}_hu", float(value))

    def _look(self, index: int) -> None:
        if self.comparison is not None:
            self.comparison.look_from(self._ui.lookComboBox.itemData(index))

    def _crop(self, on: bool) -> None:
        if self.comparison is None:
            return
        if on and self._roi is None:
            self._roi = _box_around(self.comparison.volumes.computed)
        if self._roi is not None:
            self._roi.SetDisplayVisibility(on)
        self.comparison.bone.crop(self._roi if on else None)

    def _ask_and_export(self, _checked: bool = False) -> None:
        folder = ask_for_folder(_("Choose a folder for the STL files"))
        if folder:
            with slicer.util.tryWithErrorDisplay(_("The surfaces were not written."), waitCursor=True):
                self.export_surfaces(folder)

    def _show_distance(self) -> None:
        """How far the surfaces lie from each other, where they are shown."""
        comparison, label = self.comparison, self._ui.surfaceLabel
        label.visible = comparison is not None and comparison.settings.bone_as == "surface"
        if comparison is not None and comparison.settings.bone_as == "surface":
            try:
                distance, how = comparison.surfaces.distance, comparison.surfaces.options.text
            except CTEnhanceError as error:  # computed again, without bone at this threshold
                label.text = quiet(str(error))
                return
            words = _("Distance {mean:.2f} mm on average, 95 % within {most:.2f} mm. {how}.").format(
                mean=distance.mean, most=distance.percentile_95, how=how[:1].upper() + how[1:]
            )
            label.text = quiet(words)

    def _fill_lists(self) -> None:
        for name, choices in comparison_choices().items():
            combo = getattr(self._ui, _LISTS.get(name, f"{name}ComboBox"))
            combo.clear()
            for key, words in choices:
                combo.addItem(words, key)

    def _show_state(self) -> None:
        """Make the widgets say what the comparison is."""
        ui, comparison = self._ui, self.comparison
        ui.compareButton.blockSignals(True)
        ui.compareButton.checked = comparison is not None
        ui.compareButton.text = _("Leave the comparison") if comparison is not None else _("Show side by side")
        ui.compareButton.blockSignals(False)
        ui.cropCheckBox.blockSignals(True)
        ui.cropCheckBox.checked = self._roi is not None and bool(self._roi.GetDisplayVisibility())
        ui.cropCheckBox.blockSignals(False)
        if comparison is not None:
            settings = comparison.settings
            for name, widget in _LISTS.items():
                combo = getattr(ui, widget)
                combo.currentIndex = combo.findData(getattr(settings, name))
            for name, widget in _NUMBERS.items():
                number = getattr(ui, widget)
                number.blockSignals(True)
                number.value = getattr(settings, name)
                number.blockSignals(False)
            ui.thirdComboBox.enabled = settings.layout == "third"
            self._show_map_range(settings)
            for widget in (ui.presetComboBox, ui.shiftSlider, ui.shadingCheckBox):
                widget.enabled = settings.bone_as == "rendering"
            ui.shadingCheckBox.blockSignals(True)
            ui.shadingCheckBox.checked = settings.shading
            ui.shadingCheckBox.blockSignals(False)
        self._on_change()

    def _show_map_range(self, settings: Settings) -> None:
        """One slider for both maps: it shows and sets the range of the one on show."""
        slider, shown = self._ui.mapRangeSlider, _map_shown(settings)
        slider.blockSignals(True)
        slider.value = settings.uncertainty_hu if shown == "uncertainty" else settings.difference_hu
        slider.blockSignals(False)
        slider.enabled = bool(shown)
        slider.toolTip = {
            "": _("For the difference map and the uncertainty; neither is on show."),
            "difference": _("Difference map: red where the left volume is brighter, blue where the computed one is."),
            "uncertainty": _("Uncertainty: the error of 95 of 100 voxels is at most twice this many HU."),
        }[shown]


def _map_shown(settings: Settings) -> str:
    """The map whose colours the slider sets: the blend's, where the third column shows the other; or none."""
    shown = (settings.blend, settings.third if settings.layout == "third" else "")
    return next((name for name in shown if name in ("difference", "uncertainty")), "")


def _is_computed(node: Any) -> bool:
    return node is not None and bool(node.GetAttribute("CTEnhance.Report"))


def _box_around(volume: Any) -> Any:
    """A crop box around a volume, with handles."""
    bounds = [0.0] * 6
    volume.GetRASBounds(bounds)
    roi = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "CTEnhance crop")
    roi.SetCenter([(bounds[2 * axis] + bounds[2 * axis + 1]) / 2 for axis in range(3)])
    roi.SetSize([bounds[2 * axis + 1] - bounds[2 * axis] for axis in range(3)])
    roi.SetSaveWithScene(False)
    return roi
