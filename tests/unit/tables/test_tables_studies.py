"""Frames of the prompt, picture and retrieval studies hold the numbers of their results."""

from __future__ import annotations

import pandas as pd
import pytest

from core.studies.captions import breakdown as retrieval_reading
from core.studies.pictures import lists
from core.tables import pictures, prompts, retrieval
from tests.study_results import (
    DECK,
    captioned,
    sample_caption,
    sample_list,
    sample_prompt_study,
    sample_retrieval,
    sample_search,
    sample_words,
)

OPENAI, LAION = "ViT-B-32/openai", "ViT-B-32/laion2b_s34b_b79k"


# --- prompts ----------------------------------------------------------------------------------------------


def test_a_row_for_each_template_and_one_for_all_together() -> None:
    study = sample_prompt_study()
    frame = prompts.templates_frame([study])
    assert frame["template"].tolist() == [*DECK, "ensemble"]
    assert frame["template_title"].tolist() == [DECK[0], DECK[1], "{} (the bare name)", "all together"]
    assert frame["acc1"].tolist() == [t.acc1 for t in study.every]
    assert frame["baseline"].tolist() == [True, False, False, False] and pd.isna(frame["difference"][0])
    worst = study.find("{}")
    assert worst.difference is not None
    assert frame["difference"][2] == worst.difference.difference and frame["gained"][2] == len(worst.gained)
    assert frame["deck_acc1"].tolist()[:3] == [0.6171, 0.5891, 0.5515] and pd.isna(frame["deck_acc1"][3])


def test_changed_pictures_are_gained_lost_or_wrong_in_another_way() -> None:
    study = sample_prompt_study()
    frame = prompts.changed_pictures_frame(study, "{}")
    result = study.find("{}")
    counts = frame["kind"].value_counts()
    assert (counts["gained"], counts["lost"]) == (len(result.gained), len(result.lost))
    assert len(frame) == result.changed and (frame["before"] != frame["after"]).all()
    assert (frame[frame["kind"] == "gained"]["after"] == frame[frame["kind"] == "gained"]["true"]).all()
    assert (frame[frame["kind"] == "lost"]["before"] == frame[frame["kind"] == "lost"]["true"]).all()
    other = frame[frame["kind"] == "other"]
    assert ((other["before"] != other["true"]) & (other["after"] != other["true"])).all()


def test_classes_by_template_and_their_changes() -> None:
    study = sample_prompt_study()
    frame = prompts.class_templates_frame(study)
    assert len(frame) == 4 * 10
    row = frame[(frame["template"] == "{}") & (frame["label"] == 3)].iloc[0]
    assert row["recall"] == study.find("{}").recall[3]
    assert row["change"] == pytest.approx(study.find("{}").recall[3] - study.templates[0].recall[3])
    changes = prompts.class_changes_frame(study, "{}")
    assert changes["change"].abs().is_monotonic_decreasing and changes["lost"].sum() == len(study.find("{}").lost)


def test_the_search_shows_its_path_and_its_verdicts() -> None:
    result = sample_search()
    path, verdicts = prompts.path_frame(result), prompts.verdict_frame(result)
    assert path["search_acc1"].tolist() == [s.search_acc1 for s in result.path]
    assert verdicts["choice"].tolist()[:2] == ["greedy ensemble", "baseline"]
    assert verdicts["heldout_acc1"][0] == result.chosen.heldout_acc1 and pd.isna(verdicts["p_value"][1])
    weights = prompts.weights_frame(result.variants[1])
    assert weights["weight"].is_monotonic_decreasing and weights["weight"].sum() == pytest.approx(1)


# --- pictures ---------------------------------------------------------------------------------------------


def test_hits_lists_and_spread() -> None:
    result, _ = sample_list()
    hits = pictures.hits_frame([result])
    assert hits["id"].tolist() == [h.id for h in result.hits] and hits["rank"].tolist() == list(range(1, 11))
    listed = pictures.lists_frame([result])
    assert result.precision is not None and listed["precision"][0] == result.precision.precision
    spread = pictures.spread_frame([result])
    assert spread["count"].sum() == result.n and spread["edge"].iloc[0] == result.hits[-1].score


