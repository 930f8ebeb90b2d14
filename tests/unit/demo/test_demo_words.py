"""Captions are true of their scene and read like sentences."""

from __future__ import annotations

import re
from random import Random

import pytest

from core.demo.things import COLOURS, NOUNS
from core.demo.words import (
    article,
    five_captions,
    full_sentence,
    is_group,
    is_many_coloured,
    is_meal,
    join,
    styled,
    subject,
    tags,
    training_captions,
    vague,
)
from core.demo.world import Scene, Thing, random_scene

SCENES = [random_scene(seed) for seed in range(1500)]
EVERY = [(scene, caption) for scene in SCENES for caption in training_captions(scene, 5)]


def has(word: str, caption: str) -> bool:
    return re.search(rf"\b{re.escape(word)}\b", caption.lower()) is not None


def names(noun: str) -> tuple[str, str]:
    return NOUNS[noun].name, NOUNS[noun].plural


def without_place(caption: str) -> str:
    """The caption less the colours that belong to places."""
    return caption.replace("white plate", "plate").replace("green field", "field")


def test_articles_and_lists() -> None:
    assert article("orange") == "an orange" and article("pear") == "a pear"
    assert join(["x"]) == "x"
    assert join(["x", "y"]) == "x and y"
    assert join(["x", "y", "z"]) == "x, y and z"


def test_a_full_sentence_names_everything_that_is_shown() -> None:
    for scene in SCENES:
        sentence = full_sentence(scene, Random(scene.seed))
        assert sentence[0].isupper() and sentence.endswith(".")
        for noun in scene.nouns:
            assert any(has(word, sentence) for word in names(noun)), sentence


def test_only_flying_things_are_said_to_fly() -> None:
    for scene, caption in EVERY:
        for state in ("flying", "swimming", "sailing"):
            if has(state, caption):
                assert scene.state == state, caption


def test_a_sketch_names_no_colour() -> None:
    for scene, caption in EVERY:
        if scene.style == "sketch":
            rest = without_place(caption)
            assert not any(has(colour, rest) for colour in COLOURS), caption


def test_colours_that_are_named_are_in_the_picture() -> None:
    for scene, caption in EVERY:
        rest = without_place(caption)
        shown = {thing.colour or NOUNS[thing.noun].colour for thing in scene.things}
        for colour in COLOURS:
            assert not has(colour, rest) or colour in shown, caption


@pytest.mark.parametrize("word", ["photo", "drawing", "sketch", "cartoon", "low-resolution"])
def test_a_named_style_is_the_pictures_style(word: str) -> None:
    told = [(scene, caption) for scene, caption in EVERY if has(f"a {word}", caption)]
    assert len(told) > 20
    for scene, caption in told:
        if not is_group(scene):
            assert word in scene.style, caption


def test_counts_are_right() -> None:
    scene = Scene(things=(Thing(noun="dog"),) * 3, place="meadow", style="photo")
    told = {subject(scene, Random(seed)) for seed in range(40)}
    assert told == {"three dogs"}
    assert subject(Scene(things=(Thing(noun="egg"),), place="table", style="photo"), Random(1), plain=True) == "an egg"


def test_three_colours_are_told_in_the_three_ways() -> None:
    scene = Scene(
        things=tuple(Thing(noun="teddy bear", colour=c) for c in ("red", "blue", "white")), place="room", style="photo"
    )
    assert is_many_coloured(scene)
    assert {subject(scene, Random(seed)) for seed in range(40)} == {
        "three teddy bears, each a different color",
        "three teddy bears of different colors",
        "a red teddy bear, a blue teddy bear and a white teddy bear",
    }


def test_the_studys_own_phrases_occur() -> None:
    flying = Scene(things=(Thing(noun="bird", colour="white"),), place="ocean", style="photo", state="flying")
    assert "a photo of a flying white bird" in {styled(flying, Random(seed)) for seed in range(200)}
    assert tags(flying, Random(0)) == "bird, white, flying, ocean"
    group = Scene(things=(Thing(noun="man"), Thing(noun="girl"), Thing(noun="boy")), place="city", style="photo")
    assert "The people are posing for a group photo." in {vague(group, Random(seed)) for seed in range(40)}
    meal = Scene(things=(Thing(noun="egg"), Thing(noun="tomato")), place="plate", style="photo")
    assert is_meal(meal)
    assert "A meal is lying on a plate on a table." in {vague(meal, Random(seed)) for seed in range(40)}


def test_five_captions_are_stable_and_mostly_different() -> None:
    for scene in SCENES[:100]:
        captions = five_captions(scene)
        assert len(captions) == 5 and all(captions)
        assert captions == five_captions(scene)
        assert len(set(captions)) >= 3


def test_captions_are_short_enough_for_the_models_context() -> None:
    assert max(len(re.findall(r"\w+|[^\w\s]", caption)) for _, caption in EVERY) <= 30


def test_no_caption_has_a_doubled_space_or_article() -> None:
    for _, caption in EVERY:
        assert "  " not in caption
        assert not re.search(r"\b(a|an) (a|an|two|three|four)\b", caption.lower()), caption
        assert not re.search(r"\ba [aeiou]", caption.lower()), caption
