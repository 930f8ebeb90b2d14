"""The text side of a model as files that another machine can take: those of its tokenizer, its text tower's
configuration and its own configuration, from the hub's cache here into the hub's cache there.

Nothing that lies there is ever replaced, and files of two states of a repository are never mixed. Knows nothing of
torch.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from core.encoders import hub, text_files, weights
from core.errors import NotHere, TMVError
from core.system.files import write_atomic
from core.types import ModelSpec

NAMES = (*text_files.TOKENIZERS, *text_files.BESIDE, text_files.TOWER, weights.HUB_CONFIG)
"""All that may be taken along: data, never code."""
REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}(?:/[A-Za-z0-9][A-Za-z0-9._-]{0,95})?")
COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFile:
    """A file `name` of a `repository` of the hub, of the state `commit`."""

    repository: str
    commit: str
    name: str

    @property
    def folder(self) -> str:
        """The repository as the hub's cache spells it in its folder."""
        return self.repository.replace("/", "--")


def carried_files(spec: ModelSpec) -> dict[HubFile, Path]:
    """The files of a model's text side in the hub's cache; {} where it needs none. Raises `NotHere` where it needs some
    and they are not here, or lie beside a model in files, with which they are copied."""
    source = weights.source_of(spec)
    found: dict[HubFile, Path] = {}
    if source.with_config and (config := hub.cached(source.hub, weights.HUB_CONFIG)):
        found |= _filed(source.hub, config)
    text = weights.text_config(spec)
    located = None if text is None else weights.locate_text(spec)
    if text is None or located is None:
        raise NotHere(
            f"The tokenizer files of {spec.name} are not on this machine, so they cannot be put into the bundle; load "
            "the model once, or export without --tokenizers."
        )
    for name, path in located.items():
        filed = _filed(text.tower if name == text_files.TOWER else text.tokenizer, path)
        if not filed:
            raise NotHere(
                f"{name} of {spec.name} lies beside the model's own files and is copied with them; export without "
                "--tokenizers."
            )
        found |= filed
    return found


def _filed(repository: str, path: Path) -> dict[HubFile, Path]:
    """The file, where it lies in the hub's cache: .../snapshots/COMMIT/NAME."""
    commit, kind = path.parent.name, path.parent.parent.name
    if kind != "snapshots" or not COMMIT.fullmatch(commit):
        return {}
    return {HubFile(repository=repository, commit=commit, name=path.name): path}


def check_data(file: HubFile, content: bytes) -> None:
    """Raise `TMVError` unless it is what its name says, and asks for no code of its own to be run."""
    try:
        text = content.decode("utf-8")
        known = file.name == "vocab.txt" or isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        known = False
    if not known or (file.name != "vocab.txt" and '"auto_map"' in text):
        raise TMVError(f"{file.name} of {file.repository} is not the plain data that a tokenizer has")


def take(file: HubFile, content: bytes) -> bool:
    """File it in the hub's cache of this machine. False where it is there already, or another state of its repository
    is."""
    from huggingface_hub import constants

    folder = Path(constants.HF_HUB_CACHE) / f"models--{file.folder}"
    main, place = folder / "refs" / "main", folder / "snapshots" / file.commit / file.name
    if hub.cached(file.repository, file.name) or place.exists():
        return False
    if main.is_file() and main.read_text(encoding="utf-8").strip() != file.commit:
        return False
    place.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(place, content, cache=False)
    main.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(main, file.commit.encode(), cache=False)
    return True
