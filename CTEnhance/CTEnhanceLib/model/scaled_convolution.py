"""A convolution whose channels are scaled and shifted by what is known of a scan (FiLM, Perez et al., AAAI 2018)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def scaled(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Scale channels by `1 + scale` and shift them.

    Args:
        x: (B, C, H, W).
        scale: (B, C).
        shift: (B, C), in the same unit as `x`.
    """
    scale, shift = (numbers.to(x.dtype)[:, :, None, None] for numbers in (scale, shift))
    return torch.addcmul(shift, x, 1 + scale)


def scaled_convolution(
    x: Tensor, weight: Tensor, bias: Tensor, scale: Tensor, shift: Tensor, *, stride: int = 1, padding: int = 1
) -> Tensor:
    """Convolve, then scale and shift; of one scan in the convolution itself, without a pass of its own.

    Args:
        x: (B, C_in, H, W).
        weight: (C, C_in, rows, columns).
        bias: (C,).
        scale: (B, C), as for `scaled`.
        shift: (B, C), likewise.
        stride: Pixels from one result to the next.
        padding: Zeros around, pixels.

    Returns:
        (B, C, H_out, W_out).
    """
    if len(scale) > 1:
        return scaled(functional.conv2d(x, weight, bias, stride, padding), scale, shift)
    gain = 1 + scale[0].float()
    weight, bias = weight * gain[:, None, None, None], bias * gain + shift[0].float()
    return functional.conv2d(x, weight, bias, stride, padding)
