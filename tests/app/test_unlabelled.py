"""Pictures without labels, embedded to be searched: no page that classifies stumbles over them."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.embedding.run import embed
from core.engine import Engine
from core.readers import open_dataset
from core.store import Store, TextStore
from pages.shared.guard import UNEXPECTED
from tests.app.making import open_page, said
from tests.app.prompt_pages import look_at
from tests.conftest import GOOD, POOR, World
from tests.fakes import COLOURS, FakeEncoder, png
from tests.worlds import fill_colours

CLASSIFYING = (
    "classification/accuracy",
    "classification/errors_by_class",
    "classification/compare",
    "check_my_number",
    "prompt_study/compare_templates",
    "prompt_study/better_prompt",
)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The usual world, and six loose pictures with the vectors of one model."""
    root = tmp_path_factory.mktemp("mixed")
    made = World(root / "cache", root / "data", root / "home")
    fill_colours(made)
    (made.data / "loose").mkdir()
    for i in range(6):
        (made.data / "loose" / f"{i}.png").write_bytes(png(list(COLOURS.values())[i % 4], i))
    rows = open_dataset(loose(made), None, made.data, made.cache)
    embed(FakeEncoder(GOOD), rows, Store(made.cache), TextStore(made.cache), memo_dir=made.cache / "digests")
    return made


def loose(world: World) -> str:
    return f"folder:{world.data / 'loose'}"


@pytest.fixture
def there(mixed: World, monkeypatch: pytest.MonkeyPatch) -> World:
    look_at(monkeypatch, mixed)
    return mixed


def test_the_engine_knows_what_has_classes(mixed: World, tmp_path: Path) -> None:
    engine = Engine(mixed.cache, mixed.data, in_process=False)
    assert [engine.vectors.has_classes(name) for name in (loose(mixed), mixed.colours, "eurosat", "coco")] == [
        False,
        True,
        True,
        False,
    ]
    (tmp_path / "elsewhere").mkdir()
    alone = Engine(mixed.cache, tmp_path / "elsewhere", in_process=False)
    assert not alone.vectors.has_classes(loose(mixed)) and alone.vectors.has_classes(mixed.colours)


def test_the_overview_shows_everything_else(there: World) -> None:
    app = open_page()
    assert not app.exception and "no classes" not in said(app)
    assert "on 20 images of EuroSAT" in said(app) or "Starting the text encoder" in said(app)


@pytest.mark.parametrize("file", CLASSIFYING)
def test_a_page_opens_with_what_can_be_classified(there: World, file: str) -> None:
    app = open_page(file)
    assert not app.exception and "no classes" not in said(app) and UNEXPECTED not in said(app)


@pytest.mark.parametrize("file", CLASSIFYING)
def test_pictures_without_labels_get_one_sentence(there: World, file: str) -> None:
    app = open_page(file, data=[loose(there)], model=[GOOD])
    words = said(app)
    assert not app.exception and UNEXPECTED not in words
    assert "loose (all) has no classes" in words.replace("\\", "") and str(there.data) not in words


def test_the_others_stand_beside_them(there: World) -> None:
    app = open_page(CLASSIFYING[0], data=[loose(there), there.colours], model=[GOOD, POOR])
    assert len(app.metric) == 2 and "has no classes" in said(app)
