"""Search, lists and composed prompts against slow, obvious ways."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from core.errors import TMVError
from core.stats.gallery import Gallery, exact_cosines, unit_vector
from core.studies.pictures import lists
from core.studies.pictures import search as pictures
from core.studies.pictures.query import Query, Term, ask, query_vector
from core.studies.prompts import compose
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


def embedding_set(
    vectors: FloatArray,
    labels: Sequence[int] | None = None,
    classnames: Sequence[str] = (),
    model: str = "a/x",
    ids: Sequence[str] = (),
) -> EmbeddingSet:
    names = tuple(ids) or tuple(f"p{i:04d}" for i in range(len(vectors)))
    return EmbeddingSet(
        key=EmbeddingKey(model=model, dataset="set", split="test", fingerprint="f"),
        image_embeddings=vectors,
        ids=names,
        logit_scale=100.0,
        provenance=PROVENANCE,
        labels=None if labels is None else np.asarray(labels, np.int64),
        classnames=tuple(classnames),
    )


def found(vectors: FloatArray, query: FloatArray, k: int = 10, **more: object) -> pictures.PicturesResult:
    images = embedding_set(vectors, **more)  # type: ignore[arg-type]
    return pictures.find(images, Gallery.of(vectors), ask("bird"), unit_vector(query), k)


def sorted_rows(vectors: FloatArray, query: FloatArray) -> list[int]:
    """Exhaustive: every cosine by itself in float64, then a stable sort."""
    unit = [v / np.sqrt(np.square(v).sum(dtype=np.float32)) for v in vectors]
    score = [float(np.dot(u.astype(np.float64), query.astype(np.float64))) for u in unit]
    return sorted(range(len(score)), key=lambda i: -score[i])


def random_vectors(n: int, d: int = 48, seed: int = 0) -> FloatArray:
    rng = np.random.default_rng(seed)
    scale = rng.uniform(0.2, 9, size=(n, 1))
    return (rng.normal(size=(n, d)) * scale).astype(np.float32)


# --- search -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 3, 10, 257, 4000])
def test_search_equals_an_exhaustive_sort(n: int) -> None:
    vectors, query = random_vectors(n), unit_vector(random_vectors(1, seed=5)[0])
    result = found(vectors, query, k=25)
    assert [hit.row for hit in result.hits] == sorted_rows(vectors, query)[:25]
    assert [hit.rank for hit in result.hits] == list(range(1, min(n, 25) + 1))


def test_equal_pictures_stand_in_the_order_of_the_data_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.stats.gallery.NUMBERS_PER_BLOCK", 48 * 16)  # copies lie in different blocks
    vectors = random_vectors(200)
    query = unit_vector(random_vectors(1, seed=5)[0])
    best = sorted_rows(vectors, query)[0]
    copies = [3, 17, 55, 90, 181]
    vectors[copies] = vectors[best]
    expected = sorted([*copies, best])
    assert [hit.row for hit in found(vectors, query, k=len(expected)).hits] == expected
    assert [hit.row for hit in found(vectors, query, k=2).hits] == expected[:2]


def test_a_memory_mapped_file_gives_the_same(tmp_path: Path) -> None:
    vectors, query = random_vectors(500), unit_vector(random_vectors(1, seed=7)[0])
    np.save(tmp_path / "v.npy", vectors)
    mapped = np.load(tmp_path / "v.npy", mmap_mode="r")
    assert [h.row for h in found(mapped, query).hits] == [h.row for h in found(vectors, query).hits]


class Sliced:
    """Vectors that can only be read a slice at a time."""

    def __init__(self, array: FloatArray) -> None:
        self.array, self.shape = array, array.shape

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, rows: slice) -> FloatArray:
        assert isinstance(rows, slice)
        return self.array[rows]


def test_scores_do_not_depend_on_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, query = random_vectors(300), unit_vector(random_vectors(1, seed=7)[0])
    whole = found(vectors, query)
    monkeypatch.setattr("core.stats.gallery.NUMBERS_PER_BLOCK", 1)
    gallery = Gallery.of(Sliced(vectors))
    cut = pictures.find(embedding_set(vectors), gallery, ask("bird"), query, 10)
    assert [(h.row, h.score) for h in whole.hits] == [(h.row, h.score) for h in cut.hits]


def test_ranks_are_places_in_the_whole_list() -> None:
    vectors, query = random_vectors(400), unit_vector(random_vectors(1, seed=7)[0])
    vectors[10] = vectors[200] = vectors[300]
    gallery = Gallery.of(vectors)
    order = sorted_rows(vectors, query)
    rows = np.array([0, 10, 200, 300, 399])
    ranks = gallery.ranks(query, gallery.scores(query[None])[0], rows)
    assert [int(r) for r in ranks] == [order.index(int(row)) + 1 for row in rows]


def test_ahead_of_counts_ties_and_better_but_not_itself() -> None:
    vectors, query = random_vectors(50), unit_vector(random_vectors(1, seed=7)[0])
    order = sorted_rows(vectors, query)
    vectors[order[-1]] = vectors[order[4]]  # a copy ties with the fifth
    gallery = Gallery.of(vectors)
    ahead = gallery.ahead_of(query, gallery.scores(query[None])[0], order[4])
    assert set(ahead.tolist()) == {*order[:4], order[-1]}


def test_a_zero_vector_scores_zero_and_nan_is_refused() -> None:
    vectors = random_vectors(5)
    vectors[2] = 0
    gallery = Gallery.of(vectors)
    assert gallery.scores(unit_vector(vectors[0])[None])[0][2] == 0
    vectors[3, 1] = np.nan
    with pytest.raises(TMVError, match="vector 3"):
        Gallery.of(vectors)


def test_exact_cosines_are_the_same_alone_and_in_a_batch() -> None:
    rows = random_vectors(64, d=513)
    batch = exact_cosines(rows, rows[0])
    assert [float(exact_cosines(rows[i : i + 1], rows[0])[0]) for i in range(64)] == batch.tolist()


def test_widths_must_fit_and_k_must_be_positive() -> None:
    vectors = random_vectors(5)
    with pytest.raises(TMVError, match="one model"):
        Gallery.of(vectors).scores(np.ones((1, 7), np.float32))
    with pytest.raises(TMVError, match="at least 1"):
        found(vectors, vectors[0], k=0)


# --- the query --------------------------------------------------------------------------------------------


def test_query_is_the_stated_sum() -> None:
    query = ask("bird", plus=["sky"], minus=["water"], minus_weight=0.5, image="mine.jpg", image_weight=2)
    texts, image = random_vectors(3), random_vectors(1, seed=3)[0]
    unit = [t / np.linalg.norm(t) for t in texts]
    by_hand = unit[0] + unit[1] - 0.5 * unit[2] + 2 * image / np.linalg.norm(image)
    np.testing.assert_allclose(query_vector(query, texts, image), by_hand / np.linalg.norm(by_hand), atol=1e-6)
    assert query.words == "bird + sky - 0.5 water + 2 mine.jpg"
    assert query.texts == ("bird", "sky", "water")


def test_a_picture_alone_is_a_query() -> None:
    query = ask("", image="mine.jpg")
    image = random_vectors(1)[0]
    vector = query_vector(query, np.empty((0, 48), np.float32), image)
    np.testing.assert_allclose(vector, image / np.linalg.norm(image), atol=1e-6)


@pytest.mark.parametrize(
    "make",
    [lambda: ask(""), lambda: ask("x", minus=[" "]), lambda: Query(terms=(Term(text="x", weight=float("nan")),))],
)
def test_senseless_queries_are_refused(make: object) -> None:
    with pytest.raises(TMVError):
        make()  # type: ignore[operator]


def test_a_query_that_cancels_itself_says_so() -> None:
    query, text = ask("bird", minus=["bird"], minus_weight=1), random_vectors(1)
    with pytest.raises(TMVError, match="cancel"):
        query_vector(query, np.vstack([text, text]))


# --- labels, precision, spread ----------------------------------------------------------------------------


def test_precision_counts_by_hand() -> None:
    vectors = np.array([[1, 0], [0.9, 0.1], [0.8, 0.3], [0, 1]], np.float32)
    images = embedding_set(vectors, [0, 1, 0, 0], ["bird", "fish"])
    result = pictures.find(images, Gallery.of(vectors), ask("bird"), unit_vector(vectors[0]), 3, [0])
    assert result.precision is not None
    assert (result.precision.hits, result.precision.k, result.precision.relevant) == (2, 3, 3)
    assert result.precision.base_rate == pytest.approx(0.75)
    assert result.precision.recall == pytest.approx(2 / 3)
    assert [hit.relevant for hit in result.hits] == [True, False, True]
    record = result.to_record()
    assert record["hits"][1] == {
        "rank": 2,
        "id": "p0001",
        "score": pytest.approx(0.9 / np.hypot(0.9, 0.1)),
        "label": "fish",
        "relevant": False,
    }
    assert record["precision"]["precision_at_k"] == pytest.approx(2 / 3)


def test_hits_of_captioned_sets_carry_their_captions() -> None:
    vectors = random_vectors(3)
    images = EmbeddingSet(
        key=EmbeddingKey(model="a/x", dataset="set", split="val", fingerprint="f"),
        image_embeddings=vectors,
        ids=("a", "b", "c"),
        logit_scale=100.0,
        provenance=PROVENANCE,
        captions=("one", "two", "three"),
        text_embeddings=random_vectors(3, seed=9),
        image_index=np.array([2, 0, 2]),
    )
    result = pictures.find(images, Gallery.of(vectors), ask("x"), unit_vector(vectors[2]), 1)
    assert result.hits[0].to_record() == {"rank": 1, "id": "c", "score": pytest.approx(1), "captions": ["one", "three"]}


def test_spread_counts_every_picture_once() -> None:
    scores = random_vectors(1, d=1000)[0]
    spread = pictures.spread(scores)
    assert spread.counts.sum() == 1000
    assert dict(spread.quantiles)[0.5] == pytest.approx(float(np.median(scores)))
    assert spread.mean == pytest.approx(float(np.mean(scores, dtype=np.float64)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a photo of a bird", {"bird"}),
        ("Birds, white, flying", {"bird"}),
        ("a teddy bear", {"teddy bear"}),
        ("two teddy bears and a bear", {"teddy bear", "bear"}),
        ("bearing gifts", set()),
        ("cherries", {"cherry"}),
        ("boxes of a fish", {"box", "fish"}),
        ("", set()),
    ],
)
def test_classes_are_found_in_a_text_as_whole_words(text: str, expected: set[str]) -> None:
    names = ["bear", "bird", "teddy bear", "cherry", "box", "fish"]
    assert {names[c] for c in compose.classes_named(text, names)} == expected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a photo of a white bird", (("white", 2), ("bird", 2))),
        ("flying birds", (("flying", 1), ("birds", 2))),
        ("a drawing of THE Sea, the sea", (("sea", 1),)),
        ("a photo of", ()),
    ],
)
def test_words_of_a_text_are_counted_in_captions(text: str, found: tuple[tuple[str, int], ...]) -> None:
    captions = [("A white bird.", "Something flying"), ("Two birds by the sea!",), ("white snow", "a birdcage"), ()]
    assert compose.words_in_captions(text, captions) == found


# --- lists ------------------------------------------------------------------------------------------------


def slow_rbo(a: Sequence[str], b: Sequence[str], p: float) -> float:
    """The extrapolated sum written out depth by depth."""
    depth = min(len(a), len(b))
    total = 0.0
    for d in range(1, depth + 1):
        total += (1 - p) / p * len(set(a[:d]) & set(b[:d])) / d * p**d
    return total + len(set(a[:depth]) & set(b[:depth])) / depth * p**depth


def test_rbo_by_hand() -> None:
    # Depth 1: nothing shared; depth 2: both. 0.5/0.5 * (0 * 0.5 + 1 * 0.25) + 1 * 0.25 = 0.5
    assert lists.rank_biased_overlap("ab", "ba", p=0.5) == pytest.approx(0.5)
    assert lists.rank_biased_overlap("abc", "abc") == pytest.approx(1)
    assert lists.rank_biased_overlap("abc", "xyz") == 0
    assert lists.rank_biased_overlap("", "abc") == 0


@pytest.mark.parametrize("seed", range(20))
def test_rbo_equals_the_slow_sum(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = ([str(x) for x in rng.permutation(14)[:10]] for _ in range(2))
    p = float(rng.uniform(0.5, 0.98))
    assert lists.rank_biased_overlap(a, b, p) == pytest.approx(slow_rbo(a, b, p))
    assert lists.rank_biased_overlap(a, b, p) == pytest.approx(lists.rank_biased_overlap(b, a, p))


def test_rbo_cares_most_about_the_top() -> None:
    base = list("abcdefghij")
    top, bottom = list("Xbcdefghij"), list("abcdefghiX")
    assert lists.rank_biased_overlap(base, top) < lists.rank_biased_overlap(base, bottom)


def test_compare_says_what_stayed_went_and_came() -> None:
    a, b = random_vectors(60), random_vectors(60, seed=1)
    query_a, query_b = unit_vector(a[0]), unit_vector(b[0])
    one, two = found(a, query_a, model="a/x"), found(b, query_b, model="b/y")
    result = lists.compare(one, Gallery.of(a), two, Gallery.of(b))
    first, second = [h.id for h in one.hits], [h.id for h in two.hits]
    assert result.overlap == len(set(first) & set(second)) / 10
    assert (result.a, result.b, result.kept) == ("a/x", "b/y", tuple(i for i in first if i in second))
    assert result.lost == tuple(i for i in first if i not in second)
    assert result.new == tuple(i for i in second if i not in first)
    order_a, order_b = sorted_rows(a, query_a), sorted_rows(b, query_b)
    for moved in result.moved:
        row = int(moved.id[1:])
        assert (moved.rank_a, moved.rank_b) == (order_a.index(row) + 1, order_b.index(row) + 1)
        assert moved.change == order_a.index(row) - order_b.index(row)
    assert {m.id for m in result.moved} == {*first, *second}


def test_a_picture_one_model_skipped_has_no_rank_there() -> None:
    vectors = random_vectors(20)
    one = found(vectors, vectors[0], k=3, model="a/x")
    kept = [i for i in range(20) if i != one.hits[0].row]
    two = found(vectors[kept], vectors[0], k=3, model="b/y", ids=[f"p{i:04d}" for i in kept])
    result = lists.compare(one, Gallery.of(vectors), two, Gallery.of(vectors[kept]))
    gone = next(m for m in result.moved if m.id == one.hits[0].id)
    assert (gone.rank_a, gone.rank_b, gone.change) == (1, None, None)


def test_lists_of_two_data_sets_do_not_compare() -> None:
    vectors = random_vectors(5)
    one = found(vectors, vectors[0])
    other = pictures.find(
        EmbeddingSet(
            key=EmbeddingKey(model="a/x", dataset="other", split="test", fingerprint="f"),
            image_embeddings=vectors,
            ids=tuple("abcde"),
            logit_scale=1.0,
            provenance=PROVENANCE,
        ),
        Gallery.of(vectors),
        ask("x"),
        unit_vector(vectors[0]),
    )
    with pytest.raises(TMVError, match="one data set"):
        lists.compare(one, Gallery.of(vectors), other, Gallery.of(vectors))


# --- composed prompts -------------------------------------------------------------------------------------


def test_slots_spread_over_lists() -> None:
    grid = compose.expand(
        "a {style} of a {adjective} {noun}",
        {"style": ["photo", "drawing"], "adjective": ["", "orange"], "noun": ["bird", "apple"]},
    )
    assert [g.text for g in grid] == [
        "a photo of a bird",
        "a photo of an apple",
        "a photo of an orange bird",
        "a photo of an orange apple",
        "a drawing of a bird",
        "a drawing of an apple",
        "a drawing of an orange bird",
        "a drawing of an orange apple",
    ]
    assert grid[1].values == (("style", "photo"), ("adjective", ""), ("noun", "apple"))


def test_slots_can_make_templates() -> None:
    made = compose.expand("a {quality} photo of a {}.", {"quality": ["", "bad"]})
    assert [m.text for m in made] == ["a photo of a {}.", "a bad photo of a {}."]


def test_slots_without_values_and_too_many_prompts_are_refused() -> None:
    with pytest.raises(TMVError, match="noun"):
        compose.expand("a {noun}", {"noun": []})
    with pytest.raises(TMVError, match="at most"):
        compose.expand("{a}{b}", {"a": [str(i) for i in range(100)], "b": [str(i) for i in range(100)]})


def test_a_ladder_adds_adjectives_in_front() -> None:
    assert compose.ladder("bird", ["white", "flying"]) == ("bird", "white bird", "flying white bird")
    assert compose.ladder("bird", ["orange"], "a photo of a {}") == ("a photo of a bird", "a photo of an orange bird")


def test_leave_one_out_keeps_hyphens_and_drops_stray_commas() -> None:
    spans = compose.leave_one_out("bird, white, low-flying.")
    assert [(s.word, s.without) for s in spans] == [
        ("bird", "white, low-flying."),
        ("white", "bird, low-flying."),
        ("low-flying", "bird, white."),
    ]
    text = "a bird, a plane"
    assert all(text[s.start : s.end] == s.word for s in compose.leave_one_out(text))
    assert compose.leave_one_out("bird") == ()


def test_paraphrases_are_other_texts_with_the_same_words() -> None:
    made = compose.rewordings_of("A photo of white birds.")
    assert "A photo of white birds." not in made
    assert {"A photo of white birds", "white birds", "an image of white birds", "white, birds"} <= set(made)
    assert len(made) == len(set(made))
