from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import SimpleITK as sitk
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import CTEnhanceLib
from CTEnhanceLib import enhance
from CTEnhanceLib.ct.geometry import slice_geometry
from CTEnhanceLib.ct.interpolation import interpolation_matrix
from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.ct.thicken import thicken
from CTEnhanceLib.errors import CancelledError, DeviceError, InputRefusedError, ModelRefusedError, UsageError
from CTEnhanceLib.model.spec import GeneratorSpec
from CTEnhanceLib.model.stack import Stack
from stacks import OffsetGenerator, channel_stack, offset_stack, random_stack, spec

SCHEMAS = Path(CTEnhanceLib.__file__).parent / "schemas"


def thick_volume(
    size: tuple[int, int, int] = (40, 36, 8),
    spacing: tuple[float, float, float] = (0.5, 0.5, 3.0),
    direction: np.ndarray | None = None,
    seed: int = 0,
) -> sitk.Image:
    """Something like CT: smooth in-plane, bone-bright blobs, air around."""
    rng = np.random.default_rng(seed)
    noise = sitk.GetImageFromArray(rng.normal(0, 1, size[::-1]).astype(np.float32))
    smooth = sitk.GetArrayFromImage(sitk.DiscreteGaussian(noise, 2.0, 32, 0.01, False))
    values = np.clip(smooth / smooth.std() * 300 + 100, -700, 2000)
    image = sitk.GetImageFromArray(values.astype(np.int16))
    image.SetSpacing(spacing)
    image.SetOrigin([3.0, -50.0, 120.0])
    if direction is not None:
        image.SetDirection(direction.ravel().tolist())
    return image


def oriented_ramp(
    axis: int, angles: tuple[float, float, float], flips: tuple[float, ...], interval: float
) -> sitk.Image:
    """HU that are a linear function of the physical point: interpolated right only if the geometry is right."""
    turn = sitk.Euler3DTransform()
    turn.SetRotation(*angles)
    direction = np.array(turn.GetMatrix()).reshape(3, 3) * np.array(flips)
    size, spacing = [33, 34, 35], [0.5, 0.6, 0.7]
    size[axis], spacing[axis] = 20, interval
    image = sitk.Image(size, sitk.sitkFloat32)
    image.SetSpacing(spacing)
    image.SetOrigin([-5.0, 7.0, 11.0])
    image.SetDirection(direction.ravel().tolist())
    index = np.stack(np.meshgrid(*[np.arange(n) for n in size], indexing="ij"), axis=-1)
    points = index * spacing @ direction.T + image.GetOrigin()
    ramp = sitk.GetImageFromArray((points @ [9.0, -7.0, 8.0] - 100).T.astype(np.float32).copy())
    ramp.CopyInformation(image)
    return ramp


@settings(max_examples=25, deadline=None)
@given(
    axis=st.integers(0, 2),
    angles=st.tuples(*[st.floats(-3.1, 3.1)] * 3),
    flips=st.tuples(*[st.sampled_from([-1.0, 1.0])] * 3),
    interval=st.sampled_from([2.0, 3.0, 3.27, 4.5]),
    spacing=st.sampled_from([0.7, 1.0, 1.1]),
)
def test_every_thin_voxel_lies_where_its_header_says(
    axis: int, angles: tuple[float, float, float], flips: tuple[float, ...], interval: float, spacing: float
) -> None:
    image = oriented_ramp(axis, angles, flips, interval)
    volume = enhance(image, offset_stack(), spacing=spacing, consistency=False).volume

    assert volume.GetPixelID() == sitk.sitkInt16
    assert volume.GetDirection() == image.GetDirection()
    assert volume.GetSpacing()[axis] == spacing
    others = [a for a in range(3) if a != axis]
    assert [volume.GetSpacing()[a] for a in others] == [image.GetSpacing()[a] for a in others]
    assert volume.GetSize()[axis] == round(20 * interval / spacing)

    inside = [slice(None)] * 3
    inside[2 - axis] = slice(int(4 * interval / spacing), -int(4 * interval / spacing))
    index = np.stack(np.meshgrid(*[np.arange(n) for n in volume.GetSize()], indexing="ij"), axis=-1)
    points = index * volume.GetSpacing() @ np.array(volume.GetDirection()).reshape(3, 3).T + volume.GetOrigin()
    expected = (points @ [9.0, -7.0, 8.0] - 100).T
    off = np.abs(sitk.GetArrayFromImage(volume) - expected)[tuple(inside)]
    assert off.max() < 1.0


