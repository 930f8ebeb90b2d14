"""How much of a set was measured stands in every line about what a number rests on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.stats.numbers import SPACE
from core.types import OnDisk, State
from core.words.accuracy import protocol_line
from core.words.captions import retrieval_line
from core.words.datasets import choice_said, counted, part_of, published_size
from core.words.few_shot import draw_line
from core.words.probe import probe_line
from tests.golden.sentences import OPENAI, draw, retrieved, trained, zero


def plain(text: str) -> str:
    return text.replace(SPACE, " ")


@pytest.mark.parametrize(
    ("dataset", "split", "n", "said"),
    [
        ("eurosat", "test", 300, "300 of 13,500 images"),
        ("eurosat", "test", 13_500, "13,500 images"),
        ("eurosat", "train", 1, "1 of 13,500 images"),
        ("eurosat", "elsewhere", 300, "300 images"),
        ("folder:birds", "all", 300, "300 images"),
        ("demo-objects", "test", 1, "1 image"),
        ("no-such-set", "test", 300, "300 images"),
    ],
)
def test_a_part_is_said_to_be_one_where_the_whole_is_known(dataset: str, split: str, n: int, said: str) -> None:
    assert plain(part_of(dataset, split, n)) == said


def test_every_line_about_what_a_number_rests_on_says_it() -> None:
    lines = (
        protocol_line(replace(zero(OPENAI, 150), dataset="eurosat", split="test")),
        probe_line(replace(trained(OPENAI, 150), dataset="eurosat", split="test")),
        draw_line(replace(draw(), dataset="eurosat", split="test")),
    )
    for line in lines:
        assert "300 of 13,500 images" in plain(line), line
    found = replace(retrieved(), dataset="coco", split="val")
    assert plain(retrieval_line(found)).startswith(f"{found.n_images:,} of 5,000 images")


def test_a_probe_says_how_much_it_learnt_from() -> None:
    probe = trained(OPENAI, 150)
    of_train = replace(probe, dataset="eurosat", train_key=replace(probe.train_key, split="train"))
    assert "trained on 1,200 of 13,500 others" in plain(probe_line(of_train))
    assert "trained on 1,200 others" in plain(probe_line(replace(of_train, dataset="folder:birds")))


def test_sizes_and_counts() -> None:
    assert (published_size("cifar100", "test"), published_size("folder:x", "test")) == (10_000, 0)
    assert (counted(None), plain(counted(0, 10))) == ("", "0 images")


def test_a_list_to_choose_from_says_how_many_images_are_here() -> None:
    found = OnDisk(
        name="eurosat", title="EuroSAT", carries="classes", state=State(state="ready", why=""), images=600, whole=27_000
    )
    assert plain(choice_said("EuroSAT", found)) == "EuroSAT · 600 of 27,000 images"
    assert choice_said("EuroSAT", replace(found, images=None)) == "EuroSAT"
    assert choice_said("EuroSAT", replace(found, state=State(state="absent", why=""))) == "EuroSAT"
