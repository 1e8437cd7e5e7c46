from __future__ import annotations

import json

import numpy as np
import pytest
import slicer
import vtk
from vtk.util.numpy_support import numpy_to_vtk

from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.errors import InputRefusedError
from CTEnhanceLib.scene.comparison.comparison import Comparison
from CTEnhanceLib.scene.figures.figures import (
    assumed_profile,
    figure_table,
    own_figures_table,
    reference_figures,
    slice_chart,
    world_of_position,
)
from CTEnhanceLib.scene.figures.profile_line import ProfileLine, width_10_90
from CTEnhanceLib.scene.figures.region import Region, region_mask
from CTEnhanceLib.scene.figures.tables import clicked_x
from CTEnhanceLib.scene.nodes import voxels


def _column(table, number):
    return [table.GetTable().GetValue(row, number).ToString() for row in range(table.GetTable().GetNumberOfRows())]


def test_figures_stand_in_a_table_with_the_baselines_above_the_computed_volume(measured, computed, reference):
    figures = reference_figures(measured, computed, reference)
    table = figure_table(measured.GetScene(), figures)
    assert _column(table, 0) == ["thick slice repeated", "cubic", "cubic + back-projection", "computed"]
    titles = [table.GetColumnName(index) for index in range(table.GetNumberOfColumns())]
    assert titles == ["in bone", "PSNR, dB", "MSE", "SSIM", "bias, HU", "edge width, mm"]
    psnr = [float(value) for value in _column(table, 1)]
    # what is called computed here was made by cubic + back-projection
    assert psnr[3] == pytest.approx(psnr[2], abs=0.05)
    assert psnr[0] < psnr[1] <= psnr[3] + 0.05


def test_a_perfect_volume_has_no_error_no_bias_and_the_edges_of_the_reference(measured, computed, reference):
    voxels(computed)[:] = voxels(reference)
    row = reference_figures(measured, computed, reference).rows["computed"]
    assert row.slices.pooled_mse == 0
    assert row.bias == 0
    assert row.slices.mean("ssim") == pytest.approx(1.0)


def test_the_yardstick_takes_the_measured_profile_of_the_report_and_says_so_when_there_is_none(measured, computed):
    entries = {
        "profile_shape": "weights",
        "profile_fwhm_mm": 3.0,
        "profile_weights": [0.2, 0.6, 0.2],
        "profile_step_mm": 1.5,
    }
    acquisition = {name: {"value": value, "source": "model"} for name, value in entries.items()}
    computed.SetAttribute("CTEnhance.Report", json.dumps({"acquisition": acquisition}))
    assert assumed_profile(computed, 3.0) == (SliceProfile("weights", 3.0, (0.2, 0.6, 0.2), 1.5), None)
    del acquisition["profile_weights"]
    computed.SetAttribute("CTEnhance.Report", json.dumps({"acquisition": acquisition}))
    profile, note = assumed_profile(computed, 3.0)
    assert profile == SliceProfile("box", 3.0)
    assert "takes a box of 3 mm" in note


def test_the_region_changes_what_is_measured(measured, computed, reference):
    voxels(computed)[:] = voxels(reference)
    voxels(computed)[:, :, :24] += 100
    computed.GetImageData().Modified()
    scene = measured.GetScene()
    roi = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "half")
    bounds = [0.0] * 6
    reference.GetRASBounds(bounds)
    middle = [(bounds[0] + bounds[1]) / 2, (bounds[2] + bounds[3]) / 2, (bounds[4] + bounds[5]) / 2]
    roi.SetXYZ(middle[0] - 14, *middle[1:])
    roi.SetRadiusXYZ(8, 100, 100)
    figures = reference_figures(measured, computed, reference, Region(roi=roi))
    assert figures.region == "in box 'half'"
    assert figures.rows["computed"].slices.pooled_mse == 0
    roi.SetXYZ(middle[0] + 14, *middle[1:])
    assert reference_figures(measured, computed, reference, Region(roi=roi)).rows["computed"].bias == pytest.approx(100)


