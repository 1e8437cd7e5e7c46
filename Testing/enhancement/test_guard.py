"""What is no picture of the measured slices does not leave `enhance`."""

from __future__ import annotations

import json

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from CTEnhanceLib import enhance
from CTEnhanceLib.cli import main
from CTEnhanceLib.ct.bands import Bands
from CTEnhanceLib.ct.thick_volume import ThickVolume
from CTEnhanceLib.errors import FidelityError
from stacks import OffsetGenerator, channel_stack, offset_stack, random_stack_folder


def wrist(highest: int = 1200, kind: type = np.int16) -> sitk.Image:
    rng = np.random.default_rng(0)
    values = rng.normal(-990, 5, (8, 36, 40))
    values[:, 8:28, 8:30] = rng.normal(40, 10, (8, 20, 22))
    values[:, 14:20, 14:22] = highest
    image = sitk.GetImageFromArray(np.rint(values).astype(kind))
    image.SetSpacing((0.5, 0.5, 3.0))
    return image


class Broken(OffsetGenerator):
    """Gives a value in one pixel that no network should give."""

    def __init__(self, value: float) -> None:
        super().__init__(0.0)
        self.value = value

    def decode(self, features, base, offset):
        output = torch.zeros_like(base)
        output[..., 10, 10] = self.value
        return output


def broken(value: float):
    stack = offset_stack()
    stack.modules = [Broken(value).eval()]
    return stack


@pytest.mark.parametrize(
    ("value", "consistency", "words"),
    [
        (float("nan"), True, "no number"),
        (float("nan"), False, "no number"),
        (float("inf"), True, "no number"),
        (1e4, False, "HU, so nothing was written"),
    ],
)
def test_a_value_that_is_no_ct_does_not_leave(value, consistency, words):
    with pytest.raises(FidelityError, match=words) as caught:
        enhance(wrist(), broken(value), consistency=consistency)
    assert caught.value.exit_code == 1


def test_empty_slices_do_not_leave():
    stack = channel_stack((0.0,) * 5, "raw")
    stack.modules[0].corner = 0.0
    with pytest.raises(FidelityError, match="one value"):
        enhance(wrist(), stack, consistency=False)


def test_slices_that_contradict_the_measured_ones_do_not_leave(monkeypatch):
    def nothing(thickening, covering):
        count = len(thickening)
        return Bands.of(range(count), [np.zeros(1)] * count, count)

    monkeypatch.setattr("CTEnhanceLib.enhancement.plan.correction_bands", nothing)
    with pytest.raises(FidelityError, match="contradict the measured ones by"):
        enhance(wrist(), channel_stack((0.5,) * 5, "raw"))


def test_a_volume_on_another_grid_does_not_leave(monkeypatch):
    right = ThickVolume.growing

    def wrong(self, count, first, spacing):
        return right(self, count, first + 1.0, spacing)

    monkeypatch.setattr(ThickVolume, "growing", wrong)
    with pytest.raises(FidelityError, match="grid"):
        enhance(wrist(), offset_stack())


def test_voxels_clipped_to_the_output_are_counted_and_said():
    result = enhance(wrist(highest=34000, kind=np.int32), offset_stack())
    assert any("voxels above 32767 HU" in warning for warning in result.report["warnings"])
    assert sitk.GetArrayViewFromImage(result.volume).max() == 32767
    assert not any("32767" in warning for warning in enhance(wrist(), offset_stack()).report["warnings"])


def test_a_weight_gone_wrong_gives_one_sentence_and_no_file(tmp_path, capsys):
    folder = random_stack_folder(tmp_path / "model")
    sitk.WriteImage(wrist(), str(tmp_path / "in.nrrd"))
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "generator.safetensors")
    weights["last.bias"].fill_(60000)
    save_file(weights, folder / "generator.safetensors")
    import hashlib

    content = json.loads((folder / "model.json").read_text())
    raw = (folder / "generator.safetensors").read_bytes()
    content["sha256"]["generator.safetensors"] = hashlib.sha256(raw).hexdigest()
    (folder / "model.json").write_text(json.dumps(content))
    out, report = tmp_path / "out.nrrd", tmp_path / "report.json"
    arguments = ["enhance", str(tmp_path / "in.nrrd"), str(out), "--model", str(folder), "--report", str(report)]
    assert main([*arguments, "--device", "cpu", "--no-consistency"]) == 1
    error = capsys.readouterr().err
    assert "nothing was written" in error
    assert "Traceback" not in error
    assert not out.exists()
    assert not report.exists()
