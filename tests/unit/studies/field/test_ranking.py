"""Ranks with ties, means, fronts and the best of a budget, held against the obvious way."""

from __future__ import annotations

import numpy as np
import pytest

from core.catalog.field import accuracy, checkpoints, field_sets, find_set, find_sets
from core.errors import TMVError
from core.stats.intervals import wilson
from core.studies.field.choosing import FieldFilter, columns
from core.studies.field.ranking import best_within, figure_intervals, front, standings, tied_ranks


def test_ranks_by_hand() -> None:
    """A and B overlap, C overlaps B but not A, D is alone."""
    low, high = np.array([0.80, 0.76, 0.73, 0.1]), np.array([0.84, 0.81, 0.78, 0.2])
    assert list(tied_ranks(low, high)) == [1, 1, 2, 4]


def test_ranks_are_what_counting_says() -> None:
    rng = np.random.default_rng(0)
    low = rng.uniform(0, 1, 60)
    high = low + rng.uniform(0, 0.2, 60)
    assert list(tied_ranks(low, high)) == [1 + sum(other > mine for other in low) for mine in high]


def test_equal_figures_share_a_rank_where_there_is_no_interval() -> None:
    assert list(tied_ranks(*(np.array([0.5, 0.7, 0.5, 0.6]),) * 2)) == [3, 1, 3, 2]


@pytest.mark.parametrize("name", ["cifar100", "pets", "fmow"])
def test_intervals_are_wilson_s(name: str) -> None:
    data = find_set(name)
    values = accuracy()[:, columns((data,))[0]]
    low, high = figure_intervals(values, data)
    for i in (0, 50, 120):
        wanted = wilson(round(values[i] * data.n), data.n) if data.binomial else (values[i], values[i])
        assert (low[i], high[i]) == pytest.approx(wanted)


def test_standings_are_those_of_a_loop() -> None:
    sets = find_sets("satellite")
    board = standings(sets)
    for at in (0, 17, 120):
        row = board.rows[at]
        assert board.mean[at] == pytest.approx(np.mean([accuracy()[row, columns((each,))[0]] for each in sets]))
        assert board.mean_rank[at] == pytest.approx(board.ranks[at].mean())
        # fMoW's worst region has no interval.
        variance = sum(v * (1 - v) / each.n for v, each in zip(board.figures[at], sets, strict=True) if each.binomial)
        assert board.high[at] - board.mean[at] == pytest.approx(1.959964 * np.sqrt(variance) / 3)
    assert list(board.mean[board.order]) == sorted(board.mean, reverse=True)


def test_the_best_of_a_budget_is_that_of_a_loop() -> None:
    sets, chosen = find_sets("satellite"), FieldFilter(parameters=200, commercial=True)
    found = best_within(sets, chosen)
    fitting = [
        (float(np.mean(accuracy()[i, columns(sets)])), each)
        for i, each in enumerate(checkpoints())
        if each.parameters <= 200 and each.commercial_use == "allowed"
    ]
    (value, best), (second_value, second) = sorted(fitting, key=lambda row: -row[0])[:2]
    weights = {tuple(accuracy()[checkpoints().index(each)]) for _, each in fitting}
    assert (found.best, found.runner_up, found.compared) == (best, second, len(weights))
    assert (found.value, found.runner_up_value) == pytest.approx((value, second_value))
    assert found.ci95[0] < value < found.ci95[1] and all(each.parameters <= 200 for each in found.tied)


def test_a_budget_that_nobody_fits_says_the_smallest() -> None:
    with pytest.raises(TMVError, match=r"at most 100 million parameters; .* RN50/openai with 102 million"):
        best_within(find_sets("satellite"), FieldFilter(parameters=100))
    with pytest.raises(TMVError, match="leave out a word"):
        best_within(find_sets("satellite"), FieldFilter(words="no such words"))


def test_words_and_filters_choose_rows() -> None:
    assert {checkpoints()[i].family for i in FieldFilter(families=("SigLIP",)).rows} == {"SigLIP"}
    assert {checkpoints()[i].data_group for i in FieldFilter(data=("LAION", "DFN")).rows} == {"LAION", "DFN"}
    assert [checkpoints()[i].name for i in FieldFilter(words="rn50x64 OPENAI").rows] == ["RN50x64/openai"]
    assert len(FieldFilter().rows) == 121


def test_the_front_is_what_nobody_beats() -> None:
    rng = np.random.default_rng(2)
    cost, value = rng.integers(1, 30, 80).astype(float), rng.uniform(0, 1, 80)
    cost[3] = np.nan
    found = front(cost, value)
    wanted = [
        i
        for i in range(80)
        if np.isfinite(cost[i])
        and not any(
            (cost[j] <= cost[i] and value[j] > value[i]) or (cost[j] < cost[i] and value[j] >= value[i])
            for j in range(80)
            if np.isfinite(cost[j])
        )
    ]
    assert sorted(found) == wanted and list(cost[found]) == sorted(cost[found])


def test_a_set_alone_is_ranked_by_its_own_intervals() -> None:
    board = standings((find_set("imagenet1k"),))
    assert list(board.place) == list(board.ranks[:, 0])
    assert len(standings(field_sets()).sets) == 38
