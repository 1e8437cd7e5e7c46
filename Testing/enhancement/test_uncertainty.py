"""Uncertainty: every voxel of every slice has one, scaled as the model was calibrated for its detail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from CTEnhanceLib import enhance, load_stack
from CTEnhanceLib.enhancement import uncertainty as uncertainty_slices
from CTEnhanceLib.errors import ModelRefusedError
from CTEnhanceLib.model.spec import UncertaintySpec
from CTEnhanceLib.model.uncertainty_net import UncertaintyNet
from stacks import offset_stack, random_stack, random_stack_folder, uncertainty_spec, with_uncertainty

TWENTY_HU = float(np.exp(3))


def block(size: int = 36, count: int = 5) -> sitk.Image:
    slices = np.full((count, size, size + 5), -1000.0)
    slices[:, 4:20, 4:20] = 40
    slices[:, 8:16, 8:16] = 900
    slices += np.random.default_rng(0).normal(0, 15, slices.shape)
    image = sitk.GetImageFromArray(slices.astype(np.int16))
    image.SetSpacing((0.6, 0.6, 3.0))
    return image


def stack_with(network: UncertaintyNet, **changes: object):
    stack = offset_stack(30.0, uncertainty=uncertainty_spec(**changes))
    stack.uncertainty = network.eval()
    return stack


def test_every_voxel_of_every_slice_has_an_uncertainty_on_the_grid_of_the_picture(tmp_path: Path) -> None:
    result = enhance(block(), load_stack(with_uncertainty(random_stack_folder(tmp_path / "m"), scale=(1.5,))))
    uncertainty = sitk.GetArrayFromImage(result.uncertainty)
    assert result.uncertainty.GetPixelID() == sitk.sitkFloat32
    assert result.uncertainty.GetSpacing() == result.volume.GetSpacing()
    assert result.uncertainty.GetOrigin() == result.volume.GetOrigin()
    assert uncertainty == pytest.approx(1.5 * TWENTY_HU, rel=1e-3)
    bone = result.report["uncertainty"]
    assert bone["median_in_bone_hu"] == pytest.approx(1.5 * TWENTY_HU, abs=0.1)
    assert bone["share_of_bone_above"] == {"50 HU": 0.0, "100 HU": 0.0, "200 HU": 0.0}


def test_it_is_left_out_when_it_is_not_wanted_and_refused_where_there_is_none() -> None:
    assert enhance(block(), stack_with(UncertaintyNet(4)), uncertainty=False).uncertainty is None
    assert enhance(block(), offset_stack()).uncertainty is None
    with pytest.raises(ModelRefusedError, match="gives no uncertainty"):
        enhance(block(), offset_stack(), uncertainty=True)


def test_the_picture_is_the_same_with_and_without_it() -> None:
    stack = stack_with(UncertaintyNet(4))
    plain, other = (enhance(block(), stack, uncertainty=wanted).volume for wanted in (False, True))
    assert np.array_equal(sitk.GetArrayFromImage(plain), sitk.GetArrayFromImage(other))


def test_it_looks_at_the_picture_and_turns_with_it() -> None:
    network = UncertaintyNet(4)
    for parameter in network.parameters():
        parameter.data.normal_(0, 0.1)
    network.last.bias.data.fill_(3.0)
    seen = sitk.GetArrayFromImage(enhance(block(), stack_with(network)).uncertainty)
    assert seen.std() > 0.1
    flipped = sitk.Flip(block(), [False, False, True])
    again = sitk.GetArrayFromImage(enhance(flipped, stack_with(network)).uncertainty)
    assert again[::-1] == pytest.approx(seen, rel=1e-3)


@pytest.mark.parametrize("pixels", [1, 10**6], ids=["one by one", "together"])
def test_each_slice_is_shown_with_its_neighbours_the_measured_ones_around_and_its_place(
    pixels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Spy(UncertaintyNet):
        shown: ClassVar[list[np.ndarray]] = []

        def forward(self, picture, measured, offset, condition, noise=None):
            brightest = torch.cat([picture, measured], dim=1).amax(dim=(2, 3))
            self.shown.extend(torch.cat([brightest, offset[:, None]], dim=1).numpy())
            return super().forward(picture, measured, offset, condition, noise)

    monkeypatch.setattr(uncertainty_slices, "_TOGETHER_PX", pixels)
    levels = np.array([100.0, 300.0, 200.0, 600.0, 400.0])
    slices = np.full((5, 32, 32), -1000, np.int16)
    slices[:, :, 8:] = levels[:, None, None]
    thick = sitk.GetImageFromArray(slices)
    thick.SetSpacing((0.6, 0.6, 3.0))
    thin = sitk.GetArrayFromImage(enhance(thick, stack_with(Spy(4))).volume).max(axis=(1, 2))
    places = (np.arange(15) - 1) / 3
    below = np.clip(np.floor(places + 1e-6), 0, 3).astype(int)
    neighbours = thin[np.clip(np.arange(15)[:, None] + np.arange(-2, 3), 0, 14)]
    around = levels[np.clip(below[:, None] + np.arange(-1, 3), 0, 4)]
    offset = np.clip(places - below, 0, 1)
    assert np.array(Spy.shown) == pytest.approx(np.column_stack([neighbours, around, offset]), abs=1e-3)


def test_the_scale_follows_the_detail() -> None:
    spec = UncertaintySpec("u.safetensors", {}, (1.0, 2.0, 4.0), (0.0, 0.5, 1.0))
    assert [spec.scale_at(at) for at in (None, 0.0, 0.25, 0.5, 0.75, 1.0)] == [1.0, 1.0, 1.5, 2.0, 3.0, 4.0]


def test_changed_weights_or_a_nonsense_calibration_are_refused(tmp_path: Path) -> None:
    folder = with_uncertainty(random_stack_folder(tmp_path / "m"))
    weights = folder / "uncertainty.safetensors"
    original = weights.read_bytes()
    weights.write_bytes(original[:-1] + bytes([original[-1] ^ 1]))
    with pytest.raises(ModelRefusedError, match="sha256 differs"):
        load_stack(folder)
    weights.write_bytes(original)
    description = json.loads((folder / "model.json").read_text())
    description["uncertainty"]["detail"] = [0.0, 1.0]
    (folder / "model.json").write_text(json.dumps(description))
    with pytest.raises(ModelRefusedError, match="one scale for each detail"):
        load_stack(folder)


def test_a_second_network_takes_the_place_of_the_first(tmp_path: Path) -> None:
    folder = with_uncertainty(random_stack_folder(tmp_path / "m"))
    with_uncertainty(folder, scale=(3.0,))
    assert load_stack(folder).uncertainty_scale == 3.0
    assert random_stack(tmp_path / "plain").uncertainty is None
