"""The story on pages: each step from the cache, presentation mode, questions, and stories of one's own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.deck import scenes as engine_story
from core.deck.steps import STEPS
from core.deck.stories import OwnStep, OwnStory, load_story, save_story, story_names
from core.encoders.service.client import WarmEncoder
from core.engine import Engine
from core.errors import EncoderWarming
from core.studies.base import LongStudy
from pages.shared.theme import STAGE
from tests.app.making import pages_of, said, unescaped
from tests.conftest import GOOD, World
from tests.fakes import FakeEncoder
from tests.worlds import trained_world

Page = Callable[..., AppTest]
HERE = "present/presentations"


@pytest.fixture(autouse=True)
def encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WarmEncoder, "encode_texts", lambda self, m, texts, p=None: FakeEncoder(m).encode_texts(texts))


@pytest.fixture
def stories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for user in ("stage", "presentations.own", "presentations.ready"):
        monkeypatch.setattr(f"pages.present.{user}.stories_folder", lambda engine: tmp_path)
    yield tmp_path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world with a training split."""
    return trained_world(tmp_path_factory.mktemp("trained"))[0]


def html(app: AppTest) -> str:
    return "\n".join(e.proto.body for e in app.get("html"))


@pytest.mark.parametrize("stage", [False, True])
@pytest.mark.parametrize("place", range(1, len(STEPS) + 1))
def test_each_step_is_shown_from_the_cache(page: Page, place: int, stage: bool) -> None:
    app = page(HERE, step=STEPS[place - 1].name, **({"present": "true"} if stage else {}))
    headings = app.title if stage else app.subheader
    assert not app.exception and unescaped(headings[0].value) == STEPS[place - 1].title
    assert "could not be shown" not in said(app)
    if stage:
        assert f"{place} of {len(STEPS)}" in html(app)


def test_a_table_has_measured_deck_and_published(page: Page, world: World) -> None:
    table = html(page(HERE, step="4"))
    assert "study 32.2" in table and "published 50.4" in table and "ConvNeXt-Base" in table
    assert table.count('class="own"') == 2


def test_the_claims_have_verdicts_and_the_deck_its_faults(page: Page) -> None:
    claims, faults = html(page(HERE, step="16")), html(page(HERE, step="17"))
    assert claims.count('class="step-verdict') == 6 and "cannot be tested here" in claims
    assert "the same figures to the digit" in faults and "AnnualCrop" in faults


def test_on_stage_there_is_no_control_but_the_bar(page: Page) -> None:
    app = page(HERE, present="true", step="general")
    assert {b.key for b in app.button} == {"stage-back", "stage-next", "stage-leave"}
    assert not app.selectbox and [t.key for t in app.text_input] == ["stage-question"]
    app.button(key="stage-next").click().run()
    assert app.session_state["step"] == ["benchmark"] and unescaped(app.title[0].value) == STEPS[4].title
    app.button(key="stage-leave").click().run()
    assert app.session_state["present"] == [] and app.selectbox(key="shown-step").value == 5


@pytest.mark.parametrize("step", ["0", "-3", "99", "²", "x" * 50, "", "1e9"])
def test_a_step_that_is_none_shows_one_that_is(page: Page, step: str) -> None:
    app = page(HERE, step=step)
    assert not app.exception and app.title[0].value


def test_the_audience_asks_and_the_story_goes_on(page: Page, world: World) -> None:
    app = page(HERE, present="true", step="8")
    app.text_input(key="stage-question").set_value("a red <b>square</b>").run()
    assert app.session_state["ask"] == ["a red <b>square</b>"]
    assert unescaped(app.title[0].value) == "“a red <b>square</b>”" and "<b>square" not in html(app)
    app.button(key="stage-back").click().run()
    assert app.session_state["ask"] == [] and app.session_state["step"] == ["8"]
    assert app.text_input(key="stage-question").value == ""


