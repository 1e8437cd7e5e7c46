"""The uncertainty network in a model folder: its weights beside those of the generators, named in model.json."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from CTEnhanceLib.errors import OutputError
from CTEnhanceLib.files.atomic import write_text
from CTEnhanceLib.files.checksum import sha256_of
from CTEnhanceLib.model.folder import DESCRIPTION_FILE, half_weights, open_model

if TYPE_CHECKING:
    from torch import nn

    from CTEnhanceLib.model.spec import UncertaintySpec


def put_uncertainty(folder: Path, network: nn.Module, spec: UncertaintySpec) -> None:
    """Put an uncertainty network into an existing model folder, in the place of the one it may have.

    Args:
        folder: A model folder.
        network: The network; its weights are stored as fp16.
        spec: What model.json says of it.

    Raises:
        ModelRefusedError: The folder holds no model that can be used.
        OutputError: It cannot be written.
    """
    from safetensors.torch import save_file

    open_model(folder)
    description = folder / DESCRIPTION_FILE
    content = json.loads(description.read_bytes())
    old = content.get("uncertainty", {}).get("file")
    if old and old != spec.file:
        content["sha256"].pop(old, None)
    try:
        save_file(half_weights(network), folder / spec.file)
        (folder / spec.file).chmod(0o644)
        content["uncertainty"] = asdict(spec)
        content["sha256"][spec.file] = sha256_of(folder / spec.file)
        write_text(json.dumps(content, indent=2) + "\n", description)
    except OSError as error:
        raise OutputError(f"The model folder {folder} cannot be written ({error}); choose another folder.") from error
    open_model(folder)
