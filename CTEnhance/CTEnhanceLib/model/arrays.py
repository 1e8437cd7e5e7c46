"""The one place where NumPy arrays become tensors and tensors arrays.

A torch built for NumPy 1 beside NumPy 2 (torch 2.2, the newest for the x86_64 builds of Slicer on macOS) raises
"Numpy is not available" at ``torch.from_numpy``, ``Tensor.numpy`` and ``numpy.asarray(tensor)``. The buffer protocol
and DLPack do not need that bridge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

_NO_BRIDGE = "Numpy is not available"


def tensor_of(array: np.ndarray) -> Tensor:
    """A tensor of an array's values.

    Args:
        array: Numbers of a type that torch has; it must not be changed while the tensor is in use.

    Returns:
        Of the same shape and type, on the CPU.
    """
    import torch

    array = np.ascontiguousarray(array)
    try:
        return torch.from_numpy(array)
    except RuntimeError as error:
        if _NO_BRIDGE not in str(error):
            raise
    kind = getattr(torch, array.dtype.name)
    if array.size == 0:  # an empty buffer is refused
        return torch.empty(array.shape, dtype=kind)
    writable = array if array.flags.writeable else array.copy()
    return torch.frombuffer(writable, dtype=kind).reshape(array.shape)


def array_of(tensor: Tensor) -> np.ndarray:
    """An array of a tensor's values.

    Args:
        tensor: On any device, of a type that NumPy has.

    Returns:
        Of the same shape and type; it may be written to.
    """
    tensor = tensor.detach().cpu()
    try:
        return tensor.numpy()
    except RuntimeError as error:
        if _NO_BRIDGE not in str(error):
            raise
    return np.array(np.from_dlpack(tensor.contiguous()))  # type: ignore[arg-type]


def has_numpy_bridge() -> bool:
    """Whether torch was built for the NumPy that is here."""
    import torch

    try:
        torch.ones(1).numpy()
    except RuntimeError:
        return False
    return True
