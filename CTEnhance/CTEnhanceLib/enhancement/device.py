"""Which device and precision a run uses: as asked for, or the best that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from CTEnhanceLib.errors import DeviceError, UsageError

if TYPE_CHECKING:
    import torch

PRECISIONS = ("auto", "fp32", "fp16", "bf16")


def choose_device(name: str = "auto") -> torch.device:
    """Give the torch device for "auto", "cpu", "cuda", "cuda:N" or "mps".

    Raises:
        UsageError: The name is no device.
        DeviceError: The device is not there.
    """
    import torch

    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda:0")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    kind, _, number = name.partition(":")
    if kind not in {"cpu", "cuda", "mps"} or (number and not (kind == "cuda" and number.isdigit())):
        raise UsageError(f"{name!r} is no device; choose auto, cpu, cuda, cuda:N or mps.")
    if kind == "cuda" and int(number or 0) >= torch.cuda.device_count():
        raise DeviceError(
            f"The device {name!r} is not there: torch {torch.__version__} sees {torch.cuda.device_count()} CUDA "
            "devices; choose cpu, or install a torch build for your GPU."
        )
    if kind == "mps" and not torch.backends.mps.is_available():
        raise DeviceError("The device 'mps' is not there; choose cpu.")
    return torch.device("cuda", int(number or 0)) if kind == "cuda" else torch.device(kind)


def choose_precision(name: str, device: torch.device) -> str:
    """Give the precision of the inner layers: "auto" is fp16 on CUDA, bf16 on a CPU with such instructions, else fp32.

    The last layer and the addition to the base are fp32 in any case: bf16 cannot hold 12-bit CT.

    Raises:
        UsageError: The name is no precision, or the device cannot do it.
    """
    if name not in PRECISIONS:
        raise UsageError(f"{name!r} is no precision; choose one of {', '.join(PRECISIONS)}.")
    if name == "fp16" and device.type == "cpu":
        raise UsageError("The precision fp16 needs a GPU; choose bf16 or fp32 on the CPU.")
    if name != "auto":
        return name
    if device.type == "cuda":
        return "fp16"
    return "bf16" if device.type == "cpu" and _cpu_has_bf16() else "fp32"


def device_name(device: torch.device) -> str:
    """Give the device in words for a report, for example "cuda:0 (NVIDIA H100)" or "cpu (2 threads)"."""
    import torch

    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"cpu ({torch.get_num_threads()} threads)" if device.type == "cpu" else str(device)


def _cpu_has_bf16() -> bool:
    import torch

    probes = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return any(probe() for probe in probes if probe)
