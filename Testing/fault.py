"""A fault that is put back into the code on purpose."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """A fault, where it is put, and the test that has to notice it.

    Attributes:
        name: What is wrong.
        file: Below CTEnhance/CTEnhanceLib.
        right, wrong: What stands there, and what is put in its place.
        test: File below Testing, and words of the test's name.
    """

    name: str
    file: str
    right: str
    wrong: str
    test: tuple[str, str]
