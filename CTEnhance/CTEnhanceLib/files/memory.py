"""How much memory a run may still take."""

from __future__ import annotations

import re
from pathlib import Path


def available_memory() -> int | None:
    """Give the bytes that this process can still take, None where the system does not say.

    The least of what the machine has free, what its group of processes may take (Linux), and its own limit.
    """
    limits = [limit for limit in (_machine(), _group(), _process()) if limit is not None]
    return min(limits, default=None)


def _machine() -> int | None:
    found = re.search(r"MemAvailable: *(\d+) kB", _text("/proc/meminfo"))
    return int(found.group(1)) * 1024 if found else None


def _group() -> int | None:
    limit, used = _text("/sys/fs/cgroup/memory.max").strip(), _text("/sys/fs/cgroup/memory.current").strip()
    if not limit.isdecimal() or not used.isdecimal():
        return None
    # pages of files that were read count as used, but are given back when asked for
    files = re.search(r"^inactive_file (\d+)$", _text("/sys/fs/cgroup/memory.stat"), re.MULTILINE)
    return max(0, int(limit) - int(used) + (int(files.group(1)) if files else 0))


def _process() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    pages = _text("/proc/self/statm").split()
    if limit == resource.RLIM_INFINITY or not pages:
        return None
    return max(0, limit - int(pages[0]) * resource.getpagesize())


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""
