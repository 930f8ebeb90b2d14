"""Colour, symbol and pattern of a model: the same on every chart, whatever else is on it.

Colour says whose model it is (OpenAI's in blues, OpenCLIP's in oranges, the demo's and others from the rest
of Okabe and Ito's palette, which every common kind of colour vision tells apart); lightness and symbol say
which architecture. Colour never means good or bad. Every colour keeps 3 : 1 against its background; where two
models cannot be told apart by colour alone, symbol or pattern tells them apart.
"""

from __future__ import annotations

import zlib
from typing import Literal, TypeVar

from core.catalog.models import MODELS
from core.frames.names import Family, model_family, model_parts
from core.types import ModelSpec

T = TypeVar("T")
Theme = Literal["light", "dark"]
Shade = tuple[str, str]
"""A colour on white and its counterpart on the dark background."""

_KNOWN: dict[tuple[Family, str], Shade] = {
    ("openai", "ViT-B-32"): ("#0072B2", "#56B4E9"),
    ("openai", "ViT-B-16"): ("#3D94D1", "#A6D8F7"),
    ("openai", "RN50"): ("#003F66", "#2A80B9"),
    ("open_clip", "ViT-B-32"): ("#D55E00", "#F0863C"),
    ("open_clip", "ViT-B-16"): ("#C28100", "#F2C14E"),
    ("open_clip", "ViT-L-14"): ("#8A3B00", "#C4622D"),
    ("open_clip", "convnext_base"): ("#C77B45", "#F7C9A0"),
    ("demo", "demo-vit"): ("#00876A", "#2FC79B"),
    ("demo", "demo-rn"): ("#B85C93", "#E0A3C4"),
}
_SPARE: dict[Family, tuple[Shade, ...]] = {
    "openai": (("#5B78C7", "#8FA4F0"), ("#2F5FA8", "#7FB7E8"), ("#1B4F8F", "#4C96D9")),
    "open_clip": (("#E8711A", "#FFB074"), ("#A8560B", "#E09A4A"), ("#B98A1F", "#E8D08A")),
    "demo": (("#3F7F6B", "#7FD6BC"), ("#9A5C82", "#D9B8CC")),
    "other": (("#6B6B6B", "#B8BEC3"), ("#7A5AA6", "#B79CE0"), ("#8A7A00", "#D9D06A")),
}
_SYMBOLS = {
    "ViT-B-32": "circle",
    "ViT-B-16": "square",
    "ViT-L-14": "triangle-up",
    "RN50": "triangle-down",
    "convnext_base": "cross",
    "demo-vit": "circle",
    "demo-rn": "square",
}
_SPARE_SYMBOLS = ("star", "pentagon", "hexagram", "x", "bowtie", "hourglass", "star-square")
_PATTERNS = ("/", "\\", ".", "-", "|", "+")


def model_color(model: ModelSpec | str, theme: Theme = "light") -> str:
    """The colour of a model, as #RRGGBB."""
    family, (architecture, _) = model_family(model), model_parts(model)
    shade = _KNOWN.get((family, architecture)) or _pick(_SPARE[family], architecture)
    return shade[theme == "dark"]


def model_symbol(model: ModelSpec | str) -> str:
    """The filled plotly symbol of a model's architecture; never a diamond, which means published."""
    architecture = model_parts(model)[0]
    return _SYMBOLS.get(architecture) or _pick(_SPARE_SYMBOLS, architecture)


def model_pattern(model: ModelSpec | str) -> str:
    """The pattern of a model's bars: plain for the catalog's, so that other weights of the same architecture
    (and so of the same colour) differ from them."""
    name = model.name if isinstance(model, ModelSpec) else model
    return "" if name in {spec.name for spec in MODELS} else _pick(_PATTERNS, name)


def _pick(choices: tuple[T, ...], name: str) -> T:
    return choices[zlib.crc32(name.encode()) % len(choices)]
