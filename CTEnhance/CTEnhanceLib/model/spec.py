"""What model.json says: how a stack was made and for what it may be used."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from CTEnhanceLib.ct.intensity import HU_MIN, STORED_MAX
from CTEnhanceLib.errors import ModelRefusedError, shown
from CTEnhanceLib.files.json_schema import check_schema
from CTEnhanceLib.model.prediction import ANY_OFFSET

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class GeneratorSpec:
    """One generator of a stack.

    Attributes:
        file: Its weights, a safetensors file in the model folder.
        architecture: "unet256" or "context_unet".
        arguments: What its class is constructed with.
        offsets: Offsets (mm) of its output channels, or "any" where it takes the true offset as input.
        crisp_file: Weights of its crisp end, another safetensors file of the same names and shapes; `file` then
            holds the accurate end. None where there is one set of weights.
    """

    file: str
    architecture: str
    arguments: dict[str, Any]
    offsets: tuple[float, ...] | str
    crisp_file: str | None = None

    @property
    def files(self) -> tuple[str, ...]:
        """The files that hold its weights, the accurate end first."""
        return (self.file,) if self.crisp_file is None else (self.file, self.crisp_file)


@dataclass(frozen=True)
class UncertaintySpec:
    """The network that gives the uncertainty of each voxel, and how it was calibrated.

    Attributes:
        file: Its weights, a safetensors file in the model folder.
        arguments: What its class is constructed with.
        scale: What its output is multiplied by, for each of `detail`.
        detail: 0 to 1, ascending; between them the scale is interpolated. One number where the model has one set of
            weights.
        calibrated_on: The volumes that set the scale, for the model card.
    """

    file: str
    arguments: dict[str, Any]
    scale: tuple[float, ...]
    detail: tuple[float, ...] = (0.0,)
    calibrated_on: tuple[str, ...] = ()

    def scale_at(self, detail: float | None) -> float:
        """Give what the output is multiplied by at a mix of weights (None: the model has one set)."""
        at = 0.0 if detail is None else detail
        if len(self.scale) == 1 or at <= self.detail[0]:
            return self.scale[0]
        for low, high, below, above in zip(self.detail, self.detail[1:], self.scale, self.scale[1:]):
            if at <= high:
                return below + (above - below) * (at - low) / (high - low)
        return self.scale[-1]


@dataclass(frozen=True)
class ModelSpec:
    """The content of model.json, except the hashes.

    Attributes:
        name: Name of the model.
        description: One sentence for the list in the panel.
        method: "raw" (thesis Method 1) or "residual" (thesis Method 2).
        base: What a residual is added to: "thick" or "interpolated"; None for raw.
        context: Number of thick slices each generator sees (odd).
        generators: The generators; together they cover all offsets.
        spacing_range_mm: Thin spacings it was made for.
        thickness_range_mm: Thicknesses it was made for.
        interval_range_mm: Intervals it was made for.
        pixel_spacing_range_mm: Pixel sizes it was trained for; outside them a warning is given.
        kernels: Reconstruction kernels it was trained for, as free text.
        slice_profile: Profile assumed where neither user nor DICOM says more: "shape" and "fwhm_ratio" to the
            thickness, or "weights", "step_mm" and "fwhm_mm" of a measured one; in "scanner" the same for slices that
            DICOM says come from a scanner.
        crop_margin_px: Margin with which air may be cropped away while body voxels change by less than 1 HU, or None.
        default_detail: Where between the accurate end (0) and the crisp end (1) of its weights the model computes
            unless asked otherwise; None where it has one set of weights.
        mirrored: Whether what the generator gives is the mean of two passes, the second one over mirrored slices; only
            for one that takes any offset.
        uncertainty: The network that gives the uncertainty of each voxel; None where the model has none.
        intensity: The 12-bit scale.
        normalisation: The network scale of input and output.
    """

    name: str
    description: str
    method: str
    base: str | None
    context: int
    generators: tuple[GeneratorSpec, ...]
    spacing_range_mm: tuple[float, float]
    thickness_range_mm: tuple[float, float]
    interval_range_mm: tuple[float, float]
    pixel_spacing_range_mm: tuple[float, float]
    kernels: str
    slice_profile: dict[str, Any]
    crop_margin_px: int | None = None
    default_detail: float | None = None
    mirrored: bool = False
    uncertainty: UncertaintySpec | None = None
    intensity: dict[str, int] = field(default_factory=lambda: {"hu_min": HU_MIN, "stored_max": STORED_MAX})
    normalisation: dict[str, list[float]] = field(default_factory=lambda: {"input": [-1.0, 1.0], "output": [-1.0, 1.0]})

    @property
    def offsets(self) -> tuple[float, ...] | str:
        """All offsets (mm) of the stack in the order of its generators, or "any"."""
        if any(generator.offsets == ANY_OFFSET for generator in self.generators):
            return ANY_OFFSET
        return tuple(float(offset) for generator in self.generators for offset in generator.offsets)

    @property
    def files(self) -> tuple[str, ...]:
        """The files that hold its weights."""
        files = [file for generator in self.generators for file in generator.files]
        return (*files, *([self.uncertainty.file] if self.uncertainty else []))

    def to_json(self, hashes: dict[str, str]) -> dict[str, Any]:
        """Give model.json: this, the schema version, the offsets in mm, and the sha256 of each file."""
        content = asdict(self)
        if self.default_detail is None:
            del content["default_detail"]
        if not self.mirrored:
            del content["mirrored"]
        if self.uncertainty is None:
            del content["uncertainty"]
        for generator in content["generators"]:
            if generator["crisp_file"] is None:
                del generator["crisp_file"]
        return {"schema_version": SCHEMA_VERSION, **content, "offsets_mm": self.offsets, "sha256": hashes}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> ModelSpec:
        """Read model.json.

        Raises:
            ModelRefusedError: Something is missing or makes no sense; the message names it.
        """
        version = content.get("schema_version") if isinstance(content, dict) else None
        if version != SCHEMA_VERSION:
            raise ModelRefusedError(
                f"model.json has schema version {shown(version)}; this program reads version {SCHEMA_VERSION}: "
                "update the program or export the model again."
            )
        try:
            check_schema(content, "model")
            known = {name: content[name] for name in cls.__dataclass_fields__ if name in content}
            known["generators"] = tuple(
                GeneratorSpec(
                    g["file"], g["architecture"], dict(g["arguments"]), _offsets(g["offsets"]), g.get("crisp_file")
                )
                for g in content["generators"]
            )
            if "uncertainty" in known:
                known["uncertainty"] = _uncertainty(content["uncertainty"])
            known.update({name: _range(value) for name, value in known.items() if name.endswith("_range_mm")})
            spec = cls(**known)
            spec.check()
            if content["offsets_mm"] != (ANY_OFFSET if spec.offsets == ANY_OFFSET else list(spec.offsets)):
                raise ValueError("offsets_mm does not list the offsets of the generators")
        except (KeyError, TypeError, ValueError) as error:
            raise ModelRefusedError(
                f"model.json cannot be used ({shown(error, 200)}); export the model again."
            ) from error
        return spec

    def check(self) -> None:
        """Check that the fields make sense together.

        Raises:
            ValueError: They do not; the message says what was found.
        """
        if (self.method, self.base) not in {("raw", None), ("residual", "thick"), ("residual", "interpolated")}:
            raise ValueError(f"method {self.method!r} with base {self.base!r} is not known")
        if self.offsets == ANY_OFFSET and len(self.generators) > 1:
            raise ValueError("a generator that takes any offset must stand alone")
        if self.mirrored and self.offsets != ANY_OFFSET:
            raise ValueError("mirrored is for a generator that takes any offset")
        self._check_detail()
        files = list(self.files)
        if len(set(files)) < len(files):
            raise ValueError("two sets of weights have the same file")
        for generator in self.generators:
            self._check_generator(generator)
        for name in ("spacing", "thickness", "interval", "pixel_spacing"):
            low, high = getattr(self, f"{name}_range_mm")
            if low > high:
                raise ValueError(f"{name}_range_mm runs from {low:g} down to {high:g}")
        for profile in (self.slice_profile, self.slice_profile.get("scanner", self.slice_profile)):
            _check_profile(profile)

    def _check_generator(self, generator: GeneratorSpec) -> None:
        """Check that a generator sees and gives what the stack says; what is left out is as its class has it."""
        arguments, takes_any = generator.arguments, generator.offsets == ANY_OFFSET
        if (generator.architecture == "context_unet") != takes_any:
            raise ValueError(f"{generator.architecture} does not go with the offsets {shown(generator.offsets)}")
        if takes_any and (self.method, self.base) != ("residual", "interpolated"):
            raise ValueError("a generator that takes any offset gives a residual to the interpolated slice")
        seen = arguments.get("context", 5) if takes_any else arguments.get("in_channels", 1)
        if seen != self.context:
            raise ValueError(f"a generator sees {seen} slices and the stack {self.context}")
        if not takes_any and arguments.get("out_channels", 1) != len(generator.offsets):
            raise ValueError(
                f"a generator gives {arguments.get('out_channels', 1)} slices at {len(generator.offsets)} offsets"
            )

    def _check_detail(self) -> None:
        crisp = {generator.crisp_file is not None for generator in self.generators}
        if len(crisp) > 1:
            raise ValueError("some generators have a crisp end and some have none")
        if crisp != {self.default_detail is not None}:
            raise ValueError("default_detail belongs to generators with a crisp_file, and to those only")
        if self.default_detail is not None and not 0 <= self.default_detail <= 1:
            raise ValueError(f"default_detail must lie between 0 and 1, not {self.default_detail}")


def _offsets(value: Any) -> tuple[float, ...] | str:
    return ANY_OFFSET if value == ANY_OFFSET else tuple(float(offset) for offset in value)


def _uncertainty(value: dict[str, Any]) -> UncertaintySpec:
    spec = UncertaintySpec(
        value["file"],
        dict(value["arguments"]),
        tuple(float(scale) for scale in value["scale"]),
        tuple(float(detail) for detail in value["detail"]),
        tuple(value.get("calibrated_on", ())),
    )
    if len(spec.scale) != len(spec.detail) or list(spec.detail) != sorted(set(spec.detail)):
        raise ValueError("uncertainty needs one scale for each detail, in ascending order")
    return spec


def _range(value: Any) -> tuple[float, float]:
    low, high = value
    return float(low), float(high)


def _check_profile(profile: dict[str, Any]) -> None:
    if profile["shape"] != "weights":
        return
    lacking = [name for name in ("weights", "step_mm", "fwhm_mm") if name not in profile]
    if lacking:
        raise ValueError(f"the measured slice_profile lacks {lacking[0]}")
    if not sum(profile["weights"]) > 0:
        raise ValueError("the weights of slice_profile have no positive sum")
