"""The thesis' published tables, remade from the numbers of each patient."""

from __future__ import annotations

import numpy as np
import pytest

from CTEnhanceLib.evaluation.cohort.thesis_tables import (
    PatientFigures,
    SliceCounts,
    counts_table,
    figures_table,
    mean_figures,
    patient_figures,
    slice_counts,
    total_counts,
)
from CTEnhanceLib.evaluation.measures.metrics import SliceFigures, psnr_of

LABELS = {"raw": "Method 1", "residual": "Method 2"}
TABLE_1 = [
    (49.29073, 0.0000123, 0.98783, 49.86939, 0.0000108, 0.98762),
    (48.89408, 0.0000135, 0.98742, 49.42825, 0.0000119, 0.98725),
    (52.76710, 0.0000058, 0.99509, 53.93693, 0.0000045, 0.99560),
    (55.38347, 0.0000034, 0.99776, 56.19667, 0.0000029, 0.99785),
    (52.12194, 0.0000065, 0.99539, 53.16895, 0.0000052, 0.99541),
    (54.62009, 0.0000041, 0.99634, 55.50990, 0.0000034, 0.99641),
    (52.00740, 0.0000067, 0.99509, 52.97627, 0.0000055, 0.99540),
    (51.29487, 0.0000079, 0.99560, 52.10701, 0.0000065, 0.99587),
]
TABLE_4 = [("9", 391, 318, 73, 78, 313), ("10", 302, 93, 209, 120, 182), ("11", 311, 118, 193, 145, 166)]


def table_1():
    names = ("psnr", "mse", "ssim")
    return [
        PatientFigures(str(number), {"raw": dict(zip(names, line[:3])), "residual": dict(zip(names, line[3:]))})
        for number, line in enumerate(TABLE_1, start=1)
    ]


def table_4():
    return [
        SliceCounts(patient, slices, {"raw": p1, "residual": p2}, {"raw": s1, "residual": s2})
        for patient, slices, p1, p2, s1, s2 in TABLE_4
    ]


def test_the_mean_row_of_table_1_is_the_published_one_but_for_its_misprint():
    mean = mean_figures(table_1())
    assert mean.values["residual"]["psnr"] == pytest.approx(52.89917, abs=1e-5)
    assert mean.values["raw"]["ssim"] == pytest.approx(0.99382, abs=1e-5)
    # printed as 54.04746
    assert mean.values["raw"]["psnr"] == pytest.approx(52.05, abs=0.005)


def test_table_1_has_the_rows_and_columns_of_the_thesis_and_marks_the_better_method():
    lines = figures_table(table_1(), LABELS).splitlines()
    head = [cell.strip() for cell in lines[0].strip("|").split("|")]
    assert head == ["patient"] + [f"Method {n} {figure}" for n in (1, 2) for figure in ("PSNR", "MSE", "SSIM")]
    first = [cell.strip() for cell in lines[2].strip("|").split("|")]
    assert first == ["1", "49.29073", "0.0000123", "**0.98783**", "**49.86939**", "**0.0000108**", "0.98762"]
    assert lines[-1].startswith("| mean")
    assert len(lines) == 2 + 8 + 1


def test_the_total_row_of_table_4_is_the_published_one():
    total = total_counts(table_4())
    assert (total.slices, total.psnr["raw"], total.ssim["residual"]) == (1004, 529, 661)
    last = counts_table(table_4(), LABELS).splitlines()[-1]
    for cell in ("529 (52.7%)", "475 (47.3%)", "343 (34.2%)", "661 (65.8%)"):
        assert cell in last


def figures(mse, ssim):
    mse = np.array(mse, float)
    return SliceFigures(mse, psnr_of(mse), np.array(ssim, float), np.full(len(mse), 100))


def test_slices_are_won_by_the_smaller_error_and_equal_ones_by_nobody():
    counts = slice_counts(
        "p",
        {
            "raw": figures([1e-4, 2e-4, 0.0, 3e-4], [0.9, 0.8, 1, 0.7]),
            "residual": figures([2e-4, 1e-4, 0.0, 1e-4], [0.8, 0.9, 1, 0.6]),
        },
    )
    assert counts.slices == 4
    assert counts.psnr == {"raw": 1, "residual": 2}
    assert counts.ssim == {"raw": 2, "residual": 1}


def test_figures_of_a_patient_are_means_over_slices():
    values = patient_figures("p", {"raw": figures([1e-4, 1e-2], [0.9, 0.7])}).values["raw"]
    assert values["psnr"] == pytest.approx(30.0)
    assert values["mse"] == pytest.approx(5.05e-3)
    assert values["ssim"] == pytest.approx(0.8)


def test_three_methods_share_the_slices():
    counts = slice_counts(
        "p",
        {
            "a": figures([1e-4, 3e-4], [0.9, 0.9]),
            "b": figures([2e-4, 2e-4], [0.8, 0.8]),
            "c": figures([3e-4, 1e-4], [1, 1]),
        },
    )
    assert counts.psnr == {"a": 1, "b": 0, "c": 1}
