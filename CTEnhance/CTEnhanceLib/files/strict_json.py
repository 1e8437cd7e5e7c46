"""JSON from files that nobody vouches for: bounded in size, depth and numbers, and nothing that is not JSON."""

from __future__ import annotations

import json
import math
from typing import Any

MAX_DEPTH = 32
# Python reads integers of any length, in a time that grows with its square
_MAX_DIGITS = 25


def parse_json(raw: bytes) -> Any:
    """Parse UTF-8 JSON (RFC 8259) as it is written, without what Python allows beyond it.

    Args:
        raw: The bytes of the file.

    Raises:
        ValueError: It is no JSON, holds NaN or an infinite number, names a key twice, or is nested deeper than
            `MAX_DEPTH`.
    """
    if _depth(raw) > MAX_DEPTH:
        raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels")
    try:
        return json.loads(
            raw.decode("utf-8"),
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_no_number,
            object_pairs_hook=_unique,
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _depth(raw: bytes) -> int:
    """Give an upper bound of the nesting: brackets in strings count, too."""
    depth = deepest = 0
    for byte in raw:
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def _integer(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise ValueError(f"the number {text[:8]}... has {len(text)} digits")
    return int(text)


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:20]} is too large")
    return value


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number in JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("it names a key twice")
    return content
