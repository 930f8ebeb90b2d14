"""The audit: planted faults are found alone and in pairs, sound studies pass in silence, each check by hand."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from benchmarks._planted import FAULTS, IMPOSSIBLE, World, case_of, pairs, sound_worlds
from benchmarks.audit import missed, planted
from core.catalog.field import checkpoints, field_sets
from core.errors import TMVError
from core.stats.numbers import interval_text
from core.studies.audit import (
    CHECKS,
    NAMES,
    PROTOCOL,
    Alternative,
    Asked,
    Case,
    CaseAnswers,
    CaseVectors,
    Cell,
    Finding,
    Known,
    Repeat,
    TextSide,
    audit,
)
from core.studies.audit.asking_checks import looks_raw
from core.studies.audit.order import best_renaming, certain, describe, explain
from core.studies.audit.trying.result import Trial, TriedWay
from core.types import Reference, ScoreRule

WORLD = World(seed=5)


def found(check: str, case: Case) -> Finding:
    return audit(case).finding(check)


def test_only_questions_that_make_sense_are_asked() -> None:
    methods: tuple[Any, ...] = ("zero-shot", "probe", "retrieval")
    asked = {m: {f.check for f in audit(Case(title="x", method=m)).findings} for m in methods}
    assert "templates" in asked["zero-shot"] and "reproduced" not in asked["zero-shot"]
    assert "probe-fit" in asked["probe"] and not {"templates", "class-names", "captions"} & asked["probe"]
    assert "captions" in asked["retrieval"] and not {"label-order", "collapse", "logit-scale"} & asked["retrieval"]


def answered(labels: list[int], predicted: list[int], **more: Any) -> CaseAnswers:
    ids = tuple(f"{i}.png" for i in range(len(labels)))
    return CaseAnswers(ids=ids, labels=np.array(labels, np.int64), top=np.array(predicted, np.int64)[:, None], **more)


# --- planted faults ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_planted_alone_is_found_and_names_itself(fault: str) -> None:
    check = FAULTS[fault][0]
    sound = audit(case_of(WORLD)).finding(check)
    faulty = planted(WORLD, [fault]).finding(check)
    assert not sound.raised and faulty.raised
    assert faulty.evidence.endswith(".") and faulty.evidence != sound.evidence and faulty.advice


@pytest.mark.parametrize("first", list(FAULTS)[:-1])
def test_two_faults_at_once_are_both_found(first: str) -> None:
    partners = [(a, b) for a, b in pairs() if a == first]
    assert {pair: missed(WORLD, pair) for pair in partners if missed(WORLD, pair)} == {}


def test_every_pair_is_tried_that_can_be_planted_together() -> None:
    together = [set(p) for p in itertools.combinations(FAULTS, 2) if FAULTS[p[0]][0] != FAULTS[p[1]][0]]
    assert len(pairs()) == len(together) - len(IMPOSSIBLE) > 140


@pytest.mark.parametrize(
    "world", sound_worlds(24), ids=lambda w: f"c{w.c}-skill{w.skill}-{'un' if w.uneven else ''}even"
)
def test_sound_studies_pass_in_silence(world: World) -> None:
    assert [(f.check, f.evidence) for f in audit(case_of(world)).raised] == []


def test_a_fault_has_the_number_that_would_be_without_it() -> None:
    sound = audit(case_of(WORLD)).case.acc1
    for fault, check in (("folder names", "class-names"), ("one template", "templates")):
        gain = planted(WORLD, [fault]).finding(check).counterfactual
        assert gain is not None and gain.value == pytest.approx(sound) and gain.excludes_zero
        assert gain.ci95[0] < gain.value < gain.ci95[1]
    gain = planted(WORLD, ["labels shuffled"]).finding("label-order").counterfactual
    assert gain is not None and gain.value == pytest.approx(sound, abs=0.01)
    result = planted(WORLD, ["folder names"])
    assert "instead of" in result.sentence and len(result.otherwise) == 2


def test_names_are_judged_with_the_labels_put_right() -> None:
    finding = planted(WORLD, ["labels shuffled", "folder names"]).finding("class-names")
    assert finding.verdict == "fault" and finding.counterfactual is not None
    assert finding.counterfactual.said.startswith("with the labels put right and ")


def test_every_check_answers_when_nothing_is_known() -> None:
    result = audit(Case(title="nothing", source="predictions"))
    others = [audit(Case(title="nothing", method=method)) for method in ("probe", "retrieval")]
    others.append(audit(Case(title="nothing", source="figures")))
    siglip = Known(rule=ScoreRule(function="sigmoid", scale=1.0), texts=TextSide(clean="canonicalize", filled=True))
    others.append(audit(Case(title="nothing", source="predictions", known=siglip)))
    figure = Reference(metric="zeroshot_acc1_ensemble", value=0.5, protocol="", source="")
    others.append(audit(Case(title="nothing", source="study", known=Known(published=(figure,)))))
    listed = Known(checkpoint=checkpoints()[0], field_set=field_sets()[0])
    others.append(audit(Case(title="nothing", source="predictions", known=listed)))
    right = TriedWay(name="right", said="the right way", agreed=1, of=10, right=1, acc1=0.5)
    nothing = Trial(outcome="none", compared="answers", right=right, ways=(right,))
    others.append(audit(Case(title="nothing", source="predictions", trial=nothing)))
    assert {f.check for r in (result, *others) for f in r.findings} == {c.name for c in CHECKS} and not result.raised
    assert all(f.evidence.endswith(".") for f in result.findings)
    assert result.verdict == "cannot tell" and result.needs
    assert result.to_record()["faults"] == [] and result.to_record()["acc1"] is None


# --- the order of labels ----------------------------------------------------------------------------------


@pytest.mark.parametrize("c", [2, 3, 4, 5])
def test_the_best_renaming_is_the_best_of_all_permutations(c: int) -> None:
    rng = np.random.default_rng(c)
    for _ in range(20):
        table = rng.integers(0, 6, (c, c))
        best = max(sum(table[i, p[i]] for i in range(c)) for p in itertools.permutations(range(c)))
        renamed = best_renaming(table)
        assert sorted(renamed) == list(range(c)) and table[np.arange(c), renamed].sum() == best


def test_of_equal_renamings_the_one_that_leaves_the_names_wins() -> None:
    assert best_renaming(np.ones((4, 4), np.int64)).tolist() == [0, 1, 2, 3]
    assert best_renaming(np.array([[0, 0, 0], [0, 5, 5], [0, 5, 5]])).tolist() == [0, 1, 2]


def test_a_renaming_is_judged_on_pictures_that_did_not_choose_it() -> None:
    """Answers that have nothing to do with the labels: fitting explains many, but not of other pictures."""
    rng = np.random.default_rng(0)
    labels, predicted = rng.integers(0, 30, 300), rng.integers(0, 30, 300)
    order = explain(labels, predicted, 30)
    fitted = float((predicted == order.renamed[labels]).mean())
    assert fitted > 0.12 and order.moved < 0.08 and not order.rings


def test_two_swapped_classes_are_a_ring_by_hand() -> None:
    labels = [0] * 10 + [1] * 10 + [2] * 80
    predicted = [1] * 9 + [2] + [0] * 10 + [2] * 78 + [0] * 2
    order = explain(np.array(labels), np.array(predicted), 3)
    assert order.rings == ((0, 1),) and order.kept == pytest.approx(0.78) and order.moved == pytest.approx(0.97)
    case = Case(title="x", c=3, n=100, classnames=("cat", "dog", "cow"), answers=answered(labels, predicted))
    finding = found("label-order", case)
    assert finding.verdict == "fault" and "“cat” and “dog”" in finding.evidence


def test_one_confused_class_is_no_order_of_labels() -> None:
    labels, predicted = [0] * 50 + [1] * 50, [1] * 50 + [1] * 50
    assert found("label-order", Case(title="x", c=2, n=100, answers=answered(labels, predicted))).verdict == "ok"


def answers_of_habit(seed: int, c: int = 10, n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Labels and answers of a model that does not know the classes: each class gets its own few favorite names."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % c
    habits = rng.dirichlet(np.full(c, 0.3), size=c)
    return labels, np.array([rng.choice(c, p=habits[label]) for label in labels])


def test_a_model_that_does_not_know_the_classes_is_seldom_called_out_of_order() -> None:
    """The shuffle has a false alarm in a hundred; without it most of these would be faults."""
    renamed, faults = 0, 0
    for seed in range(200):
        labels, predicted = answers_of_habit(seed)
        verdict = found(
            "label-order", Case(title="x", c=10, n=300, answers=answered(labels.tolist(), predicted.tolist()))
        ).verdict
        renamed += verdict != "ok"
        faults += verdict == "fault"
    assert renamed > 60 and faults <= 5, (renamed, faults)


@pytest.mark.parametrize(("accuracy", "c"), [(0.35, 20), (0.45, 10), (0.9, 2), (0.9, 3)])
def test_labels_out_of_order_are_certain_also_of_a_weak_model(accuracy: float, c: int) -> None:
    rng = np.random.default_rng(c)
    labels = np.arange(60 * c) % c
    predicted = np.where(rng.random(len(labels)) < accuracy, labels, rng.integers(0, c, len(labels)))
    shifted = (labels + 1) % c
    order = explain(shifted, predicted, c)
    assert certain(order) and (order.renamed == (np.arange(c) - 1) % c).all()
    case = Case(title="x", c=c, n=len(labels), answers=answered(shifted.tolist(), predicted.tolist()))
    assert found("label-order", case).verdict == "fault"


def test_common_orders_are_called_by_their_name() -> None:
    names = ("pear", "fig", "lime", "apple", "kiwi")
    assert "off by one" in describe(np.array([1, 2, 3, 4, 0]), names)
    by_name = np.argsort(np.argsort(names))
    assert "alphabetical" in describe(by_name, names)
    assert describe(np.array([0, 2, 1, 3, 4]), names) == ""


def test_labels_are_held_against_the_data_sets_own() -> None:
    case = Case(
        title="x",
        c=3,
        n=4,
        classnames=("a", "b", "c"),
        answers=answered([0, 1, 2, 2], [0, 1, 2, 1]),
        known=Known(labels={"3.png": 1, "0.png": 0, "7.png": 2}),
    )
    finding = found("label-order", case)
    assert (
        finding.verdict == "fault" and "1 of 4 labels" in finding.evidence and "“c” where it is “b”" in finding.evidence
    )
    assert finding.counterfactual is not None and finding.counterfactual.value == 1.0


# --- answers ----------------------------------------------------------------------------------------------


def test_collapse_by_figures_alone() -> None:
    """The deck's ViT-L-14 on EuroSAT, and a label shuffle, which looks different."""
    finding = found("collapse", Case(title="x", c=10, n=27_000, scores={"acc1": 0.1225, "acc5": 0.8829}))
    assert finding.verdict == "fault" and "88.3" in finding.evidence
    assert found("collapse", Case(title="x", c=10, n=27_000, scores={"acc1": 0.11, "acc5": 0.52})).verdict == "ok"
    assert found("collapse", Case(title="x", c=10, n=27_000, scores={"acc1": 0.5044, "acc5": 0.9255})).verdict == "ok"
    assert found("collapse", Case(title="x", c=4, n=100, scores={"acc1": 0.25, "acc5": 1.0})).verdict == "cannot tell"


