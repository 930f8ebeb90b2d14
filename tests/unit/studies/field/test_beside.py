"""Brought figures beside the field: the published table itself, a wrong cell, and models that nobody knows."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.catalog.field import accuracy, checkpoints, field_sets, find_checkpoint, find_set
from core.readers.predictions import parse_predictions
from core.studies.field.beside import BroughtFigures, laid_beside
from core.studies.field.expected import expected, expected_of
from core.tables.field import beside_frame
from core.words.field import beside_said

HEADS = {
    "imagenet1k": "ImageNet 1k",
    "imagenetv2": "ImageNet v2",
    "imagenet_sketch": "ImageNet Sketch",
    "retrieval/flickr_1k_test_image_text_retrieval": "Flickr",
    "retrieval/mscoco_2014_5k_test_image_text_retrieval": "MSCOCO",
}


def laid(text: str, name: str = "openclip_results.csv") -> BroughtFigures:
    return laid_beside(parse_predictions(text.encode(), name))


def table(rows: dict[str, list[float]]) -> str:
    lines = [",".join(["name", "pretrained", *(HEADS.get(each.name, each.title) for each in field_sets())])]
    return "\n".join([*lines, *(",".join([*name.split("/"), *map(str, row)]) for name, row in rows.items())])


def test_open_clip_s_own_table_has_no_difference_anywhere() -> None:
    some = [0, 40, 120]
    found = laid(table({checkpoints()[i].name: list(accuracy()[i]) for i in some}))
    assert len(found.rows) == 3 * 38 and not found.left
    assert all(row.difference == 0 for row in found.rows)
    values = np.array([row.value for row in found.rows]).reshape(3, 38)
    np.testing.assert_array_equal(values, accuracy()[some])
    first = found.rows[3]
    likely = expected_of(checkpoints()[0], find_set("cifar100"))
    assert first.field_set == find_set("cifar100") and first.expected is not None
    assert (first.expected.low, first.expected.high) == (likely.low, likely.high)


def test_a_cell_typed_wrong_is_outside_and_said() -> None:
    checkpoint = find_checkpoint("ViT-B-32/openai")
    assert checkpoint is not None
    row = list(accuracy()[checkpoints().index(checkpoint)])
    at = field_sets().index(find_set("cifar100"))
    row[at] -= 0.3
    found = laid(table({checkpoint.name: row}))
    assert found.rows[at].place == "below" and found.rows[at].difference == pytest.approx(-0.3)
    said = beside_said(found)
    assert said.code == "unlike_the_field" and "CIFAR-100, 30.0" in said
    frame = beside_frame(found)
    assert len(frame) == 38 and frame["difference"].iloc[at] == pytest.approx(-0.3)


def test_a_model_nobody_knows_is_held_against_its_own_figures() -> None:
    documents = [
        {"dataset": name, "model": "my-clip", "pretrained": "v7", "metrics": {"acc1": value, "acc5": 0.95}}
        for name, value in (("wds/vtab/cifar100", 0.7), ("food101", 0.8), ("imagenet1k", 0.62))
    ]
    found = laid(json.dumps(documents), "mine.json")
    assert [row.field_set.short for row in found.rows] == ["cifar100", "food101", "imagenet1k"]
    assert all(row.published is None for row in found.rows)
    likely = expected(find_set("cifar100"), {"food101": 0.8, "imagenet1k": 0.62})
    assert found.rows[0].expected is not None and found.rows[0].expected.value == likely.value


def test_one_figure_alone_says_what_is_missing() -> None:
    (row,) = laid('{"dataset": "cifar100", "model": "my-clip", "metrics": {"acc1": 0.7}}', "mine.json").rows
    assert row.expected is None and row.place is None and "once it has a figure on another set" in row.why


def test_another_metric_or_data_set_is_left_out_with_its_reason() -> None:
    found = laid(
        json.dumps(
            [
                {"dataset": "wds/vtab/pets", "model": "ViT-B-32", "pretrained": "openai", "metrics": {"acc1": 0.87}},
                {"dataset": "birds", "model": "ViT-B-32", "pretrained": "openai", "metrics": {"acc1": 0.5}},
            ]
        ),
        "x.json",
    )
    assert not found.rows and beside_said(found).code == "nothing"
    assert "publishes mean per class recall of Oxford-IIIT Pet" in found.left[0] and "birds" in found.left[1]


def test_recalls_and_mteb_have_their_place() -> None:
    recall = {"dataset": "mscoco_captions", "model": "ViT-B-32", "pretrained": "openai"}
    (row,) = laid(json.dumps(recall | {"metrics": {"image_retrieval_recall@5": 0.5594}}), "x.json").rows
    assert row.field_set.name == "mscoco_captions/image_retrieval_recall@5" and row.difference == 0
    task = {"task_name": "Food101ZeroShot", "scores": {"test": [{"accuracy": 0.8, "languages": ["eng-Latn"]}]}}
    document = {"model_name": "openai/clip-vit-base-patch32", "task_results": [task]}
    (row,) = laid(json.dumps(document), "x.json").rows
    assert (row.model, row.field_set) == ("ViT-B-32/openai", find_set("food101")) and row.published is not None
