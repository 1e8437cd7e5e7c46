"""Stand-in for Slicer's base classes of scripted modules: only what a module author relies on."""

from __future__ import annotations

import unittest
from pathlib import Path

import slicer

__all__ = [
    "ScriptedLoadableModule",
    "ScriptedLoadableModuleLogic",
    "ScriptedLoadableModuleTest",
    "ScriptedLoadableModuleWidget",
]


class ScriptedLoadableModule:
    """Describes a module; ``parent`` is what Slicer's module manager keeps of it."""

    def __init__(self, parent):
        self.parent = parent
        self.moduleName = type(self).__name__


class ScriptedLoadableModuleWidget:
    """Owns the panel inside ``parent``, whose layout is ready."""

    def __init__(self, parent=None):
        self.moduleName = type(self).__name__[: -len("Widget")]
        self.developerMode = False
        self.parent = parent
        self.layout = parent.layout()

    def resourcePath(self, filename):
        return str(Path(slicer.util.modulePath(self.moduleName)).parent / "Resources" / filename)

    def setup(self):
        pass

    def cleanup(self):
        pass

    def onReload(self):
        slicer.util.reloadScriptedModule(self.moduleName)


class ScriptedLoadableModuleLogic:
    """Knows the singleton parameter node of its module."""

    def __init__(self, parent=None):
        self.moduleName = type(self).__name__[: -len("Logic")]

    def getParameterNode(self):
        node = slicer.mrmlScene.GetSingletonNode(self.moduleName, "vtkMRMLScriptedModuleNode")
        if node is None:
            node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
            node.UnRegister(None)
            node.SetSingletonTag(self.moduleName)
            node.SetName(self.moduleName)
            node = slicer.mrmlScene.AddNode(node)
        node.SetAttribute("ModuleName", self.moduleName)  # closing a scene removes it
        return node


class ScriptedLoadableModuleTest(unittest.TestCase):
    """A test case that Slicer can run from the module's panel."""

    def delayDisplay(self, message, requestedDelay=None, msec=None):
        pass

    def runTest(self):
        pass
