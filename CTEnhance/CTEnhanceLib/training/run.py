"""The training run, from configuration to model folder."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import numpy as np
import torch
from torch import Tensor

from CTEnhanceLib.enhancement.device import device_name
from CTEnhanceLib.errors import DeviceError, OutputError, UsageError
from CTEnhanceLib.evaluation.baselines import YARDSTICK
from CTEnhanceLib.evaluation.catalogue import BIAS, ENERGY, GAIN
from CTEnhanceLib.model.folder import load_stack
from CTEnhanceLib.model.spec import ModelSpec
from CTEnhanceLib.model.stack import Stack, build_generator
from CTEnhanceLib.training.checkpoint import load_checkpoint, save_checkpoint
from CTEnhanceLib.training.config.sections import TrainingConfig
from CTEnhanceLib.training.data.sources import Batch, Request, Sources
from CTEnhanceLib.training.export import export_model, make_spec, with_two_ends
from CTEnhanceLib.training.journal import Journal
from CTEnhanceLib.training.learner import Learner
from CTEnhanceLib.training.statistics import settle_statistics
from CTEnhanceLib.training.validation import Case, Figures, figures_of, load_case

if TYPE_CHECKING:
    from lightning_fabric import Fabric

logger = logging.getLogger(__name__)

_PRECISIONS = {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}
Report = Callable[[str], None]


def make_fabric(config: TrainingConfig, device: str = "auto") -> Fabric:
    """Set up the device, or all devices of all machines when started through torchrun.

    Raises:
        DeviceError: The device is not there.
    """
    from lightning_fabric import Fabric
    from lightning_fabric.strategies import DDPStrategy

    accelerator = {"auto": "auto", "cpu": "cpu", "cuda": "cuda", "mps": "mps"}.get(device)
    if accelerator is None:
        raise UsageError(f"{device!r} is no device for training; choose auto, cpu, cuda or mps.")
    per_machine = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    machines = int(os.environ.get("WORLD_SIZE", "1")) // per_machine
    many = per_machine * machines > 1
    try:
        fabric = Fabric(
            accelerator=accelerator,
            devices=per_machine,
            num_nodes=machines,
            # each process keeps its own batch statistics, as pix2pix does
            strategy=DDPStrategy(broadcast_buffers=False) if many else "auto",
            precision=_PRECISIONS[config.training.precision],  # type: ignore[arg-type]
        )
        fabric.launch()
    except (RuntimeError, ValueError) as error:
        raise DeviceError(f"Training cannot start on {device!r}: {error}") from error
    return fabric


class Run:
    """A training run.

    Args:
        config: The configuration.
        device: "auto", "cpu", "cuda" or "mps".
        report: Told one line now and then.
    """

    def __init__(self, config: TrainingConfig, device: str = "auto", report: Report = logger.info) -> None:
        self.config, self.report = config, report
        self.fabric = make_fabric(config, device)
        world = self.fabric.world_size
        if config.training.batch % world:
            raise UsageError(
                f"training.batch {config.training.batch} cannot be shared by {world} processes; make it a multiple."
            )
        self._make_output()
        self.sources = Sources(config)
        self.spec: ModelSpec = make_spec(config, self.sources.measured)
        torch.manual_seed(config.training.seed)
        self.learners = [Learner(config, spec, self.fabric) for spec in self.spec.generators]
        self.accurate: list[dict[str, Tensor]] = []
        if config.model.accurate:
            self.accurate = self._begin_with(config.model.accurate)
        elif config.training.initial:
            self._begin_with(config.training.initial)
        self.cases = [load_case(case) for case in config.validation] if self.fabric.is_global_zero else []
        if self.fabric.is_global_zero:
            for line in [*self.sources.warnings, *(line for case in self.cases for line in case.warnings)]:
                self.report(line)
        self.step, self.seconds = 0, 0.0
        self.best: dict[str, Any] = {"figure": -float("inf"), "step": 0, "weights": []}
        self._resume()

    def train(self, until: int | None = None) -> None:
        """Train to the last step, or to step `until`; checkpoints lie on the way."""
        steps = self.config.training.steps if until is None else min(until, self.config.training.steps)
        main = self.fabric.is_global_zero
        journal = Journal(self.config.output, self.step) if main else None
        began, saved = time.monotonic() - self.seconds, time.monotonic()
        batches = iter(self.sources.stream(self._requests(steps), self.config.training.workers))
        while self.step < steps:
            figures = self._step(batches)
            self.step += 1
            self.seconds = time.monotonic() - began
            if journal and (self.step % self.config.training.log_every == 0 or self.step == steps):
                journal.write(self.step, self.seconds, figures)
                self.report(self._progress_line(figures))
            if self.step % self.config.validate_every == 0 or self.step == self.config.training.steps:
                if journal:
                    self._validate(journal)
                self.fabric.barrier()
            if main and time.monotonic() - saved > 60 * self.config.training.checkpoint_minutes:
                self.save()
                saved = time.monotonic()
        if main:
            self.save()
        self.fabric.barrier()

    def _requests(self, steps: int) -> list[Request]:
        """Give what this process draws from now on, for each generator in each step."""
        batch, world = self.config.training.batch, self.fabric.world_size
        share, count = batch // world, len(self.learners)
        return [
            Request((step * count + index) * batch + share * self.fabric.global_rank, share, self._channel(index))
            for step in range(self.step, steps)
            for index in range(count)
        ]

    def _channel(self, index: int) -> int | None:
        return index if self.config.model.offsets_mm else None

    def _step(self, batches: Iterator[Batch]) -> dict[str, float]:
        fabric = self.fabric
        figures: dict[str, float] = {}
        for index, learner in enumerate(self.learners):
            # dropout depends on the step alone: a resumed run needs no random state
            torch.manual_seed(_mixed(self.config.training.seed, self.step, index, fabric.global_rank))
            for name, value in learner.step(next(batches).to(fabric.device), self.step).items():
                figures[name] = figures.get(name, 0.0) + value / len(self.learners)
        if fabric.world_size > 1:
            names = sorted(figures)
            means = fabric.all_reduce(torch.tensor([figures[n] for n in names], dtype=torch.float64))
            figures = dict(zip(names, means.tolist()))  # type: ignore[union-attr]
        return figures

    def stack(self) -> Stack:
        """Give the generators as they stand as a stack for inference; of a crisp end, that end alone."""
        stack = Stack(self.spec, [learner.result for learner in self.learners], "")
        stack.device = self.fabric.device
        return stack

    def _validate(self, journal: Journal) -> None:
        if not self.cases:
            return
        self._settle()
        stack, score, total = self.stack(), 0.0, 0.0
        for case in self.cases:
            figures, shown = figures_of(case, stack)
            name = case.settings.name
            journal.write(self.step, self.seconds, {f"{name} {k}": v for k, v in asdict(figures).items()})
            journal.picture(self.step, name, shown)
            self.report(f"step {self.step}: {_figures_line(case, figures)}")
            score += case.settings.weight * (figures.bone + figures.whole) / 2
            total += case.settings.weight
        # a crisp end is not trained for these figures: the last one is taken
        if total and (score / total > self.best["figure"] or self.accurate):
            weights = [
                {name: value.detach().cpu().clone() for name, value in learner.result.state_dict().items()}
                for learner in self.learners
            ]
            self.best = {"figure": score / total, "step": self.step, "weights": weights}

    def _settle(self) -> None:
        """Measure batch statistics over many pairs: those of the last few steps are too noisy to be stored."""
        for learner in self.learners:
            settle_statistics(learner.result, self._context, self.fabric.device)

    def _context(self, number: int) -> Tensor:
        return self.sources.batch(number, 1, self._channel(0)).context

    def export(self, folder: Path) -> None:
        """Write the model folder: the best weights, their figures on the validation volumes, and the card."""
        if not self.fabric.is_global_zero:
            return
        if self.best["weights"]:
            modules = [build_generator(spec) for spec in self.spec.generators]
            for module, weights in zip(modules, self.best["weights"]):
                module.load_state_dict(weights)
            stack = Stack(self.spec, modules, "")
        else:
            self._settle()
            stack = self.stack()
        run = {
            "steps": self.step,
            "best_step": self.best["step"] or self.step,
            "seconds": round(self.seconds),
            "machine": f"{self.fabric.world_size} x {device_name(self.fabric.device)}",
            "precision": self.config.training.precision,
        }
        export_model(folder, self.config, self._with_accurate_end(stack), run, self.report)

    def _with_accurate_end(self, stack: Stack) -> Stack:
        """Give a crisp end together with the weights that the run began with; other stacks as they are."""
        if not self.accurate:
            return stack
        crisp = [dict(module.state_dict()) for module in stack.modules]
        modules = [build_generator(spec) for spec in self.spec.generators]
        for module, weights in zip(modules, self.accurate):
            module.load_state_dict(weights)
        return Stack(with_two_ends(self.spec, self.config.model.detail), modules, "", crisp)

    def save(self) -> None:
        """Write a checkpoint."""
        state = {
            "step": self.step,
            "seconds": self.seconds,
            "learners": [learner.state() for learner in self.learners],
            "best": self.best,
        }
        save_checkpoint(self.config.output, state, self.config.values)

    def _resume(self) -> None:
        state = load_checkpoint(self.config.output, self.config.values)
        if state is None:
            return
        for learner, saved in zip(self.learners, state["learners"]):
            learner.restore(saved)
        self.step, self.seconds, self.best = state["step"], state["seconds"], state["best"]
        self.report(f"resuming at step {self.step} of {self.config.training.steps}")

    def _begin_with(self, model: str) -> list[dict[str, Tensor]]:
        """Begin with the (accurate) weights of a model, and give them."""
        stack = load_stack(model)
        weights = stack.accurate or [dict(module.state_dict()) for module in stack.modules]
        try:
            for learner, begun in zip(self.learners, weights):
                learner.begin_with(begun)
        except RuntimeError as error:
            raise UsageError(
                f"training.initial or model.accurate {model!r} is not built like this model; give one of the same "
                "architecture."
            ) from error
        return weights

    def _make_output(self) -> None:
        try:
            self.config.output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"The folder {self.config.output} cannot be made ({error}); choose another output."
            ) from error

    def _progress_line(self, figures: dict[str, float]) -> str:
        steps = self.config.training.steps
        left = self.seconds / self.step * (steps - self.step)
        values = ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
        return f"step {self.step} of {steps}, {_duration(left)} left: {values}"


def _figures_line(case: Case, figures: Figures) -> str:
    return (
        f"{case.settings.name}: {GAIN.text(figures.whole)} {GAIN.unit} whole, {GAIN.text(figures.bone)} {GAIN.unit} "
        f"bone over {YARDSTICK}, {BIAS.name} in bone {BIAS.text(figures.bias)} {BIAS.unit}, "
        f"{ENERGY.name} {ENERGY.text(figures.energy)}"
    )


def _mixed(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
