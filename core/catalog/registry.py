"""What the installed open_clip knows, read from its files without importing it (its import pulls in torch).

Architectures are JSON files of the package; the table of published weights is a literal in its
`pretrained.py`, which is parsed, never run. If a later open_clip lays that file out differently the table
comes back empty and a name is checked when its model is loaded instead.
"""

from __future__ import annotations

import ast
import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One set of weights that open_clip lists: where it lies and how it was trained.

    `hub` is `ORG/NAME/` or `ORG/NAME/FILE` on the Hugging Face hub, `url` a plain address; one may be empty.
    """

    hub: str
    url: str
    quick_gelu: bool


@lru_cache(maxsize=1)
def package_folder() -> Path | None:
    """The folder of the installed open_clip, or None."""
    found = importlib.util.find_spec("open_clip")
    return Path(found.origin).parent if found and found.origin else None


@lru_cache(maxsize=1)
def architectures() -> tuple[str, ...]:
    """Names of every architecture that open_clip can build."""
    folder = package_folder()
    return tuple(sorted(p.stem for p in (folder / "model_configs").glob("*.json"))) if folder else ()


def architecture_config(architecture: str) -> dict[str, Any]:
    """open_clip's description of one architecture; {} where it has none."""
    folder = package_folder()
    if folder is None or architecture not in architectures():
        return {}
    text = (folder / "model_configs" / f"{architecture}.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@lru_cache(maxsize=1)
def published_weights() -> Mapping[tuple[str, str], Published]:
    """(architecture, pretrained) -> where its weights lie; {} if open_clip's table cannot be read."""
    folder = package_folder()
    if folder is None:
        return {}
    try:
        return _read_table(ast.parse((folder / "pretrained.py").read_text("utf-8")))
    except (OSError, SyntaxError, ValueError, KeyError, AttributeError):
        return {}


def _read_table(module: ast.Module) -> dict[tuple[str, str], Published]:
    assigned = {
        s.targets[0].id: s.value
        for s in module.body
        if isinstance(s, ast.Assign) and isinstance(s.targets[0], ast.Name)
    }
    table = assigned["_PRETRAINED"]
    if not isinstance(table, ast.Dict):
        return {}
    found: dict[tuple[str, str], Published] = {}
    for key, value in zip(table.keys, table.values, strict=True):
        tags = assigned[value.id] if isinstance(value, ast.Name) else value
        if isinstance(key, ast.Constant) and isinstance(tags, ast.Call):
            found |= {(str(key.value), str(k.arg)): _read_weights(k.value) for k in tags.keywords if k.arg}
    return found | _quick_gelu_twins(found)


def _read_weights(call: ast.expr) -> Published:
    keywords = getattr(call, "keywords", ())
    known = {k.arg: k.value.value for k in keywords if isinstance(k.value, ast.Constant)}
    return Published(
        hub=str(known.get("hf_hub", "")), url=str(known.get("url", "")), quick_gelu=bool(known.get("quick_gelu"))
    )


def _quick_gelu_twins(found: Mapping[tuple[str, str], Published]) -> dict[tuple[str, str], Published]:
    """open_clip lists weights trained with QuickGELU a second time under `ARCHITECTURE-quickgelu`."""
    return {(f"{architecture}-quickgelu", tag): p for (architecture, tag), p in found.items() if p.quick_gelu}
