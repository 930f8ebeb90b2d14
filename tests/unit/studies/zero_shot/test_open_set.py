"""Labels judged by themselves: held against scikit-learn, a loop and a case by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from core.engine import Engine
from core.errors import TMVError
from core.stats.intervals import wilson
from core.studies.zero_shot.open_set import Threshold, best_cut, chosen_threshold, judge, validation_threshold
from core.types import ScoreRule
from tests.tiny_models import make_family
from tests.worlds import paint, squares

AXES = np.eye(2, dtype=np.float32)
RULE = ScoreRule(function="sigmoid", scale=10.0, bias=-7.0)


def test_a_case_by_hand() -> None:
    # Cosines 0.8 and 0.6: logits 1 and -1, so one label is likelier right than not.
    found = judge(np.array([8.0, 6.0], np.float32), AXES, ["cat", "dog"], RULE, Threshold())
    assert [(j.label, j.accepted) for j in found.labels] == [("cat", True), ("dog", False)]
    assert [j.probability for j in found.labels] == pytest.approx([1 / (1 + math.exp(-1)), 1 / (1 + math.e)], rel=1e-4)
    assert found.accepted == ("cat",) and found.none_of_these is False


def test_several_labels_or_none_may_be_right() -> None:
    picture = np.array([8.0, 6.0], np.float32)
    assert judge(picture, AXES, ["cat", "dog"], RULE, Threshold(value=0.2)).accepted == ("cat", "dog")
    none = judge(picture, AXES, ["cat", "dog"], RULE, Threshold(value=0.9))
    assert none.accepted == () and none.none_of_these is True


def test_a_softmax_cannot_say_none_of_these() -> None:
    found = judge(np.array([8.0, 6.0], np.float32), AXES, ["cat", "dog"], ScoreRule(scale=10.0), Threshold())
    assert [j.accepted for j in found.labels] == [None, None]
    assert found.threshold is None and found.none_of_these is None and found.accepted == ()
    assert sum(j.probability for j in found.labels) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_the_best_threshold_is_that_of_trying_every_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.random((40, 5)) < 0.25
    probability = np.round(rng.random((40, 5)) * 0.6 + 0.3 * truth, 2)  # rounded: many are equal
    cut = best_cut(probability, truth)
    tried = {v: f1_score(truth.ravel(), probability.ravel() >= v) for v in np.unique(probability)}
    assert cut.f1 == pytest.approx(max(tried.values()))
    assert cut.value == max(v for v, f1 in tried.items() if f1 == pytest.approx(cut.f1, abs=1e-12))
    accepted = probability.ravel() >= cut.value
    assert cut.accepted == accepted.sum() and cut.right == truth.sum()
    assert cut.hits / cut.accepted == pytest.approx(precision_score(truth.ravel(), accepted))
    assert cut.hits / cut.right == pytest.approx(recall_score(truth.ravel(), accepted))


def test_without_a_right_pair_there_is_no_threshold() -> None:
    with pytest.raises(TMVError, match="images with labels"):
        best_cut(np.zeros((2, 2)), np.zeros((2, 2), bool))


def test_a_validation_split_gives_it_and_is_named(tmp_path: Path) -> None:
    paint(tmp_path)
    for split in ("val", "test"):
        (tmp_path / "set" / split).parent.mkdir(exist_ok=True)
        (tmp_path / "squares").rename(tmp_path / "set" / split) if split == "test" else _copy(tmp_path, split)
    name, engine = make_family("siglip", tmp_path / "model"), Engine(tmp_path / "cache", tmp_path)
    place = engine.place(name, f"folder:{tmp_path / 'set'}", "test")
    engine.vectors.ensure(place)
    forms = ("a photo of a {}",)
    assert validation_threshold(engine, place, forms).split == "test", "the only one that is embedded"
    engine.vectors.ensure(place.at("val"))
    found = validation_threshold(engine, place, forms)
    images = engine.vectors.require(place.at("val"))
    head = engine.prompting.class_head(name, forms, images.classnames)
    unit = images.image_embeddings / np.linalg.norm(images.image_embeddings, axis=1, keepdims=True)
    rule, labels = images.score_rule, np.asarray(images.labels)
    pairs = [
        (1 / (1 + math.exp(-(rule.scale * float(x @ h) + rule.bias))), labels[i] == c)
        for i, x in enumerate(unit)
        for c, h in enumerate(head)
    ]
    scores = sorted({p for p, _ in pairs})
    truth = [t for _, t in pairs]
    best = max(f1_score(truth, [p >= v * (1 - 1e-6) for p, _ in pairs]) for v in scores)
    assert found.f1 == pytest.approx(best, abs=1e-3)
    assert (found.split, found.images, found.classes) == ("val", len(images), len(images.classnames))
    hits = round((found.recall or 0) * len(images))
    assert found.recall_ci95 == wilson(hits, len(images))
    assert chosen_threshold(images, head, most_pairs=len(labels) * 2).images < len(images)


def _copy(folder: Path, split: str) -> None:
    import shutil

    shutil.copytree(folder / "squares", folder / "set" / split)


def test_data_without_labels_is_refused_in_a_sentence(tmp_path: Path) -> None:
    paint(tmp_path)
    engine = Engine(tmp_path / "cache", tmp_path)
    name = make_family("siglip", tmp_path / "model")
    place = engine.place(name, f"captions:{tmp_path / 'told' / 'captions.csv'}")
    engine.vectors.ensure(place)
    with pytest.raises(TMVError, match=r"images with labels.*0\.5"):
        validation_threshold(engine, place, ("{}",))
    assert squares(tmp_path)
