"""From a training run to a model folder: weights, model.json, figures, card, licence."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

from CTEnhanceLib.ct.placement import interval_along
from CTEnhanceLib.enhancement.pipeline import enhance
from CTEnhanceLib.evaluation.evaluate import evaluate
from CTEnhanceLib.evaluation.record import record
from CTEnhanceLib.model.folder import CARD_FILE, LICENCE_FILE, METRICS_FILE, load_stack, save_stack
from CTEnhanceLib.model.prediction import ANY_OFFSET
from CTEnhanceLib.model.spec import GeneratorSpec, ModelSpec
from CTEnhanceLib.model.stack import Stack, build_generator
from CTEnhanceLib.training.card import model_card
from CTEnhanceLib.training.config.sections import TrainingConfig
from CTEnhanceLib.training.data.real_pair import MeasuredProfile
from CTEnhanceLib.training.validation import Case, load_case

if TYPE_CHECKING:
    import SimpleITK as sitk

_NAMES = {-2: "2P", -1: "1P", 0: "C", 1: "1N", 2: "2N"}


def make_spec(config: TrainingConfig, measured: MeasuredProfile | None) -> ModelSpec:
    """Give what model.json will say.

    Args:
        config: The configuration.
        measured: The slice profile measured on a real pair; it takes the place of the configured one.
    """
    model = config.model
    generators = _generators(config)
    return ModelSpec(
        name=model.name,
        description=model.description,
        method=model.method,
        base=model.base or None,
        context=model.context,
        generators=generators,
        spacing_range_mm=model.spacing_range_mm,
        thickness_range_mm=model.thickness_range_mm,
        interval_range_mm=model.interval_range_mm,
        pixel_spacing_range_mm=model.pixel_spacing_range_mm,
        kernels=model.kernels,
        slice_profile=measured.as_json() if measured else dict(model.slice_profile),
        crop_margin_px=getattr(build_generator(generators[0]), "crop_margin", None),
        mirrored=model.mirrored,
    )


def with_two_ends(spec: ModelSpec, detail: float) -> ModelSpec:
    """Give the description of a model that has a crisp end beside its accurate one."""
    generators = [replace(g, crisp_file=g.file.replace(".safetensors", "_crisp.safetensors")) for g in spec.generators]
    return replace(spec, generators=tuple(generators), default_detail=detail)


def _generators(config: TrainingConfig) -> tuple[GeneratorSpec, ...]:
    model = config.model
    if model.architecture == "context_unet":
        arguments = {"context": model.context, **config.generator}
        return (GeneratorSpec("generator.safetensors", model.architecture, arguments, ANY_OFFSET),)
    arguments = {"in_channels": model.context, "out_channels": 1, **config.generator}
    names = [_position(offset, model.thin_spacing_mm) for offset in model.offsets_mm]
    return tuple(
        GeneratorSpec(f"{name}.safetensors", model.architecture, arguments, (offset,))
        for name, offset in zip(names, model.offsets_mm)
    )


def _position(offset: float, spacing: float) -> str:
    return _NAMES.get(round(offset / spacing), f"at{offset:+g}mm")


def export_model(
    folder: Path,
    config: TrainingConfig,
    stack: Stack,
    run: dict[str, Any],
    report: Callable[[str], None],
) -> None:
    """Write the model folder; the figures are those of the stored weights, to the bit.

    Args:
        folder: Where to.
        config: The configuration.
        stack: The trained generators.
        run: What the run was: "steps", "best_step", "seconds", "machine".
        report: Told one line for each volume.
    """
    licence = _licence_text()
    save_stack(folder, stack.spec, stack.accurate or stack.modules, {LICENCE_FILE: licence}, stack.crisp)
    stored = load_stack(folder)
    cases = {}
    for settings in config.validation:
        case = load_case(settings, cropped=not config.whole_figures)
        candidates = {name: _computed(case, stored, detail) for name, detail in _candidates(config, stored).items()}
        cases[settings.name] = record(evaluate(case.thin, case.thick, candidates, profile=case.profile))
        report(f"measured on {settings.name}")
    metrics = {"model": config.model.name, "training": run, "cases": cases}
    documents = {
        LICENCE_FILE: licence,
        METRICS_FILE: json.dumps(metrics, indent=1) + "\n",
        CARD_FILE: model_card(config, stack.spec, metrics),
    }
    save_stack(folder, stack.spec, stored.accurate or stored.modules, documents, stored.crisp)


def _candidates(config: TrainingConfig, stack: Stack) -> dict[str, float | None]:
    """Give what figures are taken of, by name: the default detail and, where there are two ends, both of them."""
    default: dict[str, float | None] = {config.model.name: None}
    return {**default, "accurate end": 0.0, "crisp end": 1.0} if stack.crisp else default


def _computed(case: Case, stack: Stack, detail: float | None) -> sitk.Image:
    spacing = interval_along(case.thin, case.thick)
    return enhance(case.thick, stack, spacing=spacing, profile=case.profile, detail=detail).volume


def _licence_text() -> str:
    """Give the licence of the project, which the weights are under."""
    for folder in Path(__file__).resolve().parents:
        if (folder / "LICENSE.txt").is_file():
            return (folder / "LICENSE.txt").read_text(encoding="utf-8")
    return "Apache License, Version 2.0: https://www.apache.org/licenses/LICENSE-2.0\n"
