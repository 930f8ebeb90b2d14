"""Linear probes that have been trained, beside zero-shot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from core.charts.validation import validation_chart
from core.engine import Engine
from core.report.page import Section
from core.report.parts import Gathered, Part, Request, file_name
from core.stats.numbers import full_stop
from core.studies.probe.result import ProbeResult
from core.studies.probe.study import LinearProbe
from core.studies.zero_shot.classify import ZeroShotResult
from core.studies.zero_shot.study import ZeroShot
from core.tables import columns
from core.tables.forms import Table
from core.tables.methods import methods_frame
from core.tables.probe import validation_frame
from core.words.names import say_dataset, say_model, say_pair
from core.words.notes import notes_of
from core.words.probe import probe_finding, probe_line


def probes(engine: Engine, request: Request, datasets: Sequence[str], gathered: Gathered) -> Iterable[Section]:
    """Linear probes that have been trained, beside zero-shot on the same pictures."""
    for dataset in datasets:
        asked = (_probe(engine, request, gathered, model, dataset) for model in request.models)
        found = [result for result in asked if result is not None]
        if not found:
            continue
        texts = [r for p in found if (r := _beside(engine, request, p)) is not None]
        frame = methods_frame(texts, found)
        name = file_name("probes", dataset)
        lines = tuple(f"{say_model(p.model)}: {probe_line(p)}." for p in found)
        yield Section(
            title=f"What does training on labels add on {say_dataset(dataset)}?",
            finding=full_stop(probe_finding(found, texts)),
            lines=lines,
            charts=tuple(validation_chart(validation_frame([p])) for p in found),
            tables=(
                Table(
                    title=f"Zero-shot and linear probe on {say_dataset(dataset)}",
                    name=name,
                    frame=frame,
                    columns=columns.PROBES,
                ),
            ),
            notes=tuple(notes_of(found)),
        )


def _probe(engine: Engine, request: Request, gathered: Gathered, model: str, dataset: str) -> ProbeResult | None:
    said = f"Linear probe, {say_pair(model, dataset)}"
    result = gathered.ask(lambda: engine.kept(LinearProbe.at(engine, model, dataset, request.split)), said)
    if result is not None:
        gathered.note(result.model, result.dataset, result.split, result.provenance)
        gathered.note(result.model, result.dataset, result.train_key.split, result.train_provenance)
    return result


def _beside(engine: Engine, request: Request, probe: ProbeResult) -> ZeroShotResult | None:
    silent = Gathered()
    study = partial(ZeroShot.at, engine, probe.model, probe.dataset, probe.split, **request.prompts)
    return silent.ask(lambda: engine.run(study()), "")


PART = Part(on="classification", build=probes)
