"""What a reader has to know of fracture lines beside the pictures: how many gaps the model's picture shows."""

from __future__ import annotations

from typing import Any

from slicer.i18n import tr as _

from CTEnhanceLib.errors import CTEnhanceError

GAP_MM = 1.0
_INTERPOLATED, _MEASURED = "cubic + back-projection", "measured"


def fractures_seen(report: dict[str, Any]) -> str:
    """Give one sentence from the fracture study in the model's metrics.json; empty where there is none.

    Args:
        report: Of a computed volume.
    """
    from CTEnhanceLib.model.figures import read_metrics
    from CTEnhanceLib.model.folder import find_model, read_description

    model = report.get("model", {})
    try:
        folder = find_model(str(model.get("name", "")))
        if read_description(folder)[0].sha256 != model.get("sha256"):
            return ""  # computed with other weights than those whose figures are here
        figures = read_metrics(folder).get("fractures")
    except (CTEnhanceError, OSError, ValueError):
        return ""
    detail = model.get("detail")
    method = model["name"] if detail is None else f"{model['name']}, detail {detail:g}"
    seen = {
        row["method"]: round(100 * row["seen"])
        for row in (figures or {}).get("rows", ())
        if (row["kind"], row["angles"], row["size_mm"]) == ("gap", "between slices", GAP_MM)
    }
    if not {method, _INTERPOLATED, _MEASURED} <= set(seen):
        return ""
    return _(
        "A gap of {width:g} mm that lies between slices is seen in {seen} of 100 in such computed slices, in {other} "
        "of 100 in interpolated ones, in {measured} of 100 in the measured ones: look at these too."
    ).format(width=GAP_MM, seen=seen[method], other=seen[_INTERPOLATED], measured=seen[_MEASURED])
