"""One step of the deck's story, drawn from what is on this machine."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.charts.accuracy import accuracy_chart
from core.charts.prompts import templates_chart
from core.charts.story import story_bars
from core.charts.theme import Chart
from core.deck import scenes as story
from core.deck.scenes import Pairs, Scene
from core.deck.steps import CLAIMS, TEN, Step
from core.engine import Engine
from core.stats.numbers import full_stop, listed
from core.studies.captions.study import one_caption
from core.studies.pictures.study import compare_lists, search
from core.studies.zero_shot.classify import ZeroShotResult
from core.tables.accuracy import accuracy_frame
from core.tables.prompts import templates_frame
from core.tables.story import bars_frame
from core.words.accuracy import accuracy_finding
from core.words.captions import captioned_so, rank_finding, wordings_line
from core.words.deck import labelled_correctly, stand_in
from core.words.names import say_dataset, say_model
from core.words.pictures import new_pictures
from core.words.prompts import templates_finding
from pages.present import stage_html
from pages.present.answer import quietly, strip_of
from pages.present.stage_html import Shown, Strip
from pages.shared.chart import fitted
from pages.shared.picture import thumbnail
from pages.shared.theme import on_stage, stage_scale, theme
from pages.shared.words import plain


def draw_step(engine: Engine, step: Step, pairs: Pairs) -> None:
    """What the step shows."""
    scene = story.scene_of(step, pairs)
    with st.container(key=f"step-{step.name}"), quietly():
        if step.datasets and not scene.dataset and step.kind not in ("table", "bars"):
            sets = listed([say_dataset(d) for d in step.datasets])
            st.caption(plain(f"None of {sets} has vectors here yet; compute them under Data & models."))
        else:
            _KINDS[step.kind](engine, scene, pairs)
            # What makes the numbers of these pictures doubtful, in small letters under them
            found = (engine.embeddings(model, dataset) for model, dataset in pairs if dataset == scene.dataset)
            notes = [note for images in found if images is not None for note in images.provenance.beside]
            for note in dict.fromkeys(note for note in notes if note.level != "info"):
                st.caption(plain(note))


def _finding(said: str) -> None:
    """What a slide found: under its title, which on stage is the page's own."""
    (st.header if on_stage() else st.subheader)(plain(said), anchor=False)


# --- the opening ---------------------------------------------------------------------------------------------


def _opening(engine: Engine, scene: Scene, pairs: Pairs) -> None:
    """The same images as each of two models labels them, and how many they label correctly."""
    results = story.opening(engine, scene)
    _finding(full_stop(accuracy_finding(results)))
    stage_html.strips([("", [_labelled(engine, r) for r in results])], lines=4)
    said = labelled_correctly(results)
    chart = accuracy_chart(accuracy_frame(results), title=said, theme=theme(), scale=stage_scale(), upright=False)
    st.markdown(plain(said))
    _chart(chart, "stage-opening")


def _labelled(engine: Engine, result: ZeroShotResult) -> Strip:
    shown = (
        Shown(
            thumbnail=thumbnail(engine, result.dataset, result.split, result.ids[row]),
            alt=f"{result.classnames[result.labels[row]]}, called {result.classnames[result.predicted[row]]}",
            under="",
            named=result.classnames[result.predicted[row]],
            right=bool(result.correct[row]),
        )
        for row in story.opening_rows(result)
    )
    return Strip(title=say_model(result.model), pictures=tuple(shown))


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
        st.caption(plain(stand_in(scene.step.datasets[0], scene.dataset)))


def _bars(engine: Engine, scene: Scene, pairs: Pairs) -> None:
    waiting: story.Waiting = []
    frame = bars_frame(story.bars(engine, scene.step, pairs, waiting), scene.step.metric)
    _chart(story_bars(frame, title=scene.step.title, theme=theme(), scale=stage_scale()), "stage-bars")
    if waiting:
        raise waiting[0]


def _templates(engine: Engine, scene: Scene, pairs: Pairs) -> None:
    studies = story.template_studies(engine, scene)
    _finding(templates_finding(studies))
    chart = templates_chart(templates_frame(studies), title=scene.step.title, theme=theme(), scale=stage_scale())
    _chart(chart, "stage-templates")


def _chart(chart: Chart, key: str) -> None:
    """A chart without its toolbar and title, as high as there is room for."""
    figure = chart.untitled()
    fitted(chart, figure, key=key, config=chart.config() | {"displayModeBar": False})


# --- pictures ---------------------------------------------------------------------------------------------


def _pictures(engine: Engine, scene: Scene, pairs: Pairs) -> None:
    rows = story.lists(engine, scene)
    stage_html.strips([(row[0].query.words, [strip_of(engine, r) for r in row]) for row in rows])
    said = [
        f"{say_model(a.model)}: {new_pictures(compare_lists(engine, a, b))}"
        for a, b in zip(rows[0], rows[-1], strict=True)
    ]
    judged = any(hit.relevant is not None for hit in rows[0][0].hits)
    st.caption(plain(f"{_where(scene, judged)} From the first prompt to the last: {' '.join(said)}"))


def _where(scene: Scene, judged: bool) -> str:
    stands = f", instead of {say_dataset(scene.step.datasets[0])}" if scene.demo else ""
    framed = "; framed: of the class in the prompt" if judged else ""
    return f"The {TEN} best images of {say_dataset(scene.dataset)}{stands}{framed}."


def _caption(engine: Engine, scene: Scene, pairs: Pairs) -> None:
    text, said, rows = scene.texts[0], [], []
    own = story.own_pictures(engine.vectors.require(engine.place(scene.models[0], scene.dataset)), text)
    for wording in (text, *scene.beside):
        results = [search(engine, engine.place(m, scene.dataset), query=wording, k=TEN) for m in scene.models]
        rows.append((wording, [strip_of(engine, r, lambda hit: hit.id in own) for r in results]))
    for model in scene.models if own else ():
        found = one_caption(
            engine, engine.place(model, scene.dataset), picture=own[0], text=text, others=scene.beside, by_word=False
        )
        said.append(f"{rank_finding(found)}{wordings_line(found)}")
    stage_html.strips(rows, lines=1 + len(said))
    for sentence in said:
        st.markdown(plain(sentence))
    st.caption(plain(captioned_so(len(own), scene.dataset)))


# --- claims -----------------------------------------------------------------------------------------------


def _claims(engine: Engine, scene: Scene, pairs: Pairs) -> None:
    said = {claim.name: claim.said for claim in CLAIMS}
    stage_html.claims([(said[r.claim], r) for r in story.claim_results(engine, pairs)])


def _faults(engine: Engine, scene: Scene, pairs: Pairs) -> None:
    stage_html.doubts(story.doubt_results(engine))


_KINDS: dict[str, Callable[[Engine, Scene, Pairs], None]] = {
    "opening": _opening,
    "table": _table,
    "bars": _bars,
    "templates": _templates,
    "pictures": _pictures,
    "caption": _caption,
    "claims": _claims,
    "faults": _faults,
}