def test_positions_n_lie_along_the_slice_axis_and_overlaps_are_blended_by_nearness() -> None:
    """Channels 2P, 1P, C, 1N, 2N give 100, 200, 300, 400, 500 stored units."""
    values = tuple(2 * stored / 4095 - 1 for stored in (100, 200, 300, 400, 500))
    volume = enhance(thick_volume(), channel_stack(values, "raw"), consistency=False).volume
    column = sitk.GetArrayFromImage(volume)[:, 5, 5] + 1024
    inner_next, inner_previous = (400 * 2 + 100) / 3, (200 * 2 + 500) / 3
    assert column[:6].tolist() == pytest.approx([200, 300, inner_next, inner_previous, 300, inner_next], abs=1)
    # the outermost slices are reached from one side only
    assert column[-1] == pytest.approx(400, abs=1)


def test_method_two_adds_the_output_to_the_thick_slice_on_the_scale_of_the_thesis() -> None:
    image = thick_volume()
    volume = enhance(image, channel_stack((0.0, 0.0, 0.1, 0.0, 0.0), "residual"), consistency=False).volume
    thick, thin = sitk.GetArrayFromImage(image), sitk.GetArrayFromImage(volume)
    assert np.abs(thin[1::3] - (thick + 409.5)).max() <= 1
    assert np.abs(thin[0] - thick[0]).max() <= 1


def test_a_flipped_volume_gives_the_same_slices_at_the_same_places() -> None:
    """Turning the index direction around must not swap positions P and N."""
    values = tuple(2 * stored / 4095 - 1 for stored in (100, 200, 300, 400, 500))
    image = thick_volume()
    flipped = sitk.Flip(image, [False, False, True])
    assert slice_geometry(flipped).flipped
    plain = enhance(image, channel_stack(values, "raw"), consistency=False).volume
    other = enhance(flipped, channel_stack(values, "raw"), consistency=False).volume
    again = sitk.Resample(other, plain, sitk.Transform(), sitk.sitkNearestNeighbor, -9999.0)
    assert np.array_equal(sitk.GetArrayFromImage(again), sitk.GetArrayFromImage(plain))


@pytest.mark.parametrize("profile", [SliceProfile("box", 3.0), SliceProfile("triangle", 2.7)])
def test_the_result_agrees_with_the_measured_slices_and_the_report_says_how_well(profile: SliceProfile) -> None:
    image = thick_volume((40, 40, 12))
    result = enhance(image, offset_stack(residual_hu=60.0), profile=profile)
    figures = result.report["consistency"]
    again = sitk.GetArrayFromImage(thicken(result.volume, 3.0, profile=profile))[1:-1]
    measured = sitk.GetArrayFromImage(image)[1:-1]
    assert np.sqrt(np.mean((again - measured) ** 2.0)) < 1.0
    assert figures["after"] < 1.0 < figures["before"]
    assert figures["cubic"] > 1.0


def test_without_consistency_the_report_says_so() -> None:
    figures = enhance(thick_volume(), offset_stack(60.0), consistency=False).report["consistency"]
    assert figures["applied"] is False
    assert figures["after"] == pytest.approx(figures["before"], rel=0.02)


def test_metal_and_padding_take_the_interpolated_value_and_are_counted() -> None:
    image = thick_volume()
    values = sitk.GetArrayFromImage(image)
    values[:, 10:14, 10:14] = 9000
    values[:, :3, :] = -3024
    padded = sitk.GetImageFromArray(values)
    padded.CopyInformation(image)
    result = enhance(padded, offset_stack(residual_hu=300.0), consistency=False)
    cubic = interpolation_matrix(slice_geometry(image).positions, np.arange(24) - 1.0) @ values[:, 11, 11]
    thin = sitk.GetArrayFromImage(result.volume)
    assert thin[:, 11, 11].tolist() == pytest.approx(cubic.tolist(), abs=1)
    assert (thin[:, 1, 20] == -3024).all()
    assert result.report["clipped_voxels"]["above"] >= 16 * 24
    assert result.report["clipped_voxels"]["below"] >= 3 * 40 * 24


