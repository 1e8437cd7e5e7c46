"""The panel: choose a volume, see what was understood, press Enhance, compare."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any, Callable

import slicer
from slicer.i18n import tr as _

from CTEnhanceLib.errors import UsageError
from CTEnhanceLib.panel.compare.figures_section import FiguresSection
from CTEnhanceLib.panel.compare.section import ComparisonSection
from CTEnhanceLib.panel.derived_export import DerivedExport
from CTEnhanceLib.panel.device.device_list import DeviceList
from CTEnhanceLib.panel.dialogs import reported
from CTEnhanceLib.panel.install.packages import ensure_packages
from CTEnhanceLib.panel.install.section import InstallationSection
from CTEnhanceLib.panel.model.detail_slider import AS_THE_MODEL, DetailSlider
from CTEnhanceLib.panel.model.model_list import ModelList
from CTEnhanceLib.panel.reading.section import ReadingSection
from CTEnhanceLib.panel.run.estimate import device_kind, estimate_run, rate_of_run
from CTEnhanceLib.panel.run.further_series import FurtherSeriesChoice
from CTEnhanceLib.panel.run.outcome import Outcome
from CTEnhanceLib.panel.run.problem_report import problem_report
from CTEnhanceLib.panel.run.process import QtWorker, Worker, after_events
from CTEnhanceLib.panel.run.run import EnhanceRun
from CTEnhanceLib.panel.run.section import RunSection
from CTEnhanceLib.panel.run.settings import Settings
from CTEnhanceLib.panel.save_page import save_page
from CTEnhanceLib.panel.self_check import SelfCheck
from CTEnhanceLib.panel.several.section import SeveralSection
from CTEnhanceLib.panel.style import mark, quiet
from CTEnhanceLib.panel.understanding import Understanding, understand

if TYPE_CHECKING:
    from CTEnhanceLib.model.spec import ModelSpec

_RATE_KEY = "CTEnhance/SecondsPerSlice/{model}/{device}"


class Panel:
    """Joins the sections; Slicer's module widget owns it.

    Args:
        ui: The widgets of CTEnhance.ui by name.
        resource_path: Gives the full path of a file in Resources.
        make_worker: Makes the process of a run.
    """

    def __init__(
        self,
        ui: Any,
        resource_path: Callable[[str], str],
        make_worker: Callable[[], Worker] = QtWorker,
    ) -> None:
        self.ui, self._resource_path, self._make_worker = ui, resource_path, make_worker
        self.parameters: Any = None
        self._understanding: Understanding | None = None
        self._seen: tuple = ()
        self._busy = False
        self.devices = DeviceList(ui.deviceComboBox, self._device_chosen)
        self.models = ModelList(
            ui.modelComboBox, ui.modelCardButton, ui.modelCardBrowser, ui.addModelButton, self._model_chosen
        )
        self.detail = DetailSlider(ui.detailSlider, ui.detailLabel, self._detail_chosen)
        self.further = FurtherSeriesChoice(ui, self.update)
        self.run_section = RunSection(ui, self, self.update, self._done)
        self.comparison = ComparisonSection(ui, self.update)
        self.figures = FiguresSection(ui, self.comparison)
        self.self_check = SelfCheck(ui.selfCheckButton, make_worker)
        ui.savePageButton.connect("clicked(bool)", self._save_page)
        self.derived_export = DerivedExport(ui, lambda: self._computed)
        self.installation = InstallationSection(ui, resource_path("requirements.txt"))
        self.reading = ReadingSection(
            ui.compareCollapsibleButton, self.comparison.view_host, self._reading_changed, self._why_no_reading
        )
        self.several = SeveralSection(ui.compareCollapsibleButton, self)
        ui.advancedCollapsibleButton.connect("contentsCollapsed(bool)", self._advanced_opened)

    def connect_parameters(self, parameters: Any) -> None:
        """Show a parameter node's choices; None disconnects."""
        self.parameters = parameters
        if parameters is not None:
            self.models.choose(parameters.model)
            self.devices.key = parameters.device
        self.update()

    def update(self) -> None:
        """Say again what was understood; cheap when nothing changed."""
        if self._busy:
            return
        self._busy = True
        try:
            self._show_understanding()
            self.detail.show(self._spec, self.parameters.detail if self.parameters is not None else AS_THE_MODEL)
            self.ui.uncertaintyCheckBox.visible = self._has_uncertainty
            self._offer_pages()
            running = self.run_section.is_running or self.several.is_running
            reading = self.reading.is_open
            self.ui.volumeCollapsibleButton.enabled = not running and not reading
            self.ui.advancedCollapsibleButton.enabled = not running and not reading
            self.ui.compareCollapsibleButton.enabled = not reading
            self.several.widgets.section.enabled = not reading and not self.run_section.is_running
            self.several.refresh()
            why_not = self._why_not()
            self.run_section.refresh(not why_not, why_not)
            self.comparison.refresh(self.parameters.comparedVolume if self.parameters is not None else None)
            self.figures.refresh(self.parameters)
        finally:
            self._busy = False

    def restyle(self) -> None:
        """Follow a change between Slicer's light and dark style."""
        self._seen = ()
        self.update()
        self.run_section.restyle()
        self.installation.restyle()

    def forget_scene(self) -> None:
        """The scene was closed: what was shown of it goes."""
        self._seen, self._understanding = (), None
        self.run_section.forget()
        self.several.forget()
        self.figures.forget()
        self.comparison.forget()
        self.reading.forget_scene()

    def later(self, action: Callable[[], None]) -> None:
        """Do something once the events now waiting have been handled."""
        after_events(action)

    def stop(self) -> None:
        """End every process and leave the comparison: Slicer quits, or the module is reloaded."""
        self.run_section.stop_now()
        self.several.stop_now()
        self.self_check.stop()
        self.devices.stop()
        self.installation.stop()
        self.reading.stop()
        self.comparison.leave()

    @property
    def settings(self) -> Settings:
        """What is chosen, as a run takes it."""
        chosen = self.parameters
        return Settings(
            model=self.models.entry.key if self.models.entry else "",
            spacing=chosen.spacing,
            device=self.devices.key,
            precision=chosen.precision.value,
            thickness=chosen.thickness or None,
            profile=chosen.profile.value or None,
            fwhm=chosen.profileWidth or None,
            consistency=chosen.consistency,
            uncertainty=chosen.uncertainty and self._has_uncertainty,
            detail=self.detail.detail(self._spec, chosen.detail),
            further=len(self.further.chosen),
            # a part of the volume is not what the views show
            preview=chosen.enhanceBox is None,
        )

    def start_run(self, listener: RunSection) -> None:
        """Start a run for what is chosen, unless the user says no when asked."""
        chosen = self.parameters
        if chosen is None or not self._may_overwrite(chosen.outputVolume):
            return
        try:
            ensure_packages(self._resource_path("requirements.txt"))
        except UsageError:
            self.installation.open()
            raise
        run = EnhanceRun(self._make_worker(), listener, slicer.app.temporaryPath, after_events)
        self._run_settings, self._run_input = self.settings, self._understanding
        self._run_device, self._run_model = self.devices.expected, self.models.entry
        run.start(self._input_of_run(), chosen.outputVolume, self._run_settings, self.further.chosen)

    def settings_for_several(self) -> Settings:
        """What is chosen, for all volumes of a run; raises where packages or a model are missing."""
        if self.parameters is None or self.models.entry is None:
            raise UsageError(_("No model is installed: add a model folder."))
        ensure_packages(self._resource_path("requirements.txt"))
        return self.settings

    def new_worker(self) -> Worker:
        """A process for a run."""
        return self._make_worker()

    def _input_of_run(self) -> Any:
        """The chosen volume, or the part of it that a box holds."""
        chosen = self.parameters
        if chosen.enhanceBox is None:
            return chosen.inputVolume
        from CTEnhanceLib.scene.box_volume import box_volume

        return box_volume(chosen.inputVolume, chosen.enhanceBox)

    def run_report(self, outcome: Outcome) -> str:
        """What "Copy report" puts on the clipboard."""
        geometry = self._run_input.geometry_words if self._run_input else "unknown"
        device = self._run_device.words()
        return problem_report(outcome, self._run_settings, geometry, self._run_model, device)

    def _show_understanding(self) -> None:
        chosen, ui = self.parameters, self.ui
        node = chosen.inputVolume if chosen is not None else None
        self.further.show(node if node is not None and node.GetImageData() is not None else None)
        if node is None:
            self._understanding, self._seen = None, ()
            for label in (ui.verdictLabel, ui.estimateLabel, ui.thinSeriesLabel, ui.profileSourceLabel):
                label.visible = False
            return
        if chosen.enhanceBox is not None:
            from CTEnhanceLib.scene.box_volume import shape_new_box

            shape_new_box(chosen.enhanceBox, node)
        seen = self._what_matters(node)
        if seen == self._seen:
            return
        if self._seen and self._seen[0] != node.GetID():
            self.run_section.forget()
        entry = self.models.entry
        found = understand(node, chosen.spacing, self._stated(), entry.spec if entry else None)
        self._seen, self._understanding = seen, found
        reasons, facts = html.escape(" ".join(found.reasons), quote=False), found.words
        ui.verdictLabel.text = f"<b>{found.heading}</b> {reasons}" + (f"<br>{quiet(facts)}" if facts else "")
        ui.verdictLabel.visible = True
        mark(ui.verdictLabel, found.verdict)
        self._show_thin_series(node)
        ui.profileSourceLabel.text, ui.profileSourceLabel.visible = quiet(found.profile), bool(found.profile)
        estimate = self._estimate_words()
        ui.estimateLabel.text = quiet(estimate)
        ui.estimateLabel.visible = bool(estimate)

    def _offer_pages(self) -> None:
        """Offer the test of a thin volume, and the page of a computed one."""
        chosen, found = self.parameters, self._understanding
        entry = self.models.entry
        node = chosen.inputVolume if chosen is not None else None
        self.self_check.refresh(node, found.verdict if found else "", entry.key if entry else "")
        self.ui.savePageButton.visible = chosen is not None and self._computed is not None
        self.derived_export.refresh()

    @property
    def _computed(self) -> Any:
        """The computed volume that is looked at, or None."""
        node = self.parameters.comparedVolume if self.parameters is not None else None
        return node if node is not None and node.GetAttribute("CTEnhance.Report") else None

    @reported
    def _save_page(self) -> None:
        if self._computed is not None:
            save_page(self._computed)

    def _stated(self) -> Any:
        """What the user typed in about the slices."""
        from CTEnhanceLib.ct.acquisition import StatedSlices

        chosen = self.settings
        return StatedSlices(thickness=chosen.thickness, profile=chosen.profile, fwhm=chosen.fwhm)

    def _show_thin_series(self, node: Any) -> None:
        """Thin slices that were measured need no computing."""
        from CTEnhanceLib.scene.thinner_series import thinner_series

        label, thin = self.ui.thinSeriesLabel, thinner_series(node)
        label.visible = thin is not None
        if thin is not None:
            words = _("'{name}', loaded beside it, has measured {spacing:.3g} mm slices: they need no enhancement.")
            label.text = html.escape(words.format(name=thin.GetName(), spacing=max(thin.GetSpacing())), quote=False)
            mark(label, "warning")

    def _what_matters(self, node: Any) -> tuple:
        """Everything that what is shown depends on."""
        chosen, entry = self.parameters, self.models.entry
        data, transform = node.GetImageData(), node.GetParentTransformNode()
        times = [thing.GetMTime() if thing else 0 for thing in (node, data, transform)]
        typed = (chosen.spacing, chosen.thickness, chosen.profile, chosen.profileWidth)
        count = slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")  # a thinner one may have come
        return (node.GetID(), *times, *typed, entry, self.devices.expected, count)

    def _estimate_words(self) -> str:
        found, entry, device = self._understanding, self.models.entry, self.devices.expected
        if found is None or entry is None or not found.voxels_out:
            return ""
        import qt

        rate = qt.QSettings().value(_RATE_KEY.format(model=entry.sha256[:16], device=device_kind(device.key)))
        estimate = estimate_run(
            found.voxels_in, found.voxels_out, entry.spec, device.key, float(rate) if rate else None
        )
        words = _("{slices} thin slices. {estimate}, on {device}.").format(
            slices=found.slices_out, estimate=estimate.words(), device=device.name
        )
        if device.key == "cpu" and device.memory and estimate.memory > 0.8 * device.memory:
            words += " " + _("That is close to all the memory of this computer: crop the volume, or close programs.")
        return words

    def _why_not(self) -> str:
        """Why Enhance cannot be pressed; empty when it can."""
        chosen, found = self.parameters, self._understanding
        if self.reading.is_open or self.several.is_running:
            reading = _("A reading study is open: close it first.")
            several = _("Several volumes are being computed: wait for their end, or cancel them.")
            return reading if self.reading.is_open else several
        if chosen is None or chosen.inputVolume is None or found is None:
            return _("Select a CT volume first.")
        if self.models.entry is None:
            return _("No model is installed: add a model folder.")
        if found.verdict == "refused":
            return found.verdict_words()
        if chosen.outputVolume is not None and chosen.outputVolume is chosen.inputVolume:
            return _("Output and input are the same volume: choose another output.")
        return ""

    def _may_overwrite(self, output: Any) -> bool:
        """Ask before a volume is replaced that was not computed here."""
        if output is None or output.GetImageData() is None:
            return True
        from CTEnhanceLib.scene.provenance import is_computed

        question = _("'{name}' was not computed by CTEnhance. Replace its content by the computed slices?")
        return is_computed(output) or slicer.util.confirmOkCancelDisplay(question.format(name=output.GetName()))

    def _why_no_reading(self) -> str:
        """Why no study can be opened; empty when one can."""
        return _("A run goes on: wait for its end, or cancel it.") if self.run_section.is_running else ""

    def _reading_changed(self) -> None:
        """A study was opened or closed: nothing may tell its reader what is what."""
        if self.reading.is_open:
            self.comparison.leave()
            self.run_section.forget()
        self.comparison.locked = self.reading.is_open
        self.update()

    def _done(self, node: Any) -> None:
        self._keep_rate(node)
        if self.parameters is None:  # the user is in another module meanwhile
            return
        self.parameters.outputVolume = self.parameters.comparedVolume = node
        if slicer.app.layoutManager() is not None or self.comparison.make_view_host is not None:
            self._fold_for_looking()
            self.comparison.open(node, self.parameters.referenceVolume)

    def _fold_for_looking(self) -> None:
        """What comes next is above the fold of a small screen: outcome and comparison, not the choices before."""
        for section in (self.ui.volumeCollapsibleButton, self.ui.advancedCollapsibleButton):
            section.collapsed = True
        self.ui.compareCollapsibleButton.collapsed = False

    def _keep_rate(self, node: Any) -> None:
        outcome, entry = self.run_section.outcome, self._run_model
        if outcome is None or entry is None:
            return
        import qt

        key = _RATE_KEY.format(model=entry.sha256[:16], device=device_kind(outcome.report.get("device", "cpu")))
        qt.QSettings().setValue(key, rate_of_run(outcome.seconds, node.GetImageData().GetNumberOfPoints()))

    def _model_chosen(self) -> None:
        if self.parameters is not None and self.models.entry is not None:
            self.parameters.model = self.models.entry.key
            self.parameters.detail = AS_THE_MODEL
        self.update()

    def _detail_chosen(self, detail: float) -> None:
        if self.parameters is not None:
            self.parameters.detail = detail

    @property
    def _spec(self) -> ModelSpec | None:
        return self.models.entry.spec if self.models.entry else None

    @property
    def _has_uncertainty(self) -> bool:
        """Whether the chosen model has learnt how uncertain it is."""
        return self._spec is not None and self._spec.uncertainty is not None

    def _device_chosen(self) -> None:
        if self.parameters is not None:
            self.parameters.device = self.devices.key
        self.update()

    @reported
    def _advanced_opened(self, collapsed: bool) -> None:
        if not collapsed:
            self.devices.look()
