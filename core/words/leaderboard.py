"""What a leaderboard says: who leads, on how many data sets, and where the lead is not more than chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from core.stats.numbers import count, few_of, listed, percent
from core.types import Sentence
from core.words.accuracy import beside_others, with_chance
from core.words.names import MOST_NAMED


def board_finding(leaders: pd.DataFrame) -> Sentence:
    """Who leads, from the table of leaders. Codes: `one_leads`,
    `several_lead`, `all_tied`, `nothing`."""
    if leaders.empty:
        return Sentence("Nothing has been measured yet.", "nothing")
    guessing = leaders[leaders["low"] <= leaders["chance"].astype(float)]
    return with_chance(_leads(leaders), _at_chance(list(guessing["dataset_title"]), len(leaders)))


def _at_chance(datasets: Sequence[str], of: int) -> str:
    """On which data sets even the best model may be guessing; "" where on none."""
    if not datasets:
        return ""
    whole = "both data sets" if of == 2 else f"all {of} data sets"
    where = whole if len(datasets) == of > 1 else few_of(datasets, MOST_NAMED)
    return f"Even the best model is at chance on {where}."


def _leads(leaders: pd.DataFrame) -> Sentence:
    rivals = leaders[leaders["models"] > 1]
    comparisons = int((rivals["models"] - 1).sum())
    if len(leaders) == 1:
        row = leaders.iloc[0]
        said = f"{row['model_title']} leads on {row['dataset_title']} with {percent(row['value'])}"
        return Sentence(f"{said}{_tied(int(row['tied']), comparisons)}.", "one_leads")
    wins = Counter(leaders["model_title"])
    clear = int((rivals["tied"] == 0).sum())
    if not clear and len(rivals):
        best = listed(list(wins), 3)
        said = f"No lead is clear of a tie on these {len(leaders)} data sets{beside_others(comparisons)}"
        return Sentence(f"{said}; best: {best}.", "all_tied")
    names = [f"{name}{' leads' if not i else ''} on {n}" for i, (name, n) in enumerate(wins.most_common())]
    said = f"Of {len(leaders)} data sets, {listed(names, 3)}"
    return Sentence(
        f"{said}; {count(clear, 'of these leads is', 'of these leads are')} clear of a tie"
        f"{beside_others(comparisons)}.",
        "several_lead",
    )


def _tied(tied: int, comparisons: int) -> str:
    if not tied:
        return ""
    do = "does" if tied == 1 else "do"
    return f"; {count(tied, 'model')} {do} not clearly differ from it{beside_others(comparisons)}"
