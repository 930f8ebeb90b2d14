"""The page that asks why: checks, what would be otherwise, people's own predictions, the way to it."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.encoders.service.client import WarmEncoder
from core.engine import Engine
from core.images.decode import to_rgb
from core.stats.numbers import percent
from core.studies.audit.study import Audit
from core.studies.zero_shot.study import ZeroShot
from tests.app.making import open_page, said, unescaped
from tests.conftest import GOOD, POOR, World
from tests.fakes import FakeEncoder

Page = Callable[..., AppTest]
HERE = "check_my_number"


@pytest.fixture
def engine(in_world: World) -> Engine:
    return Engine(in_world.cache, in_world.data, in_process=False)


def table(engine: Engine, world: World, model: str = POOR, shift: int = 0) -> bytes:
    result = engine.run(ZeroShot.at(engine, model, world.colours))
    rows = [
        f"{i},{(int(t) + shift) % 4},{p}" for i, t, p in zip(result.ids, result.labels, result.predicted, strict=True)
    ]
    return ("image,label,prediction\n" + "\n".join(rows) + "\n").encode()


def compared(app: AppTest) -> AppTest:
    """The file that was brought beside our own run of the model and data set of the page."""
    return app.toggle(key="own-same").set_value(True).run()


def bring(app: AppTest, name: str, content: bytes) -> AppTest:
    app.file_uploader(key="own-predictions").upload(name, content)
    return app.run()


def test_a_number_is_checked_and_told_in_the_order_of_every_page(page: Page, world: World, engine: Engine) -> None:
    app = page(HERE, model=[POOR], data=[world.colours])
    result = engine.run(Audit.at(engine, POOR, world.colours))
    assert not app.exception and app.title[0].value == "Is my number right?"
    assert result.case.acc1 is not None and app.metric[0].value == percent(result.case.acc1)
    assert result.sentence in said(app)
    assert all(f.evidence in said(app) for f in result.raised)
    # The stand-in for RN50 has a transform of its own, and there are 32 pictures.
    assert [f.check for f in result.raised] == ["weights", "enough"]
    assert "Fault · Are activation and preprocessing" in said(app) and "Warning · Are there enough images" in said(app)
    assert len(app.get("plotly_chart")) == 1


def test_folder_names_cost_what_the_cache_says(page: Page, engine: Engine) -> None:
    app = page(HERE, model=[GOOD], data=["eurosat"], classnames="raw")
    result = engine.run(Audit.at(engine, GOOD, "eurosat", classnames="raw"))
    assert not app.exception and result.finding("class-names").evidence in said(app)
    assert "“AnnualCrop”" in said(app) and "Published" in said(app)
    gain = result.finding("class-names").counterfactual
    assert gain is not None and f"{percent(gain.value)}" in said(app)


def test_what_is_in_order_is_one_press_away(page: Page, world: World, engine: Engine) -> None:
    app = page(HERE, model=[POOR], data=[world.colours])
    evidence = engine.run(Audit.at(engine, POOR, world.colours)).finding("label-order").evidence
    assert evidence not in said(app)
    titles = [e.label for e in app.expander]
    assert any("passed" in t and "label order" in t for t in titles) and any("could not run" in t for t in titles)


def test_a_sample_is_encoded_again_on_request(page: Page, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeEncoder(GOOD)

    def image(self: WarmEncoder, model: str, data: bytes) -> np.ndarray:
        return fake.encode_images(fake.preprocess(to_rgb(data))[None])[0]

    monkeypatch.setattr(WarmEncoder, "encode_image", image)
    monkeypatch.setattr(WarmEncoder, "encode_texts", lambda self, model, texts: fake.encode_texts(texts))
    app = page(HERE, model=[GOOD], data=[world.colours])
    assert "deterministic" in next(e.label for e in app.expander if "could not run" in e.label)
    app.button(key="encode-again").click().run()
    assert not app.exception
    assert "deterministic" in next(e.label for e in app.expander if "passed" in e.label)
    assert not [b for b in app.button if b.key == "encode-again"]


def test_a_probe_that_is_not_trained_is_said(page: Page, world: World) -> None:
    app = page(HERE, model=[POOR], data=[world.colours], audited="Linear probe")
    assert not app.exception and not app.metric
    assert "No linear probe" in said(app) or "no training split" in said(app)


def test_what_is_not_embedded_offers_to_embed_it(page: Page, world: World) -> None:
    app = page(HERE, model=["demo-vit/demo"], data=[world.colours])
    assert not app.exception and "Not embedded yet" in said(app)


# --- predictions of one's own -----------------------------------------------------------------------------


def test_own_predictions_are_audited_beside_our_runs(page: Page, world: World, engine: Engine) -> None:
    app = compared(bring(page(HERE, model=[POOR], data=[world.colours]), "mine.csv", table(engine, world)))
    assert not app.exception and "mine.csv" in [unescaped(s.value) for s in app.subheader]
    assert "reproduced" in next(e.label for e in app.expander if e.key == "open-own-0-ok")
    shifted = compared(bring(page(HERE, model=[GOOD], data=[world.colours]), "mine.csv", table(engine, world, GOOD, 1)))
    assert "labels are not the data set's own" in said(
        shifted
    ) and "With the data set's own labels it would be 100.0" in said(shifted)


def test_own_predictions_may_be_of_anything(page: Page, world: World) -> None:
    app = page(HERE, model=[POOR], data=[world.colours])
    rows = [f"{i}.jpg,{i % 10},{(i + 1) % 10}" for i in range(300)]
    app = bring(app, "<b>x</b>.csv", ("image,label,prediction\n" + "\n".join(rows)).encode())
    assert not app.exception and "the labels are off by one" in said(app)
    assert not [s for s in app.subheader if s.value == "<b>x</b>.csv"]


def test_figures_of_an_evaluation_are_audited(page: Page, world: World) -> None:
    document = {
        "dataset": "wds/cifar100",
        "model": "ViT-B-32",
        "pretrained": "openai",
        "metrics": {"acc1": 0.5, "acc5": 0.8},
    }
    app = bring(page(HERE, model=[POOR], data=[world.colours]), "results.json", json.dumps(document).encode())
    assert not app.exception and "64.2" in said(app) and "above our interval" in said(app)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("x.csv", b"hello", "no table of predictions"),
        ("x.json", b"{}", "holds no figures"),
        ("x.csv", b"\x00\x01\x02", "is no text"),
        ("x.csv", b"image,label,prediction\na,1,9\n", "which is none of the 4 classes"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(
    page: Page, world: World, name: str, content: bytes, sentence: str
) -> None:
    app = compared(bring(page(HERE, model=[POOR], data=[world.colours]), name, content))
    assert not app.exception and sentence in said(app)


# --- the way to it, and away ------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["", "classification/accuracy", "classification/errors_by_class"])
def test_every_page_with_numbers_leads_here(page: Page, world: World, file: str) -> None:
    links = [link.proto.label for link in open_page(file).get("page_link")]
    assert "Check my number" in links


def test_the_report_is_made_when_asked_for(page: Page, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr("pages.shared.report.make_report", lambda *args: asked.append(args))
    app = page(HERE, model=[POOR], data=[world.colours])
    library = open_page("data_and_models")
    labels = [[b.proto.label for b in a.get("download_button")] for a in (app,)]
    assert not app.exception and not library.exception
    assert all("Report (HTML)" in found for found in labels) and not asked


def test_a_table_of_figures_is_laid_beside_the_field(page: Page) -> None:
    app = page(HERE)
    brought = b"name,pretrained,CIFAR-100,Food-101\nRN50,openai,0.4034,0.3\nRN101,openai,0.476,0.85\n"
    app.file_uploader(key="own-predictions").upload("results.csv", brought, "text/csv")
    app.run()
    assert not app.exception
    frame = next(each.value for each in app.dataframe if "Published" in each.value.columns)
    assert len(frame) == 4 and list(frame["It is"])[1] == "below"
    assert any("Of 4 figures of 2 models" in each.value for each in app.subheader)


def test_a_figure_unlike_the_field_has_its_chart(page: Page) -> None:
    app = page(HERE)
    brought = b'{"dataset": "cifar100", "model": "RN50", "pretrained": "openai", "metrics": {"acc1": 0.02}}'
    app.file_uploader(key="own-predictions").upload("one.json", brought, "application/json")
    app.run()
    assert not app.exception
    (chart,) = [each for each in app.get("plotly_chart") if each.proto.id.endswith("outside-own-0")]
    assert "this figure" in chart.proto.spec and "Mean over 37 other data sets" in chart.proto.spec
