"""From the fewest and smallest slices to the most and largest: computed in place, or refused with the number."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from CTEnhanceLib import enhance
from CTEnhanceLib.errors import InputRefusedError
from stacks import offset_stack


def ct(slices: int, rows: int, columns: int) -> sitk.Image:
    values = np.full((slices, rows, columns), -1000, np.int16)
    values[:, rows // 4 : -rows // 4, columns // 4 : -columns // 4] = 40
    values[:, rows // 3 : -rows // 3, columns // 3 : -columns // 3] = 900
    values += (np.arange(slices) % 7).astype(np.int16)[:, None, None]
    image = sitk.GetImageFromArray(values)
    image.SetSpacing((0.5, 0.5, 3.0))
    image.SetOrigin((1.0, 2.0, 3.0))
    return image


@pytest.mark.parametrize("slices", [1, 2, 3])
def test_too_few_slices_are_refused_with_their_number(slices):
    with pytest.raises(InputRefusedError, match=rf"single slice|only {slices} slices"):
        enhance(ct(slices, 40, 40), offset_stack())


@pytest.mark.parametrize(("rows", "columns"), [(31, 40), (40, 31), (8, 8)])
def test_too_few_pixels_are_refused_with_their_number(rows, columns):
    with pytest.raises(InputRefusedError, match=f"only {columns} x {rows} pixels"):
        enhance(ct(6, rows, columns), offset_stack())


@pytest.mark.parametrize(
    ("slices", "rows", "columns"), [(4, 32, 32), (4, 1024, 1024), (5, 32, 1024), (6, 33, 47), (4000, 32, 32)]
)
def test_any_number_of_slices_and_pixels_keeps_its_place(slices, rows, columns):
    thick = ct(slices, rows, columns)
    result = enhance(thick, offset_stack(), spacing=1.5, device="cpu", precision="fp32")
    thin = result.volume
    assert thin.GetSize() == (columns, rows, 2 * slices)
    first, last = (np.array(thick.TransformIndexToPhysicalPoint((0, 0, k))) for k in (0, slices - 1))
    ends = [np.array(thin.TransformIndexToPhysicalPoint((0, 0, k))) for k in (0, 2 * slices - 1)]
    assert ends[0] - first == pytest.approx([0, 0, -0.75], abs=1e-6)
    assert ends[1] - last == pytest.approx([0, 0, 0.75], abs=1e-6)
    assert result.report["consistency"]["after"] < 1
