"""Figures from elsewhere to lay beside our own: published tables (published.csv) and the deck's (deck.csv).

A published figure always carries how it was made. Where its pictures are not the ones of our data set (other
split, other size), the protocol says so: the two may be near each other, they need not agree.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from core.catalog.benchmark_names import without_quickgelu
from core.catalog.field import MEASURED, PROTOCOL, RECALL_SOURCE, SOURCE, checkpoints, every_set, figures_of_all
from core.types import DatasetSpec, ModelSpec, Reference

_HERE = Path(__file__).parent
_DECK_SOURCE = "the original study (Text Meets Vision, DATA586, Group 12)"
_PROMPT_STUDY = "eurosat (as titled)"
_PROMPT_STUDY_REMARK = (
    "titled as a satellite set; by its values and its number of batches very probably CIFAR-100 with ViT-B/32"
)
_PROTOCOLS = {
    "zeroshot_acc1_paper_table11": "CLIP paper: prompts and class names of its own",
    "linear_probe_acc1_paper_table10": "CLIP paper: L-BFGS, C swept on a validation part",
    "linear_probe_acc1_16shot_mean_of_5": "16 shots a class, mean of 5 draws",
}
_CAPTION_PROTOCOL = "5,000 images with 5 captions each; a hit is any caption of the image"
_OTHER_PICTURES = {
    "imagenet_mini": "on ImageNet-1k's 50,000 validation images, not on the mini set",
    "eurosat": "on {which}: EuroSAT has no official split, ours is a fixed half",
    "coco": "on 5,000 test images of COCO 2014 (Karpathy's), not on val2017",
}
_EUROSAT_PICTURES = (
    ("CLIP paper", "5,000 test images of its own"),
    ("embeddings-benchmark", "5,400 test images of its own"),
    ("Tip-Adapter", "CoOp's test images"),
)
_LIKE_ONE_TEMPLATE = ("single_prompt", "ensemble", "paper")
_LIKE_SEVERAL = ("ensemble", "paper", "single_prompt")
_RECALL_PAPER = re.compile(r"^(.*_recall@\d+)_paper$")
_FILE_AT_COMMIT = re.compile(r"^(?P<repository>[\w.-]+/[\w.-]+)@(?P<commit>[0-9a-f]+) (?P<path>\S+)$")
_THREAD = re.compile(r"github\.com/\S+")

FigureRow = dict[str, str]


@cache
def _rows(name: str) -> tuple[FigureRow, ...]:
    with (_HERE / name).open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def published(model: ModelSpec, dataset: DatasetSpec, metric_prefix: str | None = None) -> tuple[Reference, ...]:
    """Published figures of this model on this data set, in the order of the table, then those of the field that it
    lacks; () where there are none.

    Metrics are named as in the table: `zeroshot_…`, `linear_probe_…`, `tip_adapter_…`, `tip_adapter_f_…`,
    `clip_adapter_…`, `image_retrieval_…`, `text_retrieval_…`; `metric_prefix` keeps those that start with it,
    and `measured_as` says which of our own metrics one stands beside.
    """
    architecture, pretrained = _table_name(model)
    wanted = (without_quickgelu(architecture), pretrained, dataset.published_name)
    if not dataset.published_name:
        return ()
    rows = [
        row
        for row in _rows("published.csv")
        if (without_quickgelu(row["model"]), row["pretrained"], row["dataset"]) == wanted
    ]
    return tuple(
        Reference(
            metric=row["metric"], value=float(row["value"]), protocol=_protocol(row, dataset), source=row["source"]
        )
        for row in (*rows, *_of_the_field(wanted, rows))
        if row["metric"].startswith(metric_prefix or "")
    )


def _of_the_field(wanted: tuple[str, str, str], rows: Sequence[FigureRow]) -> list[FigureRow]:
    """The figures of the field as rows of the table, but for those that it has from the same file."""
    architecture, pretrained, dataset = wanted
    at = next(
        (
            i
            for i, each in enumerate(checkpoints())
            if (without_quickgelu(each.architecture), each.pretrained) == (architecture, pretrained)
        ),
        None,
    )
    known = {(measured_as(row["metric"]), row["source"]) for row in rows}
    found = list[FigureRow]()
    for k, each in enumerate(every_set() if at is not None else ()):
        if dataset not in (each.short, each.name.partition("/")[0]) or "_retrieval_" in dataset:
            continue
        metric = each.metric if each.recall else f"zeroshot_{each.metric}_ensemble"
        source = RECALL_SOURCE if each.recall else SOURCE
        if (measured_as(metric), source) not in known:
            value = str(figures_of_all()[at, k])
            found.append({"metric": metric, "protocol": PROTOCOL, "value": value, "source": source})
    return found


def deck_figures(model: ModelSpec, dataset: DatasetSpec, metric_prefix: str | None = None) -> tuple[Reference, ...]:
    """The deck's figures of this model on this data set; () where there are none."""
    wanted = (*_table_name(model), dataset.name)
    protocol = "as reported; templates and class names are not stated"
    return tuple(
        Reference(metric=row["metric"], value=float(row["value"]), protocol=protocol, source=_DECK_SOURCE, kind="deck")
        for row in _rows("deck.csv")
        if (row["model"], row["pretrained"], row["dataset"]) == wanted and row["metric"].startswith(metric_prefix or "")
    )


