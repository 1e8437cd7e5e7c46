"""How long a run will take and how much memory it needs, said before it starts."""

from __future__ import annotations

from dataclasses import dataclass

from CTEnhanceLib.model.spec import ModelSpec
from CTEnhanceLib.panel.run.progress import duration_words

_START_SECONDS = 5.0  # Python, torch, reading, writing
_RUNTIME_BYTES = 600_000_000  # Python with torch, before any volume
_PIXELS = 512 * 512
_SECONDS_PER_GFLOP = {"cpu": 0.0042, "gpu": 0.00006}
_UNET256_GFLOP = 47.6  # one 512x512 slice with 64 filters
_CONTEXT_GFLOP = 9.0  # context_unet as it ships: the trunk once for a thick slice, the head twice for a thin one
_SECONDS_BESIDE = 0.06  # interpolation, back-projection and reading the figures off, for each thin slice


@dataclass(frozen=True)
class Estimate:
    """Time and memory of a run.

    Attributes:
        seconds: Time from start to result.
        memory: Bytes of main memory that the worker needs at its peak.
    """

    seconds: float
    memory: float

    def words(self) -> str:
        """For the line above the button."""
        from slicer.i18n import tr as _

        return _("{time}, {memory:.1f} GB of memory").format(
            time=duration_words(self.seconds).capitalize(), memory=self.memory / 1e9
        )


def device_kind(device: str) -> str:
    """``cpu`` or ``gpu``."""
    return "cpu" if device.startswith("cpu") else "gpu"


def estimate_run(
    voxels_in: int, voxels_out: int, spec: ModelSpec, device: str, learned_rate: float | None = None
) -> Estimate:
    """Estimate a run.

    Args:
        voxels_in: Voxels of the measured volume.
        voxels_out: Voxels of the computed volume.
        spec: The model.
        device: ``cpu``, ``cuda:N`` or ``mps``.
        learned_rate: Seconds for each 512x512 slice, measured in an earlier run with this model on this machine;
            None takes a rule of thumb (two CPU cores; a current GPU).
    """
    slices = voxels_out / _PIXELS
    rule = _SECONDS_BESIDE + _gflop(spec) * _SECONDS_PER_GFLOP[device_kind(device)]
    rate = learned_rate if learned_rate is not None else rule
    # int16 in and out, each once; the uncertainty, which every report tells of, as float32 while it is computed and as
    # a volume, beside a second look at the output
    each = 2 + (10 if spec.uncertainty is not None else 0)
    memory = _RUNTIME_BYTES + voxels_in * 2 + voxels_out * each
    return Estimate(_START_SECONDS + slices * rate, float(memory))


def rate_of_run(seconds: float, voxels_out: int) -> float:
    """Seconds for each 512x512 slice, to be kept for the next estimate."""
    return max(seconds - _START_SECONDS, 0.1) / (voxels_out / _PIXELS)


def _gflop(spec: ModelSpec) -> float:
    """Work for one thin slice of 512x512 pixels; it grows with the square of the network's width."""
    generator = spec.generators[0]
    width = float(generator.arguments.get("width", 64))
    if generator.architecture == "unet256":
        return 2 * _UNET256_GFLOP * (width / 64) ** 2  # most thin slices are predicted twice
    return _CONTEXT_GFLOP * (width / 48) ** 2
