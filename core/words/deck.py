"""What came of the deck's claims: the evidence of each, the cells it rests on, and what the deck's own figures say."""

from __future__ import annotations

from collections.abc import Sequence

from core.stats.numbers import count, few_of, in_points, listed, percent, points
from core.studies.pictures.search import Precision
from core.studies.prompts.accuracy import TemplateResult
from core.studies.zero_shot.classify import ZeroShotResult
from core.words.names import say_dataset, say_model

JUDGED_BY_EYE = "The original study judged this by eye."

ON_DEMO = "on the demo, which says nothing about CLIP"
"""Beside a verdict that rests on drawn images and two small models."""


def labelled_correctly(results: Sequence[ZeroShotResult]) -> str:
    """How many of the images of a data set each model labels correctly; "" without results."""
    if not results:
        return ""
    said = listed([f"{say_model(r.model)} {percent(r.acc1)}" for r in results])
    return f"Correct among all {count(results[0].n, 'image')} of {say_dataset(results[0].dataset)}: {said}."


def stand_in(wanted: str, shown: str) -> str:
    """That another data set is shown in place of the original study's."""
    return f"{say_dataset(wanted)} is not here, so these are images of {say_dataset(shown)}."


ORIGINAL_STUDY = (
    "*Text Meets Vision: A Deep Dive into CLIP Performance* was a student project (DATA586, Group 12) that compared "
    "OpenAI CLIP and OpenCLIP on five data sets. It claimed that zero-shot top-5 matches a linear probe, that general "
    "images are easier than satellite and fine-grained ones, and that small changes of a prompt matter a lot. These "
    "slides measure each of its experiments again, with the models and images that are here."
)
"""Whose study the pages call the original one, and what it claimed."""


def slides_missing(lacking: int, of: int, images: int, texts: int, other: Sequence[str]) -> str:
    """What slides still need before they can be shown, in one sentence; `other` in words."""
    parts = [
        *([f"{count(images, 'image')} to be loaded"] if images else []),
        *([f"{count(texts, 'text')} to be encoded"] if texts else []),
        *other,
    ]
    return f"{lacking} of {count(of, 'slide')} still {'needs' if lacking == 1 else 'need'} {listed(parts, 4)}."


STUDIES = {
    "optimise": ("the search for a better prompt", "run"),
    "probe": ("the linear probe", "trained"),
    "fewshot": ("the few-shot study", "run"),
}
"""A study by its kind, and what has to be done to have it."""


def study_to_run(kind: str, model: str, dataset: str) -> str:
    """What a slide of a study needs that takes a minute and is kept."""
    what, done = STUDIES[kind]
    return f"{what} to be {done} with {say_model(model)} on {say_dataset(dataset)}"


def study_starts(kind: str, model: str) -> str:
    """While such a study is handed in."""
    return f"Starting {STUDIES[kind][0]} with {say_model(model)}"


# --- evidence ---------------------------------------------------------------------------------------------


def top5_probe(good: int, of: int) -> str:
    """In how many cells top-5 reaches the probe."""
    return f"Top-5 matches or beats the probe's top-1 in {good} of {count(of, 'cell')}."


def like_with_like(like: int, of: int) -> str:
    """In how many cells top-1 does."""
    return f"Five guesses against one: like with like, top-1 matches or beats the probe in {like} of {of}."


def general_ahead(ahead: int, behind: int, of: int) -> str:
    """In how many comparisons the general set is ahead, and behind."""
    said = f"The general set is ahead in {ahead} of {count(of, 'comparison')}"
    return f"{said}, behind in {behind}." if behind else f"{said}."


def training_differs(clear: int, of: int) -> str:
    """In how many comparisons other training data makes a clear difference."""
    return f"They differ beyond the interval in {clear} of {count(of, 'comparison')}."


def wording_spans(wide: int, of: int, at_least: float) -> str:
    """In how many studies the templates lie at least so far apart."""
    studies = count(of, "study", "studies")
    return f"At least {points(at_least)} lie between the best and the worst template in {wide} of {studies}."


