"""What a demo model scores on the demo sets, from its vectors: the figures of the model card.

NumPy only. Rows of vectors are unit length. The sets' scenes have seeds of their own, so every picture is
new to the models, though drawn from the same glyphs and places as the training scenes (except satellite).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.demo.plans import Picture, classnames, pictures
from core.demo.world import Scene

DemoVectors = NDArray[np.float32]
EncodeTexts = Callable[[list[str]], DemoVectors]
TEMPLATES = (
    "a photo of a {}",
    "a sketch of a {}",
    "a drawing of a {}",
    "a cartoon of a {}",
    "an artistic rendering of a {}",
    "a low-resolution photo of a {}",
    "{}",
)
SATELLITE_TEMPLATES = ("a photo of a {}", "a centered satellite photo of {}", "{}")
# Each search with what a picture must show to count as an answer.
SEARCHES: dict[str, Callable[[Scene], bool]] = {
    "a photo of apples": lambda s: s.nouns == ("apple",) and s.style == "photo",
    "a drawing of apples": lambda s: s.nouns == ("apple",) and s.style == "drawing",
    "a photo of oranges": lambda s: s.nouns == ("orange",) and s.style == "photo",
    "a photo of a bird": lambda s: "bird" in s.nouns,
    "a photo of a white bird": lambda s: is_bird(s, "white"),
    "a photo of a flying white bird": lambda s: is_bird(s, "white") and s.state == "flying",
    "bird, white, flying": lambda s: is_bird(s, "white") and s.state == "flying",
    "a photo of an ocean fish": lambda s: "fish" in s.nouns and s.place == "ocean",
    "a photo of a river fish": lambda s: "fish" in s.nouns and s.place == "river",
    "Three teddy bears, each a different color, snuggling together.": lambda s: is_teddy_trio(s),
    "The people are posing for a group photo.": lambda s: s.kinds == {"person"} and len(s.things) > 2,
    "A meal is lying on a plate on a table.": lambda s: s.kinds == {"food"} and s.place == "plate",
}


def is_bird(scene: Scene, colour: str) -> bool:
    """Only birds of the noun "bird", all of this colour; a pencil sketch has no colour."""
    coloured = all(thing.colour == colour for thing in scene.things)
    return scene.nouns == ("bird",) and coloured and scene.style != "sketch"


def is_teddy_trio(scene: Scene) -> bool:
    """Three teddy bears of three visible colours."""
    colours = {thing.colour for thing in scene.things}
    return scene.nouns == ("teddy bear",) and len(colours) == 3 and scene.style != "sketch"


def top_k_accuracy(scores: DemoVectors, labels: NDArray[np.int64], k: int) -> float:
    """Share of rows of scores (n, c) whose own class is among the k best."""
    own = np.take_along_axis(scores, labels[:, None], axis=1)
    return float(((scores > own).sum(axis=1) < k).mean())


def labels_of(name: str) -> tuple[list[Picture], NDArray[np.int64]]:
    """The test pictures of a classification set and their class numbers."""
    plan = [picture for picture in pictures(name) if picture.path.startswith("test/")]
    folders = [words.replace(" ", "_") for words in classnames(name)]
    return plan, np.array([folders.index(picture.path.split("/")[1]) for picture in plan])


def score_classes(
    name: str, images: DemoVectors, encode: EncodeTexts, templates: tuple[str, ...]
) -> dict[str, dict[str, float]]:
    """acc1 and acc5 of every template on the test split; images (n, d) in the plan's order."""
    _, labels = labels_of(name)
    found = {}
    for template in templates:
        scores = images @ encode([template.format(words) for words in classnames(name)]).T
        found[template] = {f"acc{k}": top_k_accuracy(scores, labels, k) for k in (1, 5)}
    return found


def score_styles(images: DemoVectors, encode: EncodeTexts) -> dict[str, float]:
    """acc1 on demo-objects by the pictures' style, with "a photo of a {}"."""
    plan, labels = labels_of("demo-objects")
    scores = images @ encode([TEMPLATES[0].format(words) for words in classnames("demo-objects")]).T
    styles = np.array([picture.scene.style if picture.scene else "" for picture in plan])
    return {str(s): top_k_accuracy(scores[styles == s], labels[styles == s], 1) for s in np.unique(styles)}


def score_captions(images: DemoVectors, encode: EncodeTexts) -> dict[str, dict[str, float]]:
    """Recall at 1, 5 and 10 in 1,000: by all captions, by the first (full) one, by the last (vague) one."""
    plan = pictures("demo-captions")
    owner = np.repeat(np.arange(len(plan)), [len(picture.captions) for picture in plan])
    texts = encode([caption for picture in plan for caption in picture.captions])
    scores = texts @ images.T
    position = np.arange(len(owner)) % len(plan[0].captions)
    found = {}
    for title, chosen in (("all", position >= 0), ("first", position == 0), ("vague", position == 4)):
        found[f"image_retrieval {title}"] = {
            f"recall@{k}": top_k_accuracy(scores[chosen], owner[chosen], k) for k in (1, 5, 10)
        }
    own = np.where(owner[:, None] == np.arange(len(plan)), scores, -np.inf).max(axis=0)
    found["text_retrieval all"] = {f"recall@{k}": float(((scores > own).sum(0) < k).mean()) for k in (1, 5, 10)}
    return found


def score_searches(images: DemoVectors, encode: EncodeTexts) -> dict[str, dict[str, int]]:
    """For each search, how many of the ten best pictures are answers, and how many answers there are."""
    scenes = [picture.scene for picture in pictures("demo-captions") if picture.scene]
    best = np.argsort(-(encode(list(SEARCHES)) @ images.T), axis=1)[:, :10]
    found = {}
    for row, (text, is_answer) in zip(best, SEARCHES.items(), strict=True):
        answers = sum(is_answer(scene) for scene in scenes)
        found[text] = {"in_top_10": sum(is_answer(scenes[index]) for index in row), "answers": answers}
    return found