def test_the_spread_of_answers_by_hand() -> None:
    labels = [i // 10 for i in range(100)]
    even = found("collapse", Case(title="x", c=10, n=100, answers=answered(labels, labels)))
    assert even.verdict == "ok" and "over 10.0 classes, the images over 10.0" in even.evidence
    half = found("collapse", Case(title="x", c=10, n=100, answers=answered(labels, [3] * 50 + labels[50:])))
    assert half.verdict == "fault" and "50.0" in half.evidence and "class 3" in half.evidence
    third = found("collapse", Case(title="x", c=10, n=100, answers=answered(labels, [3] * 33 + labels[33:])))
    assert third.verdict == "warning"
    two = found("collapse", Case(title="x", c=2, n=100, answers=answered([0] * 50 + [1] * 50, [1] * 100)))
    assert two.verdict == "fault"


def test_equal_figures_of_two_models_are_a_copied_cell() -> None:
    """The deck's ImageNet-mini: both ViT-B/32 at 61.89 and 85.24."""
    case = Case(
        title="x",
        model="a",
        n=3923,
        scores={"acc1": 0.6189, "acc5": 0.8524},
        others=(Cell(title="the other", model="b", scores={"acc1": 0.6189, "acc5": 0.8524}),),
    )
    assert found("copied", case).verdict == "fault"
    near = replace(case, others=(Cell(title="the other", model="b", scores={"acc1": 0.6189, "acc5": 0.8531}),))
    assert found("copied", near).verdict == "ok"
    same_model = replace(case, others=(Cell(title="the other", model="a", scores=dict(case.scores)),))
    assert found("copied", same_model).verdict == "cannot tell"
    perfect = replace(
        case, scores={"acc1": 1.0, "acc5": 1.0}, others=(Cell(title="o", model="b", scores={"acc1": 1.0, "acc5": 1.0}),)
    )
    assert found("copied", perfect).verdict == "ok"


def test_the_same_vectors_under_two_names() -> None:
    vectors = np.random.default_rng(0).standard_normal((30, 8)).astype(np.float32)
    case = Case(
        title="x",
        model="a",
        n=30,
        vectors=CaseVectors(images=vectors),
        others=(Cell(title="o", model="b", scores={}, n=30, predicted=None, images=vectors.copy()),),
    )
    assert found("copied", case).verdict == "fault"
    assert (
        found(
            "copied",
            replace(case, others=(Cell(title="o", model="b", scores={}, n=30, predicted=None, images=vectors + 1),)),
        ).verdict
        == "ok"
    )


# --- pictures ---------------------------------------------------------------------------------------------

CIFAR = Known(sizes={"train": 50_000, "test": 10_000}, classes=100, measured_on=("test",))


@pytest.mark.parametrize(
    ("split", "n", "skipped", "c", "verdict", "words"),
    [
        ("test", 10_000, 0, 100, "ok", "All 10,000"),
        ("test", 9_990, 10, 100, "ok", "All 10,000"),
        ("test", 9_800, 200, 100, "warning", "could not be read"),
        ("test", 1_000, 0, 100, "warning", "has 10,000"),
        ("test", 50_000, 0, 100, "fault", "whole train split"),
        ("train", 50_000, 0, 100, "warning", "published figures are for test"),
        ("", 10_000, 0, 100, "ok", "All 10,000"),
        ("", 50_000, 0, 100, "fault", "whole train split"),
        ("", 777, 0, 100, "warning", "no split"),
        ("test", 10_000, 0, 20, "fault", "20 classes"),
    ],
)
def test_split_and_number_of_pictures(split: str, n: int, skipped: int, c: int, verdict: str, words: str) -> None:
    finding = found("split", Case(title="x", dataset="cifar100", split=split, n=n, skipped=skipped, c=c, known=CIFAR))
    assert finding.verdict == verdict and words in finding.evidence


def test_the_first_rows_of_a_sorted_list_lack_classes() -> None:
    labels = [i // 20 for i in range(100)]
    finding = found("split", Case(title="x", n=100, c=10, answers=answered(labels, labels)))
    assert finding.verdict == "warning" and "5 of 10 classes" in finding.evidence


def test_duplicates_between_and_within_splits() -> None:
    rng = np.random.default_rng(1)
    train, test = (rng.standard_normal((200, 16)).astype(np.float32) for _ in range(2))
    assert found("duplicates", Case(title="x", vectors=CaseVectors(images=test, train=train))).verdict == "ok"
    assert found("duplicates", Case(title="x", vectors=CaseVectors(images=test))).verdict == "cannot tell"
    for count, verdict, same in (
        (1, "warning", (1, 1)),
        (10, "fault", (10, 10)),
        (10, "ok", (10, 0)),
        (10, "warning", (10, 2)),
        (10, "warning", None),
    ):
        seen = test.copy()
        seen[:count] = train[:count]
        case = Case(title="x", vectors=CaseVectors(images=seen, train=train), known=Known(same=same))
        finding = found("duplicates", case)
        assert finding.verdict == verdict and "look the same to this model" in finding.evidence
        assert ("same image" in finding.evidence) == (same is not None)
    twice = np.concatenate([test, test[:20]])
    assert found("duplicates", Case(title="x", vectors=CaseVectors(images=twice, train=train))).verdict == "warning"


def test_how_many_pictures_are_enough() -> None:
    few = found("enough", Case(title="x", n=50, scores={"acc1": 0.5}))
    assert few.verdict == "warning" and "about 9,700" in few.evidence
    assert found("enough", Case(title="x", n=300, scores={"acc1": 0.5})).verdict == "ok"
    figure = Reference(metric="zeroshot_acc1_ensemble", value=0.5, protocol="", source="")
    beside = Case(title="x", n=300, scores={"acc1": 0.5}, known=Known(published=(figure,)))
    assert found("enough", beside).verdict == "warning"


def test_the_interval_is_that_of_the_number_as_it_was_brought() -> None:
    wrong = planted(WORLD, ["labels off by one"])
    assert wrong.finding("label-order").verdict == "fault" and wrong.case.acc1 is not None and wrong.case.acc1 < 0.2
    interval = interval_text(wrong.case.interval() or (0, 0))
    assert wrong.finding("enough") == audit(replace(wrong.case, answers=None)).finding("enough")
    assert interval in wrong.finding("enough").evidence
    few = planted(WORLD, ["labels off by one", "few pictures"])
    told = few.finding("enough")
    assert told.verdict == "warning" and interval_text(few.case.interval() or (0, 0)) in told.evidence
    assert "With the labels put right: with 160 images" in told.evidence


# --- how vectors were made --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("repeat", "verdict"),
    [
        (Repeat(pictures=4, again=1e-6, stored=1e-6, limit=1e-3), "ok"),
        (Repeat(pictures=4, again=1e-6, stored=None, limit=1e-3), "ok"),
        (Repeat(pictures=4, again=0.02, stored=0.02, limit=1e-3), "fault"),
        (Repeat(pictures=4, again=0.0, stored=0.02, limit=1e-3), "fault"),
        (Repeat(pictures=4, again=0.01, stored=0.015, limit=2e-2), "ok"),
        (None, "cannot tell"),
    ],
)
def test_a_sample_encoded_twice(repeat: Repeat | None, verdict: str) -> None:
    assert found("deterministic", Case(title="x", repeat=repeat)).verdict == verdict


def test_preprocessing_of_the_weights() -> None:
    own = {"size": 224, "mean": (0.481, 0.458, 0.408), "interpolation": "bicubic"}
    case = Case(title="x", known=Known(own_preprocessing=own), preprocessing={**own, "version": 1})
    assert found("weights", case).verdict == "ok"
    for change in ({"size": 256}, {"mean": [0.5, 0.5, 0.5]}, {"interpolation": "bilinear"}):
        finding = found("weights", replace(case, preprocessing={**own, **change}))
        assert finding.verdict == "fault" and next(iter(change)) in finding.evidence


def test_quick_gelu_is_suspected_only_where_the_number_falls_short() -> None:
    figure = Reference(metric="zeroshot_acc1_ensemble", value=0.6834, protocol="prompt ensemble", source="")
    known = Known(published=(figure,), quick_gelu="ViT-B-16-quickgelu")
    assert found("weights", Case(title="x", n=50_000, scores={"acc1": 0.644}, known=known)).verdict == "warning"
    assert found("weights", Case(title="x", n=50_000, scores={"acc1": 0.683}, known=known)).verdict == "cannot tell"


def test_class_vectors_of_other_lengths_by_hand() -> None:
    images = np.array([[1, 0], [1, 0.2], [0, 1]], np.float32)
    classes = np.array([[1, 0], [9, 9]], np.float32)
    case = Case(
        title="x", c=2, n=3, answers=answered([0, 0, 1], [1, 1, 1]), vectors=CaseVectors(images=images, classes=classes)
    )
    finding = found("normalised", case)
    assert finding.verdict == "fault" and "1.00 to 12.73" in finding.evidence
    assert finding.counterfactual is not None and finding.counterfactual.value == 1.0
    assert found("normalised", replace(case, vectors=CaseVectors(images=images, classes=classes[:1]))).verdict == "ok"
    even = found(
        "normalised", replace(case, vectors=CaseVectors(images=images, classes=np.array([[0, 3], [3, 0]], np.float32)))
    )
    assert even.verdict == "warning"


@pytest.mark.parametrize(
    ("scale", "verdict"), [(100.0, "ok"), (14.3, "ok"), (4.605, "fault"), (2.66, "fault"), (1e4, "fault")]
)
def test_the_logit_scale_is_an_exponential(scale: float, verdict: str) -> None:
    assert found("logit-scale", Case(title="x", vectors=CaseVectors(logit_scale=scale))).verdict == verdict


def test_a_softmax_of_bare_cosines_is_nearly_even() -> None:
    rng = np.random.default_rng(3)
    labels = np.arange(200) % 10
    cosines = rng.normal(0.2, 0.02, (200, 10))
    cosines[np.arange(200), labels] += 0.08

    def case(scale: float) -> Case:
        weights = np.exp(scale * cosines)
        scores = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
        answers = answered(labels.tolist(), scores.argmax(axis=1).tolist(), scores=scores, kind="probabilities")
        return Case(title="x", n=200, c=10, answers=answers)

    assert found("logit-scale", case(1.0)).verdict == "fault"
    assert found("logit-scale", case(100.0)).verdict == "ok"


# --- how pictures were asked about ------------------------------------------------------------------------


def test_folder_names_are_told_from_words() -> None:
    raw = ("AnnualCrop", "aquarium_fish", "n01440764", "17", "001.Black_footed_Albatross", "SeaLake")
    words = ("annual crop land", "aquarium fish", "tench", "T-shirt", "Boeing 737", "t-shirt")
    assert all(map(looks_raw, raw)) and not any(map(looks_raw, words))


def test_names_that_are_the_same_either_way_are_not_raised() -> None:
    names = ("red", "green")
    assert (
        found("class-names", Case(title="x", asked=Asked(classnames=names, curated=names, raw=names))).verdict == "ok"
    )


def test_a_departure_that_makes_no_difference_is_not_raised() -> None:
    labels = [i % 2 for i in range(400)]
    predicted = np.array(labels)
    predicted[:40] = 1 - predicted[:40]
    other = predicted.copy()
    other[0], other[100] = labels[0], 1 - labels[100]
    asked = Asked(
        classnames=("AnnualCrop", "River"), curated=("annual crop land", "river"), raw=("AnnualCrop", "River")
    )
    case = Case(
        title="x",
        c=2,
        n=400,
        asked=asked,
        answers=answered(labels, predicted.tolist()),
        alternatives=(
            Alternative(
                changes=(NAMES, PROTOCOL), said="with curated class names", predicted=other, correct=other == labels
            ),
        ),
    )
    finding = found("class-names", case)
    assert finding.verdict == "ok" and "no more than chance" in finding.evidence
    without = replace(case, alternatives=())
    assert found("class-names", without).verdict == "warning"


# --- figures from elsewhere -------------------------------------------------------------------------------


def published(value: float, **more: Any) -> Case:
    figure = Reference(metric="zeroshot_acc1_ensemble", value=0.6423, protocol="prompt ensemble", source="a table")
    return Case(title="x", n=10_000, scores={"acc1": value}, known=Known(published=(figure,)), **more)


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(0.6418, "ok"), (0.66, "ok"), (0.625, "ok"), (0.62, "warning"), (0.5, "fault"), (0.75, "fault")],
)
def test_the_published_figure_and_the_interval(value: float, verdict: str) -> None:
    assert found("published", published(value)).verdict == verdict


