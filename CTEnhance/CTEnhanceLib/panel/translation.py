"""Sentences of the rooms below the panel, and of the worker, in the user's language."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Callable

from slicer.i18n import tr as _

from CTEnhanceLib.panel.sentences import sentences

_FIELD = re.compile(r"\\\{(\d+)\\\}")


def translated(sentence: str, translate: Callable[[str], str] = _) -> str:
    """Give a sentence in the user's language.

    Args:
        sentence: English, as it was raised or as the worker wrote it.
        translate: Slicer's translation of one literal.

    Returns:
        The translation with the values of the sentence; the sentence itself where it is not known.
    """
    for number, pattern in enumerate(_patterns()):
        found = pattern.fullmatch(sentence)
        if found:
            return sentences(translate)[number].format(*found.groups())
    return sentence


@lru_cache(maxsize=1)
def _patterns() -> list[re.Pattern[str]]:
    """Give a pattern for each sentence; its fields are groups."""
    plain = (text.replace("{{", "\0").replace("}}", "\1") for text in sentences(lambda text: text))
    return [
        re.compile(_FIELD.sub("(.+?)", re.escape(text)).replace("\0", r"\{").replace("\1", r"\}"), re.DOTALL)
        for text in plain
    ]
