"""What the audit must not conclude, beside what it must: each fault once planted and once absent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks._planted import ONLY_ALONE, World, case_of
from benchmarks.audit import planted
from core.stats.intervals import paired_difference, wilson
from core.studies.audit import (
    NAMES,
    OTHER,
    PROTOCOL,
    Alternative,
    Asked,
    Case,
    CaseAnswers,
    CaseVectors,
    Finding,
    Known,
    audit,
)
from core.studies.audit.order import explain
from core.types import Reference

WORLD = World(seed=5)


def found(check: str, case: Case) -> Finding:
    return audit(case).finding(check)


def answered(labels: Any, predicted: Any, **more: Any) -> CaseAnswers:
    ids = more.pop("ids", tuple(f"{i}.png" for i in range(len(labels))))
    return CaseAnswers(ids=ids, labels=np.array(labels, np.int64), top=np.array(predicted, np.int64)[:, None], **more)


def case(labels: Any, predicted: Any, c: int, **more: Any) -> Case:
    return Case(title="x", c=c, n=len(labels), answers=answered(labels, predicted, **more.pop("also", {})), **more)


def weak(seed: int, c: int, accuracy: float, n: int) -> tuple[np.ndarray, np.ndarray]:
    """A model that knows little: answers right so often, else with each class's own favorite wrong names."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % c
    habits = rng.dirichlet(np.full(c, 0.3), size=c)
    wrong = np.array([rng.choice(c, p=habits[label]) for label in labels])
    return labels, np.where(rng.random(n) < accuracy, labels, wrong)


@pytest.mark.parametrize("fault", ONLY_ALONE)
def test_faults_that_hide_others_are_found_alone(fault: str) -> None:
    check = ONLY_ALONE[fault][0]
    assert not audit(case_of(WORLD)).finding(check).raised
    assert planted(WORLD, [fault]).finding(check).raised


# --- names before labels ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_names_that_mean_nothing_are_never_an_order_of_labels(seed: int) -> None:
    """A renaming fits such answers better than none at all; the names are said, the labels are not."""
    for fault in ("class names in another language", "class names that mean nothing"):
        result = planted(World(seed=seed, c=10 + 10 * (seed % 3)), [fault])
        assert result.finding("label-order").verdict != "fault"
        assert result.finding("known-names").raised


def test_names_of_one_vector_by_hand() -> None:
    vectors = np.eye(5, dtype=np.float32)
    vectors[3] = vectors[1]
    names = ("a", "Hund", "b", "Katze", "c")
    said = found("known-names", Case(title="x", c=5, classnames=names, vectors=CaseVectors(classes=vectors)))
    assert said.verdict == "fault" and "2 of 5" in said.evidence and "“Hund” and “Katze”" in said.evidence
    vectors[3] = np.eye(5, dtype=np.float32)[3]
    alone = found("known-names", Case(title="x", c=5, classnames=names, vectors=CaseVectors(classes=vectors)))
    assert alone.verdict == "ok"


