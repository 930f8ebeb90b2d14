"""The pictures page: prompts, slots, ladders and sums; marks of what moved; links; what cannot be answered."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.deck.presets import PICTURES
from core.encoders.service.client import WarmEncoder
from core.errors import TMVError
from core.readers.datasets import find_dataset
from core.stats.metrics import normalise
from core.studies.pictures.query import MINUS_WEIGHT
from core.studies.pictures.study import search
from core.studies.prompts.compose import slot_values
from pages.prompt_study import questions
from pages.prompt_study.prompt_results.picture_lists import as_sheet, compare
from pages.prompt_study.prompt_results.question_form import offered_presets
from tests.app.making import open_page, said, unescaped
from tests.app.prompt_pages import answer_at_once, box, engine_of, grids, look_at, never_ready, press, tell, tiles
from tests.conftest import GOOD, POOR, World
from tests.fakes import FakeEncoder

Page = Callable[..., AppTest]
HERE = "prompt_study/prompt_results"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return answer_at_once(monkeypatch)


def sorted_ids(world: World, model: str, text: str, k: int) -> list[str]:
    """The k best pictures by a plain sort of all cosines."""
    images = engine_of(world).vectors.require(engine_of(world).place(model, world.colours))
    query = normalise(FakeEncoder(model).encode_texts([text]))[0]
    scores = normalise(images.image_embeddings).astype(np.float64) @ query.astype(np.float64)
    return [images.ids[i] for i in np.argsort(-scores, kind="stable")[:k]]


def test_it_opens_with_a_question_about_its_own_images_and_two_models(page: Page, world: World) -> None:
    app = page(HERE, data=[world.colours])
    assert not app.exception and app.title[0].value == "Which images does each prompt bring up?"
    names = engine_of(world).vectors.require(engine_of(world).place(GOOD, world.colours)).classnames
    first = next(name for name in names if name[0] not in "aeiou")
    assert box(app, "Prompts, one per line").value == f"a photo of a {first}\na drawing of a {first}"
    assert app.button_group(key="picture-preset").value is None
    assert len(grids(app)) == 4


def test_the_list_is_an_exhaustive_sort(page: Page, world: World) -> None:
    app = page(HERE, data=[world.colours], model=[POOR], way="prompts", prompt=["a red square"])
    shown = tiles(app, "list-0-0")
    assert [t["id"] for t in shown] == sorted_ids(world, POOR, "a red square", 10)
    assert [t["rank"] for t in shown] == list(range(1, 11))
    assert all(t["src"].startswith("data:image/webp;base64,") and t["named"] for t in shown)


def test_the_same_text_goes_to_every_model(page: Page, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: dict[str, list[str]] = {}

    def encode(self: WarmEncoder, model: str, texts: list[str], progress: object = None) -> object:
        heard.setdefault(model, []).extend(texts)
        return FakeEncoder(model).encode_texts(texts)

    monkeypatch.setattr(WarmEncoder, "encode_texts", encode)
    texts = ["one red thing nobody asked for", "two blue things nobody asked for"]
    page(HERE, data=[world.colours], way="prompts", prompt=texts)
    assert sorted(heard[GOOD]) == sorted(heard[POOR]) == sorted(texts)


def test_precision_counts_the_classes_named_in_the_text(page: Page, world: World) -> None:
    app = page(HERE, data=[world.colours], model=[GOOD], way="prompts", prompt=["a red square"], k="5")
    assert app.metric[0].value == "5 of 5" and "are red" in said(app)
    assert all(t["right"] and "correct" in t["mark"] for t in tiles(app, "list-0-0"))
    other = page(HERE, data=[world.colours], model=[GOOD], way="prompts", prompt=["a red square"], k="5", right="blue")
    assert other.metric[0].value == "0 of 5"
    none = page(HERE, data=[world.colours], model=[GOOD], way="prompts", prompt=["a square"])
    assert not none.metric and "by chance" not in said(none)


def test_pictures_in_both_lists_are_marked_with_their_rank_there(page: Page, world: World) -> None:
    app = page(HERE, data=[world.colours], model=[GOOD, POOR], way="prompts", prompt=["a red square"])
    first, second = sorted_ids(world, GOOD, "a red square", 32), sorted_ids(world, POOR, "a red square", 32)
    for tile in tiles(app, "list-0-0"):
        assert ("in both" in tile["mark"]) == (tile["id"] in second[:10])
        assert ("this model only" in tile["mark"]) == (tile["id"] not in second[:10])
        assert tile["note"] == f"rank {second.index(tile['id']) + 1} in the other"
    shared = len(set(first[:10]) & set(second[:10]))
    assert f"share {shared} of 10 images" in said(app)


def test_wordings_of_one_model_are_compared_with_each_other(page: Page, world: World) -> None:
    prompts = ["a red square", "a blue square", "a white square"]
    first = page(HERE, data=[world.colours], model=[GOOD], way="prompts", prompt=prompts)
    assert {t["note"] for t in tiles(first, "list-0-0")} == {""}
    ranks = sorted_ids(world, GOOD, "a red square", 32)
    assert [t["note"] for t in tiles(first, "list-2-0")] == [
        f"was rank {ranks.index(t['id']) + 1}" for t in tiles(first, "list-2-0")
    ]
    before = page(HERE, data=[world.colours], model=[GOOD], way="prompts", prompt=prompts, against="before")
    ranks = sorted_ids(world, GOOD, "a blue square", 32)
    assert tiles(before, "list-2-0")[0]["note"] == f"was rank {ranks.index(tiles(before, 'list-2-0')[0]['id']) + 1}"
    assert "each step keeps" in said(before)


def test_prompts_are_typed_one_a_line(page: Page, world: World) -> None:
    app = page(HERE, data=[world.colours], model=[GOOD])
    box(app, "Prompts, one per line").set_value("a red <b>square</b>\n\na blue one, please")
    press(app, "Find images")
    assert app.session_state["prompt"] == ["a red <b>square</b>", "a blue one, please"]
    assert [unescaped(h.value) for h in app.header][1:3] == ["“a red <b>square</b>”", "“a blue one, please”"]


def test_a_long_list_goes_through_a_link_whole(page: Page, world: World) -> None:
    many = [f"a red square that somebody saw on day {i} of a long journey" for i in range(80)]
    app = page(HERE, data=[world.colours], model=[GOOD])
    box(app, "Prompts, one per line").set_value("\n".join(many))
    press(app, "Find images")
    kept = app.session_state["prompt"]
    assert len(kept) == 1 and kept[0].startswith("list:")
    again = page(HERE, data=[world.colours], model=[GOOD], way="prompts", prompt=kept)
    assert box(again, "Prompts, one per line").value.splitlines() == many
    assert len(grids(again)) == 8 and "80 prompts" in said(again)


def test_too_many_questions_are_told(page: Page, world: World) -> None:
    many = ", ".join(f"word{i}" for i in range(121))
    app = page(HERE, data=[world.colours], model=[GOOD], way="slots", pattern="a {x}", slot=[f"x = {many}"])
    assert not app.exception and not grids(app)


# --- other ways to ask ------------------------------------------------------------------------------------


def test_slots_make_a_grid(page: Page, world: World) -> None:
    app = page(
        HERE,
        data=[world.colours],
        model=[GOOD],
        way="slots",
        pattern="a {size} {colour} square",
        slot=["size = , big", "colour = red, blue, green"],
    )
    labels = [label for label, _ in grids(app)]
    texts = [f"a {size}{colour} square" for size in ("", "big ") for colour in ("red", "blue", "green")]
    assert [label.split(": ")[1] for label in labels] == texts
    assert [s.value for s in app.subheader if "size" in s.value or s.value == "big"] == ["no size", "big"]
    assert all(len(items) == 4 for _, items in grids(app))


def test_a_slot_without_values_is_told_and_changes_nothing(page: Page, world: World) -> None:
    app = page(HERE, data=[world.colours], model=[GOOD], way="slots")
    box(app, "Pattern with slots in braces").set_value("a {shape}")
    press(app, "Find images")
    assert "The slot {shape}" in said(app) and "pattern" in app.session_state and not app.session_state["pattern"]


def test_a_ladder_adds_one_adjective_after_another(page: Page, world: World) -> None:
    app = page(HERE, data=[world.colours], model=[GOOD], way="ladder")
    box(app, "Noun").set_value("square")
    box(app, "Adjectives, in the order they are added").set_value("red, small")
    box(app, "Put into").set_value("a photo of a {}")
    press(app, "Find images")
    assert [unescaped(h.value) for h in app.header][1:4] == [
        "“a photo of a square”",
        "“a photo of a red square”",
        "“a photo of a small red square”",
    ]
    assert "each step keeps" in said(app)


def test_something_is_taken_away(page: Page, world: World) -> None:
    app = page(HERE, data=[world.colours], model=[GOOD], way="sum", term=["a red thing", "- blue", "0.25 * white"])
    heads = [unescaped(h.value) for h in app.header][1:3]
    assert heads == ["“a red thing”", "“a red thing - 0.5 blue + 0.25 white”"]
    encoder, images = FakeEncoder(GOOD), engine_of(world).vectors.require(engine_of(world).place(GOOD, world.colours))
    parts = normalise(encoder.encode_texts(["a red thing", "blue", "white"])).astype(np.float64)
    query = parts[0] - MINUS_WEIGHT * parts[1] + 0.25 * parts[2]
    scores = normalise(images.image_embeddings).astype(np.float64) @ query
    best = [images.ids[i] for i in np.argsort(-scores, kind="stable")[:10]]
    assert [t["id"] for t in tiles(app, "list-1-0")] == best


@pytest.mark.parametrize(
    ("line", "text", "weight"),
    [
        ("bird", "bird", 1.0),
        ("- water", "water", -MINUS_WEIGHT),
        ("+ beach", "beach", 1.0),
        ("0.3 * beach", "beach", 0.3),
        ("-2*sea", "sea", -2.0),
        ("- .25 × sky", "sky", -0.25),
        ("3 birds", "3 birds", 1.0),
        ("x-ray - of a bird", "x-ray - of a bird", 1.0),
        ("-water", "-water", 1.0),
    ],
)
def test_lines_of_a_sum(line: str, text: str, weight: float) -> None:
    term = questions.term(line)
    assert (term.text, term.weight) == (text, weight)
    assert questions.term(questions.line_of(term)) == term


def test_slot_lines_are_read_as_they_are_written() -> None:
    assert slot_values(["a = x, y", "b =, z"]) == {"a": ["x", "y"], "b": ["", "z"]}
    for wrong in ("no equals sign", "= x"):
        with pytest.raises(TMVError, match="name = value"):
            slot_values([wrong])


# --- presets ----------------------------------------------------------------------------------------------


def test_every_question_of_the_deck_is_offered_once_wherever_one_is(world: World) -> None:
    engine = engine_of(world)
    for name in ("eurosat", "coco", "imagenet_mini", "demo-objects", "demo-captions"):
        offered = offered_presets(engine, find_dataset(name))
        assert {p.title for p in offered} == {p.title for p in PICTURES}
        meant = [p for p in PICTURES if name in p.datasets]
        assert {p.title for p in meant} <= {p.title for p in offered if name in p.datasets}


def test_a_preset_is_one_click(page: Page, world: World) -> None:
    app = page(HERE, data=[world.colours], model=[GOOD], way="prompts", prompt=["x"], hit="y", right=["red"])
    app.button_group(key="picture-preset").set_value("demo-adjectives").run()
    preset = next(p for p in PICTURES if p.name == "demo-adjectives")
    assert app.session_state["prompt"] == list(preset.texts) and app.session_state["order"] == ["before"]
    assert app.session_state["data"][0] in preset.datasets and not app.session_state["right"]
    assert not app.exception and "Not embedded yet" in said(app)


# --- one picture, tables, files ---------------------------------------------------------------------------


def test_a_picture_opens_with_its_place_in_every_list(page: Page, world: World) -> None:
    far = sorted_ids(world, GOOD, "a red square", 32)[20]
    app = page(HERE, data=[world.colours], way="prompts", prompt=["a red square"], hit=far)
    table = next(d.value for d in app.dataframe if "Rank" in d.value)
    assert table["Rank"].tolist() == [sorted_ids(world, m, "a red square", 32).index(far) + 1 for m in (GOOD, POOR)]


def test_a_picture_that_does_not_exist_opens_nothing(page: Page, world: World) -> None:
    app = page(HERE, data=[world.colours], way="prompts", prompt=["a red square"], hit="../../etc/passwd")
    assert not app.exception and not [d for d in app.dataframe if "Rank" in d.value]


def test_the_lists_are_one_picture_for_a_slide(world: World) -> None:
    engine = engine_of(world)
    rows = [
        tuple(search(engine, engine.place(m, world.colours), query=text) for m in (GOOD, POOR))
        for text in ("a red square", "a blue square")
    ]
    sizes = []
    for part in (rows[:1], rows):
        with Image.open(io.BytesIO(as_sheet(engine, compare(engine, part, "models"), "light"))) as image:
            assert image.format == "PNG"
            sizes.append(image.size)
            colours = image.convert("RGB").getcolors(1 << 24)
            assert colours is not None and len(colours) > 1000
    assert sizes[0][0] == sizes[1][0] and sizes[1][1] > sizes[0][1]


# --- what cannot be answered ------------------------------------------------------------------------------


def test_it_waits_for_the_encoder(page: Page, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    never_ready(monkeypatch)
    app = page(HERE, data=[world.colours], model=[GOOD], way="prompts", prompt=["a text that no test has asked for"])
    assert "Starting the text encoder" in said(app) and not grids(app)
    answer_at_once(monkeypatch)
    app.run()
    assert len(grids(app)) == 1


@pytest.mark.parametrize(
    "choices",
    [
        {"way": "sum", "term": ["- red", "0.5 * red"]},
        {"way": "slots", "pattern": "a {x", "slot": ["x = 1"]},
        {"way": "slots", "pattern": "a {x}", "slot": ["y = 1"]},
        {"way": "ladder", "noun": "bird", "around": "no place"},
        {"way": "nothing", "k": "-1", "against": "x", "right": ["<b>"], "closer": "?", "prompt": ["x" * 1000]},
    ],
)
def test_nonsense_is_told_in_a_sentence(page: Page, world: World, choices: dict[str, object]) -> None:
    app = page(HERE, data=[world.colours], model=[GOOD], **choices)
    assert not app.exception and "could not be shown" not in said(app)


def test_what_is_missing_has_one_button(page: Page, world: World) -> None:
    app = page(HERE, model=["demo-rn/demo"], data=[world.colours])
    assert "Not embedded yet" in said(app) and not grids(app) and app.button(key="embed-missing")


def test_vectors_without_pictures_say_so(page: Page) -> None:
    app = page(HERE, data=["eurosat"], model=[GOOD], way="prompts", prompt=["a forest"])
    assert (
        not app.exception and "These images are not on this machine; only their results are" in said(app) and app.metric
    )
    assert [tile["src"] for tile in grids(app)[0][1]] == [""] * 10


# --- captions ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, str]:
    root = tmp_path_factory.mktemp("told")
    world = World(root / "cache", root / "data", root / "home")
    return world, tell(world)


@pytest.fixture
def told_page(told: tuple[World, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    look_at(monkeypatch, told[0])
    yield open_page
    st.cache_resource.clear()


def test_captions_stand_under_the_pictures_and_are_counted(told_page: Page, told: tuple[World, str]) -> None:
    app = told_page(HERE, data=[told[1]], model=[GOOD], way="prompts", prompt=["a photo of red squares"], k="5")
    assert not app.exception and len(tiles(app, "list-0-0")) == 5
    assert all(t["caption"].startswith("a red square number") for t in tiles(app, "list-0-0"))
    assert "in captions: red 5, squares 5 of 5" in said(app)


def test_two_models_on_captions_are_compared_in_large_figures(told_page: Page, told: tuple[World, str]) -> None:
    app = told_page(HERE, data=[told[1]], way="prompts", prompt=["a red square", "a blue square"])
    assert [unescaped(m.label) for m in app.metric] == ["“a red square”", "“a blue square”"]
    assert all(m.value.endswith("of 10") for m in app.metric) and "in both lists" in said(app)
