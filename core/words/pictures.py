"""What lists of pictures say: how alike they are, how many are right, which word brings what."""

from __future__ import annotations

from collections.abc import Sequence

from core.stats.intervals import LEVEL
from core.stats.numbers import count, either, interval_text, lower_first, p_value, percent, some_of, verb
from core.studies.pictures.agreement import Agreement
from core.studies.pictures.lists import ListComparison
from core.studies.pictures.search import PicturesResult
from core.studies.prompts.compose import words_in_captions
from core.studies.prompts.words import WordsResult
from core.types import Sentence
from core.words.glossary import GLOSSARY
from core.words.names import say_dataset, short_names, told_apart

# --- two lists --------------------------------------------------------------------------------------------


AGREEMENT = GLOSSARY["agreement of the two rankings"]


def lists_finding(comparison: ListComparison, a: str = "", b: str = "") -> Sentence:
    """How alike two lists are: "4 of the first 10 pictures are in both lists; agreement of the two rankings 0.38
    (0 to 1)."

    `a` and `b` name the lists where they should be named. Codes: `same_order`, `same_pictures`, `disjoint`, `overlap`.
    """
    kept = len(comparison.kept)
    between = f" of {a} and {b}" if a and b else ""
    rbo = f"agreement of the two rankings {comparison.rbo:.2f} (0 to 1)"
    if kept == comparison.k and not comparison.new:
        same = all(m.rank_a == m.rank_b for m in comparison.moved)
        order, code = (" in the same order", "same_order") if same else ("", "same_pictures")
        return Sentence(f"The lists{between} contain the same images{order}; {rbo}.", code)
    if not kept:
        first = f"Of the first {comparison.k} images{between}" if comparison.k > 1 else f"Of the first image{between}"
        return Sentence(f"{first}, none is in both lists; {rbo}.", "disjoint")
    said = f"{kept} of the first {count(comparison.k, 'image')} {verb(kept)} in both lists{between}"
    return Sentence(f"{said}; {rbo}.", "overlap")


@told_apart
def models_finding(comparison: ListComparison) -> Sentence:
    """`lists_finding` between two models, with their short names."""
    a, b = short_names([comparison.a, comparison.b])
    return lists_finding(comparison, a, b)


def models_share(kept: Sequence[int], k: int, models: Sequence[str]) -> Sentence:
    """How many of the first k pictures two models share, on average over questions; `kept` has one number a
    question."""
    a, b = short_names(models)
    mean = f"{sum(kept) / len(kept):.1f}"
    over = f" on average over {len(kept)} prompts" if len(kept) > 1 else ""
    return Sentence(f"{a} and {b} share {mean.removesuffix('.0')} of {k} images{over}.", "models_share")


def questions_keep(kept: Sequence[int], k: int, *, step: bool) -> Sentence:
    """How many of the first k pictures other questions keep of the first one's, or (`step`) each of the one before."""
    then = "each step keeps" if step else "the other prompts keep"
    said = f"Of {k} images {then} {sum(kept) / len(kept):.1f} on average; the rest is new."
    return Sentence(said, "step_keeps" if step else "questions_keep")


def new_pictures(comparison: ListComparison) -> Sentence:
    """How many pictures of the second list are not in the first."""
    return Sentence(f"{some_of(len(comparison.new), comparison.k, 'image')} new.", "new_pictures")


def agreement_finding(found: Agreement) -> Sentence:
    """Where two models differ on one text, and whether that is more than chance.

    Where the text names a class, how many of the first k of each show it; codes `same_right`, `right_tie`,
    `right_differ`. Else how many of the first k they share; codes `agree`, `agree_by_chance`.
    """
    a, b = short_names([found.a, found.b])
    if found.right is None or found.p_right is None:
        return _shared(found, a, b)
    what = either(found.classnames)
    mine, theirs = found.right
    if found.right_only == (0, 0) or mine == theirs:
        return Sentence(f"{a} and {b} both find {mine} of {found.k} for {what}.", "same_right")
    said = f"{a} finds {mine} of {found.k} for {what}, {b} finds {theirs}"
    if found.p_right < LEVEL:
        return Sentence(f"{said}: more than chance would explain (p {p_value(found.p_right)}).", "right_differ")
    return Sentence(f"{said}: no clear difference (p {p_value(found.p_right)}).", "right_tie")


def _shared(found: Agreement, a: str, b: str) -> Sentence:
    said = f"{a} and {b} share {found.shared} of their first {found.k} images"
    by_chance = f"{found.expected:.1f} expected by chance"
    if found.p_shared < LEVEL:
        return Sentence(f"{said} ({by_chance}): they agree more than chance would.", "agree")
    return Sentence(f"{said} ({by_chance}): no more than two random orders would.", "agree_by_chance")


def agreement_detail(found: Agreement, label: str = "") -> str:
    """How many images both show, and the one they disagree on most; `label` is its class, where it has one."""
    a, b = short_names([found.a, found.b])
    shared = f"{some_of(found.shared, found.k, 'image')} in both ({found.expected:.1f} expected by chance)"
    if found.furthest is None or found.furthest.rank_a is None or found.furthest.rank_b is None:
        return f"{shared}."
    what = f"an image of “{label}”" if label else found.furthest.id
    ranks = f"rank {found.furthest.rank_a:,} for {a}, {found.furthest.rank_b:,} for {b}"
    return f"{shared}. Largest disagreement: {what}, {ranks}."


