"""One caption, one picture: ranks, margins, words and look-alikes against plain NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import TMVError
from core.stats.gallery import Gallery
from core.studies.captions import one_caption, retrieval
from core.studies.prompts.compose import leave_one_out
from core.types import EmbeddingKey, EmbeddingSet, FloatArray, Provenance

PROVENANCE = Provenance(
    model_digest="m",
    data_digest="d",
    preprocessing={},
    precision="float32",
    device="cpu",
    versions={},
    date="2026-01-01",
)


def captioned(n: int = 40, per: int = 3, d: int = 16, seed: int = 0) -> EmbeddingSet:
    rng = np.random.default_rng(seed)
    images = rng.normal(size=(n, d)).astype(np.float32)
    index = np.tile(np.arange(n), per)
    texts = (images[index] + 1.5 * rng.normal(size=(len(index), d))).astype(np.float32)
    captions = tuple(f"Caption {i} of image {p}" for i, p in enumerate(index))
    return EmbeddingSet(
        key=EmbeddingKey(model="a/x", dataset="set", split="val", fingerprint="f"),
        image_embeddings=images,
        ids=tuple(f"p{i}" for i in range(n)),
        logit_scale=100.0,
        provenance=PROVENANCE,
        captions=captions,
        text_embeddings=texts,
        image_index=index,
    )


def unit(x: FloatArray) -> FloatArray:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def examine(
    images: EmbeddingSet, row: int, vectors: FloatArray, text: str = "one two three", others: tuple[str, ...] = ()
) -> one_caption.OneCaptionResult:
    spans = leave_one_out(text)
    return one_caption.examine(images, Gallery.of(images.image_embeddings), row, text, vectors, spans, others)


def test_rank_margin_and_hits_by_plain_numpy() -> None:
    images, rng = captioned(), np.random.default_rng(3)
    vectors = rng.normal(size=(5, 16)).astype(np.float32)
    result = examine(images, 7, vectors, others=("bare",))
    for vector, got in zip(vectors, [result.caption, *(w.without for w in result.words), *result.others], strict=True):
        scores = unit(images.image_embeddings) @ unit(vector)
        assert got.rank == 1 + int((np.delete(scores, 7) >= scores[7]).sum())
        assert got.score == pytest.approx(float(scores[7]), abs=1e-6)
        assert got.margin == pytest.approx(float(scores[7] - np.delete(scores, 7).max()), abs=1e-6)
    order = np.argsort(-(unit(images.image_embeddings) @ unit(vectors[0])), kind="stable")
    assert [h.row for h in result.hits] == order[:10].tolist()
    assert result.hits[0].captions == tuple(images.captions[i] for i in range(order[0], 120, 40))


def test_words_move_the_rank() -> None:
    images = captioned()
    target = images.image_embeddings[7]
    vectors = np.stack([target, -target, target, target])
    result = examine(images, 7, vectors)
    assert result.caption.rank == 1 and result.caption.margin > 0
    assert [(w.word, w.without.rank, w.change) for w in result.words] == [
        ("one", 40, 39),
        ("two", 1, 0),
        ("three", 1, 0),
    ]
    assert result.words[0].contribution == pytest.approx(2, abs=1e-6)
    assert result.to_record()["words"][0]["rank_change"] == 39


def test_a_twin_of_the_original_counts_as_ahead() -> None:
    images = captioned()
    vectors = images.image_embeddings.copy()
    vectors[30] = vectors[7]
    twins = EmbeddingSet(
        key=images.key,
        image_embeddings=vectors,
        ids=images.ids,
        logit_scale=100.0,
        provenance=PROVENANCE,
        captions=images.captions,
        text_embeddings=images.text_embeddings,
        image_index=images.image_index,
    )
    result = examine(twins, 7, np.repeat(vectors[7:8], 4, axis=0))
    assert (result.caption.rank, result.caption.margin) == (2, 0)
    assert (result.lookalikes[0].id, result.lookalikes[0].rank) == ("p30", 1)
    assert result.lookalikes[0].score == pytest.approx(1)


def test_lookalikes_are_the_nearest_other_pictures() -> None:
    images = captioned()
    scores = unit(images.image_embeddings) @ unit(images.image_embeddings)[5]
    order = [i for i in np.argsort(-scores, kind="stable") if i != 5][:4]
    found = one_caption.lookalikes(images, Gallery.of(images.image_embeddings), 5, 4)
    assert [h.row for h in found] == order and [h.rank for h in found] == [1, 2, 3, 4]


def test_wrong_rows_and_counts_are_refused() -> None:
    images = captioned()
    with pytest.raises(TMVError, match="Image 40"):
        examine(images, 40, np.ones((4, 16), np.float32))
    with pytest.raises(TMVError, match="text vectors"):
        examine(images, 4, np.ones((3, 16), np.float32))


# --- a picture's captions ---------------------------------------------------------------------------------


def test_a_picture_finds_captions_as_plain_numpy_does() -> None:
    images = captioned()
    assert images.text_embeddings is not None and images.image_index is not None
    texts, result = Gallery.of(images.text_embeddings), retrieval.retrieve(images)
    for row in (0, 11, 39):
        found = one_caption.captions_found(images, texts, row, 6)
        scores = unit(images.text_embeddings) @ unit(images.image_embeddings[row])
        order = np.argsort(-scores, kind="stable")
        assert [h.row for h in found.hits] == order[:6].tolist()
        assert [h.own for h in found.hits] == [images.image_index[i] == row for i in order[:6]]
        assert sorted(h.row for h in found.own) == [row, row + 40, row + 80]
        assert [h.rank for h in found.own] == sorted(int(np.flatnonzero(order == h.row)[0]) + 1 for h in found.own)
        assert found.rank == result.text.ranks[row]


def test_a_picture_without_captions_has_no_rank() -> None:
    images = captioned()
    assert images.text_embeddings is not None and images.image_index is not None
    rows = np.flatnonzero(images.image_index != 3)
    part = EmbeddingSet(
        key=images.key,
        image_embeddings=images.image_embeddings,
        ids=images.ids,
        logit_scale=100.0,
        provenance=PROVENANCE,
        captions=tuple(images.captions[i] for i in rows),
        text_embeddings=images.text_embeddings[rows],
        image_index=images.image_index[rows],
    )
    assert part.text_embeddings is not None
    found = one_caption.captions_found(part, Gallery.of(part.text_embeddings), 3)
    assert found.rank is None and found.own == () and not any(h.own for h in found.hits)


# --- choosing ---------------------------------------------------------------------------------------------


def test_a_drawn_caption_is_of_its_kind_and_the_same_for_a_seed() -> None:
    images = captioned()
    result = retrieval.retrieve(images)
    rank = dict(zip(result.captions.tolist(), result.image.ranks.tolist(), strict=True))
    limits = {"easy": (1, 1), "hard": (2, 10), "lost": (11, 40), "any": (1, 40)}
    for kind, (low, high) in limits.items():
        for seed in range(5):
            row = one_caption.draw(result, kind, seed)  # type: ignore[arg-type]
            assert row is not None and low <= rank[row] <= high
            assert row == one_caption.draw(result, kind, seed)  # type: ignore[arg-type]
    sure = EmbeddingSet(
        key=images.key,
        image_embeddings=images.image_embeddings,
        ids=images.ids,
        logit_scale=100.0,
        provenance=PROVENANCE,
        captions=images.captions,
        text_embeddings=images.image_embeddings[images.image_index],
        image_index=images.image_index,
    )
    assert one_caption.draw(retrieval.retrieve(sure), "lost") is None


def test_captions_are_found_by_all_their_words() -> None:
    texts = ["Two white birds", "a white dog", "BIRDS in white", "a bird"]
    assert one_caption.find_captions(texts, "white bird") == (0, 2)
    assert one_caption.find_captions(texts, "white", limit=2) == (0, 1)
