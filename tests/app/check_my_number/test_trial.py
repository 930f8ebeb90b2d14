"""Known mistakes tried from the page: a job, then the finding and the table of ways."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.encoders.wrong_ways import WAYS, WrongWays
from core.engine import Engine
from core.jobs.table import JobTable
from core.work.worker import run_job
from tests.app.making import open_page, said
from tests.fakes import png

MODEL, DATA = "demo-rn/demo", "folder:set"
COLORS = {"red": (210, 40, 30), "orange": (230, 140, 20), "blue": (20, 40, 210), "sea": (20, 120, 220)}
EACH = 30


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for number, (name, rgb) in enumerate(COLORS.items()):
        (tmp_path / "data" / "set" / name).mkdir(parents=True)
        for i in range(EACH):
            near = tuple(int(v + (i * 7 + 13 * k) % 40 - 20) % 256 for k, v in enumerate(rgb))
            (tmp_path / "data" / "set" / name / f"{i}.png").write_bytes(
                png((near[0], near[1], near[2]), 100 * number + i)
            )
    monkeypatch.setenv("TMV_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TMV_DATA", str(tmp_path / "data"))
    st.cache_resource.clear()
    yield tmp_path
    st.cache_resource.clear()


def _swapped() -> bytes:
    """Answers of images with their channels swapped."""
    engine = Engine()
    place = engine.place(MODEL, DATA)
    engine.vectors.ensure(place)
    images, rows = engine.vectors.require(place), engine.data.rows(DATA)
    ways = WrongWays(engine.encoding.encoder(MODEL))
    swapped = [way for way in WAYS if way.name == "bgr"]
    sources = [rows.pictures.read(rows.ids.index(name)) for name in images.ids]
    head = engine.prompting.class_head(MODEL, ("a photo of a {}.",), images.classnames)
    answers = (ways.images(sources, swapped) @ head.T).argmax(axis=1)
    assert (answers != (ways.images(sources) @ head.T).argmax(axis=1)).mean() > 0.1, "the mistake must matter here"
    names, labels = images.classnames, np.asarray(images.labels)
    lines = [f"{i},{names[y]},{names[a]}" for i, y, a in zip(images.ids, labels, answers, strict=True)]
    return "\n".join(["image,label,prediction", *lines, ""]).encode()


def _keys(app: AppTest) -> list[str]:
    return [str(button.key) for button in app.button]


def test_the_page_tries_known_mistakes_as_a_job_and_names_the_one(here: Path) -> None:
    content = _swapped()
    app = open_page("check_my_number", model=[MODEL], data=[DATA])
    assert "trial-why" in _keys(app), "a number measured here can be tried too"
    app.file_uploader(key="own-predictions").upload("mine.csv", content)
    app.run()
    app.toggle(key="own-same").set_value(True).run()
    assert not app.exception and "trial-own-0" in _keys(app)
    app.button(key="trial-own-0").click().run()
    assert not app.exception and "trial-own-0" not in _keys(app), "it is under way"
    table = JobTable(here / "cache")
    (job,) = [job for job in table.newest(10) if job.kind == "audit-try"]
    assert run_job(here / "cache", job.id) == 0 and table.get(job.id).state == "done"
    app.run()
    assert not app.exception and "trial-own-0" not in _keys(app)
    assert "color channels swapped (BGR)" in said(app)
    assert any("Known mistakes tried" in box.label for box in app.expander)
    app.session_state["open-trial-own-0"] = True
    app.run()
    assert not app.exception
    assert any("Agreement" in str(frame.proto) or "agreement" in frame.value.columns for frame in app.dataframe)
