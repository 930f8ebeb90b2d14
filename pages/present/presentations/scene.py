"""One step of the deck's story, drawn from what is on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from core.charts.prompts import templates_chart
from core.charts.story import story_bars
from core.charts.theme import Chart
from core.deck import scenes as story
from core.deck.scenes import Pairs, Scene
from core.deck.steps import CLAIMS, TEN, Step
from core.engine import Engine
from core.errors import EncoderWarming, TMVError
from core.stats.numbers import duration, listed
from core.studies.captions.study import one_caption
from core.studies.pictures.search import Hit, PicturesResult
from core.studies.pictures.study import compare_lists, search
from core.tables.prompts import templates_frame
from core.tables.story import bars_frame
from core.words.captions import captioned_so, rank_finding, wordings_line
from core.words.names import say_dataset, say_model
from core.words.pictures import models_finding, new_pictures
from core.words.prompts import templates_finding
from pages.present import stage_html
from pages.present.stage_html import Shown, Strip
from pages.shared.guard import UNEXPECTED, log
from pages.shared.theme import STAGE, theme
from pages.shared.url_state import get_choice
from pages.shared.words import plain

HEIGHT = 530


@contextmanager
def quietly() -> Iterator[None]:
    """What fails is one quiet line; an encoder that is starting is asked again until it is up."""
    try:
        yield
    except EncoderWarming as waiting:
        _again(f"The encoder of {say_model(waiting.model)} is starting, {duration(waiting.seconds)} so far.")
    except TMVError as error:
        st.caption(plain(str(error)))
    except Exception:
        log.exception("a step of a story failed")
        st.caption(UNEXPECTED)


def _again(said: str) -> None:
    shown = False

    def poll() -> None:
        nonlocal shown
        if shown:
            st.rerun()
        shown = True
        st.caption(plain(f"{said} The answer comes by itself."))

    st.fragment(poll, run_every=1.5)()


def draw_step(engine: Engine, step: Step, pairs: Pairs) -> None:
    """The step, or the audience's question in its place."""
    scene = story.scene_of(step, pairs)
    asked = next(iter(get_choice("ask")), "")
    # A container of its own for each step: what the last one showed goes at once, before this one is there.
    with st.container(key=f"step-{step.name}{'-asked' if asked else ''}"), quietly():
        if asked:
            question(engine, scene, pairs, asked)
        elif step.datasets and not scene.dataset and step.kind not in ("table", "bars"):
            sets = listed([say_dataset(d) for d in step.datasets])
            st.caption(plain(f"None of {sets} has vectors here yet; embed one under Data & models."))
        else:
            _KINDS[step.kind](engine, scene, pairs)
            # What makes the numbers of these pictures doubtful, in small letters under them
            found = (engine.embeddings(model, dataset) for model, dataset in pairs if dataset == scene.dataset)
            notes = [note for images in found if images is not None for note in images.provenance.beside]
            for note in dict.fromkeys(note for note in notes if note.level != "info"):
                st.caption(plain(note))


# --- tables and charts ------------------------------------------------------------------------------------


def _table(engine: Engine, scene: Scene, pairs: Pairs) -> None:
    waiting: story.Waiting = []
    rows = story.table(engine, scene.step, pairs, waiting)
    stage_html.table(rows)
    if waiting:
        raise waiting[0]
    if not any(r.here for r in rows):
        st.caption("Nothing of this is measured here yet.")
    elif scene.demo:
        st.caption(plain(f"{say_dataset(scene.step.datasets[0])} is not here; {say_dataset(scene.dataset)} stands in."))


def _bars(engine: Engine, scene: Scene, pairs: Pairs) -> None:
    waiting: story.Waiting = []
    frame = bars_frame(story.bars(engine, scene.step, pairs, waiting), scene.step.metric)
    _chart(story_bars(frame, title=scene.step.title, theme=theme(), scale=STAGE), "stage-bars")
    if waiting:
        raise waiting[0]


def _templates(engine: Engine, scene: Scene, pairs: Pairs) -> None:
    studies = story.template_studies(engine, scene)
    st.subheader(plain(templates_finding(studies)), anchor=False)
    chart = templates_chart(templates_frame(studies), title=scene.step.title, theme=theme(), scale=STAGE)
    _chart(chart, "stage-templates")


