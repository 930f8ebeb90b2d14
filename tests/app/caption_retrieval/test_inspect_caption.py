"""The one-caption page: which caption it looks at, its rank, what beat it, edits word by word, and the other way."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.engine import Engine
from core.studies.captions.one_caption import HARD, LOST
from core.studies.captions.study import Retrieval, one_caption, one_picture
from core.studies.pictures.study import search as search_pictures
from core.studies.pictures.study import similar
from core.studies.prompts.compose import leave_one_out
from core.types import EmbeddingSet
from core.words.captions import rank_finding
from pages.caption_retrieval.current import fold
from tests.app.making import said
from tests.app.prompt_pages import box, grids, press, tiles
from tests.app.warm import answer_at_once, never_ready
from tests.conftest import GOOD, POOR, World
from tests.worlds import PEOPLE, SHARED, told_set

Page = Callable[..., AppTest]
HERE = "caption_retrieval/inspect_caption"


@pytest.fixture
def engine(captioned: World) -> Engine:
    return Engine(captioned.cache, captioned.data, in_process=False)


@pytest.fixture
def images(engine: Engine, captioned: World) -> EmbeddingSet:
    return engine.vectors.require(engine.place(GOOD, told_set(captioned)))


def caption_of(images: EmbeddingSet, picture: str, place: int = 0) -> str:
    row = images.ids.index(picture)
    assert images.image_index is not None
    return [c for c, owner in zip(images.captions, images.image_index, strict=True) if owner == row][place]


def of_rank(engine: Engine, images: EmbeddingSet, low: int, high: int) -> tuple[str, str, int]:
    """(picture, caption, rank) of the first caption that stands there."""
    result = engine.run(Retrieval.at(engine, GOOD, images.key.dataset))
    i = next(i for i, rank in enumerate(result.image.ranks) if low <= rank <= high)
    return result.ids[result.image_index[i]], images.captions[result.captions[i]], int(result.image.ranks[i])


# --- the answer -------------------------------------------------------------------------------------------


def test_the_rank_is_the_same_as_from_the_command_line(
    caption_page: Page, captioned: World, engine: Engine, images: EmbeddingSet
) -> None:
    text = caption_of(images, "5.png")
    app = caption_page(HERE, model=[GOOD, POOR], data=[told_set(captioned)], original="5.png", caption=text)
    assert not app.exception
    found = [
        one_caption(engine, engine.place(m, told_set(captioned)), picture="5.png", text=text, by_word=False)
        for m in (GOOD, POOR)
    ]
    assert [m.value for m in app.metric] == [f"{f.caption.rank:,} of 24" for f in found]
    assert " ".join(rank_finding(f) for f in found) in said(app)


def test_the_ten_that_came_first_are_those_of_search(
    caption_page: Page, captioned: World, engine: Engine, images: EmbeddingSet
) -> None:
    text = caption_of(images, "5.png")
    app = caption_page(HERE, model=[GOOD, POOR], data=[told_set(captioned)], original="5.png", caption=text)
    lists = [search_pictures(engine, engine.place(m, told_set(captioned)), query=text) for m in (GOOD, POOR)]
    both = {h.id for h in lists[0].hits} & {h.id for h in lists[1].hits}
    for result in lists:
        drawn = tiles(app, f"first-{result.model}")
        assert [t["id"] for t in drawn[:10]] == [h.id for h in result.hits]
        assert [t["score_text"] for t in drawn[:10]] == [f"cos {h.score:.2f}" for h in result.hits]
        for tile in drawn[:10]:
            assert tile["right"] == (tile["id"] == "5.png") == ("its own image" in tile["mark"])
            assert ("in both lists" in tile["mark"]) == (tile["id"] in both)


def test_an_original_that_is_lost_stands_last_with_its_rank(
    caption_page: Page, captioned: World, engine: Engine, images: EmbeddingSet
) -> None:
    picture, text, rank = of_rank(engine, images, LOST, 99)
    app = caption_page(HERE, model=[GOOD], data=[told_set(captioned)], original=picture, caption=text)
    drawn = tiles(app, f"first-{GOOD}")
    assert len(drawn) == 11 and (drawn[-1]["id"], drawn[-1]["rank"]) == (picture, rank)
    assert drawn[-1]["right"] and drawn[-1]["mark"] == "its own image"


def test_pictures_with_the_very_same_caption_are_marked(caption_page: Page, captioned: World) -> None:
    app = caption_page(HERE, model=[GOOD], data=[told_set(captioned)], original="7.png", caption=SHARED)
    assert "24 images have this very caption" in said(app)
    others = [t for t in tiles(app, f"first-{GOOD}") if t["id"] != "7.png"]
    assert others and all("same caption" in t["mark"] for t in others)


def test_look_alikes_are_the_nearest_pictures_and_tell_who_is_ahead(
    caption_page: Page, captioned: World, engine: Engine, images: EmbeddingSet
) -> None:
    picture, text, rank = of_rank(engine, images, HARD, 10)
    app = caption_page(HERE, model=[GOOD], data=[told_set(captioned)], original=picture, caption=text)
    drawn, search = (
        tiles(app, f"alike-{GOOD}"),
        search_pictures(engine, engine.place(GOOD, told_set(captioned)), query=text, k=24),
    )
    near = similar(engine, engine.place(GOOD, told_set(captioned)), picture=picture, k=11)
    assert [t["id"] for t in drawn] == [h.id for h in near.hits if h.id != picture][:10]
    ranks = {h.id: h.rank for h in search.hits}
    assert [t["mark"] == "above it" for t in drawn] == [ranks[t["id"]] < rank for t in drawn]


def test_the_other_way_outlines_its_own_captions(caption_page: Page, captioned: World, engine: Engine) -> None:
    app = caption_page(HERE, model=[GOOD, POOR], data=[told_set(captioned)], original="5.png")
    lines = [h.value for h in app.html if "tabular-nums" in h.value]
    for html, model in zip(lines, (GOOD, POOR), strict=True):
        found = one_picture(engine, engine.place(model, told_set(captioned)), picture="5.png")
        assert html.count("its own") == sum(hit.own for hit in found.hits)
        ranks = [f"{hit.rank:,}" for hit in found.own]
        assert f"its own are at ranks {', '.join(ranks[:-1])} and {ranks[-1]}" in said(app)


# --- which caption ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "low", "high"), [("easy", 1, 1), ("hard", 2, 10), ("lost", 11, 24), ("any", 1, 24)])
def test_a_draw_is_of_its_kind_and_the_same_every_time(
    caption_page: Page, captioned: World, kind: str, low: int, high: int
) -> None:
    seen = set()
    for seed in (3, 3, 8):
        app = caption_page(HERE, model=[GOOD], data=[told_set(captioned)], draw=f"{kind}:{seed}")
        rank = int(app.metric[0].value.split()[0])
        assert low <= rank <= high and "Drawn at random" in said(app)
        seen.add((seed, box(app, "Caption").value, app.metric[0].value))
    assert len({s for s in seen if s[0] == 3}) == 1


def test_the_buttons_draw_and_the_address_names_the_draw(caption_page: Page, captioned: World) -> None:
    app = caption_page(
        HERE, model=[GOOD], data=[told_set(captioned)], original="5.png", caption="edited text", beside="x"
    )
    for label in ("Easy", "Hard", "Lost", "Any"):
        press(app, label)
        assert re.fullmatch(rf"{label.lower()}:\d{{1,6}}", app.session_state["draw"][0])
        assert [app.session_state[n] for n in ("original", "caption", "beside")] == [[], [], []]
        assert not app.exception and len(app.metric) == 1


def test_a_text_alone_belongs_to_the_picture_that_has_it(
    caption_page: Page, captioned: World, images: EmbeddingSet
) -> None:
    text = caption_of(images, "9.png")
    app = caption_page(HERE, model=[GOOD], data=[told_set(captioned)], caption=text.upper().rstrip("."))
    assert "9.png" in said(app) and box(app, "Caption").value == text.upper().rstrip(".")


def test_folding_forgives_case_spaces_and_the_full_stop() -> None:
    assert fold("  A  red\nBird. ") == fold("a red bird") != fold("a red bird!")


def test_another_caption_of_the_picture_is_one_click_away(
    caption_page: Page, captioned: World, images: EmbeddingSet
) -> None:
    app = caption_page(HERE, model=[GOOD], data=[told_set(captioned)], original="5.png")
    other = caption_of(images, "5.png", 1)
    app.radio(key="shown-written").set_value(other).run()
    assert app.session_state["caption"] == [other] and box(app, "Caption").value == other


def test_presets_of_the_deck_are_there_with_coco_and_the_demos_always(
    caption_page: Page, captioned: World, in_nothing: World
) -> None:
    from tests.app.making import open_page

    alone = open_page(HERE)
    assert list(alone.pills[0].options) == ["Three teddy bears", "A group of people", "A meal on a table"]


def test_a_preset_of_the_deck_finds_its_picture_in_coco(caption_page: Page, captioned: World) -> None:
    app = caption_page(HERE, model=[GOOD], data=[told_set(captioned)])
    assert len(app.pills[0].options) == 6
    app.pills(key="caption-preset").set_value("deck-people").run()
    assert app.session_state["data"] == ["coco", told_set(captioned)] and app.session_state["caption"] == [PEOPLE]
    assert "000000000001.jpg" in said(app) and len(app.metric) == 1


def test_a_caption_that_no_picture_has_is_asked_without_a_rank(
    caption_page: Page, captioned: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_at_once(monkeypatch)
    app = caption_page(HERE, model=[GOOD], data=["coco"])
    app.pills(key="caption-preset").set_value("deck-bears").run()
    assert not app.exception and not app.metric
    assert "No image of this data set has the caption" in said(app) and "This is a part: 16" in said(app)


def test_nonsense_in_the_address_opens_with_a_caption(caption_page: Page, captioned: World) -> None:
    app = caption_page(
        HERE,
        model=[GOOD],
        data=[told_set(captioned)],
        original="../../etc/passwd",
        draw="lost:99999999999",
        open="<b>x</b>",
    )
    assert not app.exception and len(app.metric) == 1
    assert "data set, not “../../etc/passwd”;" in said(app) and "here, not “<b>x</b>”;" in said(app)


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (
            {"draw": "lost:abc"},
            "a draw as lost:17, with any, easy, hard or lost, not “lost:abc”; another caption is shown.",
        ),
        ({"caption": "a" * 401}, "longer than 400 characters"),
        ({"split": "nowhere"}, "“split” in the address is "),
    ],
)
def test_what_cannot_be_opened_is_told(
    caption_page: Page, captioned: World, choice: dict[str, str], words: str
) -> None:
    app = caption_page(HERE, model=[GOOD], data=[told_set(captioned)], **choice)
    assert not app.exception and len(app.metric) == 1 and words in said(app)


def test_vectors_that_are_missing_are_offered(caption_page: Page, captioned: World) -> None:
    app = caption_page(HERE, model=["demo-vit/demo"], data=[told_set(captioned)])
    assert "Not embedded yet" in said(app) and not app.metric


# --- editing ----------------------------------------------------------------------------------------------


def edit(app: AppTest, text: str, beside: str = "") -> AppTest:
    box(app, "Caption").set_value(text)
    box(app, "Other wordings to compare, one per line").set_value(beside)
    return press(app, "Find")


def test_an_edit_moves_the_rank_and_can_be_taken_back(
    caption_page: Page, captioned: World, engine: Engine, images: EmbeddingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_at_once(monkeypatch)
    first, second = caption_of(images, "5.png"), caption_of(images, "5.png", 1)
    app = caption_page(HERE, model=[GOOD, POOR], data=[told_set(captioned)], original="5.png", caption=second)
    before = [m.value for m in app.metric]
    edit(app, "something red")
    now = [
        one_caption(engine, engine.place(m, told_set(captioned)), picture="5.png", text="something red")
        for m in (GOOD, POOR)
    ]
    assert [m.value for m in app.metric] == [f"{n.caption.rank} of 24" for n in now] != before
    assert f"rank {before[0].split()[0]} as written" in said(app) and app.session_state["written"] == [second]
    assert app.session_state["original"] == ["5.png"] and first != second
    press(app, "Back to the original caption")
    assert app.session_state["caption"] == [second] and [m.value for m in app.metric] == before


def test_other_wordings_stand_beside_the_caption(
    caption_page: Page, captioned: World, engine: Engine, images: EmbeddingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answer_at_once(monkeypatch)
    text = caption_of(images, "5.png")
    app = edit(
        caption_page(HERE, model=[GOOD, POOR], data=[told_set(captioned)], original="5.png"), text, "green\nred thing"
    )
    assert app.session_state["beside"] == ["green", "red thing"] and {"green", "red thing"} <= set(asked)
    table = app.dataframe[0].value.set_index("text")
    assert list(table.index) == [text, "green", "red thing"]
    one = one_caption(
        engine, engine.place(POOR, told_set(captioned)), picture="5.png", text=text, others=["green", "red thing"]
    )
    column = next(c for c in table.columns if c.startswith("rank") and "50" in c)
    assert list(table[column]) == [one.caption.rank, *(o.rank for o in one.others)]


def test_what_a_wording_beside_the_caption_finds_can_be_looked_at(
    caption_page: Page, captioned: World, engine: Engine, images: EmbeddingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_at_once(monkeypatch)
    text = caption_of(images, "5.png")
    page = {"model": [GOOD], "data": [told_set(captioned)], "original": "5.png", "caption": text}
    app = caption_page(HERE, **page, beside=["blue square"], asked="nobody asked this")
    first = [t["id"] for t in tiles(app, f"first-{GOOD}")]
    assert first[:10] == [
        h.id for h in search_pictures(engine, engine.place(GOOD, told_set(captioned)), query=text).hits
    ]
    app.pills(key="shown-asked").set_value("blue square").run()
    assert not app.exception and app.session_state["asked"] == ["blue square"]
    found = search_pictures(engine, engine.place(GOOD, told_set(captioned)), query="blue square")
    assert [t["score_text"] for t in tiles(app, f"first-{GOOD}")[:10]] == [f"cos {h.score:.2f}" for h in found.hits]
    edit(app, "another text", "blue square")
    assert app.session_state["asked"] == []


def test_word_by_word_needs_no_encoder_where_the_words_are_known(
    caption_page: Page, captioned: World, engine: Engine, images: EmbeddingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    never_ready(monkeypatch)
    text = caption_of(images, "5.png", 1)
    app = caption_page(HERE, model=[GOOD], data=[told_set(captioned)], original="5.png", caption=text)
    one = one_caption(engine, engine.place(GOOD, told_set(captioned)), picture="5.png", text=text)
    assert len(app.get("plotly_chart")) == 1 and [w.word for w in one.words] == [s.word for s in leave_one_out(text)]
    worst = max(one.words, key=lambda w: (w.change, w.contribution))
    assert worst.change <= 0 or f"without “{worst.word}” it falls from {one.caption.rank}" in said(app)


def test_an_encoder_that_starts_is_told_and_the_stored_caption_is_answered_meanwhile(
    caption_page: Page, captioned: World, images: EmbeddingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    never_ready(monkeypatch)
    app = caption_page(HERE, model=[GOOD], data=[told_set(captioned)], original="5.png", beside="never seen")
    assert not app.exception and len(app.metric) == 1 and "Starting the text encoder" in said(app)
    edited = caption_page(HERE, model=[GOOD], data=[told_set(captioned)], original="5.png", caption="never seen")
    assert not edited.exception and not edited.metric and "Starting the text encoder" in said(edited)
    assert box(edited, "Caption").value == "never seen"


@pytest.mark.parametrize(
    ("text", "beside", "sentence"),
    [("  ", "", "The caption is empty"), ("a", "\n".join("abcdefghi"), "At most 8 wordings")],
)
def test_what_cannot_be_asked_is_told(
    caption_page: Page, captioned: World, text: str, beside: str, sentence: str
) -> None:
    app = caption_page(HERE, model=[GOOD], data=[told_set(captioned)], original="5.png")
    before = app.metric[0].value
    edit(app, text, beside)
    assert sentence in said(app) and app.metric[0].value == before and not app.exception


def test_typed_markup_stays_text(caption_page: Page, captioned: World, monkeypatch: pytest.MonkeyPatch) -> None:
    answer_at_once(monkeypatch)
    app = caption_page(HERE, model=[GOOD], data=[told_set(captioned)], caption="![x](http://evil) <img src=x> **b**")
    assert not app.exception and "http://evil" in said(app)
    assert not [m for m in (*app.markdown, *app.info) if "![x](http" in m.value]


# --- more ways in -----------------------------------------------------------------------------------------


def test_a_caption_is_found_by_its_words(caption_page: Page, captioned: World) -> None:
    app = caption_page(HERE, model=[GOOD], data=[told_set(captioned)], words="blue thing")
    app.session_state["find-caption"] = True
    app.run()
    listed = next(d.value for d in app.dataframe if "caption" in d.value)
    assert len(listed) == 6 and listed["caption"].str.contains("blue thing").all()
    app.selectbox(key="look-closer-at").set_value(2).run()
    assert not app.exception and app.session_state["caption"] == [listed["caption"].iloc[2]]
    assert app.selectbox(key="look-closer-at").value is None


def test_a_picture_in_the_address_opens_with_its_captions(
    caption_page: Page, captioned: World, images: EmbeddingSet
) -> None:
    app = caption_page(HERE, model=[GOOD], data=[told_set(captioned)], original="5.png", open="2.png")
    text = caption_of(images, "2.png")
    assert any(fold(text) in fold(b.label.replace("\\", "")) for b in app.button)
    next(b for b in app.button if b.key == "instead-0").click().run()
    assert app.session_state["original"] == ["2.png"] and app.session_state["caption"] == [text]
    assert app.session_state["open"] == []


def test_vectors_without_pictures_still_tell_ranks(caption_page: Page) -> None:
    app = caption_page(HERE, model=[GOOD, POOR], data=["coco"])
    assert not app.exception and len(app.metric) == 2 and "is not on this machine" in said(app)
    assert "These images are not on this machine; only their results are" in said(app)
    assert len(app.get("plotly_chart")) == 1 and not any(tile["src"] for _, tiles in grids(app) for tile in tiles)


@pytest.mark.parametrize("field", ["Caption", "Other wordings to compare, one per line"])
def test_a_text_too_long_is_said_and_stays_in_its_field(caption_page: Page, captioned: World, field: str) -> None:
    app = caption_page(HERE, model=[GOOD], data=[told_set(captioned)], original="5.png")
    box(app, field).set_value("red " * 2500)
    press(app, "Find")
    assert not app.exception and "has 9,999 characters; at most 400 are read" in said(app)
    assert box(app, field).value == "red " * 2500
