"""Which devices a run can use; asked of a process of its own, as only torch knows and Slicer must not wait for it.

Run as a program (``python -m CTEnhanceLib.panel.device.devices``) it prints what it finds as one JSON line.
Therefore this file imports neither Qt nor Slicer.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Device:
    """A device that can be chosen.

    Attributes:
        key: As passed to ``--device``.
        name: In words.
        memory: Bytes; 0 when unknown.
    """

    key: str
    name: str
    memory: int

    def words(self) -> str:
        """For the list of devices."""
        return f"{self.name} ({self.memory / 1e9:.0f} GB)" if self.memory else self.name


def processor() -> Device:
    """The CPU: always there, needs no torch to be known."""
    cores = os.cpu_count() or 1
    return Device("cpu", f"CPU, {cores} cores", main_memory())


def main_memory() -> int:
    """Bytes of main memory; 0 when the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return _windows_memory()


def _windows_memory() -> int:
    if sys.platform != "win32":
        return 0
    import ctypes

    class Status(ctypes.Structure):
        _fields_ = [
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in ("total", "free", "pages", "a", "b", "c", "d")),
        ]

    status = Status()
    status.length = ctypes.sizeof(status)
    ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
    return int(status.total)


def find_devices() -> list[Device]:
    """All devices, the best first; the CPU alone where torch is missing."""
    try:
        import torch
    except ImportError:
        return [processor()]
    found = []
    for index in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(index)
        found.append(Device(f"cuda:{index}", f"GPU {index}: {properties.name}", int(properties.total_memory)))
    if torch.backends.mps.is_available():
        found.append(Device("mps", "Apple GPU", main_memory()))
    return [*found, processor()]


def parse_devices(line: str) -> list[Device] | None:
    """Read the line that this file prints when run; None when it is another line."""
    try:
        content = json.loads(line)
        return [Device(str(d["key"]), str(d["name"]), int(d["memory"])) for d in content["devices"]]
    except (ValueError, KeyError, TypeError):
        return None


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"devices": [asdict(device) for device in find_devices()]}) + "\n")
