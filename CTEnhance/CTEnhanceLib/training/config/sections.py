"""What a training configuration holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from CTEnhanceLib.training.simulation.settings import Simulation
from CTEnhanceLib.training.uncertainty.settings import UncertaintySection


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
        energy: Weight of the error of the slice-axis energy: in windows of 8 x 8 pixels that hold bone, how far the
            root mean square of the differences between neighbouring thin slices is from that of the truth.
    """

    l1: float = 100.0
    rounding_hu: float = 0.0
    consistency: float = 0.0
    energy: float = 0.0


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
        values: What it sets, as JSON, without what changes nothing of the training: comments, the words of the card,
            the uncertainty. It tells whether a checkpoint belongs to it.
        validate_every: Steps between validations.
        whole_figures: Whether the model's final figures are taken on whole volumes, or (quicker) on their crops.
    """

    source: Path
    values: str
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
