"""Whether a volume's slices are where its own geometry says.

Slicer loads a series with a tilted gantry or uneven slices as an even volume under an "acquisition transform": what
looks like good slices is not.
"""

from __future__ import annotations

import numpy as np
import slicer
import vtk

from CTEnhanceLib.errors import InputRefusedError
from CTEnhanceLib.scene.nodes import matrix_array

_SHEAR_TOLERANCE = 1e-3


def hidden_distortion(node: slicer.vtkMRMLTransformableNode) -> str:
    """Why the slices are not where they seem to be, in a sentence; empty when they are."""
    transform = node.GetParentTransformNode()
    if transform is None:
        return ""
    if not transform.IsTransformToWorldLinear():
        return (
            f"The slices are uneven or tilted: the volume stands under the acquisition transform "
            f"'{transform.GetName()}', which hides it; choose a series with even slices and without gantry tilt."
        )
    matrix = vtk.vtkMatrix4x4()
    transform.GetMatrixTransformToWorld(matrix)
    columns = matrix_array(matrix)[:3, :3]
    if np.abs(columns.T @ columns - np.eye(3)).max() > _SHEAR_TOLERANCE:
        return (
            f"The transform '{transform.GetName()}' above the volume stretches or shears it (gantry tilt, perhaps); "
            "remove the transform, or harden and resample the volume."
        )
    return ""


def refuse_hidden_distortion(node: slicer.vtkMRMLTransformableNode) -> None:
    """Refuse a volume whose slices are not where they seem to be.

    Raises:
        InputRefusedError: With the reason.
    """
    reason = hidden_distortion(node)
    if reason:
        raise InputRefusedError(reason)
