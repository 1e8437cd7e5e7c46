"""The report of a run: what was done, met and measured (schemas/report.schema.json)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from CTEnhanceLib.ct.acquisition import DICOM_KERNEL, Acquisition
from CTEnhanceLib.version import __version__

if TYPE_CHECKING:
    import SimpleITK as sitk

    from CTEnhanceLib.model.spec import ModelSpec

STATEMENT = "Computed, for research, not for diagnosis."


def make_report(
    *,
    image: sitk.Image,
    volume: sitk.Image,
    spec: ModelSpec,
    model_sha256: str,
    acquisition: Acquisition,
    device: str,
    precision: str,
    figures: dict[str, Any],
    spread: np.ndarray | None,
    warnings: list[str],
    seconds: float,
) -> dict[str, Any]:
    """Put the report together; JSON-ready.

    Args:
        image: The thick-slice volume.
        volume: The thin-slice volume.
        spec: What the model says of itself.
        model_sha256: Hash of its model.json.
        acquisition: How the thick slices were made, with sources.
        device: The device that did the work, in words.
        precision: Precision of the inner layers.
        figures: "consistency" (applied; HU RMSE before, after, cubic) and "clipped" (voxels above, below).
        spread: The confidence volume as an array, or None.
        warnings: Sentences for the user.
        seconds: Time from call to result.
    """
    consistency = figures["consistency"]
    report = {
        "schema_version": 1,
        "program": {"name": "CTEnhance", "version": __version__},
        "statement": STATEMENT,
        "model": {"name": spec.name, "sha256": model_sha256, "method": spec.method, "base": spec.base},
        "input": _grid(image),
        "output": _grid(volume),
        "acquisition": acquisition.describe(),
        "device": device,
        "precision": precision,
        "seconds": round(seconds, 3),
        "consistency": {
            "applied": consistency["applied"],
            "unit": "HU RMSE over the volume, output in whole HU",
            **{name: round(consistency[name], 4) for name in ("before", "after", "cubic")},
        },
        "clipped_voxels": figures["clipped"],
        "warnings": warnings,
    }
    if spread is not None:
        report["confidence"] = _confidence(spread)
    return report


def _grid(image: sitk.Image) -> dict[str, Any]:
    kernel = image.GetMetaData(DICOM_KERNEL) if image.HasMetaDataKey(DICOM_KERNEL) else None
    return {
        "size": list(image.GetSize()),
        "spacing_mm": list(image.GetSpacing()),
        "origin_mm": list(image.GetOrigin()),
        "direction": list(image.GetDirection()),
        **({"kernel": kernel} if kernel else {}),
    }


def _confidence(spread: np.ndarray) -> dict[str, float]:
    twice = spread[spread >= 0]
    return {
        "share_predicted_twice": round(twice.size / spread.size, 4),
        "mean_hu": round(float(twice.mean(dtype=np.float64)), 3) if twice.size else 0.0,
        "percentile_99_hu": round(float(np.percentile(twice[:: max(1, twice.size // 10**6)], 99)), 3)
        if twice.size
        else 0.0,
    }