def test_cropping_air_away_changes_no_body_voxel(tmp_path: Path) -> None:
    image = thick_volume((160, 150, 6))
    values = sitk.GetArrayFromImage(image)
    body = np.zeros(values.shape, bool)
    body[:, 60:90, 70:100] = True
    values[~body] = -1000
    in_air = sitk.GetImageFromArray(values)
    in_air.CopyInformation(image)
    whole = random_stack(tmp_path / "whole")
    radius = whole.modules[0].receptive_radius
    cropped = random_stack(tmp_path / "cropped", crop_margin_px=radius + 1)
    first, second = (
        sitk.GetArrayFromImage(enhance(in_air, stack, precision="fp32").volume).astype(int)
        for stack in (whole, cropped)
    )
    thin_body = np.repeat(body, 3, axis=0)
    assert np.abs(first - second)[thin_body].max() <= 1
    assert (first != second).any(), "far from the body the crop must have been at work"


def test_each_slice_is_cropped_to_its_own_body_and_changes_no_body_voxel(tmp_path: Path) -> None:
    image = thick_volume((160, 150, 16))
    values = sitk.GetArrayFromImage(image)
    body = np.zeros(values.shape, bool)
    body[:8, 20:50, 20:50] = body[8:, 100:130, 110:140] = True
    values[~body] = -1000
    in_air = sitk.GetImageFromArray(values)
    in_air.CopyInformation(image)
    whole = random_stack(tmp_path / "whole")
    cropped = random_stack(tmp_path / "cropped", crop_margin_px=whole.modules[0].receptive_radius + 1)
    sizes = []
    encode = cropped.modules[0].encode
    cropped.modules[0].encode = lambda context, condition: sizes.append(context.shape) or encode(context, condition)
    first, second = (
        sitk.GetArrayFromImage(enhance(in_air, stack, precision="fp32").volume).astype(int)
        for stack in (whole, cropped)
    )
    assert np.abs(first - second)[np.repeat(body, 3, axis=0)].max() <= 1
    pixels = [shape[-1] * shape[-2] for shape in sizes]
    assert max(pixels[:6] + pixels[-6:]) < 0.75 * max(pixels), "slices far from the change see one place only"


def test_a_slice_does_not_depend_on_what_else_is_in_the_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stack, image = random_stack(tmp_path / "model"), thick_volume()
    volumes = []
    for batch in (1, 5):
        monkeypatch.setitem(CTEnhanceLib.enhancement.pipeline._BATCH, "cpu", batch)
        volumes.append(sitk.GetArrayFromImage(enhance(image, stack, precision="fp32").volume).astype(int))
    assert np.abs(volumes[0] - volumes[1]).max() <= 1
    again = sitk.GetArrayFromImage(enhance(image, stack, precision="fp32").volume)
    assert np.array_equal(again, volumes[1])


def test_half_precision_stays_within_a_few_hu_of_full_precision(tmp_path: Path) -> None:
    stack, image = random_stack(tmp_path / "model"), thick_volume()
    full, half = (
        sitk.GetArrayFromImage(enhance(image, stack, precision=p).volume).astype(int) for p in ("fp32", "bf16")
    )
    assert np.sqrt(np.mean((full - half) ** 2.0)) < 2.0


def test_the_report_fits_its_schema_and_names_every_source() -> None:
    image = thick_volume()
    image.SetMetaData("0018|0050", "2.5")
    result = enhance(image, offset_stack(20.0))
    schema = json.loads((SCHEMAS / "report.schema.json").read_text())
    jsonschema.validate(json.loads(json.dumps(result.report)), schema)
    acquisition = result.report["acquisition"]
    assert acquisition["thickness_mm"] == {"value": 2.5, "source": "DICOM"}
    assert acquisition["profile_fwhm_mm"] == {"value": 2.5, "source": "DICOM"}
    assert acquisition["profile_shape"] == {"value": "box", "source": "model"}
    assert acquisition["interval_mm"] == {"value": 3.0, "source": "spacing"}
    asked = enhance(image, offset_stack(), thickness=3.0, profile="triangle", fwhm=2.7).report["acquisition"]
    assert {entry["source"] for name, entry in asked.items() if name != "interval_mm"} == {"user"}


def test_an_interval_given_by_the_user_replaces_the_spacing_of_the_file() -> None:
    result = enhance(thick_volume(), offset_stack(), interval=2.0)
    assert result.volume.GetSize()[2] == 16
    assert result.report["acquisition"]["interval_mm"] == {"value": 2.0, "source": "user"}


