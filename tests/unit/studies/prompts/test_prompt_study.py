"""Accuracy by template against classify and plain NumPy; edited columns against a full run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import TMVError
from core.stats.first_answers import FirstAnswers, answer, edit
from core.stats.gallery import Gallery
from core.stats.intervals import mcnemar_exact, wilson
from core.studies.prompts import accuracy as prompt_study
from core.studies.zero_shot import classify as zero_shot
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
TEMPLATES = ("a photo of a {}.", "a sketch of a {}.", "{}")


def world(n: int = 400, c: int = 12, t: int = 3, d: int = 32, seed: int = 0) -> tuple[EmbeddingSet, FloatArray]:
    """Pictures around class directions, and text vectors (t, c, d) around the same ones."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(c, d))
    labels = rng.integers(0, c, n)
    vectors = (centres[labels] + 1.6 * rng.normal(size=(n, d))).astype(np.float32)
    texts = (centres[None] + rng.normal(size=(t, c, d)) * np.linspace(0.4, 1.6, t)[:, None, None]).astype(np.float32)
    ids = tuple(f"p{i}" for i in range(n))
    return EmbeddingSet(
        key=EmbeddingKey(model="a/x", dataset="set", split="test", fingerprint="f"),
        image_embeddings=vectors,
        ids=ids,
        logit_scale=100.0,
        provenance=PROVENANCE,
        labels=labels,
        classnames=tuple(f"class {i}" for i in range(c)),
    ), texts


def labels_of(images: EmbeddingSet) -> IntArray:
    assert images.labels is not None
    return images.labels


def study(
    images: EmbeddingSet, texts: FloatArray, baseline: str | None = None, deck: dict[str, Reference] | None = None
) -> prompt_study.PromptStudyResult:
    labels = labels_of(images)
    answers = [answer(images.image_embeddings, zero_shot.class_embeddings(t[None]), labels) for t in texts]
    ensemble = answer(images.image_embeddings, zero_shot.class_embeddings(texts), labels)
    return prompt_study.summarise(
        images, TEMPLATES[: len(texts)], answers, ensemble, images.classnames, baseline=baseline, deck=deck
    )


def plain_accuracy(images: EmbeddingSet, texts: FloatArray) -> float:
    """CLIP's recipe in a few lines of NumPy."""
    unit = texts / np.linalg.norm(texts, axis=-1, keepdims=True)
    head = unit.mean(axis=0)
    head /= np.linalg.norm(head, axis=-1, keepdims=True)
    x = images.image_embeddings / np.linalg.norm(images.image_embeddings, axis=-1, keepdims=True)
    return float(np.mean((x @ head.T).argmax(axis=1) == images.labels))


def test_each_template_equals_classify_and_plain_numpy() -> None:
    images, texts = world()
    result = study(images, texts)
    for i, template in enumerate(TEMPLATES):
        single = zero_shot.classify(images, zero_shot.class_embeddings(texts[i : i + 1]), images.classnames, [template])
        assert result.templates[i].name == template
        assert result.templates[i].acc1 == single.acc1 == plain_accuracy(images, texts[i : i + 1])
        assert (result.templates[i].acc5, result.templates[i].acc1_ci95) == (single.acc5, single.acc1_ci95)
        np.testing.assert_array_equal(result.templates[i].answers.predicted, single.predicted)
        np.testing.assert_array_equal(result.templates[i].answers.ranks, single.ranks)
    assert result.ensemble.acc1 == plain_accuracy(images, texts)
    assert result.best.acc1 == max(t.acc1 for t in result.templates)


def test_gained_and_lost_by_hand() -> None:
    # Four pictures of two classes; template 2 turns picture 1 right and picture 2 wrong.
    vectors = np.array([[1, 0], [0.4, 1], [0.1, 1], [0, 1]], np.float32)
    images = EmbeddingSet(
        key=EmbeddingKey(model="a/x", dataset="set", split="test", fingerprint="f"),
        image_embeddings=vectors,
        ids=("w", "x", "y", "z"),
        logit_scale=1.0,
        provenance=PROVENANCE,
        labels=np.array([0, 0, 1, 1]),
        classnames=("cat", "dog"),
    )
    first, second = np.array([[1, 0], [0, 1]], np.float32), np.array([[0.3, 1], [-0.5, 1]], np.float32)
    result = study(images, np.stack([first, second]), baseline=TEMPLATES[0])
    base, other = result.templates
    assert [images.ids[i] for i in other.gained] == ["x"]
    assert [images.ids[i] for i in other.lost] == ["y", "z"]
    assert (base.acc1, other.acc1, other.changed) == (0.75, 0.5, 3)
    assert other.difference is not None and base.difference is None
    assert other.difference.difference == pytest.approx(-0.25)
    assert other.difference.p_value == mcnemar_exact(1, 2)
    assert base.acc1_ci95 == wilson(3, 4)
    changes = prompt_study.class_changes(result, TEMPLATES[1])
    assert [(x.classname, x.before, x.after, x.gained, x.lost) for x in changes] == [
        ("dog", 1.0, 0.0, 0, 2),
        ("cat", 0.5, 1.0, 1, 0),
    ]
    record = result.to_record()
    assert record["templates"][1]["gained"] == ["x"] and record["templates"][1]["lost"] == ["y", "z"]
    assert record["ensemble"]["template"] == "ensemble"
    assert record["recall"]["matrix"] == [[0.5, 1.0], [1.0, 0.0]]
    assert "top5_trivial" in coded(result.notes)


