"""What the three sets hold: balanced classes, and answers to the study's questions among look-alikes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from core.demo.evaluation import is_bird, is_teddy_trio
from core.demo.plans import CAPTIONED, DEMO_SETS, OBJECTS, Picture, class_folders, classnames, pictures
from core.demo.things import NOUNS
from core.demo.training_data import TRAINING_SCENES
from core.demo.world import Scene
from core.errors import UnknownName

CAPTIONS = pictures("demo-captions")
SCENES = [picture.scene for picture in CAPTIONS if picture.scene]


def count(test: Callable[[Any], bool]) -> int:
    return sum(map(test, SCENES))


def test_forty_objects_ten_land_uses_no_people() -> None:
    assert len(set(OBJECTS)) == 40 and set(OBJECTS) <= set(NOUNS)
    assert {"apple", "orange", "bird", "fish", "bear", "teddy bear"} <= set(OBJECTS)
    assert len(classnames("demo-satellite")) == 10
    assert classnames("demo-captions") == ()


def test_folders_are_the_names_with_underscores() -> None:
    assert class_folders("demo-objects")[OBJECTS.index("teddy bear")] == "teddy_bear"
    assert class_folders("demo-satellite")[0] == "annual_crop_field"


def test_an_unknown_set_is_met_with_a_suggestion() -> None:
    with pytest.raises(UnknownName, match="did you mean demo-objects"):
        pictures("demo-object")


@pytest.mark.parametrize("name", DEMO_SETS)
def test_paths_are_unique_and_plans_repeatable(name: str) -> None:
    plan = pictures(name)
    assert len({picture.path for picture in plan}) == len(plan)
    assert plan == pictures(name)


@pytest.mark.parametrize("name, each", [("demo-objects", (25, 25)), ("demo-satellite", (30, 40))])
def test_classes_are_balanced_in_both_splits(name: str, each: tuple[int, int]) -> None:
    places = Counter(tuple(picture.path.split("/")[:2]) for picture in pictures(name))
    for split, expected in zip(("train", "test"), each, strict=True):
        assert [places[split, folder] for folder in class_folders(name)] == [expected] * len(class_folders(name))


def test_every_object_class_has_the_same_mix_of_styles() -> None:
    mixes: dict[str, Counter[str]] = {}
    for picture in pictures("demo-objects"):
        assert picture.scene is not None
        split, folder, _ = picture.path.split("/")
        mixes.setdefault(f"{split}/{folder}", Counter())[picture.scene.style] += 1
    first = next(iter(mixes.values()))
    assert all(mix == first for mix in mixes.values())
    assert min(first.values()) >= 1 and first["photo"] >= 8 and len(first) == 5


def test_an_object_picture_shows_its_class_and_nothing_else() -> None:
    for picture in pictures("demo-objects"):
        folder = picture.path.split("/")[1]
        assert picture.scene is not None and picture.scene.nouns == (folder.replace("_", " "),)


def test_no_place_gives_a_class_away() -> None:
    """Guessing the class from the place alone stays far below what the models reach."""
    test = [picture for picture in pictures("demo-objects") if picture.path.startswith("test")]
    by_place: dict[str, Counter[str]] = {}
    for picture in test:
        assert picture.scene is not None
        by_place.setdefault(picture.scene.place, Counter())[picture.scene.nouns[0]] += 1
    best = sum(votes.most_common(1)[0][1] for votes in by_place.values())
    assert best / len(test) < 0.15


def test_no_test_scene_is_a_training_scene() -> None:
    seeds = [picture.scene.seed if picture.scene else picture.seed for n in DEMO_SETS for picture in pictures(n)]
    assert min(seeds) > TRAINING_SCENES
    assert len(set(seeds)) == len(seeds)


def test_a_thousand_pictures_with_five_captions() -> None:
    assert len(CAPTIONS) == CAPTIONED == 1000
    assert {len(picture.captions) for picture in CAPTIONS} == {5}


@pytest.mark.parametrize("fruit", ["apple", "orange"])
@pytest.mark.parametrize("style, least", [("photo", 12), ("drawing", 10), ("sketch", 5), ("cartoon", 6)])
def test_there_are_photos_and_drawings_of_apples_and_oranges(fruit: str, style: str, least: int) -> None:
    assert count(lambda s: s.nouns == (fruit,) and s.style == style) >= least
    assert count(lambda s: s.nouns == (fruit,) and s.style == style and len(s.things) > 1) >= least // 2


@pytest.mark.parametrize("colour, least", [("white", 10), ("blue", 6), ("red", 6)])
def test_there_are_birds_of_each_colour_flying_and_not(colour: str, least: int) -> None:
    assert count(lambda s: is_bird(s, colour) and s.state == "flying") >= least
    assert count(lambda s: is_bird(s, colour) and s.state == "") >= least


def test_there_are_fish_in_the_ocean_and_in_the_river() -> None:
    fish = Counter(scene.place for scene in SCENES if scene.nouns == ("fish",))
    assert fish["ocean"] >= 20 and fish["river"] >= 20


def teddies(scene: Scene, things: int, colours: int) -> bool:
    shown = {thing.colour for thing in scene.things}
    return scene.nouns == ("teddy bear",) and len(scene.things) == things and len(shown) == colours


def test_three_bears_of_different_colours_have_look_alikes() -> None:
    assert count(is_teddy_trio) >= 10
    assert count(lambda s: teddies(s, 3, 1)) >= 10
    assert count(lambda s: teddies(s, 2, 2)) >= 6
    assert count(lambda s: teddies(s, 1, 1)) >= 6


def captioned(words: str) -> list[Picture]:
    return [picture for picture in CAPTIONS if any(words in caption.lower() for caption in picture.captions)]


def test_vague_sentences_fit_many_pictures() -> None:
    assert len(captioned("posing for a group photo")) >= 15
    assert len(captioned("a meal")) >= 30


def test_each_question_is_a_caption_of_some_picture() -> None:
    for words in ("teddy bears, each a different color", "white bird", "drawing of", "apples", "oranges"):
        assert len(captioned(words)) >= 3, words
