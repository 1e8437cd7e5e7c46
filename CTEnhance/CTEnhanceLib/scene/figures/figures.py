"""How far to trust a computed volume: figures against a reference, or from what is known without one.

The measures are those of `CTEnhanceLib.evaluation`; here they are taken from MRML volumes and put into tables and
charts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

import numpy as np
import SimpleITK as sitk
import slicer
import vtk

from CTEnhanceLib.ct.intensity import BONE_ABOVE_HU
from CTEnhanceLib.ct.placement import at_positions, common_positions, place
from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.enhancement.uncertainty import LEVELS_HU
from CTEnhanceLib.evaluation.baselines import YARDSTICK, baseline_slices
from CTEnhanceLib.evaluation.catalogue import BIAS, EDGE_WIDTH, MSE, PSNR, SSIM
from CTEnhanceLib.evaluation.measures.bone_values import bone_values
from CTEnhanceLib.evaluation.measures.edges import Edges, edge_width, find_edges
from CTEnhanceLib.evaluation.measures.metrics import SliceFigures, compare
from CTEnhanceLib.evaluation.measures.regions import counted_slices
from CTEnhanceLib.scene.figures.region import Region, region_mask
from CTEnhanceLib.scene.figures.tables import Curve, add_chart, add_table
from CTEnhanceLib.scene.nodes import image_from_node, matrix_array, voxels
from CTEnhanceLib.scene.output import uncertainty_of
from CTEnhanceLib.scene.provenance import COLORS, Kind, report_of, slice_axis

ROWS = {"thick slice repeated": "repeat", "cubic": "cubic", YARDSTICK: YARDSTICK}
COMPUTED = "computed"
POSITION = "position along the slice axis, mm"
_CURVE_COLORS = {
    "thick slice repeated": COLORS[Kind.MEASURED],
    "cubic": (0.55, 0.55, 0.55),
    YARDSTICK: (0.35, 0.35, 0.35),
    COMPUTED: COLORS[Kind.COMPUTED],
}


@dataclass(frozen=True)
class RowFigures:
    """Figures of one volume in the region.

    Attributes:
        slices: PSNR, MSE and SSIM slice by slice.
        bias: Mean of volume minus reference, HU.
        edge_width: 10-90 % width of the reference's edges along the slice axis, mm; NaN where it has none.
    """

    slices: SliceFigures
    bias: float
    edge_width: float


@dataclass(frozen=True)
class ReferenceFigures:
    """Figures of the computed volume beside the baselines.

    Attributes:
        region: Where they were taken.
        positions: Of the slices that count, mm from the first measured slice, ascending, (slices,).
        rows: By name: the thick slice repeated, cubic, cubic + back-projection, computed.
        notes: Sentences the reader has to know.
    """

    region: str
    positions: np.ndarray
    rows: dict[str, RowFigures]
    notes: tuple[str, ...]


def reference_figures(
    measured: slicer.vtkMRMLScalarVolumeNode,
    computed: slicer.vtkMRMLScalarVolumeNode,
    reference: slicer.vtkMRMLScalarVolumeNode,
    region: Region | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> ReferenceFigures:
    """Measure the computed volume and the baselines against a reference.

    Args:
        measured: The thick slices.
        computed: The volume computed from them.
        reference: True thin slices of the same scan, on the same in-plane grid.
        region: Where to measure; bone when left out.
        progress: Called with ("figures", rows done, rows in all).

    Raises:
        InputRefusedError: The volumes are not of one scan, or the region is empty.
    """
    region = region or Region()
    thick = image_from_node(measured)
    truth_image = image_from_node(reference)
    source = place(thick, thick, "the measured volume")
    truth = place(truth_image, thick, "the reference")
    inside = place(_with_voxels(truth_image, region_mask(region, reference)), thick, "the region")
    ours = place(image_from_node(computed), thick, "the computed volume")
    places = common_positions(truth, {"the measured volume": source, "the computed volume": ours})
    counted, few = counted_slices(len(places))
    slices = at_positions(truth, places, "the reference")[0][counted].astype(np.float32)
    mask = at_positions(inside, places, "the region")[0][counted] > 0
    edges = find_edges(slices, mask, truth.spacing, source.spacing)
    profile, guessed = assumed_profile(computed, source.spacing)
    rows = {}
    for name, kind in ROWS.items():
        thin = baseline_slices(source.slices, source.positions, places, kind, profile)
        rows[name] = _row(thin[counted], slices, mask, edges)
        if progress is not None:
            progress("figures", len(rows), len(ROWS) + 1)
    thin, moved = at_positions(ours, places, "the computed volume")
    rows[COMPUTED] = _row(thin[counted].astype(np.float32), slices, mask, edges)
    notes = tuple(note for note in (few, moved, guessed) if note)
    return ReferenceFigures(region.name, places[counted], rows, notes)


def assumed_profile(computed: slicer.vtkMRMLScalarVolumeNode, interval: float) -> tuple[SliceProfile, str | None]:
    """Give the slice profile that the computation assumed.

    Args:
        computed: The computed volume; its report names the profile.
        interval: Interval of the measured slices, mm.

    Returns:
        The profile, and a sentence for the reader where the report does not name it: then it is a box as wide as the
        interval.
    """
    stated = {name: entry["value"] for name, entry in report_of(computed).get("acquisition", {}).items()}
    shape, fwhm = stated.get("profile_shape"), stated.get("profile_fwhm_mm")
    if shape in ("box", "triangle", "gaussian") and fwhm:
        return SliceProfile(shape, float(fwhm)), None
    if "profile_weights" in stated:
        weights = tuple(float(weight) for weight in stated["profile_weights"])
        width, step = float(stated["profile_fwhm_mm"]), float(stated["profile_step_mm"])
        return SliceProfile("weights", width, weights, step), None
    return SliceProfile("box", interval), (
        f"'{computed.GetName()}' does not say which slice profile it was computed with, so the back-projection it is "
        f"compared with takes a box of {interval:.3g} mm: compute the volume again for a fair comparison."
    )


def figure_table(scene: slicer.vtkMRMLScene, figures: ReferenceFigures) -> slicer.vtkMRMLTableNode:
    """Put the figures into a table, one row for each volume."""
    rows = figures.rows
    columns: dict[str, list[object]] = {
        f"in {figures.region}": list(rows),
        PSNR.title(): [PSNR.rounded(row.slices.pooled_psnr) for row in rows.values()],
        MSE.title(): [row.slices.pooled_mse for row in rows.values()],
        SSIM.title(): [SSIM.rounded(row.slices.mean("ssim")) for row in rows.values()],
        BIAS.title(): [BIAS.rounded(row.bias) for row in rows.values()],
        EDGE_WIDTH.title(): [EDGE_WIDTH.rounded(row.edge_width) for row in rows.values()],
    }
    return add_table(scene, f"Figures {figures.region}", columns)


def slice_chart(scene: slicer.vtkMRMLScene, figures: ReferenceFigures) -> slicer.vtkMRMLPlotChartNode:
    """Draw the PSNR of each slice; a click on a point goes to its slice (`Comparison.go_to_slice`)."""
    columns: dict[str, list[object]] = {POSITION: list(figures.positions)}
    columns.update({name: list(row.slices.psnr) for name, row in figures.rows.items()})
    table = add_table(scene, f"PSNR by slice, {figures.region}", columns)
    curves = [Curve(name, _CURVE_COLORS[name], 3.0 if name == COMPUTED else 1.5) for name in figures.rows]
    return add_chart(table, POSITION, curves, f"PSNR against the reference, {figures.region}", PSNR.unit)


def own_figures_table(
    measured: slicer.vtkMRMLScalarVolumeNode, computed: slicer.vtkMRMLScalarVolumeNode
) -> slicer.vtkMRMLTableNode:
    """What can be said without a reference: consistency, HU of bone on both sides, uncertainty in bone.

    What a network invents between the measured slices is in none of these figures.
    """
    lines: dict[str, float] = {}
    consistency = report_of(computed).get("consistency", {})
    for key, words in (("before", "computed, before"), ("after", "computed, after"), ("cubic", "cubic interpolation")):
        if key in consistency:
            lines[f"against the measured slices, HU RMSE: {words}"] = consistency[key]
    for side, node in ((Kind.MEASURED.value, measured), (COMPUTED, computed)):
        bone = voxels(node)[voxels(node) > BONE_ABOVE_HU]
        if bone.size:
            lines[f"HU above {BONE_ABOVE_HU:g}, {side}: mean"] = float(bone.mean())
            for percent, value in zip((5, 50, 95), np.percentile(bone, (5, 50, 95))):
                lines[f"HU above {BONE_ABOVE_HU:g}, {side}: {percent} % below"] = float(value)
    lines |= _uncertainty_in_bone(computed)
    return add_table(
        computed.GetScene(),
        f"{computed.GetName()}: without a reference",
        {"figure": list(lines), "value": [round(value, 3) for value in lines.values()]},
    )


def _uncertainty_in_bone(computed: slicer.vtkMRMLScalarVolumeNode) -> dict[str, float]:
    node = uncertainty_of(computed)
    if node is None:
        return {}
    bone = voxels(node)[voxels(computed) > BONE_ABOVE_HU]
    if not bone.size:
        return {}
    lines = {"uncertainty in bone, HU: median": float(np.median(bone))}
    lines["uncertainty in bone, HU: 95 % below"] = float(np.percentile(bone, 95))
    for level in LEVELS_HU:
        lines[f"share of bone with an uncertainty above {level} HU"] = float(np.mean(bone > level))
    return lines


def world_of_position(measured: slicer.vtkMRMLScalarVolumeNode, position: float) -> np.ndarray:
    """World RAS of the middle of the slice at a position, mm from the first measured slice (canonical order)."""
    axis = slice_axis(measured)
    matrix = vtk.vtkMatrix4x4()
    measured.GetIJKToRASMatrix(matrix)
    column = np.array([-1.0, -1.0, 1.0]) * matrix_array(matrix)[:3, axis]
    flipped = column[np.argmax(np.abs(column))] < 0
    dimensions = measured.GetImageData().GetDimensions()
    index = [(count - 1) / 2 for count in dimensions]
    steps = position / measured.GetSpacing()[axis]
    index[axis] = dimensions[axis] - 1 - steps if flipped else steps
    world = [0.0, 0.0, 0.0]
    measured.TransformPointToWorld(matrix.MultiplyPoint([*index, 1.0])[:3], world)
    return np.array(world)


def _row(candidate: np.ndarray, truth: np.ndarray, mask: np.ndarray, edges: Edges) -> RowFigures:
    width, values = edge_width(candidate, edges), bone_values(candidate, truth, mask)
    return RowFigures(
        compare(candidate, truth, {"region": mask})["region"],
        float("nan") if values is None else values.bias,
        float("nan") if width is None else width,
    )


def _with_voxels(image: sitk.Image, mask: np.ndarray) -> sitk.Image:
    result = sitk.GetImageFromArray(mask.astype(np.uint8))
    result.CopyInformation(image)
    return result
