"""What a study says of its texts: the shards' own templates, texts that a model cuts, galleries that say nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from core.engine import Engine
from core.errors import TMVError
from core.store import read_card, write_card
from core.studies.captions import retrieval
from core.studies.captions.study import Retrieval
from core.studies.prompts.study import PromptStudy, prompt_pool
from core.studies.zero_shot.study import ZeroShot
from core.types import Note
from tests.data_files import tar
from tests.fakes import COLOURS, png
from tests.unit.studies.captions.test_retrieval import captioned
from tests.worlds import GOOD, paint, point, run_study, squares, told

TEMPLATES = "zeroshot_classification_templates.txt"
LONG = "word " * 90


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    paint(tmp_path)
    point(monkeypatch, tmp_path)
    members: dict[str, bytes | str] = {}
    for i in range(12):
        members |= {f"{i}.png": png(list(COLOURS.values())[i % 4], i), f"{i}.cls": str(i % 4)}
    tar(tmp_path / "shards" / "test" / "0.tar", members)
    (tmp_path / "shards" / "classnames.txt").write_text("\n".join(COLOURS) + "\n")
    (tmp_path / "shards" / TEMPLATES).write_text("a {c} square\nsome {c} thing\n")
    return tmp_path


def codes(notes: tuple[Note, ...]) -> list[tuple[str, str]]:
    return [(note.code, note.level) for note in notes if note.code.startswith(("own_", "cut_", "small_"))]


# --- templates of the shards ------------------------------------------------------------------------------


def test_the_shards_own_templates_are_used_and_named(world: Path) -> None:
    engine, name = Engine(), f"wds:{world / 'shards'}"
    engine.vectors.embed(engine.place(GOOD, name))
    found = engine.run(ZeroShot.at(engine, GOOD, name))
    assert found.templates == ("a {} square", "some {} thing") == engine.prompting.templates(name)
    assert f"Templates of the shards: {TEMPLATES} (2)." in found.notes
    assert ("own_templates", "info") in codes(engine.run(PromptStudy.at(engine, GOOD, name)).notes)
    assert set(engine.prompting.templates(name)) <= set(prompt_pool(engine, name))


def test_what_the_user_asks_for_comes_first(world: Path) -> None:
    engine, name = Engine(), f"wds:{world / 'shards'}"
    engine.vectors.embed(engine.place(GOOD, name))
    for asked in ({"templates": ["a {}"]}, {"prompt_set": "photo"}):
        found = engine.run(ZeroShot.at(engine, GOOD, name, **asked))
        assert found.templates != engine.prompting.templates(name)
        assert not any(note.startswith("Templates of the shards") for note in found.notes)
    assert Engine().prompting.templates(squares(world)) == engine.prompting.templates("demo-objects"), (
        "other data has none of its own"
    )


def test_on_a_machine_without_the_shards_they_come_from_the_cache(world: Path) -> None:
    engine, name = Engine(), f"wds:{world / 'shards'}"
    engine.vectors.embed(engine.place(GOOD, name))
    shutil.rmtree(world / "shards")
    assert Engine().prompting.templates(name) == ("a {} square", "some {} thing")
    assert run_study(Engine(), ZeroShot, GOOD, name).templates == ("a {} square", "some {} thing")


def test_where_they_are_lost_that_is_said(world: Path) -> None:
    engine, name = Engine(), f"wds:{world / 'shards'}"
    engine.vectors.embed(engine.place(GOOD, name))
    for key in engine.results.keys():  # noqa: SIM118 - not a dictionary
        engine.results.discard(key)
    shutil.rmtree(world / "shards")
    assert ("own_templates", "warning") in codes(run_study(Engine(), ZeroShot, GOOD, name).notes)


# --- texts that are cut -----------------------------------------------------------------------------------


def test_cut_prompts_stand_beside_the_number(world: Path) -> None:
    engine = Engine()
    engine.vectors.embed(engine.place(GOOD, squares(world)))
    found = engine.run(ZeroShot.at(engine, GOOD, squares(world), templates=[f"{LONG} {{}}", "a {}"]))
    (note,) = [note for note in found.notes if note.code == "cut_prompts"]
    assert note.startswith("4 of 8 prompts are cut at ") and note.level == "warning"
    assert codes(engine.run(ZeroShot.at(engine, GOOD, squares(world))).notes) == []
    assert codes(engine.run(PromptStudy.at(engine, GOOD, squares(world), templates=[f"{LONG} {{}}"])).notes) == [
        ("cut_prompts", "warning")
    ]


def test_cut_captions_stand_beside_recall_also_of_an_old_cache(world: Path) -> None:
    file = world / "told" / "captions.csv"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:-1], f"{lines[-1]} {LONG}"]) + "\n")
    engine = Engine()
    engine.vectors.embed(engine.place(GOOD, told(world)))
    found = engine.run(Retrieval.at(engine, GOOD, told(world)))
    (note,) = [note for note in found.notes if note.code == "cut_captions"]
    assert note.startswith("1 of 40 captions is cut at ") and note.level == "info"
    card = read_card(world / "cache", GOOD)
    assert card is not None and card.context_length >= 8
    # Other vectors are not asked for: what a cache of an earlier version holds is enough.
    again = run_study(Engine(), Retrieval, GOOD, told(world))
    assert codes(again.notes) == codes(found.notes)
    write_card(world / "cache", card)


# --- galleries that say nothing ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "n, per, said",
    [
        (4, 1, ["recall@5 and recall@10 from text to image are always", "recall@10 from image to text is always"]),
        (8, 1, ["recall@10 from text to image is always", "recall@10 from image to text is always"]),
        (10, 5, ["recall@10 from text to image is always"]),
        (2, 6, ["recall@5 and recall@10 from text to image are", "With only 12 captions"]),
        (11, 1, ["a guess reaches 91 % in recall@10"]),
        (20, 5, ["a guess reaches 50 % in recall@10"]),
        (21, 1, []),
    ],
)
def test_small_galleries(n: int, per: int, said: list[str]) -> None:
    found = [note for note in retrieval.retrieve(captioned(n, per)).notes if note.code == "small_gallery"]
    assert len(found) == len(said) and all(part in note for part, note in zip(said, found, strict=True))
    assert all(note.level == "warning" for note in found)


@pytest.mark.parametrize("n, per", [(8, 1), (10, 5), (2, 6), (3, 4), (11, 1), (4, 3)])
def test_always_is_said_where_no_model_can_miss(n: int, per: int) -> None:
    """The worst of all models: every other picture and caption comes first."""
    index = np.repeat(np.arange(n), per)
    worst_image, worst_text = n, n * per - per + 1
    notes = " ".join(retrieval.retrieve(captioned(n, per)).notes)
    assert ("from text to image is always" in notes or "from text to image are always" in notes) == (worst_image <= 10)
    assert ("recall@10 from image to text is always" in notes) == (worst_text <= 10), len(index)


def test_shards_without_labels_say_why_they_cannot_be_classified(world: Path) -> None:
    members: dict[str, bytes | str] = {}
    for i in range(3):
        members |= {f"photo.{i}.png": png(list(COLOURS.values())[i], i), f"photo.{i}.cls": str(i)}
    tar(world / "dotted" / "0.tar", members)
    engine, name = Engine(), f"wds:{world / 'dotted'}"
    engine.vectors.embed(engine.place(GOOD, name))
    with pytest.raises(TMVError, match=r"hold no label .*3 images share 1 key"):
        engine.run(ZeroShot.at(engine, GOOD, name))
