"""The probe against scikit-learn doing the same steps, and its promises about which pictures it looks at."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from core.errors import Cancelled, TMVError
from core.stats.answers import count_right, rank
from core.stats.logistic import Fit
from core.studies.probe import regularisation as choose_c
from core.studies.probe import training as linear_probe
from core.studies.probe.regularisation import Sweep
from core.studies.probe.result import ProbeOutcome, ProbeResult, assemble
from core.studies.probe.training import FOLDS, SEED, probe
from core.studies.probe.training_rows import check_pair, folds, hold_out, pair_notes, same_vectors, seen_in_training
from core.types import EmbeddingSet, Note
from tests.coded import coded
from tests.training_sets import as_set, changed, clouds

Pair = tuple[EmbeddingSet, EmbeddingSet]


@pytest.fixture(scope="module")
def pair() -> Pair:
    """Five classes that overlap, the last one rare."""
    return clouds("train", (60, 50, 40, 30, 6)), clouds("test", (80, 80, 80, 80, 20))


@pytest.fixture(scope="module")
def outcome(pair: Pair) -> ProbeOutcome:
    return probe(*pair)


@pytest.fixture(scope="module")
def result(pair: Pair, outcome: ProbeOutcome) -> ProbeResult:
    return assemble(*pair, outcome)


def labels(images: EmbeddingSet) -> NDArray[np.int64]:
    assert images.labels is not None
    return images.labels


def reference(rows: NDArray[np.float32], y: NDArray[np.int64], C: float) -> LogisticRegression:
    return LogisticRegression(C=C, solver="newton-cholesky", tol=1e-10, max_iter=500).fit(rows.astype(np.float64), y)


# --- against scikit-learn ---------------------------------------------------------------------------------


def test_tests_the_fit_of_all_training_pictures(pair: Pair, result: ProbeResult) -> None:
    train, test = pair
    model = reference(train.image_embeddings, labels(train), result.C)
    shares = model.predict_proba(test.image_embeddings.astype(np.float64))
    np.testing.assert_array_equal(result.predicted, shares.argmax(axis=1))
    assert result.test_acc1 == model.score(test.image_embeddings, labels(test))
    assert result.train_acc1 == model.score(train.image_embeddings, labels(train))
    np.testing.assert_allclose(result.top5_probability, np.take_along_axis(shares, result.top5, axis=1), atol=2e-4)
    ahead = (shares >= shares[np.arange(len(test)), labels(test)][:, None]).sum(axis=1)
    np.testing.assert_array_equal(result.ranks, ahead)


def test_the_validation_curve_is_that_of_the_held_out_parts(pair: Pair, result: ProbeResult) -> None:
    train, _ = pair
    y, x = labels(train), train.image_embeddings
    for point in result.validation:
        right = fitted = 0
        for learn, tune in folds(y, FOLDS, SEED):
            model = reference(x[learn], y[learn], point.C)
            right += int((model.predict(x[tune]) == y[tune]).sum())
            fitted += int((model.predict(x[learn]) == y[learn]).sum())
        # The sweep stops a little before the optimum, so that a picture on the border may fall either way.
        assert abs(point.acc1 * len(y) - right) <= 1
        assert abs(point.train_acc1 - fitted / (len(y) * (FOLDS - 1))) < 0.01
    best = max(p.acc1 for p in result.validation)
    assert next(p for p in result.validation if p.C == result.C).acc1 == best


def test_a_large_set_holds_one_part_out(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear_probe, "FOLDS_BELOW", 100)
    train, test = pair
    found = assemble(train, test, probe(train, test))
    assert (found.folds, found.n_val, found.n_train) == (1, 12 + 10 + 8 + 6 + 1, 186)
    learn, tune = hold_out(labels(train), 0.2, SEED)
    model = reference(train.image_embeddings[learn], labels(train)[learn], found.C)
    point = next(p for p in found.validation if p.C == found.C)
    assert point.acc1 == model.score(train.image_embeddings[tune], labels(train)[tune])
    assert "held out" in found.protocol.details["validation"]


def test_unit_length_is_the_same_as_normalised_vectors(pair: Pair) -> None:
    train, test = pair
    unit = [
        changed(s, image_embeddings=s.image_embeddings / np.linalg.norm(s.image_embeddings, axis=1, keepdims=True))
        for s in pair
    ]
    asked, given = probe(train, test, normalise=True), probe(unit[0], unit[1])
    assert asked.C == given.C and asked.normalised
    np.testing.assert_array_equal(asked.ranks, given.ranks)
    assert assemble(train, test, asked).protocol.details["features"] == "unit length"


def test_two_classes() -> None:
    train, test = clouds("train", (40, 60), spread=0.5), clouds("test", (50, 50), spread=0.5)
    found = assemble(train, test, probe(train, test))
    model = reference(train.image_embeddings, labels(train), found.C)
    assert found.test_acc1 == model.score(test.image_embeddings, labels(test))
    assert found.test_acc5 == 1.0 and found.top5.shape == (100, 2)
    assert "top5_trivial" in coded(found.notes)


# --- which pictures it looks at ---------------------------------------------------------------------------


def test_the_test_split_has_no_say(pair: Pair, outcome: ProbeOutcome) -> None:
    train, test = pair
    order = np.random.default_rng(0).permutation(len(test))
    mixed = probe(train, changed(test, labels=labels(test)[order]))
    shifted = probe(train, changed(test, image_embeddings=test.image_embeddings * 3 + 1))
    for other in (mixed, shifted):
        assert (other.C, other.validation, other.train_correct) == (
            outcome.C,
            outcome.validation,
            outcome.train_correct,
        )
    assert (mixed.ranks != outcome.ranks).any()


def test_folds_hold_every_row_out_once_and_evenly() -> None:
    y = np.repeat(np.arange(4), [23, 10, 2, 1])
    parts = folds(y, 5, 1)
    assert sorted(np.concatenate([tune for _, tune in parts])) == list(range(35))
    for learn, tune in parts:
        assert sorted([*learn, *tune]) == list(range(36))
        counts = np.bincount(y[tune], minlength=4)
        assert counts[0] in (4, 5) and counts[1] == 2 and counts[3] == 0
    assert all((a[1] == b[1]).all() for a, b in zip(parts, folds(y, 5, 1), strict=True))
    assert any((a[1] != b[1]).any() for a, b in zip(parts, folds(y, 5, 2), strict=True))
    assert len(folds(np.array([0, 0, 1]), 5, 1)) == 2
    assert folds(np.arange(3), 5, 1) == ()


@pytest.mark.parametrize(("size", "held"), [(1, 0), (2, 1), (3, 1), (7, 1), (10, 2), (33, 7)])
def test_hold_out_takes_its_share_of_each_class(size: int, held: int) -> None:
    y = np.array([0] * size + [1] * 10)
    learn, tune = hold_out(y, 0.2, 5)
    assert np.bincount(y[tune], minlength=2).tolist() == [held, 2]
    assert sorted([*learn, *tune]) == list(range(size + 10))


def test_finds_pictures_that_are_in_both_splits() -> None:
    train, test = clouds("train", (300, 300), d=40), clouds("test", (200, 200), d=40)
    vectors = test.image_embeddings.copy()
    noise = np.random.default_rng(0).normal(size=(9, 40)) * 1e-5
    vectors[::45] = train.image_embeddings[10:19] + noise
    expected = np.zeros(400, dtype=bool)
    expected[::45] = True
    np.testing.assert_array_equal(same_vectors(train.image_embeddings, vectors), expected)
    found = assemble(train, other := changed(test, image_embeddings=vectors), probe(train, other))
    assert coded(found.notes)["trained_on_test"].startswith("9 of 400")
    assert not same_vectors(train.image_embeddings, test.image_embeddings).any()


def test_search_for_the_same_pictures_equals_comparing_all() -> None:
    rng = np.random.default_rng(4)
    train = rng.normal(size=(500, 30)).astype(np.float32) * np.linspace(0.01, 1, 30, dtype=np.float32)
    test = train[:200] + rng.normal(size=(200, 30)).astype(np.float32) * rng.choice(
        [1e-4, 3e-3, 0.1], size=(200, 1)
    ).astype(np.float32)
    radius = 0.005 * np.median(np.linalg.norm(train - train.mean(axis=0), axis=1))
    gaps = np.linalg.norm(train[None].astype(np.float64) - test[:, None], axis=2).min(axis=1)
    found = same_vectors(train, test)
    np.testing.assert_array_equal(found, gaps <= radius)
    assert 0 < found.sum() < 200


def test_a_split_that_holds_the_training_pictures_is_refused() -> None:
    train, rest = clouds("train", (30, 30)), clouds("test", (40, 40))
    both = as_set(
        "all",
        np.concatenate([train.image_embeddings, rest.image_embeddings]),
        np.concatenate([labels(train), labels(rest)]),
        2,
    )
    with pytest.raises(TMVError, match="60 of the 140 test images of eurosat \\(all\\) are also"):
        probe(train, both)


def test_sets_that_do_not_belong_together_are_refused(pair: Pair) -> None:
    train, test = pair
    other = replace(test.provenance, model_digest="other weights")
    for bad, message in (
        (changed(test, key=replace(test.key, split="train")), "same images"),
        (changed(test, labels=None), "class label"),
        (changed(test, labels=np.where(labels(test) == 1, -1, labels(test))), "class label"),
        (changed(test, raw_classnames=tuple("abcde")), "other classes"),
        (changed(test, provenance=other), "different weights"),
    ):
        with pytest.raises(TMVError, match=message):
            check_pair(train, bad)
    assert not seen_in_training(train, test).any()


def test_one_picture_a_class_is_too_few() -> None:
    train = as_set("train", np.eye(4, dtype=np.float32), np.arange(4), 4)
    with pytest.raises(TMVError, match="one image per class"):
        probe(train, clouds("test", (5, 5, 5, 5), d=4))


def test_a_class_without_training_pictures_counts_as_wrong() -> None:
    train, test = clouds("train", (40, 40, 0), spread=3), clouds("test", (20, 20, 20), spread=3)
    found = assemble(train, test, probe(train, test))
    assert found.per_class[2].correct == 0 and found.per_class[0].recall > 0.9
    assert set(found.predicted) == {0, 1} and (found.ranks[labels(test) == 2] == 3).all()
    assert "1 of 3 classes" in coded(found.notes)["untrained_classes"]


def test_what_reading_the_training_split_raised_is_said_to_be_of_it() -> None:
    train, test = clouds("train", (40, 40, 0), spread=3), clouds("test", (20, 20, 20), spread=3)
    both, one = Note("Of both.", "a"), Note("2 of 3 classes have images here.", "b", "warning")
    train = changed(train, provenance=replace(train.provenance, data_notes=(both, one)))
    test = changed(test, provenance=replace(test.provenance, data_notes=(both,)))
    notes = pair_notes(train, test)
    assert notes[:2] == ("Of both.", "In train: 2 of 3 classes have images here.")
    assert notes[1].level == "warning" and [note.code for note in notes] == ["a", "b", "untrained_classes"]


# --- choosing C -------------------------------------------------------------------------------------------


def sweep_of(curve: dict[float, tuple[int, float]], size: int = 100) -> tuple[Sweep, list[float]]:
    """A sweep whose validation accuracy and loss by exponent are given, and the exponents it tries."""
    tried: list[float] = []

    class Told(Sweep):
        def _evaluate(self, exponent: float) -> None:
            if exponent in self._fits or not choose_c.EDGES[0] <= exponent <= choose_c.EDGES[1]:
                return
            tried.append(exponent)
            near = min(curve, key=lambda e: abs(e - exponent))
            right, loss = curve[near]
            self._fits[exponent] = [
                Fit(
                    weights=np.zeros((2, 2)),
                    intercept=np.zeros(2),
                    C=10.0**exponent,
                    objective=0,
                    gap=0,
                    iterations=0,
                    evaluations=0,
                    converged=True,
                )
            ]
            self._tried[exponent] = choose_c._Tried(train_right=0, tune_right=right, loss=loss)

    rows = np.random.default_rng(0).normal(size=(size, 2)).astype(np.float32), np.arange(size) % 2
    return Told([(rows, rows)], 2, lambda: None), tried


def test_c_grows_past_the_grid_while_it_pays() -> None:
    sweep, tried = sweep_of({e: (50 + int(e), 1.0) for e in range(-6, 7)})
    assert sweep.run().C == 1e6 and sweep.at_edge()
    assert tried[:11] == list(range(-4, 7)) and tried[11:] == [5.5, 5.75]


def test_c_shrinks_past_the_grid_while_it_pays() -> None:
    sweep, tried = sweep_of({e: (50 - int(e), 1.0) for e in range(-6, 7)})
    assert sweep.run().C == 1e-6 and sweep.at_edge()
    assert tried[:5] == [-4, -3, -2, -5, -6]


def test_c_is_refined_around_the_best_and_larger_ones_are_left_out() -> None:
    curve = {e: (90, 1.0) if e == 0 else (80, 1.0) for e in range(-6, 7)} | {0.5: (92, 1.0), 0.25: (93, 1.0)}
    sweep, tried = sweep_of(curve)
    assert np.log10(sweep.run().C) == pytest.approx(0.25) and not sweep.at_edge()
    assert tried == [-4, -3, -2, -1, 0, 1, 2, -0.5, 0.5, 0.25, 0.75]


def test_of_equals_the_one_with_the_lowest_loss_is_taken() -> None:
    sweep, _ = sweep_of({e: (70, abs(e - 1) + 1.0) for e in range(-6, 7)})
    assert sweep.run().C == 10.0


# --- scores -----------------------------------------------------------------------------------------------


def test_ranks_and_top_by_hand() -> None:
    scores = np.array([[3.0, 1.0, 2.0], [1.0, 1.0, 0.0], [0.0, -np.inf, -np.inf], [5.0, 5.0, 5.0]])
    true = np.array([2, 0, 1, 1])
    found = rank(lambda rows: scores[rows].astype(np.float32), true, 3, k=2)
    assert found.ranks.tolist() == [2, 1, 2, 2]
    assert found.top.tolist() == [[0, 2], [0, 1], [0, 1], [0, 1]]
    assert found.probability[0, 0] == pytest.approx(np.exp(3) / (np.exp(3) + np.exp(1) + np.exp(2)))
    assert count_right(scores, true) == 1 and count_right(scores, np.array([0, 2, 0, 0])) == 3


def test_ranks_in_blocks_equal_a_full_sort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.stats.answers.ROWS", 7)
    rng = np.random.default_rng(0)
    scores, true = rng.normal(size=(50, 9)).astype(np.float32), rng.integers(0, 9, 50)
    found = rank(lambda rows: scores[rows], true, 9)
    order = np.argsort(-scores, axis=1)
    np.testing.assert_array_equal(found.top, order[:, :5])
    np.testing.assert_array_equal(found.ranks, 1 + np.argmax(order == true[:, None], axis=1))
    np.testing.assert_array_equal(found.correct, order[:, 0] == true)


# --- the result -------------------------------------------------------------------------------------------


def test_comes_back_from_disk_as_it_was(pair: Pair, outcome: ProbeOutcome, result: ProbeResult) -> None:
    kept = outcome.to_bytes()
    again = assemble(*pair, ProbeOutcome.from_bytes(kept))
    assert json.dumps(again.to_record()) == json.dumps(result.to_record())
    np.testing.assert_array_equal(again.top5_probability, result.top5_probability)
    for broken in (b"", kept[:200], b"nothing of the kind"):
        with pytest.raises(ValueError, match="not an outcome"):
            ProbeOutcome.from_bytes(broken)


def test_record_says_what_was_done(pair: Pair, result: ProbeResult) -> None:
    record = json.loads(json.dumps(result.to_record()))
    assert {"model", "dataset", "split", "n", "provenance", "train_acc1", "test_acc1", "test_acc5", "C"} <= set(record)
    assert record["test_acc1"] == np.mean(result.correct) and record["n"] == record["n_test"] == 340
    low, high = record["test_acc1_ci95"]
    assert low < record["test_acc1"] < high
    assert [p["C"] for p in record["validation"]] == sorted(p["C"] for p in record["validation"])
    assert record["train"]["fingerprint"] == "train-print" and record["test"]["split"] == "test"
    assert record["protocol"]["details"]["features"].startswith("unnormalized")
    assert record["train_acc1"] >= record["test_acc1"]
    assert sum(r["n"] for r in record["per_class"]) == 340
    assert np.trace(result.confusion) == result.correct.sum()


def test_notes_of_a_fit_that_could_be_better(pair: Pair, outcome: ProbeOutcome) -> None:
    poor = replace(outcome, edge=True, converged=False)
    assert {"C_at_edge", "not_converged"} <= set(coded(assemble(*pair, poor).notes))


def test_an_outcome_of_other_pictures_is_refused(pair: Pair, outcome: ProbeOutcome) -> None:
    with pytest.raises(TMVError, match="run it again"):
        assemble(pair[0], clouds("test", (5, 5, 5, 5, 5)), outcome)


def test_progress_ends_at_its_total_and_can_stop_the_work(pair: Pair) -> None:
    seen: list[tuple[int, int]] = []
    probe(*pair, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1] and [d for d, _ in seen] == sorted(d for d, _ in seen)

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        probe(*pair, progress=stop)
