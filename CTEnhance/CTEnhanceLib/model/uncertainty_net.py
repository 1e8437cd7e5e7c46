"""The uncertainty network: computed slices in, the error to be expected of each voxel out.

It looks at the finished picture (after back-projection) and at the four measured slices around each thin one, never
into the generator: so it serves every `detail`, and pictures that several series were fused into.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from CTEnhanceLib.ct.intensity import BODY_ABOVE_HU
from CTEnhanceLib.model.scaled_convolution import scaled_convolution

NEIGHBOURS = 2
"""Thin slices that are looked at on each side."""
MEASURED = 4
"""Measured slices that are looked at, half of them on each side."""
CONDITION_SIZE = 3
_SHAPES = 4
_SLICES = 2 * NEIGHBOURS + 1
_SOFT_HU = 30.0
_NOISE_HU = 10.0
_NO_TISSUE = 1e4
_SMALLEST, _LARGEST = 0.5, 2000.0


def _activate(x: Tensor) -> Tensor:
    return functional.leaky_relu(x, 0.1)


class UncertaintyNet(nn.Module):
    """Logarithm of the uncertainty of each voxel of thin slices.

    Two resolutions, so that a voxel's surroundings count and the cost stays small beside the generator's.

    Args:
        width: Channels at half resolution; twice as many at a quarter of it.
        noise: Whether steepness and curvature are given as such, and the noise of the measured slices around each
            place; False reads weights of the first version.
    """

    def __init__(self, width: int = 16, noise: bool = False) -> None:
        super().__init__()
        inputs = _SLICES + MEASURED + 1 + (_SHAPES if noise else 0)
        self.stem = nn.Conv2d(4 * inputs, width, 3, padding=1)
        self.condition = nn.Sequential(nn.Linear(CONDITION_SIZE + 3, 32), nn.ReLU(), nn.Linear(32, 2 * width))
        self.middle = nn.Conv2d(width, width, 3, padding=1)
        self.down = nn.Conv2d(width, 2 * width, 2, stride=2)
        self.noise = nn.Conv2d(2, 2 * width, 1) if noise else None
        self.coarse = nn.Conv2d(2 * width, 2 * width, 3, padding=1)
        self.up = nn.Conv2d(2 * width, width, 1)
        self.joined = nn.Conv2d(width, width, 3, padding=1)
        self.last = nn.Conv2d(width, 4, 3, padding=1)
        nn.init.zeros_(self.last.weight)
        nn.init.constant_(self.last.bias, 3.0)  # type: ignore[arg-type]

    @property
    def multiple(self) -> int:
        """What height and width must be a multiple of."""
        return 4

    def forward(
        self, picture: Tensor, measured: Tensor, offset: Tensor, condition: Tensor, noise: Tensor | None = None
    ) -> Tensor:
        """Give the logarithm of the uncertainty.

        Args:
            picture: (B, 5, H, W) HU: the thin slice in the middle of its neighbours along the slice axis; H and W
                multiples of `multiple`.
            measured: (B, 4, H, W) HU: the measured slices around the thin one, along the slice axis; it lies between
                the second and the third.
            offset: (B,) place between these two: 0 on the second, 1 on the third.
            condition: (B, 3) raw numbers, from `context_unet.describe_scan`.
            noise: What `noise_maps` gives of `measured`, where it is at hand.

        Returns:
            float32 (B, 1, H, W): natural logarithm of HU.
        """
        known = torch.cat(
            [
                torch.log2(condition[:, :1].clamp(1.5, 18.0) / 6) / 2,
                (condition[:, 1:2].clamp(0.2, 0.55) - 0.35) * 5,
                torch.log2(condition[:, 2:].clamp(2.0, 6.0) / 3.5),
                torch.stack([offset, offset * (1 - offset) * 4, torch.sin(torch.pi * 2 * offset)], dim=1),
            ],
            dim=1,
        )
        scale, shift = self.condition(known).chunk(2, dim=1)
        features = _features(picture, measured, offset, with_shapes=self.noise is not None)
        x = self._stemmed(features, scale, shift).contiguous(memory_format=torch.channels_last)
        fine = _activate(x)
        fine = fine + _activate(self.middle(fine))
        coarse = self.down(fine)
        if self.noise is not None:
            coarse = coarse + self.noise(noise_maps(measured) if noise is None else noise)
        coarse = _activate(self.coarse(_activate(coarse)))
        x = fine + functional.interpolate(self.up(coarse), scale_factor=2.0, mode="nearest")
        x = x + _activate(self.joined(_activate(x)))
        logarithm = functional.pixel_shuffle(self.last(x).float(), 2)
        return logarithm.clamp(float(torch.log(torch.tensor(_SMALLEST))), float(torch.log(torch.tensor(_LARGEST))))

    def _stemmed(self, features: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        """Give stem, scale and shift as one convolution of pixels with stride 2: no copy at half resolution."""
        width, inputs, rows, columns = self.stem.weight.shape
        apart = self.stem.weight.view(width, inputs // 4, 2, 2, rows, columns)
        kernel = apart.permute(0, 1, 4, 2, 5, 3).reshape(width, inputs // 4, 2 * rows, 2 * columns)
        assert self.stem.bias is not None
        return scaled_convolution(features, kernel, self.stem.bias, scale, shift, stride=2, padding=2)


def _features(picture: Tensor, measured: Tensor, offset: Tensor, with_shapes: bool) -> Tensor:
    """Give the slices as differences to the middle one: small ones as they are, large ones compressed.

    With `with_shapes` also, as absolute values: the curvature along the slice axis, the steeper side of it, the
    steepness within the slice, and the difference to linear interpolation.
    """
    middle = picture[:, NEIGHBOURS : NEIGHBOURS + 1]
    where = offset[:, None, None, None]
    line = measured[:, 1:2] * (1 - where) + measured[:, 2:3] * where
    others = [*picture.split(1, dim=1), *measured.split(1, dim=1), line]
    differences = [other - middle for number, other in enumerate(others) if number != NEIGHBOURS]
    tone = middle.clamp(-1024, 3071) / 1000
    if not with_shapes:
        return torch.cat([tone, *(torch.asinh(difference / _SOFT_HU) for difference in differences)], dim=1)
    below, above = differences[NEIGHBOURS - 1], differences[NEIGHBOURS]
    steeper = torch.maximum(above.abs(), below.abs())
    shapes = [(above + below).abs(), steeper, _steepness(middle), differences[-1].abs()]
    # plane by plane: each stays in the processor's cache
    return torch.cat([tone, *(_compressed(plane) for plane in (*differences, *shapes))], dim=1)


def _compressed(difference: Tensor) -> Tensor:
    """HU in units of `_SOFT_HU` where small, their square root where large; the logarithm would take longer."""
    return difference.abs().add_(_SOFT_HU).mul_(_SOFT_HU).rsqrt_().mul_(difference)


def _steepness(slices: Tensor) -> Tensor:
    """Give half the larger of the differences between opposite neighbours in the slice, HU."""
    padded = functional.pad(slices, (1, 1, 1, 1), mode="replicate")
    across = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]).abs()
    along = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]).abs()
    return torch.maximum(across, along) / 2


def noise_maps(measured: Tensor) -> Tensor:
    """Give two maps of the fine structure of the two measured slices beside a thin one, (B, 2, H / 4, W / 4).

    The first is its RMS in cells of 4 x 4 pixels; the second the lowest of the first in tissue within two cells: the
    noise, where some place nearby is flat.
    """
    measured = measured[:, 1:-1]
    smooth = functional.avg_pool2d(functional.pad(measured, (1, 1, 1, 1), mode="replicate"), 3, 1)
    rms = functional.avg_pool2d((measured - smooth).square().mean(1, keepdim=True), 4).sqrt()
    tissue = functional.avg_pool2d(measured.mean(1, keepdim=True), 4) > BODY_ABOVE_HU
    lowest = -functional.max_pool2d(-torch.where(tissue, rms, torch.full_like(rms, _NO_TISSUE)), 5, 1, 2)
    lowest = torch.where(lowest < _NO_TISSUE, lowest, torch.zeros_like(lowest))
    return torch.log1p(torch.cat([rms, lowest], dim=1) / _NOISE_HU)
