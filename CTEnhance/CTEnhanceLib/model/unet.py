"""U-Net-256: the generator of the thesis, pix2pix's own (Isola et al., CVPR 2017, arXiv:1611.07004)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from CTEnhanceLib.model.initial_weights import draw_normal

_LARGEST = 8  # channels grow to this multiple of the width
_DROPPED = 3  # inner levels with dropout


class _Level(nn.Module):
    """One level: halve the size, go on inside, double it again, and hand the input over beside the result."""

    def __init__(self, outer: int, inner: int, below: nn.Module | None, dropout: float) -> None:
        super().__init__()
        innermost = below is None
        self.down = nn.Conv2d(outer, inner, 4, stride=2, padding=1, bias=False)
        # a single pixel has no statistics: the innermost level goes without
        self.norm_down = nn.Identity() if innermost else nn.BatchNorm2d(inner)
        self.below = below
        self.up = nn.ConvTranspose2d(inner if innermost else 2 * inner, outer, 4, stride=2, padding=1, bias=False)
        self.norm_up = nn.BatchNorm2d(outer)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        skip = functional.leaky_relu(x, 0.2)
        inside = self.norm_down(self.down(skip))
        if self.below is not None:
            inside = self.below(inside)
        outside = self.dropout(self.norm_up(self.up(functional.relu(inside))))
        # pix2pix activates in place, so what its skip connections carry is the activated input
        return torch.cat([skip, outside], dim=1)


class UNet256(nn.Module):
    """Slices in, slices out, seen by every pixel of the input.

    In evaluation mode it is deterministic: stored statistics, no dropout. (pix2pix keeps both at test time, which
    makes a voxel depend on chance and on what else is in the picture.)

    Args:
        in_channels: Slices in.
        out_channels: Slices out.
        width: Channels of the outermost level; 64 in the thesis.
        levels: Halvings; 8 in the thesis, so that 256 pixels become one.
    """

    def __init__(self, in_channels: int = 1, out_channels: int = 1, width: int = 64, levels: int = 8) -> None:
        super().__init__()
        self.levels = levels
        widths = [width * min(2**level, _LARGEST) for level in range(levels)]
        inside: nn.Module | None = None
        for level in reversed(range(1, levels)):
            dropped = level > levels - 2 - _DROPPED and level < levels - 1
            inside = _Level(widths[level - 1], widths[level], inside, 0.5 if dropped else 0.0)
        self.down = nn.Conv2d(in_channels, width, 4, stride=2, padding=1)
        self.inside = inside
        self.up = nn.ConvTranspose2d(2 * width, out_channels, 4, stride=2, padding=1)
        self.apply(initialise)

    @property
    def multiple(self) -> int:
        """What height and width must be a multiple of."""
        return 2**self.levels

    def forward(self, x: Tensor) -> Tensor:
        """Give slices.

        Args:
            x: (B, in_channels, H, W) in [-1, 1]; H and W multiples of `multiple`.

        Returns:
            float32 (B, out_channels, H, W) in [-1, 1].
        """
        inside = functional.relu(self.inside(self.down(x)))  # type: ignore[misc]
        with torch.autocast(x.device.type, enabled=False):
            # the last layer and tanh in full precision: bfloat16 would round to 8 HU and more
            return torch.tanh(self.up(inside.float()))


def initialise(module: nn.Module) -> None:
    """Initialise as pix2pix does: normal weights with deviation 0.02, batch norm around one."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        draw_normal(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d):
        draw_normal(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)
