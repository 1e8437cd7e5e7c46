"""One page to keep of a run: what came in, how it was understood, what was done, and how far it can be trusted."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any

from CTEnhanceLib.page.html import document, facts, heading, paragraph, pictures
from CTEnhanceLib.page.pictures import four_pictures

if TYPE_CHECKING:
    import SimpleITK as sitk

_SOURCES = {
    "user": "stated by the user",
    "spacing": "from the spacing of the file",
    "DICOM": "from DICOM",
    "model": "assumed, from the model",
    "thickness": "taken from the thickness",
    "interval": "taken from the interval",
}
LIMITS = (
    "Consistency tells whether the computed slices, put together again, give the measured ones. Detail that adds up to "
    "nothing in a measured slice cannot be checked by any figure without a true thin scan: a line that is seen in the "
    "computed slices and in no measured one is a question, not a finding."
)


def report_page(
    report: dict[str, Any],
    measured: sitk.Image,
    computed: sitk.Image,
    uncertainty: sitk.Image | None = None,
    name: str = "",
) -> str:
    """Give the page as HTML.

    Args:
        report: The report of the run.
        measured: The thick slices.
        computed: The thin slices.
        uncertainty: Their uncertainty, or None.
        name: What to call the input; it may name a patient, so nothing is shown unless it is given.
    """
    parts = [
        heading("CTEnhance: computed thin slices", 1),
        paragraph(str(report.get("statement", "")), "statement"),
        heading("Input, and how it was understood"),
        facts(_input(report, name)),
        heading("What was done"),
        facts(_run(report)),
        heading("How far to trust it"),
        facts(_trust(report)),
        paragraph(LIMITS, "note"),
        *[paragraph(f"Warning: {warning}") for warning in report.get("warnings", [])],
        heading("Pictures"),
        pictures(four_pictures(measured, computed, uncertainty)),
    ]
    return document("CTEnhance report", parts)


def _input(report: dict[str, Any], name: str) -> list[tuple[str, str]]:
    grid, lines = report["input"], []
    if name:
        lines.append(("name", name))
    lines.append(("voxels", f"{_by(grid['size'])}, {_by(grid['spacing_mm'])} mm"))
    if grid.get("kernel"):
        lines.append(("kernel", grid["kernel"]))
    for key, entry in report["acquisition"].items():
        value = f"{entry['value']:.4g} mm" if isinstance(entry["value"], (int, float)) else str(entry["value"])
        words = key.removesuffix("_mm").replace("_", " ").replace("fwhm", "width at half maximum")
        lines.append((words, f"{value} ({_SOURCES.get(entry['source'], entry['source'])})"))
    return lines


def _run(report: dict[str, Any]) -> list[tuple[str, str]]:
    model, output = report["model"], report["output"]
    detail = model.get("detail")
    lines = [
        ("model", f"{model['name']}, sha256 {model['sha256'][:16]}..."),
        ("output", f"{_by(output['size'])} voxels, {_by(output['spacing_mm'])} mm"),
    ]
    if detail is not None:
        lines.append(("detail", f"{detail:g} (0 accurate, 1 crisp)"))
    program = report["program"]
    lines.append(("device", f"{report['device']}, {report['precision']}, {report['seconds']:.1f} s"))
    lines.append(("versions", f"{program['name']} {program['version']}, Python {platform.python_version()}"))
    return lines


def _trust(report: dict[str, Any]) -> list[tuple[str, str]]:
    consistency = report["consistency"]
    lines = [
        (
            "against the measured slices",
            f"{consistency['after']:.2f} HU RMSE; before the back-projection {consistency['before']:.2f}, "
            f"cubic interpolation {consistency['cubic']:.2f}",
        )
    ]
    bars = report.get("uncertainty")
    if bars is None:
        lines.append(("uncertainty", "not computed"))
    elif bars.get("bone_voxels"):
        shares = ", ".join(
            f"above {level}: {100 * share:.1f} %" for level, share in bars["share_of_bone_above"].items()
        )
        lines.append(("uncertainty in bone", f"median {bars['median_in_bone_hu']:g} HU; {shares}"))
        lines.append(("which means", bars["meaning"]))
    clipped = report["clipped_voxels"]
    lines.append(
        ("outside the 12-bit scale", f"{clipped['above']} voxels above 3071 HU, {clipped['below']} below -1024")
    )
    return lines


def _by(numbers: list[float]) -> str:
    return " x ".join(f"{number:.4g}" for number in numbers)
