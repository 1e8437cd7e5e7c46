"""Slicer's views without a desktop: real MRML, real displayable managers, pictures instead of windows.

Needs the ``slicer-core`` wheel (Slicer without Qt). Views are made from the same layout nodes and descriptions as
in the desktop, and can be driven by mouse events, so pictures, demos and tests show what a user would see.
"""

from __future__ import annotations

import os
from typing import Any, Callable
from xml.etree import ElementTree

import numpy as np
import slicer
import vtk

from CTEnhanceLib.scene.comparison.views.view_host import SliceView, VolumeView, register_layouts
from CTEnhanceLib.scene.headless.application import application_logic, volume_rendering_logic
from CTEnhanceLib.scene.headless.picture import grab_window

SLICE_MANAGERS = (
    "vtkMRMLCrosshairDisplayableManager",
    "vtkMRMLRulerDisplayableManager",
    "vtkMRMLScalarBarDisplayableManager",
    "vtkMRMLColorLegendDisplayableManager",
    "vtkMRMLModelSliceDisplayableManager",
    "vtkMRMLMarkupsDisplayableManager",
    "vtkMRMLVolumeGlyphSliceDisplayableManager",
)
VOLUME_MANAGERS = (
    "vtkMRMLCameraDisplayableManager",
    "vtkMRMLViewDisplayableManager",
    "vtkMRMLModelDisplayableManager",
    "vtkMRMLVolumeRenderingDisplayableManager",
    "vtkMRMLRulerDisplayableManager",
    "vtkMRMLColorLegendDisplayableManager",
    "vtkMRMLMarkupsDisplayableManager",
)
OUTER_GAP, GAP = 12, 4
"""Pixels between the parts of a layout, and between the views of a part."""


class OffscreenViewHost:
    """A scene with Slicer's logics and a layout of a given size, drawn into memory.

    Args:
        size: Width and height of the whole layout in pixels.
        scene: An existing scene; None makes a new one.
        window_width: Pixels across for which layouts are chosen; None takes the width of `size`.
    """

    def __init__(
        self,
        size: tuple[int, int] = (1600, 900),
        scene: slicer.vtkMRMLScene | None = None,
        window_width: int | None = None,
    ) -> None:
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
        self.size, self._window_width = size, window_width
        self.scene = scene or slicer.vtkMRMLScene()
        self.application = application_logic(self.scene)
        self.volume_rendering = volume_rendering_logic(self.scene, self.application)
        self._layouts = slicer.vtkMRMLLayoutLogic()
        self._layouts.SetMRMLScene(self.scene)
        register_layouts(self._layouts.GetLayoutNode())
        self._views: dict[str, _Window] = {}

    def __enter__(self) -> OffscreenViewHost:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Release scene, windows and logics in an order that VTK survives; call it when done (or use ``with``)."""
        if getattr(self, "scene", None) is None:
            return
        for tag in list(self._views):
            self.close_view(tag)
        self.scene.Clear(False)
        self._layouts.SetMRMLScene(None)
        self.volume_rendering.SetMRMLScene(None)
        self.application.SetMRMLScene(None)
        self.scene = None

    def width(self) -> int:
        """Pixels across that the window has for views."""
        return self._window_width or self.size[0]

    def layout(self) -> int:
        """Number of the layout on show."""
        return int(self._layouts.GetLayoutNode().GetViewArrangement())

    def show_layout(self, identifier: int) -> None:
        """Show a layout that was registered; views that are not part of it are kept, hidden."""
        self._layouts.GetLayoutNode().SetViewArrangement(identifier)
        shown = self.rectangles()
        for tag, rectangle in shown.items():
            self._window(tag).resize(rectangle[2], rectangle[3])
        for tag, window in self._views.items():
            window.view.node.SetMappedInLayout(tag in shown)  # slice intersections depend on it

    def slice_view(self, tag: str) -> SliceView:
        """A slice view of the layout on show."""
        return self._window(tag).view  # type: ignore[return-value]

    def volume_view(self, tag: str) -> VolumeView:
        """A 3D view of the layout on show."""
        return self._window(tag).view  # type: ignore[return-value]

    def later(self, action: Callable[[], None], milliseconds: int = 0) -> None:
        """Run an action when the events now under way have been handled: here, at once."""
        action()

    def every(self, milliseconds: int, action: Callable[[], None]) -> Callable[[], None]:
        """Nothing runs by itself here: there is no clock."""
        return lambda: None

    def close_view(self, tag: str) -> None:
        """Drop a view's window, as the desktop does with views that no layout needs."""
        window = self._views.pop(tag, None)
        if window is not None:
            window.close()

    def grab(self, tag: str) -> np.ndarray:
        """Picture of one view, (rows, columns, 3) uint8, first row on top."""
        return self._window(tag).grab()

    def picture(self) -> np.ndarray:
        """Picture of the whole layout, (rows, columns, 3) uint8, first row on top."""
        canvas = np.zeros((self.size[1], self.size[0], 3), np.uint8)
        for tag, (x, y, width, height) in self.rectangles().items():
            canvas[y : y + height, x : x + width] = self.grab(tag)
        return canvas

    def rectangles(self) -> dict[str, tuple[int, int, int, int]]:
        """Left, top, width, height of each slice and 3D view of the layout on show."""
        description = self._layouts.GetLayoutNode().GetLayoutDescription(self.layout())
        return _rectangles(ElementTree.fromstring(description), (0, 0, *self.size), OUTER_GAP)

    def _window(self, tag: str) -> _Window:
        if tag not in self._views:
            node = self.scene.GetSingletonNode(tag, "vtkMRMLSliceNode")
            kind = _SliceWindow if node is not None else _VolumeWindow
            self._views[tag] = kind(self.application, self.scene, tag)
        return self._views[tag]


