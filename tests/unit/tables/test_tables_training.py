"""Probes and few-shot studies as rows and sentences: the numbers of the results, like with like."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.catalog.datasets import find_dataset
from core.catalog.models import find_model
from core.stats.accuracy import Score
from core.stats.intervals import paired_difference
from core.stats.metrics import calibration
from core.studies.answered import compare
from core.studies.few_shot.gain import best_point, over_zero_shot
from core.studies.few_shot.result import FewShotPoint, FewShotResult, FewShotRun, assemble
from core.studies.probe.result import ProbeResult
from core.studies.probe.result import assemble as assemble_probe
from core.studies.probe.training import probe
from core.studies.zero_shot.classify import ZeroShotResult, classify
from core.tables.compare import calibration_frame, disagreements_frame
from core.tables.few_shot import draws_frame, few_shot_frame, published_beside, published_frame
from core.tables.methods import methods_frame
from core.tables.probe import absent_row, probe_reference, shots_of, validation_frame
from core.types import Reference
from core.words.deck import deck_comparison
from core.words.few_shot import few_shot_finding, say_settings, spread_line
from core.words.names import PROBE, TRAINED, ZERO_SHOT
from core.words.numbers import setting
from core.words.probe import _gains, held_out_line, probe_finding, probe_line
from tests.training_sets import clouds, head

EACH = (9, 9, 9, 9, 9, 9, 9)


def reference(metric: str, value: float, source: str = "somewhere", kind: str = "published") -> Reference:
    return Reference(metric=metric, value=value, protocol="as they did it", source=source, kind=kind)  # type: ignore[arg-type]


FULL = reference("linear_probe_acc1_full", 0.9)
PAPER = reference("linear_probe_acc1_paper_table10", 0.88)
TEN, SIXTEEN = (reference(f"linear_probe_acc1_{k}shot{end}", 0.7) for k, end in ((10, ""), (16, "_mean_of_5")))
FIVE = reference("linear_probe_acc5_full", 0.99)
DECK = (reference("linear_probe_train_acc1", 1.0, kind="deck"), reference("linear_probe_test_acc1", 0.6, kind="deck"))


def both(model: str = "RN50/openai", seed: int = 0) -> tuple[ProbeResult, ZeroShotResult]:
    """A probe and zero-shot of one model on the same test pictures."""
    train, test = clouds("train", EACH, seed=seed, model=model), clouds("test", EACH, seed=seed, model=model)
    found = assemble_probe(train, test, probe(train, test), (FULL, TEN, SIXTEEN, FIVE), DECK)
    return found, classify(test, head(train, 1.5), test.classnames, ("a photo of a {}.",))


@pytest.fixture(scope="module")
def pair() -> tuple[ProbeResult, ZeroShotResult]:
    return both()


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
    assert "trained on 10 pictures a class" in tested["published_acc1_protocol"]
    assert tested["published_acc1_difference"] == pytest.approx(pair[0].test_acc1 - TEN.value)
    low, high = pair[0].test_acc1_ci95
    assert tested["deck_acc1_lies"] == ("below" if low > 0.6 else "above" if high < 0.6 else "inside")
    assert (trained["deck_acc1"], tested["deck_acc1"]) == (1.0, 0.6)
    assert pd.isna(trained["published_acc1"]) and tested["published_acc5"] == FIVE.value


def test_models_stay_together_in_the_order_they_came(pair: tuple[ProbeResult, ZeroShotResult]) -> None:
    other = both("ViT-B-32/openai", seed=4)
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
    assert "trained on 25 pictures a class" in tested["published_acc1_protocol"]
    assert absent_row(find_model("demo-vit/demo"), dataset, PROBE)["model"] == "demo-vit/demo"


def test_the_validation_curve_marks_the_chosen_c_once(pair: tuple[ProbeResult, ZeroShotResult]) -> None:
    frame = validation_frame([pair[0]])
    assert len(frame) == len(pair[0].validation) and frame["chosen"].sum() == 1
    assert frame.loc[frame["chosen"], "C"].item() == pair[0].C
    best = frame.loc[frame["chosen"], "acc1"].item()
    assert best == frame["acc1"].max() == max(p.acc1 for p in pair[0].validation)


# --- sentences --------------------------------------------------------------------------------------------


def test_gains_of_several_probes_name_their_ties() -> None:
    sure = paired_difference(np.arange(100) < 60, np.arange(100) < 30)
    tie = paired_difference(np.arange(100) < 60, (np.arange(100) + 2) % 100 < 60)
    assert _gains([sure, sure]) == "Training on labels adds 30.0 to 30.0\u00a0points to zero-shot."
    assert _gains([sure, tie]).endswith("; 1 of 2 is a tie.") and _gains([tie, tie]).endswith("; 2 of 2 are ties.")


@pytest.mark.parametrize(
    ("c", "said"),
    [
        (0.017782794100389228, "0.0178"),
        (1.0, "1"),
        (0.1, "0.1"),
        (31.6227766, "31.6"),
        (1000.0, "1,000"),
        (1e-6, "0.000001"),
        (316227.766, "316,228"),
    ],
)
def test_c_in_plain_digits(c: float, said: str) -> None:
    assert setting(c) == said


def test_a_probe_in_words(pair: tuple[ProbeResult, ZeroShotResult]) -> None:
    line = probe_line(pair[0])
    assert line.startswith("63 pictures · trained on 63 others · C\u00a0=\u00a0") and "unit" not in line
    assert "unit-length" in probe_line(replace(pair[0], normalised=True))
    assert held_out_line(pair[0]) == "C is chosen on the 63 training pictures, a fifth held out at a time"
    assert "12 of 63 training pictures" in held_out_line(replace(pair[0], folds=1, n_val=12))


def test_the_finding_is_paired_and_changes_with_the_data(pair: tuple[ProbeResult, ZeroShotResult]) -> None:
    found, texts = pair
    gain = compare(found, texts)
    assert gain.excludes_zero and gain.difference > 0
    assert f"adds {100 * gain.difference:.1f}" in probe_finding([found], [texts])
    same = replace(texts, ranks=found.ranks, top5=found.top5)
    assert "ties with zero-shot" in probe_finding([found], [same])
    twin = replace(found, model="ViT-B-32/openai")
    said = probe_finding([found, twin], [texts, replace(texts, model="ViT-B-32/openai")])
    assert "tie" in said and "adds" in said
    all_right = replace(texts, ranks=np.ones_like(texts.ranks))
    mixed = probe_finding([found, twin], [all_right, replace(texts, model="ViT-B-32/openai")])
    assert "changes zero-shot accuracy by −" in mixed
    assert probe_finding([], []) == "No probe yet"


def test_the_decks_comparison_is_counted_both_ways(pair: tuple[ProbeResult, ZeroShotResult]) -> None:
    frame = methods_frame([pair[1]], [pair[0]])
    unlike = int(pair[1].acc5 >= pair[0].test_acc1)
    like = int(pair[1].acc1 >= pair[0].test_acc1)
    assert f"in {unlike} of 1 pair here; top-1 beside top-1, in {like}." in deck_comparison(frame)
    assert deck_comparison(methods_frame([pair[1]])) == ""
    few = frame.assign(classes=5)
    assert deck_comparison(few) == "", "with five classes top-5 is always 100 %"


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


def unit(right: int, n: int = 63, **settings: float) -> FewShotRun:
    return FewShotRun(correct=np.arange(n) < right, n_shots=14, n_validation=7, short=0, settings=settings)


@pytest.fixture(scope="module")
def study(pair: tuple[ProbeResult, ZeroShotResult]) -> FewShotResult:
    """Made-up runs: the probe gains, Tip-Adapter does not."""
    train, test = clouds("train", EACH), clouds("test", EACH)
    base = int(pair[1].correct.sum())
    known_first = np.argsort(~pair[1].correct, kind="stable")

    def unit(right: int, **settings: float) -> FewShotRun:
        """So many right, those that zero-shot has right before others."""
        correct = np.zeros(len(test), bool)
        correct[known_first[:right]] = True
        return FewShotRun(correct=correct, n_shots=14, n_validation=7, short=0, settings=settings)

    units = {
        ("probe", 1, 0): unit(base - 20, C=0.1),
        ("probe", 1, 1): unit(base - 16, C=1.0),
        ("probe", 16, 0): unit(base + 6, C=0.1),
        ("probe", 16, 1): unit(base + 8, C=0.1),
        ("tip", 1, 0): unit(base, alpha=1.0, beta=2.0),
        ("tip", 1, 1): unit(base, alpha=3.0, beta=2.0),
        ("tip", 16, 0): unit(base - 1, alpha=1.0, beta=2.0),
        ("tip", 16, 1): unit(base + 1, alpha=1.0, beta=2.0),
    }
    figures = (
        reference("linear_probe_acc1_16shot", 0.5, "CLIP_benchmark"),
        reference("tip_adapter_acc1_16shot", 0.6, "gaopengcuhk/Tip-Adapter"),
        reference("clip_adapter_acc1_1shot", 0.55, "gaopengcuhk/Tip-Adapter"),
        FULL,
    )
    return assemble(train, pair[1], test, units, figures)


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


def test_settings_in_words() -> None:
    steps = [{"alpha": 1.0, "steps": 20, "of_steps": 100}, {"alpha": 1.5, "steps": 60, "of_steps": 100}]
    assert say_settings(steps) == "alpha 1–1.5, steps 20–60 of 100"
    assert say_settings([]) == ""


def test_the_few_shot_finding(study: FewShotResult) -> None:
    assert best_point(study).method == "probe"
    said = few_shot_finding([study]).replace("\u00a0", " ")
    gain = 100 * (study.point("probe", 16).acc1_mean - study.zero_shot.acc1)
    assert said.startswith(
        f"16 pictures a class bring {gain:.1f} points over zero-shot with a linear probe; its 2 draws"
    )
    assert said.endswith(
        " Tip-Adapter never clearly beats zero-shot; a linear probe clearly beats zero-shot from 16 on."
    )
    assert few_shot_finding([study, replace(study, model="ViT-B-32/openai")]).count("ResNet-50 · OpenAI: ") == 1
    assert few_shot_finding([]) == "No few-shot study yet"


def test_a_study_that_gains_nothing_says_so(study: FewShotResult) -> None:
    tip_only = replace(study, methods=("tip",))
    assert "do not help" in few_shot_finding(
        [
            replace(
                tip_only,
                zero_shot=replace(
                    study.zero_shot, scores={**study.zero_shot.scores, "acc1": Score(value=0.99, ci95=(0.98, 1.0))}
                ),
            )
        ]
    )


def with_runs(study: FewShotResult, *right: int) -> FewShotResult:
    """The study with these runs of Tip-Adapter only, one K; right are the first so many pictures."""
    point = FewShotPoint.of("tip", 16, [unit(r) for r in right])
    return replace(study, methods=("tip",), shots=(16,), points=(study.points[0], point))


def test_few_shots_and_zero_shot_may_tie(study: FewShotResult) -> None:
    base = int(study.zero_shot.correct.sum())
    said = few_shot_finding([with_runs(study, base - 5, base + 7)])
    assert said.startswith(
        "16 pictures a class and zero-shot tie: Tip-Adapter is 1.6\u00a0points ahead, no more than its"
    )
    # Draws that agree, but on other pictures than those that zero-shot has right: the pictures leave it open.
    flipped = np.zeros(63, bool)
    flipped[np.flatnonzero(~study.zero_shot.correct)[: base + 3]] = True
    other = FewShotPoint.of(
        "tip", 16, [FewShotRun(correct=flipped, n_shots=14, n_validation=7, short=0, settings={})] * 2
    )
    assert other.acc1_mean > study.zero_shot.acc1
    said = few_shot_finding([replace(with_runs(study, 1), points=(study.points[0], other))])
    assert "tie" in said and "the interval over the test pictures includes zero (" in said
    assert "Tip-Adapter never clearly beats zero-shot." in said


def test_methods_that_never_pay_are_named_once(study: FewShotResult) -> None:
    base = int(study.zero_shot.correct.sum())
    flat = [FewShotPoint.of(m, 16, [unit(base - 5), unit(base + 7)]) for m in ("tip", "tip-f")]
    gains = FewShotPoint.of("probe", 16, list(study.point("probe", 16).units))
    none = replace(study, shots=(16,), methods=("tip", "tip-f"), points=(study.points[0], *flat))
    said = few_shot_finding([none])
    assert said.endswith("No method clearly beats zero-shot with any number of pictures.")
    some = replace(none, methods=("probe", "tip", "tip-f"), points=(study.points[0], gains, *flat))
    assert few_shot_finding([some]).endswith("Tip-Adapter and Tip-Adapter-F never clearly beat zero-shot.")


def test_ahead_of_zero_shot_is_paired_over_the_pictures(study: FewShotResult) -> None:
    found = over_zero_shot(study, study.point("probe", 16))
    assert found is not None and found.difference == pytest.approx(7 / 63) and found.ci95[0] > 0
    assert over_zero_shot(study, replace(study.point("probe", 16), units=())) is None


def test_clearly_from_a_k_on_means_from_there_on(study: FewShotResult) -> None:
    early = FewShotPoint.of("probe", 1, list(study.point("probe", 16).units))
    late = FewShotPoint.of("probe", 16, list(study.point("probe", 1).units))
    said = few_shot_finding([replace(study, methods=("probe",), points=(study.points[0], early, late))])
    assert "from 1 on" not in said and "do not help" in said


def test_one_draw_has_no_spread() -> None:
    point = FewShotPoint.of("tip", 4, [unit(30)])
    assert "no spread" in spread_line(point)
    two = FewShotPoint.of("tip", 4, [unit(30), unit(32)])
    assert spread_line(two).startswith("± 2.2 points over 2 draws (47.6–50.8")
