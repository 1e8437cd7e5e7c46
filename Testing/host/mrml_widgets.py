"""Slicer's own Qt widgets that know the MRML scene, as far as the panel uses them."""

# ruff: noqa: N801, N815 - the names are Qt's and Slicer's

from __future__ import annotations

from typing import Any

import ctk
import qt


class qSlicerWidget(qt.QWidget):
    """A widget that hands its scene on to the widgets in it (in Slicer the .ui file's connections do that)."""

    mrmlSceneChanged = qt.Signal(object)

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._scene = None

    def setMRMLScene(self, scene: Any) -> None:
        self._scene = scene
        self.mrmlSceneChanged.emit(scene)
        for child in self.findChildren(qt.QWidget):
            if child is not self and hasattr(child, "setMRMLScene"):
                child.setMRMLScene(scene)

    def mrmlScene(self) -> Any:
        return self._scene


class qMRMLWidget(qSlicerWidget):
    pass


class qSlicerScriptedLoadableModuleWidget(qMRMLWidget):
    """What a module's widget gets as its parent."""

    isEntered = False
    reload: Any = None
    module_widget: Any = None

    def self(self) -> Any:
        """The module's Python widget."""
        return self.module_widget


class qMRMLSliderWidget(ctk.ctkSliderWidget):
    pass


class qMRMLSpinBox(ctk.ctkDoubleSpinBox):
    pass


class qMRMLRangeWidget(ctk.ctkRangeWidget):
    pass


def _text_property(name: str, default: Any) -> Any:
    kind = type(default) if default != [] else list
    return qt.Property(
        kind if kind is not list else "QStringList",
        lambda self: self.__dict__.get(name, default),
        lambda self, value: (self.__dict__.__setitem__(name, value), self._follow_scene())[0],
    )


class qMRMLNodeComboBox(qt.QComboBox):
    """A node selector with two habits of the real one.

    When the chosen node is deleted it picks another; while a scene is closed or loaded its choice changes, and
    whoever is connected hears of it.
    """

    currentNodeChanged = qt.Signal(object)
    nodeTypes = _text_property("_nodeTypes", [])
    showChildNodeTypes = _text_property("_showChildNodeTypes", True)
    noneEnabled = _text_property("_noneEnabled", False)
    noneDisplay = _text_property("_noneDisplay", "None")
    addEnabled = _text_property("_addEnabled", True)
    removeEnabled = _text_property("_removeEnabled", True)
    renameEnabled = _text_property("_renameEnabled", False)
    selectNodeUponCreation = _text_property("_selectNodeUponCreation", True)
    baseName = _text_property("_baseName", "")

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._scene: Any = None
        self._node: Any = None
        self._tags: list[int] = []
        self.activated.connect(self._picked)

    def setMRMLScene(self, scene: Any) -> None:
        for tag in self._tags:
            self._scene.RemoveObserver(tag)
        self._scene, self._tags = scene, []
        if scene is not None:
            events = (scene.NodeAddedEvent, scene.NodeRemovedEvent, scene.EndCloseEvent, scene.EndImportEvent)
            self._tags = [scene.AddObserver(event, self._follow_scene) for event in events]
            self._tags.append(scene.AddObserver(scene.StartImportEvent, self._forget_while_importing))
        self._follow_scene()

    def nodes(self) -> list:
        if self._scene is None:
            return []
        found = [self._scene.GetNthNode(i) for i in range(self._scene.GetNumberOfNodes())]
        return [node for node in found if self._accepts(node)]

    def currentNode(self) -> Any:
        return self._node

    def setCurrentNode(self, node: Any) -> None:
        if node is not None and not self._accepts(node):
            node = None
        if node is not self._node:
            self._node = node
            self._show()
            self.currentNodeChanged.emit(node)

    def setCurrentNodeID(self, node_id: str) -> None:
        self.setCurrentNode(self._scene.GetNodeByID(node_id) if node_id else None)

    def addNode(self) -> Any:
        node = self._scene.AddNewNodeByClass(self.nodeTypes[0], self.baseName)
        self.setCurrentNode(node)
        return node

    def _accepts(self, node: Any) -> bool:
        if node.GetHideFromEditors():
            return False
        if self.showChildNodeTypes:
            return any(node.IsA(kind) for kind in self.nodeTypes)
        return node.GetClassName() in self.nodeTypes

    def _forget_while_importing(self, *_: Any) -> None:
        self.setCurrentNode(None)

    def _follow_scene(self, *_: Any) -> None:
        if self._scene is None:
            return
        nodes = self.nodes()
        if self._node is not None and self._node not in nodes:
            self.setCurrentNode(nodes[0] if nodes else None)  # as the real one does
        self._show()

    def _show(self) -> None:
        self.blockSignals(True)
        self.clear()
        nodes = self.nodes()
        if self.noneEnabled or self._node is None:
            self.addItem(self.noneDisplay)
        self.addItems([node.GetName() for node in nodes])
        self.currentIndex = self.count - len(nodes) + nodes.index(self._node) if self._node in nodes else 0
        self.blockSignals(False)

    def _picked(self, index: int) -> None:
        nodes = self.nodes()
        position = index - (self.count - len(nodes))
        self.setCurrentNode(nodes[position] if position >= 0 else None)


class qMRMLSubjectHierarchyTreeView(qt.QTreeView):
    pass


WIDGETS = (
    qSlicerWidget,
    qMRMLWidget,
    qSlicerScriptedLoadableModuleWidget,
    qMRMLSliderWidget,
    qMRMLSpinBox,
    qMRMLRangeWidget,
    qMRMLNodeComboBox,
    qMRMLSubjectHierarchyTreeView,
)
