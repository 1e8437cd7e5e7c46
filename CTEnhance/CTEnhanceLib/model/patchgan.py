"""The 70x70 PatchGAN: says of each patch whether it is real (Isola et al., CVPR 2017, section 3.2.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from CTEnhanceLib.model.unet import initialise


class PatchGAN(nn.Module):
    """Conditional patch discriminator.

    Args:
        in_channels: Channels of the condition and of what is judged, together.
        width: Channels of the first layer; 64 in the thesis.
        layers: Strided layers; 3 see patches of 70x70 pixels.
        norm: Whether to normalise with batch statistics, as the thesis does.
    """

    def __init__(self, in_channels: int, width: int = 64, layers: int = 3, norm: bool = True) -> None:
        super().__init__()
        modules: list[nn.Module] = [nn.Conv2d(in_channels, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
        channels = width
        for layer in range(1, layers + 1):
            wider = width * min(2**layer, 8)
            stride = 2 if layer < layers else 1
            modules.append(nn.Conv2d(channels, wider, 4, stride=stride, padding=1, bias=not norm))
            modules += [nn.BatchNorm2d(wider)] if norm else []
            modules.append(nn.LeakyReLU(0.2))
            channels = wider
        modules.append(nn.Conv2d(channels, 1, 4, stride=1, padding=1))
        self.layers = nn.Sequential(*modules)
        self.apply(initialise)

    def forward(self, condition: Tensor, judged: Tensor) -> Tensor:
        """Give a logit for each patch, (B, 1, h, w); positive means real.

        Args:
            condition: What the judged slices were made from, (B, C, H, W), network scale [-1, 1].
            judged: True or computed slices, (B, C', H, W), network scale [-1, 1].
        """
        return self.layers(torch.cat([condition, judged], dim=1))


def adversarial_loss(logits: Tensor, real: bool, where: Tensor | None = None) -> Tensor:
    """Give the cross-entropy of calling every patch real (or not).

    Args:
        logits: (B, 1, h, w), from the discriminator.
        real: What they are called.
        where: (B, 1, H, W), above 0 where it counts; a patch counts if anything in its share of the picture does. All
            count when left out.
    """
    loss = functional.binary_cross_entropy_with_logits(
        logits.float(), torch.full_like(logits, float(real)).float(), reduction="none"
    )
    if where is None:
        return loss.mean()
    weight = functional.adaptive_max_pool2d(where, logits.shape[-2:])
    return (loss * weight).sum() / weight.sum().clamp_min(1.0)