def deck_prompt_study() -> dict[str, Reference]:
    """template -> the deck's accuracy with it (one model, one data set, both doubtful: see the protocol)."""
    return {
        row["template"]: Reference(
            metric="acc1", value=float(row["value"]), protocol=_PROMPT_STUDY_REMARK, source=_DECK_SOURCE, kind="deck"
        )
        for row in _rows("deck.csv")
        if row["dataset"] == _PROMPT_STUDY
    }


def figure_url(source: str) -> str:
    """Where the source of a published figure can be read: the file at its commit, or the thread that quotes it; "" for
    a source that names neither."""
    if found := _FILE_AT_COMMIT.match(source):
        return "https://github.com/{repository}/blob/{commit}/{path}".format(**found.groupdict())
    thread = _THREAD.search(source)
    return f"https://{thread.group()}" if thread else ""


def measured_as(metric: str) -> str:
    """The name of our own metric that a figure stands beside: "zeroshot_acc1_ensemble" -> "acc1".

    A figure with no counterpart keeps its name.
    """
    paper = _RECALL_PAPER.match(metric)
    if paper:
        return paper.group(1)
    for name in ("mean_per_class_recall", "F1-macro_all", "train_acc1", "test_acc1", "acc1", "acc5"):
        if re.search(rf"_{name}(_|$)", metric):
            return MEASURED.get(name, name)
    return metric


def closest_protocol(references: Sequence[Reference], metric: str, several_templates: bool) -> Reference | None:
    """The figure made most like a measured `metric`: one prompt beside one, an ensemble beside several templates."""
    wanted = _LIKE_SEVERAL if several_templates else _LIKE_ONE_TEMPLATE
    same = [r for r in references if measured_as(r.metric) in (metric, f"test_{metric}")]

    def unlike(reference: Reference) -> int:
        return next((i for i, kind in enumerate(wanted) if kind in reference.metric), len(wanted))

    return min(same, key=unlike, default=None)


def _table_name(model: ModelSpec) -> tuple[str, str]:
    return model.published_name or (model.architecture, model.pretrained)


def _protocol(row: FigureRow, dataset: DatasetSpec) -> str:
    """How the figure was made, and what differs from this data set."""
    if "_retrieval_" in row["metric"]:
        # The table repeats its classification protocol there, which means nothing for captions.
        stated = _CAPTION_PROTOCOL if "TRUE" not in row["metric"] else "share of an image's 5 captions found"
    else:
        stated = row["protocol"] or _PROTOCOLS.get(row["metric"], "")
    return "; ".join(filter(None, [stated, other_images(dataset, row["source"])]))


def other_images(dataset: DatasetSpec, source: str) -> str:
    """What differs where the figures of a source are for other images than those of a data set; "" where they are
    not."""
    return _OTHER_PICTURES.get(dataset.name, "").format(which=_eurosat_pictures(source))


def _eurosat_pictures(source: str) -> str:
    for part, pictures in _EUROSAT_PICTURES:
        if part in source:
            return pictures
    return "all 27,000 images, or a test part that the source does not state"
