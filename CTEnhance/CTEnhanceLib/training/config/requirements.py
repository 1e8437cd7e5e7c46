"""What a configuration must fulfil beyond the types of its values."""

from __future__ import annotations

from CTEnhanceLib.errors import UsageError
from CTEnhanceLib.training.config.data_files import data_path
from CTEnhanceLib.training.config.sections import ThinSource, TrainingConfig, ValidationCase

ARCHITECTURES = ("unet256", "context_unet")


def check_requirements(config: TrainingConfig) -> None:
    """Check what the types cannot say.

    Raises:
        UsageError: A value makes no sense, or slices would be both trained on and validated; the message names it.
    """
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