def test_an_encoder_that_starts_is_one_quiet_line(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    def starting(self: WarmEncoder, model: str, texts: list[str], progress: object = None) -> object:
        raise EncoderWarming(model, 3.0)

    monkeypatch.setattr(WarmEncoder, "encode_texts", starting)
    app = page(HERE, present="true", step="8", ask="something never encoded before")
    assert not app.exception and not app.error and not app.info
    assert "Starting the text encoder of" in said(app) and "(3 s). Results appear automatically." in said(app)


def test_what_fails_on_stage_is_one_quiet_line(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(engine_story, "table", broken)
    app = page(HERE, present="true", step="1")
    assert not app.exception and not app.error and "secret" not in said(app)
    assert any("could not be shown" in c.value for c in app.caption)


def test_readiness_says_what_is_missing(page: Page) -> None:
    app = page(HERE)
    assert re.search(r"\d+ of 18 slides still need 10 images to be loaded", said(app)), said(app)
    assert app.button(key="prepare-story").label == "Prepare the slides"


def test_the_readiness_of_one_s_own_story(page: Page, stories: Path, world: World) -> None:
    here = OwnStep(title="Acc", view=f"/accuracy?model={GOOD}&data=eurosat")
    save_story(stories, OwnStory(title="Mine", steps=(here, OwnStep(title="Seven", view="/presentations?step=17"))))
    app = page(HERE, story="mine")
    assert not app.exception and not app.info and status(app, "Mine") == "Yes"
    save_story(
        stories,
        OwnStory(
            title="Less",
            steps=(
                here,
                OwnStep(title="Food", view=f"/accuracy?model={GOOD}&data=food101"),
                OwnStep(
                    title="Ask", view=f"/prompt_results?model={GOOD}&data=eurosat&prompt=a%20zebra%20in%20a%20story"
                ),
                OwnStep(title="Outside", view=f"/accuracy?model={GOOD}&data=folder:/etc"),
            ),
        ),
    )
    app = page(HERE, story="less")
    words = said(app)
    assert "3 of 4 slides still need 1 text to be encoded" in words and "embeddings of Food-101 with ViT-B/32" in words
    assert "Missing: 1 text for ViT-B/32" in words and status(app, "Less").startswith("3 of 4 slides")
    app.button(key="prepare-own").click().run()
    assert not app.exception and "2 of 4 slides still need" in said(app) and "to be encoded" not in said(app)


def test_a_search_that_was_never_run_is_not_ready(
    page: Page, stories: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = list[LongStudy[object]]()
    monkeypatch.setattr(Engine, "submit", lambda self, study: started.append(study))
    view = f"/better_prompt?model={GOOD}&data=eurosat&budget=200&pool=none&extra=a%20{{}}&extra=one%20{{}}"
    save_story(stories, OwnStory(title="Found", steps=(OwnStep(title="Better", view=view),)))
    app = page(HERE, story="found")
    assert not app.exception and status(app, "Found").startswith("1 of 1 slide still needs the search")
    assert "Missing: the search for a better prompt to be run with ViT-B/32" in said(app)
    app.button(key="prepare-own").click().run()
    assert not app.exception and [(s.kind, s.options()["budget"]) for s in started] == [("optimise", 200)]
    assert started[0].options()["pool"] == ["a {}", "one {}"]
    Engine(world.cache, world.data, in_process=False).run(started[0])
    assert status(page(HERE, story="found"), "Found") == "Yes"


@pytest.mark.parametrize(
    ("view", "said_so", "kind", "options"),
    [
        ("/linear_probe?unit=true", "the linear probe to be trained with ViT-B/32", "probe", {"normalise": True}),
        (
            "/few_shot?method=tip&seeds=2",
            "the few-shot study to be run with ViT-B/32",
            "fewshot",
            {"methods": ["tip"], "seeds": 2, "templates": None},
        ),
    ],
)
def test_a_study_that_was_never_trained_is_not_ready(
    trained: World,
    stories: Path,
    monkeypatch: pytest.MonkeyPatch,
    view: str,
    said_so: str,
    kind: str,
    options: dict[str, object],
) -> None:
    started = list[LongStudy[object]]()
    monkeypatch.setattr(Engine, "submit", lambda self, study: started.append(study))
    step = OwnStep(title="Trained", view=f"{view}&model={GOOD}&data={trained.colours}")
    save_story(stories, OwnStory(title="Found", steps=(step,)))
    (page,) = pages_of(trained, monkeypatch)
    app = page(HERE, story="found")
    assert not app.exception and said_so in status(app, "Found") and f"Missing: {said_so}" in said(app)
    app.button(key="prepare-own").click().run()
    assert not app.exception and [study.kind for study in started] == [kind]
    assert options.items() <= started[0].options().items()
    Engine(trained.cache, trained.data, in_process=False).run(started[0])
    assert status(page(HERE, story="found"), "Found") == "Yes"


def status(app: AppTest, title: str) -> str:
    table = app.dataframe[0].value
    return str(table[table["title"] == title]["status"].iloc[0])


def three(stories: Path) -> OwnStory:
    steps = tuple(OwnStep(title=t, view=f"/accuracy?model={GOOD}&data=eurosat") for t in ("One", "Two", "Three"))
    save_story(stories, OwnStory(title="Mine", steps=steps))
    return load_story(stories, "mine", PAGES)


PAGES = ("accuracy", "presentations")


def slide_titles(stories: Path, name: str = "mine") -> list[str]:
    return [step.title for step in load_story(stories, name, PAGES).steps]


def test_slides_are_edited_moved_copied_and_deleted_in_place(page: Page, stories: Path) -> None:
    three(stories)
    app = page(HERE, story="mine")
    app.text_input(key="slide-title-2").set_value("Second").run()
    app.text_input(key="slide-note-2").set_value("A note").run()
    assert slide_titles(stories) == ["One", "Second", "Three"]
    app.button(key="slide-up-2").click().run()
    assert slide_titles(stories) == ["Second", "One", "Three"]
    assert (
        app.text_input(key="slide-title-1").value == "Second" and app.text_input(key="slide-note-1").value == "A note"
    )
    app.button(key="slide-down-1").click().run()
    app.button(key="slide-copy-3").click().run()
    assert slide_titles(stories) == ["One", "Second", "Three", "Three"]
    app.button(key="slide-delete-1").click().run()
    assert not app.exception and slide_titles(stories) == ["Second", "Three", "Three"]
    assert app.button(key="slide-up-1").disabled and app.button(key="slide-down-3").disabled
    app.text_input(key="slide-title-1").set_value("").run()
    assert "Step 1 needs a line title" in said(app) and slide_titles(stories)[0] == "Second"


def test_a_presentation_is_renamed_copied_and_deleted(page: Page, stories: Path) -> None:
    three(stories)
    app = page(HERE, story="mine")
    app.session_state["rename-story"] = True
    app.run()
    app.text_input(key="story-title").set_value("Ours").run()
    app.button(key="story-renamed").click().run()
    assert load_story(stories, "mine", PAGES).title == "Ours", "the file's name, and so every link, stays"
    app.button(key="story-copy").click().run()
    assert story_names(stories) == ("mine", "ours-copy") and app.session_state["story"] == ["ours-copy"]
    app.button(key="story-deleted").click().run()
    assert not app.exception and story_names(stories) == ("mine",) and app.session_state["story"] == []


def test_one_s_own_story_is_replayed_view_by_view(page: Page, stories: Path, world: World) -> None:
    view = f"/accuracy?model={GOOD}&data=eurosat"
    save_story(
        stories,
        OwnStory(
            title="Mine",
            steps=(
                OwnStep(title="Seven", view="/presentations?step=17"),
                OwnStep(title="Acc", view=view, note="Look here"),
            ),
        ),
    )
    app = page(HERE, present="true", story="mine")
    assert "the same figures to the digit" in html(app) and app.title[0].value == "Seven" and "1 of 2" in html(app)
    app.button(key="stage-next").click().run()
    assert not app.exception and app.session_state["model"] == [GOOD] and app.session_state["data"] == ["eurosat"]
    assert "2 of 2" in html(app) and app.title[0].value == "Acc" and "Look here" in said(app)
    app.button(key="stage-back").click().run()
    assert not app.exception and app.title[0].value == "Seven"


def test_the_audience_s_prompt_is_answered_on_a_slide_of_one_s_own(page: Page, stories: Path) -> None:
    view = f"/accuracy?model={GOOD}&data=eurosat"
    save_story(stories, OwnStory(title="Mine", steps=(OwnStep(title="Acc", view=view),)))
    link = {"present": "true", "story": "mine", "step": "1", "model": GOOD, "data": "eurosat"}
    app = page("classification/accuracy", **link)
    app.text_input(key="stage-question").set_value("a red <b>square</b>").run()
    assert not app.exception and unescaped(app.title[0].value) == "“a red <b>square</b>”"
    assert 'class="stage-found' in html(app) and "images of EuroSAT" in said(app)
    app.button(key="stage-back").click().run()
    assert not app.exception and 'class="stage-found' not in html(app) and app.title[0].value == "Acc"


def test_a_choice_of_any_kind_comes_back_with_its_slide(page: Page, stories: Path) -> None:
    view = f"/errors_by_class?model={GOOD}&data=eurosat"
    steps = (OwnStep(title="A", view=f"{view}&order=Name"), OwnStep(title="B", view=view))
    save_story(stories, OwnStory(title="Mine", steps=steps))
    link = {"present": "true", "story": "mine", "step": "1", "model": GOOD, "data": "eurosat", "order": "Name"}
    app = page("classification/errors_by_class", **link)
    first = app.session_state["order"]
    for _ in range(2):
        app.button(key="stage-next").click().run()
        assert not app.exception
        app.button(key="stage-back").click().run()
        assert not app.exception and app.session_state["order"] == first


def test_charts_of_any_view_are_larger_in_a_presentation(page: Page) -> None:
    def type_size(app: AppTest) -> float:
        return float(json.loads(app.get("plotly_chart")[-1].proto.spec)["layout"]["font"]["size"])

    view = {"model": [GOOD], "data": ["eurosat"]}
    usual, stage = (page("classification/accuracy", **view, **more) for more in ({}, {"present": "true"}))
    assert type_size(stage) == pytest.approx(STAGE * type_size(usual))


def test_a_story_that_is_not_there_is_told(page: Page, stories: Path) -> None:
    app = page(HERE, story="nobody")
    assert not app.exception and "No story is called 'nobody'" in said(app)
    (stories / "bad.toml").write_text("title = nothing")
    assert "no valid TOML" in said(page(HERE, story="bad"))


def test_what_a_slide_that_was_left_still_sends_does_not_move_the_slides(page: Page) -> None:
    app = page(HERE, present="true", step=STEPS[0].name)
    app.button(key="stage-next").click().run()
    assert f"2 of {len(STEPS)}" in html(app)
    app.session_state["step"] = [STEPS[0].name]
    app.run()
    assert f"2 of {len(STEPS)}" in html(app) and app.session_state["step"] == [STEPS[1].name]


def test_the_original_study_s_figures_are_among_published_ones(page: Page) -> None:
    app = page(HERE)
    app.session_state["open-where"] = True
    app.run()
    assert not app.exception
    frame = next(each.value for each in app.dataframe if "Expected" in each.value.columns)
    assert len(frame) == 28 and (frame["It is"] == "below").sum() == 9
    assert "Of 28 zero-shot figures of the original study, 9 are outside" in said(app)
