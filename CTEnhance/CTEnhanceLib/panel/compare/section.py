"""Compare: measured and computed side by side. `scene.comparison` does the work.

The comparison is left when the module is, so that the user's own layout and view nodes come back, and opened again
when the user returns.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Callable

import slicer
from slicer.i18n import tr as _

from CTEnhanceLib.errors import CTEnhanceError, UsageError
from CTEnhanceLib.panel.compare.bone_section import BoneSection
from CTEnhanceLib.panel.compare.choices import comparison_choices
from CTEnhanceLib.panel.compare.fractures_seen import fractures_seen
from CTEnhanceLib.panel.dialogs import reported
from CTEnhanceLib.panel.style import quiet
from CTEnhanceLib.panel.translation import translated

_LISTS = {
    "layout": "layoutComboBox",
    "left": "leftComboBox",
    "blend": "blendComboBox",
    "third": "thirdComboBox",
    "bone_as": "boneComboBox",
    "preset": "presetComboBox",
}

if TYPE_CHECKING:
    from CTEnhanceLib.scene.comparison.comparison import Comparison
    from CTEnhanceLib.scene.comparison.settings import Settings
    from CTEnhanceLib.scene.comparison.views.view_host import ViewHost


class ComparisonSection:
    """Opens, changes and leaves a comparison.

    Args:
        ui: The panel's widgets by name.
        on_change: Called when a comparison was opened or left.
        make_view_host: Gives the place where the views stand; None takes the running Slicer.
    """

    def __init__(
        self, ui: Any, on_change: Callable[[], None], make_view_host: Callable[[], ViewHost] | None = None
    ) -> None:
        self._ui, self._on_change, self.make_view_host = ui, on_change, make_view_host
        self.comparison: Comparison | None = None
        self.locked = False
        self._seen_in = "", ""
        self.left_open: tuple[Any, Any, Any, Settings] | None = None
        self._last: Settings | None = None
        self.bone = BoneSection(ui, self)
        self._fill_lists()
        ui.compareButton.connect("toggled(bool)", self._toggled)
        for name, widget in _LISTS.items():
            combo = getattr(ui, widget)
            combo.connect(
                "activated(int)", reported(lambda index, name=name, combo=combo: self.set(name, combo.itemData(index)))
            )
        ui.mapRangeSlider.connect("valueChanged(double)", self._map_range)

    def refresh(self, computed: Any) -> None:
        """Follow the choice of the computed volume."""
        is_open = self.comparison is not None
        self._ui.compareButton.enabled = is_open or _is_computed(computed)
        self._ui.compareButton.toolTip = (
            _("Measured and computed beside each other, linked; press again for your own views.")
            if self._ui.compareButton.enabled
            else _("Choose a volume that CTEnhance computed.")
        )
        self._ui.comparisonControlsWidget.visible = is_open
        self._say_what_is_seen(computed)
        self.bone.show_distance()

    def _say_what_is_seen(self, computed: Any) -> None:
        report = computed.GetAttribute("CTEnhance.Report") or "" if computed is not None else ""
        if report != self._seen_in[0]:
            # the panel refreshes with every change; the model's figures lie on the disk
            self._seen_in = report, fractures_seen(json.loads(report)) if report else ""
        said = self._seen_in[1]
        self._ui.fracturesSeenLabel.text = quiet(said)
        self._ui.fracturesSeenLabel.visible = bool(said)

    def open(self, computed: Any, reference: Any = None, settings: Settings | None = None) -> None:
        """Show a computed volume beside the one it was computed from.

        Args:
            computed: The computed volume.
            reference: A true thin volume, or None.
            settings: What is shown; None takes what was chosen before.

        Raises:
            CTEnhanceError: There are no views here, or the measured volume is gone.
        """
        from CTEnhanceLib.scene.comparison.comparison import Comparison
        from CTEnhanceLib.scene.output import measured_of

        if self.locked:
            raise UsageError(_("A reading study is open, whose images must not be told apart: close it first."))
        measured = measured_of(computed)
        if self._shows(measured, computed, reference) and settings is None:
            self.show_state()  # computed anew: the comparison has followed, zoom and slices are the user's
            return
        if self.comparison is not None:
            settings = settings or self.comparison.settings
        self.leave()
        view_host = self.view_host()
        settings = self._chosen_before(settings, computed, reference, view_host)
        self._show(Comparison(measured, computed, view_host=view_host, reference=reference, settings=settings))

    def restore(self) -> bool:
        """Open the comparison that a loaded scene was saved with; whether there was one."""
        from CTEnhanceLib.scene.comparison.comparison import Comparison

        if self.locked or (self.make_view_host is None and slicer.app.layoutManager() is None):
            return False
        if slicer.mrmlScene.GetSingletonNode("CTEnhanceComparison", "vtkMRMLScriptedModuleNode") is None:
            return False
        restored = Comparison.restore(self.view_host())
        if restored is not None:
            self._show(restored, shown=True)
        return restored is not None

    def leave(self) -> None:
        """Bring the user's layout back."""
        comparison, self.comparison = self.comparison, None
        if comparison is not None:
            self._last = comparison.settings
            comparison.leave()
        self.bone.leave()
        self.show_state()

    def suspend(self) -> None:
        """The user opens another module: leave, and remember."""
        comparison = self.comparison
        if comparison is not None:
            volumes = comparison.volumes
            self.left_open = (volumes.measured, volumes.computed, volumes.reference, comparison.settings)
        self.leave()

    def resume(self) -> None:
        """The user comes back: open again what was left, when its volumes are still there."""
        left_open, self.left_open = self.left_open, None
        if left_open is None:
            return
        measured, computed, reference, settings = left_open
        if all(slicer.mrmlScene.IsNodePresent(node) for node in (measured, computed)):
            gone = reference is None or not slicer.mrmlScene.IsNodePresent(reference)
            self.open(computed, None if gone else reference, settings)

    def forget(self) -> None:
        """The scene is closed or loaded: its comparison went with it."""
        self.comparison, self.left_open = None, None
        self.bone.forget()
        self.show_state()

    def volume_goes(self, node: Any) -> None:
        """Leave before a compared volume is removed."""
        if self.comparison is not None and node in (self.comparison.volumes.measured, self.comparison.volumes.computed):
            self.leave()

    def set(self, name: str, value: Any) -> None:
        """Change what is shown; say so when it cannot be shown."""
        if self.comparison is None:
            return
        try:
            self.comparison.set(**{name: value})
        except CTEnhanceError as error:
            slicer.util.errorDisplay(translated(str(error)))
        self.show_state()

    def view_host(self) -> ViewHost:
        """Where views stand.

        Raises:
            UsageError: There is no window with views here.
        """
        if self.make_view_host is not None:
            return self.make_view_host()
        from CTEnhanceLib.scene.comparison.views.view_host import desktop_view_host

        return desktop_view_host()

    def _show(self, comparison: Comparison, shown: bool = False) -> None:
        if not shown:
            try:
                comparison.show()
            except CTEnhanceError:
                comparison.leave()
                raise
        self.comparison = comparison
        self._offer(comparison)
        self.show_state()

    def _offer(self, comparison: Comparison) -> None:
        """Lists hold what these two volumes can be shown as."""
        has = _has(comparison.volumes.computed, comparison.volumes.reference)
        for name in has:
            combo = getattr(self._ui, _LISTS[name])
            combo.clear()
            for key, words in comparison_choices()[name]:
                if key in has[name]:
                    combo.addItem(words, key)

    def _shows(self, *volumes: Any) -> bool:
        if self.comparison is None:
            return False
        on_show = self.comparison.volumes
        return volumes == (on_show.measured, on_show.computed, on_show.reference)

    def _chosen_before(
        self, settings: Settings | None, computed: Any, reference: Any, view_host: ViewHost
    ) -> Settings | None:
        """Views as they were chosen last, without what these volumes do not have."""
        settings = settings or self._last
        if settings is None:
            return None
        has = _has(computed, reference)
        blend = settings.blend if settings.blend in has["blend"] else "none"
        third = settings.third if settings.third in has["third"] else "difference"
        bone_as = settings.bone_as if settings.bone_as in has["bone_as"] else "rendering"
        return settings.changed(blend=blend, third=third, bone_as=bone_as, layout_before=view_host.layout())

    @reported
    def _toggled(self, on: bool) -> None:
        if on == (self.comparison is not None):
            return
        try:
            if on:
                self.open(self._ui.comparedSelector.currentNode(), self._ui.referenceSelector.currentNode())
            else:
                self.leave()
        finally:
            self.show_state()

    @reported
    def _map_range(self, value: float) -> None:
        if self.comparison is not None:
            self.set(f"{_map_shown(self.comparison.settings) or 'difference'}_hu", float(value))

    def _fill_lists(self) -> None:
        for name, choices in comparison_choices().items():
            combo = getattr(self._ui, _LISTS.get(name, f"{name}ComboBox"))
            combo.clear()
            for key, words in choices:
                combo.addItem(words, key)

    def show_state(self) -> None:
        """Make the widgets say what the comparison is."""
        ui, comparison = self._ui, self.comparison
        ui.compareButton.blockSignals(True)
        ui.compareButton.checked = comparison is not None
        ui.compareButton.text = _("Leave the comparison") if comparison is not None else _("Show side by side")
        ui.compareButton.blockSignals(False)
        if comparison is not None:
            settings = comparison.settings
            for name, widget in _LISTS.items():
                combo = getattr(ui, widget)
                combo.currentIndex = combo.findData(getattr(settings, name))
            third = settings.layout == "third"
            ui.thirdComboBox.visible = ui.thirdComboBoxLabel.visible = third
            self._show_map_range(settings)
        self.bone.show_state()
        self._on_change()

    def _show_map_range(self, settings: Settings) -> None:
        """One slider for both maps: it shows and sets the range of the one on show."""
        slider, shown = self._ui.mapRangeSlider, _map_shown(settings)
        slider.blockSignals(True)
        slider.value = settings.uncertainty_hu if shown == "uncertainty" else settings.difference_hu
        slider.blockSignals(False)
        slider.visible = self._ui.mapRangeSliderLabel.visible = bool(shown)
        slider.toolTip = {
            "": _("For the difference map and the uncertainty; neither is on show."),
            "difference": _("Difference map: red where the left volume is brighter, blue where the computed one is."),
            "uncertainty": _("Uncertainty: the error of 95 of 100 voxels is at most twice this many HU."),
        }[shown]


def _map_shown(settings: Settings) -> str:
    """The map whose colours the slider sets: the blend's, where the third column shows the other; or none."""
    shown = (settings.blend, settings.third if settings.layout == "third" else "", settings.bone_as)
    return next((name for name in shown if name in ("difference", "uncertainty")), "")


def _is_computed(node: Any) -> bool:
    return node is not None and bool(node.GetAttribute("CTEnhance.Report"))


def _has(computed: Any, reference: Any) -> dict[str, set[str]]:
    """What a pair of volumes can be shown as."""
    from CTEnhanceLib.scene.output import uncertainty_of

    uncertainty = {"uncertainty"} if uncertainty_of(computed) is not None else set()
    thin = {"reference"} if reference is not None else set()
    return {
        "blend": {"none", "reveal", "checkerboard", "flicker", "difference", *uncertainty},
        "third": {"difference", *uncertainty, *thin},
        "bone_as": {"rendering", "surface", *uncertainty},
    }
