"""Read a training configuration from a TOML file, and check it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

from CTEnhanceLib.errors import UsageError
from CTEnhanceLib.training.config.requirements import check_requirements
from CTEnhanceLib.training.config.sections import (
    CardSection,
    DiscriminatorSection,
    LossSection,
    ModelSection,
    PairSource,
    ThinSource,
    TrainingConfig,
    TrainingSection,
    ValidationCase,
)
from CTEnhanceLib.training.simulation.settings import Simulation
from CTEnhanceLib.training.uncertainty.settings import UncertaintySection

Section = TypeVar("Section")

_WITHOUT_EFFECT = ("card", "uncertainty")
"""Sections that change nothing of what a run trains."""


def read_config(path: str | os.PathLike[str], changes: Sequence[str] = ()) -> TrainingConfig:
    """Read and check a configuration; `extends = "other.toml"` in it begins with the values of another one.

    Args:
        path: The TOML file.
        changes: Values that replace those of the file, like "training.steps=3000" (the value in TOML).

    Raises:
        UsageError: It cannot be read, or a key of it is unknown, missing or makes no sense; the message names it.
    """
    path = Path(path)
    table = _read_table(path)
    try:
        for change in changes:
            _change(table, change)
        return _build(path, table)
    except (UsageError, ValueError) as error:
        raise UsageError(f"{path}: {error}") from error


def _read_table(path: Path, readers: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Give the content of a file; where it `extends` another one, with its values over those of that one."""
    try:
        if path in readers:
            raise ValueError(f"it extends itself by way of {readers[-1]}")
        table = _parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"The configuration {path} cannot be read: {error}.") from error
    if "extends" not in table:
        return table
    return _merged(_read_table(path.parent / str(table.pop("extends")), (*readers, path)), table)


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Give both tables in one, section by section; what `above` says counts, lists as a whole."""
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(below.get(key), dict)
        merged[key] = _merged(below[key], value) if both else value
    return merged


def _parse(text: str) -> dict[str, Any]:
    try:
        import tomllib
    except ModuleNotFoundError:  # Python 3.9 and 3.10
        import tomli as tomllib
    return tomllib.loads(text)


def _change(table: dict[str, Any], change: str) -> None:
    """Set one value, given as section.key=value."""
    keys, equals, value = change.partition("=")
    section, dot, key = keys.strip().partition(".")
    if not (equals and dot and key):
        raise UsageError(f"the change {change!r} is not section.key=value, for example training.steps=3000.")
    table.setdefault(section, {})[key] = _parse(f"value = {value}")["value"]


def _build(path: Path, table: dict[str, Any]) -> TrainingConfig:
    sections = ("model", "generator", "discriminator", "loss", "simulation", "training", "data", "validation", "card")
    _refuse_unknown(table, (*sections, "uncertainty"), "")
    data, validation = table.get("data", {}), table.get("validation", {})
    _refuse_unknown(data, ("thin", "pair"), "data.")
    _refuse_unknown(validation, ("case", "every", "whole"), "validation.")
    config = TrainingConfig(
        source=path,
        values=json.dumps(
            {name: section for name, section in table.items() if name not in _WITHOUT_EFFECT},
            sort_keys=True,
            default=str,
        ),
        model=_section(ModelSection, table.get("model", {}), "model"),
        generator=dict(table.get("generator", {})),
        discriminator=_section(DiscriminatorSection, table.get("discriminator", {}), "discriminator"),
        loss=_section(LossSection, table.get("loss", {}), "loss"),
        simulation=_section(Simulation, table.get("simulation", {}), "simulation"),
        training=_section(TrainingSection, table.get("training", {}), "training"),
        thin=tuple(_section(ThinSource, t, "data.thin") for t in data.get("thin", [])),
        pairs=tuple(_section(PairSource, t, "data.pair") for t in data.get("pair", [])),
        validation=tuple(_section(ValidationCase, t, "validation.case") for t in validation.get("case", [])),
        validate_every=_checked(validation.get("every", 1000), 1, "validation.every"),
        whole_figures=_checked(validation.get("whole", True), True, "validation.whole"),
        card=_section(CardSection, table.get("card", {}), "card"),
        uncertainty=_section(UncertaintySection, table.get("uncertainty", {}), "uncertainty"),
    )
    check_requirements(config)
    # what model and data must agree on is said once, in [model]
    offsets = tuple(o / config.model.thin_spacing_mm for o in config.model.offsets_mm)
    return replace(
        config,
        simulation=replace(
            config.simulation, context=config.model.context, base=config.model.base or "thick", offsets=offsets
        ),
    )


def _refuse_unknown(table: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in known:
            raise UsageError(f"the key {where}{key} is not known; known are {', '.join(known)}.")


def _section(cls: type[Section], table: Mapping[str, Any], where: str) -> Section:
    """Make a section of a table; every value must be of the type of the default it replaces."""
    default = cls()
    names = tuple(f.name for f in fields(cls))  # type: ignore[arg-type]
    _refuse_unknown(table, names, f"{where}.")
    values = {key: _checked(value, getattr(default, key), f"{where}.{key}") for key, value in table.items()}
    return cls(**values)


def _checked(value: Any, default: Any, where: str) -> Any:
    if isinstance(default, bool) or isinstance(value, bool):
        fits = isinstance(value, bool) and isinstance(default, bool)
    elif isinstance(default, float):
        fits = isinstance(value, (int, float))
        value = float(value) if fits else value
    elif isinstance(default, tuple):
        fits = isinstance(value, list) and (not _has_fixed_length(default) or len(value) == len(default))
        if fits and default:
            value = tuple(_checked(v, default[0], where) for v in value)
        elif fits:
            value = tuple(value)
    else:
        fits = isinstance(value, type(default)) or (isinstance(default, Mapping) and isinstance(value, dict))
    if not fits:
        kind = {tuple: f"a list like {list(default)}" if isinstance(default, tuple) else ""}.get(
            type(default), type(default).__name__
        )
        raise UsageError(f"the value of {where} must be {kind}, not {value!r}.")
    return value


def _has_fixed_length(default: tuple[Any, ...]) -> bool:
    return len(default) > 0
