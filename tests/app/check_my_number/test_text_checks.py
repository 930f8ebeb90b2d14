"""The checks of someone's texts from the page: a job makes the runs that they compare with."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.encoders.text_files import UNCLEANED
from core.engine import Engine
from core.jobs.table import JobTable
from core.studies.zero_shot.classify import class_embeddings
from core.work.worker import run_job
from tests.app.making import open_page, said
from tests.fakes import png
from tests.tiny_models import make_family

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
PROMPT = "a photo of a {}."
Here = tuple[Path, str]
BUTTON = "text-checks-own-0"


@pytest.fixture(scope="module", params=["siglip", "coca"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Here:
    folder, rng = tmp_path_factory.mktemp(request.param), np.random.default_rng(1)
    for name in CLASSES:
        (folder / "data" / "set" / name).mkdir(parents=True)
        for i in range(12):
            colour = tuple(int(x) for x in rng.integers(0, 256, 3))
            (folder / "data" / "set" / name / f"{i}.png").write_bytes(png((colour[0], colour[1], colour[2]), i))
    model = make_family(request.param, folder / "model")
    engine = Engine(folder / "cache", folder / "data")
    engine.vectors.ensure(engine.place(model, "folder:set"))
    return folder, model


@pytest.fixture
def here(made: Here, monkeypatch: pytest.MonkeyPatch) -> Iterator[Here]:
    monkeypatch.setenv("TMV_CACHE", str(made[0] / "cache"))
    monkeypatch.setenv("TMV_DATA", str(made[0] / "data"))
    st.cache_resource.clear()
    yield made
    st.cache_resource.clear()


def _uncleaned(model: str) -> bytes:
    """Answers of the model with texts as they are written, through its own loaded encoder."""
    engine = Engine()
    images = engine.vectors.require(engine.place(model, "folder:set"))
    encoder = engine.encoding.encoder(model)
    texts = [PROMPT.replace("{}", name) for name in images.classnames]
    head = class_embeddings(encoder.mistaken_texts(texts, UNCLEANED)[None])
    answers = (images.image_embeddings @ head.T).argmax(axis=1)
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(("image", "label", "prediction"))
    for name, label, answer in zip(images.ids, np.asarray(images.labels), answers, strict=True):
        rows.writerow((name, images.classnames[label], images.classnames[answer]))
    return out.getvalue().encode()


def _brought(model: str, content: bytes) -> AppTest:
    app = open_page("check_my_number", model=[model], data=["folder:set"])
    app.file_uploader(key="own-predictions").upload("mine.csv", content)
    app.run()
    return app.toggle(key="own-same").set_value(True).run()


def _buttons(app: AppTest) -> list[str]:
    return [str(button.key) for button in app.button]


def test_the_page_runs_the_checks_as_a_job_and_finds_the_mistake(here: Here) -> None:
    folder, model = here
    if "coca" in model:
        encoder = Engine().encoding
        encoder.encode_texts(model, [PROMPT.replace("{}", name) for name in CLASSES])
        rows = b"image,label,prediction\n" + b"".join(
            f"{c}/{i}.png,{c},{c}\n".encode() for c in ("BIRD", "one") for i in range(12)
        )
        assert BUTTON not in _buttons(_brought(model, rows)), "its tokenizer is CLIP's own: no such mistakes"
        return
    app = _brought(model, _uncleaned(model))
    assert not app.exception and BUTTON in _buttons(app)
    assert any("could not run" in box.label and "text cleaning" in box.label for box in app.expander)
    app.button(key=BUTTON).click().run()
    assert not app.exception and BUTTON not in _buttons(app), "it is under way"
    table = JobTable(folder / "cache")
    (job,) = [job for job in table.newest(10) if job.kind == "audit-texts"]
    assert run_job(folder / "cache", job.id) == 0 and table.get(job.id).state == "done"
    app.run()
    assert not app.exception and BUTTON not in _buttons(app)
    assert "Fault · Were texts cleaned as the model wants them" in said(app)
    assert "texts that were not cleaned" in said(app)
