"""Stand-in for slicer.i18n: no translation is loaded, so texts stay as they are."""

from __future__ import annotations


def translate(context: str, text: str) -> str:
    """The text, untranslated."""
    return text


def tr(text: str) -> str:
    """The text, untranslated."""
    return text
