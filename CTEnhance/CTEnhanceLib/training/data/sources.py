"""All that a configuration draws pairs from; pair n is the same in every run, on any number of processes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from CTEnhanceLib.ct.interpolated_slices.volumes import interpolation_warnings
from CTEnhanceLib.errors import UsageError
from CTEnhanceLib.model.arrays import tensor_of
from CTEnhanceLib.training.config.data_files import existing_data
from CTEnhanceLib.training.config.sections import TrainingConfig
from CTEnhanceLib.training.data.interpolated import data_warnings
from CTEnhanceLib.training.data.real_pair import MeasuredProfile, RealPair
from CTEnhanceLib.training.simulation.pairs import Pair, draw_pair
from CTEnhanceLib.training.simulation.settings import Simulation
from CTEnhanceLib.training.simulation.volume import ThinVolume


class Batch(NamedTuple):
    """Pairs stacked along the first axis, as tensors; see `simulation.Pair`."""

    context: Tensor
    base: Tensor
    target: Tensor
    offset: Tensor
    weight: Tensor
    condition: Tensor

    def to(self, device: torch.device) -> Batch:
        """Move to a device."""
        return Batch(*(tensor.to(device, non_blocking=True) for tensor in self))


class Request(NamedTuple):
    """Which pairs make a batch: the first, how many, and of each only one target or (None) all."""

    first: int
    pairs: int
    channel: int | None = None


class Sources:
    """The volumes of a configuration, loaded.

    Args:
        config: The configuration.

    Attributes:
        warnings: A line for each thin file of which slices that are used were not measured.

    Raises:
        UsageError: A file is missing or too short.
        InputRefusedError: A file is no volume that can be used.
    """

    def __init__(self, config: TrainingConfig) -> None:
        self._settings: Simulation = config.simulation
        self._seed = config.training.seed
        self._thin = [_thin_volume(source.path, source.slices) for source in config.thin]
        self.warnings = thin_warnings(config, self._thin)
        self._pairs = []
        for source in config.pairs:
            thin = _read(source.thin)
            self._pairs.append(RealPair(_read(source.thick), thin))
            self.warnings += [f"Warning: {source.thin}: {found}" for found in interpolation_warnings(thin)]
        shares = np.array([s.share for s in config.thin] + [s.share for s in config.pairs])
        self._shares = shares / shares.sum()

    @property
    def measured(self) -> MeasuredProfile | None:
        """The slice profile measured on the first real pair, if there is one."""
        return self._pairs[0].measured if self._pairs else None

    def pair(self, number: int, channel: int | None = None) -> Pair:
        """Give pair `number`; with the target at offset number `channel` only, if given."""
        rng = np.random.default_rng([self._seed, number])
        index = int(rng.choice(len(self._shares), p=self._shares))
        settings = self._settings
        if channel is not None:
            settings = replace(settings, offsets=settings.offsets[channel : channel + 1])
        if index < len(self._thin):
            return draw_pair(self._thin[index], settings, rng)
        return self._pairs[index - len(self._thin)].draw(settings, rng)

    def batch(self, first: int, count: int, channel: int | None = None) -> Batch:
        """Give the pairs `first` to `first + count - 1` as one batch.

        Args:
            first: Number of the first pair.
            count: How many.
            channel: Of a stack with a generator for each offset; None: all offsets.
        """
        pairs = [self.pair(number, channel) for number in range(first, first + count)]
        return Batch(*(tensor_of(np.stack(arrays)) for arrays in zip(*pairs)))

    def stream(self, requests: Sequence[Request], workers: int) -> Iterable[Batch]:
        """Give one batch for each request, in order; `workers` processes make them ahead of time."""
        loader = DataLoader(_Requests(self, requests), batch_size=None, num_workers=workers, pin_memory=False)
        return iter(loader)


class _Requests(Dataset[Batch]):
    """Requests as a data set, so that PyTorch's loader can spread them over processes."""

    def __init__(self, sources: Sources, requests: Sequence[Request]) -> None:
        self._sources, self._requests = sources, requests

    def __len__(self) -> int:
        return len(self._requests)

    def __getitem__(self, number: int) -> Batch:
        return self._sources.batch(*self._requests[number])


def thin_volumes(config: TrainingConfig) -> tuple[list[ThinVolume], np.ndarray]:
    """Give the thin volumes of a configuration, loaded, and the share of the draws of each."""
    shares = np.array([source.share for source in config.thin])
    return [_thin_volume(source.path, source.slices) for source in config.thin], shares / shares.sum()


def thin_warnings(config: TrainingConfig, volumes: Sequence[ThinVolume]) -> list[str]:
    """Give a line for each thin volume of which slices that are used were not measured.

    Args:
        config: The configuration.
        volumes: Its thin volumes, loaded.
    """
    loaded = zip(config.thin, volumes)
    return [line for source, one in loaded for line in data_warnings(source.path, one.array, source.slices[0])]


def _read(path: str) -> Any:
    from CTEnhanceLib.dicom.volumes import read_volume

    return read_volume(existing_data(path, "training"))


def _thin_volume(path: str, slices: tuple[int, int]) -> ThinVolume:
    import SimpleITK as sitk

    image = _read(path)
    array = sitk.GetArrayFromImage(image)[slices[0] : slices[1]]
    if len(array) < 2:
        raise UsageError(
            f"data.thin.slices {list(slices)} leave nothing of {path}, which has {image.GetSize()[2]} "
            "slices: widen them."
        )
    return ThinVolume(array.astype(np.int16), image.GetSpacing())
