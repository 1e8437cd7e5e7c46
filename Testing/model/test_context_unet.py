"""The default generator."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.model.context_unet import ContextUNet, describe_scan


def trained_like(**arguments) -> ContextUNet:
    """A small generator whose last layer is not zero."""
    torch.manual_seed(0)
    net = ContextUNet(width=8, head=8, **arguments).eval()
    torch.nn.init.normal_(net.last.weight, std=0.3)
    return net


def inputs(context: int = 5, size: int = 32, batch: int = 1, offsets: int = 1):
    generator = torch.Generator().manual_seed(1)
    slices = torch.rand(batch, context, size, size, generator=generator) * 2 - 1
    base = torch.rand(batch, offsets, size, size, generator=generator) * 2 - 1
    offset = torch.rand(batch, offsets, generator=generator) * 2 - 1
    return slices, base, offset, torch.tensor([[6.5, 0.3, 3.0]]).expand(batch, -1)


def test_an_untrained_generator_changes_nothing():
    assert ContextUNet(width=8, head=8)(*inputs()).abs().max() == 0


@pytest.mark.parametrize("arguments", [{}, {"depth": 2}, {"blocks": 2}, {"depth": 1}])
def test_what_lies_beyond_the_receptive_radius_changes_nothing_and_what_lies_within_does(arguments):
    net = trained_like(context=3, **arguments)
    radius = net.receptive_radius
    size = (2 * radius // net.multiple + 3) * net.multiple
    slices, base, offset, condition = inputs(context=3, size=size)
    slices.requires_grad_(True)
    furthest = 0
    for pixel in range(size // 2, size // 2 + net.multiple):
        given = net(slices, base, offset, condition)[0, 0, pixel, pixel]
        (gradient,) = torch.autograd.grad(given, slices)
        furthest = max(furthest, int((gradient[0].abs().sum(0).nonzero() - pixel).abs().max()))
    assert furthest == radius


def test_a_slice_does_not_see_the_batch():
    net = trained_like()
    slices, base, offset, condition = inputs(batch=3, offsets=2)
    with torch.no_grad():
        together = net(slices, base, offset, condition)
        alone = net(slices[1:2], base[1:2], offset[1:2], condition[1:2])
    assert torch.allclose(together[1:2], alone, atol=1e-6)


def test_encoding_once_and_decoding_each_offset_is_the_same_as_forward():
    net = trained_like()
    slices, base, offset, condition = inputs(offsets=3)
    with torch.no_grad():
        features = net.encode(slices, condition)
        each = [net.decode(features, base[:, i : i + 1], offset[:, i]) for i in range(3)]
        assert torch.allclose(torch.cat(each, dim=1), net(slices, base, offset, condition), atol=1e-6)


def test_offset_and_condition_matter():
    net = trained_like()
    slices, base, offset, condition = inputs()
    with torch.no_grad():
        given = net(slices, base, offset, condition)
        assert not torch.allclose(given, net(slices, base, -offset, condition))
        assert not torch.allclose(given, net(slices, base, offset, condition * 1.3))


def test_half_precision_inside_stays_within_rounding_of_full_precision():
    net = trained_like()
    slices, base, offset, condition = inputs()
    with torch.no_grad():
        full = net(slices, base, offset, condition)
        with torch.autocast("cpu", torch.bfloat16):
            half = net(slices, base, offset, condition)
    assert half.dtype == torch.float32
    assert (half - full).abs().max() < 0.03 * full.abs().max()


@pytest.mark.parametrize(
    ("profile", "deviation"),
    [
        (SliceProfile("box", 3.0), 3 / np.sqrt(12)),
        (SliceProfile("triangle", 3.0), 3 / np.sqrt(6)),
        (SliceProfile("gaussian", 3.0), 3 / 2.3548),
        (SliceProfile("weights", 3.0, (1.0, 1.0, 1.0), 1.0), 3 / np.sqrt(12)),
    ],
)
def test_a_scan_is_described_by_ratios(profile, deviation):
    pixels, spread, thin = describe_scan(4.0, 1.0, 0.5, profile)
    assert (pixels, thin) == (8, 4)
    assert spread == pytest.approx(deviation / 4, rel=0.01)
