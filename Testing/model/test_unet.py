"""U-Net-256: pix2pix's generator."""

from __future__ import annotations

import torch

from CTEnhanceLib.model.unet import UNet256


def parameters(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def test_the_thesis_width_has_the_parameters_of_pix2pix():
    with torch.device("meta"):
        assert parameters(UNet256(3, 3)) == 54_414_019  # what pix2pix prints for unet_256
        assert parameters(UNet256(1, 1)) == 54_407_873


def test_256_pixels_become_one_and_256_again():
    net = UNet256(1, 2, width=2).eval()
    sizes = []
    for module in net.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(lambda m, i, o: sizes.append(o.shape[-1]))
    given = net(torch.zeros(1, 1, 256, 256))
    assert sizes == [128, 64, 32, 16, 8, 4, 2, 1]
    assert given.shape == (1, 2, 256, 256)
    assert net.multiple == 256


def test_three_inner_levels_have_dropout():
    dropped = [m.p for m in UNet256(width=2).modules() if isinstance(m, torch.nn.Dropout)]
    assert dropped == [0.0, 0.5, 0.5, 0.5, 0.0, 0.0, 0.0]  # from the innermost outwards


def test_evaluation_is_repeatable_and_does_not_see_the_batch():
    torch.manual_seed(0)
    net = UNet256(1, 1, width=4, levels=5)
    for _ in range(3):
        net(torch.randn(2, 1, 64, 64))
    net.eval()
    x = torch.randn(3, 1, 64, 64).clamp(-1, 1)
    with torch.no_grad():
        together, again, alone = net(x), net(x), net(x[1:2])
    assert torch.equal(together, again)
    assert torch.allclose(together[1:2], alone, atol=1e-6)
    assert together.abs().max() <= 1


def test_training_keeps_dropout():
    torch.manual_seed(0)
    net = UNet256(1, 1, width=4, levels=6).train()
    x = torch.randn(1, 1, 64, 64)
    assert not torch.equal(net(x), net(x))


def test_the_last_layer_keeps_full_precision():
    net = UNet256(1, 1, width=4, levels=5).eval()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        assert net(torch.zeros(1, 1, 32, 32)).dtype == torch.float32
