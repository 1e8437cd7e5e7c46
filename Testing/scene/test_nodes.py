from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
import slicer
import vtk
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from CTEnhanceLib.errors import InputRefusedError
from CTEnhanceLib.scene.nodes import add_volume, image_from_node, update_node, voxels


def _image(direction: np.ndarray, dtype: type = np.int16) -> sitk.Image:
    image = sitk.GetImageFromArray(np.arange(2 * 3 * 4).reshape(2, 3, 4).astype(dtype))
    image.SetSpacing((0.4, 0.5, 3.27))
    image.SetOrigin((-137.762, 12.5, -1371.505))
    image.SetDirection(direction.ravel().tolist())
    return image


def _ras_of(node: slicer.vtkMRMLVolumeNode, index: tuple[int, int, int]) -> np.ndarray:
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    return np.array(matrix.MultiplyPoint((*index, 1.0))[:3])


@settings(max_examples=25, deadline=None)
@given(
    angles=st.tuples(*[st.floats(-180, 180)] * 3),
    flips=st.tuples(*[st.sampled_from((-1.0, 1.0))] * 3),
    index=st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 1)),
)
def test_any_voxel_of_any_orientation_lies_where_it_lay_with_lps_turned_to_ras(angles, flips, index):
    image = _image(Rotation.from_euler("xyz", angles, degrees=True).as_matrix() @ np.diag(flips))
    node = add_volume(slicer.vtkMRMLScene(), image, "any")
    expected = np.array(image.TransformIndexToPhysicalPoint(index)) * (-1, -1, 1)
    assert np.allclose(_ras_of(node, index), expected, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(angles=st.tuples(*[st.floats(-180, 180)] * 3), flip=st.sampled_from((-1.0, 1.0)))
def test_an_image_comes_back_from_its_node_as_it_was(angles, flip):
    image = _image(Rotation.from_euler("xyz", angles, degrees=True).as_matrix() @ np.diag((1, 1, flip)))
    back = image_from_node(add_volume(slicer.vtkMRMLScene(), image, "any"))
    assert np.array_equal(sitk.GetArrayFromImage(back), sitk.GetArrayFromImage(image))
    assert back.GetSpacing() == image.GetSpacing()
    assert np.allclose(back.GetOrigin(), image.GetOrigin(), atol=1e-12)
    assert np.allclose(back.GetDirection(), image.GetDirection(), atol=1e-12)


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.int32, np.float32, np.float64, np.uint8])
def test_the_type_of_the_voxels_is_kept(scene, dtype):
    back = image_from_node(add_volume(scene, _image(np.eye(3), dtype), "any"))
    assert sitk.GetArrayFromImage(back).dtype == dtype


def test_the_image_is_a_copy_that_later_changes_of_the_node_do_not_reach(scene):
    node = add_volume(scene, _image(np.eye(3)), "any")
    image = image_from_node(node)
    voxels(node)[:] = -1
    assert sitk.GetArrayFromImage(image).max() == 23


def test_a_node_is_filled_in_one_step(scene):
    node = add_volume(scene, _image(np.eye(3)), "any")
    seen = []
    node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: seen.append((node.GetSpacing(), voxels(node).shape)))
    thin = sitk.Image((4, 3, 6), sitk.sitkInt16)
    thin.SetSpacing((0.4, 0.5, 1.09))
    update_node(node, thin)
    assert set(seen) == {((0.4, 0.5, 1.09), (6, 3, 4))}


def test_what_dicom_said_of_the_slices_survives_the_node(scene):
    image = _image(np.eye(3))
    image.SetMetaData("0018|0050", "4.0")
    assert image_from_node(add_volume(scene, image, "any")).GetMetaData("0018|0050") == "4.0"


def test_axes_that_are_not_at_right_angles_are_refused(scene):
    node = add_volume(scene, _image(np.eye(3)), "tilted")
    node.SetIJKToRASDirections(1, 0, 0, 0, 1, 0.3, 0, 0, 0.95)
    with pytest.raises(InputRefusedError, match=r"'tilted' are not at right angles"):
        image_from_node(node)


def test_nodes_without_scalar_voxels_are_refused_by_name(scene):
    empty = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "empty")
    labels = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "labels")
    with pytest.raises(InputRefusedError, match="'empty' holds no voxels"):
        image_from_node(empty)
    with pytest.raises(InputRefusedError, match="'labels' is a vtkMRMLLabelMapVolumeNode"):
        image_from_node(labels)
    with pytest.raises(InputRefusedError, match="No input volume"):
        image_from_node(None)
