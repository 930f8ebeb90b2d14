"""The commands whose documents are kept, and how two documents are compared."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
OBJECTS, CAPTIONS = "folder:golden/objects", "captions:golden/captions"
MODELS = ("--model", "demo-rn/demo", "--model", "demo-vit/demo")
ONE = MODELS[:2]
TEMPLATES = ("--template", "a photo of a {}.", "--template", "a drawing of a {}.", "--template", "{}")
COMMANDS: dict[str, tuple[str, ...]] = {
    "classify": ("classify", *MODELS, "--data", OBJECTS),
    "classify-raw": ("classify", *ONE, "--data", OBJECTS, "--classnames", "raw", *TEMPLATES[:4]),
    "classify-list": ("classify", *ONE, "--data", OBJECTS, "--classnames", str(HERE / "names.csv")),
    "prompts": ("prompts", *MODELS, "--data", OBJECTS, *TEMPLATES),
    "optimise": ("optimise", *ONE, "--data", OBJECTS, "--only", *TEMPLATES, "--budget", "6"),
    "probe": ("probe", *MODELS, "--data", OBJECTS),
    "fewshot": ("fewshot", *ONE, "--data", OBJECTS, "--shots", "1", "--shots", "2", "--seeds", "2"),
    "search": ("search", "a cat", *MODELS, "--data", OBJECTS, "-k", "4"),
    "search-captions": ("search", "a cat", *ONE, "--data", CAPTIONS, "-k", "4"),
    "retrieve": ("retrieve", *MODELS, "--data", CAPTIONS),
    "retrieve-one": ("retrieve", *ONE, "--data", CAPTIONS, "--captions", "1"),
    "audit": ("audit", *ONE, "--data", OBJECTS, "--cached"),
    "audit-probe": ("audit", *ONE, "--data", OBJECTS, "--method", "probe", "--cached"),
    "audit-captions": ("audit", *ONE, "--data", CAPTIONS, "--cached"),
    "audit-predictions": ("audit", "--predictions", str(HERE / "predictions.csv")),
    "audit-figures": ("audit", "--predictions", str(HERE / "figures.json")),
    "audit-deck": ("audit", "--deck"),
    "near-duplicates": ("near-duplicates", *MODELS, "--data", OBJECTS),
    "label-errors": ("label-errors", *MODELS, "--data", OBJECTS),
    "field": ("field", "--set", "satellite", "--budget", "120"),
}
"""Each command line, by the name of the document that is kept of it."""
_ASIDE = {"provenance", "train_provenance", "seconds", "images_per_second", "date"}
_NEAR = 2e-5
"""The same vectors multiplied on another processor differ in the last bits; a share of 48 pictures by 2 points."""


def plain(value: Any) -> Any:
    """A document without what is of one machine and one day."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items() if key not in _ASIDE}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value.replace(str(HERE), "GOLDEN") if isinstance(value, str) else value


def differences(kept: Any, found: Any, where: str = "") -> list[str]:
    """Where two documents differ; numbers may differ by rounding."""
    if isinstance(kept, dict) and isinstance(found, dict):
        gone = [f"{where}.{key} is {'gone' if key in kept else 'new'}" for key in sorted(kept.keys() ^ found.keys())]
        return gone + [
            d for key in kept.keys() & found.keys() for d in differences(kept[key], found[key], f"{where}.{key}")
        ]
    if isinstance(kept, list) and isinstance(found, list):
        if len(kept) != len(found):
            return [f"{where} has {len(found)} entries, not {len(kept)}"]
        return [d for i, pair in enumerate(zip(kept, found, strict=True)) for d in differences(*pair, f"{where}[{i}]")]
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in (kept, found))
    same = math.isclose(kept, found, rel_tol=_NEAR, abs_tol=_NEAR) if numbers else kept == found
    return [] if same else [f"{where} is {found!r}, was {kept!r}"]


def document(name: str) -> Any:
    """The document that is kept."""
    return json.loads((HERE / "documents" / f"{name}.json").read_text("utf-8"))
