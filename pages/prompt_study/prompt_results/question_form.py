"""The widgets of the Pictures page: how to ask, in boxes with one button; presets; how lists are shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.deck.presets import PICTURES, PicturePreset, picture_presets
from core.engine import Engine
from core.studies.prompts.compose import slots_of
from core.types import DatasetSpec, EmbeddingSet
from pages.prompt_study import questions
from pages.prompt_study.questions import LADDER, PROMPTS, SLOTS, SUM, WAYS, Question
from pages.shared.guard import safe_callback, show_form_error
from pages.shared.stored import stored_pairs
from pages.shared.texts import box_key, get_texts, lines, set_texts, short_enough
from pages.shared.url_choices import A_CLASS, one_of, some_of
from pages.shared.url_state import get_choice, set_choice
from pages.shared.widgets import choice_button, multiselect, radio, segments
from pages.shared.words import plain

DEPTHS = (5, 10, 20, 50)
BOX_AND_BUTTON = (6, 1)


# --- how to ask -------------------------------------------------------------------------------------------


def pick_way(dataset: DatasetSpec) -> str:
    """Prompts, slots, a ladder or a sum."""
    usual = PROMPTS if get_choice("prompt") else questions.way_of(picture_presets(dataset.name)[0])
    now = one_of("way", WAYS, usual)
    segments("way", "Query type", WAYS, now, wrap=True)
    return now


def write(engine: Engine, way: str, now: Question | None) -> None:
    """The boxes of this way of asking, with the one button that asks."""
    {PROMPTS: _prompts, SLOTS: _slots, LADDER: _ladder, SUM: _sum}[way](engine, now)
    show_form_error("question")


def _find(place: DeltaGenerator, name: str, asked: Callable[..., None], *args: object) -> None:
    place.form_submit_button(
        "Find images",
        type="primary",
        on_click=safe_callback(asked, at="question"),
        args=args,
        key=f"ask-{name}",
        width="stretch",
    )


def _prompts(engine: Engine, now: Question | None) -> None:
    current = tuple(q.words for q in now.queries) if now and now.way == PROMPTS else get_texts(engine, "prompt")
    key = box_key("prompt", current)
    with st.form("prompts", border=False):
        box, button = st.columns(BOX_AND_BUTTON, vertical_alignment="bottom")
        box.text_area("Prompts, one per line", "\n".join(current), key=key, height=_height(current))
        _find(button, "prompts", _wrote_prompts, engine, key)


def _height(current: Sequence[str]) -> int:
    return 44 + 24 * min(8, max(2, len(current)))


def _wrote_prompts(engine: Engine, key: str) -> None:
    set_texts(engine, "prompt", lines(st.session_state[key]))
    set_choice("way", PROMPTS)
    set_choice("order", None)
    _afresh()


def _slots(engine: Engine, now: Question | None) -> None:
    pattern, values = questions.slots(engine)
    with st.form("slots", border=False):
        left, right, button = st.columns([3, 3, 1], vertical_alignment="bottom")
        first, second = box_key("pattern", [pattern]), box_key("slot", values)
        left.text_input("Pattern with slots in braces", pattern, key=first)
        right.text_area(
            "Values of each slot",
            "\n".join(values),
            key=second,
            height=_height(values),
            help="One slot per line, as: style = photo, drawing. An empty value leaves the slot out.",
        )
        _find(button, "slots", _wrote_slots, engine, first, second)


def _wrote_slots(engine: Engine, pattern: str, values: str) -> None:
    written = short_enough(st.session_state[pattern].strip(), "The pattern")
    found = lines(st.session_state[values])
    questions.by_slots(written, found)
    used = set(slots_of(written))
    set_choice("pattern", written)
    set_texts(engine, "slot", [line for line in found if line.partition("=")[0].strip() in used])
    set_choice("way", SLOTS)
    _afresh()


def _ladder(engine: Engine, now: Question | None) -> None:
    noun, adjectives, around = questions.steps(engine)
    keys = box_key("noun", [noun]), box_key("adjective", adjectives), box_key("around", [around])
    with st.form("ladder", border=False):
        places = st.columns([2, 4, 3, 2], vertical_alignment="bottom")
        places[0].text_input("Noun", noun, key=keys[0])
        places[1].text_input(
            "Adjectives, in the order they are added",
            ", ".join(adjectives),
            key=keys[1],
            help="Separated by commas: white, flying makes “bird”, “white bird”, “flying white bird”.",
        )
        places[2].text_input("Put into", around, key=keys[2], help="{} is replaced by the noun.")
        _find(places[3], "ladder", _wrote_ladder, engine, *keys)


def _wrote_ladder(engine: Engine, noun: str, adjectives: str, around: str) -> None:
    words = [a.strip() for a in st.session_state[adjectives].split(",") if a.strip()]
    name = short_enough(st.session_state[noun].strip(), "The noun")
    frame = short_enough(st.session_state[around].strip(), "What the noun is put into") or "{}"
    questions.by_ladder(name, words, frame)
    set_choice("noun", name)
    set_texts(engine, "adjective", words)
    set_choice("around", frame)
    set_choice("way", LADDER)
    _afresh()


def _sum(engine: Engine, now: Question | None) -> None:
    written = get_texts(engine, "term")
    current = written or (_terms(now) if now and now.way == SUM else questions.TERMS)
    key = box_key("term", current)
    with st.form("sum", border=False):
        box, button = st.columns(BOX_AND_BUTTON, vertical_alignment="bottom")
        box.text_area(
            "Texts that are added and taken away, one per line",
            "\n".join(current),
            key=key,
            height=_height(current),
            help="“- water” takes water away with half its weight; “0.3 * beach” adds a beach with weight 0.3. "
            "Vectors of length 1 are added, and the sum is rescaled to length 1.",
        )
        _find(button, "sum", _wrote_sum, engine, key)


def _terms(now: Question) -> tuple[str, ...]:
    terms = now.queries[-1].terms
    return tuple(questions.line_of(t) for t in terms)


def _wrote_sum(engine: Engine, key: str) -> None:
    found = lines(st.session_state[key])
    questions.by_sum(found)
    set_texts(engine, "term", found)
    set_choice("way", SUM)
    _afresh()


def _afresh() -> None:
    """A new question: what was looked at in the old one is let go."""
    set_choice("hit", None)
    set_choice("closer", None)
    set_choice("against", None)


# --- presets ----------------------------------------------------------------------------------------------


def offered_presets(engine: Engine, dataset: DatasetSpec) -> tuple[PicturePreset, ...]:
    """One preset for each of the questions: that of this data set, else of one that is here, else the demo's."""
    stored, found = stored_pairs(engine).datasets, dict[str, PicturePreset]()
    for preset in PICTURES:
        held = found.get(preset.title)
        if held is None or _nearness(preset, dataset, stored) > _nearness(held, dataset, stored):
            found[preset.title] = preset
    return tuple(found.values())


