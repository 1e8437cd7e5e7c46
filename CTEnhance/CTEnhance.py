"""CTEnhance: thin slices from thick-slice bone CT. What the module is; the panel itself is in CTEnhanceLib.panel."""

# ruff: noqa: N815 - Slicer saves and scripts use these parameter names

import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import slicer
import vtk
from slicer import vtkMRMLMarkupsROINode, vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

DOCUMENTATION = "https://github.com/CTEnhance/SlicerCTEnhance/blob/main/docs"


class CTEnhance(ScriptedLoadableModule):
    """Tells Slicer what the module is called and where it belongs."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("CTEnhance")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Image Synthesis")]
        self.parent.dependencies = []
        self.parent.contributors = ["CTEnhance contributors"]
        self.parent.helpText = (
            _(
                "Computes thin slices from a CT of bone with thick slices, and compares them with what was measured. "
                "Choose a volume, press Enhance, look. Computed slices are for research, not for diagnosis."
            )
            + "<p>"
            + " &middot; ".join(
                f'<a href="{DOCUMENTATION}/{page}.md">{words}</a>'
                for page, words in (
                    ("tutorial", _("Tutorial in ten pictures")),
                    ("troubleshooting", _("Troubleshooting")),
                    ("comparison", _("The comparison")),
                    ("glossary", _("What the words mean")),
                    ("models", _("Models")),
                )
            )
            + "</p>"
        )
        self.parent.acknowledgementText = _(
            "The method follows Kim et al., PLOS ONE 2024;19(8):e0308346, and adds context, consistency with the "
            "measured slices and reports."
        )
        slicer.app.connect("startupCompleted()", registerSampleData)
        slicer.app.connect("startupCompleted()", registerLayouts)


def registerSampleData():
    """Offer the wrist phantom in Slicer's Sample Data module."""
    from CTEnhanceLib.panel.sample_data import register_sample_data

    register_sample_data(Path(__file__).parent / "Resources" / "Icons")


def registerLayouts():
    """Make the comparison's layouts known, so that a scene saved in one of them does not open empty."""
    if slicer.app.layoutManager() is not None:
        from CTEnhanceLib.scene.comparison.views.view_host import register_layouts

        register_layouts(slicer.app.layoutManager().layoutLogic().GetLayoutNode())


CHOSEN_NODES = (
    "inputVolume",
    "outputVolume",
    "comparedVolume",
    "referenceVolume",
    "figureBox",
    "figureSegmentation",
    "enhanceBox",
)


class Precision(Enum):
    """Precision of the network's inner layers, as the panel names it."""

    Automatic = "auto"
    Single = "fp32"
    Half = "fp16"
    Brain = "bf16"

    def label(self):
        """What the list shows."""
        return {
            "auto": _("Automatic"),
            "fp32": _("32 bit (exact)"),
            "fp16": _("16 bit (graphics cards)"),
            "bf16": _("16 bit bfloat (current CPUs)"),
        }[self.value]


class Profile(Enum):
    """Shape of the slice profile, as the panel names it."""

    AsFound = ""
    Box = "box"
    Triangle = "triangle"
    Gaussian = "gaussian"
    Model = "model"

    def label(self):
        """What the list shows."""
        return {
            "": _("As found"),
            "box": _("Box (plain means)"),
            "triangle": _("Triangle"),
            "gaussian": _("Gaussian"),
            "model": _("The model's own"),
        }[self.value]


class FigureRegion(Enum):
    """Where figures are taken, as the panel names it."""

    Bone = "bone"
    Whole = "whole"
    Body = "body"
    Threshold = "threshold"
    Box = "box"
    Segment = "segment"

    def label(self):
        """What the list shows."""
        return {
            "bone": _("Bone"),
            "whole": _("Whole volume"),
            "body": _("Body (above -300 HU)"),
            "threshold": _("Above a threshold"),
            "box": _("Inside a box"),
            "segment": _("Inside a segment"),
        }[self.value]