def test_a_region_can_be_a_threshold_a_box_a_segment_or_all_of_them(measured, reference):
    above = region_mask(Region(threshold=1000.0), reference)
    assert np.array_equal(above, voxels(reference) > 1000)
    segmentation = reference.GetScene().AddNewNodeByClass("vtkMRMLSegmentationNode", "bones")
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(reference)
    painted = np.zeros(voxels(reference).shape, np.uint8)
    painted[8:20, 10:30, 15:40] = 1
    grid = slicer.vtkSlicerSegmentationsModuleLogic.CreateOrientedImageDataFromVolumeNode(reference)
    grid.GetPointData().SetScalars(numpy_to_vtk(painted.ravel(), deep=True))
    segment = segmentation.AddSegmentFromBinaryLabelmapRepresentation(grid, "radius", [1, 0, 0])
    inside = region_mask(Region(segmentation=segmentation, segment=segment), reference)
    assert np.array_equal(inside, painted > 0)
    with pytest.raises(InputRefusedError, match="'bones' has no segment 'ulna'"):
        region_mask(Region(segmentation=segmentation, segment="ulna"), reference)
    both = Region(threshold=1000.0, segmentation=segmentation, segment=segment)
    assert np.array_equal(region_mask(both, reference), above & inside)
    assert both.name == "above 1000 HU, in segment 'radius'"


def test_an_empty_region_is_refused(reference):
    with pytest.raises(InputRefusedError, match="'true tube' has no voxel above 9000 HU"):
        region_mask(Region(threshold=9000.0), reference)


def test_a_click_in_the_plot_goes_to_its_slice(view_host, measured, computed, reference):
    comparison = Comparison(measured, computed, view_host=view_host, reference=reference)
    figures = reference_figures(measured, computed, reference)
    chart = slice_chart(view_host.scene, figures)
    comparison.show_figures(figure_table(view_host.scene, figures), chart)
    names = [chart.GetNthPlotSeriesNode(index).GetName() for index in range(chart.GetNumberOfPlotSeriesNodes())]
    assert names == ["thick slice repeated", "cubic", "cubic + back-projection", "computed"]
    series, indices, selections = vtk.vtkStringArray(), vtk.vtkIdTypeArray(), vtk.vtkCollection()
    series.InsertNextValue(chart.GetNthPlotSeriesNodeID(3))
    indices.InsertNextValue(5)
    selections.AddItem(indices)
    position = clicked_x(view_host.scene, series, selections)
    assert position == pytest.approx(figures.positions[5])
    comparison.show("axial")
    comparison.go_to_slice(position)
    first = world_of_position(measured, 0.0)
    assert comparison.slice_views[0].logic.GetSliceOffset() == pytest.approx(first[2] + position)
    assert clicked_x(view_host.scene, vtk.vtkStringArray(), vtk.vtkCollection()) is None
    comparison.leave()


def test_positions_count_from_the_lowest_slice_whichever_way_the_volume_is_stored(measured):
    lowest = world_of_position(measured, 0.0)[2]
    directions = vtk.vtkMatrix4x4()
    measured.GetIJKToRASDirectionMatrix(directions)
    count = measured.GetImageData().GetDimensions()[2]
    measured.SetOrigin(*measured.GetOrigin()[:2], lowest + 3.0 * (count - 1))
    directions.SetElement(2, 2, -1.0)
    measured.SetIJKToRASDirectionMatrix(directions)
    assert world_of_position(measured, 0.0)[2] == pytest.approx(lowest)
    assert world_of_position(measured, 6.0)[2] == pytest.approx(lowest + 6.0)


def test_without_a_reference_consistency_and_bone_values_are_listed(measured, computed):
    table = own_figures_table(measured, computed)
    lines = dict(zip(_column(table, 0), map(float, _column(table, 1))))
    assert lines["against the measured slices, HU RMSE: computed, after"] == 0.5
    assert lines["against the measured slices, HU RMSE: cubic interpolation"] == 12.0
    bone = voxels(measured)[voxels(measured) > 200]
    assert lines["HU above 200, measured: mean"] == pytest.approx(bone.mean(), abs=0.01)


