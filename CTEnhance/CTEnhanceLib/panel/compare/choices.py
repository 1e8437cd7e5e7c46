"""What the lists of the Compare section offer, in the reader's words."""

from __future__ import annotations

from slicer.i18n import tr as _


def comparison_choices() -> dict[str, list[tuple[str, str]]]:
    """What each list offers: key and words. The keys are those of `scene.settings`, which a test compares."""
    return {
        "layout": [
            ("fracture", _("Fracture: coronal, sagittal, 3D")),
            ("overview", _("Overview: all planes")),
            ("axial", _("Axial pair")),
            ("coronal", _("Coronal pair")),
            ("sagittal", _("Sagittal pair")),
            ("3d", _("3D pair")),
            ("third", _("Three columns: with map or reference")),
            ("figures", _("Coronal pair with plot and table")),
            ("table", _("Coronal pair with table")),
        ],
        "left": [
            ("measured", _("Measured slices, as they are")),
            ("nearest", _("Measured, nearest slice repeated")),
            ("linear", _("Measured, linear interpolation")),
            ("cubic", _("Measured, cubic interpolation")),
        ],
        "blend": [
            ("none", _("Computed")),
            ("reveal", _("Measured left of the mouse")),
            ("checkerboard", _("Checkerboard of both")),
            ("flicker", _("Both in turn")),
            ("difference", _("Difference map")),
            ("uncertainty", _("Uncertainty")),
        ],
        "third": [
            ("difference", _("Difference map")),
            ("reference", _("Thin reference")),
            ("uncertainty", _("Uncertainty")),
        ],
        "bone_as": [
            ("rendering", _("Volume rendering")),
            ("surface", _("Surfaces with distance")),
            ("uncertainty", _("Surfaces with uncertainty")),
        ],
        "preset": [(name, name) for name in ("CT-Bone", "CT-Bones", "CT-Cropped-Volume-Bone")],
        "look": [
            ("anterior", _("Anterior")),
            ("posterior", _("Posterior")),
            ("left", _("Left")),
            ("right", _("Right")),
            ("superior", _("Superior")),
            ("inferior", _("Inferior")),
        ],
    }
