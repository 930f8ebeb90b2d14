"""What the deck's own figures say about its claims: computed from its table, nothing else."""

from __future__ import annotations

from itertools import combinations, product

from core.catalog.models import MODELS
from core.catalog.published import deck_figures, deck_prompt_study
from core.deck.steps import GENERAL, SPECIAL
from core.readers.datasets import DATASETS
from core.words import deck as say

DeckCell = tuple[str, str, str]
"""Model, data set, metric as in the deck's table."""


def deck_cells() -> dict[DeckCell, float]:
    """Every figure of the deck's tables, 0-1."""
    return {
        (model.name, dataset.name, reference.metric): reference.value
        for model, dataset in product(MODELS, DATASETS)
        for reference in deck_figures(model, dataset)
    }


def top5_probe() -> str:
    """How often top-5 reaches the probe in the deck, and how often top-1 does."""
    cells, counts = deck_cells(), []
    for metric in ("zeroshot_acc5", "zeroshot_acc1"):
        pairs = [(cells.get((m, d, metric)), v) for (m, d, k), v in cells.items() if k == "linear_probe_test_acc1"]
        counts.append((sum(a is not None and a >= b for a, b in pairs), len(pairs)))
    (five, of), (one, _) = counts
    return say.deck_top5_probe(five, one, of)


def general() -> str:
    """In how many of the deck's comparisons the general set is ahead."""
    cells, found = deck_cells(), []
    for kind in dict.fromkeys(SPECIAL.values()):
        special = [d for d, k in SPECIAL.items() if k == kind]
        metric, models = "zeroshot_acc1", dict.fromkeys(model for model, _, _ in cells)
        pairs = [
            (cells[m, g, metric], cells[m, s, metric])
            for m, g, s in product(models, GENERAL, special)
            if (m, g, metric) in cells and (m, s, metric) in cells
        ]
        if pairs:
            found.append((sum(a > b for a, b in pairs), len(pairs), kind))
    return say.deck_general(found)


def training() -> str:
    """How far the deck's models of one architecture lie apart."""
    cells, gaps = deck_cells(), []
    for a, b in combinations(MODELS, 2):
        if a.architecture == b.architecture:
            gaps += [
                abs(v - cells[b.name, d, k])
                for (m, d, k), v in cells.items()
                if m == a.name and k == "zeroshot_acc1" and (b.name, d, k) in cells
            ]
    return say.deck_training(gaps)


def wording() -> str:
    """The span of the deck's template study, with and without the bare name."""
    figures = {template: r.value for template, r in deck_prompt_study().items()}
    worded = [v for template, v in figures.items() if template != "{}"]
    whole, without_bare = (max(group) - min(group) for group in (list(figures.values()), worded))
    return say.deck_wording(whole, without_bare)
