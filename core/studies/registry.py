"""Every study that can be asked for, once: what finds a study by its name reads this."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.studies.audit.study import Audit
from core.studies.base import LongStudy, Study
from core.studies.captions.study import Retrieval
from core.studies.few_shot.study import FewShot, SingleDraw
from core.studies.probe.study import LinearProbe
from core.studies.prompts.study import PromptSearch, PromptStudy
from core.studies.zero_shot.study import ZeroShot

STUDIES: tuple[type[Study[Any]], ...] = (
    ZeroShot,
    PromptStudy,
    PromptSearch,
    LinearProbe,
    FewShot,
    SingleDraw,
    Retrieval,
    Audit,
)

JOBS: Mapping[str, type[LongStudy[Any]]] = {study.kind: study for study in STUDIES if issubclass(study, LongStudy)}
"""Studies that may run in a process of their own, by the kind of their job."""
