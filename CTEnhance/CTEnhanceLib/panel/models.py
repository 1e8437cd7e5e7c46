"""The models that can be chosen: those that are installed, and folders that the user added."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from CTEnhanceLib.errors import ModelRefusedError
from CTEnhanceLib.model.folder import CARD_FILE, DESCRIPTION_FILE, installed_models, models_directory
from CTEnhanceLib.model.spec import ModelSpec


@dataclass(frozen=True)
class ModelEntry:
    """A line of the model list.

    The weights are not hashed here, as that would keep the panel waiting; the worker does so before it uses them.

    Attributes:
        key: What is passed as ``--model`` and kept with the scene: a name, or the path of an added folder.
        folder: Where it lies.
        spec: What its model.json says.
        sha256: Hash of model.json, which in turn names the hashes of all other files.
    """

    key: str
    folder: Path
    spec: ModelSpec
    sha256: str

    @property
    def card(self) -> str:
        """The model card, Markdown; empty where there is none."""
        path = self.folder / CARD_FILE
        return path.read_text(encoding="utf-8") if path.is_file() else ""


def read_entry(folder: str | Path, key: str | None = None) -> ModelEntry:
    """Read the description of a model folder.

    Raises:
        ModelRefusedError: There is no usable model.json.
    """
    folder = Path(folder)
    try:
        raw = (folder / DESCRIPTION_FILE).read_bytes()
        content = json.loads(raw)
    except (OSError, ValueError) as error:
        raise ModelRefusedError(
            f"{folder} holds no usable {DESCRIPTION_FILE} ({error}); choose a model folder."
        ) from error
    return ModelEntry(key or str(folder), folder, ModelSpec.from_json(content), hashlib.sha256(raw).hexdigest())


def list_models(added: Iterable[str] = ()) -> list[ModelEntry]:
    """All models that can be read, the default first; an added folder that is gone is left out."""
    places = [(models_directory() / name, name) for name in installed_models()]
    places += [(Path(folder), folder) for folder in added]
    entries = []
    for folder, key in places:
        try:
            entries.append(read_entry(folder, key))
        except ModelRefusedError:
            continue
    return entries
