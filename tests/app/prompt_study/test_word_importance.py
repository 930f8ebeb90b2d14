"""The words page: what each word brings, for a picture or a class, as a coloured sentence; other wordings."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.charts.pictures import change_colour
from core.charts.theme import contrast, look
from core.studies.prompts.study import word_effects
from core.studies.prompts.words import WordsResult
from pages.prompt_study.word_importance.sentence import sentence_html
from tests.app.making import said, unescaped
from tests.app.prompt_pages import answer_at_once, box, engine_of, never_ready, press, tiles
from tests.conftest import GOOD, POOR, World

Page = Callable[..., AppTest]
HERE = "prompt_study/word_importance"
TEXT = "a red square, maybe"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return answer_at_once(monkeypatch)


@pytest.fixture
def result(world: World, page: Page) -> WordsResult:
    engine = engine_of(world)
    return word_effects(engine, engine.place(GOOD, world.colours), text=TEXT, classname="red")


def sentences(app: AppTest) -> list[str]:
    return [h.value for h in app.html if "inline-flex" in h.value]


def test_it_opens_with_a_text_about_its_own_images_and_its_class(page: Page, world: World) -> None:
    app = page(HERE, data=[world.colours])
    assert not app.exception and app.title[0].value == "Which words matter?"
    names = engine_of(world).vectors.require(engine_of(world).place(GOOD, world.colours)).classnames
    first = next(name for name in names if name[0] not in "aeiou")
    assert box(app, "Prompt").value == f"a photo of a {first}."
    assert app.selectbox(key="shown-class").value == first
    assert len(app.metric) == 2 and len(sentences(app)) == 2 and len(app.get("plotly_chart")) == 1


def test_every_word_stands_with_what_it_brings(page: Page, world: World, result: WordsResult) -> None:
    app = page(HERE, data=[world.colours], model=[GOOD], text=TEXT, **{"class": "red"})
    shown = sentences(app)[0]
    for word in result.words:
        assert f">{word.word}</span>" in shown
        assert f"{word.contribution:+.3f}".replace("-", "−") in shown
    best = max(result.words, key=lambda w: w.contribution)
    assert f"“{best.word}”" in unescaped(app.metric[0].label)
    assert app.metric[0].value == f"{best.contribution:+.3f}" and "8 images of red" in said(app)


def test_a_picture_of_the_link_is_held_against(page: Page, world: World) -> None:
    name = engine_of(world).vectors.require(engine_of(world).place(GOOD, world.colours)).ids[2]
    app = page(HERE, data=[world.colours], model=[GOOD], text=TEXT, target=name)
    one = word_effects(engine_of(world), engine_of(world).place(GOOD, world.colours), text=TEXT, picture=name)
    best = max(one.words, key=lambda w: w.contribution)
    assert app.metric[0].value == f"{best.contribution:+.3f}" and "95 %" not in said(app).split("And said")[0]
    assert app.button_group(key="shown-held").value == "picture"


def test_switching_between_a_class_and_a_picture(page: Page, world: World) -> None:
    app = page(HERE, data=[world.colours], model=[GOOD], text=TEXT)
    assert app.selectbox(key="shown-class").value == "red"
    app.button_group(key="shown-held").set_value("picture").run()
    (name,) = app.session_state["target"]
    assert next(t for t in tiles(app, "target-grid") if t["id"] == name)["mark"] == "scored against"
    app.button_group(key="shown-held").set_value("class").run()
    assert app.session_state["target"] == [] and len(app.session_state["class"]) == 1
    app.selectbox(key="shown-class").set_value("blue").run()
    assert app.session_state["class"] == ["blue"] and "images of blue" in said(app)


def test_other_wordings_are_measured_beside_it(page: Page, world: World) -> None:
    app = page(HERE, data=[world.colours], model=[GOOD], text=TEXT)
    box(app, "Prompt").set_value("a  red   square")
    box(app, "Paraphrases, one per line").set_value("something red\na red thing")
    press(app, "Analyze")
    assert app.session_state["text"] == ["a red square"] and app.session_state["reword"] == [
        "something red",
        "a red thing",
    ]
    table = app.dataframe[0].value
    assert table["text"].tolist() == ["something red", "a red thing"]
    own = word_effects(
        engine_of(world),
        engine_of(world).place(GOOD, world.colours),
        text="a red square",
        classname="red",
        rewordings=["something red", "a red thing"],
    )
    assert table["difference"].tolist() == pytest.approx([r.difference for r in own.rewordings])


@pytest.mark.parametrize(
    "choices",
    [
        {"text": "one"},
        {"text": '<b>bold</b> & "quoted" <img src=x onerror=y>'},
        {"target": "../../etc/passwd", "class": "nothing"},
        {"text": "…", "reword": ["", "a"]},
    ],
)
def test_nonsense_breaks_nothing(page: Page, world: World, choices: dict[str, object]) -> None:
    app = page(HERE, data=[world.colours], model=[GOOD], **choices)
    assert not app.exception and "could not be shown" not in said(app)
    assert not any("<img" in s or "<b>" in s for s in sentences(app))


def test_one_word_shows_its_score_and_says_that_nothing_can_be_left_out(page: Page, world: World) -> None:
    words = said(app := page(HERE, data=[world.colours], model=[GOOD], text="red", **{"class": "red"}))
    assert "nothing to leave out" in words and "score of the whole text" in words
    assert "lost" not in words and "−" not in app.metric[0].value


def test_it_waits_for_the_encoder(page: Page, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    never_ready(monkeypatch)
    app = page(HERE, data=[world.colours], model=[POOR], text="words that no other test has weighed")
    assert "Starting the text encoder" in said(app) and not app.metric
    answer_at_once(monkeypatch)
    app.run()
    assert len(app.metric) == 1


def test_what_is_missing_has_one_button(page: Page, world: World) -> None:
    app = page(HERE, model=["demo-rn/demo"], data=[world.colours])
    assert "Not embedded yet" in said(app) and app.button(key="embed-missing") and not app.metric


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_a_word_can_be_read_on_its_colour(result: WordsResult, mode: str) -> None:
    html = sentence_html(result, max(abs(w.contribution) for w in result.words), mode)
    pairs = re.findall(r"background-color: (#\w{6});[^>]*? color: (#\w{6});", html)
    assert len(pairs) == len(result.words)
    assert html.count("repeating-linear-gradient") == sum(word.contribution < 0 for word in result.words) > 0
    assert all(contrast(ink, paper) >= 4.5 for paper, ink in pairs)
    style = look("dark" if mode == "dark" else "light")
    assert change_colour(style, 1.0, 1.0) != change_colour(style, -1.0, 1.0)


def test_a_prompt_too_long_is_said_and_stays_in_its_field(page: Page, world: World) -> None:
    app = page(HERE, data=[world.colours], model=[GOOD], text=TEXT)
    box(app, "Prompt").set_value("red " * 2500)
    press(app, "Analyze")
    assert not app.exception and "The prompt has 9,999 characters; at most 300 are read" in said(app)
    assert box(app, "Prompt").value == "red " * 2500
