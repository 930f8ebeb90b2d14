"""What is asked of the pictures: a list of prompts, slots spread over lists, a ladder of adjectives, or a sum.

Whichever way it is written, it becomes a list of queries, and the same queries go to every model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.deck.presets import PicturePreset, picture_presets
from core.engine import Engine
from core.errors import TMVError
from core.studies.pictures.query import MINUS_WEIGHT, Query, Term, ask
from core.studies.prompts.compose import Composed, expand, ladder, slot_values, slots_of
from core.types import DatasetSpec, EmbeddingSet
from pages.shared.example_texts import fitting_prompts
from pages.shared.texts import get_texts
from pages.shared.url_choices import one_of
from pages.shared.url_state import get_choice

PROMPTS, SLOTS, LADDER, SUM = "prompts", "slots", "ladder", "sum"
WAYS = {PROMPTS: "Prompts", SLOTS: "Template with slots", LADDER: "Adjectives", SUM: "Add and subtract concepts"}
MODELS, FIRST, BEFORE = "models", "first", "before"
AGAINST = {MODELS: "the other model", FIRST: "the first prompt", BEFORE: "the prompt before"}
MOST_QUERIES = 120
PATTERN = "a {style} of a {adjective} {noun}"
SLOT_VALUES = ("style = photo, drawing", "adjective = , red, green", "noun = apple, bird")
NOUN, ADJECTIVES, AROUND = "bird", ("white", "flying"), "a photo of a {}"
TERMS = ("a bird", "- water")
_TERM = re.compile(r"^(?:(?P<number>[+-]?\s*\d*\.?\d+)\s*[*×]\s*|(?P<sign>[+-])\s+)?(?P<text>.+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, in order. `cells` names the slot values of each query where they were composed; `against`
    is what a list is compared with unless the reader chose otherwise."""

    way: str
    queries: tuple[Query, ...]
    cells: tuple[Composed, ...] = ()
    against: str = FIRST

    @property
    def texts(self) -> tuple[str, ...]:
        """Every text that needs a vector."""
        return tuple(dict.fromkeys(t for q in self.queries for t in q.texts))


def way_of(preset: PicturePreset) -> str:
    """How a preset is asked."""
    return SUM if preset.minus else PROMPTS


def question_of(engine: Engine, dataset: DatasetSpec, images: EmbeddingSet | None) -> Question:
    """What the address asks; where it asks nothing, the first preset of the data set, or for one without presets a
    question about its own images. `TMVError` for what makes no sense."""
    way = next(iter(get_choice("way")), "")
    if way == SLOTS:
        return _checked(by_slots(*slots(engine)))
    if way == LADDER:
        return _checked(by_ladder(*steps(engine)))
    if way == SUM:
        return _checked(by_sum(get_texts(engine, "term") or TERMS))
    if prompts := get_texts(engine, "prompt"):
        order = one_of("order", [BEFORE], "", instead="all are compared with the first")
        return _checked(by_prompts(prompts, order == BEFORE))
    preset = picture_presets(dataset.name)[0]
    if dataset.name not in preset.datasets and (fitting := fitting_prompts(images)):
        return by_prompts(fitting)
    return by_sum(terms_of(preset)) if preset.minus else by_prompts(preset.texts, preset.ladder)


def _checked(question: Question) -> Question:
    if len(question.queries) > MOST_QUERIES:
        raise TMVError(
            f"That makes {len(question.queries):,} prompts; at most {MOST_QUERIES} can be compared. Shorten a list."
        )
    return question


def by_prompts(prompts: Sequence[str], refined: bool = False) -> Question:
    """One query a prompt; `refined` says that each adds to the one before."""
    return Question(way=PROMPTS, queries=tuple(ask(p) for p in prompts), against=BEFORE if refined else FIRST)


# --- slots ------------------------------------------------------------------------------------------------


def slots(engine: Engine) -> tuple[str, tuple[str, ...]]:
    """(pattern, lines of slot values) of the address, or the example."""
    pattern = next(iter(get_choice("pattern")), "")
    return (pattern, get_texts(engine, "slot")) if pattern else (PATTERN, SLOT_VALUES)


def by_slots(pattern: str, lines: Sequence[str]) -> Question:
    """Every combination of the slots' values."""
    if not slots_of(pattern):
        raise TMVError("A pattern needs at least one slot in braces, for example: a {style} of a {noun}")
    cells = expand(pattern, slot_values(lines))
    return Question(way=SLOTS, queries=tuple(ask(c.text) for c in cells), cells=cells)


# --- a ladder of adjectives -------------------------------------------------------------------------------


def steps(engine: Engine) -> tuple[str, tuple[str, ...], str]:
    """(noun, adjectives, pattern around them) of the address, or the example."""
    noun = next(iter(get_choice("noun")), "")
    if not noun:
        return NOUN, ADJECTIVES, AROUND
    return noun, get_texts(engine, "adjective"), next(iter(get_choice("around")), "{}")


def by_ladder(noun: str, adjectives: Sequence[str], around: str) -> Question:
    """The noun, and the adjectives in front of it one after another."""
    return Question(way=LADDER, queries=tuple(ask(t) for t in ladder(noun, adjectives, around)), against=BEFORE)


# --- sums -------------------------------------------------------------------------------------------------


def term(line: str) -> Term:
    """ "bird", "- water" (taken away with half its weight), "+ beach", "0.3 * beach" -> a term of a query."""
    found = _TERM.match(line.strip())
    if found is None:
        raise TMVError("A line of a sum needs a text, for example: - water")
    text = found["text"].strip()
    if found["number"]:
        return Term(text=text, weight=float(found["number"].replace(" ", "")))
    return Term(text=text, weight=-MINUS_WEIGHT if found["sign"] == "-" else 1.0)


def line_of(term: Term) -> str:
    """A term as a line of a sum; the inverse of `term`."""
    if term.weight == 1:
        return term.text
    return f"- {term.text}" if term.weight == -MINUS_WEIGHT else f"{term.weight:g} * {term.text}"


def terms_of(preset: PicturePreset) -> tuple[str, ...]:
    """A preset's texts as lines of a sum."""
    return (*preset.texts, *(f"- {m}" for m in preset.minus))


def by_sum(lines: Sequence[str]) -> Question:
    """What is asked without the further terms, and with them: so one sees what they change."""
    terms = tuple(term(line) for line in lines)
    if not terms:
        raise TMVError("A sum needs at least one text; write for example: a bird")
    whole = Query(terms=terms)
    return Question(way=SUM, queries=(Query(terms=terms[:1]), whole) if len(terms) > 1 else (whole,))
