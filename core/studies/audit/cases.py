"""Cases for the audit: what catalog and cache know about a study of our own, or about answers from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from core.catalog import registry
from core.catalog.field import find_checkpoint
from core.catalog.models import config_and_weights
from core.catalog.prompts import find_prompt_set
from core.catalog.published import published
from core.encoders import weights
from core.encoders.tokens import token_keys
from core.errors import TMVError
from core.readers.datasets import DATASETS
from core.readers.named_sets import is_that_set
from core.studies.audit import Alternative, Asked, Case, CaseAnswers, CaseVectors, Cell, Known, Repeat, TextSide
from core.studies.captions.retrieval import RetrievalResult
from core.studies.field.own import field_set_of
from core.studies.probe.result import ProbeResult
from core.studies.result import StudyResult
from core.studies.zero_shot.classify import ZeroShotResult
from core.types import DatasetSpec, EmbeddingSet, FloatArray, ModelCard, ModelSpec, ScoreRule

OPENAI_TRANSFORM = {
    "mean": (0.48145466, 0.4578275, 0.40821073),
    "std": (0.26862954, 0.26130258, 0.27577711),
    "interpolation": "bicubic",
    "resize_mode": "shortest",
}
"""What the seven models of the study were trained with (openai/CLIP `clip.py`; open_clip `constants.py`)."""


def known_of(
    model: ModelSpec | None, dataset: DatasetSpec | None, card: ModelCard | None = None, figures: bool = True
) -> Known:
    """What the catalog says about weights and pictures; `figures` with the published ones."""
    sizes = dict(dataset.sizes) if dataset is not None else {}
    catalogued = dataset is not None and dataset.name in {d.name for d in DATASETS}
    measured = (dataset.default_split, *(("all",) if "all" in sizes else ())) if dataset and catalogued else ()
    return Known(
        sizes=sizes,
        classes=len(dataset.classnames) or None if dataset is not None else None,
        measured_on=measured,
        published=published(model, dataset) if figures and model and dataset else (),
        own_preprocessing=own_transform(model, card),
        rule=trained_rule(model, card),
        texts=text_side(model, card),
        checkpoint=find_checkpoint(model.name) if figures and model else None,
        field_set=field_set_of(dataset) if figures and dataset else None,
    )


def of_that_set(known: Known, dataset: DatasetSpec | None, images: EmbeddingSet) -> Known:
    """Without the figures of a published set that shards are only called after."""
    if dataset is None or is_that_set(dataset, images.classnames):
        return known
    return replace(known, published=(), field_set=None)


def trained_rule(model: ModelSpec | None, card: ModelCard | None) -> ScoreRule | None:
    """How a model was trained to score: by its card, else by its configuration, which only tells the function."""
    if model is None or card is not None:
        return None if card is None else card.score_rule
    config = _model_config(model)
    if "init_logit_bias" not in config:
        return ScoreRule(scale=100.0) if config else None
    return ScoreRule(function="sigmoid", scale=10.0, bias=float(config["init_logit_bias"] or 0.0))


def _model_config(model: ModelSpec) -> Mapping[str, Any]:
    files = config_and_weights(model)
    if files is None:
        return registry.architecture_config(model.architecture)
    try:
        config = json.loads(files[0].read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return dict(config.get("model_cfg", config))


def text_side(model: ModelSpec | None, card: ModelCard | None) -> TextSide | None:
    """How a model with a tokenizer of the hub wants its texts; None for CLIP's own vocabulary, which cleans by itself,
    and where that is not known."""
    try:
        text = None if model is None else weights.text_config(model)
    except TMVError:
        return None
    if model is None or text is None or not text.tokenizer:
        return None
    context = text.context_length if card is None else card.context_length
    own = dict(_model_config(model).get("text_cfg") or {})
    shown = "A Photo, of a Cat." if text.clean == "canonicalize" else "A Photo of a Cat"
    keys = token_keys(model, card, [shown, "a photo of a cat"])
    return TextSide(
        clean="" if text.clean == "whitespace" else text.clean,
        context=context,
        filled=own.get("pool_type") == "last" and not text.tower,
        seen=None if keys is None else (keys[0] == keys[1], _row_length(keys[0])),
    )


def _row_length(key: object) -> int:
    """Tokens of a row of int64, as the keys of a hub's tokenizer are."""
    return len(key) // 8 if isinstance(key, bytes) else 0


