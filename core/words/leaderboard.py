"""What a leaderboard says: who leads, on how many data sets, and where the lead is not more than chance."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from core.stats.numbers import count, listed, percent
from core.types import Sentence


def board_finding(leaders: pd.DataFrame) -> Sentence:
    """Who leads, from the table of leaders. Codes: `one_leads`,
    `several_lead`, `all_tied`, `nothing`."""
    if leaders.empty:
        return Sentence("Nothing has been measured yet.", "nothing")
    rivals = leaders[leaders["models"] > 1]
    if len(leaders) == 1:
        row = leaders.iloc[0]
        said = f"{row['model_title']} leads on {row['dataset_title']} with {percent(row['value'])}"
        return Sentence(f"{said}{_tied(int(row['tied']))}.", "one_leads")
    wins = Counter(leaders["model_title"])
    clear = int((rivals["tied"] == 0).sum())
    if not clear and len(rivals):
        best = listed(list(wins), 3)
        return Sentence(f"No lead is clear of a tie on these {len(leaders)} data sets; best: {best}.", "all_tied")
    names = [f"{name}{' leads' if not i else ''} on {n}" for i, (name, n) in enumerate(wins.most_common())]
    said = f"Of {len(leaders)} data sets, {listed(names, 3)}"
    return Sentence(
        f"{said}; {count(clear, 'of these leads is', 'of these leads are')} clear of a tie.", "several_lead"
    )


def _tied(tied: int) -> str:
    return f"; {count(tied, 'model')} {'does' if tied == 1 else 'do'} not clearly differ from it" if tied else ""
