"""An image of one's own with a model that judges each label by itself: page and command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import streamlit as st

from core.commands import cli
from core.encoders.service.client import WarmEncoder
from core.engine import Engine
from tests.app.making import open_page, said
from tests.fakes import COLOURS, png
from tests.tiny_models import make_family
from tests.worlds import paint, squares

LABELS = ("something red", "something green")
World = tuple[Path, str, str]


@pytest.fixture(scope="module", params=["siglip", "clipa"])
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp(request.param)
    paint(folder)
    model, engine = make_family(request.param, folder / "model"), Engine(folder / "cache", folder)
    engine.vectors.ensure(engine.place(model, squares(folder)))
    return folder, model, squares(folder)


@pytest.fixture
def here(family: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    folder, _model, _data = family
    monkeypatch.setenv("TMV_CACHE", str(folder / "cache"))
    monkeypatch.setenv("TMV_DATA", str(folder))
    own = Engine().encoding
    monkeypatch.setattr(WarmEncoder, "encode_texts", lambda self, name, texts: own.encode_texts(name, texts))
    monkeypatch.setattr(WarmEncoder, "encode_image", lambda self, name, data: own.encode_image(name, data))
    st.cache_resource.clear()
    yield family
    st.cache_resource.clear()


def test_the_page_accepts_or_refuses_each_label(here: World) -> None:
    _, model, data = here
    app = open_page("classification/errors_by_class", model=[model], data=[data])
    app.file_uploader[0].upload("own.png", png(COLOURS["green"]))
    app.text_area(key="own-labels").set_value("\n".join(LABELS))
    next(b for b in app.button if b.label == "Classify").click().run()
    assert not app.exception
    if "clipa" in model:
        assert "cannot be answered by its own rule" in said(app) and "own-threshold" not in app.session_state
        return
    assert "judged by itself" in said(app) and "fixed at 50" in said(app)
    app.session_state["own-threshold"] = "Best F1"
    app.run()
    assert not app.exception and "highest F1" in said(app) and "40 images and 4 classes" in said(app)


def test_the_command_says_the_same(here: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, model, data = here
    (tmp_path / "own.png").write_bytes(png(COLOURS["green"]))
    asked = ["classify", "--model", model, "--data", data, "--image", str(tmp_path / "own.png")]
    asked += [part for label in LABELS for part in ("--label", label)]
    assert cli.main([*asked, "--json", "-"]) == 0
    fixed = json.loads(capsys.readouterr().out)["results"][0]
    engine = Engine()
    picture = engine.encoding.encode_image(model, (tmp_path / "own.png").read_bytes())
    texts = engine.encoding.encode_texts(model, [f"a photo of a {label}." for label in LABELS])
    cosines = [float(picture @ t / np.linalg.norm(picture) / np.linalg.norm(t)) for t in texts]
    card = engine.encoding.card(model)
    assert card is not None
    logits = np.array([card.logit_scale * x + card.logit_bias for x in cosines])
    wanted = np.exp(logits) / np.exp(logits).sum() if "clipa" in model else 1 / (1 + np.exp(-logits))
    found = {each["label"]: each["probability"] for each in fixed["labels"]}
    assert [found[label] for label in LABELS] == pytest.approx(list(wanted), rel=1e-3)
    if "clipa" in model:
        assert fixed["none_of_these"] is None and fixed["threshold"] is None
        assert {note["code"] for note in fixed["notes"]} == {"cannot_say"}
        return
    assert fixed["none_of_these"] == (max(wanted) < 0.5) and fixed["threshold"]["chosen_on"] == "fixed"
    assert cli.main([*asked, "--threshold", "validation", "--json", "-"]) == 0
    chosen = json.loads(capsys.readouterr().out)["results"][0]["threshold"]
    assert chosen["chosen_on"] == "validation" and chosen["images"] == 40 and 0 < chosen["f1"] <= 1
    assert cli.main(asked) == 0
    assert "probability" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", [["--label", "a"], ["--image", "none.png", "--label", "a"], ["--threshold", "2"]])
def test_half_a_question_is_refused_in_a_sentence(
    here: World, wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    _, model, data = here
    try:
        code = cli.main(["classify", "--model", model, "--data", data, *wrong])
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    assert code == 2 or "expects" in capsys.readouterr().err


def test_typed_labels_need_no_data_set(here: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, model, data = here
    files = [str(tmp_path / f"{colour}.png") for colour in ("green", "red")]
    for file, colour in zip(files, ("green", "red"), strict=True):
        Path(file).write_bytes(png(COLOURS[colour]))
    labels = [part for label in LABELS for part in ("--label", label)]

    def run(*more: str) -> list[dict[str, object]]:
        assert cli.main(["classify", "--model", model, *more, "--json", "-"]) == 0
        found: list[dict[str, object]] = json.loads(capsys.readouterr().out)["results"]
        return found

    with_data = run("--data", data, "--image", files[0], *labels)
    alone = run("--image", files[0], "--image", files[1], *labels)
    assert [each["image"] for each in alone] == files and alone[0]["dataset"] == ""
    assert alone[0]["labels"] == with_data[0]["labels"] != alone[1]["labels"]
    (tmp_path / "names.txt").write_text("\n".join(LABELS), encoding="utf-8")
    assert run("--image", files[0], "--classnames", str(tmp_path / "names.txt"))[0]["labels"] == alone[0]["labels"]
    assert cli.main(["classify", "--model", model, "--image", files[0], "--image", files[1], *labels]) == 0
    assert capsys.readouterr().out.count(".png") >= 4


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ([], "expects a data set"),
        (["--label", "a"], "expects a data set"),
        (["--image", "IMAGE"], "only one of the two"),
        (["--image", "IMAGE", "--label", "a", "--label", "b", "--threshold", "validation"], "needs the data set"),
        (["--image", "IMAGE", "--label", "a", "--label", "b", "--split", "test"], "split of a data set"),
        (["--image", "IMAGE", "--image", "none.png", "--label", "a", "--label", "b"], "none at none.png"),
    ],
)
def test_what_is_missing_is_said(
    here: World, asked: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own.png").write_bytes(png(COLOURS["green"]))
    words = [str(tmp_path / "own.png") if word == "IMAGE" else word for word in asked]
    assert cli.main(["classify", "--model", here[1], *words]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
