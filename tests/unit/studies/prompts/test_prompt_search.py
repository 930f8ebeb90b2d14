"""The search for prompts against a slow search, and proof that held-out labels cannot leak into the
choice."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest

from core.errors import Cancelled, TMVError
from core.stats.intervals import mcnemar_exact, wilson
from core.studies.prompts import search as prompt_search
from core.studies.prompts.heldout import PromptSearchResult, search
from core.studies.prompts.search import greedy, split_rows, weighted_head, zpe_weights
from core.studies.zero_shot import classify as zero_shot
from core.types import EmbeddingKey, EmbeddingSet, FloatArray, IntArray, Note, Provenance

PROVENANCE = Provenance(
    model_digest="m",
    data_digest="d",
    preprocessing={},
    precision="float32",
    device="cpu",
    versions={},
    date="2026-01-01",
    skipped=0,
    notes=(Note("a note", "a_code"),),
)
POOL = tuple(f"template {i} of a {{}}" for i in range(8))


def world(n: int = 600, c: int = 10, d: int = 24, seed: int = 0, noise: float = 1.8) -> tuple[EmbeddingSet, FloatArray]:
    """Pictures, and heads (8, c, d) of templates from good to useless."""
    rng = np.random.default_rng(seed)
    centres, labels = rng.normal(size=(c, d)), rng.integers(0, c, n)
    vectors = (centres[labels] + noise * rng.normal(size=(n, d))).astype(np.float32)
    wobble = np.linspace(0.6, 3, len(POOL))[:, None, None] * rng.normal(size=(len(POOL), c, d))
    heads = np.stack([zero_shot.class_embeddings((centres + w)[None].astype(np.float32)) for w in wobble])
    ids = tuple(f"class{label}/p{i}.png" for i, label in enumerate(labels))
    return EmbeddingSet(
        key=EmbeddingKey(model="a/x", dataset="set", split="test", fingerprint="f"),
        image_embeddings=vectors,
        ids=ids,
        logit_scale=100.0,
        provenance=PROVENANCE,
        labels=labels,
        classnames=tuple(map(str, range(c))),
    ), heads


def labels_of(images: EmbeddingSet) -> IntArray:
    assert images.labels is not None
    return images.labels


def run(images: EmbeddingSet, heads: FloatArray, **more: object) -> PromptSearchResult:
    return search(images, heads, POOL, [POOL[3]], heads[3], **more)  # type: ignore[arg-type]


def accuracy(images: FloatArray, head: FloatArray, labels: IntArray) -> float:
    unit = images / np.linalg.norm(images, axis=1, keepdims=True)
    return float(np.mean((unit @ head.T).argmax(axis=1) == labels))


def slow_greedy(images: FloatArray, labels: IntArray, heads: FloatArray) -> list[int]:
    """Every ensemble built anew and scored in full."""
    chosen, best = list[int](), -1.0
    while len(chosen) < len(heads):
        tried = {
            t: accuracy(images, weighted_head(heads[[*chosen, t]]), labels)
            for t in range(len(heads))
            if t not in chosen
        }
        take = max(tried, key=lambda t: tried[t])
        if tried[take] <= best:
            break
        chosen.append(take)
        best = tried[take]
    return chosen


# --- the cut ----------------------------------------------------------------------------------------------


def test_the_cut_is_fixed_complete_and_even_in_every_class() -> None:
    images, _ = world()
    labels = labels_of(images)
    parts = split_rows(images.ids, labels)
    assert sorted([*parts.search, *parts.heldout]) == list(range(600))
    sizes, held = Counter(labels.tolist()), Counter(labels[parts.heldout].tolist())
    assert all(abs(held[c] - sizes[c] / 2) <= 0.5 for c in sizes)
    again = split_rows(images.ids, labels)
    np.testing.assert_array_equal(parts.search, again.search)
    assert not np.array_equal(parts.search, split_rows(images.ids, labels, seed="other").search)


def test_the_cut_follows_the_ids_not_their_order() -> None:
    images, _ = world()
    order = np.random.default_rng(1).permutation(600)
    shuffled = [images.ids[i] for i in order]
    first = split_rows(images.ids, labels_of(images))
    second = split_rows(shuffled, labels_of(images)[order])
    assert {images.ids[i] for i in first.heldout} == {shuffled[i] for i in second.heldout}


def test_a_share_and_lonely_classes() -> None:
    parts = split_rows([str(i) for i in range(11)], np.array([0] * 10 + [1]), heldout_share=0.2)
    assert (len(parts.search), len(parts.heldout)) == (8, 3)
    assert 10 in parts.heldout
    for share in (0.0, 1.0):
        with pytest.raises(TMVError, match="share"):
            split_rows(["a", "b"], np.array([0, 0]), share)
    with pytest.raises(TMVError, match="two images"):
        split_rows(["a", "b"], np.array([0, 1]))


# --- the choice -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_greedy_equals_a_slow_search(seed: int) -> None:
    images, heads = world(seed=seed)
    choice = greedy(images.image_embeddings, labels_of(images), heads, POOL)
    assert list(choice.chosen) == slow_greedy(images.image_embeddings, labels_of(images), heads)
    for length, step in enumerate(choice.path, start=1):
        ensemble = weighted_head(heads[list(choice.chosen[:length])])
        assert step.search_acc1 == pytest.approx(accuracy(images.image_embeddings, ensemble, labels_of(images)))
    gains = [step.search_acc1 for step in choice.path]
    assert gains == sorted(gains) and len(set(gains)) == len(gains)
    assert sum(step.gain for step in choice.path) == pytest.approx(gains[-1])


def test_scores_computed_again_choose_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    images, heads = world()
    kept = greedy(images.image_embeddings, labels_of(images), heads, POOL)
    monkeypatch.setattr(prompt_search, "SCORES_KEPT", 0)
    assert greedy(images.image_embeddings, labels_of(images), heads, POOL) == kept


@pytest.mark.parametrize("seed", range(4))
def test_heldout_labels_never_influence_the_choice(seed: int) -> None:
    images, heads = world(seed=seed)
    labels = labels_of(images)
    parts = split_rows(images.ids, labels)
    honest = run(images, heads, parts=parts)
    shuffled = labels.copy()
    shuffled[parts.heldout] = np.random.default_rng(seed).permutation(shuffled[parts.heldout])
    other = EmbeddingSet(
        key=images.key,
        image_embeddings=images.image_embeddings,
        ids=images.ids,
        logit_scale=100.0,
        provenance=PROVENANCE,
        labels=shuffled,
        classnames=images.classnames,
    )
    blind = run(other, heads, parts=parts)
    assert blind.chosen.templates == honest.chosen.templates
    assert (blind.path, blind.search_acc1) == (honest.path, honest.search_acc1)
    assert [v.weights for v in blind.variants] == [v.weights for v in honest.variants]
    assert blind.chosen.heldout_acc1 < honest.chosen.heldout_acc1  # only the verdict sees them


def test_search_labels_do_influence_the_choice() -> None:
    images, heads = world()
    labels = labels_of(images).copy()
    parts = split_rows(images.ids, labels)
    labels[parts.search] = (labels[parts.search] + 1) % 10
    other = EmbeddingSet(
        key=images.key,
        image_embeddings=images.image_embeddings,
        ids=images.ids,
        logit_scale=100.0,
        provenance=PROVENANCE,
        labels=labels,
        classnames=images.classnames,
    )
    assert run(other, heads, parts=parts).path != run(images, heads, parts=parts).path


def test_a_budget_caps_what_is_tried_and_says_so() -> None:
    images, heads = world()
    result = run(images, heads, budget=10)
    assert result.evaluations == 10 and result.stopped == "the budget was spent"
    assert any("budget" in w for w in result.warnings)
    with pytest.raises(TMVError, match="budget"):
        run(images, heads, budget=0)
    assert len(run(images, heads, largest=2).chosen.templates) <= 2


def test_progress_counts_up_and_can_stop_the_search() -> None:
    images, heads = world()
    seen = list[tuple[int, int]]()
    run(images, heads, progress=lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == list(range(1, len(seen) + 1))
    assert all(done <= total for done, total in seen)

    def stop(done: int, total: int) -> None:
        if done == 5:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        run(images, heads, progress=stop)


# --- zero-shot prompt ensembling --------------------------------------------------------------------------


def slow_zpe(images: FloatArray, heads: FloatArray, scale: float) -> list[float]:
    """The weights with loops over templates, pictures and classes."""
    unit = images / np.linalg.norm(images, axis=1, keepdims=True)
    scores = []
    for head in heads:
        logits = [[scale * float(np.dot(x, h)) for h in head] for x in unit]
        means = [sum(row[c] for row in logits) / len(logits) for c in range(len(head))]
        scores.append(sum(max(v - m for v, m in zip(row, means, strict=True)) for row in logits) / len(logits))
    exps = [np.exp(s - max(scores)) for s in scores]
    return [float(e / sum(exps)) for e in exps]


def test_zpe_equals_loops_and_sums_to_one() -> None:
    images, heads = world(n=60)
    weights = zpe_weights(images.image_embeddings, heads, 20.0)
    np.testing.assert_allclose(weights, slow_zpe(images.image_embeddings, heads, 20.0), rtol=1e-4)
    assert weights.sum() == pytest.approx(1)


def test_zpe_gives_a_template_that_says_nothing_little_weight() -> None:
    images, heads = world()
    flat = heads.copy()
    flat[5] = flat[5][:1]  # every class the same vector: never sure of anything
    weights = zpe_weights(images.image_embeddings, flat, 100.0)
    assert weights[5] == weights.min() and weights[5] < 1 / len(POOL)


def test_a_weighted_head_with_equal_weights_is_clips_ensemble() -> None:
    rng = np.random.default_rng(0)
    texts = rng.normal(size=(5, 7, 16)).astype(np.float32)
    heads = np.stack([zero_shot.class_embeddings(t[None]) for t in texts])
    np.testing.assert_allclose(weighted_head(heads), zero_shot.class_embeddings(texts), atol=1e-6)


# --- the verdict ------------------------------------------------------------------------------------------


def test_the_verdict_is_the_heldout_accuracy_with_its_pairs() -> None:
    images, heads = world()
    parts = split_rows(images.ids, labels_of(images))
    result = run(images, heads)
    x, y = images.image_embeddings[parts.heldout], labels_of(images)[parts.heldout]
    head = weighted_head(heads[[POOL.index(t) for t in result.chosen.templates]])
    assert result.chosen.heldout_acc1 == pytest.approx(accuracy(x, head, y))
    assert result.baseline.heldout_acc1 == pytest.approx(accuracy(x, heads[3], y))
    gap = result.chosen.difference
    assert gap.difference == pytest.approx(result.chosen.heldout_acc1 - result.baseline.heldout_acc1)
    assert (len(result.chosen.gained), len(result.chosen.lost)) == (gap.n_only_a, gap.n_only_b)
    assert gap.p_value == mcnemar_exact(gap.n_only_a, gap.n_only_b)
    hits = round(result.chosen.heldout_acc1 * len(y))
    assert result.chosen.heldout_acc1_ci95 == wilson(hits, len(y))
    held = {images.ids[i] for i in parts.heldout}
    assert set(result.chosen.gained) | set(result.chosen.lost) <= held


def test_a_gain_within_noise_is_called_that() -> None:
    images, heads = world(n=60)
    same = np.repeat(heads[3:4], 8, axis=0)
    assert any("Within noise" in w for w in run(images, same).warnings)
    clear, good = world(n=3000, noise=0.6)
    good[3] = good[3][::-1]
    assert not any("Within noise" in w for w in run(clear, good).warnings)


def test_the_record_has_the_contract_names_and_comes_back() -> None:
    images, heads = world()
    result = run(images, heads)
    record = json.loads(json.dumps(result.to_record()))
    names = ("chosen", "search_acc1", "heldout_acc1", "heldout_acc1_ci95", "baseline_heldout_acc1", "p_value")
    assert {"model", "dataset", "split", "n", "provenance", *names} <= set(record)
    assert record["heldout_acc1"] == result.chosen.heldout_acc1
    assert record["p_value"] == result.chosen.difference.p_value
    assert json.loads(json.dumps(PromptSearchResult.from_record(record).to_record())) == record
    assert PromptSearchResult.from_record(record).chosen == result.chosen


def test_what_cannot_be_searched_is_refused() -> None:
    images, heads = world()
    with pytest.raises(TMVError, match="pool"):
        search(images, heads[:2], POOL, [POOL[0]], heads[0])
    bare = EmbeddingSet(
        key=images.key,
        image_embeddings=images.image_embeddings,
        ids=images.ids,
        logit_scale=100.0,
        provenance=PROVENANCE,
    )
    with pytest.raises(TMVError, match="labels"):
        run(bare, heads)
