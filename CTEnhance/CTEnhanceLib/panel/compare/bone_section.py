"""Bone in 3D: how it is drawn, cropped and turned, surfaces for printing, and the way on to the Segment Editor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import slicer
from slicer.i18n import tr as _

from CTEnhanceLib.panel.dialogs import ask_for_folder, reported
from CTEnhanceLib.panel.style import quiet

if TYPE_CHECKING:
    from CTEnhanceLib.scene.comparison.comparison import Comparison

_JUMP_AFTER_MS = 300
_NUMBERS = {"shift": "shiftSlider", "surface_hu": "surfaceSpinBox"}


class Owner(Protocol):
    """What holds the open comparison."""

    comparison: Comparison | None

    def set(self, name: str, value: Any) -> None:
        """Change what is shown; say so when it cannot be shown."""


class BoneSection:
    """The part of the Compare section that is about bone in 3D.

    Args:
        ui: The panel's widgets by name.
        owner: Holds the open comparison.
    """

    def __init__(self, ui: Any, owner: Owner) -> None:
        self._ui, self._owner = ui, owner
        self._roi: Any = None
        for name, widget in _NUMBERS.items():
            number = getattr(ui, widget)
            number.connect("valueChanged(double)", reported(lambda value, name=name: self._set(name, float(value))))
        ui.shadingCheckBox.connect("toggled(bool)", reported(lambda on: self._set("shading", bool(on))))
        ui.lookComboBox.connect("activated(int)", self._look)
        ui.cropCheckBox.connect("toggled(bool)", self._crop)
        ui.exportButton.connect("clicked(bool)", self._ask_and_export)
        ui.segmentButton.connect("clicked(bool)", self._segment)

    def show_state(self) -> None:
        """Make the widgets say how bone is drawn."""
        ui, comparison = self._ui, self._owner.comparison
        _quietly(ui.cropCheckBox, "checked", self._roi is not None and bool(self._roi.GetDisplayVisibility()))
        if comparison is None:
            return
        settings = comparison.settings
        for name, widget in _NUMBERS.items():
            _quietly(getattr(ui, widget), "value", getattr(settings, name))
        _quietly(ui.shadingCheckBox, "checked", settings.shading)
        for widget in (ui.presetComboBox, ui.shiftSlider, ui.shadingCheckBox):
            widget.enabled = settings.bone_as == "rendering"

    def show_distance(self) -> None:
        """How far the surfaces lie from each other, where they are shown."""
        comparison, label = self._owner.comparison, self._ui.surfaceLabel
        label.visible = comparison is not None and comparison.settings.bone_as != "rendering"
        if comparison is not None and comparison.settings.bone_as != "rendering":
            distance, how = comparison.surfaces.distance, comparison.surfaces.options.text
            words = _("Distance {mean:.2f} mm on average, 95 % within {most:.2f} mm. {how}.").format(
                mean=distance.mean, most=distance.percentile_95, how=how[:1].upper() + how[1:]
            )
            label.text = quiet(words)

    def leave(self) -> None:
        """The comparison is left: its box goes."""
        if self._roi is not None:
            from CTEnhanceLib.scene.nodes import remove_with_belongings

            remove_with_belongings(self._roi)
            self._roi = None

    def forget(self) -> None:
        """The scene is closed: what was in it went with it."""
        self._roi = None

    def export_surfaces(self, folder: str) -> None:
        """Write the bone of both sides as STL files into a folder and say so.

        Raises:
            CTEnhanceError: They cannot be made, or not be written there.
        """
        comparison = self._owner.comparison
        if comparison is not None:
            files = comparison.surfaces.export(folder)
            slicer.util.infoDisplay(_("Written: {files}").format(files=", ".join(str(file) for file in files)))

    def _set(self, name: str, value: Any) -> None:
        self._owner.set(name, value)

    @reported
    def _look(self, index: int) -> None:
        if self._owner.comparison is not None:
            self._owner.comparison.look_from(self._ui.lookComboBox.itemData(index))

    @reported
    def _crop(self, on: bool) -> None:
        comparison = self._owner.comparison
        if comparison is None:
            return
        from CTEnhanceLib.scene.comparison.crop_box import crop_box

        if on and self._roi is None:
            self._roi = crop_box(comparison.volumes.computed)
        if self._roi is not None:
            self._roi.SetDisplayVisibility(on)
        comparison.bone.crop(self._roi if on else None)

    @reported
    def _ask_and_export(self) -> None:
        folder = ask_for_folder(_("Choose a folder for the STL files"))
        if folder:
            with slicer.util.WaitCursor():
                self.export_surfaces(folder)

    @reported
    def _segment(self) -> None:
        comparison = self._owner.comparison
        if comparison is None:
            return
        from CTEnhanceLib.scene.figures.bone_segment import bone_segmentation

        computed, threshold = comparison.volumes.computed, comparison.settings.surface_hu
        segmentation = bone_segmentation(computed, threshold)
        if slicer.util.mainWindow() is None:
            return
        view_host = comparison.view_host
        slicer.util.selectModule("SegmentEditor")  # leaves the comparison: the user's own layout is back
        slicer.util.setSliceViewerLayers(background=computed, fit=True)
        # Slicer moves the slices once more after that: see scene/comparison/views/steady_frames.py.
        view_host.later(lambda: _jump_to_bone(computed), _JUMP_AFTER_MS)
        editor = slicer.util.getModuleWidget("SegmentEditor").editor
        editor.setSegmentationNode(segmentation)
        editor.setSourceVolumeNode(computed)
        editor.setActiveEffectByName("Threshold")
        effect = editor.activeEffect()
        if effect is not None:
            effect.setParameter("MinimumThreshold", str(threshold))
            effect.setParameter("MaximumThreshold", str(float(computed.GetImageData().GetScalarRange()[1])))


def _jump_to_bone(volume: Any) -> None:
    """Bring the user's slice views to the bone, where the volume is still there."""
    if not slicer.mrmlScene.IsNodePresent(volume):
        return
    from CTEnhanceLib.scene.comparison.views.framing import middle_of_bone

    point = middle_of_bone(volume).tolist()
    slicer.vtkMRMLSliceNode.JumpAllSlices(slicer.mrmlScene, *point, slicer.vtkMRMLSliceNode.OffsetJumpSlice)


def _quietly(widget: Any, name: str, value: Any) -> None:
    """Set a widget without its slot hearing of it."""
    widget.blockSignals(True)
    setattr(widget, name, value)
    widget.blockSignals(False)
