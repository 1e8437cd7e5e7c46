"""Slices one after the other: the same voxels as all at once, in memory that does not grow with the volume."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import torch

import CTEnhanceLib
from CTEnhanceLib import enhance
from CTEnhanceLib.ct.consistency import back_project, covering_matrix
from CTEnhanceLib.ct.interpolation import apply_along_slices, interpolation_matrix
from CTEnhanceLib.ct.profile import SliceProfile, thickening_matrix
from CTEnhanceLib.ct.thick_volume import thick_volume as understood
from CTEnhanceLib.enhancement.options import Options
from CTEnhanceLib.enhancement.plan import make_plan
from CTEnhanceLib.enhancement.stream import Matching
from CTEnhanceLib.errors import CancelledError, DeviceError, UsageError
from CTEnhanceLib.model.stack import Stack
from stacks import offset_stack, random_stack


def ct(slices: int = 40, size: tuple[int, int] = (36, 40), seed: int = 0) -> sitk.Image:
    """Something like CT that differs from slice to slice, with metal in some of them."""
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 1, (slices, *size))
    for _ in range(2):
        values = (values + np.roll(values, 1, 1) + np.roll(values, 1, 2)) / 2
    hu = np.clip(values * 400 + 100, -900, 2500)
    hu[slices // 2 : slices // 2 + 3, 5:9, 5:9] = 9000
    image = sitk.GetImageFromArray(hu.astype(np.int16))
    image.SetSpacing([0.5, 0.5, 3.0])
    return image


def voxels(image: sitk.Image) -> np.ndarray:
    return sitk.GetArrayFromImage(image).astype(int)


def at_once(image: sitk.Image, stack: Stack, profile: SliceProfile) -> np.ndarray:
    """What comes out when nothing is streamed: whole matrices over the whole volume."""
    volume = understood(image)
    thick, positions = volume.slices, volume.geometry.positions
    plan = make_plan(volume, stack, Options())
    matrices = interpolation_matrix(positions, plan.thin), thickening_matrix(positions, plan.thin, profile)
    cubic = apply_along_slices(matrices[0], thick)
    thin = enhance_alone(image, stack)
    outside = (cubic < -1024) | (cubic > 3071)
    thin[outside] = cubic[outside]
    return np.rint(back_project(thin, thick, matrices[1], covering_matrix(positions, plan.thin)))


def enhance_alone(image: sitk.Image, stack: Stack) -> np.ndarray:
    """The prediction of `offset_stack(60)`: plus or minus 60 HU by the sign of the offset, blended by nearness."""
    volume = understood(image)
    plan = make_plan(volume, stack, Options())
    thin = apply_along_slices(interpolation_matrix(volume.geometry.positions, plan.thin), volume.slices)
    base = np.clip(thin, -1024, 3071)
    result = thin.copy()
    for p in plan.predictions:
        result[p.thin] += p.weight * (base[p.thin] + 60.0 * np.sign(p.offset) - thin[p.thin])
    return result


@pytest.mark.parametrize("profile", [SliceProfile("box", 3.0), SliceProfile("gaussian", 3.0)])
def test_streamed_slices_are_those_of_the_whole_volume_at_once(profile: SliceProfile) -> None:
    image, stack = ct(), offset_stack(60.0)
    streamed = voxels(enhance(image, stack, profile=profile, precision="fp32").volume)
    whole = at_once(image, stack, profile)
    assert np.abs(streamed - whole).max() <= 1
    assert np.mean(streamed != whole) < 1e-3, "they differ where rounding hangs on the last bit, nowhere else"


@pytest.mark.parametrize("first", [0, 17, 47])
def test_the_slice_that_is_wanted_first_comes_first_and_changes_no_voxel(tmp_path: Path, first: int) -> None:
    stack, image = random_stack(tmp_path / "model", mirrored=True), ct(16)
    plain = enhance(image, stack, precision="fp32")
    seen: list[int] = []
    other = enhance(image, stack, precision="fp32", first=first, preview=lambda index, one: seen.append(index))
    assert np.array_equal(voxels(plain.volume), voxels(other.volume))
    assert sorted(seen) == list(range(48))
    assert np.abs(np.array(seen[:3]) - first).max() <= 4
    away = np.abs(np.array(seen) - first)
    assert (np.maximum.accumulate(away) - away).max() <= 6, "what lies nearer comes earlier"


def test_a_preview_slice_is_the_picture_before_it_was_made_consistent(tmp_path: Path) -> None:
    stack, image = random_stack(tmp_path / "model"), ct(12)
    seen: dict[int, np.ndarray] = {}
    enhance(image, stack, precision="fp32", preview=lambda index, one: seen.update({index: one}))
    plain = voxels(enhance(image, stack, precision="fp32", consistency=False).volume)
    inside = (plain > -1000) & (plain < 2000)
    assert all(one.dtype == np.int16 and one.shape == (36, 40) for one in seen.values())
    assert np.array_equal(np.stack([seen[k] for k in range(36)])[inside], plain[inside])


@pytest.mark.parametrize("device", ["cpu,cpu", "cpu,cpu,cpu"])
@pytest.mark.parametrize("batch", [1, 3])
def test_several_devices_take_batches_in_turn_and_change_no_voxel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str, batch: int
) -> None:
    """The CPU several times stands for several GPUs: copies of the stack, batches in flight, blended in their order."""
    stack, image = random_stack(tmp_path / "model", mirrored=True), ct(14)
    expected = voxels(enhance(image, stack, precision="fp32").volume)
    monkeypatch.setitem(CTEnhanceLib.enhancement.pipeline._BATCH, "cpu", batch)
    launched: list[int] = []
    launch = Stack.launch
    monkeypatch.setattr(
        Stack, "launch", lambda self, *more: launched.append(id(self.modules[0])) or launch(self, *more)
    )
    result = enhance(image, stack, precision="fp32", device=device)
    assert np.abs(voxels(result.volume) - expected).max() <= 1
    assert len(set(launched)) == device.count("cpu")
    assert launched[0] != launched[1], "the devices take turns"
    assert result.report["device"].count("cpu") == device.count("cpu")


def test_a_cancelled_run_on_several_devices_ends(tmp_path: Path) -> None:
    asked: list[int] = []
    with pytest.raises(CancelledError):
        enhance(
            ct(12),
            random_stack(tmp_path / "model"),
            device="cpu,cpu",
            cancel=lambda: asked.append(1) or len(asked) > 3,
        )


def test_devices_of_two_kinds_are_refused() -> None:
    with pytest.raises((UsageError, DeviceError), match=r"several kinds|not there"):
        enhance(ct(8), offset_stack(), device="cpu,cuda:0")


@pytest.mark.parametrize("batch", [1, 8, 32])
@pytest.mark.parametrize("threads", [1, 2])
def test_batches_and_threads_change_no_voxel_by_more_than_one_hu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int, threads: int
) -> None:
    stack, image = random_stack(tmp_path / "model", mirrored=True, crop_margin_px=8), ct(33, (32, 32))
    expected = voxels(enhance(image, stack, precision="fp32").volume)
    monkeypatch.setitem(CTEnhanceLib.enhancement.pipeline._BATCH, "cpu", batch)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        assert np.abs(voxels(enhance(image, stack, precision="fp32").volume) - expected).max() <= 1
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("order", ["along", "outwards"])
def test_a_long_volume_holds_no_more_slices_than_a_short_one(order: str) -> None:
    most = {}
    for slices in (60, 240):
        plan = make_plan(understood(ct(slices, (32, 32))), offset_stack(), Options())
        matching, held = Matching(plan, lambda index, one: None), []
        indices = np.arange(len(plan.thin))
        if order == "outwards":
            indices = np.argsort(np.abs(indices - len(indices) // 2), kind="stable")
        for index in indices:
            one = np.zeros((32, 32), np.float32)
            matching.take(int(index), one, one.copy())
            held.append(matching.held)
        most[slices] = max(held)
        assert held[-1] == 0, "at the end nothing is held"
    assert most[240] == most[60]


def test_the_volume_is_there_once_and_a_view_of_it_keeps_it_alive() -> None:
    volume = understood(ct(8))
    expected = sitk.GetArrayFromImage(volume.image)
    slices = volume.slices
    assert not slices.flags.writeable
    del volume
    assert np.array_equal(slices, expected)
