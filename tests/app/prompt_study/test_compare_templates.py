"""The templates page: accuracy by wording, class names, what a template turns, links that keep long lists whole."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.catalog.prompts import find_prompt_set
from core.stats.numbers import percent
from core.studies.prompts.accuracy import PromptStudyResult
from core.studies.prompts.study import PromptStudy
from core.studies.zero_shot.study import ZeroShot
from core.words.names import say_model
from pages.prompt_study.compare_templates.class_name_sets import parse_edits, with_cells, written
from tests.app.making import said, unescaped
from tests.app.prompt_pages import answer_at_once, box, engine_of, never_ready, press, tiles
from tests.conftest import GOOD, POOR, World
from tests.worlds import run_study

Page = Callable[..., AppTest]
HERE = "prompt_study/compare_templates"
DECK = find_prompt_set("deck").templates


@pytest.fixture
def study(world: World) -> PromptStudyResult:
    return run_study(engine_of(world), PromptStudy, POOR, world.colours, prompt_set="deck")


def test_it_opens_with_the_decks_seven_on_what_is_cached(page: Page, world: World) -> None:
    app = page(HERE, data=[world.colours])
    assert not app.exception and app.title[0].value == "What does the wording change?"
    studies = [run_study(engine_of(world), PromptStudy, m, world.colours, prompt_set="deck") for m in (GOOD, POOR)]
    # The baseline leads: the best of seven is chosen on these images.
    assert [m.value for m in app.metric] == [percent(s.find(s.baseline).acc1) for s in studies]
    assert len(app.get("plotly_chart")) == 1
    app.session_state["open-class-templates"] = True
    assert len(app.run().get("plotly_chart")) == 2
    assert app.selectbox(key="shown-baseline").options[-1] == "all together"


def test_one_model_shows_best_baseline_and_all_together(page: Page, world: World, study: PromptStudyResult) -> None:
    app = page(HERE, model=[POOR], data=[world.colours])
    shown = {unescaped(m.label): m.value for m in app.metric}
    assert shown["a photo of a {}"] == percent(study.find("a photo of a {}").acc1)
    assert shown["all together"] == percent(study.ensemble.acc1)
    assert percent(study.best.acc1) in shown.values()
    assert "optimistic" in said(app) and app.metric[0].value == percent(study.find(study.baseline).acc1)


def test_a_template_of_the_page_is_one_of_classify(page: Page, world: World) -> None:
    app = page(HERE, model=[POOR], data=[world.colours], wordings="photo")
    one = run_study(engine_of(world), ZeroShot, POOR, world.colours, prompt_set="photo")
    assert [m.value for m in app.metric] == [percent(one.acc1)]


def test_the_baseline_of_the_link_is_measured_against(page: Page, world: World) -> None:
    app = page(HERE, model=[POOR], data=[world.colours], baseline="ensemble")
    assert app.selectbox(key="shown-baseline").value == "ensemble"
    assert "against “all together”" in said(app)
    other = page(HERE, model=[POOR], data=[world.colours], baseline="not one of them")
    assert other.selectbox(key="shown-baseline").value == DECK[0]


def test_the_deck_stands_beside_with_the_remark_about_its_title(page: Page) -> None:
    app = page(HERE, data=["eurosat"], model=[GOOD])
    words = said(app)
    assert "fit CIFAR-100" in words and words.count("they lie on average") == 1
    assert "EuroSAT, as titled" in app.button_group(key="wording-preset").options
    elsewhere = page(HERE, data=["eurosat"], model=[GOOD], wordings="photo")
    assert "fit CIFAR-100" not in said(elsewhere)


def test_a_preset_is_one_click(page: Page, world: World) -> None:
    app = page(HERE, data=[world.colours], wordings="photo")
    app.button_group(key="wording-preset").set_value("deck-eurosat").run()
    assert app.session_state["data"] == ["eurosat", world.colours]
    assert app.session_state["wordings"] == ["deck"]
    assert not app.exception and len(app.metric) == 2


# --- wording ----------------------------------------------------------------------------------------------


def test_own_templates_are_typed_one_a_line(page: Page, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answer_at_once(monkeypatch)
    app = page(HERE, model=[GOOD], data=[world.colours])
    box(app, "Templates, one per line").set_value("a {} brick\n\n the {} one\na {} brick")
    press(app, "Compare these")
    assert app.session_state["wording"] == ["a {} brick", "the {} one"]
    assert not app.exception and "a red brick" in asked
    assert app.selectbox(key="shown-baseline").options == ["a {} brick", "the {} one", "all together"]
    assert box(app, "Templates, one per line").value == "a {} brick\nthe {} one"


def test_what_a_closed_popover_sends_late_undoes_no_choice(
    page: Page, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    never_ready(monkeypatch)
    app = page(HERE, model=[GOOD], data=[world.colours])
    box(app, "Templates, one per line").set_value("a {} brick")
    press(app, "Compare these")
    # The set inside the closed popover is still the one before in the browser, and comes with the next run.
    app.selectbox(key="shown-wordings").set_value("deck").run()
    assert app.session_state["wording"] == ["a {} brick"] and app.session_state["wordings"] == []
    app.selectbox(key="shown-wordings").set_value("photo").run()
    assert app.session_state["wordings"] == ["photo"], "another one is a reader's choice"


def test_a_known_set_keeps_its_short_name(page: Page, world: World) -> None:
    app = page(HERE, model=[GOOD], data=[world.colours], wordings="photo")
    box(app, "Templates, one per line").set_value("\n".join(DECK))
    press(app, "Compare these")
    assert app.session_state["wordings"] == ["deck"] and app.session_state["wording"] == []


def test_a_template_without_a_place_is_told_and_kept_in_the_box(page: Page, world: World) -> None:
    app = page(HERE, model=[GOOD], data=[world.colours])
    box(app, "Templates, one per line").set_value("a photo")
    press(app, "Compare these")
    assert "exactly one {}" in said(app) and not app.exception
    assert box(app, "Templates, one per line").value == "a photo"


def test_a_long_list_goes_through_a_link_whole(page: Page, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    answer_at_once(monkeypatch)
    many = [f"a {{}} that somebody saw on day {i} of a long journey" for i in range(90)]
    app = page(HERE, model=[GOOD], data=[world.colours])
    box(app, "Templates, one per line").set_value("\n".join(many))
    press(app, "Compare these")
    kept = app.session_state["wording"]
    assert len(kept) == 1 and kept[0].startswith("list:")
    again = page(HERE, model=[GOOD], data=[world.colours], wording=kept)
    assert box(again, "Templates, one per line").value.splitlines() == many
    assert "90 templates" in [unescaped(p.proto.popover.label) for p in again.get("popover")]


def test_a_list_that_is_not_here_is_said(page: Page, world: World) -> None:
    app = page(HERE, model=[GOOD], data=[world.colours], wording=["list:" + "0" * 20])
    assert "not on this server" in said(app) and len(app.metric) >= 1


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [({"wording": ["no place"]}, "exactly one {}"), ({"wordings": "fotos"}, "not “fotos”; deck is used instead.")],
)
def test_nonsense_in_a_link_is_told_and_left_out(page: Page, choices: dict[str, object], sentence: str) -> None:
    app = page(HERE, **choices)
    assert not app.exception and sentence in said(app) and app.metric


def test_without_the_pictures_their_answers_are_shown(page: Page) -> None:
    """As on a laptop that holds the cache alone."""
    app = page(HERE, model=[GOOD, POOR], data=["eurosat"])
    shown = tiles(app, "flipped-grid")
    assert not app.exception and shown and not any(tile["src"] for tile in shown)
    assert "These images are not on this machine; only their results are" in said(app)


def test_nonsense_of_any_kind_breaks_nothing(page: Page, world: World) -> None:
    strange = ["x" * 3000, "<b>", "", "a\nb"]
    app = page(
        HERE, data=[world.colours], names=strange, rename=strange, changed=strange, which="?", of="?", flipped="../x"
    )
    assert not app.exception and len(app.metric) == 2


def test_it_waits_for_the_encoder_and_shows_what_it_has(
    page: Page, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    never_ready(monkeypatch)
    choices = {"model": [GOOD], "data": [world.colours], "rename": ["curated:red=crimson"]}
    app = page(HERE, **choices, names=["curated", "edited-curated"])
    assert "Starting the text encoder" in said(app) and not app.exception
    assert app.metric, "the curated names need no encoder"
    answer_at_once(monkeypatch)
    app.run()
    assert "Starting the text encoder" not in said(app) and len(app.metric) == 2


def test_a_data_set_without_classes_is_told(page: Page) -> None:
    app = page(HERE, model=[GOOD], data=["demo-captions"])
    assert "Demo captions has no classes, so it is not shown here." in said(app) and app.metric


def test_what_is_missing_has_one_button(page: Page, world: World) -> None:
    app = page(HERE, model=["demo-rn/demo"], data=[world.colours])
    assert "Not embedded yet" in said(app) and not app.metric and app.button(key="embed-missing")


# --- class names ------------------------------------------------------------------------------------------


def test_raw_and_curated_names_are_compared(page: Page) -> None:
    app = page(HERE, model=[GOOD], data=["eurosat"], names=["curated", "raw"])
    assert len(app.metric) == 2 and "raw names" in unescaped(app.metric[1].label)
    words = said(app)
    assert "curated names against raw names with “a photo of a {}”" in words
    assert f"{say_model(GOOD)}, raw names (" in words or f"none does better for {say_model(GOOD)}, raw names" in words


def test_an_edited_name_changes_one_class_only(page: Page, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answer_at_once(monkeypatch)
    app = page(HERE, model=[GOOD], data=[world.colours], names=["edited-curated"], rename=["curated:red=green"])
    assert len(asked) == 0, "green is known already"
    edited = run_study(
        engine_of(world),
        PromptStudy,
        GOOD,
        world.colours,
        prompt_set="deck",
        classnames=["blue", "green", "green", "white"],
    )
    names = engine_of(world).vectors.require(engine_of(world).place(GOOD, world.colours)).classnames
    assert sorted(names) == ["blue", "green", "red", "white"]
    assert percent(edited.best.acc1) in [m.value for m in app.metric]
    page(HERE, model=[GOOD], data=[world.colours], names=["edited-curated"], rename=["curated:red=scarlet"])
    assert asked and all("scarlet" in text for text in asked)


def test_edits_of_other_data_sets_are_left_alone(page: Page, world: World) -> None:
    app = page(HERE, model=[GOOD], data=[world.colours], rename=["curated:AnnualCrop=a field"])
    assert not app.exception and app.session_state["rename"] == ["curated:AnnualCrop=a field"]
    kinds = app.button_group(key="shown-names").options
    assert kinds == ["Curated names", "Folder names"]


def test_edits_read_as_they_are_written() -> None:
    folders = ["a", "a=b", "c:d"]
    edits = {("curated", "a=b"): "one", ("raw", "c:d"): "two = three", ("curated", "a"): "four"}
    assert parse_edits(written(edits), folders) == edits
    for nonsense in ("curated:a=", "nobody:a=x", "curated:z=x", "curated", "", "curated:a"):
        assert parse_edits([nonsense], folders) == {}
    long = "x" * 300  # of a link: used as it is, never cut in silence
    assert parse_edits([f"curated:{folders[0]}={long}"], folders) == {("curated", folders[0]): long}


def test_cells_become_edits_and_take_them_back(world: World) -> None:
    images = engine_of(world).vectors.require(engine_of(world).place(GOOD, "eurosat"))
    first = images.raw_classnames[0]
    edits = with_cells({}, {0: {"curated": "  green   field "}, 1: {"raw": "wood"}}, images)
    assert edits == {("curated", first): "green field", ("raw", images.raw_classnames[1]): "wood"}
    assert with_cells(edits, {0: {"curated": images.classnames[0]}, 1: {"raw": None}}, images) == {}


# --- what a template turns --------------------------------------------------------------------------------


def test_the_pictures_a_template_turns(page: Page, world: World, study: PromptStudyResult) -> None:
    template = max(study.templates, key=lambda t: len(t.lost) + len(t.gained))
    assert len(template.lost) + len(template.gained), "the world must have something to turn"
    kind, rows = ("gained", template.gained) if len(template.gained) else ("lost", template.lost)
    app = page(HERE, model=[POOR], data=[world.colours], changed=[POOR, "curated", template.name], which=kind)
    shown = tiles(app, "flipped-grid")
    assert [t["id"] for t in shown] == [study.ids[i] for i in rows.tolist()][:24]
    assert all(t["right"] == (kind == "gained") for t in shown)
    options = app.button_group(key="shown-which").options
    assert f"Gained {len(template.gained)}" in options and f"Lost {len(template.lost)}" in options


def test_one_class_of_what_it_turns(page: Page, world: World, study: PromptStudyResult) -> None:
    template = max(study.templates, key=lambda t: len(t.lost))
    label = int(study.labels[template.lost[0]])
    name = study.classnames[label]
    look = {"changed": [POOR, "curated", template.name], "which": "lost", "of": name}
    app = page(HERE, model=[POOR], data=[world.colours], **look)
    wanted = template.lost[study.labels[template.lost] == label]
    assert [t["id"] for t in tiles(app, "flipped-grid")] == [study.ids[i] for i in wanted]
    app.selectbox(key="shown-of").set_value("").run()
    assert app.session_state["of"] == [] and len(tiles(app, "flipped-grid")) == min(24, len(template.lost))


def test_choosing_a_template_by_keyboard(page: Page, world: World) -> None:
    app = page(HERE, model=[POOR], data=[world.colours])
    app.selectbox(key="shown-changed-template").set_value(DECK[0]).run()
    assert app.session_state["changed"] == [POOR, "curated", DECK[0]]
    assert "This is the baseline" in said(app) and not tiles(app, "flipped-grid")


def test_a_picture_opens_with_what_each_template_names_it(page: Page, world: World, study: PromptStudyResult) -> None:
    app = page(HERE, model=[POOR], data=[world.colours], flipped=study.ids[3])
    table = next(d.value for d in app.dataframe if "Prediction" in d.value)
    right = np.array([bool(t.answers.correct[3]) for t in study.every])
    assert len(table) == 8 and table["Prediction"].str.endswith("· correct").to_numpy().tolist() == right.tolist()
    assert f"{right.sum()} of 8 templates" in said(app)


def test_vectors_without_pictures_still_answer(page: Page) -> None:
    app = page(HERE, model=[GOOD], data=["eurosat"])
    assert not app.exception and len(app.metric) == 3 and len(app.get("plotly_chart")) == 1