def test_other_pictures_allow_for_more() -> None:
    figure = Reference(
        metric="zeroshot_acc1_ensemble",
        value=0.6656,
        protocol="prompt ensemble; on 50,000 validation images, not the mini set",
        source="",
    )
    case = Case(title="x", n=3923, scores={"acc1": 0.6189}, known=Known(published=(figure,)))
    assert found("published", case).verdict == "ok"


def test_a_probe_is_held_against_full_probes_only() -> None:
    figures = (
        Reference(metric="linear_probe_acc1_10shot", value=0.4, protocol="", source=""),
        Reference(metric="linear_probe_acc1_full", value=0.8, protocol="", source=""),
    )
    case = Case(title="x", method="probe", n=10_000, scores={"acc1": 0.8}, known=Known(published=figures))
    assert found("published", case).verdict == "ok"


@pytest.mark.parametrize(
    ("train", "test", "zero", "tuned", "verdict"),
    [
        (1.0, 0.38, 0.62, False, "fault"),
        (0.75, 0.17, 0.54, False, "fault"),
        (0.9935, 0.90, 0.64, False, "ok"),
        (1.0, 0.70, 0.64, False, "fault"),
        (1.0, 0.70, 0.64, True, "ok"),
        (0.7, 0.6, 0.65, True, "warning"),
    ],
)
def test_learnt_by_heart(train: float, test: float, zero: float, tuned: bool, verdict: str) -> None:
    case = Case(
        title="x", method="probe", n=4000, scores={"acc1": test}, train_acc1=train, zero_shot_acc1=zero, tuned=tuned
    )
    assert found("probe-fit", case).verdict == verdict


