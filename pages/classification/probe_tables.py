"""Behind a probe's number: measured, published and deck side by side, what it was trained on, and all of that over
the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from core.stats.numbers import count, interval_text, percent, points, setting
from core.studies.probe.result import ProbeResult
from core.tables.probe import probe_rows
from core.words.names import say_dataset, say_model, say_pair
from core.words.probe import held_out_line, probe_line
from pages.classification.deck_table import deck_table, show_legend
from pages.shared.layout import provenance_table
from pages.shared.navigation import to_probe
from pages.shared.save import save_rows
from pages.shared.words import plain, source_link


def probe_table(frame: pd.DataFrame) -> None:
    """Every model with every method, measured, published and deck."""
    show_legend(frame)
    deck_table(frame, caption=f"Linear probe and zero-shot on {frame['dataset_title'].iloc[0]}")
    save_rows(frame, "probe", key="csv-probe-table")


def probe_dialog(probe: ProbeResult, closed: Callable[[], None]) -> None:
    """How this probe's number was made, over the page."""
    title = plain(f"Linear probe of {say_pair(probe.model, probe.dataset)}")

    @st.dialog(title, width="large", on_dismiss=closed)
    def show() -> None:
        _made(probe)

    show()


def _made(probe: ProbeResult) -> None:
    st.markdown(
        f"**{percent(probe.test_acc1)}** top-1 ({interval_text(probe.test_acc1_ci95)}), "
        f"**{percent(probe.test_acc5)}** top-5 ({interval_text(probe.test_acc5_ci95)}) · {plain(probe_line(probe))}"
    )
    st.caption(
        f"{plain(f'{probe.model} on {probe.dataset}, {probe.split} split')}. Training accuracy: "
        f"{percent(probe.train_acc1)}. Intervals are Wilson's."
    )
    st.button(
        "Validation curve",
        key="protocol-probe",
        icon=":material/arrow_forward:",
        on_click=to_probe,
        args=(probe.model, probe.dataset, ("number",)),
    )
    _trained_on(probe)
    _elsewhere(probe)
    provenance_table(probe.provenance, f"Provenance of {probe.model} on {probe.dataset}")


def _elsewhere(probe: ProbeResult) -> None:
    """The figures from elsewhere that were made most like it."""
    tested, trained = probe_rows(probe)
    columns = (("acc1", tested, "test top-1"), ("acc5", tested, "test top-5"), ("acc1", trained, "training top-1"))
    for metric, row, said in columns:
        for kind, whose in (("published", "Published"), ("deck", "The original study")):
            name = f"{kind}_{metric}"
            value = row.get(name)
            if value is None or pd.isna(value):
                continue
            protocol, source = plain(str(row[f"{name}_protocol"])), source_link(str(row[f"{name}_source"]))
            gap = points(row[f"{name}_difference"], signed=True)
            st.caption(
                f"{whose}, {said}: **{percent(value)}**, {gap} from ours, "
                f"{row[f'{name}_lies']} our interval. Protocol: {protocol}. Source: {source}."
            )


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
        "Trained on": f"{count(probe.n_train, 'image')} of {dataset}, {probe.train_key.split} split",
        "Tested once on": f"{count(probe.n, 'image')}, {probe.split} split",
        "Classifier": str(details["classifier"]),
        "Features": str(details["features"]),
        "C": f"{setting(probe.C)}, of {count(len(probe.validation), 'value')} tried. {held_out_line(probe)}",
        "Choice": str(details["choice"]),
        "Fit": f"{details['iterations']} iterations, {'converged' if details['converged'] else 'not converged'}; "
        f"{probe.seconds:.1f} s in all",
        "Embeddings": f"train {probe.train_key.fingerprint}, test {probe.test_key.fingerprint}",
        "Training images": probe.train_provenance.data_digest[:16],
    }
    st.table(
        {k: plain(v) for k, v in rows.items()},
        border="horizontal",
        width="content",
        alt=f"What the probe of {probe.model} was trained on",
    )
