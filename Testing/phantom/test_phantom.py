from __future__ import annotations

import argparse
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from CTEnhanceLib.commands import phantom as command
from CTEnhanceLib.errors import OutputError, UsageError
from CTEnhanceLib.phantom import Wrist, wrist_phantom
from CTEnhanceLib.phantom.scanner import add_noise

SMALL = (30.0, 30.0, 20.0)  # mm
FINE = (0.5, 0.5, 0.6)


@pytest.fixture(scope="module")
def intact() -> sitk.Image:
    return wrist_phantom(2, FINE, noise=0, fracture=False)


@pytest.fixture(scope="module")
def broken() -> sitk.Image:
    return wrist_phantom(2, FINE, noise=0)


def bones(image: sitk.Image, smallest: float = 100.0) -> np.ndarray:
    """Labels of connected bone (z, y, x), largest first; pieces below ``smallest`` mm3 are marrow's trabeculae."""
    labels, count = ndimage.label(sitk.GetArrayViewFromImage(image) > 350)
    volumes = np.bincount(labels.ravel())[1:] * np.prod(image.GetSpacing())
    order = [k for k in np.argsort(-volumes) if volumes[k] > smallest]
    rank = np.zeros(count + 1, dtype=int)
    for new, old in enumerate(order, 1):
        rank[old + 1] = new
    return rank[labels]


@cache
def thick(seed: int) -> sitk.Image:
    return wrist_phantom(seed, (1.0, 1.0, 3.0), noise=0, fracture=False)


def test_the_same_seed_gives_the_same_volume() -> None:
    one, two = (sitk.GetArrayFromImage(wrist_phantom(7, (1.0, 1.0, 3.0), size_mm=SMALL)) for _ in range(2))
    assert np.array_equal(one, two)


def test_another_seed_gives_another_person() -> None:
    right, left = (sitk.GetArrayFromImage(thick(seed)).astype(int) for seed in (2, 3))
    assert (np.abs(right - left[:, :, ::-1]) > 100).mean() > 0.05


@pytest.mark.parametrize(("seed", "thumb"), [(2, 1), (3, -1)])
def test_odd_seeds_are_left_wrists(seed: int, thumb: int) -> None:
    shafts = sitk.GetArrayFromImage(thick(seed))[0] > 350
    labels, _ = ndimage.label(ndimage.binary_fill_holes(shafts))
    ulna, radius = np.argsort(np.bincount(labels.ravel())[1:])[-2:] + 1
    x = {bone: np.argwhere(labels == bone)[:, 1].mean() for bone in (ulna, radius)}
    assert (x[radius] - x[ulna]) * thumb > 15
    assert thick(seed).GetOrigin()[0] * thumb < 0


@pytest.mark.parametrize("spacing", [(0.7, 0.9, 3.27), (1.3, 1.1, 0.7)])
def test_the_geometry_is_as_asked(spacing: tuple[float, float, float]) -> None:
    image = wrist_phantom(1, spacing, size_mm=SMALL)
    assert image.GetSpacing() == spacing
    assert image.GetDirection() == (1, 0, 0, 0, 1, 0, 0, 0, 1)
    assert image.GetPixelID() == sitk.sitkInt16
    extent = np.array(image.GetSize()) * spacing
    assert np.all(np.abs(extent - SMALL) <= np.array(spacing) / 2)


def test_the_object_is_the_same_at_every_spacing(broken: sitk.Image) -> None:
    other = wrist_phantom(2, (0.6, 0.65, 0.8), noise=0)
    moved = sitk.GetArrayFromImage(sitk.Resample(broken, other, sitk.Transform(), sitk.sitkLinear, -1000.0))
    there = sitk.GetArrayFromImage(other)
    inside = (slice(2, -2),) * 3
    assert np.corrcoef(moved[inside].ravel(), there[inside].ravel())[0, 1] > 0.99
    centres, volumes = [], []
    for image in (broken, other):
        bone = np.argwhere(sitk.GetArrayViewFromImage(image) > 350)
        centres.append(bone.mean(axis=0)[::-1] * image.GetSpacing() + image.GetOrigin())
        volumes.append(len(bone) * np.prod(image.GetSpacing()))
    assert np.allclose(*centres, atol=0.15)
    assert volumes[0] == pytest.approx(volumes[1], rel=0.03)


def test_all_bones_are_there_and_apart(intact: sitk.Image) -> None:
    # radius, ulna, eight carpal bones, five metacarpals
    assert bones(intact).max() == 15


def test_tissues_have_their_hounsfield_units(intact: sitk.Image) -> None:
    hu = sitk.GetArrayFromImage(intact)
    assert hu[:, 0, 0].max() == -1000
    assert 1400 < np.percentile(hu[:6][hu[:6] > 800], 95) < 1750  # compact bone of the shafts
    body = hu > -300
    for low, high, share in ((-130, -60, 0.1), (30, 90, 0.2), (150, 500, 0.05)):
        assert ((hu > low) & (hu < high))[body].mean() > share
    radius = bones(intact) == 1
    deep = np.array([ndimage.binary_erosion(ndimage.binary_fill_holes(plane), iterations=8) for plane in radius])
    metaphysis = deep.sum(axis=(1, 2)).argmax()
    assert 100 < hu[metaphysis][deep[metaphysis]].mean() < 400  # spongy bone with its marrow
    assert -100 < hu[:6][deep[:6]].mean() < 60  # marrow of the shaft


