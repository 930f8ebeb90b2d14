"""Scenes and their pictures: the same from the same seed, and showing what they say."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from random import Random

import numpy as np
import pytest

from core.demo.places import PLACES
from core.demo.satellite import LAND_USES, render_land
from core.demo.styles import STYLES
from core.demo.things import COLOURS, FLIERS, NOUNS
from core.demo.world import PEOPLE, WATER, Scene, Thing, random_scene, render, state_for

ROOT = Path(__file__).parents[3]
SCENES = [random_scene(seed) for seed in range(3000)]


def pixels(scene: Scene, side: int = 64) -> np.ndarray:
    return np.asarray(render(scene, side)).astype(float)


def digest() -> str:
    """One hash over some scenes and views from above."""
    made = [render(random_scene(seed), 48) for seed in range(40)]
    made += [render_land(use, 3, 48) for use in LAND_USES]
    return hashlib.sha256(b"".join(picture.tobytes() for picture in made)).hexdigest()


def test_the_same_seed_gives_the_same_pictures_here_and_in_another_process() -> None:
    code = "from tests_demo_digest import digest; print(digest())"
    code = code.replace("tests_demo_digest", Path(__file__).stem)
    folders = [str(ROOT), str(Path(__file__).parent)]
    command = [sys.executable, "-c", f"import sys; sys.path[:0] = {folders!r}; {code}"]
    other = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert digest() == digest() == other


def test_the_seed_changes_the_picture_and_nothing_said() -> None:
    one = Scene(things=(Thing(noun="apple"),), place="table", style="photo", seed=1)
    two = Scene(things=(Thing(noun="apple"),), place="table", style="photo", seed=2)
    assert np.abs(pixels(one) - pixels(two)).mean() > 3


@pytest.mark.parametrize("side", [48, 96, 128])
@pytest.mark.parametrize("style", STYLES)
def test_every_place_and_style_renders_at_any_size(style: str, side: int) -> None:
    for place in PLACES:
        picture = render(Scene(things=(Thing(noun="cat", colour="red"),) * 2, place=place, style=style), side)
        assert picture.size == (side, side) and picture.mode == "RGB"
        assert np.asarray(picture).std() > 8


def test_random_scenes_use_the_whole_world() -> None:
    assert {name for scene in SCENES for name in scene.nouns} == set(NOUNS)
    assert {scene.place for scene in SCENES} == set(PLACES)
    assert {scene.style for scene in SCENES} == set(STYLES)
    assert {thing.colour for scene in SCENES for thing in scene.things} == {"", *COLOURS}
    assert {len(scene.things) for scene in SCENES} == {1, 2, 3, 4}


def test_no_noun_is_much_rarer_than_another() -> None:
    """People apart: groups make them more common."""
    things = [name for name in NOUNS if name not in PEOPLE]
    count = {name: sum(name in scene.nouns for scene in SCENES) for name in things}
    assert min(count.values()) > 0.4 * max(count.values())


def test_states_are_possible_ones() -> None:
    for scene in SCENES:
        noun = scene.things[0].noun
        if scene.state == "flying":
            assert noun in FLIERS
        if scene.state in ("swimming", "sailing"):
            assert scene.place in WATER


def test_fish_swim_in_water_only_and_cats_never_do() -> None:
    rng = Random(0)
    assert state_for("fish", "ocean", rng) == "swimming"
    assert state_for("fish", "table", rng) == ""
    assert state_for("cat", "ocean", rng) == ""
    assert state_for("sailboat", "river", rng) == "sailing"


@pytest.mark.parametrize("colour", ["red", "blue", "green", "yellow"])
def test_a_painted_thing_shows_its_colour_in_the_picture(colour: str) -> None:
    """Against the same scene in gray, the pixels that change move towards the colour."""
    gray, painted = (
        pixels(Scene(things=(Thing(noun="fish", colour=c),), place="table", style="cartoon", seed=4))
        for c in ("gray", colour)
    )
    changed = np.abs(gray - painted).sum(2) > 60
    assert changed.mean() > 0.05
    target = np.array(COLOURS[colour], float)
    nearer = np.linalg.norm(painted[changed] - target, axis=1) < np.linalg.norm(gray[changed] - target, axis=1)
    assert nearer.mean() > 0.8


def test_a_sketch_is_gray_and_other_styles_are_not() -> None:
    scenes = {
        style: Scene(things=(Thing(noun="apple", colour="red"),), place="meadow", style=style, seed=5)
        for style in STYLES
    }
    spread = {style: np.ptp(pixels(scene), axis=2).mean() for style, scene in scenes.items()}
    assert spread.pop("sketch") == 0
    assert min(spread.values()) > 10


def test_big_things_fill_more_of_the_picture_than_small_ones() -> None:
    def covered(size: str) -> float:
        scenes = [
            Scene(things=(Thing(noun="apple", colour=c),), place="table", style="cartoon", size=size, seed=6)
            for c in ("blue", "white")
        ]
        return float((np.abs(pixels(scenes[0]) - pixels(scenes[1])).sum(2) > 60).mean())

    assert covered("small") < 0.5 * covered("") < 0.5 * covered("big")


@pytest.mark.parametrize("use", LAND_USES)
def test_land_uses_differ_from_seed_to_seed(use: str) -> None:
    one, two = (np.asarray(render_land(use, seed, 64)).astype(float) for seed in (1, 2))
    assert one.shape == (64, 64, 3)
    assert np.abs(one - two).mean() > 1


def test_land_uses_look_different_from_each_other() -> None:
    """A nearest-mean classifier on colour and roughness tells most of them apart."""

    def features(use: str, seed: int) -> np.ndarray:
        image = np.asarray(render_land(use, seed, 64)).astype(float)
        rough = np.abs(np.diff(image, axis=0)).mean() + np.abs(np.diff(image, axis=1)).mean()
        return np.array([*image.mean((0, 1)), *image.std((0, 1)), rough])

    train = np.array([[features(use, seed) for seed in range(8)] for use in LAND_USES])
    test = np.array([[features(use, seed) for seed in range(100, 104)] for use in LAND_USES])
    scale = train.std((0, 1))
    distance = np.linalg.norm((test[:, :, None] - train.mean(1)[None, None]) / scale, axis=-1)
    right = distance.argmin(-1) == np.arange(len(LAND_USES))[:, None]
    assert right.mean() > 0.6
