"""Slicer's layout manager and what hangs on it, with the habits that were seen in the real application.

`Desktop` stands on the offscreen views, so it is real MRML with real reslicing and rendering. On top of them it does
what the application was seen to do, and what the views alone do not:

* a new background volume queues a slice offset, which overwrites whatever is set in the same event;
* views get their size in a later event; the window grows to what a layout needs and never shrinks again;
* a view shows a new picture when its slice changes or somebody asks for one, and not before (`screen`);
* what mixes the layers of a slice view is not seen until it is changed after its first picture;
* a view's widget goes with its node, and calls on it raise from then on; the DataProbe still knows it by name, and
  calls all views it knows when a new one has come;
* a camera that is removed together with its view comes back;
* a plot view does not say which node it shows, its widget does; layout 0 is possible at a first start.
"""

from __future__ import annotations

import traceback
from types import SimpleNamespace
from typing import Any, Callable
from xml.etree import ElementTree

import slicer
import vtk

SLICE_WIDTH = 327
"""A slice view's controller needs as many pixels; other views need fewer."""
OTHER_WIDTH = 120
_BORN = (100, 100)
_CAMERA_MS = 15


class Events:
    """An event loop without Qt: what is due is done by `turn`."""

    def __init__(self) -> None:
        self.now = 0.0
        self._waiting: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def later(self, milliseconds: float, action: Callable[[], None]) -> None:
        self._count += 1
        self._waiting.append((self.now + milliseconds, self._count, action))

    def turn(self, milliseconds: float = 0.0) -> None:
        """Let time pass and do what is due, in order; what that brings is done, too."""
        end = self.now + milliseconds
        while True:
            due = sorted(entry[:2] for entry in self._waiting if entry[0] <= end)
            if not due:
                break
            entry = next(entry for entry in self._waiting if entry[:2] == due[0])
            self._waiting.remove(entry)
            self.now = max(self.now, entry[0])
            entry[2]()
        self.now = end

    def timer_class(self) -> type:
        """What stands in for ``qt.QTimer``."""
        events = self

        class Timer:
            running: list[Any] = []  # noqa: RUF012

            @staticmethod
            def singleShot(milliseconds: float, action: Callable[[], None]) -> None:
                events.later(milliseconds, action)

            def __init__(self) -> None:
                self._interval, self._action = 0.0, None

            def setInterval(self, milliseconds: float) -> None:
                self._interval = milliseconds

            def connect(self, signal: str, action: Callable[[], None]) -> None:
                assert signal == "timeout()"
                self._action = action

            def start(self) -> None:
                Timer.running.append(self)
                events.later(self._interval, self._tick)

            def stop(self) -> None:
                Timer.running.remove(self)

            def _tick(self) -> None:
                if self in Timer.running:
                    self._action()
                    events.later(self._interval, self._tick)

        Timer.running = []
        return Timer


