"""Tiny models of every family, brought from a hub on this machine, measured on the command line and shown by a page:
zero-shot, linear probe, retrieval, one image, audit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import numpy as np
import pytest
import streamlit as st
import torch

from core.commands import cli
from core.encoders.encoder import LoadedEncoder
from core.engine import Engine
from core.images.decode import to_rgb
from core.stats.metrics import normalise
from core.studies.zero_shot.one_picture import name_picture
from core.system import download as transfer
from tests.app.making import open_page, said
from tests.hub import Loopback, serve
from tests.tiny_models import FAMILIES, config_of, publish
from tests.worlds import paint, squares, told

MODEL, TEMPLATE = "hf-hub:tiny/model", "a photo of a {}"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Squares with labels in two splits, and squares with captions."""
    folder = tmp_path_factory.mktemp("data")
    paint(folder)
    return folder


@pytest.fixture
def hub(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(transfer, "WAIT_SECONDS", 0.01)
    monkeypatch.setenv("TMV_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TMV_DATA", str(data))
    st.cache_resource.clear()
    with serve() as loopback:
        monkeypatch.setenv("HF_ENDPOINT", loopback.url)
        yield loopback
    st.cache_resource.clear()


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert cli.main([*arguments, "--model", MODEL, "--json", "-"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)["results"][0]
    return found


def slowly(encoder: LoadedEncoder, folder: Path, classnames: list[str]) -> tuple[float, np.ndarray]:
    """Accuracy and logits of every image, by the library's own calls, one image at a time."""
    model, rows, labels = encoder._model, [], []
    with torch.inference_mode():
        texts = model.encode_text(encoder._tokenize([TEMPLATE.format(name) for name in classnames]))
        texts = torch.nn.functional.normalize(texts, dim=-1)
        for label, name in enumerate(classnames):
            for path in sorted((folder / "squares" / name).iterdir()):
                pixels = encoder.preprocess(to_rgb(path.read_bytes()))[None]
                image = torch.from_numpy(encoder.encode_images(pixels))
                rows.append((torch.nn.functional.normalize(image, dim=-1) @ texts.T)[0].numpy())
                labels.append(label)
    cosines = np.stack(rows)
    logits = cosines * encoder.card.logit_scale + encoder.card.logit_bias
    return float((cosines.argmax(axis=1) == np.array(labels)).mean()), logits


@pytest.mark.parametrize("family", list(FAMILIES))
def test_every_family_through_command_and_page(
    hub: Loopback, family: str, tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(hub, family, tmp_path / "own")
    embedded = document(capsys, "embed", "--data", squares(data))
    assert embedded["n"] == len(list((data / "squares").rglob("*.png")))
    found = document(capsys, "classify", "--data", squares(data), "--template", TEMPLATE)

    engine = Engine(tmp_path / "cache", data)
    encoder = engine.encoding.encoder(MODEL)
    names = sorted(p.name for p in (data / "squares").iterdir())
    accuracy, logits = slowly(encoder, data, names)
    assert found["acc1"] == pytest.approx(accuracy)
    rule = found["provenance"].get("score_rule", {"function": "softmax"})
    assert rule["function"] == encoder.card.score_function
    assert ("softmax_of_sigmoid" in {n["code"] for n in found["notes"]}) == (rule["function"] == "sigmoid")
    first = next(p for p in sorted((data / "squares" / names[0]).iterdir())).read_bytes()
    vectors = normalise(engine.encoding.encode_texts(MODEL, [TEMPLATE.format(name) for name in names]))
    named = dict(name_picture(engine.encoding.encode_image(MODEL, first), vectors, names, encoder.card.score_rule))
    weights = 1 / (1 + np.exp(-logits[0])) if "init_logit_bias" in config_of(family)["model_cfg"] else np.exp(logits[0])
    wanted = weights if encoder.card.score_function == "sigmoid" else weights / weights.sum()
    assert [named[name] for name in names] == pytest.approx(list(wanted), rel=1e-3)

    document(capsys, "embed", "--data", told(data))
    assert 0 <= document(capsys, "retrieve", "--data", told(data))["image_retrieval_recall@1"] <= 1
    assert 0 <= document(capsys, "probe", "--data", squares(data))["test_acc1"] <= 1
    assert document(capsys, "audit", "--data", squares(data))["checks"]

    page = open_page("classification/accuracy", model=[MODEL], data=[squares(data)])
    assert not page.exception, said(page)
    assert "tiny/model" in said(page)
