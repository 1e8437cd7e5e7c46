"""The PatchGAN discriminator."""

from __future__ import annotations

import math

import pytest
import torch

from CTEnhanceLib.model.patchgan import PatchGAN, adversarial_loss


def test_the_thesis_discriminator_has_the_parameters_of_pix2pix():
    with torch.device("meta"):
        assert sum(p.numel() for p in PatchGAN(6).parameters()) == 2_768_705


def test_a_logit_sees_a_patch_of_70_pixels():
    net = PatchGAN(2, width=4).eval()
    x = torch.randn(1, 1, 160, 160, requires_grad=True)
    logits = net(torch.zeros(1, 1, 160, 160), x)
    middle = logits.shape[-1] // 2
    (gradient,) = torch.autograd.grad(logits[0, 0, middle, middle], x)
    seen = gradient[0, 0].nonzero()
    assert (seen.max(0).values - seen.min(0).values + 1).tolist() == [70, 70]


def test_without_normalisation_a_logit_does_not_see_the_batch():
    torch.manual_seed(0)
    net = PatchGAN(2, width=4, layers=1, norm=False)
    x = torch.randn(2, 1, 32, 32)
    assert torch.allclose(net(x, x)[:1], net(x[:1], x[:1]), atol=1e-6)


@pytest.mark.parametrize("real", [True, False])
def test_an_undecided_discriminator_costs_log_two(real):
    assert adversarial_loss(torch.zeros(1, 1, 3, 3), real).item() == pytest.approx(math.log(2))


def test_the_loss_falls_when_the_answer_is_right():
    sure = torch.full((1, 1, 2, 2), 5.0)
    assert adversarial_loss(sure, True) < 0.01 < adversarial_loss(sure, False)


def test_only_patches_with_something_that_counts_enter_the_loss():
    logits = torch.tensor([[[[5.0, -5.0]]]])
    where = torch.zeros(1, 1, 8, 16)
    where[..., :3, 2] = 1
    assert adversarial_loss(logits, True, where) < 0.01
    assert adversarial_loss(logits, True, where.flip(-1)) > 4
    assert adversarial_loss(logits, True, torch.zeros_like(where)) == 0