def families_differ(both: int, of: int) -> str:
    """In how many comparisons both families have classes of their own."""
    return f"Each family has classes of its own in {both} of {count(of, 'comparison')}."


def pictures_right(mean: float, questions: int) -> str:
    """How many of the best pictures are right on average."""
    return f"{percent(mean, 0)} of the best images are right on average, over {questions} questions."


# --- cells ------------------------------------------------------------------------------------------------


def probe_cell(cell: str, acc5: float, probe_acc1: float, acc1: float) -> str:
    """One model on one data set, named by `cell`: both guesses without training, and the probe."""
    return f"{cell}: top-5 {percent(acc5)}, probe {percent(probe_acc1)}, top-1 {percent(acc1)}"


def general_cell(model: str, general: tuple[str, float], special: tuple[str, float], kind: str) -> str:
    """One model on a general data set and on a special one, each with its accuracy."""
    (a, acc_a), (b, acc_b) = general, special
    return f"{say_model(model)}: {say_dataset(a)} {percent(acc_a)}, {say_dataset(b)} ({kind}) {percent(acc_b)}"


def models_cell(dataset: str, a: tuple[str, float], b: tuple[str, float]) -> str:
    """Two models on one data set, each with its accuracy."""
    said = (f"{say_model(model)} {percent(acc1)}" for model, acc1 in (a, b))
    return f"{say_dataset(dataset)}: {', '.join(said)}"


def favour_cell(dataset: str, a: tuple[str, Sequence[str]], b: tuple[str, Sequence[str]]) -> str:
    """Two models on one data set, each with the classes that it names right more often."""
    said = (f"{say_model(model)} {_ahead_on(classes)}" for model, classes in (a, b))
    return f"{say_dataset(dataset)}: {', '.join(said)}"


def _ahead_on(classes: Sequence[str]) -> str:
    return f"is ahead on {few_of(classes)}" if classes else "is ahead on no class"


def wording_cell(cell: str, worst: TemplateResult, best: TemplateResult) -> str:
    """The worst and the best template of one model on one data set."""
    return f"{cell}: {percent(worst.acc1)} with “{worst.name}”, {percent(best.acc1)} with “{best.name}”"


def search_cell(cell: str, words: str, found: Precision) -> str:
    """The best pictures of one question."""
    return f"{cell}, “{words}”: {found.hits} of {found.k} right, by chance {percent(found.base_rate)}"


# --- the deck's own figures -------------------------------------------------------------------------------


def deck_top5_probe(five: int, one: int, of: int) -> str:
    """How often top-5 reaches the probe in the deck, and how often top-1 does."""
    return f"In the original study top-5 reaches the probe's top-1 in {five} of {of} cells, and top-1 does in {one}."


def deck_general(found: Sequence[tuple[int, int, str]]) -> str:
    """In how many of the deck's comparisons the general set is ahead: (ahead, of, kind of the other)."""
    said = [f"{ahead} of {of} against {kind} images" for ahead, of, kind in found]
    return f"In the original study general images are ahead in {' and in '.join(said)}." if said else ""


def deck_training(gaps: Sequence[float]) -> str:
    """How far the deck's models of one architecture lie apart."""
    if not gaps:
        return ""
    low, high = in_points(min(gaps)), in_points(max(gaps))
    return f"In the original study such pairs are {low} (a copied cell) to {high} points apart."


def deck_wording(whole: float, worded: float) -> str:
    """The span of the deck's template study, with and without the bare name."""
    return (
        f"In the original study the best and the worst of seven are {in_points(whole)} points apart, "
        f"{in_points(worded)} without the bare name."
    )


def deck_titled(study: Sequence[float], table: Sequence[float]) -> str:
    """That the deck's template study cannot be of the data set that its table has."""
    span, other = (" to ".join(f"{100 * end:.0f}" for end in (min(v), max(v))) for v in (study, table))
    return f"The template study has {span} %, the table on EuroSAT {other} % over all models."
