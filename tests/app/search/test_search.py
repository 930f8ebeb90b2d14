"""The ask page: a text, words to leave out, a picture; two models side by side; pages, links, files."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from core.engine import Engine
from core.studies.pictures.query import ask
from core.studies.pictures.study import rank_of, search, similar
from pages.search.query_form import QueryForm
from tests.app.making import said
from tests.app.prompt_pages import box, grids, press, tiles
from tests.app.warm import answer_at_once, never_ready
from tests.conftest import GOOD, POOR, World
from tests.fakes import COLOURS, png
from tests.worlds import TOLD, told_set

Page = Callable[..., AppTest]
HERE = "search"


@pytest.fixture
def engine(captioned: World) -> Engine:
    return Engine(captioned.cache, captioned.data, in_process=False)


def ids(app: AppTest, place: int = 0) -> list[str]:
    return [t["id"] for t in tiles(app, f"answer-{place}")]


# --- answers ----------------------------------------------------------------------------------------------


def test_it_opens_with_a_question_that_needs_no_encoder(
    caption_page: Page, captioned: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    never_ready(monkeypatch)
    for data in (told_set(captioned), captioned.colours):
        app = caption_page(HERE, model=[GOOD, POOR], data=[data])
        assert not app.exception and "starting" not in said(app)
        text = box(app, "Describe an image").value
        for place, model in enumerate((GOOD, POOR)):
            assert ids(app, place) == [h.id for h in search(engine, engine.place(model, data), query=text, k=20).hits]


def test_words_are_taken_away(
    caption_page: Page, captioned: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_at_once(monkeypatch)
    app = caption_page(HERE, model=[GOOD], data=[captioned.colours])
    box(app, "Describe an image").set_value("a red or blue square")
    box(app, "Exclude").set_value("red, green")
    press(app, "Search")
    assert (app.session_state["q"], app.session_state["minus"]) == (["a red or blue square"], ["red", "green"])
    asked = ask("a red or blue square", minus=["red", "green"])
    assert ids(app) == [h.id for h in search(engine, engine.place(GOOD, captioned.colours), query=asked, k=20).hits]
    without = search(engine, engine.place(GOOD, captioned.colours), query="a red or blue square", k=20)
    assert ids(app) != [h.id for h in without.hits]


def test_weights_change_the_answer_and_stand_in_the_address(
    caption_page: Page, captioned: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_at_once(monkeypatch)
    app = caption_page(HERE, model=[GOOD], data=[captioned.colours], q="white", minus=["blue"])
    next(n for n in app.number_input if "excluded" in n.label).set_value(2.0)
    press(app, "Search")
    assert app.session_state["minus_weight"] == ["2"] and app.session_state["image_weight"] == []
    asked = ask("white", minus=["blue"], minus_weight=2.0)
    assert ids(app) == [h.id for h in search(engine, engine.place(GOOD, captioned.colours), query=asked, k=20).hits]


def test_two_lists_tell_of_each_other(
    caption_page: Page, captioned: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_at_once(monkeypatch)
    app = caption_page(HERE, model=[GOOD, POOR], data=[captioned.colours], q="a green square")
    lists = [search(engine, engine.place(m, captioned.colours), query="a green square", k=500) for m in (GOOD, POOR)]
    ranks = [{h.id: h.rank for h in found.hits} for found in lists]
    for place, other in ((0, "ResNet-50"), (1, "ViT-B/32")):
        for tile in tiles(app, f"answer-{place}"):
            there = ranks[1 - place][tile["id"]]
            assert tile["note"] == f"{other}: {there}" and ("in both" in tile["mark"]) == (there <= 20)
    kept = {h.id for h in lists[0].hits[:10]} & {h.id for h in lists[1].hits[:10]}
    assert f"{len(kept)} of the first 10 images are in both lists" in said(app) or "hold the same images" in said(app)
    assert len(app.get("plotly_chart")) == 2


def test_classes_that_are_named_count_as_right(
    caption_page: Page, captioned: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_at_once(monkeypatch)
    app = caption_page(HERE, model=[GOOD], data=[captioned.colours], q="something blue")
    found = search(engine, engine.place(GOOD, captioned.colours), query="something blue", k=10)
    right = sum(bool(h.relevant) for h in found.hits)
    assert f"{right} of the first 10 are “blue”; 2.5 expected by chance" in said(app)
    assert [t["right"] for t in tiles(app, "answer-0")[:10]] == [h.relevant for h in found.hits]


def test_the_list_goes_on_over_pages(
    caption_page: Page, captioned: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_at_once(monkeypatch)
    app = caption_page(HERE, model=[GOOD], data=[told_set(captioned)], q="a blue square", **{"asked-page": "2"})
    every = [h.id for h in search(engine, engine.place(GOOD, told_set(captioned)), query="a blue square", k=TOLD).hits]
    assert ids(app) == every[20:] and [t["rank"] for t in tiles(app, "answer-0")] == [21, 22, 23, 24]
    box(app, "Describe an image").set_value("a red square")
    press(app, "Search")
    assert len(ids(app)) == 20


# --- pictures ---------------------------------------------------------------------------------------------


def upload(app: AppTest, data: bytes) -> AppTest:
    app.file_uploader[0].upload("<img src=x onerror=alert(1)>.png", data)
    box(app, "Describe an image").set_value("")
    return press(app, "Search")


def test_an_uploaded_picture_finds_its_like_and_the_link_shows_it_to_others(
    caption_page: Page, captioned: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_at_once(monkeypatch)
    file = png(COLOURS["blue"], 3)
    app = upload(caption_page(HERE, model=[GOOD], data=[captioned.colours]), file)
    assert not app.exception and "With your image" in said(app) and "onerror" not in said(app)
    assert ids(app)[0] == next(
        i for i in engine.vectors.require(engine.place(GOOD, captioned.colours)).ids if i.endswith("blue/3.png")
    )
    (name,) = app.session_state["upload"]
    assert engine.uploads.get(name) == file
    colleague = caption_page(HERE, model=[GOOD], data=[captioned.colours], upload=name)
    assert ids(colleague) == ids(app)
    press(colleague, "Remove image")
    assert colleague.session_state["upload"] == [] and "With your image" not in said(colleague)


def test_a_text_and_a_picture_are_asked_together(
    caption_page: Page, captioned: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_at_once(monkeypatch)
    file = png(COLOURS["blue"], 3)
    name = engine.uploads.keep(file)
    app = caption_page(HERE, model=[GOOD], data=[captioned.colours], q="red", upload=name, image_weight="0.4")
    asked = ask("red", image="x", image_weight=0.4)
    found = search(engine, engine.place(GOOD, captioned.colours), query=asked, image=file, k=20)
    assert ids(app) == [h.id for h in found.hits]


def test_a_picture_of_the_set_is_asked_with_its_stored_vector(
    caption_page: Page, captioned: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    never_ready(monkeypatch)
    app = caption_page(HERE, model=[GOOD, POOR], data=[told_set(captioned)], like="5.png")
    assert not app.exception and "With the image 5.png" in said(app)
    for place, model in enumerate((GOOD, POOR)):
        assert ids(app, place) == [
            h.id for h in similar(engine, engine.place(model, told_set(captioned)), picture="5.png", k=20).hits
        ]


@pytest.mark.parametrize("data", [b"", b"no picture", b"<svg xmlns='http://www.w3.org/2000/svg'/>"])
def test_what_is_no_picture_is_told_in_a_sentence(
    caption_page: Page, captioned: World, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    answer_at_once(monkeypatch)
    app = caption_page(HERE, model=[GOOD], data=[captioned.colours])
    upload(app, data)
    assert not app.exception and app.session_state["upload"] == [] and app.error


@pytest.mark.parametrize(
    "choice", [{"upload": "../../etc/passwd"}, {"upload": "0" * 32}, {"like": "nobody.png"}, {"q": "x" * 401}]
)
def test_nonsense_in_the_address_is_told_or_left_out(
    caption_page: Page, captioned: World, monkeypatch: pytest.MonkeyPatch, choice: dict[str, str]
) -> None:
    answer_at_once(monkeypatch)
    app = caption_page(HERE, model=[GOOD], data=[captioned.colours], image_weight="nan", minus_weight="-1", **choice)
    assert not app.exception and (app.info or ids(app)) and box(app, "Describe an image")
    assert "from 0 to 5, not “nan”; 1 is" in said(app) and "from 0 to 5, not “-1”; 0.5 is" in said(app)


# --- one picture, links, states ---------------------------------------------------------------------------


def test_a_picture_opens_with_its_places_and_ways_on(
    caption_page: Page, captioned: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_at_once(monkeypatch)
    app = caption_page(HERE, model=[GOOD, POOR], data=[told_set(captioned)], q="a blue square", open="2.png")
    for model in (GOOD, POOR):
        result = search(engine, engine.place(model, told_set(captioned)), query="a blue square", k=500)
        rank, score = rank_of(engine, result, "2.png")
        assert f"rank {rank} of 24, score {score:.3f}" in said(app)
    press(app, "More like this")
    assert (app.session_state["like"], app.session_state["q"], app.session_state["open"]) == (["2.png"], [], [])
    assert ids(app)[0] == "2.png"


def test_the_link_spells_out_the_question(
    caption_page: Page, captioned: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_at_once(monkeypatch)
    choice = {"q": "a & b? é", "minus": ["c", "d"], "minus_weight": "0.7", "asked-page": "2"}
    app = caption_page(HERE, model=[GOOD], data=[told_set(captioned)], **choice)
    app.session_state["foot"] = True
    app.run()
    link = parse_qs(urlsplit(next(c.value for c in app.code)).query)
    assert (link["q"], link["minus"], link["minus_weight"]) == (["a & b? é"], ["c", "d"], ["0.7"])
    assert link["asked-page"] == ["2"]
    assert (link["model"], link["data"]) == ([GOOD], [told_set(captioned)]) and "image_weight" not in link


def test_what_is_asked_and_what_the_address_says_are_the_same() -> None:
    now = QueryForm(text="bird", minus=("water",), upload="", like="a.png", image_weight=0.5, minus_weight=0.25)
    assert now.query.words == "bird - 0.25 water + 0.5 a.png"
    assert now.choices["image_weight"] == ("0.5",) and now.choices["upload"] == ()
    assert QueryForm(text="bird").choices == {k: (("bird",) if k == "q" else ()) for k in now.choices}


def test_nothing_to_ask_is_told(caption_page: Page, captioned: World) -> None:
    app = caption_page(HERE, model=[GOOD], data=[told_set(captioned)])
    before = ids(app)
    box(app, "Describe an image").set_value("   ")
    press(app, "Search")
    assert "Write what to look for" in said(app) and ids(app) == before


def test_an_encoder_that_starts_is_told(caption_page: Page, captioned: World, monkeypatch: pytest.MonkeyPatch) -> None:
    never_ready(monkeypatch)
    app = caption_page(HERE, model=[GOOD, POOR], data=[told_set(captioned)], q="never seen")
    assert not app.exception and not grids(app) and "Starting the text encoder" in said(app)


def test_vectors_that_are_missing_are_offered(caption_page: Page, captioned: World) -> None:
    app = caption_page(HERE, model=["demo-vit/demo", GOOD], data=[told_set(captioned)])
    assert "Not embedded yet" in said(app) and len(grids(app)) == 1


def test_vectors_without_pictures_say_so(caption_page: Page) -> None:
    app = caption_page(HERE, model=[GOOD], data=["coco"])
    assert not app.exception and "These images are not on this machine; only their results are" in said(app)
    assert len(app.get("plotly_chart")) == 1 and not any(tile["src"] for tile in grids(app)[0][1])


def test_a_text_too_long_is_said_and_stays_in_its_field(
    caption_page: Page, captioned: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_at_once(monkeypatch)
    for field, what in (("Describe an image", "The description"), ("Exclude", "A text to exclude")):
        app = caption_page(HERE, model=[GOOD], data=[captioned.colours], q="red")
        long = "a red square " * 800
        box(app, field).set_value(long)
        press(app, "Search")
        assert not app.exception and f"{what} has 10,399 characters; at most 400 are read" in said(app)
        assert box(app, field).value == long and app.session_state["q"] == ["red"]
