"""The tables behind a probe: measured, published and deck side by side, and what it was trained on."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.frames import say_dataset, say_model
from core.frames.probe import held_out_line, say_c
from core.studies.probe_result import ProbeResult
from pages.classification.deck_table import LEGEND, deck_table
from pages.shared.save import save_rows
from pages.shared.words import count, plain


def probe_table(frame: pd.DataFrame) -> None:
    """Every model with every method, measured, published and deck."""
    st.caption(LEGEND)
    deck_table(frame, caption=f"Linear probe and zero-shot on {frame['dataset_title'].iloc[0]}")
    save_rows(frame, "probe", key="csv-probe-table")


def trained_on(probes: Sequence[ProbeResult]) -> None:
    """What each probe learnt from, how C was chosen, and what the fit came to."""
    box = st.expander("What each probe was trained on", on_change="rerun", key="open-trained")
    if not box.open:
        return
    with box:
        for probe in probes:
            _trained_on(probe)


def _trained_on(probe: ProbeResult) -> None:
    details, dataset = probe.protocol.details, say_dataset(probe.dataset)
    st.markdown(f"**{plain(say_model(probe.model))}**")
    rows = {
        "Trained on": f"{count(probe.n_train, 'picture')} of {dataset}, {probe.train_key.split} split",
        "Tested once on": f"{count(probe.n, 'picture')}, {probe.split} split",
        "Classifier": str(details["classifier"]),
        "Features": str(details["features"]),
        "C": f"{say_c(probe.C)}, of {count(len(probe.validation), 'value')} tried. {held_out_line(probe)}",
        "Choice": str(details["choice"]),
        "Fit": f"{details['iterations']} iterations, {'to the optimum' if details['converged'] else 'stopped short'}; "
        f"{probe.seconds:.1f} s in all",
        "Embeddings": f"train {probe.train_key.fingerprint}, test {probe.test_key.fingerprint}",
        "Training pictures": probe.train_provenance.data_digest[:16],
    }
    st.table(
        {k: plain(v) for k, v in rows.items()},
        border="horizontal",
        width="content",
        alt=f"What the probe of {probe.model} was trained on",
    )