@pytest.mark.parametrize("width", [0.5, 1.0, 3.0])
def test_the_10_90_width_of_a_ramp_is_80_percent_of_it(width):
    distances = np.arange(0, 20, 0.05)
    values = 40 + 1000 * np.clip((distances - 8) / width, 0, 1)
    assert width_10_90(distances, values) == pytest.approx(0.8 * width, abs=0.06)


def test_a_profile_without_an_edge_has_no_width():
    assert np.isnan(width_10_90(np.arange(10.0), np.full(10, 40.0)))
    assert np.isnan(width_10_90(np.arange(10.0), np.full(10, np.nan)))


@pytest.fixture
def line(view_host):
    node = view_host.scene.AddNewNodeByClass("vtkMRMLMarkupsLineNode", "gap")
    node.AddControlPointWorld(vtk.vtkVector3d(-4.0, -50.0, 104.0))
    node.AddControlPointWorld(vtk.vtkVector3d(-4.0, -50.0, 130.0))
    return node


def test_a_line_gives_both_curves_in_one_chart_with_their_widths(view_host, measured, computed, line):
    comparison = Comparison(measured, computed, view_host=view_host)
    profile = ProfileLine(comparison.volumes, line)
    assert set(profile.widths) == {"measured", "computed"}
    assert 0 < profile.widths["computed"] < profile.widths["measured"] + 0.5
    assert profile.chart.GetTitle() == "HU along the line"
    assert profile.figures.GetTable().GetColumnName(1) == "gap width, mm"
    assert profile.chart.GetNumberOfPlotSeriesNodes() == 2
    at_voxel = voxels(measured)[2, 25, 30]
    matrix = vtk.vtkMatrix4x4()
    measured.GetIJKToRASMatrix(matrix)
    start = matrix.MultiplyPoint((30, 25, 2, 1))[:3]
    line.SetNthControlPointPositionWorld(0, *start)
    assert profile.table.GetTable().GetColumnByName("measured").GetValue(0) == pytest.approx(at_voxel)


def test_removing_a_profile_leaves_the_line_and_nothing_else(view_host, measured, computed, line):
    comparison = Comparison(measured, computed, view_host=view_host)
    before = view_host.scene.GetNumberOfNodes()
    ProfileLine(comparison.volumes, line).remove()
    assert view_host.scene.GetNumberOfNodes() == before


def test_a_line_that_is_not_placed_yet_is_refused(view_host, measured, computed):
    empty = view_host.scene.AddNewNodeByClass("vtkMRMLMarkupsLineNode", "empty")
    comparison = Comparison(measured, computed, view_host=view_host)
    with pytest.raises(InputRefusedError, match="'empty' has no two points"):
        ProfileLine(comparison.volumes, empty)


def test_tables_and_charts_are_made_without_a_word_on_the_console(view_host, measured, computed, line, capfd):
    comparison = Comparison(measured, computed, view_host=view_host)
    capfd.readouterr()
    ProfileLine(comparison.volumes, line).remove()
    assert capfd.readouterr().err == ""
    comparison.leave()


def test_a_line_is_seen_in_the_slice_it_was_drawn_in(view_host, measured, computed, line):
    comparison = Comparison(measured, computed, view_host=view_host)
    comparison.show("coronal")
    ends = [[0.0] * 3, [0.0] * 3]
    for index, end in enumerate(ends):
        line.GetNthControlPointPositionWorld(index, end)
    line.SetNthControlPointPositionWorld(1, ends[1][0], ends[0][1], ends[1][2])  # into one coronal plane
    comparison.jump(ends[0])
    line.CreateDefaultDisplayNodes()
    with_line = comparison.view_host.grab("CTECCoronal").astype(int)
    line.GetDisplayNode().SetVisibility(False)
    assert np.abs(with_line - comparison.view_host.grab("CTECCoronal")).max() > 100
    comparison.leave()
