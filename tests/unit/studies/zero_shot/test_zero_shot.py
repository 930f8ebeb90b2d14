"""Zero-shot classification against open_clip's own way, and by hand."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from core.errors import TMVError
from core.stats import metrics
from core.studies.zero_shot import classify as zero_shot
from core.types import EmbeddingKey, EmbeddingSet, Provenance, Reference, ScoreRule
from tests.coded import coded

AXES = np.eye(3, dtype=np.float32)
PROVENANCE = Provenance(
    model_digest="m",
    data_digest="d",
    preprocessing={"size": 32},
    precision="fp32",
    device="cpu",
    versions={"numpy": "2"},
    date="2025-01-01",
)


def embedded(images, labels, logit_scale=100.0):
    labels = None if labels is None else np.asarray(labels, dtype=np.int64)
    return EmbeddingSet(
        key=EmbeddingKey(model="demo-vit/demo", dataset="things", split="test", fingerprint="f"),
        image_embeddings=np.asarray(images, np.float32),
        ids=tuple(f"row{i}" for i in range(len(images))),
        logit_scale=logit_scale,
        provenance=PROVENANCE,
        labels=labels,
    )


def by_hand(**options):
    """Three classes along the axes and five pictures; the second and the last are named wrongly."""
    images = [[2, 0, 0], [1, 3, 0], [0, 1, 0], [0, 0.2, 1], [1, 0, 0.5]]
    return zero_shot.classify(
        embedded(images, [0, 0, 1, 2, 2], logit_scale=4.0),
        AXES,
        ("cat", "dog", "owl"),
        ("a photo of a {}.",),
        **options,
    )


# --- texts ------------------------------------------------------------------------------------------------


def test_fill_goes_template_by_template():
    assert zero_shot.fill(("a {}.", "{}"), ("cat", "dog")) == ["a cat.", "a dog.", "cat", "dog"]


def test_fill_keeps_other_braces_and_names_that_look_like_fields():
    assert zero_shot.fill(("{x} {}",), ("{0}",)) == ["{x} {0}"]


@pytest.mark.parametrize(
    ("templates", "message"),
    [
        (("a photo",), "'a photo' has none"),
        (("{} and {}",), "has 2"),
        (("fine {}", ""), "'' has none"),
        ((), "at least one template"),
        ("a photo of a {}", "list of at least one"),
    ],
)
def test_wrong_templates_are_named(templates, message):
    with pytest.raises(TMVError, match=message):
        zero_shot.fill(templates, ("cat",))


def test_fill_needs_class_names():
    with pytest.raises(TMVError, match="no class names"):
        zero_shot.fill(("{}",), ())


def test_class_embeddings_by_hand():
    # Class 0: (1, 0) and (0, 1) average to the diagonal whatever their lengths; class 1 stays where it is.
    texts = np.array([[[5.0, 0.0], [0.0, 2.0]], [[0.0, 0.1], [0.0, 9.0]]])
    expected = [[0.5**0.5, 0.5**0.5], [0.0, 1.0]]
    np.testing.assert_allclose(zero_shot.class_embeddings(texts), expected, rtol=1e-6)


def test_class_embeddings_need_three_axes():
    with pytest.raises(TMVError, match="templates, classes, width"):
        zero_shot.class_embeddings(np.ones((3, 4)))


# --- numbers ----------------------------------------------------------------------------------------------


def test_every_number_by_hand():
    found = by_hand()
    assert found.acc1 == 0.6 and found.acc5 == 1.0 and found.n == 5
    assert found.ranks.tolist() == [1, 2, 1, 1, 2]
    assert found.predicted.tolist() == [0, 1, 1, 2, 0]
    assert found.confusion.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 1]]
    assert [(r.n, r.correct, r.recall) for r in found.per_class] == [(2, 1, 0.5), (1, 1, 1.0), (2, 1, 0.5)]
    assert found.mean_per_class_recall == pytest.approx(2 / 3)
    low, high = found.mean_per_class_recall_ci95
    assert low < found.mean_per_class_recall < high
    assert found.acc1_ci95 == pytest.approx((0.2307, 0.8824), abs=1e-4)
    first = np.exp(4.0) / (np.exp(4.0) + 2)
    rest = (1 - first) / 2
    assert found.top5_probability[0].tolist() == pytest.approx([first, rest, rest])
    assert found.protocol.templates == ("a photo of a {}.",) and found.protocol.details["top"] == 3


def test_the_record_holds_what_the_command_promises():
    published = (Reference(metric="acc1", value=0.5, protocol="one prompt", source="a table"),)
    deck = (Reference(metric="acc1", value=0.4, protocol="", source="s", kind="deck"),)
    found = by_hand(classnames_kind="raw", published=published, deck=deck)
    record = json.loads(json.dumps(found.to_record(), allow_nan=False))
    for name in (
        "model",
        "dataset",
        "split",
        "n",
        "provenance",
        "acc1",
        "acc5",
        "mean_per_class_recall",
        "acc1_ci95",
        "acc5_ci95",
        "templates",
        "classnames",
        "per_class",
        "published",
    ):
        assert name in record
    assert record["published"] == [{"metric": "acc1", "protocol": "one prompt", "value": 0.5, "source": "a table"}]
    assert record["per_class"][0] == {"classname": "cat", "n": 2, "recall": 0.5}
    assert record["deck"][0]["value"] == 0.4
    assert record["classnames_kind"] == "raw" and record["classnames"] == ["cat", "dog", "owl"]


def test_a_class_without_pictures_has_no_recall_and_a_note():
    found = zero_shot.classify(embedded(AXES, [0, 1, 1]), AXES, ("a", "b", "c"), ("{}",))
    assert np.isnan(found.per_class[2].recall) and found.per_class[2].ci95 == (0.0, 1.0)
    assert found.to_record()["per_class"][2]["recall"] is None
    assert found.mean_per_class_recall == 0.75
    assert coded(found.notes)["empty_classes"].startswith("1 of 3")


@pytest.mark.parametrize(("c", "noted"), [(2, True), (5, True), (6, False)])
def test_top5_of_few_classes_is_said_to_be_empty_of_meaning(c, noted):
    images = np.random.default_rng(c).standard_normal((30, 8))
    classes = np.random.default_rng(c + 1).standard_normal((c, 8)).astype(np.float32)
    names = [str(i) for i in range(c)]
    found = zero_shot.classify(embedded(images, np.arange(30) % c), classes, names, ("{}",))
    assert found.top5.shape == (30, min(5, c))
    assert ("top5_trivial" in coded(found.notes)) is noted
    assert (found.acc5 == 1.0) is noted


def test_classes_that_are_one_text_to_the_model_are_noted():
    rounding = np.float32(3e-7) * np.array([[0, 0, 0], [1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=np.float32)
    classes = AXES[[0, 0, 1, 1, 0]] + rounding
    names = ("crop", "vegetation", "house", "house", "field")
    assert zero_shot.alike(classes, names) == (("crop", "vegetation", "field"),)
    assert zero_shot.alike(AXES, ("a", "b", "c")) == ()
    found = zero_shot.classify(embedded([[1, 0, 0]], [0]), classes, names, ("{}",))
    assert "“crop”, “vegetation”, “field”:" in coded(found.notes)["same_vector"]
    many = zero_shot.classify(embedded([[1, 0, 0]], [0]), AXES[[0] * 7], tuple("abcdefg"), ("{}",))
    assert "“d”, “e” and 2 more" in coded(many.notes)["same_vector"]


def test_of_equal_classes_the_first_is_the_answer_and_what_hangs_on_it_is_noted():
    images = embedded([[1, 0, 0], [1, 0, 0], [0, 1, 0]], [0, 1, 2])
    found = zero_shot.classify(images, AXES[[0, 0, 1]], ("crane", "crane", "owl"), ("{}",))
    assert found.predicted.tolist() == [0, 0, 2] and found.ranks.tolist() == [1, 2, 1]
    assert [note.level for note in found.notes if note.code == "equal_names"] == ["fault"]
    many = zero_shot.name_notes(("missile", *map(str, range(500)), "missile"))
    assert [note.level for note in many] == ["warning"]  # as in ImageNet's own list
    assert "For 2 of 3 images" in found.notes[-1]
    assert "as wrong, top-1 would be 33.33 %, with every one counted as right 100.00 %" in found.notes[-1]
    assert found.confusion.trace() == found.correct.sum()
    apart = zero_shot.classify(images, AXES, ("crane", "heron", "owl"), ("{}",))
    assert "ties" not in coded(apart.notes)


@pytest.mark.parametrize("signs", [False, True])
def test_equal_to_argmax_and_a_stable_sort_of_plain_numpy(signs):
    rng = np.random.default_rng(5)
    vectors, classes = rng.normal(size=(300, 16)), rng.normal(size=(30, 16))
    if signs:  # cosines are then multiples of 1/8 without rounding, and most pictures tie
        vectors, classes = np.sign(vectors), np.sign(classes)
    vectors, unit = vectors.astype(np.float32), metrics.normalise(classes)
    labels = rng.integers(0, 30, 300)
    found = zero_shot.classify(embedded(vectors, labels), unit, [f"c{i}" for i in range(30)], ("{}",))
    scores = vectors / np.linalg.norm(vectors, axis=1, keepdims=True) @ unit.T
    order = np.argsort(-scores, axis=1, kind="stable")
    np.testing.assert_array_equal(found.predicted, scores.argmax(axis=1))
    np.testing.assert_array_equal(found.top5, order[:, :5])
    assert found.acc1 == np.mean(order[:, 0] == labels)
    assert found.acc5 == np.mean((order[:, :5] == labels[:, None]).any(axis=1))
    assert signs == ("ties" in coded(found.notes))


@pytest.mark.parametrize("labels", [None, [0, -1]])
def test_rows_without_labels_are_refused(labels):
    with pytest.raises(TMVError, match="needs a class label on every image"):
        zero_shot.classify(embedded(AXES[:2], labels), AXES, ("a", "b", "c"), ("{}",))


def test_class_names_must_fit_vectors_and_labels():
    with pytest.raises(TMVError, match="each of 2 class names, got 3"):
        zero_shot.classify(embedded(AXES, [0, 1, 1]), AXES, ("a", "b"), ("{}",))
    with pytest.raises(TMVError, match="need 3 class names, but 2"):
        zero_shot.classify(embedded(AXES, [0, 1, 2]), AXES[:2], ("a", "b"), ("{}",))


def test_results_cannot_be_changed():
    found = by_hand()
    for array in (found.confusion, found.ranks, found.top5, found.top5_probability, found.labels):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


# --- open_clip --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tiny_clip():
    """A small untrained open_clip model; its text vectors spread enough for ranks to mean something."""
    open_clip = pytest.importorskip("open_clip")
    import torch

    torch.manual_seed(0)
    model = open_clip.CLIP(
        embed_dim=24,
        vision_cfg={"image_size": 16, "layers": 1, "width": 32, "head_width": 16, "patch_size": 8},
        text_cfg={"context_length": 20, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
    )
    with torch.no_grad():
        model.token_embedding.weight.mul_(50)
    return open_clip, model.eval()


@pytest.mark.parametrize(
    "templates", [("a photo of a {}.",), ("a photo of a {}.", "a drawing of a {}.", "{}", "the {} at night")]
)
def test_equal_to_open_clips_classifier_to_the_last_digit(tiny_clip, templates):
    import torch

    open_clip, model = tiny_clip
    names = ("cat", "dog", "owl", "red fox", "boat", "old house", "tree", "car", "white bird", "apple")
    tokenizer = open_clip.SimpleTokenizer(context_length=20)
    labels = np.random.default_rng(1).integers(0, len(names), 600)
    with torch.no_grad():
        weights = open_clip.build_zero_shot_classifier(model, tokenizer, names, templates)
        images = torch.nn.functional.normalize(torch.randn(600, 24) * 0.3 + weights.T[torch.from_numpy(labels)], dim=-1)
        logits = 100.0 * images @ weights
        texts = model.encode_text(tokenizer(zero_shot.fill(templates, names))).numpy()
    best = logits.topk(5, dim=1)
    hits = best.indices.numpy() == labels[:, None]

    classes = zero_shot.class_embeddings(texts.reshape(len(templates), len(names), -1))
    found = zero_shot.classify(embedded(images.numpy() * 7, labels), classes, names, templates)

    np.testing.assert_allclose(classes, weights.T.numpy(), atol=1e-6)
    assert found.acc1 == hits[:, 0].mean() and found.acc5 == hits.any(axis=1).mean()
    assert 0.15 < found.acc1 < 0.95 and found.acc5 < 1
    np.testing.assert_array_equal(found.top5, best.indices.numpy())
    expected = torch.gather(logits.softmax(dim=1), 1, best.indices).numpy()
    np.testing.assert_allclose(found.top5_probability, expected, atol=1e-4)


# --- a model trained with a sigmoid -----------------------------------------------------------------------


def sigmoid(images):
    rule = ScoreRule(function="sigmoid", scale=4.0, bias=-3.0)
    return replace(
        images, score_function="sigmoid", logit_bias=-3.0, provenance=replace(images.provenance, score_rule=rule)
    )


def test_a_closed_set_is_a_softmax_and_says_so_and_confidence_is_the_models_own():
    images = embedded([[2, 0, 0], [1, 3, 0], [0, 1, 0], [0, 0.2, 1], [1, 0, 0.5]], [0, 0, 1, 2, 2], logit_scale=4.0)
    found = zero_shot.classify(sigmoid(images), AXES, ("cat", "dog", "owl"), ("a {}",))
    plain = zero_shot.classify(images, AXES, ("cat", "dog", "owl"), ("a {}",))
    np.testing.assert_array_equal(found.top5, plain.top5)
    np.testing.assert_array_equal(found.top5_probability, plain.top5_probability)
    assert found.scores == plain.scores
    cosines = [1.0, 3 / math.sqrt(10), 1.0, 1 / math.sqrt(1.04), 1 / math.sqrt(1.25)]
    np.testing.assert_allclose(found.confidence, [1 / (1 + math.exp(3 - 4 * x)) for x in cosines], rtol=1e-5)
    np.testing.assert_array_equal(plain.confidence, plain.top5_probability[:, 0])
    assert [note.level for note in found.notes if note.code == zero_shot.SOFTMAX_OF_SIGMOID] == ["info"]
    assert zero_shot.SOFTMAX_OF_SIGMOID not in coded(plain.notes)


def test_provenance_tells_the_rule_where_it_is_a_sigmoid_and_reads_itself_back():
    plain, rule = PROVENANCE, ScoreRule(function="sigmoid", scale=117.3, bias=-12.9)
    told = replace(PROVENANCE, score_rule=rule)
    assert "score_rule" not in plain.as_dict()
    assert told.as_dict()["score_rule"] == {"function": "sigmoid", "scale": 117.3, "bias": -12.9}
    for provenance in (plain, told):
        assert Provenance.of(json.loads(json.dumps(provenance.as_dict()))) == provenance
