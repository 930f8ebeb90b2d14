"""The rule of the scores and the tokens of the texts: each by hand, and tables brought of a tiny SigLIP whose texts were
not cleaned or not filled up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from core.encoders.encoder import load_encoder
from core.encoders.text_files import SHORT, UNCLEANED
from core.engine import Engine
from core.readers.predictions import parse_predictions
from core.studies.audit import (
    AS_WRITTEN,
    NOT_FILLED,
    PROTOCOL,
    Alternative,
    Case,
    CaseAnswers,
    CaseVectors,
    Finding,
    Known,
    TextSide,
    audit,
)
from core.studies.audit.study import Audit, audit_predictions
from core.types import ScoreRule
from tests.tiny_models import make_family

SIGLIP = ScoreRule(function="sigmoid", scale=117.0, bias=-13.0)
CLIP = ScoreRule(scale=100.0)


def cosines(seed: int = 1, n: int = 200, c: int = 10) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % c
    found = rng.normal(0.02, 0.02, (n, c))
    found[np.arange(n), labels] += 0.1
    return found, labels


def brought(scores: NDArray[np.float64], labels: NDArray[np.int64], kind: str, rule: ScoreRule) -> Finding | None:
    answers = CaseAnswers(
        ids=tuple(f"{i}.png" for i in range(len(labels))),
        labels=labels,
        top=scores.argmax(axis=1)[:, None],
        scores=scores.astype(np.float32),
        kind=kind,  # type: ignore[arg-type]
    )
    case = Case(
        title="x", source="predictions", n=len(labels), c=scores.shape[1], answers=answers, known=Known(rule=rule)
    )
    return next((f for f in audit(case).findings if f.check == "score-rule"), None)


def sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize(
    ("made", "kind", "verdict", "said"),
    [
        (lambda x: sigmoid(117 * x - 13), "cosines", "ok", "scale and bias"),
        (lambda x: sigmoid(117 * x), "cosines", "fault", "bias is missing"),
        (lambda x: sigmoid(x - 13), "cosines", "fault", "bare cosines"),
        (lambda x: sigmoid(x), "cosines", "fault", "bare cosines"),
        (lambda x: np.exp(117 * x) / np.exp(117 * x).sum(axis=1, keepdims=True), "probabilities", "warning", "add up"),
        (lambda x: x, "cosines", "cannot tell", "no probabilities"),
        (lambda x: 117 * x - 13, "logits", "cannot tell", "no probabilities"),
    ],
)
def test_probabilities_of_a_sigmoid_model(made: object, kind: str, verdict: str, said: str) -> None:
    values, labels = cosines()
    finding = brought(made(values), labels, kind, SIGLIP)  # type: ignore[operator]
    assert finding is not None and finding.verdict == verdict and said in finding.evidence


def test_a_sigmoid_of_a_softmax_model_is_a_fault_and_its_cosines_are_not_asked_about() -> None:
    values, labels = cosines()
    finding = brought(sigmoid(100 * (values + 0.2)), labels, "cosines", CLIP)
    assert finding is not None and finding.verdict == "fault" and "softmax" in finding.evidence
    assert brought(values + 0.2, labels, "cosines", CLIP) is None
    assert brought(100 * values, labels, "logits", CLIP) is None


@pytest.mark.parametrize(
    ("kept", "verdict"),
    [
        (SIGLIP, "ok"),
        (ScoreRule(scale=117.0), "warning"),
        (ScoreRule(function="sigmoid", scale=10.0, bias=-13.0), "fault"),
        (ScoreRule(function="sigmoid", scale=117.0), "fault"),
    ],
)
def test_the_rule_that_is_kept_must_be_the_models(kept: ScoreRule, verdict: str) -> None:
    case = Case(title="x", known=Known(rule=SIGLIP), vectors=CaseVectors(rule=kept))
    assert audit(case).finding("score-rule").verdict == verdict


# --- texts, by hand ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("check", "mistake"), [("text-cleaning", AS_WRITTEN), ("text-padding", NOT_FILLED)])
@pytest.mark.parametrize(("share", "verdict"), [(1.0, "fault"), (0.0, "ok"), (0.5, "cannot tell")])
def test_answers_are_held_against_both_ways(check: str, mistake: str, share: float, verdict: str) -> None:
    labels = np.arange(100) % 10
    right, wrong = labels.copy(), np.where(np.arange(100) < 40, (labels + 1) % 10, labels)
    answers = np.where(np.arange(100) % 40 < 40 * share, wrong, right)
    ways = [
        Alternative(changes=(how,), said=how, predicted=answered, correct=answered == labels)
        for how, answered in ((PROTOCOL, right), (mistake, wrong))
    ]
    case = Case(
        title="x",
        source="predictions",
        n=100,
        c=10,
        answers=CaseAnswers(ids=tuple(map(str, range(100))), labels=labels, top=answers[:, None]),
        known=Known(texts=TextSide(clean="canonicalize", context=16, filled=True)),
        alternatives=tuple(ways),
    )
    finding = audit(case).finding(check)
    assert finding.verdict == verdict
    assert ("100.0 %" in finding.evidence.replace("\u00a0", " ")) == (share != 0.5)
    if verdict == "fault":
        assert finding.counterfactual is not None and finding.counterfactual.value == 1.0


def test_without_our_own_runs_it_says_what_would_be_wrong() -> None:
    known = Known(texts=TextSide(clean="canonicalize", context=64, filled=True))
    result = audit(Case(title="x", source="predictions", known=known))
    for check, said in (("text-cleaning", "without punctuation"), ("text-padding", "token 64")):
        finding = result.finding(check)
        assert finding.verdict == "cannot tell" and said in finding.evidence and finding.advice


# --- a tiny SigLIP ----------------------------------------------------------------------------------------

CLASSES = (
    "A Cat!",
    "The-Dog",
    "BIRD",
    "Two, fish",
    "a photo of a Photo",
    "Road.",
    "It's",
    "LONG ROAD",
    "one",
    "Red_Apple",
)
World = tuple[Path, str, str]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder, rng = tmp_path_factory.mktemp("mistakes"), np.random.default_rng(1)
    for name in CLASSES:
        (folder / "set" / name).mkdir(parents=True)
        for i in range(12):
            pixels = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
            Image.fromarray(pixels).resize((32, 32)).save(folder / "set" / name / f"{i}.png")
    model = make_family("siglip", folder / "model")
    engine = Engine(folder / "cache", folder)
    engine.vectors.ensure(engine.place(model, f"folder:{folder / 'set'}"))
    return folder, model, f"folder:{folder / 'set'}"


@pytest.mark.parametrize("how", [UNCLEANED, SHORT])
def test_mistaken_texts_are_those_of_the_library_with_rows_made_by_hand(world: World, how: str) -> None:
    from tokenizers import Tokenizer

    folder, model, _ = world
    encoder, texts = load_encoder(model, "cpu"), ["A photo of a Cat!", "Road", "BIRD"]
    plain = Tokenizer.from_file(str(folder / "model" / "tokenizer.json"))
    plain.no_padding()
    plain.no_truncation()
    written = texts if how == UNCLEANED else ["a photo of a cat", "road", "bird"]
    ids = [plain.encode(text).ids for text in written]
    length = 16 if how == UNCLEANED else max(map(len, ids))
    pad = plain.token_to_id("</s>")  # SigLIP fills up with the end
    rows = torch.tensor([row + [pad] * (length - len(row)) for row in ids])
    with torch.inference_mode():
        wanted = encoder._model.encode_text(rows).numpy()
    found = encoder.mistaken_texts(texts, how)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
    assert not np.allclose(found, encoder.encode_texts(texts), atol=1e-3)


@pytest.mark.parametrize(
    ("how", "check"), [(UNCLEANED, "text-cleaning"), (SHORT, "text-padding"), ("", "text-cleaning")]
)
def test_a_table_made_with_a_mistake_is_found_out(world: World, how: str, check: str) -> None:
    folder, model, data = world
    engine = Engine(folder / "cache", folder)
    images = engine.vectors.require(engine.place(model, data))
    texts = [f"a photo of a {name}." for name in images.classnames]
    vectors = (
        load_encoder(model, "cpu").mistaken_texts(texts, how) if how else engine.encoding.encode_texts(model, texts)
    )
    heads = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    answers = (images.image_embeddings @ heads.T).argmax(axis=1)
    names = images.classnames
    lines = [
        f'"{i}","{names[y]}","{names[a]}"'
        for i, y, a in zip(images.ids, np.asarray(images.labels), answers, strict=True)
    ]
    (table,) = parse_predictions("\n".join(["image,label,prediction", *lines]).encode(), "mine.csv")
    found = audit_predictions(engine, table, model, data, encode=True)
    finding = found.finding(check)
    assert finding.verdict == ("fault" if how else "ok"), finding.evidence
    other = {"text-cleaning": "text-padding", "text-padding": "text-cleaning"}[check]
    assert found.finding(other).verdict != "fault"
    again = audit_predictions(Engine(folder / "cache", folder), table, model, data)
    assert again.finding(check).verdict == finding.verdict, "what was encoded once is kept"


def test_a_study_of_our_own_is_sound(world: World) -> None:
    folder, model, data = world
    engine = Engine(folder / "cache", folder)
    result = engine.run(Audit.at(engine, model, data))
    checks = {f.check: f.verdict for f in result.findings}
    assert [checks[name] for name in ("score-rule", "text-cleaning", "text-padding")] == ["ok"] * 3