class _Window:
    """An offscreen render window with Slicer's displayable managers."""

    view: SliceView | VolumeView

    def __init__(self, factory: Any, managers: tuple[str, ...], application: Any) -> None:
        factory.SetMRMLApplicationLogic(application)
        self.renderer = vtk.vtkRenderer()
        self.window = vtk.vtkRenderWindow()
        self.window.SetOffScreenRendering(1)
        self.window.ShowWindowOff()
        self.window.SetMultiSamples(0)
        self.window.AddRenderer(self.renderer)
        self.interactor = vtk.vtkRenderWindowInteractor()
        self.interactor.SetRenderWindow(self.window)
        # VTK's own style would keep mouse events to itself while a button is down.
        self.interactor.SetInteractorStyle(vtk.vtkInteractorStyleUser())
        self.interactor.Initialize()
        self.managers = slicer.vtkMRMLDisplayableManagerGroup()
        self.managers.SetRenderer(self.renderer)
        for name in managers:
            if not factory.IsDisplayableManagerRegistered(name):
                factory.RegisterDisplayableManager(name)
        self.managers.Initialize(factory, self.renderer)

    def resize(self, width: int, height: int) -> None:
        self.window.SetSize(width, height)
        self.interactor.UpdateSize(width, height)

    def render(self) -> None:
        self.window.Render()

    def grab(self) -> np.ndarray:
        self.render()
        return grab_window(self.window)

    def close(self) -> None:
        self.managers.SetMRMLDisplayableNode(None)
        self.window.Finalize()


