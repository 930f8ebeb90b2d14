"""Every count against a slow, obvious way of counting, and against one small case worked by hand."""

import math

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, f1_score, top_k_accuracy_score

from core.errors import TMVError
from core.stats import metrics, scores
from core.types import ScoreRule

EYE = np.eye(3, dtype=np.float32)


def vectors(n, d, seed):
    return np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)


def slow_cosines(a, b):
    return np.array(
        [[float(x @ y / (np.linalg.norm(x) * np.linalg.norm(y))) for y in b.astype(float)] for x in a.astype(float)]
    )


def slow_rank(scores, true):
    """Place of `true` in a descending sort, of equal scores the lower index first."""
    order = sorted(range(len(scores)), key=lambda j: (-scores[j], j))
    return order.index(true) + 1


@pytest.fixture
def small_blocks(monkeypatch):
    """So that even small cases cross many block borders."""
    monkeypatch.setattr(scores, "SCORES_PER_BLOCK", 1)


# --- scores and ranks -------------------------------------------------------------------------------------


def test_normalise_by_hand_and_zero_stays_zero():
    unit = metrics.normalise(np.array([[3.0, 4.0], [0.0, 0.0]]))
    assert unit.dtype == np.float32
    np.testing.assert_allclose(unit, [[0.6, 0.8], [0.0, 0.0]], rtol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_normalise_names_the_broken_vector(bad):
    with pytest.raises(TMVError, match="vector 1 holds NaN"):
        metrics.normalise(np.array([[1.0, 2.0], [bad, 0.0]]))


@pytest.mark.usefixtures("small_blocks")
def test_ranks_equal_a_slow_sort_across_blocks():
    images, classes = vectors(101, 8, 0), vectors(13, 8, 1)
    labels = np.random.default_rng(2).integers(0, 13, 101)
    scores = slow_cosines(images, classes)
    expected = [slow_rank(row, true) for row, true in zip(scores, labels, strict=True)]
    assert metrics.ranks_of_true(images, classes, labels).tolist() == expected
    assert len(list(metrics.score_blocks(images, classes))) == 7


def test_ranks_equal_argsort_on_distinct_scores():
    images, classes = vectors(200, 16, 3), vectors(40, 16, 4)
    labels = np.random.default_rng(5).integers(0, 40, 200)
    order = np.argsort(-slow_cosines(images, classes), axis=1)
    expected = np.argmax(order == labels[:, None], axis=1) + 1
    np.testing.assert_array_equal(metrics.ranks_of_true(images, classes, labels), expected)


def test_of_classes_that_tie_the_lower_index_comes_first():
    classes = np.stack([EYE[0], EYE[1], EYE[0]])
    ranks = metrics.ranks_of_true(EYE[[0, 0, 1]], classes, np.array([0, 2, 1]))
    assert ranks.tolist() == [1, 2, 1]
    assert metrics.ranks_of_true(np.zeros((1, 3), np.float32), EYE, np.array([1])).tolist() == [2]


@pytest.mark.parametrize("levels", [2, 5, 10_000])
def test_rank_of_equals_a_slow_stable_sort(levels):
    rng = np.random.default_rng(levels)
    scores = rng.integers(0, levels, (80, 12)).astype(np.float32)
    columns = rng.integers(0, 12, 80)
    assert metrics.rank_of(scores, columns).tolist() == [
        slow_rank(row, j) for row, j in zip(scores, columns, strict=True)
    ]
    np.testing.assert_array_equal(metrics.rank_of(scores, columns) == 1, scores.argmax(axis=1) == columns)


def test_equal_class_vectors_tie_whatever_their_place_in_the_product():
    images, half = vectors(500, 96, 6), vectors(17, 96, 7)
    classes = np.concatenate([half, half])
    labels = np.random.default_rng(8).integers(0, 34, 500)
    ranks = metrics.ranks_of_true(images, classes, labels)
    np.testing.assert_array_equal(ranks, 2 * metrics.ranks_of_true(images, half, labels % 17) - (labels < 17))


def test_scale_of_the_vectors_does_not_matter_and_memory_maps_work(tmp_path):
    images, classes = vectors(50, 8, 9), vectors(7, 8, 10)
    labels = np.random.default_rng(11).integers(0, 7, 50)
    np.save(tmp_path / "x.npy", images * 16)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    np.testing.assert_array_equal(
        metrics.ranks_of_true(mapped, classes * 4, labels), metrics.ranks_of_true(images, classes, labels)
    )


@pytest.mark.parametrize(("labels", "message"), [([0, 3], "found 3"), ([0, -1], "found -1"), ([0], "each of 2")])
def test_labels_that_do_not_fit(labels, message):
    with pytest.raises(TMVError, match=message):
        metrics.ranks_of_true(EYE[:2], EYE, np.array(labels))


def test_vectors_that_do_not_compare():
    with pytest.raises(TMVError, match="3 and 4 numbers"):
        metrics.ranks_of_true(EYE, np.eye(4, dtype=np.float32), np.array([0, 1, 2]))
    with pytest.raises(TMVError, match="Nothing to compare"):
        metrics.ranks_of_true(EYE[:0], EYE, np.array([], dtype=np.int64))


# --- top-k ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 3, 5, 40, 99])
@pytest.mark.parametrize("levels", [3, 10_000])
def test_top_k_equals_a_stable_sort_with_and_without_ties(k, levels):
    scores = np.random.default_rng(k).integers(0, levels, (60, 40)).astype(np.float32)
    expected = [sorted(range(40), key=lambda j: (-row[j], j))[:k] for row in scores]
    assert metrics.top_k(scores, k).tolist() == expected


def test_softmax_by_hand():
    probability = metrics.softmax(np.array([[0.3, 0.1]], dtype=np.float32), 10.0)
    np.testing.assert_allclose(probability, [[0.880797, 0.119203]], atol=1e-6)


@pytest.mark.usefixtures("small_blocks")
def test_one_pass_equals_ranks_sort_and_softmax():
    images, classes = vectors(90, 12, 20), vectors(31, 12, 21)
    labels = np.random.default_rng(22).integers(0, 31, 90)
    found = metrics.classify_vectors(images, classes, labels, ScoreRule(scale=30.0), k=5)
    scores = slow_cosines(images, classes)
    logits = np.exp(30.0 * scores)
    probability = logits / logits.sum(axis=1, keepdims=True)
    order = np.argsort(-scores, axis=1)[:, :5]
    np.testing.assert_array_equal(found.top, order)
    np.testing.assert_allclose(found.probability, np.take_along_axis(probability, order, axis=1), rtol=1e-4)
    np.testing.assert_array_equal(found.ranks, metrics.ranks_of_true(images, classes, labels))
    assert not found.top.flags.writeable


@pytest.mark.usefixtures("small_blocks")
def test_a_sigmoid_model_is_a_softmax_over_a_closed_set_and_its_own_rule_beside_it():
    images, classes = vectors(90, 12, 20), vectors(31, 12, 21)
    labels = np.random.default_rng(22).integers(0, 31, 90)
    rule = ScoreRule(function="sigmoid", scale=30.0, bias=-12.0)
    found = metrics.classify_vectors(images, classes, labels, rule, k=5)
    plain = metrics.classify_vectors(images, classes, labels, ScoreRule(scale=30.0), k=5)
    np.testing.assert_array_equal(found.top, plain.top)
    np.testing.assert_array_equal(found.ranks, plain.ranks)
    np.testing.assert_array_equal(found.probability, plain.probability)
    best = slow_cosines(images, classes).max(axis=1)
    np.testing.assert_allclose(found.own_probability, [1 / (1 + math.exp(12 - 30 * x)) for x in best], rtol=1e-3)
    assert plain.own_probability is None


def test_in_a_tie_the_answer_agrees_with_the_rank():
    rng = np.random.default_rng(23)
    classes = rng.integers(0, 2, (12, 4)).astype(np.float32)
    images, labels = rng.integers(0, 2, (300, 4)).astype(np.float32), rng.integers(0, 12, 300)
    found = metrics.classify_vectors(images, classes, labels, ScoreRule(scale=100.0), k=3)
    for rank, row, label in zip(found.ranks, found.top, labels, strict=True):
        assert (row[rank - 1] == label) if rank <= 3 else (label not in row)
    best = np.array([[c @ x for c in metrics.normalise(classes)] for x in metrics.normalise(images)])
    tied = [row[label] == row.max() and (row == row.max()).sum() > 1 for row, label in zip(best, labels, strict=True)]
    assert found.tied.tolist() == tied and 0 < sum(tied) < 300


# --- classification ---------------------------------------------------------------------------------------


def test_accuracy_by_hand():
    ranks = np.array([1, 2, 1, 6, 5])
    assert [metrics.accuracy(ranks, k) for k in (1, 2, 5, 6)] == [0.4, 0.6, 0.8, 1.0]


def test_accuracy_of_nothing_is_an_error():
    with pytest.raises(TMVError, match="nothing to count"):
        metrics.accuracy(np.array([], dtype=np.int64))


def test_per_class_recall_by_hand_with_an_empty_class():
    labels, correct = np.array([0, 0, 0, 2]), np.array([True, False, False, True])
    np.testing.assert_allclose(metrics.per_class_recall(labels, correct, 3), [1 / 3, np.nan, 1.0])
    assert metrics.mean_per_class_recall(labels, correct, 3) == pytest.approx(2 / 3)


def test_counts_equal_scikit_learn():
    rng = np.random.default_rng(30)
    scores, labels = rng.random((400, 9)), rng.integers(0, 9, 400)
    predicted = scores.argmax(axis=1)
    ranks = np.array([slow_rank(s, t) for s, t in zip(scores, labels, strict=True)])
    for k in (1, 5):
        assert metrics.accuracy(ranks, k) == pytest.approx(top_k_accuracy_score(labels, scores, k=k))
    assert metrics.mean_per_class_recall(labels, predicted == labels, 9) == pytest.approx(
        balanced_accuracy_score(labels, predicted)
    )
    table = confusion_matrix(labels, predicted)
    np.testing.assert_array_equal(metrics.confusion(labels, predicted, 9), table)


def test_confusion_and_its_worst_pairs_by_hand():
    table = metrics.confusion(np.array([0, 0, 0, 1, 1, 2]), np.array([0, 1, 1, 0, 0, 2]), 4)
    assert table.tolist() == [[1, 2, 0, 0], [2, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    first, second = metrics.most_confused(table)
    assert (first.true, first.predicted, first.count, first.share) == (1, 0, 2, 1.0)
    assert (second.true, second.predicted, second.count, second.share) == (0, 1, 2, pytest.approx(2 / 3))
    assert metrics.most_confused(table, limit=1) == (first,)


# --- calibration ------------------------------------------------------------------------------------------


def slow_ece(probability, correct, bins):
    total = 0.0
    for i in range(bins):
        inside = [j for j, p in enumerate(probability) if i / bins < p <= (i + 1) / bins or (i == 0 and p == 0)]
        if inside:
            sure = sum(probability[j] for j in inside) / len(inside)
            right = sum(bool(correct[j]) for j in inside) / len(inside)
            total += len(inside) / len(probability) * abs(sure - right)
    return total


def test_calibration_by_hand():
    found = metrics.calibration(np.array([0.9, 0.8, 0.3, 0.5]), np.array([True, False, True, False]), bins=2)
    assert found.count.tolist() == [2, 2]
    np.testing.assert_allclose(found.confidence, [0.4, 0.85])
    np.testing.assert_allclose(found.accuracy, [0.5, 0.5])
    assert found.ece == pytest.approx(0.5 * 0.1 + 0.5 * 0.35)
    assert found.gap == pytest.approx(0.625 - 0.5)


def test_calibration_equals_the_slow_way_and_leaves_empty_bins_empty():
    rng = np.random.default_rng(40)
    probability, correct = rng.random(500) ** 2 * 0.7, rng.random(500) < 0.4
    found = metrics.calibration(probability, correct, bins=10)
    assert found.ece == pytest.approx(slow_ece(probability, correct, 10))
    assert found.count[9] == 0 and np.isnan(found.accuracy[9])


def test_probabilities_on_an_edge_belong_below_it():
    found = metrics.calibration(np.array([0.0, 0.5, 1.0]), np.array([True] * 3), bins=2)
    assert found.count.tolist() == [2, 1]


# --- summaries of ranks -----------------------------------------------------------------------------------


def test_summary_by_hand():
    summary = metrics.summarise_ranks(np.array([1, 2, 4, 20]))
    assert summary.recall == {1: 0.25, 5: 0.75, 10: 0.75}
    assert (summary.median_rank, summary.mean_rank, summary.n) == (3.0, 6.75, 4)
    assert summary.mrr == pytest.approx((1 + 0.5 + 0.25 + 0.05) / 4)


@pytest.mark.parametrize("seed", range(20))
def test_macro_f1_is_scikit_learn_s_among_the_labels_that_occur(seed: int) -> None:
    rng = np.random.default_rng(seed)
    c, n = int(rng.integers(2, 30)), int(rng.integers(5, 200))
    labels = rng.integers(0, max(1, c - 2), n)
    predicted = np.where(rng.random(n) < 0.6, labels, rng.integers(0, c, n))
    wanted = f1_score(labels, predicted, average="macro", labels=np.unique(labels), zero_division=0)
    assert metrics.macro_f1(labels, predicted, c) == pytest.approx(wanted)


def test_macro_f1_by_hand() -> None:
    labels, predicted = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 2])
    assert metrics.macro_f1(labels, predicted, 3) == pytest.approx((2 / 3 + 1 / 2) / 2), "class 2 has no image"
