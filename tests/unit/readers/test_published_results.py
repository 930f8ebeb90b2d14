"""Tables with a data set a column as open_clip publishes them, and MTEB's JSON, as their projects write them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.errors import TMVError
from core.readers.external import Predictions
from core.readers.predictions import parse_predictions

HEAD = "name,pretrained,params (M),FLOPs (B),Average perf. on 38 datasets,ImageNet 1k,Caltech-101,ImageNet v2,Flickr"
RECALLS = (
    "name,pretrained,params (M),FLOPs (B),Average score,Flickr image retr. R@1,MSCOCO text retr. R@10,"
    "WinoGAViL avg jaccard score"
)
TASK: dict[str, Any] = {
    "dataset_revision": "aadb3af",
    "evaluation_time": 35.99,
    "mteb_version": "1.14.15",
    "scores": {"test": [{"accuracy": 0.7464, "hf_subset": "default", "languages": ["eng-Latn"], "main_score": 0.7464}]},
    "task_name": "CIFAR100ZeroShot",
}


def read(text: str, name: str = "results.csv") -> tuple[Predictions, ...]:
    return parse_predictions(text.encode(), name)


def test_a_table_of_open_clip_has_a_figure_in_every_column_of_a_data_set() -> None:
    found = read(f"{HEAD}\nRN50,openai,102,18,0.4812,0.5983,0.8,0.5,0.7\nViT-B-32,openai,151,15,0.5,0.6332,,0.55,\n")
    assert [(f.model, f.pretrained, f.dataset, dict(f.figures)) for f in found] == [
        ("RN50", "openai", "imagenet1k", {"acc1": 0.5983}),
        ("RN50", "openai", "vtab/caltech101", {"mean_per_class_recall": 0.8}),
        ("RN50", "openai", "imagenetv2", {"acc1": 0.5}),
        ("RN50", "openai", "retrieval/flickr_1k_test_image_text_retrieval", {"mean_recall@1": 0.7}),
        ("ViT-B-32", "openai", "imagenet1k", {"acc1": 0.6332}),
        ("ViT-B-32", "openai", "imagenetv2", {"acc1": 0.55}),
    ]
    assert found[0].source == "results.csv, line 2, imagenet1k"


def test_its_table_of_recalls_is_read_too() -> None:
    found = read(f"{RECALLS}\nRN50,openai,102,18,0.6,0.57,0.8,0.5\n")
    assert [(f.dataset, dict(f.figures), f.task) for f in found] == [
        ("flickr30k", {"image_retrieval_recall@1": 0.57}, "zeroshot_retrieval"),
        ("mscoco_captions", {"text_retrieval_recall@10": 0.8}, "zeroshot_retrieval"),
    ]


def test_a_cell_that_is_no_number_is_refused_with_its_line() -> None:
    with pytest.raises(TMVError, match=r"'soon' for imagenetv2 \(line 2\)"):
        read(f"{HEAD}\nRN50,openai,102,18,0.48,0.59,0.8,soon,0.7\n")


def test_a_table_of_answers_with_a_name_is_still_one() -> None:
    (found,) = read("name,label,prediction\na,cat,cat\nb,dog,cat\n")
    assert found.predicted is not None and not found.figures


def test_a_task_of_mteb_is_its_accuracy() -> None:
    (found,) = read(json.dumps(TASK), "CIFAR100ZeroShot.json")
    assert dict(found.figures) == {"acc1": 0.7464} and (found.dataset, found.split) == ("CIFAR100ZeroShot", "test")
    assert not found.notes


def test_all_results_of_a_model_name_it_and_other_tasks_are_said() -> None:
    other = TASK | {"task_name": "CIFAR100"}
    document = {"model_name": "laion/CLIP-ViT-B-32-laion2B-s34B-b79K", "task_results": [TASK, other]}
    (found,) = read(json.dumps(document), "all.json")
    assert found.model == "laion/CLIP-ViT-B-32-laion2B-s34B-b79K"
    assert [note.code for note in found.notes] == ["other_tasks"] and "CIFAR100" in found.notes[0]


def test_a_task_that_is_no_zero_shot_classification_is_refused() -> None:
    with pytest.raises(TMVError, match="result of Flickr30kI2TRetrieval, which is no zero-shot classification"):
        read(json.dumps(TASK | {"task_name": "Flickr30kI2TRetrieval"}), "x.json")
    with pytest.raises(TMVError, match="no accuracy in its scores"):
        read(json.dumps(TASK | {"scores": {"test": [{"f1": 0.5}]}}), "x.json")


def test_another_language_is_not_held_against_english_figures() -> None:
    rows = [TASK["scores"]["test"][0] | {"languages": ["deu-Latn"], "hf_subset": "de"}, TASK["scores"]["test"][0]]
    german, english = read(json.dumps(TASK | {"scores": {"test": rows}}), "x.json")
    assert [note.code for note in german.notes] == ["other_language"] and not english.notes
    assert german.source == "x.json, CIFAR100ZeroShot, test, de"


def test_rows_of_clip_benchmark_with_several_labels_do_not_spoil_the_rest() -> None:
    text = (
        "acc1,acc5,mean_per_class_recall,dataset,model,pretrained,task,mean_average_precision\n"
        "0.75,0.93,0.75,vtab/cifar100,ViT-B-32,openai,zeroshot_classification,\n"
        ",,,voc2007_multilabel,ViT-B-32,openai,zeroshot_classification,0.76\n"
    )
    (found,) = read(text, "benchmark.csv")
    assert found.figures["acc1"] == 0.75 and found.dataset == "vtab/cifar100"
    assert [note.code for note in found.notes] == ["rows_without_figures"] and "line 3" in found.notes[0]