# --- one list ---------------------------------------------------------------------------------------------


def first_right(result: PicturesResult, k: int) -> Sentence:
    """How many of the first k are right where the question names a class, else how far the first stands out."""
    hits, precision = result.hits[:k], result.precision
    if precision is None:
        return stands_out(result)
    right, rate = sum(bool(hit.relevant) for hit in hits), precision.base_rate
    first = f"the first {len(hits)}"
    return _right(right, len(hits), precision.classnames, rate, f" ({percent(rate)} of all)", first)


def right_or_stands_out(results: Sequence[PicturesResult]) -> Sentence:
    """The precision of the first list that has one, else how far the first picture of the first list stands out."""
    for result in results:
        if (p := result.precision) is not None:
            return _right(p.hits, p.k, p.classnames, p.base_rate)
    return stands_out(results[0])


def stands_out(result: PicturesResult) -> Sentence:
    """The best score beside the average."""
    best, mean = result.hits[0].score, result.spread.mean
    return Sentence(f"The best of {count(result.n, 'image')} scores {best:.2f}, the average {mean:.2f}.", "best_score")


def _right(
    hits: int, k: int, classnames: Sequence[str], base_rate: float, of_all: str = "", first: str = ""
) -> Sentence:
    said = f"{hits} of {first or k} {verb(hits)} {either(classnames)}; {base_rate * k:.1f} expected by chance{of_all}."
    return Sentence(said, "precision")


def list_facts(result: PicturesResult, comparison: ListComparison | None, *, models: bool) -> list[str]:
    """What can be said about a list in one line: precision, words in captions, how many are new. `models` says that it
    is compared with another model's list, not another question's."""
    said = []
    if (p := result.precision) is not None:
        said.append(f"{p.hits} of {p.k} correct ({interval_text(p.ci95)}; {percent(p.base_rate)} by chance)")
    if words := caption_words(result):
        said.append(f"in captions: {_words(words)} of {len(result.hits)}")
    if comparison is not None:
        kept, new = ("in both", "only here") if models else ("kept", "new")
        said.append(
            f"{len(comparison.kept)} {kept}, {len(comparison.new)} {new}, agreement of the two rankings "
            f"{comparison.rbo:.2f}"
        )
    return said or [f"{len(result.hits)} of {count(result.n, 'image')}"]


def list_line(result: PicturesResult) -> str:
    """The one fact about a list that a small cell has room for."""
    if result.precision is not None:
        return f"{result.precision.hits} of {result.precision.k} correct"
    if words := caption_words(result):
        return f"{_words(words)} of {len(result.hits)}"
    return f"best score {result.hits[0].score:.2f}"


def caption_words(result: PicturesResult) -> tuple[tuple[str, int], ...]:
    """In how many of the pictures' captions each word of the question stands; () where there are no captions."""
    captions = [hit.captions for hit in result.hits]
    if not any(captions):
        return ()
    return words_in_captions(" ".join(t.text for t in result.query.terms), captions)


def _words(words: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{word} {n}" for word, n in words)


# --- words ------------------------------------------------------------------------------------------------


def words_finding(result: WordsResult, target: str = "") -> Sentence:
    """Which word helps most and which harms, of a `target` in words: `one_word`, `none_helps`, `helps`,
    `helps_and_harms`."""
    said = _words_finding(result)
    return Sentence(f"For {target}: {lower_first(said)}", said.code) if target else said


def _words_finding(result: WordsResult) -> Sentence:
    if not result.words:
        return Sentence("One word, so there is nothing to leave out.", "one_word")
    ordered = sorted(result.words, key=lambda w: -w.contribution)
    best, worst = ordered[0], ordered[-1]
    if best.contribution <= 0:
        return Sentence("No word helps here: leaving any out raises the score.", "none_helps")
    said = f"“{best.word}” contributes most: {best.contribution:+.3f}"
    if worst.contribution >= 0:
        return Sentence(f"{said}.", "helps")
    return Sentence(f"{said}; “{worst.word}” lowers the score by {-worst.contribution:.3f}.", "helps_and_harms")


def word_line(result: WordsResult) -> str:
    """What the figure of the strongest word rests on, in one line."""
    best = max(result.words, key=lambda w: w.contribution, default=None)
    if best is None:
        return f"score of the whole text · {count(result.n, 'image')}"
    interval = f"95 %: {best.ci95[0]:+.3f} to {best.ci95[1]:+.3f} · " if best.ci95 else ""
    return f"{interval}score lost without it · whole text {result.score:.3f}".replace("-", "−")


# --- collections ------------------------------------------------------------------------------------------


def collection_saved(title: str, images: int) -> Sentence:
    """That ticked images are kept, and where: `collection_saved`."""
    return Sentence(f"Saved {count(images, 'image')} as “{title}”; Search lists it.", "collection_saved")


def collection_line(dataset: str, split: str, images: int) -> Sentence:
    """What a collection holds: `collection_line`."""
    return Sentence(f"{count(images, 'image')} of {say_dataset(dataset)}, {split} split", "collection_line")
