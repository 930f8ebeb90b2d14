"""The reliability curve of a model trained with a sigmoid: its own probability of the first answer, not a softmax."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import streamlit as st

from core.encoders.service.client import WarmEncoder
from core.engine import Engine
from core.stats.metrics import calibration
from core.studies.zero_shot.study import ZeroShot
from core.tables.compare import calibration_frame
from core.words.accuracy import calibration_finding
from core.words.names import say_model
from tests.app.making import open_page, said
from tests.tiny_models import make_family
from tests.worlds import paint, squares

FORM = "a photo of a {}"
Here = tuple[Path, str, str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Here:
    folder = tmp_path_factory.mktemp("curve")
    paint(folder)
    names = [make_family(family, folder / family) for family in ("siglip", "clipa")]
    engine = Engine(folder / "cache", folder)
    for name in names:
        engine.vectors.ensure(engine.place(name, squares(folder)))
    return folder, names[0], names[1]


@pytest.fixture
def here(made: Here, monkeypatch: pytest.MonkeyPatch) -> Iterator[Here]:
    monkeypatch.setenv("TMV_CACHE", str(made[0] / "cache"))
    monkeypatch.setenv("TMV_DATA", str(made[0]))
    own = Engine().encoding
    monkeypatch.setattr(WarmEncoder, "encode_texts", lambda self, name, texts: own.encode_texts(name, texts))
    st.cache_resource.clear()
    yield made
    st.cache_resource.clear()


def _by_hand(engine: Engine, name: str, data: str) -> list[tuple[float, bool]]:
    """The probability of each first answer, and whether it is right, image by image."""
    images = engine.vectors.require(engine.place(name, data))
    head = engine.prompting.class_head(name, (FORM,), images.classnames)
    rule, found = images.score_rule, []
    for vector, label in zip(images.image_embeddings, np.asarray(images.labels), strict=True):
        logits = [rule.scale * float(vector @ h / np.linalg.norm(vector)) + rule.bias for h in head]
        best = int(np.argmax(logits))
        if rule.function == "sigmoid":
            sure = 1 / (1 + math.exp(-logits[best]))
        else:
            sure = 1 / sum(math.exp(each - logits[best]) for each in logits)
        found.append((sure, best == label))
    return found


def test_the_curve_is_that_of_the_models_own_probabilities(here: Here) -> None:
    folder, sigmoid, softmax = here
    engine = Engine()
    for name in (sigmoid, softmax):
        answers = _by_hand(engine, name, squares(folder))
        result = engine.run(ZeroShot.at(engine, name, squares(folder), templates=(FORM,)))
        frame, bins = calibration_frame([result]), dict[int, list[tuple[float, bool]]]()
        for sure, right in answers:
            bins.setdefault(max(0, math.ceil(sure * 15 - 1e-9) - 1), []).append((sure, right))
        assert frame["n"].tolist() == [len(bins[i]) for i in sorted(bins)]
        assert frame["confidence"].tolist() == pytest.approx(
            [np.mean([sure for sure, _ in bins[i]]) for i in sorted(bins)], abs=1e-4
        )
        assert frame["accuracy"].tolist() == pytest.approx(
            [np.mean([right for _, right in bins[i]]) for i in sorted(bins)]
        )
        gap = np.mean([sure for sure, _ in answers]) - np.mean([right for _, right in answers])
        assert frame["gap"].iloc[0] == pytest.approx(gap, abs=1e-4)


def test_the_page_draws_it_and_says_the_rule(here: Here) -> None:
    folder, sigmoid, softmax = here
    data, wording = [squares(folder)], [FORM]
    app = open_page(
        "classification/compare", data=data, a=[f"zero-shot:{sigmoid}", *wording], b=[f"zero-shot:{softmax}", *wording]
    )
    app.session_state["open-calibration"] = True
    app.run()
    assert not app.exception
    assert "sigmoid" in said(app) and "the model’s own logit scale" in said(app)
    assert len(app.get("plotly_chart")) == 3
    for name in (sigmoid, softmax):
        sure, right = map(np.array, zip(*_by_hand(Engine(), name, squares(folder)), strict=True))
        assert str(calibration_finding(calibration(sure, right), say_model(name))) in said(app)
