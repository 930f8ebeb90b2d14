"""Tables hold the numbers of the results, under names that people and scripts know."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.stats.intervals import paired_difference
from core.stats.metrics import calibration
from core.studies.answered import compare
from core.tables.accuracy import accuracy_frame, fitting, references_frame
from core.tables.classes import confused_frame, confusion_frame, per_class_frame, predicted_frame, predictions_frame
from core.tables.compare import calibration_frame, cost_frame, difference_frame, disagreements_frame
from core.types import Reference
from tests.sample_results import sample_result

OPENAI, LAION = "ViT-B-32/openai", "ViT-B-32/laion2b_s34b_b79k"


@pytest.fixture(scope="module")
def two():
    return sample_result(OPENAI, "eurosat", skill=0.8), sample_result(LAION, "eurosat", skill=1.6, seed=5)


# --- accuracy ---------------------------------------------------------------------------------------------


def test_accuracy_frame_holds_measured_published_and_deck(two):
    frame = accuracy_frame(two)
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
    frame = accuracy_frame([sample_result(OPENAI, "eurosat", templates=("{}", "a {}"))])
    assert frame["published_acc1"].iloc[0] == pytest.approx(0.5044, abs=2e-4)
    assert frame["templates"].iloc[0] == 2 and frame["template_texts"].iloc[0] == "{} | a {}"


def test_without_figures_the_cells_are_empty():
    frame = accuracy_frame([sample_result()])
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
    frame = references_frame(two)
    assert set(frame["kind"]) == {"published", "deck"}
    assert frame["source"].ne("").all() and frame["protocol"].ne("").all()
    assert not frame["metric"].str.contains("probe").any()
    row = frame[(frame["model"] == LAION) & (frame["kind"] == "deck") & (frame["metric"] == "acc1")].iloc[0]
    assert row["value"] == 0.4224 and row["difference"] == pytest.approx(two[1].acc1 - 0.4224)
    assert list(references_frame([sample_result()]).columns) == list(frame.columns)


# --- classes ----------------------------------------------------------------------------------------------


def test_per_class_frame_agrees_with_the_result(two):
    frame = per_class_frame(two)
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
    frame = per_class_frame([sample_result(dataset="demo-objects", n=20)])
    empty = frame[frame["n"] == 0]
    assert len(empty) and empty["recall"].isna().all() and empty["recall_low"].isna().all()


def test_confusion_frame_is_the_table_without_its_zeros(two):
    result = two[0]
    frame = confusion_frame(result)
    table = np.zeros((10, 10), dtype=int)
    table[frame["true"], frame["predicted"]] = frame["count"]
    np.testing.assert_array_equal(table, result.confusion)
    assert (frame["count"] > 0).all()
    np.testing.assert_allclose(frame.groupby("true")["share"].sum(), 1.0)
    assert frame["true_name"].iloc[0] == result.classnames[frame["true"].iloc[0]]


def test_confused_frame_starts_with_the_most_frequent_mistake(two):
    wrong = two[0].confusion.copy()
    np.fill_diagonal(wrong, 0)
    frame = confused_frame(two[0], limit=3)
    assert len(frame) == 3 and frame["count"].iloc[0] == wrong.max()
    assert frame["count"].is_monotonic_decreasing


def test_predicted_frame_counts_answers_and_truth(two):
    frame = predicted_frame(two[:1])
    assert frame["predicted"].sum() == frame["true"].sum() == two[0].n
    assert frame["predicted"].tolist() == np.bincount(two[0].predicted, minlength=10).tolist()


def test_predictions_frame_has_one_row_a_picture(two):
    result = two[0]
    frame = predictions_frame(result)
    assert len(frame) == result.n and frame["correct"].mean() == result.acc1
    assert (frame["answer_1"] == frame["predicted_name"]).all()
    assert (frame["probability_1"] >= frame["probability_2"]).all()
    few = predictions_frame(sample_result(classes=3))
    assert "answer_3" in few and "answer_4" not in few


# --- pairs, calibration, cost -----------------------------------------------------------------------------


def test_difference_frame_is_the_paired_difference_in_words(two):
    a, b = two
    row = difference_frame([(b, a)]).iloc[0]
    expected = paired_difference(b.correct, a.correct)
    assert row["difference"] == expected.difference and (row["difference_low"], row["difference_high"]) == expected.ci95
    assert (row["a"], row["b"], row["only_a"], row["only_b"]) == (
        "LAION-2B",
        "OpenAI",
        expected.n_only_a,
        expected.n_only_b,
    )
    assert row["finding"].startswith("LAION-2B is ahead by") and row["excludes_zero"]


def test_disagreements_are_the_pictures_that_one_gets_right(two):
    a, b = two
    frame = disagreements_frame(a, b)
    found = compare(a, b)
    assert (frame["right"] == "a").sum() == found.n_only_a and (frame["right"] == "b").sum() == found.n_only_b
    right = frame[frame["right"] == "a"]
    assert (right["answer_a"] == right["true_name"]).all() and (right["answer_b"] != right["true_name"]).all()
    assert (right["rank_a"] == 1).all() and (right["rank_b"] > 1).all()


def test_calibration_frame_keeps_the_bins_that_hold_pictures(two):
    frame = calibration_frame(two, bins=10)
    part = frame[frame["model"] == OPENAI]
    found = calibration(two[0].top5_probability[:, 0], two[0].correct, 10)
    assert part["n"].tolist() == found.count[found.count > 0].tolist()
    np.testing.assert_allclose(part["accuracy"], found.accuracy[found.count > 0])
    assert (part["ece"] == found.ece).all()
    assert ((part["accuracy_low"] <= part["accuracy"]) & (part["accuracy"] <= part["accuracy_high"])).all()


def test_cost_frame_knows_sizes_and_leaves_the_rest_empty(two):
    unheard = replace(two[0], model="hf-hub:someone/their-clip")
    frame = cost_frame(accuracy_frame([*two, unheard]), {OPENAI: 0.02})
    assert frame["parameters"].iloc[0] == 151_277_313 and np.isnan(frame["parameters"].iloc[2])
    assert frame["seconds_per_picture"].iloc[0] == 0.02 and np.isnan(frame["seconds_per_picture"].iloc[1])


def test_every_frame_survives_a_csv(two, tmp_path):
    for i, frame in enumerate(
        (
            accuracy_frame(two),
            per_class_frame(two),
            predictions_frame(two[0]),
            difference_frame([two]),
            confusion_frame(two[0]),
        )
    ):
        frame.to_csv(tmp_path / f"{i}.csv", index=False)
        again = pd.read_csv(tmp_path / f"{i}.csv", keep_default_na=False)
        assert list(again.columns) == list(frame.columns) and len(again) == len(frame)
