"""Draws, Tip-Adapter against a slow reference and a hand-worked case, and the study's promises about the test
split."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import Cancelled, TMVError
from core.studies.few_shot import tip_adapter
from core.studies.few_shot.methods import METHODS, FewShotMethods, Method
from core.studies.few_shot.result import FewShotPoint, FewShotResult, FewShotRun, assemble, published_point
from core.studies.few_shot.shots import Draw, most_shots
from core.studies.few_shot.tip_adapter import Memory, Pictures, Setting, choose, fine_tune, gradient, scores, steps_of
from core.studies.probe.training_rows import labels_of
from core.studies.zero_shot.classify import classify
from core.types import EmbeddingSet, FloatArray, Reference
from tests.coded import coded
from tests.training_sets import as_set, changed, clouds, head

Array = NDArray[np.float64]


def unit(x: Array | FloatArray) -> FloatArray:
    length_one: FloatArray = (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)
    return length_one


def pictures(n: int, c: int, d: int = 6, seed: int = 0) -> Pictures:
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(c), rng.integers(0, c, n - c)]).astype(np.int64)
    centres = np.random.default_rng(42).normal(size=(c, d))
    vectors = unit(centres[labels] + 0.7 * rng.normal(size=(n, d)))
    return Pictures(vectors=vectors, scores=(8 * vectors @ unit(centres + 0.8).T).astype(np.float32), labels=labels)


# --- draws ------------------------------------------------------------------------------------------------


def test_shots_and_validation_never_overlap_and_are_nested() -> None:
    y = np.repeat(np.arange(4), [100, 40, 7, 25])
    draw = Draw.of(y, 0)
    assert np.bincount(y[draw.validation]).tolist() == [16, 8, 1, 5]
    before: set[int] = set()
    for k in (1, 2, 4, 8, 16):
        rows = draw.shots(k)
        assert np.bincount(y[rows]).tolist() == [k, k, min(k, 6), k]
        assert len(set(rows)) == len(rows) and before <= set(rows)
        assert not set(rows) & set(draw.validation)
        before = set(rows)
    assert [draw.short_of(k) for k in (6, 7, 20, 21, 33)] == [0, 1, 1, 2, 3]
    assert most_shots(y) == max(map(len, draw.order)) == 84


def test_draws_differ_by_seed_and_repeat() -> None:
    y = np.repeat(np.arange(3), 30)
    a, b, again = Draw.of(y, 0), Draw.of(y, 1), Draw.of(y, 0)
    assert set(a.shots(4)) != set(b.shots(4)) and set(a.validation) != set(b.validation)
    np.testing.assert_array_equal(a.shots(16), again.shots(16))


def test_small_classes_keep_a_shot() -> None:
    draw = Draw.of(np.array([0, 1, 1, 2, 2, 2]), 0)
    assert [len(rows) for rows in draw.order] == [1, 1, 2] and len(draw.validation) == 2
    assert most_shots(np.array([0, 1, 1, 2, 2, 2])) == 2 and most_shots(np.zeros(0, np.int64)) == 0


# --- Tip-Adapter ------------------------------------------------------------------------------------------


def slow_scores(p: Pictures, keys: Array, classes: NDArray[np.int64], alpha: float, beta: float) -> Array:
    """The formula of the paper, one picture and one key at a time."""
    found = p.scores.astype(np.float64).copy()
    for i, x in enumerate(p.vectors.astype(np.float64)):
        for key, label in zip(keys, classes, strict=True):
            found[i, label] += alpha * math.exp(-beta * (1 - float(x @ key)))
    return found


def test_scores_by_hand() -> None:
    # One key a class at right angles; the picture lies on the first, cosine 0 with the second.
    memory = Memory.of(np.eye(2, dtype=np.float32), np.array([0, 1]), 3)
    picture = Pictures(
        vectors=np.array([[1.0, 0.0]], np.float32),
        scores=np.array([[0.5, 0.25, 2.0]], np.float32),
        labels=np.array([0]),
    )
    found = scores(picture, memory, alpha=2.0, beta=math.log(4))
    np.testing.assert_allclose(found, [[0.5 + 2 * 1, 0.25 + 2 / 4, 2.0]], rtol=1e-6)


def test_scores_equal_the_slow_formula() -> None:
    shots, test = pictures(17, 5), pictures(30, 5, seed=1)
    order = np.random.default_rng(0).permutation(17)
    memory = Memory.of(shots.vectors[order], shots.labels[order], 6)
    test = Pictures(
        vectors=test.vectors, scores=np.hstack([test.scores, np.zeros((30, 1), np.float32)]), labels=test.labels
    )
    slow = slow_scores(test, shots.vectors.astype(np.float64), shots.labels, 1.7, 5.5)
    np.testing.assert_allclose(scores(test, memory, 1.7, 5.5), slow, atol=1e-4)


def test_the_setting_chosen_is_the_best_of_those_tried() -> None:
    shots, held = pictures(20, 5), pictures(60, 5, seed=1)
    memory = Memory.of(shots.vectors, shots.labels, 5)
    best = choose(memory, held)
    for alpha in tip_adapter.ALPHAS:
        for beta in tip_adapter.BETAS:
            slow = slow_scores(held, memory.keys.astype(np.float64), memory.classes, alpha, beta)
            right = int((slow.argmax(axis=1) == held.labels).sum())
            assert right <= best.right
    found = scores(held, memory, best.alpha, best.beta)
    assert int((found.argmax(axis=1) == held.labels).sum()) == best.right
    shares = np.exp(found) / np.exp(found).sum(axis=1, keepdims=True)
    assert best.loss == pytest.approx(-np.log(shares[np.arange(60), held.labels]).mean(), rel=1e-4)


def test_a_memory_that_only_misleads_is_left_out() -> None:
    shots, held = pictures(20, 5), pictures(60, 5, seed=1)
    sure = Pictures(vectors=held.vectors, scores=50 * np.eye(5, dtype=np.float32)[held.labels], labels=held.labels)
    wrong = Memory.of(shots.vectors, (shots.labels + 1) % 5, 5)
    assert choose(wrong, sure).alpha == 0.0


# --- Tip-Adapter-F ----------------------------------------------------------------------------------------


def slow_loss(
    keys: Array, shots: Pictures, classes: NDArray[np.int64], rows: NDArray[np.int64], alpha: float, beta: float
) -> float:
    """Mean cross-entropy of the shots `rows`, each without its own key unless its class has no other."""
    total = 0.0
    for i in rows:
        found = shots.scores[i].astype(np.float64).copy()
        for j, (key, label) in enumerate(zip(keys, classes, strict=True)):
            if j != i or (classes == label).sum() == 1:
                found[label] += alpha * math.exp(-beta * (1 - float(shots.vectors[i].astype(np.float64) @ key)))
        total += math.log(np.exp(found).sum()) - found[shots.labels[i]]
    return total / len(rows)


def test_gradient_is_the_slope_of_the_slow_loss() -> None:
    shots = pictures(12, 4)
    order = np.argsort(shots.labels, kind="stable")
    shots = shots.take(order)
    keep = np.flatnonzero((shots.labels != 3) | (np.arange(12) == np.flatnonzero(shots.labels == 3)[0]))
    shots = shots.take(keep)
    memory = Memory.of(shots.vectors, shots.labels, 4)
    assert (np.bincount(memory.classes) == 1).any(), "one class must have a single key"
    rows, keys = np.arange(0, len(shots), 2), memory.keys.astype(np.float64)
    slope = gradient(memory.keys, memory, shots, rows, 1.3, 4.0)
    expected = np.zeros_like(keys)
    for at in np.ndindex(keys.shape):
        ahead, behind = keys.copy(), keys.copy()
        ahead[at] += 1e-5
        behind[at] -= 1e-5
        expected[at] = (
            slow_loss(ahead, shots, memory.classes, rows, 1.3, 4.0)
            - slow_loss(behind, shots, memory.classes, rows, 1.3, 4.0)
        ) / 2e-5
    np.testing.assert_allclose(slope, expected, atol=1e-5)


def slow_adamw(shots: Pictures, alpha: float, beta: float, steps: int) -> Array:
    """Keys after some full-batch steps of AdamW as its paper writes it (Loshchilov and Hutter 2019)."""
    keys = shots.vectors.astype(np.float64)
    memory = Memory.of(shots.vectors, shots.labels, int(shots.labels.max()) + 1)
    m, v, total = np.zeros_like(keys), np.zeros_like(keys), steps_of(len(shots))
    for t in range(1, steps + 1):
        g = gradient(keys.astype(np.float32), memory, shots, np.arange(len(shots)), alpha, beta).astype(np.float64)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        rate = 1e-3 * 0.5 * (1 + math.cos(math.pi * (t - 1) / total))
        keys = keys - rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-4) - rate * 0.01 * keys
    return keys


def test_training_takes_adamw_steps() -> None:
    shots = pictures(24, 4)
    shots = shots.take(np.argsort(shots.labels, kind="stable"))
    memory = Memory.of(shots.vectors, shots.labels, 4)
    walk = list(tip_adapter._descent(shots, memory, 2.0, 3.0, seed=0))[:1]
    steps = [keys.copy() for keys in tip_adapter._descent(shots, memory, 2.0, 3.0, seed=0)]
    assert len(steps) == steps_of(24) + 1 == 101
    np.testing.assert_array_equal(steps[0], memory.keys)
    assert walk[0].shape == memory.keys.shape
    for step in (1, 7, 100):
        np.testing.assert_allclose(steps[step], slow_adamw(shots, 2.0, 3.0, step), atol=2e-5)


def test_training_lowers_the_loss_of_the_shots() -> None:
    shots, held = pictures(40, 5), pictures(60, 5, seed=1)
    start = Setting(alpha=2.0, beta=3.0, right=0, loss=0.0)
    found = fine_tune(shots, 5, held, start, seed=0)
    shots = shots.take(np.argsort(shots.labels, kind="stable"))
    classes, rows = found.memory.classes, np.arange(40)
    last = [keys.copy() for keys in tip_adapter._descent(shots, Memory.of(shots.vectors, shots.labels, 5), 2.0, 3.0, 0)]
    first, end = (slow_loss(keys.astype(np.float64), shots, classes, rows, 2.0, 3.0) for keys in (last[0], last[-1]))
    assert end < first


def test_training_is_never_worse_on_validation_than_not_training() -> None:
    for seed in range(4):
        shots, held = pictures(15, 5, seed=seed), pictures(40, 5, seed=seed + 50)
        start = choose(Memory.of(shots.vectors, shots.labels, 5), held)
        start = replace(start, alpha=max(start.alpha, tip_adapter.LEAST_ALPHA))
        plain = scores(held, Memory.of(shots.vectors, shots.labels, 5), start.alpha, start.beta)
        right = int((plain.argmax(axis=1) == held.labels).sum())
        found = fine_tune(shots, 5, held, start, seed=seed)
        assert found.setting.right >= right and 0 <= found.steps <= found.of_steps


@pytest.mark.parametrize(("shots", "steps"), [(10, 100), (256, 100), (1600, 140), (5000, 400)])
def test_how_long_keys_are_trained(shots: int, steps: int) -> None:
    assert steps_of(shots) == steps
    assert len(list(tip_adapter._batches(shots, steps, 0))) == steps


# --- the study --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pair() -> tuple[EmbeddingSet, EmbeddingSet]:
    return clouds("train", (30, 30, 30, 12), spread=0.5), clouds("test", (50, 50, 50, 50), spread=0.5)


@pytest.fixture(scope="module")
def blurred(pair: tuple[EmbeddingSet, EmbeddingSet]) -> FloatArray:
    return head(pair[0], blur=0.7)


@pytest.mark.parametrize("method", METHODS)
def test_the_test_split_has_no_say(
    pair: tuple[EmbeddingSet, EmbeddingSet], blurred: FloatArray, method: Method
) -> None:
    train, test = pair
    order = np.random.default_rng(0).permutation(len(test))
    mixed = changed(test, labels=labels_of(test)[order])
    other = changed(test, image_embeddings=np.ascontiguousarray(test.image_embeddings[:, ::-1]))
    runs = [
        FewShotMethods(train, part, blurred).run(method, 4, Draw.of(labels_of(train), 1))[0]
        for part in (test, mixed, other)
    ]
    assert runs[0].settings == runs[1].settings == runs[2].settings
    assert (runs[0].correct != runs[1].correct).any()


@pytest.mark.parametrize("method", METHODS)
def test_only_shots_and_validation_pictures_are_looked_at(
    pair: tuple[EmbeddingSet, EmbeddingSet], blurred: FloatArray, method: Method
) -> None:
    train, test = pair
    draw = Draw.of(labels_of(train), 0)
    used = np.concatenate([draw.shots(2), draw.validation])
    vectors = np.random.default_rng(0).normal(size=train.image_embeddings.shape).astype(np.float32)
    vectors[used] = train.image_embeddings[used]
    spoilt = changed(train, image_embeddings=vectors)
    one, two = (FewShotMethods(t, test, blurred).run(method, 2, draw)[0] for t in (train, spoilt))
    assert one.settings == two.settings
    np.testing.assert_array_equal(one.correct, two.correct)


def test_more_shots_help_where_classes_can_be_learnt(
    pair: tuple[EmbeddingSet, EmbeddingSet], blurred: FloatArray
) -> None:
    train, test = pair
    study = FewShotMethods(train, test, blurred)
    for method in METHODS:
        means = [
            np.mean([study.run(method, k, Draw.of(labels_of(train), seed))[0].acc1 for seed in range(4)])
            for k in (1, 16)
        ]
        assert means[1] > means[0]


def test_a_probe_of_all_shots_is_scikit_learns(pair: tuple[EmbeddingSet, EmbeddingSet], blurred: FloatArray) -> None:
    from sklearn.linear_model import LogisticRegression

    train, test = pair
    draw = Draw.of(labels_of(train), 0)
    found, _ = FewShotMethods(train, test, blurred).run("probe", 8, draw)
    rows = draw.shots(8)
    model = LogisticRegression(C=found.settings["C"], solver="newton-cholesky", tol=1e-10)
    model.fit(train.image_embeddings[rows].astype(np.float64), labels_of(train)[rows])
    np.testing.assert_array_equal(found.correct, model.predict(test.image_embeddings) == labels_of(test))
    assert (found.n_shots, found.n_validation, found.short) == (32, 6 * 3 + 2, 0)
    assert FewShotMethods(train, test, blurred).run("probe", 16, draw)[0].short == 1


def test_runs_can_be_stopped(pair: tuple[EmbeddingSet, EmbeddingSet], blurred: FloatArray) -> None:
    study = FewShotMethods(*pair, blurred)
    for method in METHODS:
        calls: list[int] = []

        def tick(calls: list[int] = calls) -> None:
            calls.append(1)
            if len(calls) == 12:
                raise Cancelled("stopped")

        with pytest.raises(Cancelled):
            study.run(method, 8, Draw.of(labels_of(pair[0]), 0), tick)


def test_one_picture_a_class_is_too_few() -> None:
    train = as_set("train", np.eye(4, dtype=np.float32), np.arange(4), 4)
    with pytest.raises(TMVError, match="one image per class"):
        FewShotMethods(train, clouds("test", (5, 5, 5, 5), d=4), np.eye(4, dtype=np.float32))


# --- results ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def result(pair: tuple[EmbeddingSet, EmbeddingSet], blurred: FloatArray) -> FewShotResult:
    train, test = pair
    zero = classify(test, blurred, test.classnames, ["a photo of a {}."])
    study = FewShotMethods(train, test, blurred)
    draws = [Draw.of(labels_of(train), seed) for seed in range(3)]
    units = {(m, k, s): study.run(m, k, draws[s])[0] for m in ("probe", "tip") for k in (2, 16) for s in range(3)}
    figures = (
        Reference(metric="tip_adapter_acc1_16shot", value=0.705, protocol="CoOp splits", source="a log"),
        Reference(metric="tip_adapter_f_acc1_16shot", value=0.845, protocol="CoOp splits", source="a log"),
        Reference(metric="zeroshot_acc1_ensemble", value=0.41, protocol="", source="a table"),
    )
    return assemble(train, zero, test, units, figures)


def test_mean_and_spread_by_hand() -> None:
    def run(right: int) -> FewShotRun:
        return FewShotRun(correct=np.arange(10) < right, n_shots=4, n_validation=2, short=0, settings={})

    point = FewShotPoint.of("tip", 1, [run(4), run(6), run(8)])
    assert point.acc1 == (0.4, 0.6, 0.8) and point.acc1_mean == pytest.approx(0.6)
    assert point.acc1_std == pytest.approx(0.2)
    assert math.isnan(FewShotPoint.of("tip", 1, [run(4)]).acc1_std)


def test_records_are_one_for_each_method_and_k(result: FewShotResult) -> None:
    records = json.loads(json.dumps(result.to_records()))
    assert [(r["method"], r["shots"]) for r in records] == [
        ("zero-shot", 0),
        ("probe", 2),
        ("probe", 16),
        ("tip", 2),
        ("tip", 16),
    ]
    zero, tip = records[0], records[-1]
    assert zero["acc1"] == [result.zero_shot.acc1] and zero["acc1_std"] == 0.0
    assert len(tip["acc1"]) == 3 and tip["acc1_mean"] == pytest.approx(np.mean(tip["acc1"]))
    assert tip["acc1_std"] == pytest.approx(np.std(tip["acc1"], ddof=1)) and tip["acc1_std_ddof"] == 1
    assert {"alpha", "beta"} == set(tip["settings"][0]) and records[1]["settings"][0]["C"] > 0
    assert [p["value"] for p in tip["published"]] == [0.705] and zero["published"] == []
    assert {"model", "dataset", "split", "n", "provenance", "train", "test"} <= set(tip)
    assert "never among the shots" in tip["protocol"]["details"]["validation"]
    assert any("One class has fewer than 16" in note["text"] for note in tip["notes"])
    assert [r.metric for r in result.published] == ["tip_adapter_acc1_16shot", "tip_adapter_f_acc1_16shot"]


def test_a_single_draw_is_called_so(pair: tuple[EmbeddingSet, EmbeddingSet], result: FewShotResult) -> None:
    one = {("tip", 2, 0): result.point("tip", 2).units[0]}
    found = assemble(pair[0], result.zero_shot, pair[1], one)
    assert "one_draw" in coded(found.notes)
    with pytest.raises(TMVError, match="no probe with 2 shots"):
        found.point("probe", 2)


def test_a_run_comes_back_from_disk_as_it_was(result: FewShotResult) -> None:
    run = result.point("probe", 2).units[1]
    again = FewShotRun.from_record(json.loads(json.dumps(run.to_record())))
    np.testing.assert_array_equal(again.correct, run.correct)
    assert replace(again, correct=run.correct) == run
    for broken in ({}, {"n": 5, "correct": "%%%"}, {**run.to_record(), "n": 10**6}):
        with pytest.raises((KeyError, ValueError, TypeError)):
            FewShotRun.from_record(broken)


@pytest.mark.parametrize(
    ("metric", "point"),
    [
        ("tip_adapter_f_acc1_16shot", ("tip-f", 16)),
        ("tip_adapter_acc1_1shot", ("tip", 1)),
        ("linear_probe_acc1_16shot_mean_of_5", ("probe", 16)),
        ("linear_probe_acc1_full", None),
        ("zeroshot_acc1_ensemble", None),
    ],
)
def test_published_figures_find_their_point(metric: str, point: tuple[str, int] | None) -> None:
    assert published_point(metric) == point


def test_classes_that_nobody_trains_are_said(pair: tuple[EmbeddingSet, EmbeddingSet], result: FewShotResult) -> None:
    train, test = pair
    rows = np.flatnonzero(labels_of(train) != 0)
    less = changed(
        train,
        image_embeddings=train.image_embeddings[rows],
        labels=labels_of(train)[rows],
        ids=tuple(train.ids[i] for i in rows),
    )
    units = {(p.method, p.shots, s): p.units[s] for p in result.points[1:] for s in range(3)}
    codes = {note.code: note.level for note in assemble(less, result.zero_shot, test, units).notes}
    assert codes["untrained_classes"] == "warning" and "untrained_classes" not in {n.code for n in result.notes}