def _chart(chart: Chart, key: str) -> None:
    """A chart without its toolbar, as high as the smallest projector has room for; on stage the style makes it as
    high as the screen."""
    chart.figure.update_layout(height=None, title_text="", margin_t=20)
    config = chart.config() | {"displayModeBar": False}
    with st.container(key="step-chart", height=HEIGHT, border=False):
        st.plotly_chart(chart.figure, theme=None, key=key, alt=chart.alt, config=config, height="stretch")


# --- pictures ---------------------------------------------------------------------------------------------


def _pictures(engine: Engine, scene: Scene, pairs: Pairs) -> None:
    rows = story.lists(engine, scene)
    stage_html.strips([(row[0].query.words, [_strip(engine, r) for r in row]) for row in rows])
    said = [
        f"{say_model(a.model)}: {new_pictures(compare_lists(engine, a, b))}"
        for a, b in zip(rows[0], rows[-1], strict=True)
    ]
    judged = any(hit.relevant is not None for hit in rows[0][0].hits)
    st.caption(plain(f"{_where(scene, judged)} From the first prompt to the last: {' '.join(said)}"))


def _where(scene: Scene, judged: bool) -> str:
    stands = f", standing in for {say_dataset(scene.step.datasets[0])}" if scene.demo else ""
    return f"The {TEN} best of {say_dataset(scene.dataset)}{stands}{'; framed: of the class named' if judged else ''}."


def _strip(engine: Engine, result: PicturesResult, right: Callable[[Hit], bool] | None = None) -> Strip:
    shown = tuple(
        Shown(
            thumbnail=engine.thumbnail(result.dataset, result.split, hit.id),
            alt=f"Rank {hit.rank}: {hit.label or next(iter(hit.captions), hit.id)}",
            under=f"{hit.score:.2f} {hit.label}".strip(),
            right=bool(hit.relevant) if right is None else right(hit),
        )
        for hit in result.hits
    )
    return Strip(title=say_model(result.model), pictures=shown)


def _caption(engine: Engine, scene: Scene, pairs: Pairs) -> None:
    text, said, rows = scene.texts[0], [], []
    own = story.own_pictures(engine.vectors.require(engine.place(scene.models[0], scene.dataset)), text)
    for wording in (text, *scene.beside):
        results = [search(engine, engine.place(m, scene.dataset), query=wording, k=TEN) for m in scene.models]
        rows.append((wording, [_strip(engine, r, lambda hit: hit.id in own) for r in results]))
    for model in scene.models if own else ():
        found = one_caption(
            engine, engine.place(model, scene.dataset), picture=own[0], text=text, others=scene.beside, by_word=False
        )
        said.append(f"{rank_finding(found)}{wordings_line(found)}")
    stage_html.strips(rows, lines=1 + len(said))
    for sentence in said:
        st.markdown(plain(sentence))
    st.caption(plain(captioned_so(len(own), scene.dataset)))


def question(engine: Engine, scene: Scene, pairs: Pairs, text: str) -> None:
    """What the audience asked for, on the pictures of the step."""
    dataset, models = scene.dataset, scene.models
    if scene.step.kind in ("bars", "claims", "faults") or not dataset:
        dataset = next((d for d in scene.step.datasets if any(d == there for _, there in pairs)), "")
        dataset = dataset or min((d for _, d in pairs), default="")
    if not dataset:
        st.caption("There are no images to ask yet; embed some under Data & models.")
        return
    models = story.beside(tuple(m for m, d in pairs if d == dataset))
    lists = [search(engine, engine.place(m, dataset), query=text, k=TEN) for m in models]
    stage_html.strips([(text, [_strip(engine, r) for r in lists])], lines=2)
    if len(lists) > 1:
        st.markdown(plain(models_finding(compare_lists(engine, lists[0], lists[1]))))
    st.caption(plain(f"The {TEN} best of {say_dataset(dataset)}. Back or Esc: on with the story."))


# --- claims -----------------------------------------------------------------------------------------------


def _claims(engine: Engine, scene: Scene, pairs: Pairs) -> None:
    said = {claim.name: claim.said for claim in CLAIMS}
    stage_html.claims([(said[r.claim], r) for r in story.claim_results(engine, pairs)])


def _faults(engine: Engine, scene: Scene, pairs: Pairs) -> None:
    stage_html.doubts(story.doubt_results(engine))


_KINDS: dict[str, Callable[[Engine, Scene, Pairs], None]] = {
    "table": _table,
    "bars": _bars,
    "templates": _templates,
    "pictures": _pictures,
    "caption": _caption,
    "claims": _claims,
    "faults": _faults,
}
