"""Tensors on their way to a device and back: on CUDA through page-locked memory, while the device computes on."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def send(tensor: Tensor, device: torch.device) -> Tensor:
    """Bring a tensor to a device; on CUDA the copy runs beside what the device computes.

    Args:
        tensor: Any shape and scale, in main memory.
        device: Where to.
    """
    if device.type != "cuda":
        return tensor.to(device)
    return page_locked(tensor).to(device, non_blocking=True)


class Arrival:
    """A tensor on its way from a device to main memory.

    Args:
        tensor: Where it was computed; on CUDA the computing may still go on.
    """

    def __init__(self, tensor: Tensor) -> None:
        self._done: Any = None
        if tensor.device.type != "cuda":
            self._here = tensor.cpu()
            return
        self._here = page_locked_like(tensor)
        self._here.copy_(tensor, non_blocking=True)
        self._done = torch.cuda.Event()
        self._done.record(torch.cuda.current_stream(tensor.device))

    def wait(self) -> Tensor:
        """Give the tensor in main memory, once it is there."""
        if self._done is not None:
            self._done.synchronize()
        return self._here


def page_locked(tensor: Tensor) -> Tensor:
    """Give a copy (any shape and scale) in page-locked memory, from which CUDA copies by itself."""
    return tensor.pin_memory()


def page_locked_like(tensor: Tensor) -> Tensor:
    """Give page-locked main memory for a tensor (any shape and scale) of a device."""
    return torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
