"""Tables and sentences hold the numbers of the results, under names that people and scripts know."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core import tables as frames
from core.errors import TMVError
from core.stats.accuracy import Score
from core.stats.intervals import PairedDifference, paired_difference, standing
from core.stats.metrics import Calibration, calibration
from core.studies.answered import compare
from core.studies.zero_shot.classify import ZeroShotResult
from core.tables.accuracy import fitting
from core.types import Reference
from core.words import accuracy, names, numbers
from core.words.numbers import count
from tests.sample_results import sample_result

OPENAI, LAION = "ViT-B-32/openai", "ViT-B-32/laion2b_s34b_b79k"


@pytest.fixture(scope="module")
def two():
    return sample_result(OPENAI, "eurosat", skill=0.8), sample_result(LAION, "eurosat", skill=1.6, seed=5)


# --- names ------------------------------------------------------------------------------------------------


def none_right(result: ZeroShotResult) -> dict[str, Score]:
    """Its figures, had no first answer been right."""
    return {**result.scores, "acc1": Score(value=0.0, ci95=(0.0, 0.1))}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ViT-B-32/openai", "ViT-B/32 · OpenAI"),
        ("RN50/openai", "ResNet-50 · OpenAI"),
        ("ViT-L-14/laion2b_s32b_b82k", "ViT-L/14 · LAION-2B"),
        ("ViT-L-14-336/openai", "ViT-L/14-336 · OpenAI"),
        ("convnext_base/laion400m_s13b_b51k", "ConvNeXt-Base · LAION-400M"),
        ("ViT-B-16/datacomp_xl_s13b_b90k", "ViT-B/16 · DataComp"),
        ("RN50/random", "ResNet-50 · random, untrained"),
        ("demo-vit/demo", "Demo ViT"),
        ("demo-rn/demo", "Demo ResNet"),
        ("hf-hub:someone/their-clip", "someone/their-clip"),
        ("file:/models/mine.json,/models/mine.safetensors", "mine"),
    ],
)
def test_models_are_called_as_people_call_them(name, said):
    assert names.say_model(name) == said


@pytest.mark.parametrize(
    ("models", "short"),
    [
        ([OPENAI, LAION], ("OpenAI", "LAION-2B")),
        ([OPENAI, "RN50/openai"], ("ViT-B/32", "ResNet-50")),
        (["demo-vit/demo", "demo-rn/demo"], ("Demo ViT", "Demo ResNet")),
        ([OPENAI, "ViT-L-14/laion2b_s32b_b82k"], ("ViT-B/32 · OpenAI", "ViT-L/14 · LAION-2B")),
        (["ViT-B-32/laion2b_a", "ViT-B-32/laion2b_b"], ("ViT-B-32/laion2b_a", "ViT-B-32/laion2b_b")),
        ([OPENAI], ("ViT-B/32",)),
        ([], ()),
    ],
)
def test_short_names_still_tell_models_apart(models, short):
    assert names.short_names(models) == short


def test_data_sets_and_metrics_have_spoken_names():
    assert names.say_dataset("food101") == "Food-101"
    assert names.say_dataset("folder:/photos/holiday/") == "holiday"
    assert names.say_dataset("unheard-of") == "unheard-of"
    assert names.say_metric("acc1") == "Top-1 accuracy"
    assert names.say_metric("image_retrieval_recall@5") == "Text finds picture, recall@5"


# --- sentences --------------------------------------------------------------------------------------------


def test_numbers_in_words():
    assert numbers.percent(0.6123) == "61.2\u00a0%" and numbers.percent(1, 0) == "100\u00a0%"
    assert numbers.points(-0.101) == "10.1\u00a0points" and numbers.points(0.01) == "1.0\u00a0point"
    assert numbers.points(-0.101, signed=True) == "−10.1\u00a0points"
    assert numbers.interval_text((0.5761, 0.6529)) == "57.6–65.3\u00a0%"
    assert count(1, "picture") == "1 picture" and count(10_000, "picture") == "10,000 pictures"


@pytest.mark.parametrize(
    ("difference", "ci95", "p", "said"),
    [
        (0.101, (0.08, 0.12), 1e-9, "LAION-2B is ahead by 10.1 points; the interval excludes zero."),
        (-0.02, (-0.03, -0.01), 1e-4, "OpenAI is ahead by 2.0 points; the interval excludes zero."),
        (0.01, (-0.004, 0.02), 0.2, "A tie: the interval includes zero (−0.4 to +2.0 points)."),
        (
            0.02,
            (0.0001, 0.04),
            0.06,
            "LAION-2B is ahead by 2.0 points; the interval excludes zero. On the edge, though: p = 0.06.",
        ),
    ],
)
def test_the_finding_says_who_won_and_whether_it_is_real(difference, ci95, p, said):
    found = PairedDifference(
        difference=difference, ci95=ci95, n=1000, n_only_a=5, n_only_b=4, p_value=p, test="McNemar's exact test"
    )
    assert accuracy.outcome(found, "LAION-2B", "OpenAI").replace("\u00a0", " ") == said


def test_the_same_answers_are_called_a_tie():
    same = np.array([True, False])
    assert accuracy.outcome(paired_difference(same, same), "a", "b") == "A tie: a and b do the same on every picture."


def test_accuracy_finding_for_one_model_two_models_and_many(two):
    first = two[0]
    assert accuracy.accuracy_finding([]) == "No result yet"
    one = accuracy.accuracy_finding([first])
    assert one == f"ViT-B/32 · OpenAI names {numbers.percent(first.acc1)} of EuroSAT right"
    assert accuracy.accuracy_finding(two).startswith("On EuroSAT: LAION-2B is ahead by ")
    tie = accuracy.accuracy_finding([first, replace(first, model=LAION)])
    assert tie == "On EuroSAT: a tie: OpenAI and LAION-2B do the same on every picture."
    other = [sample_result(OPENAI, "cifar100", skill=2.0), sample_result(LAION, "cifar100", skill=0.5)]
    both = accuracy.accuracy_finding([*two, *other])
    assert both == "LAION-2B leads on 1 of 2 data sets, OpenAI leads on 1"
    assert accuracy.accuracy_finding([*two, replace(other[0], model=OPENAI), replace(other[0], model=LAION)]) == (
        "LAION-2B leads on 1 of 2 data sets, the first two are tied on 1"
    )
    winner = [replace(r, model=LAION if r.model == OPENAI else OPENAI) for r in other]
    assert accuracy.accuracy_finding([*two, *winner]) == "LAION-2B leads on both data sets"


def test_three_models_on_one_data_set(two):
    first, second = sorted(two, key=lambda r: -r.acc1)
    third = replace(second, model="RN50/openai", scores=none_right(second))
    gap = numbers.points(first.acc1 - second.acc1)
    a, b, _ = names.short_names([first.model, second.model, third.model])
    assert accuracy.accuracy_finding([first, second, third]) == f"{a} leads on EuroSAT, {gap} before {b}"
    tied = accuracy.accuracy_finding(
        [first, replace(first, model="RN50/openai"), replace(second, scores=none_right(second))]
    )
    assert tied.startswith("On EuroSAT the first two, ") and tied.endswith(", are tied")


def test_protocol_line(two):
    assert accuracy.protocol_line(two[0]) == "300 pictures · 1 template · curated names"


def test_standing_against_an_interval():
    assert [standing((0.4, 0.6), x) for x in (0.39, 0.4, 0.6, 0.61)] == ["below", "inside", "inside", "above"]


def test_calibration_finding_says_which_way():
    sure = calibration(np.full(10, 0.9), np.arange(10) < 5)
    assert accuracy.calibration_finding(sure, "X").startswith("X is too sure by 40.0")
    shy = calibration(np.full(10, 0.5), np.ones(10, dtype=bool))
    assert accuracy.calibration_finding(shy, "X").startswith("X is not sure enough by 50.0")
    good = Calibration(
        edges=sure.edges, count=sure.count, confidence=sure.confidence, accuracy=sure.accuracy, ece=0.01, gap=0.0
    )
    assert "taken at their word" in accuracy.calibration_finding(good, "X")


def test_a_collapse_raises_the_alarm_and_a_large_class_does_not(two):
    result = two[0]
    assert accuracy.collapse_finding(result).startswith("The most frequent answer is")
    top5 = result.top5.copy()
    top5[: int(result.n * (accuracy.COLLAPSE_SHARE + 0.1))] = np.array([3, 0, 1, 2, 4])
    collapsed = replace(result, top5=top5)
    name = result.classnames[3]
    assert accuracy.collapse_finding(collapsed).startswith("Collapsed: ") and name in accuracy.collapse_finding(
        collapsed
    )


# --- accuracy ---------------------------------------------------------------------------------------------


def test_accuracy_frame_holds_measured_published_and_deck(two):
    frame = frames.accuracy_frame(two)
    row, result = frame.iloc[0], two[0]
    assert row["model"] == OPENAI and row["model_title"] == "ViT-B/32 · OpenAI" and row["dataset_title"] == "EuroSAT"
    assert (row["acc1"], row["acc1_low"], row["acc1_high"]) == (result.acc1, *result.acc1_ci95)
    assert (row["mean_per_class_recall_low"], row["mean_per_class_recall_high"]) == result.mean_per_class_recall_ci95
    assert (row["chance_acc1"], row["chance_acc5"]) == (0.1, 0.5)
    assert row["deck_acc1"] == 0.3218 and row["deck_acc1_difference"] == pytest.approx(result.acc1 - 0.3218)
    assert row["deck_acc1_lies"] == ("below" if result.acc1_ci95[0] > 0.3218 else "inside")
    assert row["published_acc1"] == pytest.approx(0.4974, abs=2e-4), "one template: the single-prompt figure"
    assert "centered satellite photo" in row["published_acc1_protocol"] and row["published_acc1_source"]
    assert row["published_mean_per_class_recall_lies"] in ("below", "inside", "above")


def test_an_ensemble_stands_beside_the_published_ensemble():
    frame = frames.accuracy_frame([sample_result(OPENAI, "eurosat", templates=("{}", "a {}"))])
    assert frame["published_acc1"].iloc[0] == pytest.approx(0.5044, abs=2e-4)
    assert frame["templates"].iloc[0] == 2 and frame["template_texts"].iloc[0] == "{} | a {}"


def test_without_figures_the_cells_are_empty():
    frame = frames.accuracy_frame([sample_result()])
    assert frame["published_acc1"].isna().all() and frame["deck_acc1_difference"].isna().all()
    assert (frame["published_acc1_lies"] == "").all()


def test_a_probe_is_never_laid_beside_zero_shot():
    probe = Reference(metric="linear_probe_acc1_full", value=0.95, protocol="", source="")
    ensemble, single = (
        Reference(metric=f"zeroshot_acc1_{k}", value=v, protocol="", source="")
        for k, v in (("ensemble", 0.5), ("single_prompt", 0.4))
    )
    assert fitting([probe], "acc1", ("{}",)) is None
    assert fitting([probe, ensemble, single], "acc1", ("{}",)) == single
    assert fitting([probe, single, ensemble], "acc1", ("{}", "a {}")) == ensemble
    assert fitting([ensemble], "acc5", ("{}",)) is None


def test_references_frame_lists_every_zero_shot_figure(two):
    frame = frames.references_frame(two)
    assert set(frame["kind"]) == {"published", "deck"}
    assert frame["source"].ne("").all() and frame["protocol"].ne("").all()
    assert not frame["metric"].str.contains("probe").any()
    row = frame[(frame["model"] == LAION) & (frame["kind"] == "deck") & (frame["metric"] == "acc1")].iloc[0]
    assert row["value"] == 0.4224 and row["difference"] == pytest.approx(two[1].acc1 - 0.4224)
    assert list(frames.references_frame([sample_result()]).columns) == list(frame.columns)


# --- classes ----------------------------------------------------------------------------------------------


def test_per_class_frame_agrees_with_the_result(two):
    frame = frames.per_class_frame(two)
    assert len(frame) == 20
    for row, found in zip(frame.head(10).itertuples(), two[0].per_class, strict=True):
        assert (row.classname, row.n, row.correct, row.recall) == (
            found.classname,
            found.n,
            found.correct,
            found.recall,
        )
        assert (row.recall_low, row.recall_high) == found.ci95


def test_a_class_without_pictures_is_empty_in_the_frame():
    frame = frames.per_class_frame([sample_result(dataset="demo-objects", n=20)])
    empty = frame[frame["n"] == 0]
    assert len(empty) and empty["recall"].isna().all() and empty["recall_low"].isna().all()


def test_confusion_frame_is_the_table_without_its_zeros(two):
    result = two[0]
    frame = frames.confusion_frame(result)
    table = np.zeros((10, 10), dtype=int)
    table[frame["true"], frame["predicted"]] = frame["count"]
    np.testing.assert_array_equal(table, result.confusion)
    assert (frame["count"] > 0).all()
    np.testing.assert_allclose(frame.groupby("true")["share"].sum(), 1.0)
    assert frame["true_name"].iloc[0] == result.classnames[frame["true"].iloc[0]]


def test_confused_frame_starts_with_the_most_frequent_mistake(two):
    wrong = two[0].confusion.copy()
    np.fill_diagonal(wrong, 0)
    frame = frames.confused_frame(two[0], limit=3)
    assert len(frame) == 3 and frame["count"].iloc[0] == wrong.max()
    assert frame["count"].is_monotonic_decreasing


def test_predicted_frame_counts_answers_and_truth(two):
    frame = frames.predicted_frame(two[:1])
    assert frame["predicted"].sum() == frame["true"].sum() == two[0].n
    assert frame["predicted"].tolist() == np.bincount(two[0].predicted, minlength=10).tolist()


def test_predictions_frame_has_one_row_a_picture(two):
    result = two[0]
    frame = frames.predictions_frame(result)
    assert len(frame) == result.n and frame["correct"].mean() == result.acc1
    assert (frame["answer_1"] == frame["predicted_name"]).all()
    assert (frame["probability_1"] >= frame["probability_2"]).all()
    few = frames.predictions_frame(sample_result(classes=3))
    assert "answer_3" in few and "answer_4" not in few


# --- pairs, calibration, cost -----------------------------------------------------------------------------


def test_difference_frame_is_the_paired_difference_in_words(two):
    a, b = two
    row = frames.difference_frame([(b, a)]).iloc[0]
    expected = paired_difference(b.correct, a.correct)
    assert row["difference"] == expected.difference and (row["difference_low"], row["difference_high"]) == expected.ci95
    assert (row["a"], row["b"], row["only_a"], row["only_b"]) == (
        "LAION-2B",
        "OpenAI",
        expected.n_only_a,
        expected.n_only_b,
    )
    assert row["finding"].startswith("LAION-2B is ahead by") and row["excludes_zero"]


def test_pairs_are_matched_by_picture_not_by_place(two):
    a, b = two
    order = np.random.default_rng(0).permutation(b.n)[:200]
    shuffled = replace(
        b,
        ids=tuple(b.ids[i] for i in order),
        n=200,
        labels=b.labels[order],
        ranks=b.ranks[order],
        top5=b.top5[order],
        top5_probability=b.top5_probability[order],
    )
    keep = np.sort(order)
    assert compare(a, shuffled) == paired_difference(a.correct[keep], b.correct[keep])
    with pytest.raises(TMVError, match="same pictures"):
        compare(a, sample_result(LAION, "cifar100"))


def test_disagreements_are_the_pictures_that_one_gets_right(two):
    a, b = two
    frame = frames.disagreements_frame(a, b)
    found = compare(a, b)
    assert (frame["right"] == "a").sum() == found.n_only_a and (frame["right"] == "b").sum() == found.n_only_b
    right = frame[frame["right"] == "a"]
    assert (right["answer_a"] == right["true_name"]).all() and (right["answer_b"] != right["true_name"]).all()
    assert (right["rank_a"] == 1).all() and (right["rank_b"] > 1).all()


def test_calibration_frame_keeps_the_bins_that_hold_pictures(two):
    frame = frames.calibration_frame(two, bins=10)
    part = frame[frame["model"] == OPENAI]
    found = calibration(two[0].top5_probability[:, 0], two[0].correct, 10)
    assert part["n"].tolist() == found.count[found.count > 0].tolist()
    np.testing.assert_allclose(part["accuracy"], found.accuracy[found.count > 0])
    assert (part["ece"] == found.ece).all()
    assert ((part["accuracy_low"] <= part["accuracy"]) & (part["accuracy"] <= part["accuracy_high"])).all()


def test_cost_frame_knows_sizes_and_leaves_the_rest_empty(two):
    unheard = replace(two[0], model="hf-hub:someone/their-clip")
    frame = frames.cost_frame(frames.accuracy_frame([*two, unheard]), {OPENAI: 0.02})
    assert frame["parameters"].iloc[0] == 151_277_313 and np.isnan(frame["parameters"].iloc[2])
    assert frame["seconds_per_picture"].iloc[0] == 0.02 and np.isnan(frame["seconds_per_picture"].iloc[1])


def test_every_frame_survives_a_csv(two, tmp_path):
    for i, frame in enumerate(
        (
            frames.accuracy_frame(two),
            frames.per_class_frame(two),
            frames.predictions_frame(two[0]),
            frames.difference_frame([two]),
            frames.confusion_frame(two[0]),
        )
    ):
        frame.to_csv(tmp_path / f"{i}.csv", index=False)
        again = pd.read_csv(tmp_path / f"{i}.csv", keep_default_na=False)
        assert list(again.columns) == list(frame.columns) and len(again) == len(frame)
