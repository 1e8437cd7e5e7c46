"""The images of one set in linked views, under letters: 2D series or bone in 3D, side by side or one at a time.

Nothing here knows what an image is: volumes are named by their letters, views are alike, and all is removed when the
set is left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import slicer

from CTEnhanceLib.ct.intensity import BODY_ABOVE_HU, BONE_ABOVE_HU
from CTEnhanceLib.scene.comparison.bone import BoneRendering
from CTEnhanceLib.scene.comparison.labels import LabelText, ViewLabel
from CTEnhanceLib.scene.comparison.views.data_probe import annotations_off
from CTEnhanceLib.scene.comparison.views.framing import (
    DIRECTIONS,
    box_above,
    frame_cameras,
    frame_slices,
    jump,
    middle_of_bone,
)
from CTEnhanceLib.scene.comparison.views.linking import SharedWindow, copy_camera, copy_frame, link_cameras, link_slices
from CTEnhanceLib.scene.comparison.views.own_views import CAMERA_GOES_AFTER_MS, remove_present, slice_belongings
from CTEnhanceLib.scene.comparison.views.steady_frames import SteadyFrames
from CTEnhanceLib.scene.comparison.views.view_host import SliceView, ViewHost, VolumeView
from CTEnhanceLib.scene.nodes import add_volume, remove_with_belongings
from CTEnhanceLib.scene.reading.grey_scale import FixedWindow
from CTEnhanceLib.scene.reading.layouts import columns_for, is_reading_layout, register_layout, view_tag

if TYPE_CHECKING:
    import SimpleITK as sitk

NAME = "Image {letter}"
_LETTER = (0.93, 0.93, 0.93)
_CHOSEN = (1.0, 0.80, 0.30)
_BACKGROUND = (0.05, 0.06, 0.08)
_PRESET, _SHIFT = "CT-Bone", 150.0


@dataclass(frozen=True)
class LetteredImage:
    """An image as it is shown: its letter and its voxels."""

    letter: str
    image: sitk.Image


class LetterText(LabelText):
    """What the label of an image says: its letter and what was answered, in a view of any size."""

    def lines(self, _width: int, _height: int) -> tuple[str, str]:
        """The letter alone; notes would be written into some views only, by their size."""
        return self.badge, ""


class ReadingViews:
    """Shows one set after the other.

    Args:
        view_host: Where the views stand.
        window: Lowest and highest HU of the grey scale.
        free_window: Whether the reader may change it.
        on_pick: Called with a letter when the reader clicks into its view.
        note_of: What the label of a letter says beside the letter (the grade given, say).
    """

    def __init__(
        self,
        view_host: ViewHost,
        window: tuple[float, float],
        *,
        free_window: bool = False,
        on_pick: Callable[[str], None] = lambda _letter: None,
        note_of: Callable[[str], str] = lambda _letter: "",
    ) -> None:
        self._view_host, self._window, self._free = view_host, window, free_window
        self._on_pick, self._note_of = on_pick, note_of
        before = view_host.layout()
        self._layout_before = slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView if is_reading_layout(before) else before
        self.volumes: dict[str, slicer.vtkMRMLScalarVolumeNode] = {}
        self.views: dict[str, SliceView | VolumeView] = {}
        self.plane, self.chosen, self.alone = "axial", "", False
        self._seen: dict[str, SliceView | VolumeView] = {}
        self._parts: list[ViewLabel | SharedWindow | FixedWindow] = []
        self._observed: list[tuple[object, int]] = []
        self._bone: BoneRendering | None = None
        self._steady = SteadyFrames(view_host)
        self._left: dict[str, slicer.vtkMRMLSliceNode | slicer.vtkMRMLCameraNode] = {}

    def show(self, images: Sequence[LetteredImage], plane: str) -> None:
        """Show a set in the place of the one before.

        Args:
            images: In the order of their letters.
            plane: ``axial``, ``coronal``, ``sagittal`` or ``3d``.
        """
        self.clear()
        scene = self._view_host.scene
        for shown in images:
            volume = add_volume(scene, shown.image, NAME.format(letter=shown.letter), self._window)
            for node in (volume, volume.GetDisplayNode()):
                node.SetSaveWithScene(False)
            volume.GetDisplayNode().SetInterpolate(False)
            self.volumes[shown.letter] = volume
        displays = [volume.GetDisplayNode() for volume in self.volumes.values()]
        self._parts.append(SharedWindow(displays) if self._free else FixedWindow(displays, *self._window))
        self.chosen = images[0].letter
        self._arrange(plane, self.alone)

    def look(self, plane: str) -> None:
        """Show another plane, or bone in 3D, of the same images."""
        if self.volumes:
            self._arrange(plane, self.alone)

    def show_alone(self, alone: bool) -> None:
        """Show the chosen image alone and large, or all side by side."""
        if self.volumes:
            self._arrange(self.plane, alone)

    def choose(self, letter: str) -> None:
        """Mark an image as the one that answers are given for; where one is shown alone, show that one."""
        if letter not in self.volumes or letter == self.chosen:
            return
        self.chosen = letter
        if self.alone:
            self._fill({letter: next(iter(self.views.values()))})
        self.render()

    def render(self) -> None:
        """Ask all views for a new picture."""
        for view in self.views.values():
            view.render()

    @property
    def labels(self) -> dict[str, str]:
        """What stands in each view, by letter."""
        return {letter: self._text(letter).badge for letter in self.views}

    def clear(self) -> None:
        """Take the images away; the views stay, empty."""
        self._steady.release()
        self._release()
        self._left.clear()
        self.views = {}
        for part in self._parts:
            part.remove()
        self._parts.clear()
        for view in self._seen.values():
            if isinstance(view, SliceView):
                view.composite.SetBackgroundVolumeID(None)
        for volume in self.volumes.values():
            remove_with_belongings(volume)
        self.volumes.clear()

    def close(self) -> None:
        """Take everything away and bring the user's layout back."""
        self.clear()
        if self._bone is not None:
            self._bone.remove()
            self._bone = None
        self._view_host.show_layout(self._layout_before)
        self._remove_views()

    def forget(self) -> None:
        """The scene was closed or loaded: take away what is left of it, and bring the user's layout back."""
        if self._bone is not None and not self._view_host.scene.IsNodePresent(self._bone.property_node):
            self._bone = None
        self.close()

    def _arrange(self, plane: str, alone: bool) -> None:
        self._remember()
        self._release()
        self.plane, self.alone = plane, alone
        letters = [self.chosen] if alone else list(self.volumes)
        columns = columns_for(len(letters), self._view_host.width())
        node = self._view_host.scene.GetFirstNodeByClass("vtkMRMLLayoutNode")
        self._view_host.show_layout(register_layout(node, len(letters), columns, plane))
        find = self._view_host.volume_view if plane == "3d" else self._view_host.slice_view
        views = [find(view_tag(place, plane)) for place in range(1, len(letters) + 1)]
        self._seen.update({view.tag: view for view in views})
        self._fill(dict(zip(letters, views)))
        # a new background queues a slice offset, and new views get their size later
        self._steady.hold(views, self._frame)
        self.render()

    def _fill(self, views: dict[str, SliceView | VolumeView]) -> None:
        """Put each letter's image into its view."""
        self._release()
        self.views = views
        slices = [view for view in views.values() if isinstance(view, SliceView)]
        link_slices(slices)
        link_cameras([view for view in views.values() if isinstance(view, VolumeView)])
        for letter, view in views.items():
            view.node.SetLayoutLabel(letter)
            if isinstance(view, SliceView):
                view.composite.SetForegroundVolumeID(None)
                view.composite.SetLabelVolumeID(None)
                view.composite.SetBackgroundVolumeID(self.volumes[letter].GetID())
            else:
                _plain(view.node)
                self._render_bone(self.volumes[letter], view)
            self._parts.append(ViewLabel(view.renderer, partial(self._text, letter)))
            pick = partial(self._picked, letter)
            self._observed.append((view.interactor, view.interactor.AddObserver("LeftButtonPressEvent", pick, 10.0)))

    def _render_bone(self, volume: slicer.vtkMRMLScalarVolumeNode, view: VolumeView) -> None:
        if self._bone is None:
            self._bone = BoneRendering(self._view_host, _PRESET, _SHIFT)
            self._bone.property_node.SetName("Bone")
        self._bone.show(volume, [view])
        self._bone.displays[-1].SetName(f"{volume.GetName()} bone")

    def _frame(self) -> None:
        """Look at the same place in all views: where this plane was left, else where the bone is."""
        volume, left = self.volumes[next(iter(self.volumes))], self._left.get(self.plane)
        slices = [view for view in self.views.values() if isinstance(view, SliceView)]
        bodies = [view for view in self.views.values() if isinstance(view, VolumeView)]
        if left is not None:
            for view in slices:
                copy_frame(left, view.node)
            for camera in (view.camera for view in bodies):
                if camera is not None:
                    copy_camera(left, camera)
        elif slices:
            frame_slices(slices, box_above(volume, BODY_ABOVE_HU))
            jump(slices, middle_of_bone(volume).tolist())
        else:
            frame_cameras(bodies, box_above(volume, BONE_ABOVE_HU), DIRECTIONS["anterior"])

    def _remember(self) -> None:
        """Keep where the reader looks in the plane on show, until the next set."""
        view = next(iter(self.views.values()), None)
        if view is None or not self.volumes or self.plane not in _planes_of(view):
            return
        if isinstance(view, SliceView):
            kept = slicer.vtkMRMLSliceNode()
            kept.SetDimensions(*view.node.GetDimensions())
            copy_frame(view.node, kept)
            self._left[self.plane] = kept
        elif view.camera is not None:
            camera = slicer.vtkMRMLCameraNode()
            copy_camera(view.camera, camera)
            self._left["3d"] = camera

    def _text(self, letter: str) -> LabelText:
        note = self._note_of(letter)
        badge = f"{letter}  {note}" if note else letter
        chosen = letter == self.chosen and len(self.volumes) > 1
        return LetterText(badge, "", "", _CHOSEN if chosen else _LETTER)

    def _picked(self, letter: str, *_: object) -> None:
        self._on_pick(letter)

    def _release(self) -> None:
        """Take labels, observers and renderings off the views."""
        for thing, tag in self._observed:
            thing.RemoveObserver(tag)  # type: ignore[attr-defined]
        self._observed.clear()
        for part in [part for part in self._parts if isinstance(part, ViewLabel)]:
            part.remove()
            self._parts.remove(part)
        if self._bone is not None:
            self._bone.hide()

    def _remove_views(self) -> None:
        """Remove the views' nodes and what Slicer made for them; what comes back is removed a little later."""
        scene = self._view_host.scene
        belongings: list[slicer.vtkMRMLNode] = []
        with annotations_off():
            for view in self._seen.values():
                own = slice_belongings(view) if isinstance(view, SliceView) else []
                node = view.node
                self._view_host.close_view(view.tag)
                remove_present(scene, [node, *own])
                belongings += own
        tags = set(self._seen)
        self._seen.clear()
        self.views.clear()
        self._view_host.later(lambda: remove_present(scene, [*belongings, *_named(scene, tags)]), CAMERA_GOES_AFTER_MS)


def _named(scene: slicer.vtkMRMLScene, tags: set[str]) -> list[slicer.vtkMRMLNode]:
    """Cameras, composites and views that still go by the names of views that are gone."""
    found = []
    for index in range(scene.GetNumberOfNodes()):
        node = scene.GetNthNode(index)
        if node.IsA("vtkMRMLCameraNode"):
            found += [node] if node.GetLayoutName() in tags else []
        elif node.GetSingletonTag() in tags:
            found.append(node)
    return found


def _planes_of(view: SliceView | VolumeView) -> tuple[str, ...]:
    return ("axial", "coronal", "sagittal") if isinstance(view, SliceView) else ("3d",)


def _plain(node: slicer.vtkMRMLViewNode) -> None:
    modified = node.StartModify()
    node.SetBackgroundColor(*_BACKGROUND)
    node.SetBackgroundColor2(*_BACKGROUND)
    node.SetBoxVisible(False)
    node.SetAxisLabelsVisible(False)
    node.EndModify(modified)
