"""Retrieval in both directions against slow references, CLIP_benchmark's definition and cases by hand."""

from __future__ import annotations

from collections.abc import Callable
from operator import ge, gt
from pathlib import Path

import numpy as np
import pytest

from core.errors import Cancelled, TMVError
from core.stats.intervals import wilson
from core.studies.captions import breakdown as retrieval_reading
from core.studies.captions import retrieval
from core.studies.captions.ranks import CaptionRanks, rank_captions
from core.types import EmbeddingKey, EmbeddingSet, FloatArray, IntArray, Provenance, Reference
from tests.coded import coded

PROVENANCE = Provenance(
    model_digest="m",
    data_digest="d",
    preprocessing={},
    precision="float32",
    device="cpu",
    versions={},
    date="2026-01-01",
)


def pairs(
    n: int = 60, per: int = 5, d: int = 24, seed: int = 0, noise: float = 2.0
) -> tuple[FloatArray, FloatArray, IntArray]:
    rng = np.random.default_rng(seed)
    images = rng.normal(size=(n, d)).astype(np.float32) * 3
    index = np.repeat(np.arange(n), per)
    texts = (images[index] + noise * 3 * rng.normal(size=(len(index), d))).astype(np.float32)
    order = rng.permutation(len(index))
    return images, texts[order], index[order]


def captioned(n: int = 60, per: int = 5, seed: int = 0, model: str = "a/x", noise: float = 2.0) -> EmbeddingSet:
    return embedded(*pairs(n, per, seed=seed, noise=noise), model)


def embedded(images: FloatArray, texts: FloatArray, index: IntArray, model: str = "a/x") -> EmbeddingSet:
    captions = tuple(" ".join(["word"] * (1 + i % 18)) for i in range(len(index)))
    return EmbeddingSet(
        key=EmbeddingKey(model=model, dataset="set", split="val", fingerprint="f"),
        image_embeddings=images,
        ids=tuple(f"p{i}" for i in range(len(images))),
        logit_scale=100.0,
        provenance=PROVENANCE,
        captions=captions,
        text_embeddings=texts,
        image_index=index,
    )


def slow_ranks(
    images: FloatArray, texts: FloatArray, index: IntArray, ahead: Callable[[float, float], bool] = ge
) -> tuple[list[int], dict[int, int]]:
    """Every cosine by itself in float64, every rank counted by hand; a tie counts against the right one."""
    x = [v / np.sqrt(np.square(v).sum(dtype=np.float32)) for v in images]
    t = [v / np.sqrt(np.square(v).sum(dtype=np.float32)) for v in texts]
    score = [[float((a.astype(np.float64) * b.astype(np.float64)).sum()) for b in x] for a in t]
    image_ranks = [
        1 + sum(ahead(s, row[own]) for j, s in enumerate(row) if j != own)
        for row, own in zip(score, index, strict=True)
    ]
    text_ranks = {}
    for picture in sorted(set(index.tolist())):
        mine = [i for i, own in enumerate(index) if own == picture]
        best = max(score[i][picture] for i in mine)
        text_ranks[picture] = 1 + sum(ahead(row[picture], best) for i, row in enumerate(score) if i not in mine)
    return image_ranks, text_ranks


def check(ranks: CaptionRanks, images: FloatArray, texts: FloatArray, index: IntArray) -> None:
    image_ranks, text_ranks = slow_ranks(images, texts, index)
    assert ranks.image_ranks.tolist() == image_ranks
    assert dict(zip(ranks.pictures.tolist(), ranks.text_ranks.tolist(), strict=True)) == text_ranks
    image_ranks, text_ranks = slow_ranks(images, texts, index, gt)  # with every tie in favour
    assert (ranks.image_ranks - ranks.image_ties).tolist() == image_ranks
    assert (ranks.text_ranks - ranks.text_ties).tolist() == list(text_ranks.values())