def test_noise_is_as_strong_as_asked() -> None:
    clean = sitk.GetArrayFromImage(thick(2)).astype(float)
    noisy = sitk.GetArrayFromImage(wrist_phantom(2, (1.0, 1.0, 3.0), noise=18, fracture=False))
    inside = clean > -500  # air does not go below -1024
    assert (noisy - clean)[inside].std() == pytest.approx(18, rel=0.05)


def test_noise_has_a_grain_in_the_slice_and_none_across_slices() -> None:
    noise = add_noise(np.zeros((6, 150, 150), np.float32), (0.4, 0.4, 1.0), 20.0, np.random.default_rng(0))
    assert np.corrcoef(noise[..., :-1].ravel(), noise[..., 1:].ravel())[0, 1] > 0.3
    assert abs(np.corrcoef(noise[:-1].ravel(), noise[1:].ravel())[0, 1]) < 0.02


def test_the_fracture_changes_the_wrist_but_not_the_shaft(intact: sitk.Image, broken: sitk.Image) -> None:
    before, after = sitk.GetArrayFromImage(intact), sitk.GetArrayFromImage(broken)
    # one HU: whether a value at a half rounds up depends on the processor's arithmetic
    assert np.abs(before[:9].astype(int) - after[:9]).max() <= 1
    assert (np.abs(before - after) > 300)[40:68].mean() > 0.03


def test_broken_bones_do_not_run_into_their_neighbours(broken: sitk.Image) -> None:
    assert bones(broken).max() == 15


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_fracture_opens_the_joint_surface(seed: int) -> None:
    """What were neighbours on the joint surface come to lie apart: by a step along the bone and by a gap across."""
    radial = [piece for piece in Wrist(seed, fracture=True).pieces if piece.bone == "radius"]
    ends = [p for p in radial if p.name in ("styloid", "dorso-ulnar", "palmar-ulnar")]
    assert len(ends) == 3
    assert len(radial) >= 7  # the shaft and the crushed metaphysis beside them
    whole, axis = ends[0].whole, np.linspace(-9, 11, 41)
    x, y = np.meshgrid(axis, np.linspace(-7, 8, 31), indexing="ij")
    z = np.linspace(-6, 8, 141)
    depth = whole.at(*np.broadcast_arrays(x[..., None], y[..., None], z))
    surface = z[(depth < 0).cumsum(axis=-1).argmax(axis=-1)] - 1.0
    owner = np.argmin([p.solid.at(x, y, surface) for p in ends], axis=0)
    rest = np.stack([x, y, surface], axis=-1)
    moved = np.choose(owner[..., None], [rest @ p.pose.rotation.T + p.pose.shift for p in ends])
    jumps = np.concatenate([np.diff(moved - rest, axis=a).reshape(-1, 3) for a in (0, 1)])
    assert 1.0 < np.abs(jumps[:, 2]).max() < 4.0
    assert 1.0 < np.linalg.norm(jumps[:, :2], axis=1).max() < 4.0


def test_the_fracture_is_seen_in_axial_slices(intact: sitk.Image, broken: sitk.Image) -> None:
    """The ring of the radius' cortex is closed before, and open after."""

    def closed(image: sitk.Image) -> float:
        planes = (bones(image) == 1)[30:60]
        return float(np.mean([ndimage.binary_fill_holes(p).sum() > 1.6 * p.sum() for p in planes]))

    assert closed(intact) > 0.9
    assert closed(broken) < 0.3


@pytest.mark.parametrize(
    "wrong",
    [
        {"spacing": (0, 1, 1)},
        {"spacing": (1, -1, 1)},
        {"spacing": (1, 1, float("nan"))},
        {"spacing": (1e-310, 1, 1)},
        {"size_mm": (80.0, float("inf"), 80.0)},
        {"spacing": (0.05, 0.05, 0.05)},
        {"spacing": (1, 1, 100)},
        {"seed": -1},
        {"noise": -5.0},
    ],
)
def test_what_makes_no_volume_is_refused(wrong: dict) -> None:
    with pytest.raises(UsageError, match=r"\.$"):
        wrist_phantom(**wrong)


def run_command(*words: str) -> None:
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    arguments = parser.parse_args(["phantom", *words])
    arguments.run(arguments)


def test_the_command_writes_the_volume(tmp_path: Path) -> None:
    run_command(str(tmp_path / "wrist.nrrd"), "--seed", "3", "--spacing", "1", "1", "3")
    image = sitk.ReadImage(str(tmp_path / "wrist.nrrd"))
    assert image.GetSpacing() == (1, 1, 3)
    assert image.GetOrigin() == pytest.approx(thick(3).GetOrigin())
    intact = sitk.GetArrayFromImage(thick(3))
    assert np.corrcoef(sitk.GetArrayFromImage(image)[0].ravel(), intact[0].ravel())[0, 1] > 0.99


@pytest.mark.parametrize("name", ["wrist.png", "wrist", "missing/wrist.nrrd"])
def test_the_command_refuses_a_place_it_cannot_write_to(name: str, tmp_path: Path) -> None:
    with pytest.raises((UsageError, OutputError)):
        run_command(str(tmp_path / name))
    assert not list(tmp_path.iterdir())
