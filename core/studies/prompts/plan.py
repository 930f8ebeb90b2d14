"""A search for prompts as a link describes it: what it chooses from, what it must beat, and how far it may go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.catalog.prompts import PROMPT_SETS, find_prompt_set
from core.errors import TMVError
from core.studies.prompts.compose import expand, slot_values, slots_of
from core.studies.prompts.search import BUDGET, LARGEST
from core.studies.prompts.study import POOL_SETS
from core.studies.zero_shot.classify import check_templates
from core.types import DatasetSpec

OWN, NONE = "own", "none"
SHARES = ("0.3", "0.5", "0.7")
BUDGETS = ("200", "500", "1000", "2000", "5000")
SIZES = ("1", "3", "6", "12", "20")
Choices = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPlan:
    """A search, ready to be run: `pool` and `baseline` are templates, `beat` the name of the baseline's set."""

    pool: tuple[str, ...]
    baseline: tuple[str, ...]
    beat: str
    classnames: str
    budget: int
    largest: int
    heldout: float

    @property
    def options(self) -> dict[str, Any]:
        """As `PromptSearch` takes them."""
        return {
            "pool": list(self.pool),
            "baseline": list(self.baseline),
            "classnames": self.classnames,
            "budget": self.budget,
            "largest": self.largest,
            "heldout_share": self.heldout,
        }


def planned(dataset: DatasetSpec, choices: Choices) -> SearchPlan:
    """The plan of choices by their names in the address, lists of texts written out; a value that makes no sense
    counts as its default. Raises `TMVError` for templates that make no sense, and for none."""
    sets = pool_sets(choices.get("pool", ()))
    templates = [find_prompt_set(dataset.prompt_set if n == OWN else n).templates for n in sets if n != NONE]
    pool = tuple(dict.fromkeys((*own_templates(choices), *(t for found in templates for t in found))))
    if not pool:
        raise TMVError("No templates to choose from: pick a prompt set or write your own.")
    beat = _one(choices, "beat", [p.name for p in PROMPT_SETS], dataset.prompt_set)
    return SearchPlan(
        pool=pool,
        baseline=find_prompt_set(beat).templates,
        beat=beat,
        classnames=_one(choices, "classnames", ("curated", "raw"), "curated"),
        budget=int(_one(choices, "budget", BUDGETS, str(BUDGET))),
        largest=int(_one(choices, "largest", SIZES, str(LARGEST))),
        heldout=float(_one(choices, "heldout", SHARES, "0.5")),
    )


def _one(choices: Choices, name: str, known: Sequence[str], usual: str) -> str:
    asked = next(iter(choices.get(name, ())), usual)
    return asked if asked in known else usual


def pool_sets(asked: Sequence[str]) -> tuple[str, ...]:
    """Names of the sets in the pool, "own" for the data set's; "none" takes none."""
    known = (OWN, NONE, *(p.name for p in PROMPT_SETS))
    return tuple(name for name in asked if name in known) or (OWN, *POOL_SETS)


def own_templates(choices: Choices) -> tuple[str, ...]:
    """The reader's own templates and the combinations of their slots."""
    pattern = next(iter(choices.get("poolpattern", ())), "")
    made = templates_of_slots(pattern, choices.get("poolslot", ())) if pattern else ()
    both = tuple(dict.fromkeys((*choices.get("extra", ()), *made)))
    return check_templates(both) if both else ()


def templates_of_slots(pattern: str, slot_lines: Sequence[str]) -> tuple[str, ...]:
    """ "a {style} of a {}" spread over its slots; {} stays for the class name."""
    if not slots_of(pattern):
        raise TMVError("A pattern needs a slot beside the {} of the class name, for example: a {style} of a {}")
    return check_templates([c.text for c in expand(pattern, slot_values(slot_lines))])