class Desktop:
    """What modules use of ``slicer.app.layoutManager()``.

    Args:
        view_host: The offscreen views behind it.
        later: Does something after some milliseconds, in an event of its own.
        width: Pixels that the window leaves for views.
        height: Likewise.
    """

    def __init__(
        self, view_host: Any, later: Callable[[float, Callable[[], None]], None], width: int = 860, height: int = 600
    ) -> None:
        self._view_host, self._later = view_host, later
        self.width, self.height = width, height
        self._widgets: dict[str, _Widget] = {}
        self._plots: list[Any] = []
        self._layout_zero = False
        self._gone: dict[str, Callable[[], bool]] = {}
        self.console: list[str] = []
        self.probe = DataProbe(self)
        scene = view_host.scene
        self._scene_tag = scene.AddObserver(slicer.vtkMRMLScene.NodeRemovedEvent, self._node_removed)
        self._resize_soon()

    def close(self) -> None:
        """Let go of the scene."""
        self._view_host.scene.RemoveObserver(self._scene_tag)
        for widget in self._widgets.values():
            widget.destroy()

    @property
    def layout(self) -> int:
        return 0 if self._layout_zero else self._view_host.layout()

    def first_start(self) -> None:
        """As when Slicer runs for the first time: the layout has no number."""
        self._layout_zero = True

    def setLayout(self, identifier: int) -> None:
        self._layout_zero = False
        identifier = identifier or slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView
        self._view_host.size = _BORN
        self._view_host.show_layout(identifier)
        self.width = max(self.width, self._needed())
        for tag in self._view_host.rectangles():
            self._widget(tag)
        self._follow_plots()
        self._resize_soon()

    def viewport(self) -> Any:
        return SimpleNamespace(width=self.width, height=self.height)

    def layoutLogic(self) -> Any:
        return self._view_host._layouts

    def sliceViewNames(self) -> list[str]:
        return [tag for tag, widget in self._widgets.items() if widget.is_slice]

    def mrmlSliceLogics(self) -> Any:
        found = vtk.vtkCollection()
        for widget in self._widgets.values():
            if widget.is_slice:
                found.AddItem(widget.outside.sliceLogic())
        return found

    def sliceWidget(self, tag: str) -> Any:
        shown = tag in self._widgets or tag in self._view_host.rectangles()
        return self._widget(tag).outside if shown else None

    def viewWidget(self, node: Any) -> Any:
        return self._widget(node.GetSingletonTag()).outside

    @property
    def plotViewCount(self) -> int:
        return len(self._plots)

    def plotWidget(self, index: int) -> Any:
        return self._plots[index]

    def screen(self, tag: str) -> Any:
        """What the user sees in a view: the picture drawn last."""
        return self._widget(tag).picture

    def _needed(self) -> int:
        description = self._view_host._layouts.GetLayoutNode().GetLayoutDescription(self._view_host.layout())
        return _width_of(ElementTree.fromstring(description))

    def _resize_soon(self) -> None:
        def resize() -> None:
            self._view_host.size = (self.width, self.height)
            for tag, (_, _, width, height) in self._view_host.rectangles().items():
                self._view_host._window(tag).resize(width, height)
                self._widget(tag).draw()

        self._later(0, resize)

    def _widget(self, tag: str) -> _Widget:
        if tag not in self._widgets:
            widget = self._widgets[tag] = _Widget(self, tag, self._view_host._window(tag).view)
            if widget.is_slice:
                self.probe.watch(tag, widget.outside.sliceLogic())
        return self._widgets[tag]

    def _follow_plots(self) -> None:
        shown = self._view_host._layouts.GetLayoutNode().GetLayoutDescription(self._view_host.layout())
        tags = [
            element.attrib["singletontag"]
            for element in ElementTree.fromstring(shown).iter("view")
            if element.attrib["class"] == "vtkMRMLPlotViewNode"
        ]
        self._plots = [_PlotWidget(self._view_host.scene.GetSingletonNode(tag, "vtkMRMLPlotViewNode")) for tag in tags]

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _node_removed(self, _scene: Any, _event: str, node: Any) -> None:
        if node is None:
            return
        for tag, widget in list(self._widgets.items()):
            if widget.node is node:
                self.probe.hear_of_all()
                widget.destroy()
                del self._widgets[tag]
                self._view_host.close_view(tag)
        if node.IsA("vtkMRMLCameraNode") and node.GetLayoutName():
            self._camera_comes_back(node)

    def _camera_comes_back(self, camera: Any) -> None:
        name, scene = camera.GetLayoutName(), self._view_host.scene
        gone = self._gone.get(name)
        if name not in self._widgets and (gone is None or not gone()):
            return

        def make() -> None:
            again = slicer.vtkMRMLCameraNode()
            again.SetLayoutName(name)
            scene.AddNode(again)

        self._later(0, make)


