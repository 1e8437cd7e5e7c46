"""Figures of a comparison: table and plot, a profile line, a film. The work is done in `CTEnhanceLib.scene`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import slicer
from slicer.i18n import tr as _

from CTEnhanceLib.panel.compare.region_choice import RegionChoice
from CTEnhanceLib.panel.dialogs import ask_for_folder, reported
from CTEnhanceLib.panel.style import quiet

if TYPE_CHECKING:
    from CTEnhanceLib.panel.compare.section import ComparisonSection
    from CTEnhanceLib.scene.figures.profile_line import ProfileLine

_END_SCALE = 1.2
"""Size of the line's ends, percent of the view; Slicer's default is 3."""
_PLOT_CLICK = "dataSelected(vtkStringArray*,vtkCollection*)"


class FiguresSection:
    """Computes and shows figures of the open comparison.

    Args:
        ui: The panel's widgets by name.
        comparison: The section that owns the comparison.
    """

    def __init__(self, ui: Any, comparison: ComparisonSection) -> None:
        self._ui, self._comparison = ui, comparison
        self._region = RegionChoice(ui)
        self._line: Any = None
        self._line_tag = 0
        self._profile: ProfileLine | None = None
        self._plot_view: Any = None
        self._made: dict[tuple[str, str], tuple[Any, Any]] = {}
        ui.figuresButton.connect("clicked(bool)", self._pressed)
        ui.profileButton.connect("toggled(bool)", self._profile_toggled)
        ui.turntableButton.connect("clicked(bool)", self._ask_and_turn)

    def refresh(self, parameters: Any) -> None:
        """Follow the user's choices; the line goes with the comparison it belongs to, and its button follows."""
        self._region.refresh(parameters)
        if self._comparison.comparison is None:
            self._plot_view = None  # it goes with the comparison's views
            if self._line is not None:
                self._ui.profileButton.checked = False

    def forget(self) -> None:
        """The scene is closed: what was in it went with it."""
        self._line, self._profile = None, None
        self._made.clear()
        self._ui.profileButton.checked = False

    def compute(self) -> None:
        """Put figures into a table and a chart and show them.

        Raises:
            CTEnhanceError: The volumes are not of one scan, or the region is empty or not fully chosen.
        """
        comparison = self._comparison.comparison
        if comparison is None:
            return
        from CTEnhanceLib.scene.figures.figures import figure_table, own_figures_table, reference_figures, slice_chart

        volumes, scene, chart = comparison.volumes, comparison.view_host.scene, None
        reference = self._ui.referenceSelector.currentNode()
        if reference is None:
            table = own_figures_table(volumes.measured, volumes.computed)
        else:
            region = self._region.region()
            figures = reference_figures(volumes.measured, volumes.computed, reference, region)
            figures = replace(figures, region=self._region.words(region))
            table, chart = figure_table(scene, figures), slice_chart(scene, figures)
        comparison.show_figures(table, chart)
        self._replace_made((table.GetName(), volumes.computed.GetID()), table, chart)
        self._listen_to_plot()
        self._comparison.show_state()

    def make_turntable(self, folder: str, frames: int = 72) -> None:
        """Write both 3D views, turned once around, as pictures.

        Raises:
            CTEnhanceError: No 3D view is on show, or the folder does not exist.
        """
        comparison = self._comparison.comparison
        if comparison is None:
            return
        from CTEnhanceLib.scene.figures.turntable import turntable

        files = turntable(
            comparison.volume_views, folder, frames, progress=lambda *_progress: slicer.app.processEvents()
        )
        slicer.util.infoDisplay(_("{count} pictures written to {folder}.").format(count=len(files), folder=folder))

    @reported
    def _pressed(self) -> None:
        with slicer.util.WaitCursor():
            self.compute()

    def _replace_made(self, key: tuple[str, str], table: Any, chart: Any) -> None:
        """Figures that are taken again replace those of before; others stay in the scene: the user may want them."""
        from CTEnhanceLib.scene.figures.tables import remove_chart

        for old in self._made.pop(key, ()):
            if old is None or not slicer.mrmlScene.IsNodePresent(old):
                continue
            if old.IsA("vtkMRMLPlotChartNode"):
                remove_chart(old)
            else:
                slicer.mrmlScene.RemoveNode(old)
        self._made[key] = (table, chart)

    def _listen_to_plot(self) -> None:
        """A click in the plot goes to the slice."""
        manager = slicer.app.layoutManager()
        if manager is None or self._plot_view is not None:
            return
        from CTEnhanceLib.scene.comparison.views.layouts import PLOT_VIEW

        for index in range(manager.plotViewCount):
            widget = manager.plotWidget(index)
            node = widget.mrmlPlotViewNode()  # the view itself does not say it
            if node is not None and node.GetSingletonTag() == PLOT_VIEW:
                self._plot_view = widget.plotView()
                self._plot_view.connect(_PLOT_CLICK, self._plot_clicked)

    @reported
    def _plot_clicked(self, series_ids: Any, selections: Any) -> None:
        from CTEnhanceLib.scene.figures.tables import clicked_x

        comparison = self._comparison.comparison
        position = clicked_x(slicer.mrmlScene, series_ids, selections)
        if comparison is not None and position is not None:
            comparison.go_to_slice(position)

    @reported
    def _profile_toggled(self, on: bool) -> None:
        if on and self._line is None and self._comparison.comparison is not None:
            self._begin_line()
        elif not on and self._line is not None:
            self._end_line()

    def _begin_line(self) -> None:
        """A line for the user to draw; the chart comes with its second end."""
        self._line = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsLineNode", "CTEnhance profile")
        self._line.CreateDefaultDisplayNodes()
        _show_line_only(self._line.GetDisplayNode())
        event = slicer.vtkMRMLMarkupsNode.PointPositionDefinedEvent
        self._line_tag = self._line.AddObserver(event, self._line_drawn)
        self._ui.figuresLabel.text = quiet(
            _("Click twice in a slice view: on one side of the break, and on the other.")
        )
        self._ui.figuresLabel.visible = True
        if slicer.app.layoutManager() is not None:
            slicer.modules.markups.logic().SetActiveList(self._line)
            slicer.app.applicationLogic().GetInteractionNode().SwitchToSinglePlaceMode()

    @reported
    def _line_drawn(self, *_arguments: Any) -> None:
        comparison = self._comparison.comparison
        if comparison is None or self._profile is not None or self._line.GetNumberOfDefinedControlPoints() < 2:
            return
        from CTEnhanceLib.scene.figures.profile_line import ProfileLine

        self._profile = ProfileLine(comparison.volumes, self._line, self._show_line_figures)
        self._show_line_figures()
        comparison.show_figures(self._profile.figures, self._profile.chart)
        self._comparison.show_state()

    def _show_line_figures(self) -> None:
        """Gap and step beside each other; they change while the line is dragged."""
        if self._profile is not None:
            self._ui.figuresLabel.text = self._profile.words().replace("\n", "<br>")
            self._ui.figuresLabel.visible = True

    def _end_line(self) -> None:
        from CTEnhanceLib.scene.nodes import remove_with_belongings

        line, profile, self._line, self._profile = self._line, self._profile, None, None
        line.RemoveObserver(self._line_tag)
        if profile is not None:
            profile.remove()
        remove_with_belongings(line)
        self._ui.figuresLabel.visible = False

    @reported
    def _ask_and_turn(self) -> None:
        folder = ask_for_folder(_("Choose a folder for the pictures"))
        if folder:
            self.make_turntable(folder)


def _show_line_only(display: Any) -> None:
    """No writing, and ends that are no wider than a gap: Slicer's own would lie over what is measured."""
    display.SetPropertiesLabelVisibility(False)
    display.SetPointLabelsVisibility(False)
    display.SetGlyphScale(_END_SCALE)
