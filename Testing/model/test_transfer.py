"""The way to a GPU and back, on stand-ins: what is asked of CUDA, in which order, and that the values survive it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from CTEnhanceLib.model import transfer


class OnDevice:
    """A tensor that says it lies on a GPU."""

    def __init__(self, values: torch.Tensor) -> None:
        self.values, self.shape, self.dtype = values, values.shape, values.dtype
        self.device = torch.device("cuda", 1)


class PageLocked:
    """Page-locked memory that notes how it is copied to and from."""

    def __init__(self, values: torch.Tensor, log: list[str]) -> None:
        self.values, self.log = values, log

    def copy_(self, source: OnDevice, non_blocking: bool = False) -> None:
        self.log.append(f"fetch, waiting {not non_blocking}")
        self.values.copy_(source.values)

    def to(self, device: torch.device, non_blocking: bool = False) -> OnDevice:
        self.log.append(f"send to {device}, waiting {not non_blocking}")
        return OnDevice(self.values)


class Event:
    """A CUDA event that notes what is asked of it."""

    log: list[str]

    def record(self, stream: str) -> None:
        self.log.append(f"mark on {stream}")

    def synchronize(self) -> None:
        self.log.append("wait")


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    log: list[str] = []
    Event.log = log
    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: f"the stream of {device}")
    locked: Callable[[Any], PageLocked] = lambda tensor: PageLocked(tensor.clone(), log)  # noqa: E731
    monkeypatch.setattr(transfer, "page_locked", locked)
    monkeypatch.setattr(transfer, "page_locked_like", lambda tensor: PageLocked(torch.zeros(tensor.shape), log))
    return log


def test_what_goes_to_a_gpu_goes_through_page_locked_memory_and_nobody_waits(log: list[str]) -> None:
    sent: Any = transfer.send(torch.arange(6.0), torch.device("cuda", 1))
    assert log == ["send to cuda:1, waiting False"]
    assert torch.equal(sent.values, torch.arange(6.0))


def test_what_comes_back_is_waited_for_when_it_is_needed_and_not_before(log: list[str]) -> None:
    arrival = transfer.Arrival(OnDevice(torch.arange(6.0)))  # type: ignore[arg-type]
    assert log == ["fetch, waiting False", "mark on the stream of cuda:1"]
    here: Any = arrival.wait()
    assert log[-1] == "wait"
    assert torch.equal(here.values, torch.arange(6.0))


def test_on_the_cpu_nothing_is_copied(log: list[str]) -> None:
    values = torch.arange(6.0)
    assert transfer.send(values, torch.device("cpu")) is values
    assert transfer.Arrival(values).wait() is values
    assert log == []
