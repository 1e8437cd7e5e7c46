"""Training configuration: a TOML file, checked before anything is computed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from CTEnhanceLib.errors import UsageError
from CTEnhanceLib.training.simulation.settings import Simulation
from CTEnhanceLib.training.uncertainty.settings import UncertaintySection

ARCHITECTURES = ("unet256", "context_unet")
Section = TypeVar("Section")


@dataclass(frozen=True)
class ModelSection:
    """What is trained and what it may be used for; see `model.spec.ModelSpec` for the meaning of most fields.

    `offsets_mm` empty means: any offset. `accurate` names a model folder: the run begins with its weights, which become
    the accurate end of `detail`, and trains the crisp end; `detail` is then the default one. `mirrored` is how the
    model will be used, not how it is trained.
    """

    name: str = ""
    description: str = ""
    architecture: str = ""
    method: str = "residual"
    base: str = "interpolated"
    context: int = 5
    offsets_mm: tuple[float, ...] = ()
    thin_spacing_mm: float = 1.0
    spacing_range_mm: tuple[float, float] = (1.0, 1.0)
    thickness_range_mm: tuple[float, float] = (3.0, 3.0)
    interval_range_mm: tuple[float, float] = (3.0, 3.0)
    pixel_spacing_range_mm: tuple[float, float] = (0.3, 1.0)
    kernels: str = "any"
    slice_profile: Mapping[str, Any] = field(default_factory=lambda: {"shape": "box", "fwhm_ratio": 1.0})
    accurate: str = ""
    detail: float = 0.5
    mirrored: bool = False


@dataclass(frozen=True)
class ThinSource:
    """A thin volume that pairs are simulated from: file, slices used (k index, end excluded), share of the draws."""

    path: str = ""
    slices: tuple[int, int] = (0, 1_000_000)
    share: float = 1.0


@dataclass(frozen=True)
class PairSource:
    """A thick and a thin series of one scan: files, share of the draws."""

    thick: str = ""
    thin: str = ""
    share: float = 1.0


@dataclass(frozen=True)
class DiscriminatorSection:
    """The PatchGAN; weight 0 leaves it out.

    Attributes:
        weight: Of the adversarial loss.
        width: Channels of the first layer.
        layers: Strided layers.
        norm: Whether to normalise with batch statistics.
        start: Step at which the generator begins to hear of it; it learns from the first step on.
        learning_rate: At the beginning; 0: that of the generator.
        cuts: Cuts along the slice axis that a second one judges, in each in-plane direction of each pair; 0: none.
        bone: Whether to judge only where there is bone: elsewhere a real slice differs by its noise.
    """

    weight: float = 0.0
    width: int = 64
    layers: int = 3
    norm: bool = True
    start: int = 0
    learning_rate: float = 0.0
    cuts: int = 0
    bone: bool = False


@dataclass(frozen=True)
class LossSection:
    """Weights of the losses, all on the scale of what the generator gives.

    Attributes:
        l1: Weight of the absolute error.
        rounding_hu: Below this error the absolute value is rounded off to a square (0: plain L1).
        consistency: Weight of the absolute error of what the thin slices add up to in the thick one.
        slope: Weight of the absolute error of the differences between neighbouring thin slices.
    """

    l1: float = 100.0
    rounding_hu: float = 0.0
    consistency: float = 0.0
    slope: float = 0.0


@dataclass(frozen=True)
class TrainingSection:
    """How long and how fast.

    Attributes:
        steps: Optimiser steps of each generator.
        batch: Pairs in a step, over all processes together.
        learning_rate: At the beginning.
        betas: Of Adam.
        schedule: "cosine" to zero, or "linear": constant for the first half, then down to zero.
        warmup: Steps over which the learning rate rises.
        clip: Largest norm of the gradient; 0 leaves it as it is.
        keep_initial: Share of the weights of `initial` in the ones that are validated and exported (Wortsman et al.,
            "Robust fine-tuning of zero-shot models", CVPR 2022).
        average: Share of its old value that the running mean of the weights keeps in a step; the mean, not the last
            weights, is validated and exported. 0: no mean is kept.
        precision: "fp32", "bf16" or "fp16", of the inner layers.
        seed: Everything random follows from it.
        workers: Processes that make pairs beside each training process; 0: it makes them itself.
        checkpoint_minutes: Time between checkpoints.
        log_every: Steps between lines of the log.
        initial: Name or folder of a model whose generators the run begins with; empty: untrained ones.
        output: Folder of checkpoints, log and pictures.
    """

    steps: int = 0
    batch: int = 1
    learning_rate: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)
    schedule: str = "linear"
    warmup: int = 0
    clip: float = 0.0
    average: float = 0.0
    keep_initial: float = 0.0
    precision: str = "fp32"
    seed: int = 0
    workers: int = 0
    checkpoint_minutes: float = 2.0
    log_every: int = 50
    initial: str = ""
    output: str = ""


@dataclass(frozen=True)
class ValidationCase:
    """A volume that figures are taken on: a thin one that is thickened, or a thick and a thin one of one scan.

    Attributes:
        name: How it is called in the log.
        thin: File of the reference.
        slices: Slices of it that are used (k index, end excluded), always: for choosing and for the final figures.
        thick: File of the measured thick series; empty: the thin one is thickened.
        thickness_mm: Thickness and interval of the simulated slices.
        shape: Slice profile.
        fwhm_mm: Its width; 0: as the thickness.
        crop: First index and end (excluded) along x, y, z of the file: a part of it, for speed while training.
        weight: Share in the figure that chooses the checkpoint; 0: shown only.
    """

    name: str = ""
    thin: str = ""
    slices: tuple[int, int] = (0, 1_000_000)
    thick: str = ""
    thickness_mm: float = 3.0
    shape: str = "box"
    fwhm_mm: float = 0.0
    crop: tuple[int, ...] = ()
    weight: float = 1.0


@dataclass(frozen=True)
class CardSection:
    """What the model card says beside the figures."""

    data: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    licence: str = "Apache-2.0"


@dataclass(frozen=True)
class TrainingConfig:
    """All of a configuration file.

    Attributes:
        source: The file it was read from.
        text: Its content, which tells whether a checkpoint belongs to it.
        validate_every: Steps between validations.
        whole_figures: Whether the model's final figures are taken on whole volumes, or (quicker) on their crops.
    """

    source: Path
    text: str
    model: ModelSection
    generator: dict[str, Any]
    discriminator: DiscriminatorSection
    loss: LossSection
    simulation: Simulation
    training: TrainingSection
    thin: tuple[ThinSource, ...]
    pairs: tuple[PairSource, ...]
    validation: tuple[ValidationCase, ...]
    validate_every: int
    whole_figures: bool
    card: CardSection
    uncertainty: UncertaintySection

    @property
    def output(self) -> Path:
        """Folder of checkpoints, log and pictures."""
        return Path(self.training.output or f"build/training/{self.model.name}")


def data_path(path: str) -> Path:
    """Find a data file: as given, else in the folder that the environment variable CTENHANCE_DATA names."""
    folder = os.environ.get("CTENHANCE_DATA", "")
    return Path(path) if Path(path).exists() or not folder else Path(folder) / path


def existing_data(path: str, what: str) -> Path:
    """Find a data file that has to be there.

    Args:
        path: As in the configuration.
        what: What the data are for, for the error.

    Raises:
        UsageError: It is not there.
    """
    found = data_path(path)
    if not found.exists():
        raise UsageError(
            f"The {what} data {path} are not there (looked at {found}); set CTENHANCE_DATA to their folder."
        )
    return found


def read_config(path: str | os.PathLike[str], changes: Sequence[str] = ()) -> TrainingConfig:
    """Read and check a configuration; `extends = "other.toml"` in it begins with the values of another one.

    Args:
        path: The TOML file.
        changes: Values that replace those of the file, like "training.steps=3000" (the value in TOML).

    Raises:
        UsageError: It cannot be read, or a key of it is unknown, missing or makes no sense; the message names it.
    """
    path = Path(path)
    text, table = _read_table(path)
    try:
        for change in changes:
            _change(table, change)
        text = "\n".join([text, *changes])
        return _build(path, text, table)
    except (UsageError, ValueError) as error:
        raise UsageError(f"{path}: {error}") from error


def _read_table(path: Path, readers: tuple[Path, ...] = ()) -> tuple[str, dict[str, Any]]:
    """Give text and content of a file; where it `extends` another one, after those and with its values over them."""
    try:
        if path in readers:
            raise ValueError(f"it extends itself by way of {readers[-1]}")
        text = path.read_text(encoding="utf-8")
        table = _parse(text)
    except (OSError, ValueError) as error:
        raise UsageError(f"The configuration {path} cannot be read: {error}.") from error
    if "extends" not in table:
        return text, table
    extended_text, extended = _read_table(path.parent / str(table.pop("extends")), (*readers, path))
    return extended_text + text, _merged(extended, table)


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


def _build(path: Path, text: str, table: dict[str, Any]) -> TrainingConfig:
    sections = ("model", "generator", "discriminator", "loss", "simulation", "training", "data", "validation", "card")
    _refuse_unknown(table, (*sections, "uncertainty"), "")
    data, validation = table.get("data", {}), table.get("validation", {})
    _refuse_unknown(data, ("thin", "pair"), "data.")
    _refuse_unknown(validation, ("case", "every", "whole"), "validation.")
    config = TrainingConfig(
        source=path,
        text=text,
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
    _check(config)
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


def _check(config: TrainingConfig) -> None:
    """Check what the types cannot say."""
    model, training, simulation = config.model, config.training, config.simulation
    requirements = [
        (bool(model.name), "model.name must be given."),
        (model.architecture in ARCHITECTURES, f"model.architecture must be one of {', '.join(ARCHITECTURES)}."),
        (
            (model.method, model.base) in {("raw", ""), ("residual", "thick"), ("residual", "interpolated")},
            f'model.method {model.method!r} and model.base {model.base!r} do not go together; "raw" goes with base '
            '"", "residual" with "thick" or "interpolated".',
        ),
        (model.context % 2 == 1 and model.context > 0, f"model.context must be odd, not {model.context}."),
        (
            bool(model.offsets_mm) == (model.architecture == "unet256"),
            "model.offsets_mm must list offsets for unet256 and stay out for context_unet, which takes any.",
        ),
        (training.steps > 0, f"training.steps must be positive, not {training.steps}."),
        (training.batch > 0, f"training.batch must be positive, not {training.batch}."),
        (training.learning_rate > 0, f"training.learning_rate must be positive, not {training.learning_rate:g}."),
        (0 <= model.detail <= 1, f"model.detail must lie in [0, 1], not {model.detail:g}."),
        (
            training.keep_initial == 0
            or (0 < training.keep_initial < 1 and bool(training.initial) and model.architecture == "context_unet"),
            f"training.keep_initial {training.keep_initial:g} must lie in [0, 1) and go with training.initial and "
            "architecture context_unet.",
        ),
        (0 <= training.average < 1, f"training.average must lie in [0, 1), not {training.average:g}."),
        (
            training.schedule in {"cosine", "linear"},
            f'training.schedule must be "cosine" or "linear", not {training.schedule!r}.',
        ),
        (
            training.precision in {"fp32", "bf16", "fp16"},
            f'training.precision must be "fp32", "bf16" or "fp16", not {training.precision!r}.',
        ),
        (bool(config.thin or config.pairs), "data must list at least one [[data.thin]] or [[data.pair]]."),
        (
            simulation.ratio[0] > 1 and simulation.ratio[1] >= simulation.ratio[0],
            f"simulation.ratio must be two rising numbers above 1, not {list(simulation.ratio)}.",
        ),
        (simulation.zoom[0] > 0, f"simulation.zoom must be positive, not {list(simulation.zoom)}."),
        (simulation.patch > 0, f"simulation.patch must be positive, not {simulation.patch}."),
    ]
    for fits, message in requirements:
        if not fits:
            raise UsageError(message)
    for case in config.validation:
        _check_held_back(case, config)


def _check_held_back(case: ValidationCase, config: TrainingConfig) -> None:
    """Refuse a validation case that holds slices that are trained on."""
    if case.thick and case.slices != ValidationCase.slices:
        raise UsageError(
            f"validation.case.slices of {case.name!r} cannot go with a thick series; leave one of them out."
        )
    for source in config.thin:
        low, high = max(source.slices[0], case.slices[0]), min(source.slices[1], case.slices[1])
        if _same_file(source.path, case.thin) and low < high:
            raise UsageError(
                f"the validation case {case.name!r} holds slices of {case.thin} that are trained on "
                f"({_range_words(source.slices)}); give it slices = [first, end] outside of them."
            )
    for pair in config.pairs:
        if any(_same_file(file, case.thin) for file in (pair.thin, pair.thick)):
            raise UsageError(
                f"the validation case {case.name!r} takes {case.thin}, which data.pair trains on; give another file."
            )


def _same_file(one: str, other: str) -> bool:
    return data_path(one).resolve() == data_path(other).resolve()


def _range_words(slices: tuple[int, int]) -> str:
    return f"{slices[0]} to {slices[1] - 1}" if slices[1] < ThinSource.slices[1] else f"from {slices[0]} on"