class _Widget:
    """A slice or 3D widget; `outside` is what PythonQt shows of it."""

    def __init__(self, desktop: Desktop, tag: str, view: Any) -> None:
        self._desktop, self.tag, self._view = desktop, tag, view
        self.node = view.node
        self.is_slice = hasattr(view, "composite")
        self._alive, self.picture, self._waiting = True, None, False
        self._background: str | None = None
        self._first_shown: dict[Any, int] = {}
        self._tags: list[tuple[Any, int]] = []
        self._corner = vtk.vtkCornerAnnotation()
        window = view.renderer.GetRenderWindow()
        inside = SimpleNamespace(
            renderWindow=self._living("renderWindow", lambda: window),
            interactor=self._living("interactor", lambda: view.interactor),
            scheduleRender=self._living("scheduleRender", self._draw_soon),
            cornerAnnotation=self._living("cornerAnnotation", lambda: self._corner),
        )
        self.view = inside
        if self.is_slice:
            logic = view.logic
            self.outside = SimpleNamespace(sliceView=lambda: inside, sliceLogic=lambda: logic)
            modified = vtk.vtkCommand.ModifiedEvent
            self._tags.append((view.composite, view.composite.AddObserver(modified, self._composite_changed)))
            self._tags.append((logic, logic.AddObserver(modified, self._slice_changed)))
        else:
            self.outside = SimpleNamespace(threeDView=lambda: inside)

    def draw(self) -> None:
        """A new picture is drawn now; those of bone in 3D are left out, as they take long and are not asked for."""
        self._waiting = False
        if self._alive and self.is_slice:
            mixes = self._unchanged_mixes()
            for actor in mixes:
                actor.VisibilityOff()
            self.picture = self._desktop._view_host.grab(self.tag)
            for actor in mixes:
                actor.VisibilityOn()

    def _unchanged_mixes(self) -> list[Any]:
        """What lies over the slice as an image, and was not changed since it was first drawn."""
        window = self._desktop._view_host._window(self.tag)
        drawn = {}
        for actor in window.renderer.GetViewProps():
            mapper = actor.GetMapper() if actor.IsA("vtkActor2D") and actor is not window._image else None
            if isinstance(mapper, vtk.vtkImageMapper):
                drawn[actor] = mapper.GetInputAlgorithm().GetMTime()
        self._first_shown = {actor: self._first_shown.get(actor, time) for actor, time in drawn.items()}
        return [actor for actor, time in drawn.items() if time == self._first_shown[actor]]

    def _draw_soon(self) -> None:
        if not self._waiting:
            self._waiting = True
            self._desktop._later(0, self.draw)

    def destroy(self) -> None:
        """The widget is gone; whoever still holds it gets errors."""
        for thing, tag in self._tags:
            thing.RemoveObserver(tag)
        self._alive = False
        if not self.is_slice:
            recently = [True]
            self._desktop._gone[self.tag] = lambda: recently[0]
            self._desktop._later(_CAMERA_MS, lambda: recently.__setitem__(0, False))

    def _living(self, name: str, call: Callable[[], Any]) -> Callable[[], Any]:
        def checked() -> Any:
            if not self._alive:
                kind = "qMRMLSliceView" if self.is_slice else "qMRMLThreeDView"
                raise ValueError(f"Trying to call '{name}' on a destroyed {kind} object")
            return call()

        return checked

    def _composite_changed(self, composite: Any, _event: str) -> None:
        background = composite.GetBackgroundVolumeID()
        if background == self._background:
            return
        self._background = background
        self._desktop._later(0, self._slider_reports)

    def _slider_reports(self) -> None:
        """The offset slider was given a range around its old value, 0, and tells the slice so."""
        if not self._alive:
            return
        logic, bounds = self._view.logic, [0.0, 0.0]
        resolution = vtk.reference(1.0)
        try:
            logic.GetSliceOffsetRangeResolution(bounds, resolution)
        except TypeError:
            bounds = [-1e9, 1e9]
        logic.StartSliceOffsetInteraction()
        logic.SetSliceOffset(min(max(0.0, bounds[0]), bounds[1]))
        logic.EndSliceOffsetInteraction()

    def _slice_changed(self, *_: Any) -> None:
        self._draw_soon()