def _nearness(preset: PicturePreset, dataset: DatasetSpec, stored: Sequence[str]) -> int:
    if dataset.name in preset.datasets:
        return 3
    if any(d in stored and not d.startswith("demo-") for d in preset.datasets):
        return 2
    return int(any(d.startswith("demo-") for d in preset.datasets))


def pick_preset(engine: Engine, dataset: DatasetSpec, now: Question | None) -> None:
    """The deck's questions, one click away."""
    presets = offered_presets(engine, dataset)
    titles = {p.name: p.title for p in presets}
    current = next((p.name for p in presets if now is not None and _same(p, dataset, now)), None)
    st.session_state["picture-preset"] = current
    st.pills(
        "The original study's questions",
        list(titles),
        key="picture-preset",
        format_func=lambda n: titles.get(n, n),
        on_change=safe_callback(_took_preset),
        args=(engine, dataset, presets),
        wrap=True,
    )


def _same(preset: PicturePreset, dataset: DatasetSpec, now: Question) -> bool:
    asked = questions.by_sum(questions.terms_of(preset)) if preset.minus else questions.by_prompts(preset.texts)
    return dataset.name in preset.datasets and now.way == asked.way and now.queries == asked.queries


def _took_preset(engine: Engine, dataset: DatasetSpec, presets: Sequence[PicturePreset]) -> None:
    preset = next((p for p in presets if p.name == st.session_state["picture-preset"]), None)
    if preset is None:
        return
    if preset.minus:
        set_texts(engine, "term", questions.terms_of(preset))
    else:
        set_texts(engine, "prompt", preset.texts)
    set_choice("way", questions.way_of(preset))
    set_choice("order", questions.BEFORE if preset.ladder else None)
    set_choice("right", None)
    _afresh()
    if dataset.name not in preset.datasets:
        stored = stored_pairs(engine).datasets
        best = next((d for d in preset.datasets if d in stored), preset.datasets[0])
        set_choice("data", [best, *(d for d in get_choice("data") if d != best)])


# --- how lists are shown ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """How many pictures a list has, which classes count as right ("named": those in the text), and what a list
    is compared with."""

    k: int
    right: tuple[str, ...] | str
    against: str


def showing(question: Question, images: EmbeddingSet | None, models: int) -> Showing:
    """What the address says, checked. What is possible, but not for this question, is no mistake."""
    named = some_of("right", images.classnames, (), A_CLASS) if images is not None and images.classnames else ()
    asked = one_of("against", questions.AGAINST, "", instead="what fits the question is used")
    usual = questions.MODELS if models > 1 and question.against != questions.BEFORE else question.against
    possible = comparisons(len(question.queries), models)
    return Showing(
        k=int(one_of("k", [str(d) for d in DEPTHS], "10")),
        right=named or "named",
        against=asked if asked in possible else usual if usual in possible else next(iter(possible), ""),
    )


def comparisons(queries: int, models: int) -> tuple[str, ...]:
    """What a list can be compared with."""
    return (*((questions.MODELS,) if models > 1 else ()), *((questions.FIRST, questions.BEFORE) if queries > 1 else ()))


def pick_showing(now: Showing, question: Question, images: EmbeddingSet | None, models: int) -> None:
    """A button that says how many pictures are shown; inside, what can change it."""
    words = plain(f"{now.k} images each")
    with choice_button("Length of the lists, what counts as correct", words, key="showing"):
        segments("k", "Images in each list", [str(d) for d in DEPTHS], str(now.k))
        possible = comparisons(len(question.queries), models)
        if possible:
            radio(
                "against", "Mark what is new against", possible, now.against, format_func=questions.AGAINST.__getitem__
            )
        if images is not None and images.classnames:
            multiselect(
                "right",
                "Classes that count as right",
                list(dict.fromkeys(images.classnames)),
                [] if isinstance(now.right, str) else list(now.right),
                placeholder="Those named in the text",
            )
