"""Captions that are longer than a model reads: the count stands wherever a number of retrieval does, for a context of 32
tokens (PE-Core) and of 16 (a SigLIP), in command, JSON, report and on every page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st

from core.commands import cli
from core.engine import Engine
from core.report.make import make_report
from core.report.parts import Request
from core.studies.captions.study import CUT_CAPTIONS, Retrieval, one_caption, one_picture
from core.studies.leaderboard.figures import BY_NAME
from core.studies.pictures.study import search
from core.types import Place
from tests.app.making import open_page, said
from tests.coded import coded
from tests.fakes import COLOURS, png
from tests.tiny_models import make_family

LONG, SHORT = " ".join(["a very long road"] * 12), "a road"
CONTEXTS = {"pe-core": 32, "siglip": 16}


@pytest.fixture(scope="module", params=CONTEXTS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str, int]:
    """(folder, model, data set, context): twelve images, each with a caption, one of them too long."""
    folder = tmp_path_factory.mktemp("cut")
    (folder / "told").mkdir()
    lines = ["image,caption"]
    for i in range(12):
        (folder / "told" / f"{i}.png").write_bytes(png(list(COLOURS.values())[i % 4], i))
        lines.append(f"{i}.png,{LONG if i == 3 else f'{SHORT} {i}'}")
    (folder / "told" / "captions.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    model, data = make_family(request.param, folder / "model"), f"captions:{folder / 'told' / 'captions.csv'}"
    engine = Engine(folder / "cache", folder)
    place = engine.place(model, data)
    engine.vectors.ensure(place)
    engine.run(Retrieval(place=place))
    engine.encoding.encode_texts(model, [LONG, SHORT])
    return folder, model, data, CONTEXTS[request.param]


@pytest.fixture
def here(world: tuple[Path, str, str, int], monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Place, int]]:
    folder, model, data, context = world
    monkeypatch.setenv("TMV_CACHE", str(folder / "cache"))
    monkeypatch.setenv("TMV_DATA", str(folder))
    st.cache_resource.clear()
    yield Engine().place(model, data), context
    st.cache_resource.clear()


def test_every_study_counts_them(here: tuple[Place, int]) -> None:
    (place, context), engine = here, Engine()
    for noted in (engine.run(Retrieval(place=place)), one_picture(engine, place, picture="3.png")):
        assert f"1 of 12 captions is cut at {context} tokens" in coded(noted.notes)[CUT_CAPTIONS]
        assert CUT_CAPTIONS in {note["code"] for note in noted.to_record()["notes"]}
    for text, cut in ((LONG, True), (SHORT, False)):
        of_text = one_caption(engine, place, picture="3.png", text=text, by_word=False)
        found = search(engine, place, query=text)
        for notes in (of_text.notes, found.notes):
            assert ("cut_texts" in coded(notes)) == cut
            assert not cut or str(context) in coded(notes)["cut_texts"]
    for figure in ("image_recall@1", "text_recall@1"):
        score = BY_NAME[figure].of(engine, place)
        assert score is not None and CUT_CAPTIONS in coded(score.notes)


def test_command_json_and_report_count_them(here: tuple[Place, int], capsys: pytest.CaptureFixture[str]) -> None:
    place, context = here
    model, data, _ = place.names
    cut = f"1 of 12 captions is cut at {context} tokens"
    assert cli.main(["retrieve", "--model", model, "--data", data]) == 0
    assert cut in capsys.readouterr().out
    assert cli.main(["retrieve", "--model", model, "--data", data, "--json", "-"]) == 0
    assert cut in coded_json(capsys.readouterr().out)[CUT_CAPTIONS]
    assert cli.main(["search", LONG, "--model", model, "--data", data, "--json", "-"]) == 0
    assert str(context) in coded_json(capsys.readouterr().out)["cut_texts"]
    report = make_report(Engine(), Request(models=(model,), datasets=(data,), studies=("retrieve",), pictures=0))
    assert cut in str(report)


def coded_json(printed: str) -> dict[str, str]:
    return {note["code"]: note["text"] for note in json.loads(printed)["results"][0]["notes"]}


def test_every_page_counts_them(here: tuple[Place, int]) -> None:
    place, context = here
    model, data, _ = place.names
    cut = f"1 of 12 captions is cut at {context} tokens"
    for page, options in (
        ("caption_retrieval/retrieval_scores", {"model": [model], "data": [data]}),
        ("home", {}),
        ("leaderboard", {"figure": ["image_recall@1"]}),
    ):
        app = open_page(page, **options)
        assert not app.exception and cut in said(app), (page, said(app))
    app = open_page("caption_retrieval/inspect_caption", model=[model], data=[data], caption=[LONG])
    assert not app.exception and f"The text is cut at {context} tokens" in said(app), said(app)
    app = open_page("search", model=[model], data=[data], q=[LONG])
    assert not app.exception and f"The text is cut at {context} tokens" in said(app), said(app)
