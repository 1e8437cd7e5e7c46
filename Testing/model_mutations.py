"""Every way in which one place of a model.json can go wrong: removed, replaced by a hostile value, or wrapped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

# too large, too small, of another kind, nested, and what is dangerous in a path or on a terminal
HOSTILE: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    3,
    7,
    0.5,
    -0.0,
    1e-300,
    1e300,
    10**9,
    10**18,
    -(10**18),
    "",
    "0",
    "nan",
    "any",
    "raw",
    "x" * 60000,
    "../../../etc/passwd",
    "/dev/zero",
    "a\0b",
    "\x1b[31m\n",
    "手" * 50,
    [],
    [[]],
    [0],
    [1, 2, 3],
    ["x"],
    [None] * 1000,
    [1e300] * 2,
    [3, 1],
    {},
    {"": {}},
    {"x": 1},
    {"shape": "box"},
    {str(number): number for number in range(300)},
)


def places(content: Any, path: tuple = ()) -> list[tuple]:
    """Every place in nested JSON, the whole of it first."""
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    return [path, *(place for key, value in items for place in places(value, (*path, key)))]


def mutations(text: str) -> Iterator[tuple[str, str]]:
    """Give the JSON text of each mutation, with words that say which it is."""
    content = json.loads(text)
    for place in places(content):
        where = "/".join(str(key) for key in place) or "all of it"
        for value in HOSTILE:
            yield f"{where} = {json.dumps(value)[:40]}", json.dumps(put(content, place, value))
        if not place:
            continue
        yield f"{where} removed", json.dumps(put(content, place, None, remove=True))
        old = content
        for key in place:
            old = old[key]
        yield f"{where} in a list", json.dumps(put(content, place, [old]))
        yield f"{where} in an object", json.dumps(put(content, place, {"value": old}))
        yield (
            f"{where} nested 500 deep",
            json.dumps(put(content, place, "DEEP")).replace('"DEEP"', "[" * 500 + "]" * 500),
        )
        if isinstance(place[-1], str):
            yield f"{where} twice", json.dumps(put(content, place, old, twice=True)).replace("~twice~", place[-1])
            yield f"{where} under another name", json.dumps(put(content, place, old, renamed=True))


def put(
    content: Any, place: tuple, value: Any, *, remove: bool = False, twice: bool = False, renamed: bool = False
) -> Any:
    """Give a copy of nested JSON with one place changed."""
    if not place:
        return value
    changed = json.loads(json.dumps(content))
    inside = changed
    for key in place[:-1]:
        inside = inside[key]
    last = place[-1]
    if remove or renamed:
        del inside[last]
        if renamed:
            inside[f"{last}_"] = value
    elif twice:
        inside["~twice~"] = value
    else:
        inside[last] = value
    return changed
