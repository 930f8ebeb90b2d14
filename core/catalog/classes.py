"""Class names: CLIP's curated lists and ImageNet's wnids.

Curated names are always joined to folders by name, never by position: CLIP's list for EuroSAT starts with the
forest while its folders start with AnnualCrop.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from core.errors import TMVError

_HERE = Path(__file__).parent

EUROSAT_CURATED = {
    "AnnualCrop": "annual crop land",
    "Forest": "forest",
    "HerbaceousVegetation": "brushland or shrubland",
    "Highway": "highway or road",
    "Industrial": "industrial buildings or commercial buildings",
    "Pasture": "pasture land",
    "PermanentCrop": "permanent crop land",
    "Residential": "residential buildings or homes or apartments",
    "River": "river",
    "SeaLake": "lake or sea",
}
"""EuroSAT's folders with the names that CLIP's list gives to the same land use."""


@cache
def _document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((_HERE / "clip_classes.json").read_text(encoding="utf-8"))
    return loaded


def clip_source() -> str:
    """Where the curated names and the templates come from."""
    return str(_document()["source"])


def clip_classnames(name: str) -> tuple[str, ...]:
    """CLIP's class names for "cifar100", "eurosat", "food101" or "imagenet", in the order of its own list."""
    if name == "imagenet":
        return tuple(imagenet_classnames().values())
    return tuple(_document()["sets"][name]["classes"])


def clip_templates(name: str) -> tuple[str, ...]:
    """CLIP's templates for the same names."""
    return tuple(_document()["sets"][name]["templates"])


@cache
def imagenet_classnames() -> dict[str, str]:
    """wnid -> curated name, all 1,000, in ImageNet's order of class numbers (which is that of the wnids)."""
    with (_HERE / "imagenet_classes.csv").open(encoding="utf-8", newline="") as file:
        return {row["wnid"]: row["classname"] for row in csv.DictReader(file)}


def curated_by_name(raw: Sequence[str], curated: Sequence[str]) -> tuple[str, ...]:
    """`curated` in the order of `raw`, joined by name without regard to case, underscores or hyphens.

    Raises `TMVError` unless every raw name has exactly one curated one.
    """
    by_key = {_key(name): name for name in curated}
    missing = [name for name in raw if _key(name) not in by_key]
    if missing or len(by_key) != len(curated):
        raise TMVError(f"Curated names must match the folders one to one; unmatched: {', '.join(missing)}.")
    return tuple(by_key[_key(name)] for name in raw)


def _key(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name).strip().casefold()
