from __future__ import annotations

import numpy as np

from CTEnhanceLib.evaluation.measures.regions import counted_slices, region_masks


def test_bone_is_above_200_hu_and_its_six_neighbours():
    reference = np.full((5, 5, 5), -1000.0)
    reference[2, 2, 2] = 201
    assert region_masks(reference)["bone"].sum() == 7
    reference[2, 2, 2] = 200
    assert not region_masks(reference)["bone"].any()


def test_body_is_above_minus_300_hu_and_its_six_neighbours():
    reference = np.full((5, 5, 5), -1000.0)
    reference[2, 2, 2] = -299
    masks = region_masks(reference)
    assert masks["body"].sum() == 7
    assert masks["whole"].all()


def test_nine_slices_at_each_end_are_left_out():
    counted, note = counted_slices(138)
    assert (counted.start, counted.stop, note) == (9, 129, None)
    assert counted_slices(27)[0] == slice(9, 18)


def test_a_short_volume_keeps_all_slices_and_says_so():
    counted, note = counted_slices(26)
    assert (counted.start, counted.stop) == (0, 26)
    assert "Only 26 slices" in note
