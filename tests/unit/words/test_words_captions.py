"""What caption retrieval says, by its codes and numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.stats.numbers import percent
from core.studies.captions import breakdown
from core.types import Note
from core.words import captions
from tests.fakes import fake_dataset
from tests.study_results import captioned, sample_caption, sample_retrieval

OPENAI, LAION = "ViT-B-32/openai", "ViT-B-32/laion2b_s34b_b79k"


def test_captions_on_this_disk_are_counted() -> None:
    rows = fake_dataset(5, "captions")
    assert captions.captions_line(rows) == "5 images · 10 captions, 2 per image · test split"
    more = replace(rows, captions=(*rows.captions, "x"), image_index=np.append(np.asarray(rows.image_index), 0))
    assert captions.captions_line(more) == "5 images · 11 captions, 2 to 3 per image · test split"


def test_which_file_was_read_is_no_fault_of_the_captions() -> None:
    rows = fake_dataset(5, "captions")
    read = tuple(Note("Read from here.", code) for code in captions.CHOSEN_CODES)
    lost = Note("Three are lost.", "captions_without_picture", "warning")
    assert [note.code for note in captions.captions_report(replace(rows, notes=read))] == [
        *captions.CHOSEN_CODES,
        "captions_whole",
    ]
    assert captions.captions_report(replace(rows, notes=(*read, lost))) == (*read, lost)


def test_a_benchmark_says_its_recall_or_the_difference() -> None:
    result, other = sample_retrieval(OPENAI), sample_retrieval(LAION, noise=2.0)
    said = captions.retrieval_finding([other, result])
    assert (
        said.code == "recall" and percent(result.image.recall[1]) in said and percent(result.image.recall[10]) in said
    )
    gap = breakdown.compare(result, other)
    assert captions.retrieval_finding([result, other], gap).code == gap.image_recall[1].outcome == "first_ahead"
    assert captions.retrieval_finding([]).code == "no_result"
    assert captions.retrieval_line(result) == "120 of 5,000 images · 600 captions, 5 per image"


def test_bands_say_where_recall_goes() -> None:
    found = breakdown.by_length(sample_retrieval(OPENAI), captioned(OPENAI).captions)
    said = captions.bands_finding(found, "words")
    assert found[0].label in said and percent(found[0].recall[1]) in said and percent(found[-1].recall[1]) in said
    codes = {captions.bands_finding(ends).code for ends in (found, found[::-1])}
    assert codes == {"recall_falls", "recall_rises"} and captions.bands_finding(found[:1]).code == "one_band"


@pytest.mark.parametrize(
    ("rank", "margin", "code", "number"),
    [
        (1, 0.25, "first", "0.250"),
        (7, -0.01, "lost", "0.010"),
        (2, 0.0, "tied", "2"),
        (1, float("nan"), "first", "120"),
    ],
)
def test_a_caption_says_where_its_picture_stands(rank: int, margin: float, code: str, number: str) -> None:
    one = sample_caption()
    said = captions.rank_finding(replace(one, caption=replace(one.caption, rank=rank, margin=margin)))
    assert said.code == code and number in said and "nan" not in said


@pytest.mark.parametrize(
    ("changes", "code"),
    [((5, 0), "falls"), ((-3, 0), "rises"), ((5, -3), "falls_and_rises"), ((0, 0), "no_word_moves")],
)
def test_the_word_that_holds_the_picture(changes: tuple[int, int], code: str) -> None:
    one = sample_caption()
    words = [
        replace(w, change=change, without=replace(w.without, rank=one.caption.rank + change))
        for w, change in zip(one.words, changes, strict=False)
    ]
    assert captions.holding_word(replace(one, words=tuple(words))).code == code


def test_how_many_pictures_have_a_caption() -> None:
    assert [captions.captioned_so(n, "coco").code for n in (0, 1, 2)] == ["none_has_caption", *["has_caption"] * 2]