def test_recalls_are_held_against_published_ones_of_five_captions() -> None:
    figure = Reference(metric="image_retrieval_recall@5", value=0.559, protocol="5,000 images", source="")
    case = Case(
        title="x",
        method="retrieval",
        n=5000,
        scores={"image_retrieval_recall@5": 0.40},
        captions=(5, 5),
        known=Known(published=(figure,)),
    )
    assert found("published", case).verdict == "fault"
    assert found("published", replace(case, scores={"image_retrieval_recall@5": 0.56})).verdict == "ok"
    one = replace(case, captions=(1, 1))
    assert found("published", one).verdict == "cannot tell" and found("captions", one).verdict == "warning"
    lost = replace(case, scores={"image_retrieval_recall@10": 0.002})
    assert found("captions", lost).verdict == "fault"


def test_whose_run_gives_these_answers() -> None:
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 8, 500)
    right = np.where(rng.random(500) < 0.8, labels, rng.integers(0, 8, 500))
    other = np.where(rng.random(500) < 0.5, labels, rng.integers(0, 8, 500))
    ours = (
        Alternative(changes=(PROTOCOL,), said="as published", predicted=right, correct=right == labels),
        Alternative(changes=("other",), said="with folder names", predicted=other, correct=other == labels),
    )

    def case(predicted: np.ndarray) -> Case:
        return Case(
            title="x",
            source="predictions",
            c=8,
            n=500,
            answers=answered(labels.tolist(), predicted.tolist()),
            alternatives=ours,
        )

    assert found("reproduced", case(right)).verdict == "ok"
    fault = found("reproduced", case(other))
    assert fault.verdict == "fault" and "with folder names" in fault.evidence and fault.counterfactual is not None
    shuffled = found("reproduced", case(rng.permutation(right)))
    assert shuffled.verdict == "fault" and "out of order" in shuffled.evidence
    strange = np.where(rng.random(500) < 0.7, labels, 0)
    assert found("reproduced", case(strange)).verdict == "cannot tell"


def test_answers_are_checked_on_construction() -> None:
    with pytest.raises(TMVError, match="nothing to audit"):
        CaseAnswers(ids=(), labels=np.zeros(0, np.int64), top=np.zeros((0, 1), np.int64))
    with pytest.raises(TMVError, match="labels must be"):
        CaseAnswers(ids=("a",), labels=np.zeros(1, np.int32), top=np.zeros((1, 1), np.int64))


def test_class_names_that_are_numbers_are_not_called_words() -> None:
    numbers = ("0", "1", "2")
    found = audit(
        Case(title="x", asked=Asked(classnames=numbers, curated=numbers, raw=numbers, templates=("a photo of a {}.",)))
    ).finding("class-names")
    assert found.verdict == "cannot tell" and "are numbers" in found.evidence
    words = ("cat", "dog", "7-Eleven")
    assert (
        audit(Case(title="x", asked=Asked(classnames=words, curated=words, raw=words, templates=("{}",))))
        .finding("class-names")
        .verdict
        == "ok"
    )
