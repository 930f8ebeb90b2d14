"""The known wrong ways to ask: each changes one step of the right one, in a function of a few lines and a row of
`WAYS`.

The steps are `names` (what the classes are called), `templates`, `heads` (text vectors to class vectors) and `texts`
(what a tokenizer makes of them).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from typing import Any, Literal

import numpy as np

from core.catalog.prompts import PROMPT_SETS
from core.encoders.text_files import SHORT, UNCLEANED
from core.stats import metrics
from core.studies.audit.case import Asked
from core.types import FloatArray, IntArray

AskingStep = Literal["names", "templates", "heads", "texts"]
Texts = tuple[str, ...]
MOST_SINGLE = 20
"""So many templates of a set are also tried each alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOfAsking:
    """One departure: `does` replaces the step (for `texts` it is a mistake's name), `said` completes "these answers
    come out ...". Names and templates are made of what is `Asked`; () where it has no such. `alone`: in no pair."""

    name: str
    said: str
    step: AskingStep
    does: Any
    alone: bool = False


# --- names and templates: Asked -> texts ----------------------------------------------------------------------


def _curated(asked: Asked) -> Texts:
    return asked.curated


def _raw(asked: Asked) -> Texts:
    return asked.raw


def _each_name(change: Callable[[str], str], asked: Asked) -> Texts:
    return tuple(map(change, asked.curated))


def _underscored(name: str) -> str:
    return name.replace(" ", "_")


def _own(asked: Asked) -> Texts:
    return asked.templates


def _given(templates: Texts, asked: Asked) -> Texts:
    return templates


def _first(asked: Asked) -> Texts:
    return asked.templates[:1] if len(asked.templates) > 1 else ()


def _each_template(change: Callable[[str], str], asked: Asked) -> Texts:
    return tuple(dict.fromkeys(map(change, asked.templates)))


def _without_stop(template: str) -> str:
    return template.removesuffix(".")


def _with_stop(template: str) -> str:
    return template if template.endswith(".") else f"{template}."


# --- heads: (t, c, d) unnormalised -> (h, c, d); of several an image takes its best ---------------------------


def _right(texts: FloatArray) -> FloatArray:
    found: FloatArray = metrics.normalise(metrics.normalise(texts).mean(axis=0))
    return found[None]


def _raw_mean(texts: FloatArray) -> FloatArray:
    found: FloatArray = texts.mean(axis=0)
    return found[None]


def _mean_of_units(texts: FloatArray) -> FloatArray:
    found: FloatArray = metrics.normalise(texts).mean(axis=0)
    return found[None]


def _unit_of_mean(texts: FloatArray) -> FloatArray:
    found: FloatArray = metrics.normalise(texts.mean(axis=0))
    return found[None]


def _best(texts: FloatArray) -> FloatArray:
    found: FloatArray = metrics.normalise(texts)
    return found


# --- the table ------------------------------------------------------------------------------------------------


def _way(name: str, said: str, alone: bool = False, **step: Any) -> WayOfAsking:
    ((kind, does),) = step.items()
    return WayOfAsking(name=name, said=said, step=kind, does=does, alone=alone)  # type: ignore[arg-type]


def _said(templates: Texts) -> str:
    return f"with the template “{templates[0]}”" if len(templates) == 1 else f"with {len(templates)} templates"


_USUAL = tuple((f"template-{i}", t) for i, t in enumerate((("a photo of a {}.",), ("a photo of a {}",), ("{}",))))
_SETS = tuple(
    (f"set-{s.name}", f"with the templates “{s.title}”", s.templates)
    for s in PROMPT_SETS
    if s.name in ("deck", "demo", "imagenet")
)
WAYS: tuple[WayOfAsking, ...] = (
    _way("raw-class-vectors", "with class vectors that were not normalized", heads=_raw_mean),
    _way("raw-names", "with the folder names as class names", names=_raw),
    _way("first-template", "with the first template alone", templates=_first),
    *(_way(name, _said(t), templates=partial(_given, t)) for name, t in _USUAL),
    _way("best-template", "with the best template for each image in place of the average", heads=_best),
    _way("mean-of-units", "with averages over templates that were not normalized again", heads=_mean_of_units),
    _way("unit-of-mean", "with text vectors averaged before they were normalized", heads=_unit_of_mean),
    _way("lower-case", "with class names in lower case", names=partial(_each_name, str.lower)),
    _way("upper-case", "with class names in upper case", names=partial(_each_name, str.upper)),
    _way("title-case", "with capitalized class names", names=partial(_each_name, str.title)),
    _way("underscores", "with underscores in class names", names=partial(_each_name, _underscored)),
    _way("no-full-stop", "with templates without their full stop", templates=partial(_each_template, _without_stop)),
    _way("full-stop", "with a full stop after each template", templates=partial(_each_template, _with_stop)),
    *(_way(name, said, templates=partial(_given, t)) for name, said, t in _SETS),
    _way("uncleaned", "with texts that were not cleaned", texts=UNCLEANED),
    _way("not-filled", "with texts filled up to the longest one only", texts=SHORT),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One way to ask, whole: the `ways` in which it departs, () for the right one."""

    ways: tuple[WayOfAsking, ...] = ()
    names: Texts = ()
    templates: Texts = ()
    heads: Callable[[FloatArray], FloatArray] = field(default=_right)
    texts: str = ""

    def predict(self, images: FloatArray, texts: FloatArray) -> IntArray:
        """(n,) int64: the class of each image of (n, d), from the vectors (t * c, d) of its texts."""
        heads = self.heads(texts.reshape(len(self.templates), len(self.names), -1))
        scores = images @ heads[0].T
        for head in heads[1:]:
            np.maximum(scores, images @ head.T, out=scores)
        best: IntArray = scores.argmax(axis=1).astype(np.int64)
        return best


def questions(asked: Asked, mistakes: Sequence[str] = ()) -> list[Question]:
    """The right one, each departure, and each two of different steps; those that come to the same are left out.
    `mistakes` are those that this model's texts can be made with."""
    known = [way for way in (*WAYS, *_singly(asked)) if way.step != "texts" or way.does in mistakes]
    pairs = [p for p in combinations(known, 2) if p[0].step != p[1].step and not (p[0].alone or p[1].alone)]
    found = dict[tuple[Any, ...], Question]()
    for ways in ((), *((way,) for way in known), *pairs):
        made = _question(asked, ways)
        if made is not None:
            found.setdefault(_key(made), made)
    return list(found.values())


def _singly(asked: Asked) -> list[WayOfAsking]:
    if not 1 < len(asked.templates) <= MOST_SINGLE:
        return []
    each = enumerate(asked.templates)
    return [_way(f"only-{i}", _said((t,)), alone=True, templates=partial(_given, (t,))) for i, t in each]


def _question(asked: Asked, ways: Sequence[WayOfAsking]) -> Question | None:
    does = {way.step: way.does for way in ways}
    names, templates = does.get("names", _curated)(asked), does.get("templates", _own)(asked)
    if len(names) != len(asked.curated) or not templates:
        return None
    heads, texts = does.get("heads", _right), does.get("texts", "")
    return Question(ways=tuple(ways), names=names, templates=templates, heads=heads, texts=texts)


def _key(question: Question) -> tuple[Any, ...]:
    several = len(question.templates) > 1
    heads = question.heads if several or question.heads is _raw_mean else _right
    return question.names, question.templates, heads, question.texts
