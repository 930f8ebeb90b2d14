"""`classify`: zero-shot classification."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.catalog.prompts import find_prompt_set
from core.commands.base import (
    Command,
    Record,
    Row,
    add_class_names,
    add_selection,
    answer,
    ensure_vectors,
    interval,
    percent,
    selection,
)
from core.engine import Engine
from core.errors import BadArgument, BadImage, TMVError
from core.stats.accuracy import METRICS
from core.studies.multi_label.study import MultiLabel, has_several_labels
from core.studies.zero_shot.classify import check_templates
from core.studies.zero_shot.open_set import EVEN, Threshold, judge, validation_split, validation_threshold
from core.studies.zero_shot.study import ZeroShot
from core.types import Note, Place
from core.words.open_set import judged_finding, threshold_line


def add_prompts(parser: argparse.ArgumentParser) -> None:
    """`--templates SET` or `--template T` (repeated), and `--classnames`."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--templates", metavar="SET", help="a prompt set (default: the data set's own)")
    group.add_argument(
        "--template",
        action="append",
        metavar="T",
        help="a template with one {} for the class name; repeat to average several",
    )
    add_class_names(parser)


def asked(args: argparse.Namespace) -> dict[str, Any]:
    """What `add_prompts` was given, as studies take it."""
    return {"templates": args.template, "prompt_set": args.templates, "classnames": args.classnames}


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selection(parser)
    add_prompts(parser)
    parser.add_argument("--image", metavar="FILE", help="one image instead of the data set, with the labels of --label")
    parser.add_argument("--label", action="append", metavar="TEXT", help="a label for --image; repeat for several")
    parser.add_argument(
        "--threshold",
        default=str(EVEN),
        type=_threshold,
        metavar="P",
        help="a label of --image, or of a data set whose images may have several, is accepted from this probability on "
        "(default 0.5), or from the one that gives the highest F1 on the data set's validation split: validation; only "
        "for models trained with a sigmoid",
    )


def _threshold(text: str) -> float | None:
    """A probability; None: as a validation split gives it."""
    if text == "validation":
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"expected validation or a number between 0 and 1, got {text!r}")
    return value


def _run(engine: Engine, args: argparse.Namespace) -> list[Record]:
    pairs = selection(args)
    if args.image or args.label:
        return _images(engine, args, pairs)
    for _, dataset in pairs:
        engine.prompting.templates(dataset, args.template, args.templates)
    return [_classify(engine, args, model, dataset) for model, dataset in pairs]


def _images(engine: Engine, args: argparse.Namespace, pairs: Sequence[tuple[str, str]]) -> list[Record]:
    """One image with labels of one's own, judged by every model."""
    labels = list(dict.fromkeys(args.label or ()))
    if not args.image or len(labels) < 1:
        raise BadArgument("One image takes --image FILE and at least one --label TEXT; got only one of the two.")
    if not Path(args.image).is_file():
        raise BadArgument(f"--image expects an image file, but there is none at {args.image}.")
    own = args.template or find_prompt_set(args.templates or "photo").templates
    return [_image(engine, args, engine.place(*pair, args.split), check_templates(own), labels) for pair in pairs]


def _image(
    engine: Engine, args: argparse.Namespace, place: Place, templates: Sequence[str], labels: Sequence[str]
) -> Record:
    model = place.model.name
    try:
        picture = engine.encoding.encode_image(model, Path(args.image).read_bytes())
    except BadImage as error:
        raise BadArgument(f"{args.image} cannot be used: {error}; choose another image.") from error
    classes, card = engine.prompting.class_head(model, templates, labels), engine.encoding.card(model)
    if card is not None and not card.score_rule.each_alone and len(labels) < 2:
        raise BadArgument(
            f"{model} compares labels with each other: give at least two --label TEXT, got {len(labels)}."
        )
    if card is None:
        raise TMVError(f"The card of {model} could not be kept; check whether {engine.cache_dir} can be written.")
    alone = card.score_rule.each_alone
    threshold = Threshold() if args.threshold is None else Threshold(value=args.threshold)
    if args.threshold is None and alone:
        threshold = validation_threshold(engine, place, templates)
    found = judge(picture, classes, labels, card.score_rule, threshold)
    said = [judged_finding(found), *([threshold_line(found.threshold)] if found.threshold else [])]
    notes = [Note(said[0], judged_finding(found).code), *(Note(line, "threshold") for line in said[1:])]
    return {
        "model": model,
        "dataset": place.dataset.name,
        "split": place.split,
        "image": args.image,
        "templates": list(templates),
        **found.to_record(),
        "notes": [note.as_dict() for note in notes],
    }


def _classify(engine: Engine, args: argparse.Namespace, model: str, dataset: str) -> Record:
    if has_several_labels(engine, dataset, args.split):
        return _several(engine, args, model, dataset)
    study = ZeroShot.at(engine, model, dataset, args.split, **asked(args))
    return answer(engine, study, f"prompts of {model}", "texts").to_record()


def _several(engine: Engine, args: argparse.Namespace, model: str, dataset: str) -> Record:
    """A data set whose images may have none or several labels; a threshold of a validation split needs its vectors."""
    study = MultiLabel.at(engine, model, dataset, args.split, **asked(args), threshold=args.threshold)
    if args.threshold is None and (there := validation_split(engine, study.place)) is not None:
        ensure_vectors(engine, there)
    return answer(engine, study, f"prompts of {model}", "texts").to_record()


def _several_row(record: Record) -> Row:
    at = record["at_threshold"] or {}
    return {
        "mAP": percent(record["mean_average_precision"]),
        "95 %": interval(record["mean_average_precision_ci95"]),
        "by chance": percent(record["chance"]),
        "threshold": f"{record['threshold']['value']:.3g}" if record["threshold"] else "",
        "precision": percent(at.get("precision")),
        "recall": percent(at.get("recall")),
    }


def _scores(record: Record) -> Row:
    """Every figure; a column of intervals has no name but "95 %", and blanks tell them apart."""
    if "mean_average_precision" in record:
        return _several_row(record)
    row = Row()
    for place, metric in enumerate(METRICS):
        row[metric.heading.lower()] = percent(record[metric.name])
        if metric.interval_column:
            row["95 %" + " " * place] = interval(record[f"{metric.name}_ci95"])
    return row


def _label_rows(record: Record) -> list[Row]:
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


def _rows(records: Sequence[Record]) -> list[Row]:
    if any("labels" in r for r in records):
        return [row for r in records for row in _label_rows(r)]
    return [
        {
            "model": r["model"],
            "data": r["dataset"],
            "split": r["split"],
            "n": r["n"],
            **_scores(r),
            "templates": len(r["templates"]),
        }
        for r in records
    ]


COMMAND = Command(
    name="classify",
    help="zero-shot classification with intervals and published figures",
    add_arguments=_add_arguments,
    run=_run,
    rows=_rows,
)
