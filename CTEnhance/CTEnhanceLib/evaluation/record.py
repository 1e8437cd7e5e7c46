"""The figures as JSON (schemas/metrics.schema.json) and as CSV, one line for each slice."""

from __future__ import annotations

import csv
import io
import math
from typing import Any

import numpy as np

from CTEnhanceLib.ct.intensity import BODY_ABOVE_HU, BONE_ABOVE_HU, STORED_MAX
from CTEnhanceLib.evaluation.baselines import YARDSTICK
from CTEnhanceLib.evaluation.evaluate import Evaluation
from CTEnhanceLib.evaluation.rows import Row

SCHEMA_VERSION = 1
CONVENTIONS = {
    "psnr_range": STORED_MAX,
    "mse": "on clip(HU + 1024, 0, 4095) / 4095",
    "ssim": "2D, 12-bit value, Gaussian window 11 with sigma 1.5, population covariance, mean over slices",
    "body": f"reference > {BODY_ABOVE_HU:g} HU, dilated once (6 neighbours)",
    "bone": f"reference > {BONE_ABOVE_HU:g} HU, dilated once (6 neighbours)",
}


def record(evaluation: Evaluation) -> dict[str, Any]:
    """The evaluation as a JSON-able dict; a figure that does not exist (no bone, identical slices) is null."""
    truth, counted = evaluation.truth, evaluation.truth.counted
    yardstick = evaluation.row(YARDSTICK)
    return finite(
        {
            "schema_version": SCHEMA_VERSION,
            "conventions": CONVENTIONS,
            "acquisition": evaluation.acquisition.describe(),
            "grid": {
                "spacing_mm": truth.spacing,
                "interval_mm": truth.interval,
                "slices_compared": len(truth.positions),
                "slices_counted": counted.stop - counted.start,
                "first_position_mm": float(truth.positions[0]),
            },
            "notes": evaluation.notes,
            "reference": evaluation.reference_figures,
            "rows": [_row(row, yardstick) for row in evaluation.rows],
        }
    )


def _row(row: Row, yardstick: Row) -> dict[str, Any]:
    spectrum, bone = row.spectrum, row.bone
    return {
        "name": row.name,
        "kind": "baseline" if row.is_baseline else "candidate",
        "regions": {
            name: {
                "psnr_db": figures.pooled_psnr,
                "mse": figures.pooled_mse,
                "ssim": figures.mean("ssim"),
                "psnr_slice_mean_db": figures.mean("psnr"),
                "gain_db": figures.pooled_psnr - yardstick.regions[name].pooled_psnr,
                "voxels": int(figures.voxels.sum()),
            }
            for name, figures in row.regions.items()
        },
        "edge_width_mm": row.edge_width,
        "gap": None if row.gap is None else {"contrast": row.gap.contrast, "width_mm": row.gap.width},
        "slice_axis_energy": row.energy,
        "high_frequency": None
        if spectrum is None
        else {
            "share": spectrum.high_frequency_share,
            "coherence": spectrum.high_frequency_coherence,
            "bands": spectrum.bands(),
        },
        "bone": None
        if bone is None
        else {
            "bias_hu": bone.bias,
            "wasserstein_hu": bone.wasserstein,
            "quantile_shifts_hu": {f"{p:g}": shift for p, shift in bone.quantile_shifts.items()},
        },
        "noise_inconsistency": row.noise_inconsistency,
        "consistency_hu": row.consistency,
        "sfrc": None if row.scan is None else row.scan.figures(),
    }


def slices_csv(evaluation: Evaluation) -> str:
    """One line for each volume, region and counted slice: PSNR, MSE, SSIM and voxels."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["name", "region", "slice", "position_mm", "psnr_db", "mse", "ssim", "voxels"])
    counted = evaluation.truth.counted
    for row in evaluation.rows:
        for region, figures in row.regions.items():
            for index, voxels in enumerate(figures.voxels):
                place = counted.start + index
                values = (figures.psnr[index], figures.mse[index], figures.ssim[index])
                writer.writerow(
                    [row.name, region, place, f"{evaluation.truth.positions[place]:g}"]
                    + [f"{value:.7g}" if math.isfinite(value) else "" for value in values]
                    + [int(voxels)]
                )
    return text.getvalue()


def finite(value: Any) -> Any:
    """Replace what JSON has no word for: NaN and infinity become null, numbers of numpy plain ones."""
    if isinstance(value, dict):
        return {key: finite(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(entry) for entry in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return finite(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
