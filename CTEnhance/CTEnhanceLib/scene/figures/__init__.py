"""Figures, tables, plots and surfaces of a comparison.

`from CTEnhanceLib.scene.figures import figure_table, own_figures_table, reference_figures, slice_chart`.
"""

from __future__ import annotations

import importlib
from typing import Any

_PUBLIC = ("figure_table", "own_figures_table", "reference_figures", "slice_chart")


def __getattr__(name: str) -> Any:
    """Give the public names of this package, imported only when asked for (PEP 562)."""
    if name in _PUBLIC:
        return getattr(importlib.import_module("CTEnhanceLib.scene.figures.figures"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
