"""The search page: a plan in the address, the job that searches, the verdict on held-out pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.engine import Engine
from core.jobs.jobs import Jobs
from core.stats.numbers import percent
from core.studies.prompts.heldout import PromptSearchResult
from core.studies.prompts.study import PromptSearch, prompt_pool
from core.work.tasks import TASKS
from tests.app.making import said, unescaped
from tests.app.prompt_pages import answer_at_once, box, engine_of, press, tiles
from tests.conftest import GOOD, POOR, World
from tests.worlds import run_study

Page = Callable[..., AppTest]
HERE = "prompt_study/better_prompt"
POOL = ("a photo of a {}", "a {} square", "{}", "a drawing of a {}")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What was submitted as a job: (key, parameters); nothing runs."""
    found: list[tuple[str, dict[str, Any]]] = []

    def submit(self: Jobs, kind: str, key: str, title: str, params: dict[str, Any]) -> None:
        assert kind == "optimise"
        found.append((key, dict(params)))

    monkeypatch.setattr(Jobs, "submit", submit)
    return found


def options(**more: object) -> dict[str, Any]:
    return {
        "pool": list(POOL),
        "baseline": ["a photo of a {}."],
        "classnames": "curated",
        "budget": 2000,
        "largest": 12,
        "heldout_share": 0.5,
    } | more


CHOICES = {"pool": ["none"], "extra": list(POOL)}


@pytest.fixture
def found(world: World, monkeypatch: pytest.MonkeyPatch) -> PromptSearchResult:
    """A search that has run: of POOL, with the worse model."""
    answer_at_once(monkeypatch)
    return run_study(engine_of(world), PromptSearch, POOR, world.colours, **options())


def test_it_offers_the_usual_pool_and_one_button(
    page: Page, world: World, asked: list[tuple[str, dict[str, Any]]]
) -> None:
    app = page(HERE, model=[POOR], data=[world.colours])
    pool = prompt_pool(engine_of(world), world.colours)
    assert f"{len(pool)} templates, at most 12 of them" in said(app) and [m.label for m in app.metric] == ["Baseline"]
    app.button(key="search-now").click().run()
    ((key, params),) = asked
    assert params["pool"] == list(pool) and params["baseline"] == ["a photo of a {}."]
    assert key.startswith(f"optimise/{POOR}/{world.colours}/")


def test_the_form_keeps_the_plan_and_searches(
    page: Page, world: World, asked: list[tuple[str, dict[str, Any]]]
) -> None:
    app = page(HERE, model=[POOR], data=[world.colours])
    app.multiselect(key="shown-pool").set_value(["deck"])
    box(app, "Templates of your own, one per line").set_value("one {}\ntwo {}")
    box(app, "A pattern with slots").set_value("a {size} {style} of {}")
    box(app, "Values of each slot").set_value("size = , big\nstyle = photo, map")
    app.selectbox(key="shown-beat").set_value("deck")
    app.selectbox(key="shown-largest").set_value("3")
    app.selectbox(key="shown-budget").set_value("200")
    app.selectbox(key="shown-heldout").set_value("0.3")
    app.selectbox(key="shown-poolnames").set_value("raw")
    press(app, "Apply settings")
    assert not asked and len([b for b in app.button if b.label == "Search"]) == 1
    app.button(key="search-now").click().run()
    ((_, params),) = asked
    assert params["pool"][:6] == [
        "one {}",
        "two {}",
        "a photo of {}",
        "a map of {}",
        "a big photo of {}",
        "a big map of {}",
    ]
    assert len(params["pool"]) == 6 + 7 and len(params["baseline"]) == 7
    assert (params["largest"], params["budget"], params["heldout_share"]) == (3, 200, 0.3)
    assert params["classnames"] == "raw" and app.session_state["poolpattern"] == ["a {size} {style} of {}"]


def test_a_search_that_has_run_is_shown_without_asking_again(
    page: Page, world: World, found: PromptSearchResult, asked: list[tuple[str, dict[str, Any]]]
) -> None:
    app = page(HERE, model=[POOR], data=[world.colours], **CHOICES)
    assert not app.exception and not asked
    judged = (found.chosen, found.baseline, *reversed(found.variants))
    assert [m.value for m in app.metric] == [percent(v.heldout_acc1) for v in judged]
    press(app, "Apply settings")
    assert not asked and "search-now" not in [b.key for b in app.button]


