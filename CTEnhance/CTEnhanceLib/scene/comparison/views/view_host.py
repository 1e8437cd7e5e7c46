"""Where views come from: the Slicer desktop's layout manager, or (`offscreen`) no desktop at all.

Everything else in this package works on the two small view classes below, so the same code runs in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Protocol

import numpy as np
import slicer
import vtk

from CTEnhanceLib.errors import UsageError
from CTEnhanceLib.scene.comparison.views.data_probe import forget_view
from CTEnhanceLib.scene.comparison.views.layouts import LAYOUTS, OWN_IDENTIFIERS
from CTEnhanceLib.scene.nodes import matrix_array


class _View:
    """What both kinds of view have in common."""

    node: slicer.vtkMRMLAbstractViewNode

    @property
    def tag(self) -> str:
        """Singleton tag of the view node."""
        return str(self.node.GetSingletonTag())


@dataclass
class SliceView(_View):
    """A slice view that is on show.

    Attributes:
        node: Its slice node.
        composite: Which volumes it shows, and whether it is linked.
        logic: Reslices the volumes.
        renderer: Lowest renderer of its window; own actors go here.
        interactor: Where its mouse events come from.
        render: Asks for a new picture.
    """

    node: slicer.vtkMRMLSliceNode
    composite: slicer.vtkMRMLSliceCompositeNode
    logic: slicer.vtkMRMLSliceLogic
    renderer: vtk.vtkRenderer
    interactor: vtk.vtkRenderWindowInteractor
    render: Callable[[], None]

    @property
    def normal(self) -> np.ndarray:
        """Normal of its plane, RAS, shape (3,)."""
        return matrix_array(self.node.GetSliceToRAS())[:3, 2]


@dataclass
class VolumeView(_View):
    """A 3D view that is on show.

    Attributes:
        node: Its view node.
        renderer: Lowest renderer of its window; own actors go here.
        interactor: Where its mouse events come from.
        render: Asks for a new picture.
    """

    node: slicer.vtkMRMLViewNode
    renderer: vtk.vtkRenderer
    interactor: vtk.vtkRenderWindowInteractor
    render: Callable[[], None]

    @property
    def camera(self) -> slicer.vtkMRMLCameraNode | None:
        """The camera node that looks into this view."""
        cameras = self.node.GetScene().GetNodesByClass("vtkMRMLCameraNode")
        cameras.UnRegister(None)
        for index in range(cameras.GetNumberOfItems()):
            if cameras.GetItemAsObject(index).GetLayoutName() == self.node.GetLayoutName():
                return cameras.GetItemAsObject(index)
        return None


class ViewHost(Protocol):
    """What the comparison needs of the place where its views stand."""

    scene: slicer.vtkMRMLScene
    volume_rendering: slicer.vtkSlicerVolumeRenderingLogic

    def layout(self) -> int:
        """Number of the user's layout on show; never 0, and never one of the comparison's own."""

    def width(self) -> int:
        """Pixels across that the window has for views."""

    def show_layout(self, identifier: int) -> None:
        """Show a layout that was registered."""

    def slice_view(self, tag: str) -> SliceView:
        """A slice view of the layout on show."""

    def volume_view(self, tag: str) -> VolumeView:
        """A 3D view of the layout on show."""

    def close_view(self, tag: str) -> None:
        """Drop the window of a view that no layout shows any more."""

    def later(self, action: Callable[[], None], milliseconds: int = 0) -> None:
        """Run an action when the events now under way have been handled, or some time after that."""

    def every(self, milliseconds: int, action: Callable[[], None]) -> Callable[[], None]:
        """Run an action again and again; call what is returned to stop it."""


class DesktopViewHost:
    """The Slicer desktop."""

    def __init__(self) -> None:
        self.scene = slicer.mrmlScene
        self.volume_rendering = slicer.modules.volumerendering.logic()
        self._manager = slicer.app.layoutManager()
        register_layouts(self._manager.layoutLogic().GetLayoutNode())

    def layout(self) -> int:
        """Number of the user's layout on show; the four views where it has none, or where ours was left on show."""
        shown = int(self._manager.layout)
        return shown if shown and shown not in OWN_IDENTIFIERS else int(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)

    def width(self) -> int:
        """Pixels across that the window has for views."""
        return int(self._manager.viewport().width)

    def show_layout(self, identifier: int) -> None:
        """Show a layout that was registered."""
        self._manager.setLayout(identifier)

    def slice_view(self, tag: str) -> SliceView:
        """A slice view of the layout on show."""
        widget = self._manager.sliceWidget(tag)
        view, logic = widget.sliceView(), widget.sliceLogic()
        return SliceView(
            node=logic.GetSliceNode(),
            composite=logic.GetSliceCompositeNode(),
            logic=logic,
            renderer=view.renderWindow().GetRenderers().GetFirstRenderer(),
            interactor=view.interactor(),
            render=view.scheduleRender,
        )

    def volume_view(self, tag: str) -> VolumeView:
        """A 3D view of the layout on show."""
        node = self.scene.GetSingletonNode(tag, "vtkMRMLViewNode")
        view = self._manager.viewWidget(node).threeDView()  # integer indices are arbitrary
        return VolumeView(
            node=node,
            renderer=view.renderWindow().GetRenderers().GetFirstRenderer(),
            interactor=view.interactor(),
            render=view.scheduleRender,
        )

    def close_view(self, tag: str) -> None:
        """Nothing but the DataProbe holds on to a view's window that goes with its node."""
        forget_view(tag)

    def later(self, action: Callable[[], None], milliseconds: int = 0) -> None:
        """Run an action when the events now under way have been handled, or some time after that."""
        import qt

        # PythonQt looks at the code of what it is to call: a plain function is sure to have some
        qt.QTimer.singleShot(milliseconds, lambda: action())

    def every(self, milliseconds: int, action: Callable[[], None]) -> Callable[[], None]:
        """Run an action again and again; call what is returned to stop it."""
        import qt

        timer = qt.QTimer()
        timer.setInterval(milliseconds)
        timer.connect("timeout()", action)
        timer.start()
        return timer.stop


def register_layouts(layout_node: slicer.vtkMRMLLayoutNode) -> None:
    """Make the comparison's layouts known; to be called at start-up.

    A scene saved in one of them opens with an empty view area in an application that does not know it yet.
    """
    for form in (form for layout in LAYOUTS.values() for form in layout.forms):
        if not layout_node.IsLayoutDescription(form.identifier):
            layout_node.AddLayoutDescription(form.identifier, form.xml)


def desktop_view_host() -> DesktopViewHost:
    """The view host of the running Slicer.

    Raises:
        UsageError: There is no window with views here.
    """
    app = getattr(slicer, "app", None)
    if app is None or app.layoutManager() is None:
        raise UsageError(
            "There is no Slicer window here: pass a view host, "
            "CTEnhanceLib.scene.headless.offscreen.OffscreenViewHost() for pictures without a desktop."
        )
    return DesktopViewHost()
