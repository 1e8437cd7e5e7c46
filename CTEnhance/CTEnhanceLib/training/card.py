"""The model card: written from the configuration and the measured figures, so that neither can be forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from CTEnhanceLib.ct.intensity import BONE_ABOVE_HU
from CTEnhanceLib.evaluation.catalogue import (
    BIAS,
    CONSISTENCY,
    ENERGY,
    GAIN,
    HIGH_FREQUENCY_COHERENCE,
    HIGH_FREQUENCY_SHARE,
    PSNR,
    directions,
)
from CTEnhanceLib.model.spec import ModelSpec
from CTEnhanceLib.training.config.sections import TrainingConfig
from CTEnhanceLib.version import RESEARCH_ONLY

_COMMON_LIMITS = (
    "Consistency with the measured slices cannot see what a network invents in the null space of the slice profile: "
    "detail finer than the thick slices is an estimate, however sharp it looks.",
    "No thin-slice CT of a wrist was at hand for training or validation.",
)


def model_card(config: TrainingConfig, spec: ModelSpec, metrics: dict[str, Any]) -> str:
    """Give the card as Markdown.

    Args:
        config: The configuration that the model was trained with.
        spec: What model.json says.
        metrics: The content of metrics.json.
    """
    run = metrics["training"]
    offsets = "any (the true offset is an input)" if isinstance(spec.offsets, str) else f"{list(spec.offsets)} mm"
    lines = [
        f"# Model card: {spec.name}",
        "",
        f"{spec.description} **Computed slices, {RESEARCH_ONLY}.**",
        "",
        "## Intended use",
        "",
        f"Thin slices of {_range(spec.spacing_range_mm)} from bone CT with an interval of "
        f"{_range(spec.interval_range_mm)} and a thickness of {_range(spec.thickness_range_mm)}; pixels of "
        f"{_range(spec.pixel_spacing_range_mm)}; kernels: "
        f"{spec.kernels}. Other intervals and thicknesses are refused, other pixel sizes warned of.",
        "",
        "## How it works",
        "",
        f"Architecture {spec.generators[0].architecture} {spec.generators[0].arguments}, {len(spec.generators)} "
        f"generator(s); method {spec.method}, base {spec.base}, {spec.context} thick slice(s) seen at once; offsets "
        f"{offsets}. Weights are stored as fp16; the last layer and the addition to the base are computed in fp32.",
        "",
        "## Training data",
        "",
        *[f"* {line}" for line in config.card.data],
        "",
        f"Slice profile assumed where the user does not say: {_profile(spec.slice_profile)}.",
        "",
        "## Figures",
        "",
        "Measured with the stored weights after 8 steps of back-projection, by the command below (metrics.json holds "
        f"all of them). PSNR with range 4095, pooled; bone: reference > {BONE_ABOVE_HU:g} HU dilated once; 9 thin "
        "slices at each end left out; gains are over cubic interpolation + back-projection with the same slice "
        "profile.",
        "",
        f"| case | whole {PSNR.unit} ({GAIN.short}) | bone {PSNR.unit} ({GAIN.short}) | {BIAS.title('in bone')} | "
        f"{ENERGY.title()} | {HIGH_FREQUENCY_SHARE.name} / coherence | {CONSISTENCY.title()} |",
        "|---|---|---|---|---|---|---|",
        *[line for name, case in metrics["cases"].items() for line in _rows(name, case)],
        "",
        directions((PSNR, GAIN, BIAS, ENERGY, HIGH_FREQUENCY_SHARE, HIGH_FREQUENCY_COHERENCE, CONSISTENCY)),
        "",
        "## Training it again",
        "",
        f"`ctenhance train {_shown(config.source)}`: {run['steps']} steps in {run['seconds'] / 60:.0f} min on "
        f"{run['machine']} in {run['precision']}{_begun_with(config)}; the weights kept are those of step "
        f"{run['best_step']}; chosen on validation volumes that were never trained on.",
        "",
        "## Limits",
        "",
        *[f"* {line}" for line in (*config.card.limits, *_COMMON_LIMITS)],
        "",
        "## Licence",
        "",
        f"Weights: {config.card.licence}. The training data keep the licence named above.",
        "",
    ]
    return "\n".join(lines)


def _shown(source: Path) -> str:
    """Give a configuration's path from the folder configs on, or its name."""
    parts = source.parts
    return "/".join(parts[parts.index("configs") :]) if "configs" in parts else source.name


def _begun_with(config: TrainingConfig) -> str:
    before = config.model.accurate or config.training.initial
    return f", begun with the weights in {before}" if before else ""


def _profile(described: dict[str, Any]) -> str:
    if described["shape"] == "weights":
        return f"the measured one, {described['fwhm_mm']:.3g} mm wide"
    text = f"{described['shape']}, FWHM {described['fwhm_ratio']:g} x thickness"
    scanner = described.get("scanner")
    return f"{text}; where DICOM states the thickness: {_profile(scanner)}" if scanner else text


def _range(values: tuple[float, float]) -> str:
    low, high = values
    return f"{low:g} mm" if low == high else f"{low:g} to {high:g} mm"


def _rows(name: str, case: dict[str, Any]) -> list[str]:
    lines = []
    for row in case["rows"]:
        if row["kind"] == "baseline" and row["name"] not in {"cubic", "cubic + back-projection"}:
            continue
        whole, bone = row["regions"]["whole"], row["regions"]["bone"]
        high = row["high_frequency"] or {}
        share, coherence = high.get("share"), high.get("coherence")
        cells = [
            f"{name}: {row['name']}",
            *(f"{PSNR.text(one['psnr_db'])} ({GAIN.text(one['gain_db'])})" for one in (whole, bone)),
            BIAS.text((row["bone"] or {}).get("bias_hu")),
            ENERGY.text(row["slice_axis_energy"]),
            f"{HIGH_FREQUENCY_SHARE.text(share)} / {HIGH_FREQUENCY_COHERENCE.text(coherence)}",
            CONSISTENCY.text(row["consistency_hu"]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines
