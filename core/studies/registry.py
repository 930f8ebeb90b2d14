"""Every study that can be asked for, once.

A study may have a job, a command (`core/commands/KIND.py`) and a part of the report (`core/report/sections/KIND.py`):
they are found by the name of its kind, with _ for -.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.studies.audit.study import Audit
from core.studies.audit.trying.study import Trying
from core.studies.base import LongStudy, Study
from core.studies.captions.study import Retrieval
from core.studies.data_quality.label_errors import LikelyLabelErrors
from core.studies.data_quality.near import NearDuplicates
from core.studies.few_shot.study import FewShot, SingleDraw
from core.studies.multi_label.study import MultiLabel
from core.studies.probe.study import LinearProbe
from core.studies.prompts.study import PromptSearch, PromptStudy
from core.studies.zero_shot.study import ZeroShot

STUDIES: tuple[type[Study[Any]], ...] = (
    ZeroShot,
    MultiLabel,
    PromptStudy,
    PromptSearch,
    LinearProbe,
    FewShot,
    SingleDraw,
    Retrieval,
    Audit,
    Trying,
    NearDuplicates,
    LikelyLabelErrors,
)

JOBS: Mapping[str, type[LongStudy[Any]]] = {study.kind: study for study in STUDIES if issubclass(study, LongStudy)}
"""Studies that may run in a process of their own, by the kind of their job."""


def report_parts() -> dict[str, str]:
    """The modules of the parts of a report: those of studies, and where their figures are among published ones."""
    return {**named_after_studies("report/sections"), "field": "core.report.sections.field"}


def named_after_studies(folder: str) -> dict[str, str]:
    """The modules of `core/FOLDER/` that bear the name of a study's kind, by that kind, in the order of `STUDIES`."""
    here, package = Path(__file__).parents[1] / folder, folder.replace("/", ".")
    files = {study.kind: study.kind.replace("-", "_") for study in STUDIES}
    return {kind: f"core.{package}.{name}" for kind, name in files.items() if (here / f"{name}.py").exists()}
