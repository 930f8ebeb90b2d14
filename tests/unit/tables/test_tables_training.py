"""Probes and few-shot studies as rows: the numbers of the results, like with like."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.catalog.models import find_model
from core.readers.datasets import find_dataset
from core.stats.metrics import calibration
from core.studies.few_shot.result import FewShotResult
from core.studies.probe.result import ProbeResult
from core.studies.zero_shot.classify import ZeroShotResult
from core.tables.compare import calibration_frame, disagreements_frame
from core.tables.few_shot import draws_frame, few_shot_frame, published_beside, published_frame
from core.tables.methods import methods_frame
from core.tables.probe import absent_row, probe_reference, shots_of, validation_frame
from core.types import Reference
from core.words.names import PROBE, TRAINED, ZERO_SHOT
from tests.training_results import DECK, FIVE, FULL, PAPER, SIXTEEN, TEN, few_shots, probed, reference


@pytest.fixture(scope="module")
def pair() -> tuple[ProbeResult, ZeroShotResult]:
    return probed()


# --- figures from elsewhere -------------------------------------------------------------------------------


@pytest.mark.parametrize(("a_class", "wanted"), [(500, PAPER), (60, PAPER), (30, SIXTEEN), (11, TEN), (1, TEN)])
def test_few_pictures_stand_beside_few_and_all_beside_all(a_class: float, wanted: Reference) -> None:
    assert probe_reference((FULL, TEN, SIXTEEN, PAPER, FIVE), "acc1", a_class) == wanted


def test_a_figure_stands_only_beside_its_own_metric() -> None:
    assert probe_reference((FULL, FIVE), "acc5", 500) == FIVE
    assert probe_reference((FULL, *DECK), "train_acc1", 500) == DECK[0]
    assert probe_reference(DECK, "acc1", 500) == DECK[1]
    assert probe_reference((reference("zeroshot_acc1_ensemble", 0.5),), "acc1", 500) is None
    assert probe_reference((TEN,), "acc1", 500) is None and probe_reference((FULL,), "acc1", 3) == FULL
    assert (shots_of(TEN), shots_of(SIXTEEN), shots_of(FULL)) == (10, 16, None)


# --- rows -------------------------------------------------------------------------------------------------


def test_a_row_for_each_method_holds_the_numbers_of_the_results(pair: tuple[ProbeResult, ZeroShotResult]) -> None:
    found, texts = pair
    frame = methods_frame([texts], [found])
    assert list(frame["method"]) == [ZERO_SHOT, PROBE, TRAINED]
    zero, tested, trained = (row for _, row in frame.iterrows())
    assert (zero["acc1"], tested["acc1"], trained["acc1"]) == (texts.acc1, found.test_acc1, found.train_acc1)
    assert (tested["acc5"], math.isnan(trained["acc5"])) == (found.test_acc5, True)
    assert (tested["acc1_low"], tested["acc1_high"]) == found.test_acc1_ci95
    assert (tested["split"], trained["split"], trained["n"]) == ("test", "train", found.n_train)
    assert tested["chance_acc1"] == pytest.approx(1 / 7) and tested["C"] == found.C


def test_what_stands_beside_a_probe(pair: tuple[ProbeResult, ZeroShotResult]) -> None:
    tested, trained = (row for _, row in methods_frame([], [pair[0]]).iterrows())
    assert tested["published_acc1"] == TEN.value  # nine pictures a class
    assert "trained on 10 images per class" in tested["published_acc1_protocol"]
    assert tested["published_acc1_difference"] == pytest.approx(pair[0].test_acc1 - TEN.value)
    low, high = pair[0].test_acc1_ci95
    assert tested["deck_acc1_lies"] == ("below" if low > 0.6 else "above" if high < 0.6 else "inside")
    assert (trained["deck_acc1"], tested["deck_acc1"]) == (1.0, 0.6)
    assert pd.isna(trained["published_acc1"]) and tested["published_acc5"] == FIVE.value


def test_models_stay_together_in_the_order_they_came(pair: tuple[ProbeResult, ZeroShotResult]) -> None:
    other = probed("ViT-B-32/openai", seed=4)
    frame = methods_frame([pair[1], other[1]], [other[0], pair[0]])
    assert list(frame["model"]) == ["RN50/openai"] * 3 + ["ViT-B-32/openai"] * 3
    assert list(frame["method"]) == [ZERO_SHOT, PROBE, TRAINED] * 2
    assert methods_frame([]).empty


def test_what_is_absent_has_only_figures_from_elsewhere() -> None:
    model, dataset = find_model("ViT-B-32/openai"), find_dataset("imagenet_mini")
    frame = methods_frame([], [], [(model, dataset, method) for method in (ZERO_SHOT, PROBE, TRAINED)])
    assert frame["acc1"].isna().all() and frame["acc5"].isna().all()
    zero, tested, trained = (row for _, row in frame.iterrows())
    assert (zero["deck_acc1"], tested["deck_acc1"], trained["deck_acc1"]) == (0.6189, 0.3796, 1.0)
    # About 35 pictures a class: the figure for 25 shots is nearest, not the one for all of ImageNet.
    assert "trained on 25 images per class" in tested["published_acc1_protocol"]
    assert absent_row(find_model("demo-vit/demo"), dataset, PROBE)["model"] == "demo-vit/demo"


def test_the_validation_curve_marks_the_chosen_c_once(pair: tuple[ProbeResult, ZeroShotResult]) -> None:
    frame = validation_frame([pair[0]])
    assert len(frame) == len(pair[0].validation) and frame["chosen"].sum() == 1
    assert frame.loc[frame["chosen"], "C"].item() == pair[0].C
    best = frame.loc[frame["chosen"], "acc1"].item()
    assert best == frame["acc1"].max() == max(p.acc1 for p in pair[0].validation)


# --- pairs ------------------------------------------------------------------------------------------------


def test_a_probe_and_zero_shot_are_paired_picture_by_picture(pair: tuple[ProbeResult, ZeroShotResult]) -> None:
    found, texts = pair
    rows = disagreements_frame(found, texts)
    parted = {found.ids[i] for i in range(found.n) if found.correct[i] != texts.correct[i]}
    assert set(rows["id"]) == parted
    assert (rows["right"] == "a").sum() == int((found.correct & ~texts.correct).sum())


def test_calibration_keeps_two_sides_of_one_model_apart(pair: tuple[ProbeResult, ZeroShotResult]) -> None:
    frame = calibration_frame(pair, names=("Linear probe", "Zero-shot"))
    assert list(frame["side"].unique()) == ["Linear probe", "Zero-shot"] and frame["model"].nunique() == 1
    for result, side in zip(pair, ("Linear probe", "Zero-shot"), strict=True):
        wanted = calibration(result.top5_probability[:, 0], result.correct).ece
        assert frame.loc[frame["side"] == side, "ece"].iloc[0] == pytest.approx(wanted)


# --- few shots --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def study(pair: tuple[ProbeResult, ZeroShotResult]) -> FewShotResult:
    return few_shots(pair[1])


def test_a_row_for_each_point(study: FewShotResult) -> None:
    frame = few_shot_frame([study])
    assert list(zip(frame["method"], frame["shots"], strict=True)) == [
        ("zero-shot", 0),
        ("probe", 1),
        ("probe", 16),
        ("tip", 1),
        ("tip", 16),
    ]
    row = frame.iloc[2]
    values = np.array(study.point("probe", 16).acc1)
    assert row["acc1_mean"] == pytest.approx(values.mean()) and row["acc1_std"] == pytest.approx(values.std(ddof=1))
    assert row["spread_low"] == pytest.approx(values.mean() - values.std(ddof=1))
    assert (row["lowest"], row["highest"], row["draws"]) == (values.min(), values.max(), 2)
    assert row["gain"] == pytest.approx(values.mean() - study.zero_shot.acc1)
    assert row["published"] == 0.5 and row["published_difference"] == pytest.approx(values.mean() - 0.5)
    assert (frame.iloc[0]["acc1_low"], frame.iloc[0]["acc1_high"]) == study.zero_shot.acc1_ci95
    assert frame.iloc[1]["settings"] == "C 0.1–1" and frame.iloc[3]["settings"] == "alpha 1–3, beta 2"


def test_published_points_with_their_method(study: FewShotResult) -> None:
    frame = published_frame([study])
    assert list(zip(frame["method"], frame["shots"], strict=True)) == [("clip-adapter", 1), ("probe", 16), ("tip", 16)]
    assert published_beside(study, study.point("tip", 1)) is None
    assert published_frame([replace(study, published=())]).empty


def test_of_two_published_figures_tip_adapters_own_comes_first(study: FewShotResult) -> None:
    two = (reference("tip_adapter_acc1_16shot", 0.1, "elsewhere"), *study.published)
    assert published_beside(replace(study, published=two), study.point("tip", 16)).value == 0.6  # type: ignore[union-attr]
    tip = published_frame([replace(study, published=two)]).query("method == 'tip'")
    assert list(tip["value"]) == [0.6, 0.1]


def test_every_draw_is_a_row(study: FewShotResult) -> None:
    frame = draws_frame([study])
    assert len(frame) == 8 and set(frame["seed"]) == {0, 1}
    assert frame.query("method == 'probe' and shots == 1 and seed == 1")["C"].item() == 1.0
