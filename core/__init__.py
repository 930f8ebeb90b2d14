"""Text Meets Vision from a notebook or a script: the engine, the questions that it answers, and its errors.

    from core import Engine, ZeroShot

    engine = Engine()
    study = ZeroShot.at(engine, "demo-rn/demo", "demo-objects")
    engine.vectors.ensure(study.place)
    result = engine.run(study)
    print(result.acc1, result.acc1_ci95)

Importing this loads nothing: each name is loaded when it is first used, and torch only where a vector is missing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.engine import Engine as Engine
    from core.errors import NotHere as NotHere
    from core.errors import TMVError as TMVError
    from core.errors import UnknownName as UnknownName
    from core.report import Request as Request
    from core.report import make_report as make_report
    from core.studies.audit.study import Audit as Audit
    from core.studies.audit.study import audit_predictions as audit_predictions
    from core.studies.captions.study import Retrieval as Retrieval
    from core.studies.captions.study import one_caption as one_caption
    from core.studies.captions.study import one_picture as one_picture
    from core.studies.few_shot.study import FewShot as FewShot
    from core.studies.few_shot.study import SingleDraw as SingleDraw
    from core.studies.multi_label.study import MultiLabel as MultiLabel
    from core.studies.pictures.study import search as search
    from core.studies.pictures.study import similar as similar
    from core.studies.probe.study import LinearProbe as LinearProbe
    from core.studies.prompts.study import PromptSearch as PromptSearch
    from core.studies.prompts.study import PromptStudy as PromptStudy
    from core.studies.prompts.study import word_effects as word_effects
    from core.studies.zero_shot.study import ZeroShot as ZeroShot
    from core.types import Note as Note
    from core.types import Place as Place

_HOMES = {
    "Audit": "core.studies.audit.study",
    "Engine": "core.engine",
    "FewShot": "core.studies.few_shot.study",
    "LinearProbe": "core.studies.probe.study",
    "MultiLabel": "core.studies.multi_label.study",
    "NotHere": "core.errors",
    "Note": "core.types",
    "Place": "core.types",
    "PromptSearch": "core.studies.prompts.study",
    "PromptStudy": "core.studies.prompts.study",
    "Request": "core.report",
    "Retrieval": "core.studies.captions.study",
    "SingleDraw": "core.studies.few_shot.study",
    "TMVError": "core.errors",
    "UnknownName": "core.errors",
    "ZeroShot": "core.studies.zero_shot.study",
    "audit_predictions": "core.studies.audit.study",
    "make_report": "core.report",
    "one_caption": "core.studies.captions.study",
    "one_picture": "core.studies.captions.study",
    "search": "core.studies.pictures.study",
    "similar": "core.studies.pictures.study",
    "word_effects": "core.studies.prompts.study",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'core' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
