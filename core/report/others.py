"""Parts of a report on captions, on the audit, and on where every number comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from core.charts.audit import otherwise_chart
from core.charts.retrieval import rank_histogram_chart, recalls_chart
from core.charts.theme import Chart
from core.engine import Engine
from core.report import columns
from core.report.page import Section, Shot
from core.report.parts import Gathered, Request, file_name, shot
from core.report.tables import Table
from core.studies.audit import AuditResult
from core.studies.audit.study import Audit
from core.studies.captions.retrieval import RetrievalResult
from core.studies.captions.study import Retrieval
from core.tables.audit import audit_frame, otherwise_frame
from core.tables.retrieval import histogram_frame, recalls_frame, retrieval_frame
from core.words.audit import say_case, trust_finding
from core.words.captions import how_it_counts, lost_title, retrieval_finding, under_mistake
from core.words.names import say_dataset, say_pair
from core.words.notes import notes_of


def retrieval(engine: Engine, request: Request, datasets: Sequence[str], gathered: Gathered) -> Iterable[Section]:
    """Caption retrieval in both directions on every set with captions."""
    for dataset in datasets:
        found = [r for r in (_retrieve(engine, request, gathered, m, dataset) for m in request.models) if r is not None]
        if not found:
            continue
        recalls, frame = recalls_frame(found), retrieval_frame(found)
        name = file_name("retrieval", dataset)
        yield Section(
            title=f"Does a caption find its own picture on {say_dataset(dataset)}?",
            finding=retrieval_finding(found),
            lines=(how_it_counts(found[0]),),
            charts=_recall_charts(recalls, histogram_frame(found)),
            tables=(
                Table(
                    title=f"Caption retrieval on {say_dataset(dataset)}",
                    name=name,
                    frame=frame,
                    columns=columns.RECALLS,
                ),
            ),
            shots=tuple(_lost(engine, request, found[0])),
            shots_title=lost_title(found[0]),
            notes=tuple(notes_of(found)),
        )


def _recall_charts(recalls: pd.DataFrame, ranks: pd.DataFrame) -> tuple[Chart, ...]:
    return recalls_chart(recalls, "image"), recalls_chart(recalls, "text"), rank_histogram_chart(ranks)


def _retrieve(engine: Engine, request: Request, gathered: Gathered, model: str, dataset: str) -> RetrievalResult | None:
    said = f"Caption retrieval, {say_pair(model, dataset)}"
    result = gathered.ask(lambda: engine.run(Retrieval.at(engine, model, dataset, request.split)), said)
    if result is not None:
        gathered.note(result.model, result.dataset, result.split, result.provenance)
    return result


def _lost(engine: Engine, request: Request, result: RetrievalResult) -> Iterable[Shot]:
    """The pictures that lose to another one by the most, one caption each."""
    seen = set[int]()
    for place in np.argsort(result.margins, kind="stable"):
        row = int(result.image_index[place])
        if len(seen) >= request.pictures or result.margins[place] >= 0:
            return
        if row not in seen:
            seen.add(row)
            under = under_mistake(result, int(place))
            found = shot(engine, result.dataset, result.split, result.ids[row], result.ids[row], under, False)
            if found is not None:
                yield found


# --- the audit --------------------------------------------------------------------------------------------


def audits(engine: Engine, request: Request, datasets: Sequence[str], gathered: Gathered) -> Iterable[Section]:
    """Every check on every number of the report."""
    found = list[AuditResult]()
    for dataset in datasets:
        for model in request.models:
            result = _audit(engine, request, gathered, model, dataset)
            found += [result] if result is not None else []
    if not found:
        return
    yield Section(title="Can these numbers be trusted?", finding=trust_finding(found))
    for result in found:
        frame, gains = audit_frame([result]), otherwise_frame(result)
        name = file_name("audit", result.case.model, result.case.dataset)
        table = Table(title=f"Every check on {say_case(result)}", name=name, frame=frame, columns=columns.CHECKS)
        charts = (otherwise_chart(gains),) if len(gains) > 1 else ()
        yield Section(
            title=f"{say_case(result)}: every check",
            finding=result.sentence,
            lines=(),
            charts=charts,
            tables=(table,),
            level=3,
            notes=tuple(notes_of([result.case])),
        )


def _audit(engine: Engine, request: Request, gathered: Gathered, model: str, dataset: str) -> AuditResult | None:
    said = f"Audit, {say_pair(model, dataset)}"
    study = partial(Audit.at, engine, model, dataset, request.split, **request.prompts)
    return gathered.ask(lambda: engine.run(study()), said)


# --- where it all comes from ------------------------------------------------------------------------------


def provenance(gathered: Gathered) -> Section:
    """Weights, pictures, preprocessing and software behind every number."""
    rows = [
        {
            "model": model,
            "dataset": dataset,
            "split": split,
            "weights": p.model_digest[:16],
            "pictures": p.data_digest[:16],
            "preprocessing": _transform(p.preprocessing),
            "precision": f"{p.precision} on {p.device}",
            "software": ", ".join(f"{k} {v}" for k, v in p.versions.items()),
            "date": p.date[:10],
            "skipped": p.skipped,
            "notes": "; ".join(p.notes),
            "model_digest": p.model_digest,
            "data_digest": p.data_digest,
        }
        for (model, dataset, split), p in gathered.provenance.items()
    ]
    table = Table(
        title="Provenance of every number", name="provenance", frame=pd.DataFrame(rows), columns=columns.PROVENANCE
    )
    notes = tuple(dict.fromkeys(str(row["notes"]) for row in rows if row["notes"]))
    return Section(
        title="Where every number comes from",
        finding="",
        lines=("Weights and pictures are named by the first digits of the SHA-256 of their content.", *notes),
        charts=(),
        tables=(table,),
    )


def _transform(how: Mapping[str, Any]) -> str:
    kept = [
        f"{how[key]}{unit}" for key, unit in (("size", " px"), ("interpolation", ""), ("resize_mode", "")) if key in how
    ]
    mean = how.get("mean")
    return ", ".join([*kept, *([f"mean {' '.join(f'{float(v):.3f}' for v in mean)}"] if mean else [])])


def missing(gathered: Gathered) -> Section:
    """What was asked for and is not in the report, each with its reason."""
    return Section(title="What is not in this report", finding="", lines=tuple(dict.fromkeys(gathered.missing)))
