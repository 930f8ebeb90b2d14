"""`classify --image`: images of one's own with labels that one types, by every model."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from core.catalog.models import find_model
from core.catalog.prompts import find_prompt_set
from core.commands.base import Record, Row, percent
from core.engine import Engine
from core.errors import BadArgument, BadImage, TMVError
from core.readers import read_names
from core.studies.zero_shot.classify import check_templates
from core.studies.zero_shot.open_set import Threshold, judge, validation_threshold
from core.types import ModelCard, Note, Place
from core.words.open_set import judged_finding, threshold_line

KINDS = ("curated", "raw")


def image_records(engine: Engine, args: argparse.Namespace, pairs: Sequence[tuple[str, str]]) -> list[Record]:
    """Every image judged by every model. A data set is needed for a threshold of its validation split alone."""
    labels, notes = _labels(args)
    if not args.image or not labels:
        raise BadArgument("One image takes --image FILE and at least one --label TEXT; got only one of the two.")
    for name in args.image:
        if not Path(name).is_file():
            raise BadArgument(f"--image expects an image file, but there is none at {name}.")
    if args.threshold is None and not args.data:
        raise BadArgument("--threshold validation needs the data set to choose it on: give --data NAME, or a number.")
    own = check_templates(args.template or find_prompt_set(args.templates or "photo").templates)
    places = [engine.place(*pair, args.split) for pair in pairs] if args.data else []
    if not args.data and args.split:
        raise BadArgument("--split is a split of a data set; give --data NAME too, or leave it out.")
    wheres: list[tuple[str, Place | None]] = [(place.model.name, place) for place in places]
    wheres = wheres or [(name, None) for name in dict.fromkeys(find_model(model).name for model in args.model)]
    return [
        _record(engine, args.threshold, model, place, file, own, labels, notes)
        for model, place in wheres
        for file in dict.fromkeys(args.image)
    ]


def _labels(args: argparse.Namespace) -> tuple[list[str], tuple[Note, ...]]:
    """Typed ones, else those of the file `--classnames`."""
    if args.label or args.classnames in KINDS:
        return list(dict.fromkeys(args.label or ())), ()
    found = read_names(Path(args.classnames))
    return list(dict.fromkeys(found.names)), found.notes


def _record(
    engine: Engine,
    fixed: float | None,
    model: str,
    place: Place | None,
    file: str,
    templates: Sequence[str],
    labels: Sequence[str],
    said: Sequence[Note],
) -> Record:
    try:
        picture = engine.encoding.encode_image(model, Path(file).read_bytes())
    except BadImage as error:
        raise BadArgument(f"{file} cannot be used: {error}; choose another image.") from error
    classes, card = engine.prompting.class_head(model, templates, labels), _card(engine, model, labels)
    threshold = Threshold() if fixed is None else Threshold(value=fixed)
    if fixed is None and place is not None and card.score_rule.each_alone:
        threshold = validation_threshold(engine, place, templates)
    found = judge(picture, classes, labels, card.score_rule, threshold)
    finding = judged_finding(found)
    notes = [*said, Note(finding, finding.code)]
    notes += [Note(threshold_line(found.threshold), "threshold")] if found.threshold else []
    return {
        "model": model,
        "dataset": "" if place is None else place.dataset.name,
        "split": "" if place is None else place.split,
        "image": file,
        "templates": list(templates),
        **found.to_record(),
        "notes": [note.as_dict() for note in notes],
    }


def _card(engine: Engine, model: str, labels: Sequence[str]) -> ModelCard:
    card = engine.encoding.card(model)
    if card is None:
        raise TMVError(f"The card of {model} could not be kept; check whether {engine.cache_dir} can be written.")
    if not card.score_rule.each_alone and len(labels) < 2:
        raise BadArgument(
            f"{model} compares labels with each other: give at least two --label TEXT, got {len(labels)}."
        )
    return card


def label_rows(record: Record) -> list[Row]:
    """The labels of one image, the likeliest first."""
    said = {True: "yes", False: "no", None: ""}
    return [
        {
            "model": record["model"],
            "image": record["image"],
            "label": label["label"],
            "probability": percent(label["probability"]),
            "accepted": said[label["accepted"]],
        }
        for label in record["labels"]
    ]
