"""CTEnhance: thin slices from thick-slice bone CT, consistent with what was measured.

`from CTEnhanceLib import enhance, load_stack` is the way in; torch is imported only when they are used.
"""

from __future__ import annotations

from typing import Any

from CTEnhanceLib.version import __version__

__all__ = ["Enhancement", "__version__", "enhance", "load_stack"]


def __getattr__(name: str) -> Any:
    """Import the pipeline only when it is asked for (PEP 562)."""
    if name in ("enhance", "Enhancement"):
        from CTEnhanceLib.enhancement import pipeline

        return getattr(pipeline, name)
    if name == "load_stack":
        from CTEnhanceLib.model.folder import load_stack

        return load_stack
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
