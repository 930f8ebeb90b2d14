"""Words: what each word of a prompt brings, for one picture or for a class, and what other wordings do."""

from collections.abc import Sequence

import streamlit as st

from core.charts.pictures import words_chart
from core.engine import Engine
from core.errors import EncoderWarming
from core.studies.pictures.study import search
from core.studies.prompts.compose import leave_one_out, rewordings_of
from core.studies.prompts.study import word_effects
from core.studies.prompts.words import WordsResult
from core.tables.pictures import rewordings_frame, words_frame
from core.types import DatasetSpec, EmbeddingSet, ModelSpec, Place
from core.words.names import say_model
from core.words.pictures import word_line, words_finding
from pages.prompt_study.word_importance.sentence import sentence
from pages.prompt_study.word_importance.word_target import (
    WordTarget,
    in_words,
    kept_choices,
    pick_target,
    pictures_to_choose,
    usual_text,
    word_target,
)
from pages.shared.chart import draw
from pages.shared.choice_rows import pick_on_dataset
from pages.shared.encode import encode
from pages.shared.engine import engine
from pages.shared.guard import errors_in_place, safe_callback
from pages.shared.layout import conclusion, exact_help, page_title, provenance_footer, sources
from pages.shared.missing import embedded, offer
from pages.shared.pickers import pick_models
from pages.shared.picture import picture
from pages.shared.prompt_picker import get_prompt_choice
from pages.shared.save import save_rows
from pages.shared.several import answered
from pages.shared.stored import ANY_KIND
from pages.shared.texts import box_key, get_texts, lines, set_texts, short_enough
from pages.shared.theme import chart_look
from pages.shared.url_state import bind, get_choice
from pages.shared.warming import warming
from pages.shared.words import plain

MOST_MODELS, OPENS, LONGEST = 4, 2, 300


def write(engine: Engine, text: str) -> None:
    """The text and its other wordings, with the one button."""
    own = get_texts(engine, "reword")
    keys = box_key("text", [text]), box_key("reword", own)
    with st.form("words", border=False):
        left, right, last = st.columns([4, 3, 1])
        left.text_input("Prompt", text, key=keys[0])
        right.text_area(
            "Paraphrases, one per line",
            "\n".join(own),
            key=keys[1],
            height=68,
            placeholder="Built-in paraphrases if empty",
        )
        # Labels stand in one line, and the button at the foot of the taller box.
        button = last.container(height="stretch", vertical_alignment="bottom")
        button.form_submit_button(
            "Analyze", type="primary", on_click=safe_callback(_wrote), args=(engine, *keys), width="stretch"
        )


def _wrote(engine: Engine, text: str, reword: str) -> None:
    written = short_enough(" ".join(st.session_state[text].split()), "The prompt", LONGEST)
    set_texts(engine, "reword", lines(st.session_state[reword]))
    if written:
        set_texts(engine, "text", [written])


def weigh(
    engine: Engine, here: Sequence[Place], text: str, target: WordTarget
) -> tuple[list[WordsResult], EncoderWarming | None]:
    """What every model says that can answer, and the encoder that is starting."""
    own = get_texts(engine, "reword") or rewordings_of(text)

    def ask(place: Place) -> WordsResult:
        encode(engine, place.model.name, [text, *(s.without for s in leave_one_out(text)), *own])
        return word_effects(
            engine, place, text=text, picture=target.picture, classname=target.classname, rewordings=own
        )

    return answered(here, ask)


# --- the answer -------------------------------------------------------------------------------------------


def strongest(results: Sequence[WordsResult]) -> None:
    """For each model the word that brings most, in a large figure."""
    for place, result in zip(st.columns(max(2, len(results)))[: len(results)], results, strict=True):
        with place, st.container(gap="xxsmall"):
            best = max(result.words, key=lambda w: w.contribution, default=None)
            label = f"{say_model(result.model)}: “{best.word}”" if best else say_model(result.model)
            st.metric(
                plain(label),
                f"{best.contribution:+.3f}" if best else f"{result.score:.3f}",
                help=exact_help(result.model),
            )
            st.caption(plain(word_line(result)))


