"""The classes page: confusions, the pictures of a cell, one picture, a picture of one's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.encoders.service.client import WarmEncoder
from core.engine import Engine
from core.stats.numbers import percent
from core.studies.zero_shot.classify import ZeroShotResult
from core.studies.zero_shot.study import ZeroShot
from pages.classification.errors_by_class.confusion_pictures import ANY, RIGHT, WRONG, ConfusionCell, rows_of
from pages.classification.errors_by_class.figures import figures
from pages.shared.url_choices import class_tokens
from tests.app.making import said
from tests.conftest import GOOD, POOR, World
from tests.fakes import COLOURS, FakeEncoder, png
from tests.worlds import run_study

Page = Callable[..., AppTest]
HERE = "classification/errors_by_class"


@pytest.fixture
def result(world: World) -> ZeroShotResult:
    return run_study(Engine(world.cache, world.data, in_process=False), ZeroShot, POOR, world.colours)


def tiles(app: AppTest, key: str = "cell-grid") -> list[dict[str, Any]]:
    """What the picture grid was given."""
    found = [e for e in app.get("bidi_component") if key in e.proto.id]
    return list(json.loads(found[0].proto.json)["items"]) if found else []


def test_it_shows_one_model_on_one_data_set(page: Page, world: World, result: ZeroShotResult) -> None:
    app = page(HERE, model=[POOR, GOOD], data=[world.colours, "eurosat"])
    assert not app.exception
    assert app.selectbox(key="shown-model").value == POOR
    assert [m.value for m in app.metric] == [percent(result.acc1)]  # of four classes, top-5 is always 100 %
    assert len(app.get("plotly_chart")) == 2 and "Most frequent error" in said(app)


def test_mean_per_class_recall_stands_beside_accuracy_where_it_differs_from_it(result: ZeroShotResult) -> None:
    assert "Mean per-class recall" not in [figure.label for figure in figures(result)], "classes of one size"
    fewer = np.flatnonzero(result.labels == 0)[1:]
    kept = np.setdiff1d(np.arange(result.n), fewer)
    uneven = replace(
        result,
        n=len(kept),
        ids=tuple(result.ids[i] for i in kept),
        **{name: getattr(result, name)[kept] for name in ("labels", "ranks", "top5", "top5_probability")},
    )
    assert "Mean per-class recall" in [figure.label for figure in figures(uneven)]


def test_choosing_another_model_keeps_the_rest_of_the_choice(page: Page, world: World) -> None:
    app = page(HERE, model=[POOR, GOOD], data=[world.colours, "eurosat"])
    app.selectbox(key="shown-model").set_value(GOOD).run()
    assert app.session_state["model"] == [GOOD, POOR]
    app.selectbox(key="shown-data").set_value("eurosat").run()
    assert app.session_state["data"] == ["eurosat", world.colours]


def test_it_opens_with_the_mistakes(page: Page, world: World, result: ZeroShotResult) -> None:
    app = page(HERE, model=[POOR], data=[world.colours])
    wrong = int((~result.correct).sum())
    assert f"{wrong} images misclassified" in said(app)
    shown = tiles(app)
    assert len(shown) == min(wrong, 16) and not any(t["right"] for t in shown)
    first = result.ids.index(shown[0]["id"])
    assert shown[0]["mark"] == f"predicted: {result.classnames[result.predicted[first]]}"
    assert shown[0]["src"].startswith("data:image/webp;base64,")


def test_a_cell_in_the_address_shows_its_pictures(page: Page, world: World, result: ZeroShotResult) -> None:
    app = page(HERE, model=[POOR], data=[world.colours], true="red", predicted="red")
    red = result.classnames.index("red")
    rows = np.flatnonzero((result.labels == red) & (result.predicted == red))
    assert {t["id"] for t in tiles(app)} == {result.ids[i] for i in rows}
    assert all(t["right"] and t["mark"] == "correct" for t in tiles(app))


def test_the_same_choice_by_keyboard(page: Page, world: World, result: ZeroShotResult) -> None:
    app = page(HERE, model=[POOR], data=[world.colours])
    app.selectbox(key="shown-true").set_value("blue").run()
    app.selectbox(key="shown-predicted").set_value(ANY).run()
    assert len(tiles(app)) == 8 and "8 images of blue" in said(app)
    app.selectbox(key="shown-predicted").set_value(RIGHT).run()
    assert all(t["right"] for t in tiles(app))
    assert app.session_state["predicted"] == [RIGHT]


def test_an_empty_cell_says_so(page: Page, world: World, result: ZeroShotResult) -> None:
    empty = next((t, p) for t in range(4) for p in range(4) if result.confusion[t, p] == 0)
    names = result.classnames
    app = page(HERE, model=[POOR], data=[world.colours], true=names[empty[0]], predicted=names[empty[1]])
    assert "No images in this cell" in said(app) and not tiles(app)


@pytest.mark.parametrize(
    "cell",
    [
        ConfusionCell(true=None, answer=ANY),
        ConfusionCell(true=1, answer=ANY),
        ConfusionCell(true=None, answer=WRONG),
        ConfusionCell(true=2, answer=RIGHT),
        ConfusionCell(true=0, answer=3),
    ],
)
def test_rows_of_a_cell_are_those_a_loop_finds(result: ZeroShotResult, cell: ConfusionCell) -> None:
    def fits(i: int) -> bool:
        right = result.labels[i] == result.predicted[i]
        answers: dict[Any, bool] = {ANY: True, RIGHT: right, WRONG: not right}
        named = answers.get(cell.answer, result.predicted[i] == cell.answer)
        return bool(named and cell.true in (None, result.labels[i]))

    found = rows_of(result, cell)
    assert sorted(found.tolist()) == [i for i in range(result.n) if fits(i)]
    assert (np.diff(result.top5_probability[found, 0]) <= 0).all()


def test_classes_of_one_name_are_told_apart() -> None:
    assert class_tokens(["crane", "owl", "crane"]) == ["crane (0)", "owl", "crane (2)"]


def test_a_picture_in_the_address_opens_with_its_five_best(page: Page, world: World, result: ZeroShotResult) -> None:
    app = page(HERE, model=[POOR], data=[world.colours], picture=result.ids[5])
    answers = next(h.value for h in app.html if "tabular-nums" in h.value)
    order = [answers.index(result.classnames[label]) for label in result.top5[5]]
    assert order == sorted(order) and answers.count("· correct") == 1
    assert percent(float(result.top5_probability[5, 0])) in answers


def test_a_picture_that_does_not_exist_opens_nothing(page: Page, world: World) -> None:
    app = page(HERE, model=[POOR], data=[world.colours], picture="../../etc/passwd")
    assert not app.exception and not [h for h in app.html if "tabular-nums" in h.value]


def test_vectors_without_pictures_still_answer(page: Page) -> None:
    app = page(HERE, model=[GOOD], data=["eurosat"])
    assert not app.exception and len(app.metric) == 2
    assert "These images are not on this machine" in said(app)
    tiles = json.loads(next(e for e in app.get("bidi_component") if "cell-grid" in e.proto.id).proto.json)["items"]
    assert tiles and {t["src"] for t in tiles} == {""} and all(t["mark"] for t in tiles)


def test_a_picture_that_is_not_here_opens_with_its_answers(page: Page) -> None:
    app = page(HERE, model=[GOOD], data=["eurosat"], picture="Forest/1.jpg")
    assert not app.exception and "is not on this machine" in said(app)
    assert [h for h in app.html if "tabular-nums" in h.value]


def test_a_model_without_vectors_says_what_is_missing(page: Page, world: World) -> None:
    app = page(HERE, model=["demo-vit/demo"], data=[world.colours])
    assert not app.metric and "Not embedded yet" in said(app)


# --- a picture of one's own -------------------------------------------------------------------------------


@pytest.fixture
def warm(monkeypatch: pytest.MonkeyPatch) -> None:
    """An encoder process that answers at once."""
    fake = FakeEncoder(GOOD)

    def image(self: WarmEncoder, model: str, data: bytes) -> Any:
        from core.images.decode import to_rgb

        return fake.encode_images(fake.preprocess(to_rgb(data))[None])[0]

    monkeypatch.setattr(WarmEncoder, "encode_texts", lambda self, model, texts: fake.encode_texts(texts))
    monkeypatch.setattr(WarmEncoder, "encode_image", image)


def name_it(app: AppTest, data: bytes, labels: str) -> AppTest:
    app.file_uploader[0].upload("<img src=x>.png", data)
    app.text_area(key="own-labels").set_value(labels)
    next(b for b in app.button if b.label == "Classify").click().run()
    return app


def test_an_own_picture_is_named_with_typed_labels(page: Page, world: World, warm: None) -> None:
    app = page(HERE, model=[GOOD], data=[world.colours])
    name_it(app, png(COLOURS["green"]), "something red\nsomething green\nsomething <b>blue</b>")
    answers = next(h.value for h in app.html if "tabular-nums" in h.value)
    assert answers.index("something green") < answers.index("something red")
    assert "<b>blue" not in answers and "&lt;b&gt;blue" in answers
    assert "<img src=x>" not in said(app)


@pytest.mark.parametrize(
    ("data", "labels", "sentence"),
    [
        (b"no picture at all", "a\nb", "This image cannot be used: not a"),
        (png((1, 2, 3)), "only one", "Between 2 and 200"),
        (b"", "a\nb", ""),
    ],
)
def test_what_cannot_be_named_is_told_in_a_sentence(
    page: Page, world: World, warm: None, data: bytes, labels: str, sentence: str
) -> None:
    app = name_it(page(HERE, model=[GOOD], data=[world.colours]), data, labels)
    assert not app.exception and sentence in said(app)
    assert not [h for h in app.html if "tabular-nums" in h.value]


def test_labels_are_those_of_the_data_set_until_others_are_typed(page: Page, world: World) -> None:
    app = page(HERE, model=[GOOD], data=[world.colours])
    engine = Engine(world.cache, world.data)
    names = engine.vectors.require(engine.place(GOOD, world.colours)).classnames
    assert app.text_area(key="own-labels").value == "\n".join(names[:5])
    app.text_area(key="own-labels").set_value("mine\nyours")
    next(b for b in app.button if b.label == "Classify").click().run()
    assert app.text_area(key="own-labels").value == "mine\nyours"
