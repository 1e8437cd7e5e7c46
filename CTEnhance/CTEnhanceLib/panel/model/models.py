"""The models that can be chosen: those that are installed, and folders that the user added."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from CTEnhanceLib.errors import ModelRefusedError
from CTEnhanceLib.model.folder import DEFAULT_MODEL, ModelFolder, installed_models, models_directory, read_description


@dataclass(frozen=True)
class ModelEntry(ModelFolder):
    """A line of the model list.

    The weights are not hashed here, as that would keep the panel waiting; the worker does so before it uses them.

    Attributes:
        key: What is passed as ``--model`` and kept with the scene: a name, or the path of an added folder.
    """

    key: str

    @property
    def title(self) -> str:
        """What it is for the user, with its own name second."""
        from slicer.i18n import tr as _

        method = re.match(r"thesis-method(\d+)", self.spec.name)
        if self.key == DEFAULT_MODEL:
            return _("Default ({name})").format(name=self.spec.name)
        if method:
            return _("Thesis, method {number} ({name})").format(number=method[1], name=self.spec.name)
        return str(self.spec.name)


def read_entry(folder: str | Path, key: str | None = None) -> ModelEntry:
    """Read the description of a model folder.

    Raises:
        ModelRefusedError: There is no usable model.json.
    """
    model, _ = read_description(Path(folder))
    return ModelEntry(model.path, model.spec, model.sha256, key or str(folder))


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
