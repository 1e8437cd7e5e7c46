from __future__ import annotations

import numpy as np
import pytest

from bone_volumes import as_image, bone_slices
from CTEnhanceLib.ct.geometry import to_slices
from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.ct.thicken import thicken
from CTEnhanceLib.evaluation.baselines import YARDSTICK, baseline_slices
from CTEnhanceLib.evaluation.measures.regions import region_masks
from CTEnhanceLib.evaluation.measures.sfrc import agreement, lay_patches, scan


@pytest.fixture(scope="module")
def case():
    """Reference, yardstick and the agreement of both interpolations."""
    image = as_image(bone_slices(count=60, size=128, noise=4))
    profile = SliceProfile("box", 3.0)
    thick_image = thicken(image, 3.0, profile=profile)
    thick = to_slices(thick_image)
    reference = to_slices(image).astype(np.float32)
    patches = lay_patches(region_masks(reference)["bone"], size=32)
    thin = {
        kind: baseline_slices(thick, np.arange(20) * 3.0 + 1, np.arange(60.0), kind, profile)
        for kind in ("cubic", YARDSTICK)
    }
    agreements = {kind: agreement(slices, reference, patches) for kind, slices in thin.items()}
    return reference, thin[YARDSTICK], patches, agreements


def scanned(slices, case):
    reference, _, patches, agreements = case
    return scan(agreement(slices, reference, patches), patches, agreements[YARDSTICK], agreements["cubic"])


def test_the_reference_agrees_with_itself_at_every_frequency(case):
    reference, _, patches, _ = case
    itself = agreement(reference, reference, patches)
    assert (itself.crossing == 1).all()
    assert not scanned(reference, case).marked.any()


def test_of_the_interpolated_volume_one_percent_is_marked_by_chance(case):
    figures = scanned(case[1], case).figures()
    assert figures["marked"] <= 0.01 * figures["patches"] + 1


def test_an_invented_structure_is_marked_where_it_stands_and_called_other_detail(case):
    _, thin, patches, agreements = case
    # a place where interpolation is good: whatever is wrong there was put there
    place = int(np.argmax(agreements[YARDSTICK].crossing * (patches.index > 20)))
    index, row, col = patches.index[place], patches.rows[place], patches.cols[place]
    invented = thin.copy()
    invented[index, row + 10 : row + 22, col + 14 : col + 17] += 900
    result = scanned(invented, case)
    assert result.marked[place]
    assert result.invented[place]
    assert (patches.index[result.marked & ~scanned(thin, case).marked] == index).all()


def test_detail_of_the_wrong_sign_disagrees(case):
    reference, _, patches, _ = case
    assert (agreement(-reference, reference, patches).crossing == 0).all()


def test_patches_lie_on_bone_only():
    bone = np.zeros((3, 128, 128), bool)
    bone[1, 40:60, 40:60] = True
    patches = lay_patches(bone)
    assert patches.size == 64
    assert set(patches.index) == {1}


def test_a_volume_without_bone_is_not_scanned():
    patches = lay_patches(np.zeros((3, 64, 64), bool))
    nothing = agreement(np.zeros((3, 64, 64)), np.zeros((3, 64, 64)), patches)
    assert scan(nothing, patches, nothing, nothing) is None
