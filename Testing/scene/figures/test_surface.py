from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from CTEnhanceLib.errors import InputRefusedError, OutputError
from CTEnhanceLib.scene.comparison.comparison import Comparison
from CTEnhanceLib.scene.figures.surface import (
    SURFACE_ATTRIBUTE,
    UNCERTAINTY_ARRAY,
    SurfaceOptions,
    SurfacePair,
    bone_surface,
    export_stl,
)
from CTEnhanceLib.scene.nodes import add_volume, image_from_node, voxels
from CTEnhanceLib.scene.output import UNCERTAINTY_REFERENCE


def _ball(radius, *, crumbs=False, spacing=(0.5, 0.5, 1.0)):
    """A ball of 1000 HU around RAS (-10, -10, 10); the index axes run to the patient's left, back and up."""
    size = [round(20 / s) for s in spacing]
    z, y, x = (np.arange(n) * s - 10 for n, s in zip(size[::-1], spacing[::-1]))
    distance = np.sqrt(x[None, None] ** 2 + y[None, :, None] ** 2 + z[:, None, None] ** 2)
    values = np.clip(1000 * (radius - distance) + 500, 0, 1000)
    if crumbs:
        values[1:3, 1:3, 1:3] = 1000
    image = sitk.GetImageFromArray(values.astype(np.int16))
    image.SetSpacing(spacing)
    return image


def _points(model):
    return vtk_to_numpy(model.GetPolyData().GetPoints().GetData())


def _volume(mesh):
    mass = vtk.vtkMassProperties()
    mass.SetInputData(mesh)
    return mass.GetVolume()


def test_a_surface_lies_where_the_bone_is_in_the_patient(scene):
    model = bone_surface(add_volume(scene, _ball(6), "ball"), SurfaceOptions(500))
    distance = np.linalg.norm(_points(model) - (-10, -10, 10), axis=1)
    assert distance.mean() == pytest.approx(6, abs=0.1)
    assert _volume(model.GetPolyData()) == pytest.approx(4 / 3 * np.pi * 6**3, rel=0.05)


def test_bone_that_is_cut_off_by_the_volume_still_has_a_closed_surface(scene):
    model = bone_surface(add_volume(scene, _ball(13), "ball"), SurfaceOptions(500))
    edges = vtk.vtkFeatureEdges()
    edges.SetInputData(model.GetPolyData())
    edges.FeatureEdgesOff()
    edges.Update()
    assert edges.GetOutput().GetNumberOfCells() == 0


def test_small_parts_are_left_out_and_the_model_says_how_it_was_made(scene):
    volume = add_volume(scene, _ball(6, crumbs=True), "ball")
    kept = bone_surface(volume, SurfaceOptions(500, smallest_part=0.0, smoothing=0))
    model = bone_surface(volume, SurfaceOptions(500, smallest_part=20.0, smoothing=0))
    assert np.linalg.norm(_points(kept) - (-10, -10, 10), axis=1).max() > 10
    assert np.linalg.norm(_points(model) - (-10, -10, 10), axis=1).max() < 7
    assert model.GetAttribute(SURFACE_ATTRIBUTE) == (
        "bone above 500 HU, parts with a surface below 20 mm2 left out, not smoothed"
    )
    smoothed = bone_surface(volume, SurfaceOptions(500)).GetAttribute(SURFACE_ATTRIBUTE)
    assert smoothed.endswith("smoothed 10 times (windowed sinc, pass band 0.1)")


def test_the_distance_is_positive_where_the_computed_surface_lies_outside(scene):
    pair = SurfacePair(
        add_volume(scene, _ball(5), "left"), add_volume(scene, _ball(6), "computed"), SurfaceOptions(500)
    )
    assert pair.distance.mean == pytest.approx(1.0, abs=0.1)
    signed = vtk_to_numpy(pair.computed.GetPolyData().GetPointData().GetArray("CTEnhance distance"))
    assert signed.min() > 0.5
    assert pair.distance.mean <= pair.distance.percentile_95 <= signed.max() < 1.6


