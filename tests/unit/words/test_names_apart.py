"""Two of one name are told apart wherever they stand beside each other, by as little as that takes."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import combinations

import pytest

from core.catalog.models import MODELS, find_model
from core.charts.accuracy import accuracy_chart
from core.report.parts import file_name
from core.tables.accuracy import accuracy_frame
from core.words.names import (
    distinct_datasets,
    distinct_models,
    file_part,
    full_title,
    say_dataset,
    say_model,
    short_names,
    show_together,
    shown_together,
    told_apart,
)
from tests.sample_results import sample_result

A, B = "file:/runs/vit.json,/runs/a/epoch_1.pt", "file:/runs/vit.json,/runs/a/epoch_2.pt"
MODEL_CASES = [
    ([A], ["epoch_1"]),
    ([A, B], ["epoch_1", "epoch_2"]),
    (["file:/c.json,/runs/a/best.pt", "file:/c.json,/runs/b/best.pt"], ["a/best", "b/best"]),
    (["file:/c.json,/x/a/ckpt/best.pt", "file:/c.json,/x/b/ckpt/best.pt"], ["a/ckpt/best", "b/ckpt/best"]),
    (["file:/c.json,/x/best.pt", "file:/c.json,/x/best.ckpt"], ["best.pt", "best.ckpt"]),
    (["file:/x/one.json,/x/best.pt", "file:/x/two.json,/x/best.pt"], ["best (one)", "best (two)"]),
    (["file:/c.json,best.pt", "file:/c.json,/x/best.pt"], ["best", "x/best"]),
    (
        [A, "ViT-B-32/openai", "ViT-B-32/laion2b_s34b_b79k", "ViT-B-32/laion2b_e16"],
        ["epoch_1", "ViT-B/32 · OpenAI", "ViT-B-32/laion2b_s34b_b79k", "ViT-B-32/laion2b_e16"],
    ),
]
DATA_CASES = [
    (["folder:/a/test"], ["test"]),
    (["folder:/hospital_a/test", "folder:/hospital_b/test"], ["hospital_a/test", "hospital_b/test"]),
    (["folder:/a/test", "folder:/b/test", "folder:/c/other"], ["a/test", "b/test", "other"]),
    (["folder:/x/a/b/test/", "folder:/y/a/b/test"], ["x/a/b/test", "y/a/b/test"]),
    (["folder:/a/test", "captions:/a/test"], ["folder:test", "captions:test"]),
    (["captions:/a/captions.csv", "captions:/b/captions.csv"], ["a/captions.csv", "b/captions.csv"]),
    (["folder:test", "folder:/b/test"], ["test", "b/test"]),
    (["food101", "folder:/mine/Food-101"], ["Food-101", "mine/Food-101"]),
    (["wds:/s/train", "wds:/s/test", "folder:/t/test"], ["train", "s/test", "t/test"]),
]


@pytest.mark.parametrize(("names", "said"), MODEL_CASES)
def test_models(names: list[str], said: list[str]) -> None:
    assert list(distinct_models(names).values()) == said
    with shown_together(models=names):
        assert [say_model(name) for name in names] == said
    assert say_model(names[0]) == distinct_models(names[:1])[names[0]]


@pytest.mark.parametrize(("names", "said"), DATA_CASES)
def test_datasets(names: list[str], said: list[str]) -> None:
    assert list(distinct_datasets(names).values()) == said
    with shown_together(datasets=names):
        assert [say_dataset(name) for name in names] == said


def test_random_paths_are_always_told_apart() -> None:
    draw = random.Random(0)
    for _ in range(200):
        paths = {"/".join(draw.choices("ab", k=draw.randint(1, 4))) for _ in range(6)}
        data = [f"{kind}:/{path}" for path in paths for kind in ("folder", "captions") if draw.random() < 0.8]
        models = [
            f"file:/{c}.json,/{path}.{s}" for path in paths for c in "ab" for s in ("pt", "bin") if draw.random() < 0.4
        ]
        for found in (distinct_datasets(data), distinct_models(models)):
            assert len(set(found.values())) == len(found)
        assert len({file_part(name) for name in (*data, *models)}) == len({*data, *models})


def test_frames_and_charts_tell_their_results_apart() -> None:
    results = [sample_result(model) for model in (A, B)]
    assert list(accuracy_frame(results)["model_title"]) == ["epoch_1", "epoch_2"]
    two = [replace(results[0], dataset=name) for name in ("folder:/hospital_a/test", "folder:/hospital_b/test")]
    frame = accuracy_frame(two)
    assert list(frame["dataset_title"]) == ["hospital_a/test", "hospital_b/test"]
    assert list(accuracy_frame(two[:1])["dataset_title"]) == ["test"]
    chart = accuracy_chart(frame)
    said = str(chart.figure.to_dict())
    assert "hospital_a/test" in said and "folder:/hospital_b/test" in said  # the whole path in the tooltip
    one, other = (accuracy_chart(accuracy_frame([r])).filename for r in results)
    assert one != other and one.startswith("accuracy-acc1-epoch_1")
    assert accuracy_chart(accuracy_frame([sample_result()])).filename == "accuracy-acc1"


def test_marks_and_names_in_the_legend_are_as_many_as_models() -> None:
    chart = accuracy_chart(accuracy_frame([sample_result(f"file:/c.json,/runs/{i}/best.pt") for i in range(16)]))
    bars = [trace for trace in chart.figure.data if trace.type == "bar"]
    fills = {(bar.marker.color, bar.marker.pattern.shape) for bar in bars}
    assert len({bar.name for bar in bars}) == len(fills) == 16


def test_short_names_and_titles() -> None:
    assert short_names([A, B]) == ("epoch_1", "epoch_2")
    assert short_names(["file:/c.json,/a/best.pt", "file:/d.json,/b/best.pt"]) == ("a/best", "b/best")
    assert full_title(MODELS[0]) == "Demo ViT" and full_title(find_model(A)) == "epoch_1"


def test_what_is_shown_together_ends_with_its_block_and_is_replaced_by_the_next_page() -> None:
    both = ["folder:/a/test", "folder:/b/test"]

    @told_apart
    def say(results: list[object]) -> list[str]:
        return [say_dataset(name) for name in both]

    class Result:
        def __init__(self, dataset: str) -> None:
            self.model, self.dataset = A, dataset

    assert say([[Result(name)] for name in both]) == ["a/test", "b/test"]
    assert [say_dataset(name) for name in both] == ["test", "test"]
    with shown_together(datasets=both):
        show_together(datasets=both[:1])
        assert say_dataset(both[0]) == "test" and say_dataset(both[1]) == "b/test"
    assert say_dataset(both[1]) == "test"


def test_files_of_a_report_never_share_a_name() -> None:
    long = "/very/long" * 30
    names = [f"folder:{long}/{i}/test" for i in range(3)]
    assert len({file_name("audit", A, name) for name in names}) == 3
    assert all(a != b for a, b in combinations([file_name("classes", m, names[0]) for m in (A, B)], 2))
    assert file_name("classes", "demo-rn/demo", "demo-objects") == "classes-demo-rn-demo-demo-objects"