def test_recall_matrix_is_per_class_accuracy() -> None:
    images, texts = world()
    result = study(images, texts)
    for t in range(3):
        for c in range(12):
            own = labels_of(images) == c
            assert result.recall[t, c] == pytest.approx(np.mean(result.templates[t].answers.predicted[own] == c))


def test_the_baseline_can_be_the_ensemble_and_must_be_known() -> None:
    images, texts = world()
    result = study(images, texts, baseline="ensemble")
    assert result.ensemble.difference is None
    assert all(t.difference is not None for t in result.templates)
    with pytest.raises(TMVError, match="baseline"):
        study(images, texts, baseline="a {}")


def test_deck_figures_stand_beside_their_template() -> None:
    images, texts = world()
    deck = {
        TEMPLATES[1]: Reference(
            metric="acc1", value=0.5891, protocol="as titled", source="the original study", kind="deck"
        )
    }
    result = study(images, texts, deck=deck)
    assert [t.deck.value if t.deck else None for t in result.templates] == [None, 0.5891, None]
    assert result.to_record()["templates"][1]["deck_acc1"] == 0.5891


def test_pictures_without_labels_are_refused() -> None:
    images = EmbeddingSet(
        key=EmbeddingKey(model="a/x", dataset="set", split="test", fingerprint="f"),
        image_embeddings=np.ones((1, 2), np.float32),
        ids=("a",),
        logit_scale=1.0,
        provenance=PROVENANCE,
    )
    one = np.ones(1, np.float32)
    empty = FirstAnswers(ranks=np.ones(1, np.int64), predicted=np.ones(1, np.int64), own=one, best=one)
    with pytest.raises(TMVError, match="labels"):
        prompt_study.summarise(images, ["{}"], [empty], empty, ["x"])


# --- one column -------------------------------------------------------------------------------------------


def edited(images: EmbeddingSet, before: FloatArray, after: FloatArray) -> tuple[FirstAnswers, FirstAnswers]:
    labels, gallery = labels_of(images), Gallery.of(images.image_embeddings)
    quick = edit(
        answer(images.image_embeddings, before, labels), images.image_embeddings, gallery, labels, before, after
    )
    return quick, answer(images.image_embeddings, after, labels)


@pytest.mark.parametrize("seed", range(12))
def test_editing_names_equals_starting_over(seed: int) -> None:
    images, texts = world(seed=seed)
    before = zero_shot.class_embeddings(texts)
    after, rng = before.copy(), np.random.default_rng(seed + 100)
    columns = rng.choice(len(before), size=1 + seed % 3, replace=False)
    after[columns] = zero_shot.class_embeddings(rng.normal(size=(1, len(columns), before.shape[1])))
    quick, slow = edited(images, before, after)
    np.testing.assert_array_equal(quick.ranks, slow.ranks)
    np.testing.assert_array_equal(quick.predicted, slow.predicted)
    np.testing.assert_allclose(quick.own, slow.own, atol=1e-6)
    np.testing.assert_allclose(quick.best, slow.best, atol=1e-6)


def test_of_two_names_that_an_edit_makes_equal_the_first_is_the_answer() -> None:
    images, texts = world()
    before = zero_shot.class_embeddings(texts)
    after = before.copy()
    after[3] = before[7]
    quick, slow = edited(images, before, after)
    np.testing.assert_array_equal(quick.ranks, slow.ranks)
    np.testing.assert_array_equal(quick.predicted, slow.predicted)
    assert 7 not in quick.predicted and not quick.correct[labels_of(images) == 7].any()
    back, _ = edited(images, after, before)
    np.testing.assert_array_equal(back.ranks, answer(images.image_embeddings, before, labels_of(images)).ranks)


def test_an_edit_reads_few_pictures_again(monkeypatch: pytest.MonkeyPatch) -> None:
    images, texts = world(n=2000, c=50)
    before = zero_shot.class_embeddings(texts)
    after = before.copy()
    after[4] = -before[4]
    start = answer(images.image_embeddings, before, labels_of(images))
    read = list[int]()

    def counting(vectors: FloatArray, classes: FloatArray, labels: IntArray) -> FirstAnswers:
        read.append(len(vectors))
        return answer(vectors, classes, labels)

    monkeypatch.setattr("core.stats.first_answers.answer", counting)
    edit(start, images.image_embeddings, Gallery.of(images.image_embeddings), labels_of(images), before, after)
    assert sum(read) < 2000 / 4


def test_no_change_gives_the_same_answers_and_other_classes_are_refused() -> None:
    images, texts = world()
    head = zero_shot.class_embeddings(texts)
    start = answer(images.image_embeddings, head, labels_of(images))
    gallery = Gallery.of(images.image_embeddings)
    assert edit(start, images.image_embeddings, gallery, labels_of(images), head, head.copy()) is start
    with pytest.raises(TMVError, match="keeps the classes"):
        edit(start, images.image_embeddings, gallery, labels_of(images), head, head[:-1])


def test_memory_mapped_pictures_can_be_edited(tmp_path: Path) -> None:
    images, texts = world()
    np.save(tmp_path / "v.npy", images.image_embeddings)
    mapped = np.load(tmp_path / "v.npy", mmap_mode="r")
    before = zero_shot.class_embeddings(texts)
    after = before[::-1].copy()
    labels = labels_of(images)
    quick = edit(answer(mapped, before, labels), mapped, Gallery.of(mapped), labels, before, after)
    np.testing.assert_array_equal(quick.ranks, answer(images.image_embeddings, after, labels).ranks)
