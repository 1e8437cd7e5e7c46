"""The one list of figures: what each is called, its unit, which values are better, and how it is written.

Tables of `evaluate` and `tables`, the panel, model cards and pages take their headings and digits from here.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass


class Better(enum.Enum):
    """Which values of a figure are the better ones."""

    HIGHER = "higher is better"
    LOWER = "lower is better"
    NEAR_ZERO = "best near 0"
    NEAR_ONE = "best near 1"
    AS_REFERENCE = "best as near as possible to the reference's"


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes:
        short: Its name in wide tables.
        name: Its name where there is room.
        unit: Of its values; empty for a bare number.
        better: Which values are better.
        digits: Written behind the point.
        signed: Whether a plus is written before positive values.
        percent: Whether a share is written in percent.
    """

    short: str
    name: str
    unit: str
    better: Better
    digits: int
    signed: bool = False
    percent: bool = False

    @property
    def heading(self) -> str:
        """Heading in wide tables, with the unit: "edge mm"."""
        return f"{self.short} {self.unit}" if self.unit else self.short

    @property
    def key(self) -> str:
        """Key in JSON and column in CSV: "edge_mm"."""
        return self.heading.lower().replace(" ", "_")

    def title(self, where: str = "") -> str:
        """Heading where there is room: "bias in bone, HU".

        Args:
            where: The region it was taken in, as words: "in bone".
        """
        words = f"{self.name} {where}" if where else self.name
        return f"{words}, {self.unit}" if self.unit else words

    def text(self, value: float | None, digits: int | None = None) -> str:
        """Write a value; a dash where there is none.

        Args:
            value: In the unit; None and NaN are none.
            digits: Behind the point, where it shall be another number than usual.
        """
        if value is None or math.isnan(value):
            return "-"
        digits = self.digits if digits is None else digits
        if self.percent:
            return f"{100 * value:.{digits}f}%"
        return f"{value:{'+' if self.signed else ''}.{digits}f}"

    def rounded(self, value: float | None) -> float:
        """Round a value as it is written, for tables that hold numbers; NaN where there is none."""
        return float("nan") if value is None else round(value, self.digits)

    def best(self, values: Sequence[float], reference: float = float("nan")) -> float:
        """Give the best of some values.

        Args:
            values: At least one, in the unit.
            reference: The reference's own value, for figures that shall be as the reference's.
        """
        aim = {Better.NEAR_ZERO: 0.0, Better.NEAR_ONE: 1.0, Better.AS_REFERENCE: reference}
        if self.better is Better.HIGHER:
            return max(values)
        if self.better is Better.LOWER:
            return min(values)
        return min(values, key=lambda value: abs(value - aim[self.better]))


PSNR = Figure("PSNR", "PSNR", "dB", Better.HIGHER, 2)
GAIN = Figure("gain", "gain over cubic + back-projection", "dB", Better.HIGHER, 2, signed=True)
MSE = Figure("MSE", "MSE", "", Better.LOWER, 7)
SSIM = Figure("SSIM", "SSIM", "", Better.HIGHER, 4)
EDGE_WIDTH = Figure("edge", "edge width", "mm", Better.AS_REFERENCE, 2)
GAP_CONTRAST = Figure("gap contrast", "gap contrast", "", Better.NEAR_ONE, 2)
GAP_WIDTH = Figure("gap", "gap width", "mm", Better.AS_REFERENCE, 2)
ENERGY = Figure("energy", "slice-axis energy", "", Better.NEAR_ONE, 2)
HIGH_FREQUENCY_SHARE = Figure("HF share", "high-frequency share", "", Better.NEAR_ONE, 2)
HIGH_FREQUENCY_COHERENCE = Figure("HF coherence", "high-frequency coherence", "", Better.HIGHER, 2)
BIAS = Figure("bias", "bias", "HU", Better.NEAR_ZERO, 1, signed=True)
HISTOGRAM_SHIFT = Figure("histogram", "histogram shift", "HU", Better.LOWER, 1)
NOISE_STEP = Figure("noise step", "noise step between slices", "", Better.AS_REFERENCE, 2)
CONSISTENCY = Figure("consistency", "consistency", "HU", Better.LOWER, 2)
MARKED = Figure("marked", "marked patches", "", Better.LOWER, 1, percent=True)
INVENTED = Figure("invented", "invented patches", "", Better.LOWER, 1, percent=True)

SIMILARITY = {"psnr": PSNR, "mse": MSE, "ssim": SSIM}
"""Figures that are taken slice by slice in a region, by their field in `SliceFigures`."""

FIDELITY = (
    EDGE_WIDTH,
    GAP_CONTRAST,
    GAP_WIDTH,
    ENERGY,
    HIGH_FREQUENCY_SHARE,
    HIGH_FREQUENCY_COHERENCE,
    BIAS,
    HISTOGRAM_SHIFT,
    NOISE_STEP,
    CONSISTENCY,
    MARKED,
    INVENTED,
)
"""Figures of sharpness, truthfulness and HU of bone, one for each volume, in the order of the tables."""


def directions(figures: Sequence[Figure]) -> str:
    """Say in one line which values are better, for below a table: "Higher is better: PSNR, SSIM. ..."."""
    parts = []
    for better in Better:
        names = [figure.short for figure in figures if figure.better is better]
        if names:
            parts.append(f"{better.value[:1].upper()}{better.value[1:]}: {', '.join(names)}.")
    return " ".join(parts)