class _PlotWidget:
    def __init__(self, node: Any) -> None:
        self._node = node
        self.slots: list[tuple[str, Callable]] = []
        # mrmlPlotViewNode of the view is not Q_INVOKABLE: PythonQt does not show it
        self._view = SimpleNamespace(connect=lambda signal, slot: self.slots.append((signal, slot)))

    def plotView(self) -> Any:
        return self._view

    def mrmlPlotViewNode(self) -> Any:
        return self._node

    def click(self, series: Any, row: int) -> None:
        """The user clicks on a point of a curve."""
        ids, picked, rows = vtk.vtkStringArray(), vtk.vtkCollection(), vtk.vtkIdTypeArray()
        ids.InsertNextValue(series.GetID())
        rows.InsertNextValue(row)
        picked.AddItem(rows)
        for _signal, slot in self.slots:
            slot(None, None)  # the first emission is empty
            slot(ids, picked)


class DataProbe:
    """Slicer's DataProbe as far as it writes into the corners of slice views; it keeps views by their names."""

    def __init__(self, desktop: Desktop) -> None:
        self._desktop = desktop
        self.sliceViewAnnotationsEnabled = 1
        self.sliceViewNames: list[str] = []
        self.sliceViews: dict[str, Any] = {}
        self.sliceWidgets: dict[str, Any] = {}
        self.renderers: dict[str, Any] = {}
        self._observations: list[tuple[Any, int, Callable]] = []
        self.infoWidget = SimpleNamespace(sliceAnnotations=self)

    def watch(self, name: str, logic: Any) -> None:
        """Slicer's factory tells the DataProbe of a new view through another view's change: done at once here."""
        self.updateViewAnnotations(logic, "ModifiedEvent", name)

    def updateViewAnnotations(self, caller: Any, _event: str, name: str = "") -> None:
        if not self.sliceViewAnnotationsEnabled:
            return
        for each in [name] if name else self._desktop.sliceViewNames():
            if each not in self.sliceViewNames:
                widget = self._desktop.sliceWidget(each)
                if widget is None:
                    continue
                self.sliceViewNames.append(each)
                self.sliceWidgets[each], self.sliceViews[each] = widget, widget.sliceView()
                self.renderers[each] = widget.sliceView().renderWindow().GetRenderers().GetFirstRenderer()
                self.addObserver(widget.sliceLogic(), vtk.vtkCommand.ModifiedEvent, self.updateViewAnnotations)
                self._desktop._later(0, self._annotate_all)
        self._annotate(caller)

    def hear_of_all(self) -> None:
        """A removal changes other views, which the DataProbe hears of while the view that goes is still in the list."""
        for widget in list(self._desktop._widgets.values()):
            if widget.is_slice:
                self.updateViewAnnotations(widget.outside.sliceLogic(), "ModifiedEvent")

    def _annotate_all(self) -> None:
        """What the DataProbe does when a new view has come."""
        for name in self.sliceViewNames if self.sliceViewAnnotationsEnabled else ():
            widget = self._desktop.sliceWidget(name)
            if widget is not None:
                self._annotate(widget.sliceLogic())

    def _annotate(self, caller: Any) -> None:
        node = caller.GetBackgroundLayer().GetSliceNode() if caller.GetBackgroundLayer() else None
        if node is None:
            return
        try:
            view = self.sliceViews[node.GetLayoutName()]
            composite = caller.GetSliceCompositeNode()
            volume = caller.GetBackgroundLayer().GetVolumeNode()
            if composite is not None and volume is not None:
                view.cornerAnnotation().SetText(0, f"B: {volume.GetName()}")
                view.scheduleRender()
        except Exception:  # an exception in a slot leaves a line on the console, nothing else
            self._desktop.console.append(traceback.format_exc())

    def addObserver(self, thing: Any, event: Any, method: Callable) -> None:
        self._observations.append((thing, thing.AddObserver(event, method), method))

    def removeObserver(self, thing: Any, _event: Any, method: Callable) -> None:
        for entry in [e for e in self._observations if e[0] is thing and e[2] == method]:
            thing.RemoveObserver(entry[1])
            self._observations.remove(entry)


def _width_of(element: ElementTree.Element) -> int:
    if element.tag == "view":
        return SLICE_WIDTH if element.attrib["class"] == "vtkMRMLSliceNode" else OTHER_WIDTH
    widths = [_width_of(item[0]) for item in element.findall("item")]
    return sum(widths) + 4 * (len(widths) - 1) if element.attrib.get("type") == "horizontal" else max(widths)