def own_transform(model: ModelSpec | None, card: ModelCard | None) -> Mapping[str, Any] | None:
    """The transform that belongs to the weights: of the catalog where it knows them, else as loading them told."""
    if model is None:
        return None
    if model.published_name is not None:
        return OPENAI_TRANSFORM | {"size": model.image_size}
    files = config_and_weights(model)
    if files is not None and files[0].is_file():
        config = json.loads(files[0].read_text("utf-8"))
        if own := config.get("preprocess_cfg"):
            return dict(own)
    return None if card is None else asdict(card.preprocessing)


def reference_templates(dataset: DatasetSpec) -> tuple[str, ...]:
    """The templates of the published protocol; () for people's own pictures, which nobody has published on."""
    if dataset.name not in {d.name for d in DATASETS} or dataset.kind != "classification":
        return ()
    return find_prompt_set(dataset.prompt_set).templates


# --- studies of our own -----------------------------------------------------------------------------------


def zero_shot_case(
    result: ZeroShotResult,
    known: Known,
    vectors: CaseVectors,
    *,
    asked: Asked,
    alternatives: Sequence[Alternative] = (),
    others: Sequence[Cell] = (),
    repeat: Repeat | None = None,
) -> Case:
    """A zero-shot study of this program."""
    return Case(
        title=f"{result.model} on {result.dataset}",
        **_source(result),
        scores={name: score.value for name, score in result.scores.items()},
        n=result.n,
        c=len(result.classnames),
        classnames=result.classnames,
        answers=answers_of(result),
        asked=asked,
        known=known,
        vectors=vectors,
        repeat=repeat,
        alternatives=tuple(alternatives),
        others=tuple(others),
    )


def probe_case(
    result: ProbeResult, known: Known, vectors: CaseVectors, zero_shot_acc1: float | None, repeat: Repeat | None = None
) -> Case:
    """A linear probe of this program."""
    return Case(
        title=f"linear probe of {result.model} on {result.dataset}",
        method="probe",
        **_source(result),
        scores={
            "acc1": result.test_acc1,
            "acc5": result.test_acc5,
            "mean_per_class_recall": result.mean_per_class_recall,
        },
        n=result.n,
        c=len(result.classnames),
        classnames=result.classnames,
        answers=answers_of(result),
        known=known,
        vectors=vectors,
        repeat=repeat,
        train_acc1=result.train_acc1,
        zero_shot_acc1=zero_shot_acc1,
        tuned=True,
    )


def retrieval_case(result: RetrievalResult, known: Known, vectors: CaseVectors, repeat: Repeat | None = None) -> Case:
    """Caption retrieval of this program."""
    sides = (("image", result.image), ("text", result.text))
    recalls = {f"{name}_retrieval_recall@{k}": v for name, side in sides for k, v in side.recall.items()}
    return Case(
        title=f"captions of {result.dataset} with {result.model}",
        method="retrieval",
        **_source(result),
        scores=recalls,
        n=result.n_images,
        known=known,
        vectors=vectors,
        repeat=repeat,
        captions=result.captions_range,
    )


def _source(result: StudyResult) -> dict[str, Any]:
    """Which model, on what, and where it comes from."""
    return {
        "model": result.model,
        "dataset": result.dataset,
        "split": result.split,
        "skipped": result.provenance.skipped,
        "preprocessing": result.provenance.preprocessing,
        "notes": result.notes,
        "provenance": result.provenance,
    }


def answers_of(result: ZeroShotResult | ProbeResult) -> CaseAnswers:
    """The answers of a study, picture by picture."""
    return CaseAnswers(
        ids=result.ids,
        labels=result.labels,
        top=result.top5,
        ranks=result.ranks,
        probability=result.top5_probability[:, 0],
    )


def cell_of(result: ZeroShotResult, images: FloatArray) -> Cell:
    """A study as something to compare another one with."""
    scores = {"acc1": result.acc1, "acc5": result.acc5, "mean_per_class_recall": result.mean_per_class_recall}
    return Cell(
        title=f"{result.model} on {result.dataset}",
        model=result.model,
        scores=scores,
        n=result.n,
        predicted=result.predicted,
        images=images,
    )
