"""The default generator: neighbouring thick slices in, the thin slice at any offset out.

A trunk looks once at a thick slice and its neighbours; a light head then gives the residual at each true offset, so
that both thick slices around a thin one predict it. Nothing is normalised by the batch, and what lies further away
than `receptive_radius` changes nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from CTEnhanceLib.ct.profile import SliceProfile, standard_deviation
from CTEnhanceLib.model.initial_weights import draw_normal
from CTEnhanceLib.model.scaled_convolution import scaled, scaled_convolution

CONDITION_SIZE = 3
# What was trained: numbers beyond are taken as the nearest one, for sines and cosines mean nothing there.
_PIXELS = (1.5, 18.0)
_SPREAD = (0.2, 0.55)
_THIN_SLICES = (2.0, 6.0)
_FOURIER = 4
_EMBEDDING = 64
# The stored scale [-1, 1] holds 4095 HU, edges of bone and tissue are a tenth of it: bring those to order one.
_INPUT_GAIN = 8.0
_RESIDUAL_GAIN = 0.1


def describe_scan(
    interval: float, spacing: float, pixel_spacing: float, profile: SliceProfile
) -> tuple[float, float, float]:
    """Give the condition of a scan: what the generator must know beside the slices.

    Args:
        interval: Distance of the thick slice centres, mm.
        spacing: Distance of the thin slice centres, mm: how thin a slice is to be computed.
        pixel_spacing: In-plane distance of pixels, mm (geometric mean of both).
        profile: The slice profile that made the thick slices.

    Returns:
        Raw numbers: interval / pixel spacing, standard deviation of the profile / interval, interval / spacing.
    """
    return interval / pixel_spacing, standard_deviation(profile) / interval, interval / spacing


def _activate(x: Tensor) -> Tensor:
    # leaky: at the learning rate that residuals need, plain ReLUs come to give 0 for every input and stop learning
    return functional.leaky_relu(x, 0.1)


# Less than 0.4 HU come from further away, measured on four scans (Testing/benchmarks/crop_margin.py).
_FELT_RADIUS = 24


class _Film(nn.Module):
    """Scale and shift channels by an embedding; the identity at first."""

    def __init__(self, embedding: int, channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(embedding, 2 * channels)
        nn.init.zeros_(self.linear.bias)
        draw_normal(self.linear.weight, 0.0, 0.02)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        return scaled(x, *self.linear(embedding).chunk(2, dim=1))

    def after(self, convolution: nn.Conv2d, x: Tensor, embedding: Tensor) -> Tensor:
        """Convolve, then scale and shift."""
        assert convolution.bias is not None
        numbers = self.linear(embedding).chunk(2, dim=1)
        return scaled_convolution(x, convolution.weight, convolution.bias, *numbers)


class _Block(nn.Module):
    """Two convolutions added to the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.film = _Film(_EMBEDDING, channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        draw_normal(self.second.weight, 0.0, 0.3 / (3 * channels**0.5))

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        return x + self.second(_activate(self.film.after(self.first, x, embedding)))


class _Embedding(nn.Module):
    """Numbers to a vector, by way of their sines and cosines."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(count * (1 + 2 * _FOURIER), _EMBEDDING), nn.ReLU(), nn.Linear(_EMBEDDING, _EMBEDDING), nn.ReLU()
        )

    def forward(self, numbers: Tensor) -> Tensor:
        octaves = torch.pi / 2 * 2.0 ** torch.arange(_FOURIER, device=numbers.device)
        phases = (numbers[:, :, None] * octaves).flatten(1)
        return self.layers(torch.cat([numbers, phases.sin(), phases.cos()], dim=1))


def _block_of(name: str) -> str:
    """Give the block on the way down that weights belong to, "descent.LEVEL.BLOCK"; "" for all others."""
    return ".".join(name.split(".")[:3]) if name.startswith("descent.") else ""


class ContextUNet(nn.Module):
    """One generator for any offset.

    Args:
        context: Thick slices seen at once (odd), the middle one being where offsets are measured from.
        width: Channels of the trunk at half resolution; doubled with each further level.
        depth: Levels of the trunk; level i works at 1 / 2**(i+1) of the resolution.
        blocks: Residual blocks on each level on the way down (one on the way up).
        head: Channels of the head.
    """

    def __init__(self, context: int = 5, width: int = 48, depth: int = 3, blocks: int = 1, head: int = 48) -> None:
        super().__init__()
        self.context, self.depth, self.blocks = context, depth, blocks
        widths = [width * 2**level for level in range(depth)]
        self.condition = _Embedding(CONDITION_SIZE)
        self.stem = nn.Conv2d(4 * (context + 1), width, 3, padding=1)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2) for a, b in zip(widths, widths[1:]))
        self.up = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in zip(widths, widths[1:]))
        self.descent = nn.ModuleList(nn.ModuleList(_Block(w) for _ in range(blocks)) for w in widths)
        self.ascent = nn.ModuleList(_Block(w) for w in widths[:-1])
        self.features = nn.Conv2d(width, head, 3, padding=1)
        self.offset = _Embedding(1)
        self.base = nn.Conv2d(4, head, 3, padding=1, bias=False)
        self.film_first, self.film_second = _Film(_EMBEDDING, head), _Film(_EMBEDDING, head)
        self.middle = nn.Conv2d(head, head, 3, padding=1)
        self.last = nn.Conv2d(head, 4, 3, padding=1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]

    def grown(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """Give the weights of a generator with fewer blocks with further blocks that change nothing at first.

        Net2Net, Chen et al., ICLR 2016.

        Args:
            weights: By name and in shape, as in `state_dict`.

        Returns:
            All of `weights`, and those of the blocks of this generator that they lack.
        """
        had = {_block_of(name) for name in weights}
        added = {name: w.clone() for name, w in self.state_dict().items() if _block_of(name) not in had}
        silent = {name: torch.zeros_like(w) for name, w in added.items() if ".second." in name}
        return {**weights, **added, **silent}

    @property
    def multiple(self) -> int:
        """What height and width must be a multiple of."""
        return 2**self.depth

    @property
    def receptive_radius(self) -> int:
        """Pixels further away than this from a pixel do not change it."""
        radius = 2**self.depth - 1  # within the cell of the coarsest level that a pixel lies in
        for level in range(self.depth):
            convolutions = 2 * self.blocks + (2 if level < self.depth - 1 else 0) + (4 if level == 0 else 0)
            radius += 2 ** (level + 1) * convolutions
        return radius

    @property
    def crop_margin(self) -> int:
        """Pixels of air around the body that are enough: air beyond changes body voxels by less than 1 HU."""
        return min(self.receptive_radius, _FELT_RADIUS)

    def encode(self, context: Tensor, condition: Tensor) -> Tensor:
        """Look at a thick slice and its neighbours.

        Args:
            context: (B, context, H, W) in [-1, 1], along the slice axis; H and W multiples of `multiple`.
            condition: (B, 3) raw numbers, from `describe_scan`.

        Returns:
            Features (B, head, H / 2, W / 2) for `decode`.
        """
        pixels = torch.log2(condition[:, :1].clamp(*_PIXELS) / 6) / 2
        spread = (condition[:, 1:2].clamp(*_SPREAD) - 0.35) * 5
        thin = torch.log2(condition[:, 2:].clamp(*_THIN_SLICES) / 3.5)
        known = self.condition(torch.cat([pixels, spread, thin], dim=1))
        with torch.autocast(context.device.type, enabled=False):
            # Half precision would round the slices to 4 HU: it sees their differences, which are small numbers.
            slices = context.float()
            middle = slices[:, self.context // 2 :][:, :1]
            seen = torch.cat([middle + 0.5, (slices - middle) * _INPUT_GAIN], dim=1)
            x = self.stem(functional.pixel_unshuffle(seen, 2))
        skips = []
        for level, level_blocks in enumerate(self.descent):
            x = self.down[level - 1](_activate(x)) if level else x
            for block in level_blocks:  # type: ignore[attr-defined]
                x = block(x, known)
            skips.append(x)
        for level in reversed(range(self.depth - 1)):
            x = functional.interpolate(self.up[level](x), scale_factor=2.0, mode="nearest") + skips[level]
            x = self.ascent[level](x, known)
        return self.features(_activate(x))

    def decode(self, features: Tensor, base: Tensor, offset: Tensor) -> Tensor:
        """Give the residual at an offset.

        Args:
            features: (B, head, H / 2, W / 2), from `encode`.
            base: (B, 1, H, W) in [-1, 1]: the slice interpolated at the offset.
            offset: (B,) signed distance from the middle thick slice / interval, in [-1, 1].

        Returns:
            float32 (B, 1, H, W) on the stored scale / 4095, to be added to the base in [0, 1].
        """
        where = self.offset(offset[:, None])
        x = features + self.base(functional.pixel_unshuffle(base + 0.5, 2))
        x = _activate(self.film_first(x, where))
        x = _activate(self.film_second.after(self.middle, x, where))
        with torch.autocast(base.device.type, enabled=False):
            return functional.pixel_shuffle(self.last(x.float()), 2) * _RESIDUAL_GAIN

    def forward(self, context: Tensor, base: Tensor, offset: Tensor, condition: Tensor) -> Tensor:
        """Encode once and decode at several offsets.

        Args:
            context: (B, context, H, W), as in `encode`.
            base: (B, N, H, W) slices interpolated at the offsets, as in `decode`.
            offset: (B, N).
            condition: (B, 3).

        Returns:
            float32 (B, N, H, W) residuals on the stored scale / 4095.
        """
        features = self.encode(context, condition).repeat_interleave(offset.shape[1], dim=0)
        return self.decode(features, base.flatten(0, 1)[:, None], offset.flatten())[:, 0].reshape(base.shape)