# --- ranks ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 7, 64, 4096])
def test_ranks_equal_counting_by_hand_whatever_the_block(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.studies.captions.ranks.ROWS", rows)
    images, texts, index = pairs(25, 3)
    check(rank_captions(images, texts, index), images, texts, index)


@pytest.mark.parametrize("rows", [3, 4096])
def test_equal_pictures_and_equal_captions_tie_against_the_right_one(
    rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.studies.captions.ranks.ROWS", rows)
    images, texts, index = pairs(20, 2, noise=0.3)
    images[[4, 11, 19]] = images[2]
    texts[[5, 17, 30]] = texts[1]
    ranks = rank_captions(images, texts, index)
    check(ranks, images, texts, index)
    twins = np.isin(index, [2, 4, 11, 19])
    assert (ranks.image_ranks[twins] >= 4).all() and (ranks.image_ties[twins] == 3).all()


def test_ranks_by_hand() -> None:
    # Picture 0 points along x, picture 1 along y; captions 0 and 1 are of picture 0, caption 2 of picture 1.
    images = np.array([[1, 0], [0, 1]], dtype=np.float32)
    texts = np.array([[1, 0.1], [0.1, 1], [0.5, 0.6]], dtype=np.float32)
    ranks = rank_captions(images, texts, np.array([0, 0, 1]))
    assert ranks.image_ranks.tolist() == [1, 2, 1]
    assert (ranks.pictures.tolist(), ranks.text_ranks.tolist()) == ([0, 1], [1, 2])


def test_what_hangs_on_ties_is_noted() -> None:
    # Captions 0 and 2 are one text for pictures 0 and 1, which differ; caption 1 finds its picture alone.
    images = np.array([[1, 0.1], [1, 0], [0, 1]], dtype=np.float32)
    texts = np.array([[1, 0], [0, 1], [1, 0]], dtype=np.float32)
    found = retrieval.retrieve(embedded(images, texts, np.array([0, 2, 1])))
    assert (found.image.ranks.tolist(), found.text.ranks.tolist()) == ([2, 1, 1], [2, 2, 1])
    assert [note for note in found.notes if note.code == "ties"] == [
        "2 of 3 images tie for the first place. Ties count against them; with every tie in their favor, recall@1 "
        "from image to text would be 100.0 % instead of 33.3 %."
    ]
    assert "ties" not in coded(retrieval.retrieve(captioned()).notes)


def test_two_equal_captions_of_one_picture_do_not_count_against_it() -> None:
    images = np.eye(2, dtype=np.float32)
    assert rank_captions(images, images[[0, 0, 1]], np.array([0, 0, 1])).text_ranks.tolist() == [1, 1]


def test_one_hot_definition_of_clip_benchmark() -> None:
    """Recall by its own recipe: top-k per row, a hit is any true pair among them."""
    images, texts, index = pairs(80, 5, seed=4)
    x, t = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (images, texts))
    scores, positive = t @ x.T, np.zeros((400, 80), bool)
    positive[np.arange(400), index] = True
    ranks = rank_captions(images, texts, index)
    for k in (1, 5, 10):
        for table, truth, mine in ((scores, positive, ranks.image_ranks), (scores.T, positive.T, ranks.text_ranks)):
            top = np.argsort(-table, axis=1)[:, :k]
            assert np.mean(np.take_along_axis(truth, top, axis=1).any(axis=1)) == np.mean(mine <= k)


def test_recall_equals_clip_benchmarks_own_function() -> None:
    torch = pytest.importorskip("torch")
    theirs = pytest.importorskip("clip_benchmark.metrics.zeroshot_retrieval")
    images, texts, index = pairs(80, 5, seed=5)
    x, t = (torch.nn.functional.normalize(torch.from_numpy(v), dim=-1) for v in (images, texts))
    scores = t @ x.T
    positive = torch.zeros_like(scores, dtype=torch.bool)
    positive[torch.arange(400), torch.from_numpy(index)] = True
    ranks = rank_captions(images, texts, index)
    for k in (1, 5, 10):
        image = (theirs.recall_at_k(scores, positive, k) > 0).float().mean().item()
        text = (theirs.recall_at_k(scores.T, positive.T, k) > 0).float().mean().item()
        assert np.mean(ranks.image_ranks <= k) == pytest.approx(image)
        assert np.mean(ranks.text_ranks <= k) == pytest.approx(text)


def test_pictures_without_captions_are_found_but_ask_nothing() -> None:
    images, texts, index = pairs(30, 2)
    keep = ~np.isin(index, [3, 8])
    ranks = rank_captions(images, texts[keep], index[keep])
    check(ranks, images, texts[keep], index[keep])
    assert not {3, 8} & set(ranks.pictures.tolist())


def test_rival_is_the_best_other_picture() -> None:
    images, texts, index = pairs(30, 2)
    ranks = rank_captions(images, texts, index)
    x, t = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (images, texts))
    scores = t @ x.T
    scores[np.arange(60), index] = -np.inf
    np.testing.assert_allclose(ranks.rival, scores.max(axis=1), atol=1e-6)
    np.testing.assert_array_equal(ranks.image_ranks == 1, ranks.own > ranks.rival)


