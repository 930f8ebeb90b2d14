"""Word by word: where the picture stands without each word, and with other wordings."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.charts.retrieval import word_ranks_chart
from core.engine import Engine
from core.errors import EncoderWarming
from core.studies.captions.one_caption import OneCaptionResult
from core.studies.captions.study import one_caption
from core.studies.prompts.compose import leave_one_out
from core.tables.retrieval import word_ranks_frame, wordings_frame
from core.words.captions import holding_word
from core.words.names import say_model, short_names
from pages.caption_retrieval.current import CurrentCaption, edit_caption
from pages.shared.chart import draw
from pages.shared.columns import Columns
from pages.shared.encode import encode
from pages.shared.save import save_rows
from pages.shared.several import answered
from pages.shared.theme import chart_look
from pages.shared.words import plain


def study(
    engine: Engine, found: Sequence[OneCaptionResult], now: CurrentCaption
) -> tuple[list[OneCaptionResult], EncoderWarming | None]:
    """The caption word by word, and the wordings beside it, for the models whose encoder is up."""
    without = [span.without for span in leave_one_out(now.text)]

    def ask(one: OneCaptionResult) -> OneCaptionResult:
        encode(engine, one.model, [now.text, *without, *now.beside])
        place = engine.place(one.model, one.dataset, one.split)
        return one_caption(engine, place, picture=one.picture, text=now.text, others=now.beside)

    return answered(found, ask)


def by_word(results: Sequence[OneCaptionResult], now: CurrentCaption) -> None:
    """Where the picture stands without each word, and the words that matter in a sentence for each model."""
    if not results[0].words:
        st.caption("A single word: nothing can be left out.")
        return
    left, right = st.columns([3, 2], gap="large")
    with left:
        chart = word_ranks_chart(word_ranks_frame(results), title="Rank without each word", **chart_look())
        texts = [word.without.text for word in results[0].words]
        draw(
            chart,
            key="chart-words",
            picked=lambda mark: edit_caption(now.picture, texts[int(mark[1])], now.original_text),
        )
    with right:
        for result in results:
            st.markdown(f"**{plain(say_model(result.model))}**: {plain(holding_word(result))}")
        st.caption("Click a mark to query the caption without that word.")


def wordings(results: Sequence[OneCaptionResult]) -> None:
    """The caption and the wordings laid beside it: the rank of the picture and its score for each model."""
    frame = wordings_frame(results)
    names = dict(zip((r.model for r in results), short_names([r.model for r in results]), strict=True))
    texts = list(dict.fromkeys(frame["text"]))
    number = st.column_config.NumberColumn
    table = dict[str, list[object]]()
    for kind in ("rank", "score"):
        for model, name in names.items():
            own = frame[frame["model"] == model].drop_duplicates("text").set_index("text")[kind]
            table[f"{kind} {name}"] = [own[text] for text in texts]
        table |= {"text": texts} if kind == "rank" else {}
    of, cosine = f"Of {results[0].n:,} images", "Cosine of the image and the text"
    columns: Columns = {
        "text": st.column_config.TextColumn("Wording", width="large"),
        **{f"rank {name}": number(f"Rank, {name}", format="localized", help=of) for name in names.values()},
        **{f"score {name}": number(f"Score, {name}", format="%.3f", help=cosine) for name in names.values()},
    }
    st.dataframe(
        pd.DataFrame(table),
        hide_index=True,
        key="wordings",
        column_config=columns,
        alt="Rank and score of each wording",
    )
    save_rows(frame, "wordings", key="wordings-csv")