def test_progress_counts_thin_slices_and_cancel_ends_the_run_between_batches() -> None:
    seen: list[tuple[str, int, int]] = []
    enhance(thick_volume(), offset_stack(), progress=lambda *step: seen.append(step))
    counted = [done for stage, done, _ in seen if stage == "enhance"]
    assert counted == sorted(counted)
    assert counted[-1] == 24
    assert {total for stage, _, total in seen if stage == "enhance"} == {24}

    asked = []

    def after_three() -> bool:
        asked.append(1)
        return len(asked) > 3

    with pytest.raises(CancelledError):
        enhance(thick_volume(), offset_stack(), cancel=after_three)
    assert len(asked) == 4


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"interval_range_mm": (4.0, 6.0)},
            r"The slices are 3 mm apart\. The model 'test' works at 4 to 6 mm;",
        ),
        ({"thickness_range_mm": (4.0, 6.0)}, r"The slices are 3 mm thick\. The model 'test' works at 4 to 6 mm"),
        ({"spacing_range_mm": (0.5, 0.7)}, r"Thin slices 1 mm apart were asked for\. .* at 0\.5 to 0\.7 mm"),
    ],
)
def test_a_model_not_made_for_the_slices_is_refused_with_both_numbers(changes: dict, words: str) -> None:
    with pytest.raises(ModelRefusedError, match=words):
        enhance(thick_volume(), offset_stack(**changes))


def test_a_pixel_size_the_model_never_saw_is_a_warning() -> None:
    report = enhance(thick_volume(), offset_stack(pixel_spacing_range_mm=(0.7, 1.0))).report
    assert any("0.5 mm wide" in warning for warning in report["warnings"])


def test_a_stack_that_leaves_gaps_is_refused() -> None:
    with pytest.raises(ModelRefusedError, match="without a prediction"):
        enhance(thick_volume(spacing=(0.5, 0.5, 3.27)), channel_stack((0,) * 5, "raw"))


def test_arguments_that_make_no_sense_are_refused_before_computing() -> None:
    image = thick_volume()
    for arguments in ({"spacing": -1.0}, {"spacing": float("nan")}, {"device": "gpu"}, {"precision": "int8"}):
        with pytest.raises(UsageError):
            enhance(image, offset_stack(), **arguments)
    if not torch.cuda.is_available():
        with pytest.raises(DeviceError, match="choose cpu"):
            enhance(image, offset_stack(), device="cuda")
    with pytest.raises(InputRefusedError, match="already thin"):
        enhance(thick_volume(spacing=(0.5, 0.5, 1.0)), offset_stack())
    assert spec().offsets == "any"


def test_detail_chooses_the_weights_and_the_report_names_it(tmp_path: Path) -> None:
    stack = random_stack(tmp_path / "model", default_detail=0.25)
    image = thick_volume()
    results = {detail: enhance(image, stack, detail=detail) for detail in (None, 0.0, 1.0)}
    assert [result.report["model"]["detail"] for result in results.values()] == [0.25, 0.0, 1.0]
    voxels = [sitk.GetArrayFromImage(result.volume) for result in results.values()]
    assert not np.array_equal(voxels[1], voxels[2])
    again = sitk.GetArrayFromImage(enhance(image, stack).volume)
    assert np.array_equal(again, voxels[0])


def test_a_detail_that_the_model_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelRefusedError, match="one set of weights"):
        enhance(thick_volume(), random_stack(tmp_path / "model"), detail=0.5)


def test_cancel_ends_the_run_while_it_is_made_consistent() -> None:
    reached: list[str] = []
    with pytest.raises(CancelledError):
        enhance(
            thick_volume(),
            offset_stack(),
            progress=lambda stage, done, total: reached.append(stage),
            cancel=lambda: reached[-1:] == ["enhance"] and len([s for s in reached if s == "enhance"]) == 8,
        )
    assert reached[-1] == "enhance"
    assert reached.count("enhance") == 8, "all thick slices were predicted: it was the next stage that ended"