@pytest.mark.parametrize("held", [0, 1 << 24])
def test_memory_mapped_files_give_the_same(tmp_path: Path, held: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.studies.captions.ranks.HELD", held)
    monkeypatch.setattr("core.studies.captions.ranks.ROWS", 16)
    images, texts, index = pairs(50, 3)
    np.save(tmp_path / "x.npy", images)
    np.save(tmp_path / "t.npy", texts)
    x, t = (np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in "xt")
    ranks = rank_captions(x, t, index)
    np.testing.assert_array_equal(ranks.image_ranks, rank_captions(images, texts, index).image_ranks)


def test_progress_reaches_the_end_and_can_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.studies.captions.ranks.ROWS", 16)
    images, texts, index = pairs(30, 2)
    seen = list[tuple[int, int]]()
    rank_captions(images, texts, index, lambda done, total: seen.append((done, total)))
    assert seen == [(i, 8) for i in range(1, 9)]

    def stop(done: int, total: int) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        rank_captions(images, texts, index, stop)


@pytest.mark.parametrize("break_it", ["width", "index", "empty", "short"])
def test_what_does_not_fit_is_refused(break_it: str) -> None:
    images, texts, index = pairs(10, 2)
    if break_it == "width":
        texts = texts[:, :-1]
    elif break_it == "index":
        index = index + 1
    elif break_it == "empty":
        texts, index = texts[:0], index[:0]
    else:
        index = index[:-1]
    with pytest.raises(TMVError):
        rank_captions(images, texts, index)


# --- the result -------------------------------------------------------------------------------------------


def test_figures_by_hand() -> None:
    # Pictures at 0, 90 and 180 degrees. Caption 1 belongs to picture 0 but lies nearer to picture 1.
    images = np.array([[1, 0], [0, 1], [-1, 0]], np.float32)
    texts = np.array([[1, 0.1], [0.2, 1], [0.1, 1], [-1, 0.2]], np.float32)
    images_set = EmbeddingSet(
        key=EmbeddingKey(model="a/x", dataset="set", split="val", fingerprint="f"),
        image_embeddings=images,
        ids=("a", "b", "c"),
        logit_scale=1.0,
        provenance=PROVENANCE,
        captions=("w", "x", "y", "z"),
        text_embeddings=texts,
        image_index=np.array([0, 0, 1, 2]),
    )
    result = retrieval.retrieve(images_set)
    assert result.image.ranks.tolist() == [1, 2, 1, 1]
    assert result.text.ranks.tolist() == [1, 1, 1]
    record = result.to_record()
    assert record["image_retrieval_recall@1"] == 0.75 and record["image_retrieval_recall@5"] == 1
    assert record["image_retrieval_mrr"] == pytest.approx((1 + 0.5 + 1 + 1) / 4)
    assert record["image_retrieval_median_rank"] == 1 and record["image_retrieval_mean_rank"] == 1.25
    assert (record["n_images"], record["n_texts"], record["captions_fewest"], record["captions_most"]) == (3, 4, 1, 2)
    names = {
        f"{side}_retrieval_{name}"
        for side in ("image", "text")
        for name in (
            "recall@1",
            "recall@5",
            "recall@10",
            "recall@1_ci95",
            "recall@5_ci95",
            "recall@10_ci95",
            "median_rank",
            "mrr",
        )
    }
    assert names <= set(record)


def test_first_captions_keep_the_order_of_the_set() -> None:
    index = np.array([2, 0, 2, 1, 2, 0])
    assert retrieval.first_captions(index, 1).tolist() == [0, 1, 3]
    assert retrieval.first_captions(index, 2).tolist() == [0, 1, 2, 3, 5]
    assert retrieval.first_captions(index, None).tolist() == [0, 1, 2, 3, 4, 5]
    with pytest.raises(TMVError, match="at least 1"):
        retrieval.first_captions(index, 0)


def test_fewer_captions_equal_a_set_that_has_only_those() -> None:
    images = captioned()
    assert images.image_index is not None and images.text_embeddings is not None
    rows = retrieval.first_captions(images.image_index, 2)
    result = retrieval.retrieve(images, 2)
    image_ranks, text_ranks = slow_ranks(
        images.image_embeddings, images.text_embeddings[rows], images.image_index[rows]
    )
    assert result.image.ranks.tolist() == image_ranks
    assert result.text.ranks.tolist() == list(text_ranks.values())
    assert result.captions_range == (2, 2) and result.n_texts == 120


def test_intervals_draw_whole_pictures() -> None:
    """With five equal captions a picture, a bootstrap over captions would be far too sure."""
    ranks, groups = np.repeat([1, 9] * 20, 5), np.repeat(np.arange(40), 5)
    low, high = retrieval.direction(ranks, groups).recall_ci95[1]
    alone = retrieval.direction(ranks, np.arange(200)).recall_ci95[1]
    assert high - low > 1.8 * (alone[1] - alone[0])
    assert low < 0.5 < high


def test_a_share_of_none_or_all_still_has_doubt() -> None:
    groups = np.repeat(np.arange(20), 5)
    never = retrieval.direction(np.full(100, 99), groups)
    always = retrieval.direction(np.ones(100, np.int64), groups)
    assert never.recall_ci95[1] == wilson(0, 20) and never.recall_ci95[1][1] > 0.1
    assert always.recall_ci95[5] == wilson(20, 20)


def slow_median_interval(ranks: IntArray, groups: IntArray, samples: int, seed: int) -> tuple[float, float]:
    """Resampled rank lists written out, medians by NumPy, same draws."""
    names, rng = np.unique(groups), np.random.default_rng(seed)
    medians = []
    for _ in range(samples):
        drawn = rng.integers(0, len(names), len(names))
        medians.append(np.median(np.concatenate([ranks[groups == names[g]] for g in drawn])))
    return float(np.quantile(medians, 0.025)), float(np.quantile(medians, 0.975))


@pytest.mark.parametrize("seed", range(4))
def test_median_interval_equals_writing_the_resamples_out(seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 23, 90)
    ranks = rng.integers(1, 400, 90)
    assert retrieval.median_interval(ranks, groups, 60, seed) == slow_median_interval(ranks, groups, 60, seed)


def test_notes_say_when_published_figures_do_not_compare() -> None:
    reference = Reference(metric="image_retrieval_recall@1", value=0.3, protocol="5,000 images", source="somewhere")
    assert "not_the_published_set" in coded(retrieval.retrieve(captioned(), published=[reference]).notes)
    assert "not_the_published_set" not in coded(retrieval.retrieve(captioned()).notes)


def test_a_set_without_captions_is_refused() -> None:
    bare = EmbeddingSet(
        key=EmbeddingKey(model="a/x", dataset="set", split="val", fingerprint="f"),
        image_embeddings=np.ones((2, 3), np.float32),
        ids=("a", "b"),
        logit_scale=1.0,
        provenance=PROVENANCE,
    )
    with pytest.raises(TMVError, match="no captions"):
        retrieval.retrieve(bare)


# --- reading it -------------------------------------------------------------------------------------------


def test_curve_and_histogram_count_every_query() -> None:
    result = retrieval.retrieve(captioned())
    ks, recall = retrieval_reading.recall_curve(result.image.ranks, 60)
    assert [float(r) for r in recall] == [np.mean(result.image.ranks <= k) for k in ks]
    bins = retrieval_reading.rank_histogram(result.image.ranks, 60)
    assert sum(b.count for b in bins) == 300 and sum(b.share for b in bins) == pytest.approx(1)
    assert [b.label for b in bins] == ["1", "2–5", "6–10", "11–50", "51–60"]
    assert bins[1].count == sum(2 <= r <= 5 for r in result.image.ranks)


def test_two_models_are_compared_in_pairs() -> None:
    good, bad = (retrieval.retrieve(captioned(model=m, noise=x)) for m, x in (("a/x", 1.0), ("b/y", 3.0)))
    gap = retrieval_reading.compare(good, bad)
    assert gap.image_recall[1].difference == pytest.approx(good.image.recall[1] - bad.image.recall[1])
    assert gap.text_mrr.difference == pytest.approx(good.text.mrr - bad.text.mrr)
    assert gap.image_recall[1].excludes_zero and gap.image_recall[1].p_value < 0.05
    same = retrieval_reading.compare(good, good)
    assert same.image_recall[5].difference == 0 and not same.image_recall[5].excludes_zero


def test_models_are_paired_by_picture_and_caption_where_one_skipped_some() -> None:
    images = captioned()
    assert images.image_index is not None and images.text_embeddings is not None
    rows = images.image_index != 0
    less = EmbeddingSet(
        key=EmbeddingKey(model="b/y", dataset="set", split="val", fingerprint="f"),
        image_embeddings=images.image_embeddings[1:],
        ids=images.ids[1:],
        logit_scale=100.0,
        provenance=PROVENANCE,
        captions=tuple(c for c, keep in zip(images.captions, rows, strict=True) if keep),
        text_embeddings=images.text_embeddings[rows],
        image_index=images.image_index[rows] - 1,
    )
    whole, part = retrieval.retrieve(images), retrieval.retrieve(less)
    gap = retrieval_reading.compare(whole, part)
    assert (gap.n_images, gap.n_texts) == (59, 295)
    mine = whole.image.ranks[whole.image_index != 0]
    assert gap.image_recall[1].difference == pytest.approx(np.mean(mine <= 1) - np.mean(part.image.ranks <= 1))


def test_results_of_other_captions_do_not_compare() -> None:
    with pytest.raises(TMVError, match="same captions"):
        retrieval_reading.compare(retrieval.retrieve(captioned()), retrieval.retrieve(captioned(), 1))


def test_bands_by_length_cover_every_caption() -> None:
    images = captioned()
    result = retrieval.retrieve(images)
    found = retrieval_reading.by_length(result, images.captions)
    assert sum(b.n for b in found) == 300
    words = np.array([len(c.split()) for c in images.captions])
    short = result.image.ranks[(words >= 1) & (words <= 5)]
    assert (found[0].label, found[0].n) == ("1–5", len(short))
    assert found[0].recall[5] == pytest.approx(np.mean(short <= 5))


def test_contenders_are_counted_within_the_margin_of_the_first() -> None:
    images = captioned()
    result = retrieval.retrieve(images)
    assert images.text_embeddings is not None
    x, t = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (images.image_embeddings, images.text_embeddings))
    scores = t @ x.T
    expected = [(row >= row.max() - 0.05).sum() - 1 for row in scores]
    np.testing.assert_array_equal(retrieval_reading.contenders(images, result, 0.05), expected)
    default = [(row >= row.max() - 0.01).sum() - 1 for row in scores]
    np.testing.assert_array_equal(retrieval_reading.contenders(images, result), default)
    assert sum(b.n for b in retrieval_reading.by_contenders(images, result)) == 300


def test_crowding_is_the_mean_of_the_nearest_others() -> None:
    images = captioned(n=40)
    x = images.image_embeddings / np.linalg.norm(images.image_embeddings, axis=1, keepdims=True)
    scores = x @ x.T
    expected = [np.mean(sorted(np.delete(row, i))[-10:]) for i, row in enumerate(scores)]
    np.testing.assert_allclose(retrieval_reading.crowding(images), expected, atol=1e-6)
    found = retrieval_reading.by_crowding(images, retrieval.retrieve(images))
    assert [b.label for b in found] == ["most alone", "2 of 4", "3 of 4", "most crowded"]
    assert sum(b.n for b in found) == 200
