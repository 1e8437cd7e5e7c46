"""Removing the comparison's views without leaving nodes of theirs in the scene.

A view leaves much behind when it goes: a slice view its composite and its slice model with display and transform, a
3D view its camera, which Slicer makes anew if it is removed too early.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import slicer

from CTEnhanceLib.scene.comparison.views.data_probe import annotations_off
from CTEnhanceLib.scene.comparison.views.layouts import PLOT_VIEW, TABLE_VIEW, VIEWS, ViewSpec
from CTEnhanceLib.scene.comparison.views.view_host import SliceView, ViewHost, VolumeView

CAMERA_GOES_AFTER_MS = 60
"""A camera that is removed within some 20 ms after its view is made again."""


def remove_own_views(view_host: ViewHost, views: Sequence[SliceView | VolumeView] = ()) -> None:
    """Remove the nodes of views and what Slicer made for them; no layout may show them any more.

    Args:
        view_host: Where the views stood.
        views: Every view that was on show at any time; views that came with a scene are found by themselves.
    """
    scene, later, tags = view_host.scene, [], [view.tag for view in views]
    with annotations_off():
        for view in views:
            # Looked up before the view goes, removed after it: a view that is still there makes them again.
            belongings = slice_belongings(view) if isinstance(view, SliceView) else []
            node = view.node
            view_host.close_view(view.tag)
            remove_present(scene, [node, *belongings])
            later += belongings
        remove_present(scene, [node for node in _never_shown(scene) if not node.IsA("vtkMRMLCameraNode")])

    def clean_up() -> None:
        for tag in tags:
            if own_view_node(scene, VIEWS[tag]) is None:
                view_host.close_view(tag)
        remove_present(scene, _without_a_view(scene, later))

    view_host.later(clean_up, CAMERA_GOES_AFTER_MS)


def own_view_node(scene: slicer.vtkMRMLScene, spec: ViewSpec) -> slicer.vtkMRMLAbstractViewNode | None:
    """The node of one of the comparison's views, where it exists."""
    return scene.GetSingletonNode(spec.tag, "vtkMRMLViewNode" if spec.is_3d else "vtkMRMLSliceNode")


def _never_shown(scene: slicer.vtkMRMLScene) -> list[slicer.vtkMRMLNode]:
    """Views of other layouts that came with a saved scene."""
    kinds = (
        "vtkMRMLSliceCompositeNode",
        "vtkMRMLSliceDisplayNode",
        "vtkMRMLSliceNode",
        "vtkMRMLViewNode",
        "vtkMRMLCameraNode",
    )
    found = [scene.GetSingletonNode(tag, kind) for tag in VIEWS for kind in kinds]
    singletons = (("vtkMRMLPlotViewNode", PLOT_VIEW), ("vtkMRMLTableViewNode", TABLE_VIEW))
    found += [scene.GetSingletonNode(tag, kind) for kind, tag in singletons]
    return [node for node in found if node is not None]


def _without_a_view(scene: slicer.vtkMRMLScene, nodes: Iterable[slicer.vtkMRMLNode]) -> list[slicer.vtkMRMLNode]:
    """What is still there of views that are gone; a view of the same name may have come meanwhile."""
    gone = {tag for tag, spec in VIEWS.items() if own_view_node(scene, spec) is None}
    cameras = [scene.GetNthNodeByClass(i, "vtkMRMLCameraNode") for i in range(_count(scene, "vtkMRMLCameraNode"))]
    left = [camera for camera in cameras if camera.GetLayoutName() in gone]
    left += [node for node in _never_shown(scene) if node.GetSingletonTag() in gone]
    return [*left, *(node for node in nodes if not node.IsA("vtkMRMLCameraNode"))]


def _count(scene: slicer.vtkMRMLScene, kind: str) -> int:
    return int(scene.GetNumberOfNodesByClass(kind))


def slice_belongings(view: SliceView) -> list[slicer.vtkMRMLNode]:
    """What Slicer made for a slice view beside its slice node."""
    logic = view.logic
    made = (
        logic.GetSliceModelNode(),
        logic.GetSliceModelDisplayNode(),
        logic.GetSliceDisplayNode(),
        logic.GetSliceModelTransformNode(),
        view.composite,
    )
    return [node for node in made if node is not None]


def remove_present(scene: slicer.vtkMRMLScene, nodes: Iterable[slicer.vtkMRMLNode]) -> None:
    """Remove the nodes that are still in the scene."""
    for node in nodes:
        if scene.IsNodePresent(node):
            scene.RemoveNode(node)
