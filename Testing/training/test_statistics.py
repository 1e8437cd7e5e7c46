"""Batch statistics measured over many inputs."""

from __future__ import annotations

import pytest
import torch

from CTEnhanceLib.training.statistics import settle_statistics


def test_stored_statistics_become_those_of_many_inputs():
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.BatchNorm2d(1), torch.nn.Dropout(0.5)).train()
    net(torch.full((1, 1, 4, 4), 100.0))
    inputs = torch.randn(64, 1, 8, 8) * 3 + 5
    settle_statistics(net, lambda number: inputs[number : number + 1], torch.device("cpu"))
    assert net[0].running_mean.item() == pytest.approx(inputs.mean().item(), abs=1e-4)
    assert net[0].running_var.item() == pytest.approx(9, rel=0.05)
    assert net[0].momentum == 0.1
    assert net.training
    assert net[0].training
