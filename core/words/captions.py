"""What caption retrieval says: whether captions find their pictures, what makes one hard, which word holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from core.stats.numbers import SPACE, count, listed, percent, span, verb
from core.studies.captions.breakdown import Band, RetrievalDifference
from core.studies.captions.one_caption import OneCaptionResult, OnePictureResult
from core.studies.captions.retrieval import RetrievalResult
from core.types import Dataset, Sentence
from core.words.accuracy import outcome
from core.words.datasets import part_of
from core.words.names import say_dataset, say_model, short_names, told_apart

Side = Literal["image", "text"]
SIDES: dict[Side, str] = {"image": "Caption to image", "text": "Image to caption"}
CHOSEN_CODES = ("caption_file", "caption_column")
"""Notes that say which of several files or columns was read: no fault of the data."""


# --- a data set -------------------------------------------------------------------------------------------


def captions_line(rows: Dataset) -> str:
    """ "80 pictures · 400 captions, 5 a picture · all split" of a data set with captions on this disk."""
    said = f"{count(len(rows), 'image')} · {count(len(rows.captions), 'caption')}"
    if rows.image_index is not None and len(rows.image_index):
        each = np.unique(rows.image_index, return_counts=True)[1]
        said += f", {span(int(each.min()), int(each.max()))} per image"
    return f"{said} · {rows.split} split"


def captions_report(rows: Dataset) -> tuple[Sentence, ...]:
    """What the reader found missing or double in own captions; where that is nothing, a sentence that says so (code
    `captions_whole`)."""
    faults = [note for note in rows.notes if note.code not in CHOSEN_CODES]
    whole = "Every caption has its image, every image a caption, and none is duplicated."
    return rows.notes if faults else (*rows.notes, Sentence(whole, "captions_whole"))


# --- a benchmark ------------------------------------------------------------------------------------------


def retrieval_line(result: RetrievalResult) -> str:
    """ "1,000 of 5,000 images · 5,000 captions, 5 per image": what the numbers rest on."""
    each = span(*result.captions_range)
    among = part_of(result.dataset, result.split, result.n_images)
    return f"{among} · {count(result.n_texts, 'caption')}, {each} per image"


@told_apart
def retrieval_finding(results: Sequence[RetrievalResult], gap: RetrievalDifference | None = None) -> Sentence:
    """Whether captions find their pictures (code `recall`); between two models whether the difference is real (codes
    of `outcome`)."""
    if not results:
        return Sentence("No result yet", "no_result")
    if gap is not None:
        a, b = short_names([gap.a, gap.b])
        said = outcome(gap.image_recall[1], a, b)
        return Sentence(f"Caption to image, recall@1: {said}", said.code)
    first = max(results, key=lambda r: r.image.recall[1])
    return Sentence(
        f"{say_model(first.model)}: {percent(first.image.recall[1])} of captions find their own image "
        f"first, {percent(first.image.recall[10])} among ten",
        "recall",
    )


def what_counts(result: RetrievalResult, side: Side) -> str:
    """What counts as found, with the numbers of this data set: tools differ in it."""
    each = span(*result.captions_range)
    if side == "image":
        return (
            f"A caption counts when its own image is among the first k of all {count(result.n_images, 'image')}. "
            f"Each of the {each} captions of an image is a query of its own. Ties count against it."
        )
    return (
        f"An image counts when any of its {each} captions is among the first k of all "
        f"{count(result.n_texts, 'caption')}. Some tools count the share of its captions instead, which gives far "
        "lower figures for the same run. Ties count against it."
    )


def how_it_counts(result: RetrievalResult) -> str:
    """What the numbers rest on and how they count, for a report."""
    how = result.protocol.details
    return (
        f"{retrieval_line(result)}. Image retrieval: {how['image_retrieval']}. Text retrieval: "
        f"{how['text_retrieval']}. Intervals: {how['interval']}."
    )


def paired_on(gap: RetrievalDifference) -> str:
    """What paired differences of two models rest on."""
    return (
        f"On {gap.n_texts:,} captions and {gap.n_images:,} images that both have. Intervals by bootstrap over "
        "images: all captions of an image are drawn together, with both models. They are unadjusted; the CSV has "
        "Holm-adjusted p values over these comparisons too."
    )


def bands_finding(bands: Sequence[Band], unit: str = "", k: int = 1) -> Sentence:
    """How recall goes from the first band to the last: "Recall@1 goes from 83.8 % (0 contenders) to 2.1 % (51 or
    more contenders)". `unit` follows the bands' labels. Codes: `one_band`, `recall_falls`, `recall_rises`."""
    if len(bands) < 2:
        return Sentence("All captions fall into one group.", "one_band")
    first, last = (f"{percent(b.recall[k])} ({b.label}{' ' + unit if unit else ''})" for b in (bands[0], bands[-1]))
    falls = bands[-1].recall[k] < bands[0].recall[k]
    return Sentence(f"Recall@{k} goes from {first} to {last}", "recall_falls" if falls else "recall_rises")