@parameterNodeWrapper
class CTEnhanceParameterNode:
    """The user's choices; saved with the scene.

    inputVolume - the measured CT.
    outputVolume - the volume to fill; none makes a new one.
    comparedVolume, referenceVolume - what is compared: a computed volume, and a true thin one where there is one.
    spacing - distance of the thin slices in mm.
    model - name of an installed model, or a model folder.
    device - as the command line takes it.
    thickness - slice thickness typed in, in mm; 0 takes what is known.
    profile, profileWidth - slice profile chosen, and its width in mm; 0 takes what is known.
    enhanceBox - only what lies in it is enhanced; none enhances the whole volume.
    consistency, uncertainty - see the panel's tool tips.
    detail - 0 (accurate) to 1 (crisp); below 0 takes the one of the model.
    figureRegion - where figures against the reference are taken; what it needs is in the next four.
    figureThreshold - HU that the reference lies above.
    figureBox, figureSegmentation, figureSegment - a box, a segmentation and the identifier of one of its segments.
    """

    inputVolume: vtkMRMLScalarVolumeNode
    outputVolume: vtkMRMLScalarVolumeNode
    comparedVolume: vtkMRMLScalarVolumeNode
    referenceVolume: vtkMRMLScalarVolumeNode
    spacing: Annotated[float, WithinRange(0.3, 5.0)] = 1.0
    model: str = ""
    device: str = "auto"
    precision: Precision = Precision.Automatic
    thickness: Annotated[float, WithinRange(0.0, 20.0)] = 0.0
    profile: Profile = Profile.AsFound
    profileWidth: Annotated[float, WithinRange(0.0, 20.0)] = 0.0
    enhanceBox: vtkMRMLMarkupsROINode
    consistency: bool = True
    uncertainty: bool = False
    detail: float = -1.0
    figureRegion: FigureRegion = FigureRegion.Bone
    figureThreshold: Annotated[float, WithinRange(-1000.0, 3000.0)] = 200.0
    figureBox: vtkMRMLMarkupsROINode
    figureSegmentation: vtkMRMLSegmentationNode
    figureSegment: str = ""


class CTEnhanceWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """Keeps panel and parameter node together while scenes, modules and Slicer itself come and go."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self.panel = None
        self._parameterNode = None
        self._parameterNodeGuiTag = None

    def setup(self):
        """Build the panel."""
        from CTEnhanceLib.panel.panel import Panel
        from CTEnhanceLib.panel.widgets import load_widgets

        ScriptedLoadableModuleWidget.setup(self)
        uiWidget, self.ui = load_widgets(self.resourcePath)
        self.layout.addWidget(uiWidget)
        self.logic = CTEnhanceLogic()
        self.panel = Panel(self.ui, self.resourcePath)

        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self.onSceneAboutToChange)
        self.addObserver(scene, scene.EndCloseEvent, self.onSceneChanged)
        # A scene that is loaded while the selectors are connected would lose its node references to them.
        self.addObserver(scene, scene.StartImportEvent, self.onSceneAboutToBeImported)
        self.addObserver(scene, scene.EndImportEvent, self.onSceneImported)
        self.addObserver(scene, scene.NodeAddedEvent, self.onNodeAdded)
        # Before the selectors hear of it: they would pick another node in its place.
        self.addObserver(scene, scene.NodeAboutToBeRemovedEvent, self.onNodeAboutToBeRemoved, priority=10.0)
        slicer.app.connect("aboutToQuit()", self.onQuit)
        slicer.app.connect("paletteChanged(QPalette)", self.onPaletteChanged)
        self.initializeParameterNode()

    def cleanup(self):
        """Slicer quits, or the module is reloaded: nothing of it may go on."""
        slicer.app.disconnect("aboutToQuit()", self.onQuit)
        slicer.app.disconnect("paletteChanged(QPalette)", self.onPaletteChanged)
        self.setParameterNode(None)
        self.removeObservers()
        if self.panel is not None:
            self.panel.stop()

    def enter(self):
        """The user opens the module."""
        self.initializeParameterNode()
        self.panel.comparison.resume()
        self.panel.reading.come_back()

    def exit(self):
        """The user opens another module: a run goes on, the user's own layout comes back."""
        self.panel.comparison.suspend()
        self.panel.reading.suspend()
        self.setParameterNode(None)

    def onReload(self):
        """Reload the library too: Slicer itself executes only this file again."""
        for name in [n for n in sys.modules if n == "CTEnhanceLib" or n.startswith("CTEnhanceLib.")]:
            del sys.modules[name]
        ScriptedLoadableModuleWidget.onReload(self)

    def onSceneAboutToChange(self, caller=None, event=None):
        """Let go of the parameter node."""
        self.setParameterNode(None)

    def onSceneAboutToBeImported(self, caller=None, event=None):
        """Let go of the views too: the scene that is loaded may bring some of the same names."""
        self.panel.comparison.suspend()
        self.onSceneAboutToChange()

    def onSceneChanged(self, caller=None, event=None):
        """Take the new scene's parameter node, when the module is open."""
        self.panel.forget_scene()
        if self.parent.isEntered:
            self.initializeParameterNode()

    def onSceneImported(self, caller=None, event=None):
        """Open the comparison that the scene was saved with, too."""
        left_open = self.panel.comparison.left_open
        self.onSceneChanged()
        if self.parent.isEntered and not self.panel.comparison.restore():
            self.panel.comparison.left_open = left_open
            self.panel.comparison.resume()

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def onNodeAdded(self, caller, event, node):
        """A CT that is loaded while the module is open is chosen when nothing else was."""
        if self._parameterNode is not None and node.IsA("vtkMRMLScalarVolumeNode"):
            self.panel.later(self.chooseFirstVolume)

    def chooseFirstVolume(self):
        """Choose the first measured volume, when none is chosen."""
        if self._parameterNode is not None and self._parameterNode.inputVolume is None:
            self._parameterNode.inputVolume = self.logic.firstMeasuredVolume()

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def onNodeAboutToBeRemoved(self, caller, event, node):
        """Choose nothing rather than whatever comes next."""
        if self._parameterNode is None:
            return
        self.panel.comparison.volume_goes(node)
        for name in CHOSEN_NODES:
            if getattr(self._parameterNode, name) is node:
                setattr(self._parameterNode, name, None)

    def onQuit(self):
        """End a run before Slicer goes: an orphan would keep computing."""
        self.panel.stop()

    def onPaletteChanged(self, palette=None):
        """Follow Slicer's light or dark style."""
        self.panel.restyle()

    def initializeParameterNode(self):
        """Make sure that there is a parameter node and that the panel shows it."""
        self.setParameterNode(self.logic.getParameterNode())
        self.chooseFirstVolume()

    def setParameterNode(self, parameterNode):
        """Connect the panel to a parameter node; None disconnects it."""
        if self._parameterNode is not None:
            self._parameterNode.disconnectGui(self._parameterNodeGuiTag)
            self.removeObserver(
                self._parameterNode.parameterNode, vtk.vtkCommand.ModifiedEvent, self.onParametersChanged
            )
        self._parameterNode = parameterNode
        if parameterNode is not None:
            self._parameterNodeGuiTag = parameterNode.connectGui(self.ui)
            self.addObserver(parameterNode.parameterNode, vtk.vtkCommand.ModifiedEvent, self.onParametersChanged)
        if self.panel is not None:
            self.panel.connect_parameters(parameterNode)

    def onParametersChanged(self, caller=None, event=None):
        """Something was chosen."""
        self.panel.update()


class CTEnhanceLogic(ScriptedLoadableModuleLogic):
    """What scripts and notebooks use: the same work without the panel."""

    def getParameterNode(self):
        """The user's choices, typed."""
        return CTEnhanceParameterNode(super().getParameterNode())

    def enhance(self, inputVolume, outputVolume=None, **options):
        """Compute thin slices in this process; the arguments are those of `CTEnhanceLib.scene.output.enhance_node`.

        Returns:
            The computed volume.
        """
        from CTEnhanceLib.scene.output import enhance_node

        return enhance_node(inputVolume, outputVolume, **options)

    def firstMeasuredVolume(self):
        """The first volume that was loaded, not computed; none when there is none."""
        from CTEnhanceLib.panel.volumes import first_measured_volume

        return first_measured_volume()


class CTEnhanceTest(ScriptedLoadableModuleTest):
    """The whole way in Slicer itself: phantom, run in its own process, result."""

    def runTest(self):
        """Run all tests."""
        self.test_enhance_in_its_own_process()

    def test_enhance_in_its_own_process(self):
        """Press the button and look at what comes."""
        from CTEnhanceLib.panel.self_test import run_the_whole_way

        self.delayDisplay("Making a small wrist and enhancing it")
        slicer.mrmlScene.Clear()
        run_the_whole_way(self)
        self.delayDisplay("Test passed")
