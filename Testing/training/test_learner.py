"""One step of a generator and its discriminator: what each is told, and how fast it learns."""

from __future__ import annotations

import pytest
import torch

from CTEnhanceLib.training import adversary as adversary_module
from CTEnhanceLib.training.config.read import read_config
from CTEnhanceLib.training.learner import schedule
from CTEnhanceLib.training.run import Run
from training_runs import THESIS


def test_the_discriminator_is_taught_that_the_truth_is_real_and_the_computed_slice_is_not(write_config, monkeypatch):
    run = Run(read_config(write_config(THESIS)), "cpu", report=lambda line: None)
    learner = run.learners[0]
    batch = run.sources.batch(0, 2, 0)
    taught: list[tuple[bool, bool, bool]] = []
    original = adversary_module.Adversary._loss

    def spy(self, judge, view, judged, real):
        is_truth = bool(torch.equal(judged.float(), batch.target))
        taught.append((is_truth, real, judged.requires_grad))
        return original(self, judge, view, judged, real)

    monkeypatch.setattr(adversary_module.Adversary, "_loss", spy)
    learner.step(batch, 0)
    # the truth is called real, what was computed is not, and the generator is rewarded for being taken for real
    assert taught == [(True, True, False), (False, False, False), (False, True, True)]


def test_a_patch_that_is_called_real_costs_the_more_the_less_real_it_looks():
    low, high = (torch.full((1, 1, 4, 4), value) for value in (-3.0, 3.0))
    loss = adversary_module.adversarial_loss
    assert loss(high, real=True) < 0.1 < 3.0 < loss(low, real=True)
    assert loss(low, real=False) < 0.1 < 3.0 < loss(high, real=False)


def test_the_learning_rate_follows_its_schedule():
    linear = [schedule(step, 100, "linear", 0) for step in (0, 25, 50, 75, 99)]
    assert linear == pytest.approx([1.0, 1.0, 1.0, 0.5, 0.02])
    cosine = [schedule(step, 100, "cosine", 0) for step in (0, 25, 50, 100)]
    assert cosine == pytest.approx([1.0, 0.8536, 0.5, 0.0], abs=1e-4)
    rising = [schedule(step, 1000, "linear", 4) for step in (0, 1, 3, 4)]
    assert rising == pytest.approx([0.25, 0.5, 1.0, 1.0])


def test_generator_and_discriminator_take_the_rate_of_the_step(write_config):
    run = Run(read_config(write_config(THESIS, steps=8)), "cpu", report=lambda line: None)
    learner = run.learners[0]
    batch = run.sources.batch(0, 2, 0)
    optimisers = [learner.optimiser, *learner.adversary.optimisers.values()]
    for step, share in ((0, 1.0), (4, 1.0), (6, 0.5)):
        learner.step(batch, step)
        rates = [group["lr"] for optimiser in optimisers for group in optimiser.param_groups]
        assert rates == pytest.approx([1e-3 * share] * len(rates))
