"""Effective robustness and the card of a checkpoint, held against statsmodels and the plain tables."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from core.catalog.field import accuracy, every_set, find_checkpoint, find_set
from core.stats.intervals import wilson
from core.stats.line import from_logit, to_logit
from core.studies.field.choosing import FieldFilter, distinct, figures
from core.studies.field.expected import expected_of
from core.studies.field.own import OwnFigure
from core.studies.field.robustness import SHIFTS, robustness
from core.tables.field import card_frame, robustness_frame
from core.words.field import robustness_said

EVERY = distinct(np.arange(121))


@pytest.mark.parametrize("k, name", enumerate(SHIFTS))
def test_it_is_the_distance_from_the_regression_of_statsmodels(k: int, name: str) -> None:
    found = robustness()
    x, y = (figures((find_set(each),), EVERY)[:, 0] for each in ("imagenet1k", name))
    line = sm.OLS(to_logit(y), sm.add_constant(to_logit(x))).fit()
    np.testing.assert_allclose(found.above[:, k], y - from_logit(line.fittedvalues))
    n = find_set(name).n
    np.testing.assert_allclose(found.half[:, k], 1.959964 * np.sqrt(y * (1 - y) / n), rtol=1e-6)


def test_the_mean_s_interval_is_that_of_independent_sets() -> None:
    found = robustness()
    row = [each.name for each in found.checkpoints].index("ViT-L-14/openai")
    variance = sum((found.half[row, k] / 1.959964) ** 2 for k in range(5)) / 25
    assert found.mean_half[row] == pytest.approx(1.959964 * np.sqrt(variance))
    assert found.mean[row] == pytest.approx(sum(found.above[row]) / 5)


def test_a_filter_changes_who_is_shown_but_not_the_line() -> None:
    every, some = robustness(), robustness(FieldFilter(families=("SigLIP",)))
    of = dict(zip((each.name for each in every.checkpoints), every.mean, strict=True))
    assert [of[each.name] for each in some.checkpoints] == pytest.approx(list(some.mean))
    frame = robustness_frame(some)
    assert list(frame["mean"]) == sorted(frame["mean"], reverse=True) and set(frame["family"]) == {"SigLIP"}


def test_the_most_robust_is_said() -> None:
    frame = robustness_frame(robustness())
    said = robustness_said(robustness())
    assert frame["model"].iloc[0] == "nllb-clip-large-siglip/v1"
    assert said.code == "field_robust" and "nllb-clip-large-siglip" in said
    assert f"{100 * frame['mean'].iloc[0]:.1f}\N{NO-BREAK SPACE}points" in said


def test_a_card_has_every_published_figure_with_its_band() -> None:
    checkpoint = find_checkpoint("ViT-B-32/openai")
    assert checkpoint is not None
    own = OwnFigure(
        model=checkpoint.name,
        dataset="cifar100",
        split="test",
        field_set=find_set("cifar100"),
        value=0.6,
        ci95=(0.59, 0.61),
        n=10_000,
    )
    frame = card_frame(checkpoint, [own]).set_index("set")
    assert list(frame.index) == [each.name for each in every_set()]
    row = frame.loc["vtab/cifar100"]
    likely = expected_of(checkpoint, find_set("cifar100"))
    assert (row["expected"], row["low"], row["high"]) == (likely.value, likely.low, likely.high)
    assert row["here"] == 0.6 and frame["here"].notna().sum() == 1
    # Its rank on EuroSAT: one more than those whose interval lies wholly above, by the plain table.
    column = [each.name for each in every_set()].index("vtab/eurosat")
    mine = wilson(round(0.5044 * 5400), 5400)
    wanted = 1 + sum(wilson(round(value * 5400), 5400)[0] > mine[1] for value in accuracy()[:, column])
    assert list(frame.loc["vtab/eurosat", ["value", "rank"]]) == [0.5044, wanted]


def test_recalls_are_expected_too() -> None:
    checkpoint = find_checkpoint("ViT-B-32/openai")
    assert checkpoint is not None
    found = expected_of(checkpoint, find_set("flickr30k/image_retrieval_recall@1"))
    assert 0 < found.low < found.value < found.high < 1 and found.line.n == 117
