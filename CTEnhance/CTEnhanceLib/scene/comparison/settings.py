"""What a comparison shows and how, kept in a node so that it is saved with the scene."""

from __future__ import annotations

import json
import logging
import math
from dataclasses import asdict, dataclass, replace

import slicer

from CTEnhanceLib.ct.intensity import COMPACT_BONE_ABOVE_HU
from CTEnhanceLib.ct.interpolation import KINDS
from CTEnhanceLib.errors import UsageError
from CTEnhanceLib.scene.comparison.bone import PRESETS
from CTEnhanceLib.scene.comparison.views.layouts import LAYOUTS

logger = logging.getLogger(__name__)

NODE_TAG = "CTEnhanceComparison"
MEASURED_REFERENCE = "CTEnhance.Measured"
COMPUTED_REFERENCE = "CTEnhance.Computed"
REFERENCE_REFERENCE = "CTEnhance.Reference"
_SETTINGS = "settings"
_OLD_WORD = ("confidence", "uncertainty")  # what scenes of the first version call it

AS_MEASURED = "measured"
LEFT = (AS_MEASURED, *KINDS)
BLENDS = ("none", "reveal", "checkerboard", "flicker", "difference", "uncertainty")
THIRD = ("difference", "reference", "uncertainty")
BONE_AS = ("rendering", "surface", "uncertainty")


@dataclass(frozen=True)
class Settings:
    """What a comparison shows and how.

    Attributes:
        layout: Name of one of `LAYOUTS`.
        left: What stands on the left: the measured slices as they are, or interpolated (one of `LEFT`).
        blend: What the computed views show beside the computed volume (one of `BLENDS`).
        third: What the third column shows (one of `THIRD`).
        guides: Whether slice views show the crosshair and where the other slices cut them.
        bone_as: How the 3D views show bone: volume rendering, surfaces with their distance, or with the uncertainty.
        preset: Preset of the bone rendering.
        shift: HU by which its curves are moved up.
        shading: Whether its surfaces are lit.
        surface_hu: HU at which the surfaces lie.
        distance_mm: Distance of the surfaces at which the colours are full.
        difference_hu: HU at which the colours of the difference map are full.
        uncertainty_hu: HU at which the colour of the uncertainty is full, over slices and on the surface.
        layout_before: The user's own layout, by Slicer's number.
    """

    layout: str = "fracture"
    left: str = AS_MEASURED
    blend: str = "none"
    third: str = "difference"
    guides: bool = True
    bone_as: str = "rendering"
    preset: str = PRESETS[0]
    shift: float = 150.0
    shading: bool = True
    surface_hu: float = COMPACT_BONE_ABOVE_HU
    distance_mm: float = 1.5
    difference_hu: float = 400.0
    uncertainty_hu: float = 100.0
    layout_before: int = 0

    def changed(self, **changes: object) -> Settings:
        """The same with some values replaced.

        Raises:
            UsageError: There is no such setting, or a value is none of those that can be chosen.
        """
        for name, value in changes.items():
            _check_kind(name, value)
        choices = {
            "layout": tuple(LAYOUTS),
            "left": LEFT,
            "blend": BLENDS,
            "third": THIRD,
            "bone_as": BONE_AS,
            "preset": PRESETS,
        }
        for name, allowed in choices.items():
            if changes.get(name, allowed[0]) not in allowed:
                raise UsageError(f"There is no {name} '{changes[name]}': choose one of {', '.join(allowed)}.")
        return replace(self, **changes)  # type: ignore[arg-type]


def _check_kind(name: str, value: object) -> None:
    """Check that a setting exists and that its value is of the kind of its default."""
    defaults = asdict(Settings())
    if name not in defaults:
        raise UsageError(f"There is no setting '{name}': choose one of {', '.join(defaults)}.")
    default = defaults[name]
    if isinstance(default, bool):
        fits, kind = isinstance(value, bool), "True or False"
    elif isinstance(default, (int, float)):
        fits = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        kind = "a number"
    else:
        fits, kind = isinstance(value, str), "a word"
    if not fits:
        raise UsageError(f"The setting '{name}' must be {kind}, not {value!r}.")


def write_settings(
    scene: slicer.vtkMRMLScene,
    settings: Settings,
    measured: slicer.vtkMRMLVolumeNode,
    computed: slicer.vtkMRMLVolumeNode,
    reference: slicer.vtkMRMLVolumeNode | None,
) -> None:
    """Keep settings and volumes of the comparison in the scene.

    Args:
        scene: Keeps them.
        settings: What is shown and how.
        measured: The measured volume.
        computed: The computed volume.
        reference: The reference, or None.
    """
    node = settings_node(scene)
    if node is None:
        node = slicer.vtkMRMLScriptedModuleNode()
        node.SetSingletonTag(NODE_TAG)
        node.SetName(NODE_TAG)
        node.SetModuleName("CTEnhance")
        node.SetHideFromEditors(True)
        node = scene.AddNode(node)
    node.SetParameter(_SETTINGS, json.dumps(asdict(settings)))
    node.SetNodeReferenceID(MEASURED_REFERENCE, measured.GetID())
    node.SetNodeReferenceID(COMPUTED_REFERENCE, computed.GetID())
    node.SetNodeReferenceID(REFERENCE_REFERENCE, reference.GetID() if reference is not None else None)


def read_settings(node: slicer.vtkMRMLScriptedModuleNode) -> Settings:
    """Settings kept in a node; what this version does not know is left out, so that a scene always opens."""
    settings = Settings()
    for name, value in json.loads((node.GetParameter(_SETTINGS) or "{}").replace(*_OLD_WORD)).items():
        try:
            settings = settings.changed(**{name: value})
        except UsageError as error:
            logger.warning("A setting of the saved comparison is left out. %s", error)
    return settings


def settings_node(scene: slicer.vtkMRMLScene) -> slicer.vtkMRMLScriptedModuleNode | None:
    """The node that keeps the comparison of a scene, or None."""
    return scene.GetSingletonNode(NODE_TAG, "vtkMRMLScriptedModuleNode")
