"""Colour, symbol and pattern of a model: the same on every chart, whatever else is on it.

Colour says whose model it is (OpenAI's in blues, OpenCLIP's in oranges, the demo's and others from the rest
of Okabe and Ito's palette, which every common kind of colour vision tells apart); lightness and symbol say
which architecture. Colour never means good or bad. Every colour keeps 3 : 1 against its background; where two
models cannot be told apart by colour alone, symbol or pattern tells them apart.

The catalog's marks are fixed. Any other model starts from the mark that its name gives and takes the next one that no
other model shown with it has (`core.words.names.show_together`), so that neither bars (colour and pattern) nor points
(colour and symbol) are mistaken for another's. Where nothing says what is shown together, it is what this process has
drawn so far.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeVar

from core.catalog.models import MODELS
from core.types import ModelSpec
from core.words.names import Family, model_family, model_parts, models_together

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
    "other": (
        ("#6B6B6B", "#B8BEC3"),
        ("#7A5AA6", "#B79CE0"),
        ("#8A7A00", "#D9D06A"),
        ("#A8324A", "#F08A9B"),
        ("#2E7D7D", "#6FD3D3"),
        ("#8C5A2B", "#D8A878"),
        ("#4B7A1F", "#A5D56B"),
        ("#A03FA0", "#E39BE3"),
        ("#27408B", "#7C96E8"),
        ("#7A1F1F", "#D96A6A"),
        ("#1F5A3A", "#4FAE7C"),
        ("#5B2C5B", "#B070B0"),
        ("#4A6070", "#8FA9BC"),
        ("#D6336C", "#FF7FB0"),
        ("#5F6B1B", "#A9B84A"),
        ("#4B3FB0", "#A49BFF"),
    ),
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
_PATTERNS = ("/", "\\", "|", "-", "+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How a model looks on every chart; `pattern` "" is a plain bar."""

    shade: Shade
    symbol: str
    pattern: str


def model_color(model: ModelSpec | str, theme: Theme = "light") -> str:
    """The colour of a model, as #RRGGBB."""
    return model_mark(model).shade[theme == "dark"]


def model_symbol(model: ModelSpec | str) -> str:
    """The filled plotly symbol of a model's points; never a diamond, which means published."""
    return model_mark(model).symbol


def model_pattern(model: ModelSpec | str) -> str:
    """The pattern of a model's bars: plain for the catalog's, so that other weights of the same architecture
    (and so of the same colour) differ from them."""
    return model_mark(model).pattern


def bar_fill(model: ModelSpec | str, theme: Theme, background: str) -> dict[str, Any]:
    """Plotly's marker of a model's bar: its pattern in the background's colour on its own colour.

    Both are named: where `bgcolor` is left out, plotly draws the pattern on nothing, and the bar is not there.
    """
    color, shape = model_color(model, theme), model_pattern(model)
    pattern = {"shape": shape, "fgcolor": background, "bgcolor": color, "size": 11, "solidity": 0.12} if shape else {}
    return {"color": color, "pattern": {"shape": "", **pattern}}


def model_mark(model: ModelSpec | str) -> Mark:
    """The mark of a model: the catalog's by its record, any other's among those that it is shown with."""
    name = model.name if isinstance(model, ModelSpec) else model
    if name in _FIXED:
        return _FIXED[name]
    together = frozenset(models_together())
    if name in together:
        return _marks_of(together)[name]
    with _giving:
        if name not in _GIVEN:
            _GIVEN[name] = _free_mark(name, {*_FIXED.values(), *_GIVEN.values()})
            while len(_GIVEN) > _MOST_GIVEN:
                del _GIVEN[next(iter(_GIVEN))]
        return _GIVEN[name]


@lru_cache(maxsize=64)
def _marks_of(names: frozenset[str]) -> dict[str, Mark]:
    """Marks for models that are shown together, given by name: the same whoever comes first."""
    marks = dict(_FIXED)
    for name in sorted(names - marks.keys()):
        marks[name] = _free_mark(name, set(marks.values()))
    return marks


def _fixed_mark(spec: ModelSpec) -> Mark:
    family, (architecture, _) = model_family(spec), model_parts(spec)
    return Mark(shade=_KNOWN[family, architecture], symbol=_SYMBOLS[architecture], pattern="")


def _free_mark(name: str, taken: Collection[Mark]) -> Mark:
    """The first mark of this name's own order in a colour that nobody has (people's own models), else one that no other
    model is taken for; the very first where there is none."""
    bars, points = {(m.shade, m.pattern) for m in taken}, {(m.shade, m.symbol) for m in taken}
    marks, shades = list(_own_order(name)), {m.shade for m in taken}
    fresh = (m for m in marks if m.shade not in shades and model_family(name) == "other")
    free = (m for m in marks if (m.shade, m.pattern) not in bars and (m.shade, m.symbol) not in points)
    half = (m for m in marks if m not in taken and (m.shade, m.pattern) not in bars)
    return next(fresh, None) or next(free, None) or next(half, None) or marks[0]


def _own_order(name: str) -> Iterator[Mark]:
    """Marks for a model that is not in the catalog, its own first: a colour of its family (that of its architecture
    where it has one), its architecture's symbol, a pattern."""
    family, (architecture, _) = model_family(name), model_parts(name)
    known = _KNOWN.get((family, architecture))
    shades = _from(_SPARE[family], architecture if family != "other" else name)
    symbols = ([_SYMBOLS[architecture]] if architecture in _SYMBOLS else []) + _from(_SPARE_SYMBOLS, name)
    for pattern in _from(_PATTERNS, name):
        for shade in [known] if known else shades:
            yield from (Mark(shade=shade, symbol=symbol, pattern=pattern) for symbol in symbols)
    if known:  # more weights of one architecture than patterns: then in other colours of the family
        yield from (
            Mark(shade=s, symbol=symbol, pattern=p)
            for p in _from(_PATTERNS, name)
            for s in shades
            for symbol in symbols
        )


def _from(choices: tuple[T, ...], name: str) -> list[T]:
    """All of them, beginning with the one of this name."""
    first = zlib.crc32(name.encode("utf-8", "surrogatepass")) % len(choices)
    return [*choices[first:], *choices[:first]]


_FIXED = {spec.name: _fixed_mark(spec) for spec in MODELS}
_GIVEN: dict[str, Mark] = {}
_MOST_GIVEN = 400
_giving = threading.Lock()
