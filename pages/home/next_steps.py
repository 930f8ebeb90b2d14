"""How to go on to real models and images: two steps, the same on the page and on the command line."""

from __future__ import annotations

import streamlit as st

from core.engine import Engine

DATA_PAGE = "pages/data_and_models/page.py"


def next_steps(engine: Engine) -> None:
    """Where images go, and what computes their embeddings."""
    st.header("Use your own models and images", anchor=False)
    first, second = st.columns(2, gap="large")
    with first:
        st.markdown(
            "**1. Put your images into the data folder**, one folder per class: `my-photos/cat/…`, `my-photos/dog/…`. "
            "For captions, a CSV of image and caption beside them. Public sets can be downloaded under "
            "*Data & models*."
        )
        st.page_link(DATA_PAGE, label="Data & models", icon=":material/arrow_forward:")
    with second:
        st.markdown(
            "**2. Compute the embeddings once**, on *Data & models* or here. The weights of any OpenCLIP model are "
            "downloaded at first use; afterwards every question is answered at once."
        )
        st.code("python -m core embed --model ViT-B-32/openai --data folder:my-photos", language=None)