# --- one caption, one picture -----------------------------------------------------------------------------


@told_apart
def rank_finding(result: OneCaptionResult) -> Sentence:
    """How a caption fared with one model: its picture's rank and by how much it lost or won (`first`, `tied`,
    `lost`)."""
    rank, margin, model = result.caption.rank, result.caption.margin, say_model(result.model)
    if rank == 1:
        lead = "" if np.isnan(margin) else f", ahead by {margin:.3f}"
        return Sentence(f"{model} finds the image first of {result.n:,}{lead}.", "first")
    lost, code = ("in a tie", "tied") if margin == 0 else (f"{-margin:.3f} behind the top result", "lost")
    return Sentence(f"{model} puts the image at rank{SPACE}{rank:,} of {result.n:,}, {lost}.", code)


def wordings_line(result: OneCaptionResult) -> str:
    """Where other wordings put the picture; "" where there are none."""
    return "".join(f" With “{other.text}”: rank {other.rank:,}." for other in result.others)


def rank_facts(result: OneCaptionResult, before: int | None) -> list[str]:
    """The rank as written where the caption was edited, its score, and the best other picture's."""
    caption = result.caption
    facts = [f"rank {before:,} as written"] if before is not None else []
    facts.append(f"score {caption.score:.3f}")
    if result.n > 1:
        facts.append(f"the best other {caption.score - caption.margin:.3f}")
    return facts


def holding_word(result: OneCaptionResult) -> Sentence:
    """Which word holds the picture most, and which one keeps it down: `falls`, `rises`, `falls_and_rises`,
    `no_word_moves`."""
    ordered = sorted(result.words, key=lambda w: (w.change, w.contribution))
    worst, best = ordered[0], ordered[-1]
    rank, parts = result.caption.rank, dict[str, str]()
    if best.change > 0:
        parts["falls"] = f"without “{best.word}” it falls from {rank:,} to {best.without.rank:,}"
    if worst.change < 0:
        parts["rises"] = f"without “{worst.word}” it rises from {rank:,} to {worst.without.rank:,}"
    if not parts:
        return Sentence(f"no single word changes rank {rank:,}.", "no_word_moves")
    return Sentence(f"{'; '.join(parts.values())}.", "_and_".join(parts))


def own_captions_finding(result: OnePictureResult) -> Sentence:
    """Where the captions of the picture stand among all (`own_ranks`), or that it has none (`no_own_caption`)."""
    if result.rank is None:
        said = f"The image has no caption of its own; {count(result.n_texts, 'caption was', 'captions were')} searched."
        return Sentence(said, "no_own_caption")
    ranks = listed([f"{hit.rank:,}" for hit in result.own])
    return Sentence(
        f"Of {count(result.n_texts, 'caption')} its own {verb(len(result.own), 'is at rank', 'are at ranks')} {ranks}.",
        "own_ranks",
    )


def under_mistake(result: RetrievalResult, place: int) -> str:
    """Under a picture that one of its captions (`place`) does not find first."""
    return f"rank {int(result.image.ranks[place]):,} of {result.n_images:,} for one of its captions"


def lost_title(result: RetrievalResult) -> str:
    """Over such pictures."""
    return f"Images whose captions find another one first ({say_model(result.model)})"


def band_line(bands: Mapping[str, Sequence[Band]], model: str, unit: str) -> str:
    """`bands_finding` of one of several models."""
    return f"{say_model(model)}: {bands_finding(bands[model], unit)}."


def captioned_so(n: int, dataset: str) -> Sentence:
    """How many pictures of a data set have the very caption that is shown (`has_caption`, `none_has_caption`)."""
    has = f"{count(n, 'image')} of {say_dataset(dataset)}" if n else f"No image of {dataset}"
    said = f"{has} {'has' if n < 2 else 'have'} this caption{'; framed' if n else ''}."
    return Sentence(said, "has_caption" if n else "none_has_caption")
