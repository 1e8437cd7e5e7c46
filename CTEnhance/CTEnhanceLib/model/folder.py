"""The model folder on disk: model.json, weights as safetensors, card, metrics, licence; checked by hash."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

from CTEnhanceLib.errors import ModelRefusedError, OutputError, is_out_of_memory, shown
from CTEnhanceLib.files.atomic import appearing
from CTEnhanceLib.files.checksum import sha256_of
from CTEnhanceLib.files.strict_json import parse_json
from CTEnhanceLib.model.spec import GeneratorSpec, ModelSpec

if TYPE_CHECKING:
    from torch import Tensor, nn

    from CTEnhanceLib.model.stack import Stack

    Weights = Mapping[str, Tensor]

DEFAULT_MODEL = "context"
DESCRIPTION_FILE = "model.json"
CARD_FILE = "MODEL_CARD.md"
METRICS_FILE = "metrics.json"
_MAX_DESCRIPTION = 1 << 20
_MAX_FILE = 1 << 31
LICENCE_FILE = "LICENSE"


@dataclass(frozen=True)
class ModelFolder:
    """A model folder.

    Attributes:
        path: The folder.
        spec: What model.json says.
        sha256: Hash of the bytes of model.json, which names the hashes of all other files.
    """

    path: Path
    spec: ModelSpec
    sha256: str

    @property
    def card(self) -> str:
        """The model card, Markdown; empty where there is none."""
        card = self.path / CARD_FILE
        return card.read_text(encoding="utf-8", errors="replace") if card.is_file() else ""


def models_directory() -> Path:
    """Give the folder that holds the installed models: beside the package in a wheel, in Resources elsewhere."""
    package = Path(__file__).resolve().parent.parent
    in_wheel = package / "Models"
    return in_wheel if in_wheel.is_dir() else package.parent / "Resources" / "Models"


def installed_models() -> list[str]:
    """Give the names of the installed models, the default first."""
    names = sorted(path.parent.name for path in models_directory().glob(f"*/{DESCRIPTION_FILE}"))
    return sorted(names, key=lambda name: name != DEFAULT_MODEL)


def find_model(name_or_folder: str | os.PathLike[str]) -> Path:
    """Give the folder of a model.

    Args:
        name_or_folder: Name of an installed model, or a model folder.

    Raises:
        ModelRefusedError: There is none.
    """
    installed = models_directory() / str(name_or_folder)
    for folder in (Path(name_or_folder), installed):
        try:
            if (folder / DESCRIPTION_FILE).is_file():
                return folder
        except (OSError, ValueError):  # a name too long for the file system, or with a zero in it
            continue
    raise ModelRefusedError(
        f"There is no model {shown(repr(str(name_or_folder)), 80)}; installed are: "
        f"{shown(', '.join(installed_models()), 100) or 'none'}. "
        f"Give one of these names or a folder with a {DESCRIPTION_FILE}."
    )


def read_description(folder: Path) -> tuple[ModelFolder, dict[str, str]]:
    """Read model.json and give it with the sha256 of each file it names; the files themselves are not looked at.

    Raises:
        ModelRefusedError: model.json is missing or cannot be used.
    """
    path = folder / DESCRIPTION_FILE
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_DESCRIPTION + 1)
        if len(raw) > _MAX_DESCRIPTION:
            raise ValueError(f"it is larger than {_MAX_DESCRIPTION >> 10} kB")
        content = parse_json(raw)
    except (OSError, ValueError) as error:
        raise ModelRefusedError(
            f"{shown(path, 100)} cannot be read ({shown(error, 80)}); install the model again, or choose another "
            "folder."
        ) from error
    return ModelFolder(folder, ModelSpec.from_json(content), hashlib.sha256(raw).hexdigest()), content["sha256"]


def open_model(name_or_folder: str | os.PathLike[str] = DEFAULT_MODEL) -> ModelFolder:
    """Read model.json and check the hash of every file it names. Imports no torch.

    Raises:
        ModelRefusedError: The model is missing, unreadable, or a file of it was changed.
    """
    model, hashes = read_description(find_model(name_or_folder))
    missing = set(model.spec.files) - set(hashes)
    if missing:
        raise ModelRefusedError(
            f"model.json of {model.spec.name!r} gives no sha256 for {sorted(missing)[0]}; export it again."
        )
    for file, expected in hashes.items():
        _check_file(model.path, file, expected, model.spec.name)
    return model


def load_stack(name_or_folder: str | os.PathLike[str] = DEFAULT_MODEL) -> Stack:
    """Load a stack, its files checked; nothing is ever unpickled.

    Args:
        name_or_folder: Name of an installed model, or a model folder.

    Raises:
        ModelRefusedError: The model is missing, changed, or does not fit its own description.
    """
    from CTEnhanceLib.model.stack import Stack

    model = open_model(name_or_folder)
    modules, crisp = [], []
    for generator in model.spec.generators:
        accurate, *others = (_load_module(model, generator, file) for file in generator.files)
        modules.append(accurate)
        crisp += [other.state_dict() for other in others]
    return Stack(model.spec, modules, model.sha256, crisp, _load_uncertainty(model))


def _load_module(model: ModelFolder, generator: GeneratorSpec, file: str) -> nn.Module:
    from CTEnhanceLib.model.stack import build_generator

    return _load_weights(model, file, lambda: build_generator(generator))


def _load_uncertainty(model: ModelFolder) -> nn.Module | None:
    from CTEnhanceLib.model.uncertainty_net import UncertaintyNet

    spec = model.spec.uncertainty
    return None if spec is None else _load_weights(model, spec.file, lambda: UncertaintyNet(**spec.arguments))


def _load_weights(model: ModelFolder, file: str, build: Callable[[], nn.Module]) -> nn.Module:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        _check_shapes(model.path / file, build)
        module = build()
        module.load_state_dict({k: v.float() for k, v in load_file(model.path / file).items()})
        _check_finite(module)
    except (SafetensorError, RuntimeError, TypeError, ValueError, OSError) as error:
        if is_out_of_memory(error):
            raise
        raise ModelRefusedError(
            f"{shown(file)} of model {model.spec.name!r} does not fit its model.json "
            f"({shown(str(error).splitlines()[0], 120)}); export it again."
        ) from error
    return module.eval()


def _check_shapes(path: Path, build: Callable[[], nn.Module]) -> None:
    """Compare names and shapes of the weights with what model.json asks for, before anything of that size is made."""
    import torch
    from safetensors import safe_open

    with torch.device("meta"):
        wanted = {name: list(value.shape) for name, value in build().state_dict().items()}
    with safe_open(str(path), "pt") as weights:
        found = {name: list(weights.get_slice(name).get_shape()) for name in weights.keys()}  # noqa: SIM118
    for name in sorted({*wanted, *found}):
        if wanted.get(name) != found.get(name):
            raise ValueError(f"{shown(name)} has the shape {found.get(name)} instead of {wanted.get(name)}")


def _check_finite(module: nn.Module) -> None:
    import torch

    for name, value in module.state_dict().items():
        if not torch.isfinite(value).all():
            raise ValueError(f"{name} holds NaN or infinite weights")


def save_stack(
    folder: str | os.PathLike[str],
    spec: ModelSpec,
    modules: Sequence[nn.Module | Weights],
    documents: Mapping[str, str],
    crisp: Sequence[nn.Module | Weights] = (),
) -> str:
    """Write a model folder; it appears under its name only when it is complete.

    Args:
        folder: Where to; an existing model folder is replaced.
        spec: What model.json says.
        modules: One generator, or its weights by name, for each of `spec.generators`; floating-point weights are
            stored as fp16. Where `spec` has two ends these are the accurate ones.
        documents: Text files by name: MODEL_CARD.md, metrics.json, LICENSE.
        crisp: The same of the crisp end; empty where `spec` names no `crisp_file`.

    Returns:
        The sha256 of model.json.

    Raises:
        OutputError: The folder cannot be written, or holds something that is no model.
        ValueError: The generators given are not those that `spec` names.
    """
    from safetensors.torch import save_file

    folder = Path(folder)
    if folder.exists() and not (folder / DESCRIPTION_FILE).is_file() and any(folder.iterdir()):
        raise OutputError(f"{folder} is not empty and holds no model; choose another folder.")
    files = [generator.file for generator in spec.generators]
    files += [str(generator.crisp_file) for generator in spec.generators if generator.crisp_file]
    ends = [*modules, *crisp]
    if len(files) != len(ends):
        raise ValueError(f"{len(ends)} sets of weights for the files {files}")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The folder {folder.parent} cannot be made ({error}); choose another place.") from error
    with appearing(folder, replace=True) as partial:
        partial.mkdir(mode=0o755)
        for file, end in zip(files, ends):
            save_file(half_weights(end), partial / file)
        for name, text in documents.items():
            (partial / name).write_bytes(text.encode("utf-8"))
        hashes = {path.name: sha256_of(path) for path in sorted(partial.iterdir())}
        text = json.dumps(spec.to_json(hashes), indent=2) + "\n"
        (partial / DESCRIPTION_FILE).write_bytes(text.encode("utf-8"))
        for path in partial.iterdir():
            path.chmod(0o644)
    return hashlib.sha256(text.encode()).hexdigest()


def describe_model(model: ModelFolder) -> dict[str, Any]:
    """Give what a list of models shows: name, description, method, ranges, hash, folder."""
    spec = model.spec
    return {
        "name": spec.name,
        "description": spec.description,
        "method": spec.method,
        "base": spec.base,
        "context": spec.context,
        "offsets_mm": spec.offsets,
        "interval_range_mm": spec.interval_range_mm,
        "default_detail": spec.default_detail,
        "sha256": model.sha256,
        "folder": str(model.path),
    }


def half_weights(end: nn.Module | Weights) -> dict[str, Tensor]:
    """Give weights by name as they are stored: floating-point ones as fp16."""
    weights = end if isinstance(end, Mapping) else end.state_dict()
    return {
        name: (value.half() if value.is_floating_point() else value).contiguous().cpu()
        for name, value in weights.items()
    }


def _check_file(folder: Path, file: str, expected: str, name: str) -> None:
    path = folder / file
    if Path(file).name != file or "\\" in file or "\0" in file or not path.is_file():
        raise ModelRefusedError(
            f"{shown(file)} of model {name!r} is missing from {shown(folder, 100)}; install the model again."
        )
    if path.stat().st_size > _MAX_FILE:
        raise ModelRefusedError(
            f"{shown(file)} of model {name!r} is larger than {_MAX_FILE >> 30} GB; install the model again."
        )
    if sha256_of(path) != expected:
        raise ModelRefusedError(
            f"{shown(file)} of model {name!r} is not the file its model.json was written for (sha256 differs); "
            "install the model again."
        )