def test_the_search_score_is_never_the_result(page: Page, world: World, found: PromptSearchResult) -> None:
    app = page(HERE, model=[POOR], data=[world.colours], **CHOICES)
    words = said(app)
    assert f"{percent(found.chosen.heldout_acc1)} on held-out images" in words
    assert found.search_acc1 > found.chosen.heldout_acc1, "it must flatter here for this test to tell them apart"
    assert app.metric[0].value == percent(found.chosen.heldout_acc1) != percent(found.search_acc1)
    assert unescaped(app.header[0].value).startswith(percent(found.chosen.heldout_acc1))
    assert "optimistic" in words and f"Chosen on {found.n_search}" in words
    for warning in found.warnings:
        assert unescaped(warning) in words


def test_the_path_says_what_each_addition_brought(page: Page, world: World, found: PromptSearchResult) -> None:
    app = page(HERE, model=[POOR], data=[world.colours], **CHOICES)
    table = next(d.value for d in app.dataframe if "gain" in d.value)
    assert table["template"].tolist() == [s.template for s in found.path]
    assert table["gain"].tolist() == pytest.approx([100 * s.gain for s in found.path])


def test_held_out_pictures_that_it_turns(page: Page, world: World, found: PromptSearchResult) -> None:
    turned = {"gained": found.chosen.gained, "lost": found.chosen.lost}
    kind = max(turned, key=lambda k: len(turned[k]))
    assert turned[kind], "the world must have something to turn"
    app = page(HERE, model=[POOR], data=[world.colours], turned=kind, judged=turned[kind][0], **CHOICES)
    assert [t["id"] for t in tiles(app, "turned-grid")] == list(turned[kind])
    assert all(t["right"] == (kind == "gained") for t in tiles(app, "turned-grid"))
    assert "Baseline" in said(app) and len([h for h in app.html if "tabular-nums" in h.value]) == 2


def test_another_plan_is_another_search(page: Page, world: World, found: PromptSearchResult) -> None:
    app = page(HERE, model=[POOR], data=[world.colours], largest="1", **CHOICES)
    assert [m.label for m in app.metric] == ["Baseline"] and app.button(key="search-now")


def test_a_stopped_search_says_so_and_can_be_started_again(page: Page, world: World) -> None:
    engine = engine_of(world)
    study = PromptSearch.at(engine, GOOD, world.colours, "all", **options(largest=1))
    job, _ = engine.jobs._table.insert("optimise", study.job_key(), "Searching prompts", study.job_params())
    engine.jobs.cancel(job.id)
    engine.jobs._table.settle(job.id, starting=False)
    app = page(HERE, model=[GOOD], data=[world.colours], largest="1", **CHOICES)
    assert engine.job(PromptSearch.at(engine, GOOD, world.colours, **options(largest=1))) is not None
    assert "stopped before its result" in said(app) and app.button(key="search-now")


def test_the_job_leaves_what_the_page_finds(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    answer_at_once(monkeypatch)
    engine, steps = Engine(world.cache, world.data, in_process=False), list[tuple[int, int]]()
    chosen = options(largest=2, budget=500)
    assert engine.kept(PromptSearch.at(engine, GOOD, world.colours, **chosen)) is None
    TASKS["optimise"](
        engine, {"model": GOOD, "dataset": world.colours, "split": "all", **chosen}, lambda d, t: steps.append((d, t))
    )
    result = engine.kept(PromptSearch.at(engine, GOOD, world.colours, **chosen))
    assert result is not None and len(result.chosen.templates) <= 2 and steps[-1][0] <= steps[-1][1]


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        ({"extra": ["no place"]}, "exactly one {}"),
        ({"pool": ["none"]}, "No templates to choose from"),
        ({"poolpattern": "a {}"}, "needs a slot beside"),
        ({"budget": "1e9"}, "not “1e9”; 2000 is used instead."),
    ],
)
def test_a_plan_that_makes_no_sense_is_told(page: Page, world: World, choices: dict[str, Any], sentence: str) -> None:
    app = page(HERE, model=[POOR], data=[world.colours], **choices)
    assert not app.exception and sentence in said(app)


def test_what_is_missing_has_one_button(page: Page, world: World) -> None:
    app = page(HERE, model=["demo-rn/demo"], data=[world.colours])
    assert "Not embedded yet" in said(app) and app.button(key="embed-missing")
    assert not [b for b in app.button if b.key == "search-now"]
