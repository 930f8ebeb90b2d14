"""The benchmark page: figures of both directions, what they rest on, what is behind each, own data."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.engine import Engine
from core.readers import open_dataset
from core.stats.numbers import percent, points
from core.studies.captions.retrieval import ALL_CAPTIONS, RetrievalResult
from core.studies.captions.study import Retrieval, compare_retrieval
from core.tables.retrieval import ranks_frame
from core.types import Note
from core.words.captions import captions_report
from core.words.names import say_model
from pages.caption_retrieval.caption_list import ListFilter, rows_of
from tests.app.making import said
from tests.app.prompt_pages import press
from tests.conftest import GOOD, POOR, World
from tests.worlds import BARE, LOST, SHARED, told_set

Page = Callable[..., AppTest]
HERE = "caption_retrieval/retrieval_scores"


@pytest.fixture
def engine(captioned: World) -> Engine:
    return Engine(captioned.cache, captioned.data, in_process=False)


def charts(app: AppTest) -> list[dict[str, Any]]:
    return [json.loads(c.proto.spec) for c in app.get("plotly_chart")]


def names(chart: dict[str, Any]) -> set[str]:
    return {trace.get("name", "") for trace in chart["data"]}


# --- figures ----------------------------------------------------------------------------------------------


def test_two_models_are_shown_in_both_directions(caption_page: Page, captioned: World, engine: Engine) -> None:
    app = caption_page(HERE, model=[GOOD, POOR], data=[told_set(captioned)])
    assert not app.exception
    results = [engine.run(Retrieval.at(engine, m, told_set(captioned))) for m in (GOOD, POOR)]
    shares = [r.image.recall[1] for r in results] + [r.text.recall[1] for r in results]
    assert [m.value for m in app.metric] == [percent(v) for v in shares]
    assert all("95 %" in caption.value for caption in app.caption[:4] if "recall@1" in caption.value)
    table = app.dataframe[0].value
    first = table[table["model_title"] == "ViT-B/32 · OpenAI"].iloc[0]
    assert first["median_rank"] == results[0].image.median_rank
    assert first["mean_rank"] == pytest.approx(results[0].image.mean_rank)
    assert first["mrr"] == pytest.approx(results[0].image.mrr)
    assert first["recall@5"] == pytest.approx(100 * results[0].image.recall[5])


def test_what_counts_is_said_with_the_numbers_of_the_data_set(caption_page: Page, captioned: World) -> None:
    words = said(caption_page(HERE, model=[GOOD], data=[told_set(captioned)]))
    assert "its own image is among the first k of all 24 images" in words
    assert "any of its 3 to 4 captions is among the first k of all 73 captions" in words
    assert "Ties count against it" in words


def test_a_note_that_is_not_true_of_every_model_names_its_own(
    caption_page: Page, captioned: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Retrieval.run

    def noted(self: Retrieval, *args: Any) -> RetrievalResult:
        found = run(self, *args)
        notes = ["Known of all.", *(["Known of one."] if self.place.model.name == POOR else [])]
        return replace(found, notes=tuple(Note(note, "planted") for note in notes))

    monkeypatch.setattr(Retrieval, "run", noted)
    app = caption_page(HERE, model=[GOOD, POOR], data=[told_set(captioned)])
    words, name = said(app), say_model(POOR)
    assert words.count("Known of all.") == 1 and words.count(f"{name}: Known of one.") == 1
    assert f"{name}: Known of all." not in words


def test_one_model_has_figures_and_asks_for_a_second(caption_page: Page, captioned: World) -> None:
    app = caption_page(HERE, model=[POOR], data=[told_set(captioned)])
    assert len(app.metric) == 4 and "Choose a second model above" in said(app)
    assert len(charts(app)) == 5


def test_two_models_are_compared_in_pairs(caption_page: Page, captioned: World, engine: Engine) -> None:
    app = caption_page(HERE, model=[GOOD, POOR], data=[told_set(captioned)])
    gap = compare_retrieval(engine, *(engine.run(Retrieval.at(engine, m, told_set(captioned))) for m in (GOOD, POOR)))
    drawn = [label["text"] for label in charts(app)[-2]["layout"]["annotations"] if "bgcolor" in label]
    wanted = [*(gap.image_recall[k] for k in (1, 5, 10)), gap.image_mrr]
    wanted += [*(gap.text_recall[k] for k in (1, 5, 10)), gap.text_mrr]
    said_so = [points(w.difference, signed=True).split("\xa0")[0] + ("" if w.excludes_zero else " tie") for w in wanted]
    assert sorted(drawn) == sorted(said_so)
    assert f"On {gap.n_texts} captions and {gap.n_images} images" in said(app)


def test_published_figures_of_coco_are_marked_where_they_do_not_hold(caption_page: Page) -> None:
    app = caption_page(HERE, model=[GOOD], data=["coco"])
    assert "published, for other images" in names(charts(app)[0])
    assert "they do not compare" in said(app)
    assert "This is a part: 16 of the 5,000" in said(app)


def test_fewer_captions_a_picture_are_another_study(caption_page: Page, captioned: World, engine: Engine) -> None:
    app = caption_page(HERE, model=[GOOD], data=[told_set(captioned)], each="1")
    result = engine.run(Retrieval.at(engine, GOOD, told_set(captioned), None, captions_per_picture=1))
    assert app.metric[0].value == percent(result.image.recall[1]) and result.n_texts == 24
    assert "any of its 1 captions" in said(app)
    app.segmented_control(key="shown-each").set_value("2").run()
    assert app.session_state["each"] == ["2"] and "of all 48 captions" in said(app)


def test_coco_is_measured_with_five_captions_unless_all_are_asked_for(caption_page: Page, engine: Engine) -> None:
    app = caption_page(HERE, model=[GOOD], data=["coco"])
    assert "any of its 5 captions is among the first k of all 80" in said(app)
    assert engine.run(Retrieval.at(engine, GOOD, "coco")).captions_per_picture == 5
    app.segmented_control(key="shown-each").set_value("all").run()
    assert not app.exception and app.session_state["each"] == ["all"]
    assert "any of its 5 to 6 captions is among the first k of all 81" in said(app)
    assert engine.run(Retrieval.at(engine, GOOD, "coco", None, captions_per_picture=ALL_CAPTIONS)).n_texts == 81
    assert len(charts(app)) == 5 and "could not be shown" not in said(app)


def test_the_other_direction_and_the_other_properties(caption_page: Page, captioned: World) -> None:
    app = caption_page(HERE, model=[GOOD], data=[told_set(captioned)])
    before = charts(app)[2]
    app.segmented_control(key="shown-stand").set_value("text").run()
    assert app.session_state["stand"] == ["text"] and charts(app)[2]["data"] != before["data"]
    for way, title in (("length", "longer captions"), ("crowding", "look-alikes"), ("contenders", "fit many")):
        app.segmented_control(key="shown-hard").set_value(way).run()
        assert not app.exception and title in charts(app)[4]["layout"]["meta"]["title"]


def test_nonsense_in_the_address_is_left_out(caption_page: Page, captioned: World) -> None:
    app = caption_page(
        HERE,
        model=[GOOD, "no-such/model"],
        data=[told_set(captioned)],
        each="99",
        pair=["x", "y"],
        stand="sideways",
        hard="very",
        listed="dogs",
        by="nobody",
        ranks="../etc",
        words="<b>" * 30,
        split="nowhere",
    )
    assert not app.exception and len(app.metric) == 4
    assert "no-such/model" in said(app) and "No captions match" in said(app)
    assert "not “nowhere”; " in said(app) and "1, 2, 3, 4, 5 and all, not “99”; all is used" in said(app)


def test_vectors_that_are_missing_are_offered(caption_page: Page, captioned: World) -> None:
    app = caption_page(HERE, model=["demo-vit/demo", GOOD], data=[told_set(captioned)])
    assert "Not embedded yet" in said(app) and len(app.metric) == 4


# --- the captions behind the figures ----------------------------------------------------------------------


@pytest.fixture
def results(captioned: World, engine: Engine) -> list[RetrievalResult]:
    return [engine.run(Retrieval.at(engine, m, told_set(captioned))) for m in (GOOD, POOR)]


@pytest.mark.parametrize("span", ["", "1-1", "2-10", "11-", "3-5", "7-"])
@pytest.mark.parametrize("words", ["", "blue", "square 1", "nothing like it"])
@pytest.mark.parametrize("model", [GOOD, POOR])
def test_the_rows_of_a_list_are_those_a_loop_finds(
    results: list[RetrievalResult], captioned: World, engine: Engine, span: str, words: str, model: str
) -> None:
    captions = engine.vectors.require(engine.place(GOOD, told_set(captioned))).captions
    low, _, high = span.partition("-")
    result = next(r for r in results if r.model == model)
    wanted = [
        (captions[result.captions[i]], result.ids[result.image_index[i]], int(rank))
        for i, rank in enumerate(result.image.ranks)
        if int(low or 1) <= rank <= int(high or 10**6)
        and all(w in captions[result.captions[i]].lower() for w in words.split())
    ]
    found = rows_of(results, [captions, captions], ListFilter(side="image", model=model, span=span, words=words))
    told_rows = list(zip(found["caption"], found["picture"], found[f"rank:{model}"], strict=True))
    assert sorted(told_rows) == sorted(wanted)
    assert (np.diff(found[f"rank:{model}"]) <= 0).all()


def test_pictures_are_listed_with_the_rank_of_their_best_caption(
    results: list[RetrievalResult], captioned: World, engine: Engine
) -> None:
    captions = engine.vectors.require(engine.place(GOOD, told_set(captioned))).captions
    found = ranks_frame(results, [captions, captions], "text").set_index("picture")
    assert len(found) == 24
    for result in results:
        ranks = dict(zip((result.ids[g] for g in result.text.groups), result.text.ranks, strict=True))
        assert found[f"rank:{result.model}"].to_dict() == ranks
    assert found.loc["3.png", "caption"] == captions[list(results[0].image_index).index(results[0].ids.index("3.png"))]


def test_a_list_in_the_address_and_by_its_choices(caption_page: Page, captioned: World) -> None:
    app = caption_page(HERE, model=[GOOD, POOR], data=[told_set(captioned)], ranks="11-", by=POOR)

    def listed() -> pd.DataFrame:
        return app.dataframe[1].value

    assert (listed()[f"rank:{POOR}"] > 10).all() and "Beyond ten" in str(app.pills[0].options)
    assert listed()["thumb"].str.startswith("data:image/webp;base64,").all()
    app.pills(key="shown-ranks").set_value("1-1").run()
    assert (listed()[f"rank:{POOR}"] == 1).all() and app.session_state["ranks"] == ["1-1"]
    app.text_input(key="shown-words").set_value("blue").run()
    assert listed()["caption"].str.contains("blue").all()
    app.pills(key="shown-ranks").set_value("").run()
    app.segmented_control(key="shown-listed").set_value("text").run()
    assert "images, the hardest for ResNet-50" in said(app)


def test_a_list_without_pictures_still_has_its_captions(caption_page: Page) -> None:
    tables = [d.value for d in caption_page(HERE, model=[GOOD], data=["coco"]).dataframe]
    published = next(table for table in tables if "published" in table)
    assert published["published_url"].str.startswith("https://github.com/").all() and len(published) == 6
    table = next(table for table in tables if "caption" in table)
    assert "thumb" not in table and len(table) == 8


# --- own data ---------------------------------------------------------------------------------------------


def test_what_is_missing_in_own_data_is_reported(caption_page: Page, captioned: World) -> None:
    words = said(caption_page(HERE, model=[GOOD], data=[told_set(captioned)]))
    assert "told · 24 images · 73 captions, 3 to 4 per image" in words
    assert LOST in words and BARE in words
    assert "Duplicate captions of the same image: 1" in words and "shared by several images: 1" in words
    assert str(captioned.data) not in words


def test_own_data_that_is_whole_is_said_to_be(captioned: World) -> None:
    rows = open_dataset(told_set(captioned), None, captioned.data, captioned.cache)
    whole = (Note("Captions are from captions.csv; also there: other.csv.", "caption_file"),)
    assert captions_report(rows) == rows.notes
    assert captions_report(replace(rows, notes=whole))[1:] == captions_report(replace(rows, notes=()))
    assert "Every caption has its image" in captions_report(replace(rows, notes=()))[0]


def ask_for(app: AppTest, path: str) -> AppTest:
    app.session_state["own-captions"] = True
    app.run()
    app.text_input(key="own-path").set_value(path)
    return press(app, "Read captions")


def test_a_path_in_the_data_folder_becomes_the_data_set(caption_page: Page, captioned: World) -> None:
    app = ask_for(caption_page(HERE, data=["coco"]), "told/captions.csv")
    assert app.session_state["model"] == [GOOD, POOR]
    assert app.session_state["data"] == ["captions:told/captions.csv", "coco"]
    assert "24 images · 73 captions" in said(app)


@pytest.mark.parametrize("path", ["", "../cache", "/etc/passwd", "told/nothing.csv", "colours", "captions:/etc"])
def test_a_path_that_cannot_be_used_is_told_in_a_sentence(caption_page: Page, path: str) -> None:
    app = ask_for(caption_page(HERE, model=[GOOD], data=["coco"]), path)
    assert not app.exception and app.session_state["data"] == ["coco"]
    assert len(app.error) >= 1 and len(app.metric) == 4


def test_captions_that_all_pictures_share_cannot_all_be_first(results: list[RetrievalResult], captioned: World) -> None:
    """The world is what these tests take it for: a shared caption has every rank once."""
    frame = ranks_frame(
        results[:1],
        [Engine(captioned.cache).vectors.require(Engine(captioned.cache).place(GOOD, told_set(captioned))).captions],
    )
    assert sorted(frame[frame["caption"] == SHARED][f"rank:{GOOD}"]) == list(range(1, 25))
