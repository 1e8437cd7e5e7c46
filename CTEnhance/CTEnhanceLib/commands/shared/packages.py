"""Packages of the extras, which not everyone has: asked for before a long run, and named where they are missing."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager

from CTEnhanceLib.errors import UsageError


def require_packages(*packages: str) -> None:
    """Check before a long run that packages of the evaluation extra are there.

    Args:
        packages: Names as they are imported.

    Raises:
        UsageError: One is missing.
    """
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise UsageError(f"This needs the package {package}: install it with pip install 'CTEnhance[evaluation]'.")


@contextmanager
def training_packages() -> Iterator[None]:
    """Import training inside this block.

    Raises:
        UsageError: A package of the training extra is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise UsageError(
            f"Training needs the package {error.name}: install the extra with pip install 'CTEnhance[training]'."
        ) from error
