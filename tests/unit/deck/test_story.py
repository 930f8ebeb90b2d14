"""The deck's claims on results made by hand, what does not fit in the deck, and stories that people write."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.catalog.models import find_model
from core.charts.story import story_bars
from core.deck import claims, presets
from core.deck import figures as deck_says
from core.deck.doubts import doubts
from core.deck.scenes import beside, scene_of, usable
from core.deck.steps import CLAIMS, STEPS, find_step, place_of
from core.deck.stories import (
    MOST_STEPS,
    RESERVED,
    OwnStep,
    OwnStory,
    delete_story,
    free_name,
    load_story,
    name_of,
    read_story,
    save_story,
    story_names,
)
from core.engine import Engine
from core.errors import TMVError
from core.readers.datasets import find_dataset
from core.stats.accuracy import Score
from core.stats.intervals import wilson
from core.studies.audit.study import audit_deck
from core.studies.zero_shot.classify import ZeroShotResult
from core.tables.story import bars_frame, story_row
from tests.conftest import World
from tests.sample_results import sample_result
from tests.study_results import sample_list, sample_prompt_study

OPENAI, LAION, RN = "ViT-B-32/openai", "ViT-B-32/laion2b_s34b_b79k", "RN50/openai"
PAGES = ("", "accuracy", "presentations")
ADDRESSES = Path(__file__).parents[2] / "golden" / "addresses.json"


def told(model: str, dataset: str, right: int, n: int = 200, five: int | None = None) -> ZeroShotResult:
    """A result in which the first `right` of n pictures are named right, and `five` are within the first five."""
    ranks = np.where(np.arange(n) < right, 1, np.where(np.arange(n) < (five or right), 3, 9)).astype(np.int64)
    result = sample_result(model, dataset, n=n)
    labels = (np.arange(n) % len(result.classnames)).astype(np.int64)
    return replace(
        result,
        ranks=ranks,
        labels=labels,
        scores={
            **result.scores,
            "acc1": Score(value=right / n, ci95=wilson(right, n)),
            "acc5": Score(value=(five or right) / n, ci95=(0.0, 1.0)),
        },
    )


def probed(zero: ZeroShotResult, right: int) -> Any:
    ranks = np.where(np.arange(zero.n) < right, 1, 2)
    return SimpleNamespace(ids=zero.ids, ranks=ranks, test_acc1=right / zero.n)


# --- claims -----------------------------------------------------------------------------------------------


def test_every_claim_without_any_result_cannot_be_told() -> None:
    empty = [claims.top5_probe([]), claims.general([]), claims.training([]), claims.wording([]), claims.favour([])]
    assert {r.verdict for r in (*empty, claims.search([]))} == {"cannot be tested here"}
    assert {r.claim for r in (*empty, claims.search([]))} == {c.name for c in CLAIMS}


def test_top_five_reaches_a_probe_that_top_one_does_not() -> None:
    zero = told(OPENAI, "eurosat", 60, five=180)
    found = claims.top5_probe([(zero, probed(zero, 150))])
    assert found.verdict == "holds" and "1 of 1 cell" in found.evidence
    assert "top-1 matches or beats the probe in 0 of 1" in found.remark


def test_top_five_below_the_probe_in_most_cells_does_not_hold() -> None:
    low, high = told(OPENAI, "eurosat", 60, five=80), told(RN, "eurosat", 60, five=180)
    pairs = [(low, probed(low, 190)), (low, probed(low, 180)), (high, probed(high, 150))]
    assert claims.top5_probe(pairs).verdict == "does not hold"
    assert claims.top5_probe(pairs[1:]).verdict == "holds"


def test_a_probe_on_other_pictures_is_not_compared() -> None:
    zero = told(OPENAI, "eurosat", 60)
    other: Any = SimpleNamespace(ids=zero.ids[::-1], ranks=np.ones(zero.n), test_acc1=1.0)
    assert claims.top5_probe([(zero, other)]).verdict == "cannot be tested here"


@pytest.mark.parametrize(
    ("general", "satellite", "verdict"), [(150, 60, "holds"), (60, 150, "does not hold"), (100, 99, "does not hold")]
)
def test_general_against_satellite(general: int, satellite: int, verdict: str) -> None:
    found = claims.general([told(OPENAI, "cifar100", general), told(OPENAI, "eurosat", satellite)])
    assert found.verdict == verdict and len(found.cells) == 1


def test_general_is_never_compared_across_models() -> None:
    assert claims.general([told(OPENAI, "cifar100", 150), told(RN, "eurosat", 60)]).verdict == "cannot be tested here"


def test_a_fine_grained_set_that_is_easier_breaks_the_claim() -> None:
    three = [told(OPENAI, "cifar100", 120), told(OPENAI, "eurosat", 60), told(OPENAI, "food101", 170)]
    found = claims.general(three)
    assert found.verdict == "does not hold" and "behind in 1" in found.evidence


def test_training_data_needs_one_architecture_and_a_clear_gap() -> None:
    a, b = told(OPENAI, "eurosat", 60), told(LAION, "eurosat", 120)
    assert claims.training([a, b]).verdict == "holds"
    assert claims.training([a, replace(a, model=LAION)]).verdict == "does not hold"
    assert claims.training([a, told(RN, "eurosat", 120)]).verdict == "cannot be tested here"
    assert claims.training([a, replace(b, templates=("{}",))]).verdict == "cannot be tested here"


def test_wording_by_hand() -> None:
    study = sample_prompt_study()
    best, worst = (max if i else min for i in (1, 0))
    spread = best(t.acc1 for t in study.templates) - worst(t.acc1 for t in study.templates)
    found = claims.wording([study])
    assert spread > 0.05 and found.verdict == "holds"
    same = replace(study, templates=(study.templates[0], study.templates[0]))
    assert claims.wording([same]).verdict == "does not hold"


def test_classes_of_ones_own_by_hand() -> None:
    base = told(OPENAI, "eurosat", 0, n=400)
    first, second = base.labels == 0, base.labels == 1
    a = replace(base, ranks=np.where(first, 1, 9))
    b = replace(base, model=LAION, ranks=np.where(second, 1, 9))
    names = base.classnames
    assert claims.favoured(a, b) == ((names[0],), (names[1],))
    assert claims.favour([a, b]).verdict == "holds"
    assert claims.favour([a, replace(a, model=LAION)]).verdict == "does not hold"
    assert claims.favour([a, replace(b, model=RN)]).verdict == "cannot be tested here"


def test_search_is_judged_by_how_many_are_right() -> None:
    result, _ = sample_list()
    precision = result.precision
    assert precision is not None
    good = replace(result, precision=replace(precision, hits=9, precision=0.9, base_rate=0.1))
    poor = replace(result, precision=replace(precision, hits=1, precision=0.1, base_rate=0.2))
    assert claims.search([good, good]).verdict == "holds"
    assert claims.search([good, poor]).verdict == "does not hold"
    assert claims.search([replace(result, precision=None)]).verdict == "cannot be tested here"


def test_what_the_deck_itself_says() -> None:
    assert len(deck_says.deck_cells()) == 80
    assert "9 of 12" in deck_says.top5_probe() and "14 of 14 against satellite" in deck_says.general()
    assert "0 of 14 against fine-grained" in deck_says.general()
    assert "8.1 points" in deck_says.wording() and "4.3" in deck_says.wording()


def test_every_doubt_about_the_deck_is_shown_by_its_figures(tmp_path: Path) -> None:
    found = {r.doubt.name: r for r in doubts(audit_deck())}
    assert all(r.raised for r in found.values())
    assert found["copied"].cells == ("ViT-B/32 · OpenAI on ImageNet-mini", "ViT-B/32 · LAION-2B on ImageNet-mini")
    assert "ViT-L/14 · LAION-2B on EuroSAT" in found["collapse"].cells
    assert len(found["names"].cells) == 7 and len(found["mode"].cells) == 4 and len(found["probe"].cells) == 3
    assert not any(r.raised for r in doubts([]) if r.doubt.check)


# --- steps ------------------------------------------------------------------------------------------------


def test_every_step_of_the_deck_has_its_demo_equivalent() -> None:
    demo = [("demo-rn/demo", d) for d in ("demo-objects", "demo-satellite", "demo-captions")]
    for step in STEPS:
        scene = scene_of(step, demo)
        assert scene.demo or step.kind == "faults", step.name
        if step.kind in ("pictures", "caption"):
            assert scene.texts and scene.models == ("demo-rn/demo",), step.name


def test_real_pictures_come_before_the_demo_and_keep_the_decks_words() -> None:
    pairs = [("demo-rn/demo", "demo-captions"), (OPENAI, "coco"), (LAION, "coco"), (RN, "coco")]
    scene = scene_of(find_step("bears"), pairs)
    deck = next(c for c in presets.CAPTIONS if c.name == "deck-bears")
    assert (scene.dataset, scene.texts, scene.beside) == ("coco", (deck.caption,), deck.beside)
    assert scene.models == (OPENAI, LAION)


def test_one_model_of_each_family_stands_beside() -> None:
    assert beside((OPENAI, RN, LAION)) == (OPENAI, LAION)
    assert beside((OPENAI, RN)) == (OPENAI, RN)
    assert beside(("demo-vit/demo", OPENAI)) == (OPENAI,)
    with pytest.raises(TMVError, match="did you mean"):
        find_step("bearz")


def test_a_row_has_all_three_figures_and_the_chart_all_marks() -> None:
    model = find_model(OPENAI)
    zero = told(OPENAI, "eurosat", 100)
    row = story_row(model, find_dataset("eurosat"), zero, None)
    cell = row.cell("zeroshot_acc1")
    assert (cell.measured, cell.deck) == (0.5, 0.3218) and cell.published == pytest.approx(0.50, abs=0.01)
    assert row.cell("linear_probe_test_acc1").deck == 0.9565 and row.here
    bare = story_row(model, find_dataset("cifar100"), None, None)
    assert not bare.here and bare.cell("zeroshot_acc1").deck == 0.6418
    frame = bars_frame([row, bare], "acc1")
    chart = story_bars(frame, title="?")
    assert [list(t.y) for t in chart.figure.data if t.name == "the original study"] == [[0.3218, 0.6418]]
    assert [list(t.y) for t in chart.figure.data if t.type == "bar"] == [[0.5]]


def test_a_step_is_meant_by_its_name_or_by_its_number_of_old() -> None:
    assert {place_of(step.name) for step in STEPS} == set(range(1, len(STEPS) + 1))
    assert [STEPS[place_of(str(i)) - 1].name for i in (1, 7, 17)] == ["general", "style", "faults"]  # type: ignore[operator]
    assert [place_of(asked) for asked in ("", "0", "18", "²", "bearz")] == [None] * 5
    assert STEPS[0].kind == "opening"


def test_only_vectors_that_fit_are_used(world: World) -> None:
    pairs = usable(Engine(world.cache, world.data, in_process=False))
    assert (OPENAI, "eurosat") in pairs and (RN, world.colours) in pairs


# --- one's own --------------------------------------------------------------------------------------------

STORY = OwnStory(
    title='A "quoted" \\ title · é',
    steps=(
        OwnStep(
            title="First", view="/accuracy?model=ViT-B-32/openai&data=eurosat&step=3", note="A note,\nof two lines"
        ),
        OwnStep(title="Second", view="/presentations?step=7"),
    ),
)


def test_a_story_is_the_same_after_its_file(tmp_path: Path) -> None:
    assert read_story(STORY.to_toml(), PAGES) == STORY
    name = save_story(tmp_path, STORY)
    assert story_names(tmp_path) == (name,) == ("a-quoted-title",)
    assert load_story(tmp_path, name, PAGES) == STORY
    step = OwnStep(title="Third", view="/accuracy")
    save_story(tmp_path, STORY.with_step(step), name)
    assert load_story(tmp_path, name, PAGES).steps[-1] == step


def test_a_view_is_a_page_and_choices() -> None:
    first, second = STORY.steps
    assert first.page == "accuracy" and first.choices == {"model": ["ViT-B-32/openai"], "data": ["eurosat"]}
    assert second.page == "presentations" and second.place == "7"
    earlier = read_story('title = "x"\n[[step]]\ntitle = "y"\nview = "/story?step=7"', PAGES)
    assert earlier.steps[0].view == "/presentations?step=7", "the address of an earlier version leads on"
    pasted = read_story('title = "x"\n[[step]]\ntitle = "y"\nview = "http://localhost:8501/accuracy?data=a"', PAGES)
    assert pasted.steps[0].view == "/accuracy?data=a"


def test_every_choice_of_every_page_survives_in_a_view() -> None:
    choices = {name for names in json.loads(ADDRESSES.read_text("utf-8")).values() for name in names}
    kept = choices - set(RESERVED) | {"asked-page"}
    assert "image_weight" in kept
    step = OwnStep(title="All", view="/accuracy?" + "&".join(f"{name}=x" for name in sorted(choices | kept)))
    assert step.choices == {name: ["x"] for name in kept}
    assert read_story(OwnStory(title="x", steps=(step,)).to_toml(), PAGES).steps[0].choices == step.choices


def titles(story: OwnStory) -> list[str]:
    return [step.title for step in story.steps]


def test_slides_are_added_moved_changed_and_left_out() -> None:
    third = OwnStep(title="Third", view="/accuracy")
    three = STORY.with_step(third)
    assert titles(three) == ["First", "Second", "Third"]
    assert titles(STORY.with_step(third, 1)) == ["Third", "First", "Second"]
    assert titles(STORY.with_step(third, 99)) == ["First", "Second", "Third"]
    assert titles(three.moved(3, 1)) == ["Third", "First", "Second"]
    assert titles(three.moved(1, 2)) == ["Second", "First", "Third"]
    assert three.moved(1, 0) == three and titles(three.moved(3, 9)) == titles(three)
    assert titles(three.without(2)) == ["First", "Third"]
    changed = three.changed(2, title=" New ", note="")
    assert changed.steps[1] == OwnStep(title="New", view=three.steps[1].view)
    assert (changed.steps[0], changed.steps[2]) == (three.steps[0], three.steps[2])
    assert STORY.renamed("Other").title == "Other" and STORY.renamed("Other").steps == STORY.steps
    assert titles(STORY) == ["First", "Second"], "a story is a value"


def test_what_cannot_be_done_with_slides_is_told() -> None:
    one = STORY.without(2)
    full = OwnStory(title="x", steps=STORY.steps[:1] * MOST_STEPS)
    for refused, sentence in (
        (lambda: one.without(1), "at least one slide"),
        (lambda: one.without(2), "no slide 2"),
        (lambda: one.moved(0, 1), "no slide 0"),
        (lambda: one.renamed(" "), "needs a line title"),
        (lambda: one.changed(1, title="x" * 121, note=""), "at most 120"),
        (lambda: one.changed(1, title="x", note="y" * 601), "at most 600"),
        (lambda: full.with_step(STORY.steps[0]), "at most 60 slides"),
    ):
        with pytest.raises(TMVError, match=sentence):
            refused()


def test_a_presentation_is_deleted_and_a_name_is_free(tmp_path: Path) -> None:
    assert free_name(tmp_path, STORY.title) == "a-quoted-title"
    name = save_story(tmp_path, STORY)
    assert free_name(tmp_path, STORY.title) == "a-quoted-title-2"
    save_story(tmp_path, STORY, "a-quoted-title-2")
    assert free_name(tmp_path, STORY.title) == "a-quoted-title-3"
    delete_story(tmp_path, name)
    assert story_names(tmp_path) == ("a-quoted-title-2",)
    with pytest.raises(TMVError):
        delete_story(tmp_path, name)
    with pytest.raises(TMVError):
        delete_story(tmp_path, "../secret")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("title = nothing", "no valid TOML"),
        ("", "at least one step"),
        ('title = "x"', "at least one step"),
        ('title = "x"\nstep = 3', "at least one step"),
        ('title = "x"\nstep = [3]', "must begin with a line"),
        ('[[step]]\ntitle = "y"\nview = "/accuracy"', "The story needs a line title"),
        ('title = "x"\n[[step]]\nview = "/accuracy"', "Step 1 needs a line title"),
        ('title = "x"\n[[step]]\ntitle = "y"', "Step 1 needs a line view"),
        ('title = "x"\n[[step]]\ntitle = "y"\nview = "/acuracy"', "did you mean accuracy"),
        ('title = "x"\n[[step]]\ntitle = "y"\nviw = "/accuracy"', "did you mean view"),
        ('titel = "x"\n[[step]]\ntitle = "y"\nview = "/accuracy"', "did you mean title"),
        ('title = "x"\n[[step]]\ntitle = "y\\u0007"\nview = "/accuracy"', "control character"),
        ('title = "x"\n[[step]]\ntitle = 5\nview = "/accuracy"', "Step 1 needs a line title"),
        ('title = "x"\n[[step]]\ntitle = "y"\nview = "http://[bad"', "is no link"),
        ('title = "' + "x" * 130 + '"\n[[step]]\ntitle = "y"\nview = "/accuracy"', "at most 120"),
        ('title = "x"\n' + '[[step]]\ntitle = "y"\nview = "/accuracy"\n' * 61, "at most 60 steps"),
        ("#" * 300_000, "at most 200,000 characters"),
    ],
)
def test_a_bad_file_is_told_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(TMVError, match=sentence.replace("(", r"\(")):
        read_story(text, PAGES)


def test_no_file_outside_of_the_folder_is_read_or_written(tmp_path: Path) -> None:
    (tmp_path / "stories").mkdir()
    (tmp_path / "secret.toml").write_text(STORY.to_toml())
    with pytest.raises(TMVError):
        load_story(tmp_path / "stories", "../secret", PAGES)
    with pytest.raises(TMVError):
        save_story(tmp_path / "stories", STORY, "../other")
    assert name_of("../../etc") == "etc" and name_of("…") == "story"
    (tmp_path / "stories" / "bad.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(TMVError, match="UTF-8"):
        load_story(tmp_path / "stories", "bad", PAGES)