def sentences(results: Sequence[WordsResult]) -> None:
    """The coloured sentence of each model, all on one scale."""
    largest = max((abs(w.contribution) for r in results for w in r.words), default=0.0)
    for result in results:
        st.markdown(f"**{plain(say_model(result.model))}**")
        sentence(result, largest)
    if largest:
        st.caption(
            "Under each word: the drop in score when it is left out. Plain gray raises the score, hatched gray lowers "
            "it; darker means more."
        )


def show_results(engine: Engine, results: list[WordsResult], target: WordTarget) -> None:
    """Figures, finding, sentences beside the picture, the chart, other wordings, the foot."""
    strongest(results)
    conclusion(plain(words_finding(results[0], in_words(target, results[0].n))), results)
    left, right = st.columns([1, 3], gap="large") if target.picture else (None, st.container())
    if left is not None:
        with left, errors_in_place():
            whole = engine.picture(results[0].dataset, results[0].split, str(target.picture))
            picture(whole, f"Image {target.picture} of {results[0].dataset}")
    with right:
        sentences(results)
    frame = words_frame(results)
    if not frame.empty:
        draw(words_chart(frame, **chart_look()), key="chart-words", title=False)
    rewordings(results)


def rewordings(results: Sequence[WordsResult]) -> None:
    """What other wordings do to the score."""
    frame = rewordings_frame(results)
    if frame.empty:
        return
    st.header("Paraphrases", anchor=False)
    number = st.column_config.NumberColumn
    columns = ["text", "model_title", "score", "difference", "difference_low", "difference_high"]
    st.dataframe(
        frame[columns].dropna(axis="columns", how="all"),
        hide_index=True,
        alt="Paraphrases with their score and the difference to the original's",
        key="rewordings",
        column_config={
            # So narrow that a phone shows the score beside it.
            "text": st.column_config.TextColumn("Paraphrase", width=170),
            "model_title": st.column_config.TextColumn("Model", width=90),
            "score": number("Score", format="%.3f"),
            "difference": number("Difference", format="%+.3f"),
            "difference_low": number("95 % from", format="%+.3f"),
            "difference_high": number("to", format="%+.3f"),
        },
    )
    save_rows(frame, "wordings", key="rewordings-csv")


# --- the page ---------------------------------------------------------------------------------------------


def page(engine: Engine) -> None:
    """From the choices to the answer."""
    chosen = pick_on_dataset(engine, 2, lambda e, d: pick_models(e, [d], most=MOST_MODELS, opens=OPENS), kind=ANY_KIND)
    if chosen is None:
        return
    models, dataset, _ = chosen
    split = get_prompt_choice([dataset]).split_of(dataset)
    stored = [(m, engine.embeddings(m.name, dataset.name, split)) for m in models]
    images = next((i for _, i in stored if i is not None), None)
    text = next(iter(get_texts(engine, "text")), "") or usual_text(dataset, images)
    write(engine, text)
    offer(engine, [(m, dataset, split) for m, images in stored if images is None])
    if images is not None:
        weighed(engine, models, dataset, images, text)


def weighed(engine: Engine, models: Sequence[ModelSpec], dataset: DatasetSpec, images: EmbeddingSet, text: str) -> None:
    """The part of the page that needs vectors."""
    key = images.key
    encode(engine, key.model, [text])
    nearest = search(engine, engine.place(key.model, key.dataset, key.split), query=text, k=10)
    target = word_target(images, text, nearest.hits[0].id)
    pick_target(images, target, nearest.hits[0].id)
    here, _ = embedded(engine, models, dataset, key.split)
    results, waiting = weigh(engine, here, text, target)
    if waiting is not None:
        warming(waiting)
    if results:
        show_results(engine, results, target)
        with errors_in_place():
            pictures_to_choose(engine, nearest, target)
        provenance_footer(
            sources(results),
            {
                "model": [m.name for m in models],
                "data": [dataset.name],
                "text": [text],
                "reword": get_choice("reword", 2000),
                **kept_choices(target),
            },
        )


bind("text", "reword", "target", "class")
page_title("Which words matter?")
with errors_in_place():
    page(engine())
