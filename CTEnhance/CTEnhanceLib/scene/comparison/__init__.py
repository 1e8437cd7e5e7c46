"""Measured and computed volume side by side; `from CTEnhanceLib.scene.comparison import Comparison`."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    """Give the public names of this package, imported only when asked for (PEP 562)."""
    if name == "Comparison":
        from CTEnhanceLib.scene.comparison.comparison import Comparison

        return Comparison
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