def test_moved_pictures_and_what_is_said_of_them() -> None:
    (a, gallery_a), (b, gallery_b) = sample_list(OPENAI), sample_list(LAION, seed=4)
    comparison = lists.compare(a, gallery_a, b, gallery_b)
    frame = pictures.moved_frame(comparison)
    assert frame["kind"].value_counts().to_dict() == {
        kind: count
        for kind, count in (
            ("kept", len(comparison.kept)),
            ("lost", len(comparison.lost)),
            ("new", len(comparison.new)),
        )
        if count
    }
    first = frame.iloc[0]
    assert (first["id"], first["rank_a"]) == (a.hits[0].id, 1)


def test_words_say_what_they_bring() -> None:
    result = sample_words()
    frame = pictures.words_frame([result])
    assert frame["word"].tolist() == ["a", "big", "white", "bird"]
    assert frame["contribution"].tolist() == [w.contribution for w in result.words]
    assert (frame["contribution_low"] <= frame["contribution"]).all()
    assert pictures.rewordings_frame([result])["text"].tolist() == ["bird, white"]
    assert pd.isna(pictures.words_frame([sample_words(n=1)])["contribution_low"]).all()


# --- retrieval --------------------------------------------------------------------------------------------


def test_recalls_carry_intervals_and_published_figures() -> None:
    result = sample_retrieval()
    frame = retrieval.recalls_frame([result])
    row = frame[(frame["side"] == "image") & (frame["k"] == 5)].iloc[0]
    assert row["recall"] == result.image.recall[5] and row["published"] == pytest.approx(0.559, abs=0.01)
    assert not frame["published_compares"].any()  # 120 pictures are not COCO's 5,000
    wide = retrieval.retrieval_frame([result])
    assert wide["mrr"].tolist() == [result.image.mrr, result.text.mrr]
    assert wide["median_rank_low"].tolist() == [result.image.median_rank_ci95[0], result.text.median_rank_ci95[0]]


def test_curves_and_bins_end_with_the_candidates() -> None:
    result = sample_retrieval()
    curve = retrieval.curve_frame([result], "text")
    assert len(curve) == 100 and curve["recall"].is_monotonic_increasing
    assert retrieval.curve_frame([sample_retrieval(n=30)], "image")["recall"].iloc[-1] == 1
    bins = retrieval.histogram_frame([result])
    assert bins["count"].sum() == 600 and bins["high"].iloc[-1] == 120


def test_bands_and_differences() -> None:
    images = captioned(OPENAI)
    result, other = sample_retrieval(OPENAI), sample_retrieval(LAION, noise=2.0)
    found = retrieval_reading.by_length(result, images.captions)
    frame = retrieval.bands_frame({OPENAI: found})
    assert frame["n"].sum() == 600 and frame["recall@1"].tolist() == [b.recall[1] for b in found]
    gap = retrieval_reading.compare(result, other)
    rows = retrieval.retrieval_difference_frame(gap, "coco")
    assert len(rows) == 8 and rows["dataset_title"].nunique() == 8
    assert rows["difference"][0] == gap.image_recall[1].difference


def test_captions_of_a_benchmark_and_one_of_them() -> None:
    images, result = captioned(OPENAI), sample_retrieval()
    frame = retrieval.caption_ranks_frame(result, images.captions)
    assert frame["rank"].tolist() == result.image.ranks.tolist() and frame["caption"][7] == images.captions[7]
    assert ((frame["margin"] > 0) == (frame["rank"] == 1)).all()
    one = sample_caption()
    words = retrieval.word_ranks_frame([one])
    assert words["rank_without"].tolist() == [w.without.rank for w in one.words]
    assert (words["rank_without"] - words["rank"]).tolist() == words["change"].tolist()
    assert retrieval.wordings_frame([one])["text"].tolist() == ["three white birds", "birds"]
