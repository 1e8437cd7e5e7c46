from __future__ import annotations

import pytest
import slicer
import vtk

from CTEnhanceLib.errors import InputRefusedError
from CTEnhanceLib.scene.distortion import hidden_distortion
from CTEnhanceLib.scene.output import volume_to_file


def under(node, kind, rows=()):
    """Put a transform above a node; `rows` sets elements of its matrix."""
    transform = node.GetScene().AddNewNodeByClass(kind, "acquisition transform")
    if rows:
        matrix = vtk.vtkMatrix4x4()
        for row, column, value in rows:
            matrix.SetElement(row, column, value)
        transform.SetMatrixTransformToParent(matrix)
    node.SetAndObserveTransformNodeID(transform.GetID())
    return transform


def test_a_volume_without_a_transform_is_as_it_seems(measured):
    assert hidden_distortion(measured) == ""


def test_a_rigid_transform_hides_nothing(measured):
    under(measured, "vtkMRMLLinearTransformNode", [(0, 0, 0.0), (0, 1, -1.0), (1, 0, 1.0), (1, 1, 0.0), (2, 3, 40.0)])
    assert hidden_distortion(measured) == ""


def test_an_acquisition_transform_is_refused_before_a_file_is_written(measured, tmp_path):
    under(measured, "vtkMRMLGridTransformNode")
    with pytest.raises(InputRefusedError, match="uneven or tilted"):
        volume_to_file(measured, tmp_path / "input.nrrd")
    assert list(tmp_path.iterdir()) == []


def test_a_shear_above_a_rigid_transform_is_found(measured):
    rigid = under(measured, "vtkMRMLLinearTransformNode", [(2, 3, 10.0)])
    above = under(rigid, "vtkMRMLLinearTransformNode", [(1, 2, 0.3)])
    assert isinstance(above, slicer.vtkMRMLLinearTransformNode)
    assert "shears it" in hidden_distortion(measured)
