"""Where figures are taken: the choice is kept in the parameter node, the region itself is `scene.region`'s."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import slicer
from slicer.i18n import tr as _

from CTEnhanceLib.errors import InputRefusedError
from CTEnhanceLib.panel.dialogs import reported

if TYPE_CHECKING:
    from CTEnhanceLib.scene.figures.region import Region


class RegionChoice:
    """Shows what the chosen region needs, and nothing else; makes the region of it.

    Args:
        ui: The panel's widgets by name.
    """

    def __init__(self, ui: Any) -> None:
        self._ui = ui
        self._parameters: Any = None
        self._watched: Any = None
        self._tags: list[int] = []
        ui.figureSegmentComboBox.connect("activated(int)", self._segment_chosen)

    def refresh(self, parameters: Any) -> None:
        """Follow the user's choices; None: there are none now."""
        self._parameters = parameters
        ui, kind = self._ui, self._kind
        ui.figureRegionComboBox.enabled = bool(kind)
        ui.figureRegionComboBox.toolTip = (
            _("Where the figures against the reference are taken, and their plot.")
            if kind
            else _("Choose a reference first: without one there is no choice of region.")
        )
        ui.figureThresholdSpinBox.visible = kind == "threshold"
        ui.figureBoxSelector.visible = kind == "box"
        ui.figureSegmentationSelector.visible = ui.figureSegmentComboBox.visible = kind == "segment"
        self._watch(parameters.figureSegmentation if kind == "segment" else None)
        self._list_segments()

    def region(self) -> Region:
        """The chosen region.

        Raises:
            InputRefusedError: Its box, segmentation or segment was not chosen.
        """
        from CTEnhanceLib.ct.intensity import BODY_ABOVE_HU
        from CTEnhanceLib.scene.figures.region import Region

        chosen, kind = self._parameters, self._kind
        if kind == "box":
            if chosen.figureBox is None:
                raise InputRefusedError(_("No box was chosen for the figures: choose one, or another region."))
            return Region(roi=chosen.figureBox)
        if kind == "segment":
            segment = self._ui.figureSegmentComboBox.itemData(self._ui.figureSegmentComboBox.currentIndex)
            if chosen.figureSegmentation is None or not segment:
                raise InputRefusedError(_("No segment was chosen for the figures: choose one, or another region."))
            return Region(segmentation=chosen.figureSegmentation, segment=segment)
        if kind == "threshold":
            return Region(threshold=chosen.figureThreshold)
        above = {"whole": -math.inf, "body": BODY_ABOVE_HU}
        return Region(threshold=above.get(kind))

    def words(self, region: Region) -> str:
        """The name of the chosen region as it reads after "in"."""
        if self._kind == "whole":
            return _("the whole volume")
        if region.threshold is not None:
            return _("voxels {above}").format(above=region.name)
        return region.name.removeprefix("in ")

    @property
    def _kind(self) -> str:
        """Which region is chosen; empty where there is no reference to take figures against."""
        chosen = self._parameters
        return chosen.figureRegion.value if chosen is not None and chosen.referenceVolume is not None else ""

    def _watch(self, segmentation: Any) -> None:
        """Hear of segments that come, go or get another name."""
        if segmentation is self._watched:
            return
        for tag in self._tags:
            self._watched.RemoveObserver(tag)
        self._watched, self._tags = segmentation, []
        if segmentation is not None:
            kind = slicer.vtkSegmentation
            events = (kind.SegmentAdded, kind.SegmentRemoved, kind.SegmentModified)
            self._tags = [segmentation.AddObserver(event, self._list_segments) for event in events]

    def _list_segments(self, *_arguments: Any) -> None:
        combo = self._ui.figureSegmentComboBox
        combo.clear()
        if self._watched is None:
            return
        segmentation = self._watched.GetSegmentation()
        for number in range(segmentation.GetNumberOfSegments()):
            name = segmentation.GetNthSegment(number).GetName()
            combo.addItem(name, segmentation.GetNthSegmentID(number))
        combo.currentIndex = max(combo.findData(self._parameters.figureSegment), min(0, combo.count - 1))

    @reported
    def _segment_chosen(self, index: int) -> None:
        if self._parameters is not None:
            self._parameters.figureSegment = self._ui.figureSegmentComboBox.itemData(index)
