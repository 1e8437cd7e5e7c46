"""What a volume is (measured, interpolated, computed, ...) and how that is said to the reader."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import Any

import slicer

from CTEnhanceLib.ct import geometry
from CTEnhanceLib.scene.nodes import dicom_facts
from CTEnhanceLib.version import RESEARCH_ONLY

REPORT_ATTRIBUTE = "CTEnhance.Report"
KIND_ATTRIBUTE = "CTEnhance.Kind"
DETAIL_ATTRIBUTE = "CTEnhance.KindDetail"
RESEARCH_NOTE = RESEARCH_ONLY


class Kind(str, Enum):
    """What a volume is; `value` is the word the views show."""

    MEASURED = "measured"
    INTERPOLATED = "interpolated"
    COMPUTED = "computed"
    REFERENCE = "reference"
    DIFFERENCE = "difference"
    UNCERTAINTY = "uncertainty"


COLORS: dict[Kind, tuple[float, float, float]] = {
    Kind.MEASURED: (0.98, 0.72, 0.24),
    Kind.INTERPOLATED: (0.72, 0.72, 0.72),
    Kind.COMPUTED: (0.40, 0.72, 1.00),
    Kind.REFERENCE: (0.55, 0.86, 0.50),
    Kind.DIFFERENCE: (1.00, 1.00, 1.00),
    Kind.UNCERTAINTY: (0.85, 0.62, 1.00),
}
"""Amber is measured, blue computed: the same in labels, bars and plots."""


def mark(node: slicer.vtkMRMLVolumeNode, kind: Kind, detail: str = "") -> None:
    """Write on a node what it is; only a volume that was loaded needs no mark: it was measured.

    Args:
        node: The volume.
        kind: What it is.
        detail: Said after that in views, for example the unit.
    """
    node.SetAttribute(KIND_ATTRIBUTE, kind.value)
    node.SetAttribute(DETAIL_ATTRIBUTE, detail or None)


def kind_of(node: slicer.vtkMRMLVolumeNode) -> Kind:
    """What a volume is; one that says nothing of itself was loaded, so it was measured."""
    said = node.GetAttribute(KIND_ATTRIBUTE)
    if said:
        return Kind(said)
    return Kind.COMPUTED if is_computed(node) else Kind.MEASURED


def report_of(computed_node: slicer.vtkMRMLScalarVolumeNode) -> dict[str, Any]:
    """The report of the run that made a volume; empty when the volume was not computed here."""
    return dict(json.loads(computed_node.GetAttribute(REPORT_ATTRIBUTE) or "{}"))


def is_computed(node: slicer.vtkMRMLVolumeNode) -> bool:
    """Whether a volume says of itself that it was computed."""
    return bool(node.GetAttribute(REPORT_ATTRIBUTE))


def slice_axis(measured: slicer.vtkMRMLVolumeNode) -> int:
    """Index axis of a measured volume's slices (0 = i, 1 = j, 2 = k)."""
    return geometry.slice_axis(measured.GetSpacing())


def describe(node: slicer.vtkMRMLVolumeNode, axis: int, kind: Kind) -> str:
    """One line that says what a volume is, as ``COMPUTED · 1 mm slices``.

    Args:
        node: A volume in a view.
        axis: Slice axis of the measured volume.
        kind: What it is.
    """
    detail = node.GetAttribute(DETAIL_ATTRIBUTE) or f"{node.GetSpacing()[axis]:.3g} mm slices"
    count = measured_series(node) if kind is Kind.COMPUTED else 1
    if count > 1:
        detail += f" from {count} measured series"
    elif kind is Kind.MEASURED and not node.GetAttribute(DETAIL_ATTRIBUTE):
        # a further series is thick along an axis of its own
        detail = f"{node.GetSpacing()[slice_axis(node)]:.3g} mm slices"
    return f"{kind.value.upper()} · {detail}"


def measured_series(computed: slicer.vtkMRMLVolumeNode) -> int:
    """How many measured series a computed volume was made from."""
    return int(report_of(computed).get("measured_series", 1))


@dataclass(frozen=True)
class AssumedSlices:
    """What was assumed of the measured slices.

    Attributes:
        thickness: Extent of a slice along its axis (the profile's full width at half maximum), mm.
        text: The same in words, with the source.
    """

    thickness: float
    text: str


def assumed_slices(measured: slicer.vtkMRMLVolumeNode, computed: slicer.vtkMRMLVolumeNode | None) -> AssumedSlices:
    """Which slice thickness and profile the computation assumed; DICOM or the spacing where nothing was computed."""
    interval = measured.GetSpacing()[slice_axis(measured)]
    acquisition: dict[str, Any] = report_of(computed).get("acquisition", {}) if computed is not None else {}
    if acquisition:
        width, shape = acquisition["profile_fwhm_mm"], acquisition["profile_shape"]
        text = profile_words(shape["value"], width["value"])
        how = "estimated from" if width["source"] == "estimated" else "from"
        said = f"slices every {interval:.3g} mm, assumed to be {text} ({how} {source_words(width['source'])}"
        uncertainty = width.get("uncertainty_mm")
        said += ")" if uncertainty is None else f", \u00b1 {uncertainty:.1g} mm)"
        return AssumedSlices(float(width["value"]), said)
    thickness = dicom_facts(measured).get("0018|0050")
    if thickness:
        width = float(thickness)
        return AssumedSlices(width, f"slices every {interval:.3g} mm, {width:.3g} mm thick (DICOM)")
    return AssumedSlices(interval, f"slices every {interval:.3g} mm")


def profile_words(shape: str, fwhm: float) -> str:
    """A slice profile in words: how tissue along the slice axis enters a slice."""
    width = f"{fwhm:.3g} mm"
    words = {"box": f"plain {width} means", "triangle": f"triangular means, {width} wide"}
    return words.get(shape, f"{shape.capitalize()} means, {width} wide")


def source_words(source: str) -> str:
    """Where a number comes from, as the reader says it."""
    words = {"user": "you", "model": "the model", "interval": "their distance", "thickness": "their thickness"}
    words.update(estimated="the slices themselves", assumed="assumption")
    return words.get(source, source)
