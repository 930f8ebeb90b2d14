"""Colour, symbol and pattern of a model: the same on every chart, whatever else is on it.

Colour says whose model it is (OpenAI's in blues, OpenCLIP's in oranges, the demo's and others from the rest
of Okabe and Ito's palette, which every common kind of colour vision tells apart); lightness and symbol say
which architecture. Colour never means good or bad. Every colour keeps 3 : 1 against its background; where two
models cannot be told apart by colour alone, symbol or pattern tells them apart.

The catalog's marks are fixed. Any other model starts from the colour that its name gives and takes the next one that no
other model shown with it has (`core.words.names.show_together`), of its family as long as there are any; what is on one
page (`show_on_page`) never shares a colour, even where more models than colours are on this machine. A pattern (bars)
and a symbol (points) tell apart too. Where nothing says what is shown together, it is what is in one
chart (`marks_apart`).
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache, wraps
from itertools import product
from typing import Any, Literal, ParamSpec, TypeVar

import pandas as pd

from core.catalog.models import MODELS
from core.charts.colours import distance
from core.types import ModelSpec
from core.words.names import Family, model_family, model_parts, models_on_page, models_together, shown_together

P = ParamSpec("P")
R = TypeVar("R")
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
    "openai": (
        ("#5B78C7", "#8FA4F0"),
        ("#1B4F8F", "#4C96D9"),
        ("#1592B0", "#5FD3EC"),
        ("#7C93B8", "#B4B8E6"),
        ("#0A2A66", "#5C7BE0"),
        ("#2F5FA8", "#6FA0D0"),
    ),
    "open_clip": (
        ("#E8711A", "#FFB074"),
        ("#A8560B", "#E09A4A"),
        ("#9A7414", "#CFB45A"),
        ("#B03A1E", "#FF7A55"),
        ("#5E2A05", "#A8602F"),
        ("#B87466", "#E89A86"),
        ("#8A6D4F", "#C7A583"),
    ),
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
CLEAR = 0.045
"""Two colours that lie this far apart are not taken for each other side by side (1 is black and white)."""
FEW, CLEAR_OF_FEW = 4, 0.1
"""So few models of one page have colours that one can name: two violets are told apart only beside each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How a model looks on every chart; `pattern` "" is a plain bar."""

    shade: Shade
    symbol: str
    pattern: str


def marks_apart(chart: Callable[P, R]) -> Callable[P, R]:
    """For a function of frames that draws models: nobody in these frames looks like another one in them."""

    @wraps(chart)
    def apart(*args: P.args, **kwargs: P.kwargs) -> R:
        frames = [value for value in (*args, *kwargs.values()) if isinstance(value, pd.DataFrame)]
        columns = [frame[name] for frame in frames for name in ("model", "model_a", "model_b") if name in frame]
        models = dict.fromkeys(str(name) for column in columns for name in column.unique() if isinstance(name, str))
        if models.keys() <= {*models_together(), *_FIXED}:
            return chart(*args, **kwargs)
        with shown_together(models):
            return chart(*args, **kwargs)

    return apart


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
        return _marks_of(together, models_on_page())[name]
    with _giving:
        if name not in _GIVEN:
            _GIVEN[name] = _free_mark(name, {*_FIXED.values(), *_GIVEN.values()})
            while len(_GIVEN) > _MOST_GIVEN:
                del _GIVEN[next(iter(_GIVEN))]
        return _GIVEN[name]


@lru_cache(maxsize=64)
def _marks_of(names: frozenset[str], page: tuple[str, ...]) -> dict[str, Mark]:
    """Marks for models that are shown together, given by name: the same whoever comes first. Where there are more of
    them than colours, one of the `page` whose colour another one there has takes one that is free there, and so does
    one of few whose colour is like another's."""
    marks = dict(_FIXED)
    for name in sorted(names - marks.keys()):
        marks[name] = _free_mark(name, marks.values())
    taken = [marks[name] for name in page if name in _FIXED]
    clear = CLEAR_OF_FEW if len(page) <= FEW else CLEAR
    for name in [name for name in page if name not in _FIXED]:
        if marks[name] in taken or not _clear(marks[name].shade, taken, clear):
            marks[name] = _free_mark(name, taken, clear)
        taken.append(marks[name])
    return marks


def _fixed_mark(spec: ModelSpec) -> Mark:
    family, (architecture, _) = model_family(spec), model_parts(spec)
    return Mark(shade=_KNOWN[family, architecture], symbol=_SYMBOLS[architecture], pattern="")


def _free_mark(name: str, taken: Collection[Mark], apart: float = CLEAR) -> Mark:
    """A mark in a colour that nobody has: the first of this name's own order that is clear of the others', else the one
    furthest from them. Where every colour is taken, one that is told apart by its pattern and its symbol."""
    shades, used = _own_shades(name), {mark.shade for mark in taken}
    fresh = [shade for shade in shades if shade not in used]
    clear = (shade for shade in fresh if _clear(shade, taken, apart))
    if fresh:
        shade = next(clear, None) or max(fresh, key=lambda s: min(_apart(s, other.shade) for other in taken))
        shades = [shade]
    bars, points = {(m.shade, m.pattern) for m in taken}, {(m.shade, m.symbol) for m in taken}
    every = list(product(_from(_PATTERNS, name), shades, _own_symbols(name)))
    own_bar = [(p, shade, symbol) for p, shade, symbol in every if (shade, p) not in bars]
    free = [(p, shade, symbol) for p, shade, symbol in own_bar if (shade, symbol) not in points]
    pattern, shade, symbol = (free or own_bar or every)[0]
    return Mark(shade=shade, symbol=symbol, pattern=pattern)


def _own_shades(name: str) -> list[Shade]:
    """The colours of a model that is not in the catalog: those of its family, then those that nobody has."""
    family, (architecture, _) = model_family(name), model_parts(name)
    own = [] if family == "other" else _from(_SPARE[family], architecture)
    return [*own, *_from(_SPARE["other"], name)]


def _own_symbols(name: str) -> list[str]:
    """The symbols of such a model, its architecture's first."""
    architecture = model_parts(name)[0]
    return ([_SYMBOLS[architecture]] if architecture in _SYMBOLS else []) + _from(_SPARE_SYMBOLS, name)


def _from(choices: tuple[T, ...], name: str) -> list[T]:
    """All of them, beginning with the one of this name."""
    first = zlib.crc32(name.encode("utf-8", "surrogatepass")) % len(choices)
    return [*choices[first:], *choices[:first]]


def _clear(shade: Shade, taken: Iterable[Mark], apart: float) -> bool:
    return all(_apart(shade, other.shade) >= apart for other in taken)


@cache
def _apart(a: Shade, b: Shade) -> float:
    """How far two shades are apart, in the theme where they are closer."""
    return min(distance(first, second) for first, second in zip(a, b, strict=True))


_FIXED = {spec.name: _fixed_mark(spec) for spec in MODELS}
_GIVEN: dict[str, Mark] = {}
_MOST_GIVEN = 400
_giving = threading.Lock()