def test_a_surface_is_written_for_printing_in_lps(scene, tmp_path):
    model = bone_surface(add_volume(scene, _ball(6), "ball"), SurfaceOptions(500))
    reader = vtk.vtkSTLReader()
    reader.SetFileName(str(export_stl(model, tmp_path / "ball.stl")))
    reader.Update()
    read = vtk_to_numpy(reader.GetOutput().GetPoints().GetData())
    assert np.allclose(read.mean(0), (10, 10, 10), atol=0.2)


def test_what_cannot_be_made_or_written_is_refused_in_words(scene, tmp_path):
    volume = add_volume(scene, _ball(6), "ball")
    with pytest.raises(InputRefusedError, match="'ball' has no surface at 2500 HU"):
        bone_surface(volume, SurfaceOptions(2500))
    with pytest.raises(OutputError, match="cannot be written"):
        export_stl(bone_surface(volume), tmp_path / "missing" / "ball.stl")


def test_the_3d_views_can_show_surfaces_with_their_distance(view_host, measured, computed, tmp_path):
    nodes = view_host.scene.GetNumberOfNodes()
    comparison = Comparison(measured, computed, view_host=view_host)
    comparison.show("3d")
    comparison.set(bone_as="surface", surface_hu=500.0)
    assert comparison.bone.displays == []
    pictures = {tag: view_host.grab(tag).astype(float) for tag in ("CTEM3D", "CTEC3D")}
    amber = pictures["CTEM3D"]
    assert (amber[..., 0] - amber[..., 2] > 40).mean() > 0.03
    colored = pictures["CTEC3D"]
    assert (colored[..., 0] - colored[..., 2] > 40).any() and (colored[..., 2] - colored[..., 0] > 40).any()
    assert comparison.labels["CTEM3D"].note.startswith("surface at 500 HU")
    assert "distance from the left one, red outside" in comparison.labels["CTEC3D"].note
    assert 0 < comparison.surfaces.distance.mean < 1.5
    assert [path.is_file() for path in comparison.surfaces.export(tmp_path)] == [True, True]
    comparison.set(bone_as="rendering")
    assert len(comparison.bone.displays) == 2
    comparison.leave()
    assert view_host.scene.GetNumberOfNodes() == nodes
    assert view_host.scene.GetNumberOfNodesByClass("vtkMRMLColorLegendDisplayNode") == 0
    assert isinstance(measured, slicer.vtkMRMLScalarVolumeNode)


def test_the_surface_can_be_coloured_by_the_uncertainty_instead(view_host, measured, computed):
    values = voxels(computed).astype(np.float32)
    columns = np.linspace(0, 100, values.shape[2], dtype=np.float32)
    image = sitk.GetImageFromArray(np.broadcast_to(columns, values.shape).copy())
    image.CopyInformation(image_from_node(computed))
    bars = add_volume(view_host.scene, image, "bars")
    computed.SetNodeReferenceID(UNCERTAINTY_REFERENCE, bars.GetID())
    nodes = view_host.scene.GetNumberOfNodes()
    comparison = Comparison(measured, computed, view_host=view_host)
    comparison.show("3d")
    comparison.set(bone_as="uncertainty", surface_hu=500.0)
    mesh = comparison.surfaces.computed.GetPolyData()
    found = vtk_to_numpy(mesh.GetPointData().GetArray(UNCERTAINTY_ARRAY))
    to_index = vtk.vtkMatrix4x4()
    computed.GetRASToIJKMatrix(to_index)
    across = [to_index.MultiplyPoint((*point, 1))[0] for point in vtk_to_numpy(mesh.GetPoints().GetData())]
    assert np.allclose(found, np.interp(across, np.arange(len(columns)), columns), atol=0.1)
    assert "its uncertainty in HU" in comparison.labels["CTEC3D"].note
    assert comparison.surfaces.legend.GetTitleText() == "HU"
    colored = view_host.grab("CTEC3D").astype(float)
    assert ((colored[..., 0] > 180) & (colored[..., 2] < 150)).any()  # yellow
    assert ((colored[..., 2] - colored[..., 1] > 30) & (colored[..., 0] < 120)).any()  # violet
    comparison.set(bone_as="surface")
    assert "distance from the left one" in comparison.labels["CTEC3D"].note
    assert comparison.surfaces.legend.GetTitleText() == "mm"
    comparison.leave()
    assert view_host.scene.GetNumberOfNodes() == nodes