class _SliceWindow(_Window):
    def __init__(self, application: Any, scene: slicer.vtkMRMLScene, tag: str) -> None:
        super().__init__(slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance(), SLICE_MANAGERS, application)
        self.renderer.GetActiveCamera().ParallelProjectionOn()
        overlay = vtk.vtkRenderer()
        overlay.SetLayer(1)
        self.window.SetNumberOfLayers(2)
        self.window.AddRenderer(overlay)
        self._mapper = vtk.vtkImageMapper()
        self._mapper.SetColorWindow(255)
        self._mapper.SetColorLevel(127.5)
        self._image = vtk.vtkActor2D()
        self._image.SetMapper(self._mapper)
        self._image.GetProperty().SetDisplayLocationToBackground()
        self._application = application
        self._logic = slicer.vtkMRMLSliceLogic()
        self._logic.SetMRMLApplicationLogic(application)
        application.GetSliceLogics().AddItem(self._logic)
        self._logic.SetMRMLScene(scene)
        node = scene.GetSingletonNode(tag, "vtkMRMLSliceNode")
        self._logic.SetSliceNode(node)
        self.managers.SetMRMLDisplayableNode(node)
        style = slicer.vtkMRMLSliceViewInteractorStyle()
        style.SetSliceLogic(self._logic)
        style.SetDisplayableManagers(self.managers)
        style.SetInteractor(self.interactor)
        self._style = style
        self.view = SliceView(
            node, self._logic.GetSliceCompositeNode(), self._logic, self.renderer, self.interactor, _when_grabbed
        )

    def resize(self, width: int, height: int) -> None:
        super().resize(width, height)
        self._logic.ResizeSliceNode(width, height)

    def render(self) -> None:
        connection = self._logic.GetImageDataConnection()
        if connection is None:
            self.renderer.RemoveViewProp(self._image)
        else:
            self._mapper.SetInputConnection(connection)
            if not self.renderer.HasViewProp(self._image):
                self.renderer.AddViewProp(self._image)
        super().render()

    def close(self) -> None:
        super().close()
        self._application.GetSliceLogics().RemoveItem(self._logic)
        self._logic.SetMRMLScene(None)


class _VolumeWindow(_Window):
    def __init__(self, application: Any, scene: slicer.vtkMRMLScene, tag: str) -> None:
        super().__init__(slicer.vtkMRMLThreeDViewDisplayableManagerFactory.GetInstance(), VOLUME_MANAGERS, application)
        self._application = application
        self._logic = slicer.vtkMRMLViewLogic()
        self._logic.SetMRMLApplicationLogic(application)
        application.GetViewLogics().AddItem(self._logic)
        self._logic.SetName(tag)  # it finds its view node by this name
        self._logic.SetMRMLScene(scene)
        node = scene.GetSingletonNode(tag, "vtkMRMLViewNode")
        self.managers.SetMRMLDisplayableNode(node)
        style = slicer.vtkMRMLThreeDViewInteractorStyle()
        style.SetDisplayableManagers(self.managers)
        style.SetInteractor(self.interactor)
        self._style = style
        self.view = VolumeView(node, self.renderer, self.interactor, _when_grabbed)
        for button in ("Left", "Middle", "Right"):
            self.interactor.AddObserver(f"{button}ButtonPressEvent", self._begin_drag, 1.0)
            self.interactor.AddObserver(f"{button}ButtonReleaseEvent", self._end_drag, 1.0)

    def _begin_drag(self, *_: object) -> None:
        """Linked cameras follow one that is being dragged; the desktop's Qt widgets say so, here nobody else does."""
        self._logic.StartCameraNodeInteraction(slicer.vtkMRMLCameraNode.CameraInteractionFlag)

    def _end_drag(self, *_: object) -> None:
        self._logic.EndCameraNodeInteraction()

    def render(self) -> None:
        self.renderer.ResetCameraClippingRange()
        super().render()

    def close(self) -> None:
        super().close()
        self._application.GetViewLogics().RemoveItem(self._logic)
        self._logic.SetMRMLScene(None)


def _when_grabbed() -> None:
    """A view that is asked for a new picture draws it later, as in the desktop: here when it is grabbed."""


def _rectangles(
    element: ElementTree.Element, area: tuple[int, int, int, int], gap: int
) -> dict[str, tuple[int, int, int, int]]:
    """Share an area among the views of a layout element; views that hold no picture (plots, tables) get none."""
    if element.tag == "view":
        is_picture = element.attrib["class"] in ("vtkMRMLSliceNode", "vtkMRMLViewNode")
        return {element.attrib["singletontag"]: area} if is_picture else {}
    x, y, width, height = area
    items = element.findall("item")
    across = element.attrib.get("type") == "horizontal"
    length = (width if across else height) - gap * (len(items) - 1)
    found: dict[str, tuple[int, int, int, int]] = {}
    for index, item in enumerate(items):
        begin = length * index // len(items)
        extent = length * (index + 1) // len(items) - begin
        begin += gap * index
        part = (x + begin, y, extent, height) if across else (x, y + begin, width, extent)
        found.update(_rectangles(item[0], part, GAP))
    return found