def test_names_that_are_never_answered() -> None:
    labels = [i // 10 for i in range(60)]
    assert found("known-names", case(labels, [y % 2 for y in labels], 6)).verdict == "warning"
    assert found("known-names", case(labels, [y % 4 for y in labels], 6)).verdict == "ok"


def test_names_in_another_order_are_no_unknown_names() -> None:
    """The data set's own names, shuffled: our own run fits the labels, and renamed back the answers are its answers."""
    labels, own = weak(0, 10, 0.8, 600)
    order = np.random.default_rng(3).permutation(10)
    names = tuple(f"name {i}" for i in range(10))
    asked = Asked(classnames=tuple(names[i] for i in np.argsort(order)), curated=names)
    run = Alternative(changes=(NAMES, PROTOCOL), said="as published", predicted=own, correct=own == labels)
    result = audit(case(labels, order[own], 10, asked=asked, alternatives=(run,)))
    assert result.finding("label-order").verdict == "fault" and not result.finding("known-names").raised


def test_answers_unlike_our_own_run_leave_the_labels_in_order() -> None:
    """A renaming fits them (each class has a name of its own), but our run fits the labels as they are."""
    labels, own = weak(1, 10, 0.9, 600)
    rng = np.random.default_rng(1)
    unlike = np.where(rng.random(600) < 0.45, (labels + 1) % 10, rng.integers(0, 10, 600))
    assert found("label-order", case(labels, unlike, 10)).verdict == "fault"
    run = Alternative(changes=(PROTOCOL,), said="as published", predicted=own, correct=own == labels)
    said = found("label-order", case(labels, unlike, 10, alternatives=(run,)))
    assert said.verdict == "cannot tell" and "class names are the first suspect" in said.evidence


# --- near chance ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("c", "accuracy", "n"), [(10, 0.0, 300), (10, 0.1, 300), (4, 0.05, 200), (20, 0.05, 400)])
def test_near_chance_no_order_of_labels_is_told(c: int, accuracy: float, n: int) -> None:
    """Sound runs of a model that knows next to nothing, over many seeds: at most one false fault in a hundred."""
    faults = sum(found("label-order", case(*weak(seed, c, accuracy, n), c)).verdict == "fault" for seed in range(100))
    assert faults <= 1, faults


def test_a_weak_model_with_labels_out_of_order_is_still_found() -> None:
    hits = 0
    for seed in range(20):
        labels, predicted = weak(seed, 20, 0.4, 800)
        hits += found("label-order", case((labels + 3) % 20, predicted, 20)).verdict == "fault"
    assert hits >= 19, hits


def test_near_chance_is_said_in_words() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(2000) % 10
    predicted = np.where(rng.random(2000) < 0.13, (labels + 1) % 10, rng.choice([0, 3], 2000))
    order = explain(labels, predicted, 10)
    assert order.near_chance
    assert found("label-order", case(labels, predicted, 10)).verdict in ("ok", "cannot tell")


def test_one_to_one_by_hand() -> None:
    """Two classes that want the same name: 10 + 10 would fit with one name for both, 10 + 2 one to one."""
    labels, predicted = [0] * 12 + [1] * 12, [0] * 10 + [1] * 2 + [0] * 10 + [1] * 2
    assert explain(np.array(labels), np.array(predicted), 2).one_to_one == pytest.approx(12 / 20)


# --- turned images ----------------------------------------------------------------------------------------


def upside_down(seed: int, c: int = 20, n: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """As a model answers turned images: two classes look like each other, the rest is mostly lost."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % c
    predicted = np.where(rng.random(n) < 0.2, labels, rng.integers(0, c, n))
    for a, b in ((0, 1), (1, 0)):
        rows = np.flatnonzero(labels == a)
        predicted[rows] = np.where(rng.random(len(rows)) < 0.7, b, predicted[rows])
    return labels, predicted


def test_images_upside_down_are_no_swap_of_names() -> None:
    for seed in range(20):
        labels, predicted = upside_down(seed)
        assert found("label-order", case(labels, predicted, 20)).verdict != "fault"
        sound = np.where(labels > 1, labels, predicted)  # the others are known: then it is a swap
        assert found("label-order", case(labels, sound, 20)).verdict == "fault"


# --- guesses, other ways, own runs ------------------------------------------------------------------------


@pytest.mark.parametrize(("right", "n", "c", "verdict"), [(100, 1000, 10, "fault"), (150, 1000, 10, "ok"), (19, 1000, 10, "fault"), (2, 20, 10, "cannot tell"), (560, 1000, 2, "ok"), (1, 1000, 1000, "fault")])  # fmt: skip
def test_an_accuracy_that_may_be_guesses_by_hand(right: int, n: int, c: int, verdict: str) -> None:
    said = found("chance", Case(title="x", n=n, c=c, scores={"acc1": right / n}))
    assert said.verdict == verdict and (wilson(right, n)[0] <= 1 / c) == (verdict != "ok")


def test_a_better_way_is_a_finding_and_chance_among_many_ways_is_none() -> None:
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 10, 1000)
    mine = np.where(rng.random(1000) < 0.24, labels, rng.integers(0, 10, 1000))
    good = np.where(rng.random(1000) < 0.41, labels, mine)
    way = Alternative(changes=(OTHER,), said="with one template", predicted=good, correct=good == labels)
    said = found("better-way", case(labels, mine, 10, alternatives=(way,)))
    gap = paired_difference(good == labels, mine == labels)
    assert said.verdict == "fault" and said.counterfactual is not None
    assert said.counterfactual.difference == pytest.approx(gap.difference) and gap.difference > 0.1
    alarms = 0
    for seed in range(200):
        draw = np.random.default_rng(seed)
        ways = tuple(
            Alternative(changes=(OTHER,), said=f"way {i}", predicted=labels, correct=draw.random(1000) < 0.5)
            for i in range(6)
        )
        right = draw.random(1000) < 0.5
        answers = np.where(right, labels, (labels + draw.integers(1, 10, 1000)) % 10)
        alarms += found("better-way", case(labels, answers, 10, alternatives=ways)).raised
    assert alarms <= 10, alarms


def test_a_number_far_from_our_own_run_is_a_fault_whatever_its_cause() -> None:
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 40, 1000)
    own = np.where(rng.random(1000) < 0.918, labels, (labels + 1) % 40)
    far = np.where(rng.random(1000) < 0.73, own, rng.integers(0, 40, 1000))
    near = np.where(rng.random(1000) < 0.99, own, rng.integers(0, 40, 1000))
    run = Alternative(changes=(PROTOCOL,), said="as published", predicted=own, correct=own == labels)
    for predicted, verdict in ((far, "fault"), (near, "ok"), (labels, "fault")):
        said = found("own-run", case(labels, predicted, 40, source="predictions", alternatives=(run,)))
        assert said.verdict == verdict and "same 1,000 images" in said.evidence
    alone = Case(title="x", source="figures", scores={"acc1": 0.673}, n=1000, alternatives=(run,))
    assert found("own-run", alone).verdict == "fault"
    assert (
        found("own-run", Case(title="x", source="figures", scores={"acc1": 0.91}, alternatives=(run,))).verdict == "ok"
    )
    other = Case(title="x", source="figures", scores={"acc1": 0.673}, n=900, alternatives=(run,))
    assert found("own-run", other).verdict == "cannot tell"


# --- confidences ------------------------------------------------------------------------------------------


def confident(sure: np.ndarray, right: float, c: int) -> Finding:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, c, len(sure))
    predicted = np.where(rng.random(len(sure)) < right, labels, (labels + 1) % c)
    return found("logit-scale", case(labels, predicted, c, also={"probability": sure.astype(np.float32)}))


def test_confidences_without_scale_by_hand() -> None:
    rng = np.random.default_rng(1)
    cosines = 0.2 + 0.03 * rng.standard_normal((500, 10))
    even = (np.exp(cosines) / np.exp(cosines).sum(axis=1, keepdims=True)).max(axis=1)
    sharp = (np.exp(100 * cosines) / np.exp(100 * cosines).sum(axis=1, keepdims=True)).max(axis=1)
    said = confident(even, 0.9, 10)
    assert said.verdict == "fault" and "bare cosines" in said.evidence
    assert confident(cosines.max(axis=1), 0.9, 10).verdict == "fault"
    assert confident(sharp, 0.9, 10).verdict == "cannot tell"
    assert confident(even, 0.12, 10).verdict == "cannot tell"  # of guesses, a low confidence is right


# --- rows -------------------------------------------------------------------------------------------------


def test_rows_that_slipped_by_hand() -> None:
    labels = np.random.default_rng(0).integers(0, 10, 200)
    table = {"source": "predictions"}
    for predicted, said in ((np.roll(labels, 2), "2 rows"), (labels[::-1], "last row"), (np.roll(labels, -1), "1 row")):
        finding = found("rows", case(labels, predicted, 10, **table))
        assert finding.verdict == "fault" and said in finding.evidence
        assert finding.counterfactual is not None and finding.counterfactual.value > 0.98
    assert found("rows", case(labels, labels, 10, **table)).verdict == "ok"
    assert found("rows", case(np.sort(labels), np.roll(np.sort(labels), 3), 10, **table)).verdict == "ok"


def test_labels_that_are_not_those_of_the_folders() -> None:
    names = ("red fox", "dog", "cat")
    labels = np.arange(60) % 3
    ids = tuple(f"val/{('Red_Fox', 'dog', 'cat')[y]}/{i}.jpg" for i, y in enumerate(labels))
    moved = np.roll(labels, 1)
    more: dict[str, Any] = {"source": "predictions", "classnames": names, "also": {"ids": ids}}
    said = found("rows", case(moved, labels, 3, **more))
    assert said.verdict == "fault" and "60 of 60" in said.evidence and "“red fox”" in said.evidence
    assert found("rows", case(labels, labels, 3, **(more | {"also": {"ids": ids}}))).verdict == "ok"


def test_turned_files_are_counted_where_a_published_figure_stands_beside() -> None:
    figure = Reference(metric="zeroshot_acc1_ensemble", value=0.5, protocol="", source="")
    for turned, verdict in ((None, "cannot tell"), (0, "ok"), (4, "ok"), (40, "warning")):
        known = Known(published=(figure,), turned=turned)
        said = found("turned", Case(title="x", n=1000, scores={"acc1": 0.5}, known=known))
        assert said.verdict == verdict
    assert "turned" not in {f.check for f in audit(Case(title="x", known=Known(turned=40))).findings}