class HungryGenerator(OffsetGenerator):
    """Runs out of memory as CUDA does when it is given more than two thick slices at a time."""

    def __init__(self, most: int, words: str = "CUDA out of memory. Tried to allocate 20.00 GiB") -> None:
        super().__init__(40.0)
        self.most, self.words, self.refused = most, words, 0

    def encode(self, context: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        if len(context) > self.most:
            self.refused += 1
            raise RuntimeError(self.words)
        return super().encode(context, condition)


def run_with(generator: torch.nn.Module, batch: int, device: str, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """Enhance as if `device` were a GPU; the meta device stands for it and is never computed on."""
    from CTEnhanceLib.enhancement import pipeline

    stack = offset_stack()
    stack.modules = [generator]
    places: list[str] = []
    monkeypatch.setattr(stack, "place", lambda where, precision: places.append(where.type))
    monkeypatch.setattr(pipeline, "choose_device", lambda name: torch.device(device))
    monkeypatch.setitem(pipeline._BATCH, device, batch)
    result = enhance(thick_volume(), stack, precision="fp32", consistency=False)
    generator.places, generator.report = places, result.report  # type: ignore[assignment]
    return sitk.GetArrayFromImage(result.volume)


@pytest.mark.parametrize("batch", [3, 5, 8])
def test_when_memory_runs_out_at_any_batch_no_slice_is_skipped(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = sitk.GetArrayFromImage(enhance(thick_volume(), offset_stack(40.0), consistency=False).volume)
    hungry = HungryGenerator(most=2)
    assert np.array_equal(run_with(hungry, batch, "meta", monkeypatch), expected)
    assert hungry.refused >= 1
    assert hungry.places == ["meta"], "a smaller batch was enough"
    assert any("thick slices at a time" in warning for warning in hungry.report["warnings"])


def test_when_one_slice_is_too_much_for_the_gpu_the_cpu_goes_on_where_it_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = sitk.GetArrayFromImage(enhance(thick_volume(), offset_stack(40.0), consistency=False).volume)

    class Relieved(HungryGenerator):
        def encode(self, context: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
            self.most = 9 if self.refused == 2 else 0
            return super().encode(context, condition)

    relieved = Relieved(most=0)
    assert np.array_equal(run_with(relieved, 2, "meta", monkeypatch), expected)
    assert (relieved.refused, relieved.report["device"][:3]) == (2, "cpu")


def test_without_memory_on_the_cpu_the_user_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DeviceError, match="crop the volume"):
        run_with(HungryGenerator(most=0, words="[enforce fail] can't allocate memory"), 1, "cpu", monkeypatch)


def test_an_error_that_is_not_about_memory_is_not_taken_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuntimeError, match="wrong shape"):
        run_with(HungryGenerator(most=0, words="wrong shape"), 4, "meta", monkeypatch)


class BrightestInTheMiddle(torch.nn.Module):
    """Its residual at all three offsets is a tenth where the middle of five slices is brightest, nothing elsewhere."""

    multiple = 1

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 0.1 * (x[:, 2:3] >= x.amax(dim=1, keepdim=True)).float().repeat(1, 3, 1, 1)


def test_the_base_thick_is_the_middle_one_of_several_slices_seen() -> None:
    generators = (GeneratorSpec("generator.safetensors", "unet256", {}, (-1.0, 0.0, 1.0)),)

    described = spec(method="residual", base="thick", context=5, generators=generators)
    image = thick_volume()
    thick = sitk.GetArrayFromImage(image).astype(float)
    thin = sitk.GetArrayFromImage(
        enhance(image, Stack(described, [BrightestInTheMiddle()], "0" * 64), precision="fp32", consistency=False).volume
    )
    around = np.stack([thick[[min(max(k + d, 0), len(thick) - 1) for d in range(-2, 3)]].max(axis=0) for k in range(8)])
    expected = np.clip(thick, -1024, 3071) + 409.5 * (np.clip(thick, -1024, 3071) >= np.clip(around, -1024, 3071))
    for thin_of_three in range(3):
        assert np.abs(thin[thin_of_three::3] - expected).max() <= 1


class PaddingProbe(OffsetGenerator):
    """Its residual is nothing where the padding repeats the last row and column, and large where it does not."""

    multiple = 32

    def encode(self, context: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        self.shapes = tuple(context.shape[-2:])
        rows, columns = 36, 40
        repeated = context[..., rows - 1 : rows, :columns].expand_as(context[..., rows:, :columns])
        self.replicates = bool(torch.equal(context[..., rows:, :columns], repeated))
        return context[:, :1]


def test_slices_are_padded_by_repeating_their_border_and_cut_back_to_their_size() -> None:
    stack = offset_stack()
    probe = PaddingProbe(30.0)
    stack.modules = [probe]
    padded = enhance(thick_volume(), stack, precision="fp32", consistency=False).volume
    plain = enhance(thick_volume(), offset_stack(30.0), precision="fp32", consistency=False).volume
    assert probe.shapes == (64, 64)
    assert probe.replicates
    assert np.array_equal(sitk.GetArrayFromImage(padded), sitk.GetArrayFromImage(plain))
