"""What the audit says of what people bring: figures that cannot be, names of other tools, and that it cannot tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks._brought import FILE_FAULTS, sound_file
from benchmarks._planted import World, sound_worlds
from core.catalog.benchmark_names import open_clip_name, published_set
from core.engine import Engine
from core.readers.predictions import parse_predictions
from core.studies.audit import AuditResult, Case, audit
from core.studies.audit import external as elsewhere
from core.studies.audit.study import Audit, audit_classes, audit_predictions
from core.studies.zero_shot.study import ZeroShot
from core.types import Note
from tests.worlds import GOOD, paint, point, squares


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    paint(tmp_path)
    point(monkeypatch, tmp_path)
    return tmp_path


@pytest.fixture
def engine(world: Path) -> Engine:
    return Engine(rescan_seconds=0)


def of_document(engine: Engine, **document: Any) -> AuditResult:
    (brought,) = parse_predictions(json.dumps(document).encode(), "x.json")
    return audit_predictions(engine, brought)


# --- impossible figures -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        ({"acc1": 0.6423, "acc5": 0.5}, "below top-1"),
        ({"acc1": 1.2, "acc5": 1.3}, "acc1 1.2"),
        ({"acc1": -0.1}, "acc1 -0.1"),
        ({"acc1": 63.3, "acc5": 0.88}, "acc1 63.3"),
        (
            {"image_retrieval_recall@1": 0.4, "image_retrieval_recall@5": 0.3, "image_retrieval_recall@10": 0.5},
            "falls from 40.0",
        ),
        ({"text_retrieval_recall@5": 0.7, "text_retrieval_recall@10": 0.6}, "falls from 70.0"),
    ],
)
def test_figures_that_cannot_be_are_faults(engine: Engine, metrics: dict[str, float], said: str) -> None:
    result = of_document(engine, dataset="mine", model="mine", metrics=metrics)
    assert result.finding("figures").verdict == "fault" and said in result.finding("figures").evidence
    assert result.verdict == "fault" and "figures" in result.to_record()["faults"]


def test_figures_that_can_be_are_not_one() -> None:
    sound = Case(
        title="x",
        source="figures",
        scores={"acc1": 0.5, "acc5": 0.5, "image_retrieval_recall@1": 0.2, "image_retrieval_recall@5": 0.2},
    )
    assert audit(sound).finding("figures").verdict == "ok"
    assert audit(Case(title="x", source="figures", scores={"acc1": 0.5})).finding("figures").verdict == "cannot tell"


# --- the names of other tools -------------------------------------------------------------------------------


@pytest.mark.parametrize("dataset", ["wds/imagenet1k", "imagenet1k", "ImageNet", "imagenet-1k"])
@pytest.mark.parametrize(
    ("model", "pretrained"),
    [
        ("ViT-B-32", "openai"),
        ("ViT-B-32-quickgelu", "openai"),
        ("ViT-B/32", ""),
        ("openai/clip-vit-base-patch32", ""),
        ("ViT-B-32/openai", ""),
    ],
)
def test_a_published_figure_is_found_by_the_names_of_other_tools(
    engine: Engine, dataset: str, model: str, pretrained: str
) -> None:
    document = {"dataset": dataset, "model": model, "pretrained": pretrained, "metrics": {"acc1": 0.50, "acc5": 0.80}}
    result = of_document(engine, **document)
    assert result.finding("published").verdict == "fault" and "63.3" in result.finding("published").evidence
    assert result.case.n == 50_000 and "50,000" in result.finding("split").evidence
    agrees = of_document(engine, **document | {"metrics": {"acc1": 0.6332, "acc5": 0.888}})
    assert agrees.finding("published").verdict == "ok"


def test_the_pictures_are_those_of_the_published_figure() -> None:
    sizes = {
        name: found.n
        for name in ("cifar100", "wds/vtab/cifar100", "food101", "vtab/eurosat", "mscoco_captions")
        if (found := published_set(name))
    }
    assert sizes == {
        "cifar100": 10_000,
        "wds/vtab/cifar100": 10_000,
        "food101": 25_250,
        "vtab/eurosat": 5_400,
        "mscoco_captions": 5_000,
    }
    assert published_set("wds/vtab/birds") is None
    assert open_clip_name("laion/CLIP-ViT-B-32-laion2B-s34B-b79K", "") == ("ViT-B-32", "laion2b_s34b_b79k")
    assert open_clip_name("ViT-L/14@336px", "") == ("ViT-L-14-336", "openai") and open_clip_name("my model", "") == (
        "my model",
        "",
    )


def test_recalls_are_held_against_the_published_ones(engine: Engine) -> None:
    document = {
        "dataset": "wds/mscoco_captions",
        "model": "ViT-B-32",
        "pretrained": "openai",
        "task": "zeroshot_retrieval",
        "metrics": {"image_retrieval_recall@5": 0.30, "text_retrieval_recall@5": 0.50},
    }
    result = of_document(engine, **document)
    assert result.finding("published").verdict == "fault" and result.case.n == 5_000


def test_names_that_nothing_is_known_of_are_told(engine: Engine) -> None:
    result = of_document(engine, dataset="wds/vtab/birds", model="my-net", metrics={"acc1": 0.5})
    assert {"unknown_model", "unknown_dataset"} <= {note.code for note in result.case.notes}
    assert result.verdict == "cannot tell"


def test_a_document_of_something_else_than_asked_for_is_told(engine: Engine) -> None:
    (brought,) = parse_predictions(
        json.dumps({"dataset": "cifar100", "model": "RN50", "pretrained": "openai", "metrics": {"acc1": 0.4}}).encode(),
        "x.json",
    )
    result = audit_predictions(engine, brought, "ViT-B-32/openai", "food101")
    assert {"other_model", "other_data_set"} <= {note.code for note in result.case.notes}
    assert result.finding("data").verdict == "warning"
    same = audit_predictions(engine, brought, "RN50/openai", "cifar100")
    assert not {note.code for note in same.case.notes} & {"other_model", "other_data_set"}


# --- what was checked ---------------------------------------------------------------------------------------


def test_nothing_is_wrong_is_only_said_of_what_was_checked(engine: Engine) -> None:
    result = of_document(engine, dataset="mine", model="mine", metrics={"acc1": 0.5})
    assert result.verdict == "cannot tell" and "right: none of the" in result.sentence
    assert "Nothing is wrong" not in result.sentence and "It takes" in result.sentence
    rows = "".join(f"{i}.png,{i % 2},{i % 2 if i % 5 else 1 - i % 2}\n" for i in range(400))
    (brought,) = parse_predictions(f"image,label,prediction\n{rows}".encode(), "mine.csv")
    table = audit_predictions(engine, brought)
    assert table.verdict == "cannot tell" and "only 6 of" in table.sentence and "--data" in table.sentence


def test_a_sound_study_of_our_own_is_still_told_so(engine: Engine, world: Path) -> None:
    engine.vectors.ensure(engine.place(GOOD, squares(world)))
    result = engine.run(Audit.at(engine, GOOD, squares(world), encode=True))
    told = sum(f.verdict != "cannot tell" for f in result.findings)
    assert result.verdict == "ok" and result.sentence.startswith(
        f"Nothing is wrong with this number as far as {told} of"
    )


@pytest.mark.parametrize(("level", "verdict"), [("info", "ok"), ("warning", "warning"), ("fault", "fault")])
def test_what_reading_found_reaches_the_audit(level: str, verdict: str) -> None:
    note = Note("There is only one class.", "one_class", level)  # type: ignore[arg-type]
    found = audit(Case(title="x", notes=(note,)))
    assert found.finding("data").verdict == verdict and found.to_record()["notes"] == [note.as_dict()]


# --- joined with our own runs -------------------------------------------------------------------------------


def test_classes_of_a_table_are_joined_with_ours_by_name(engine: Engine, world: Path) -> None:
    images = engine.vectors.ensure(engine.place(GOOD, squares(world)))
    result = engine.run(ZeroShot.at(engine, GOOD, squares(world)))
    names = images.classnames
    rows = "".join(
        f"{i},{names[y]},{names[p]}\n" for i, y, p in zip(result.ids, result.labels, result.predicted, strict=True)
    )
    (alone,) = parse_predictions(f"image,label,prediction\n{rows}".encode(), "mine.csv")
    assert alone.classnames == tuple(sorted(names))
    found = audit_predictions(engine, alone, GOOD, squares(world))
    assert found.finding("label-order").verdict == "ok" and found.case.acc1 == result.acc1
    mapped = elsewhere.in_classes_of(alone, images)
    assert mapped is not None and mapped.labels is not None
    np.testing.assert_array_equal(mapped.labels, result.labels)


def test_the_answer_is_the_same_before_and_after_the_set_is_embedded(engine: Engine, world: Path) -> None:
    from PIL import Image

    for k in range(12):
        (world / "numbered" / str(k)).mkdir(parents=True)
        Image.new("RGB", (8, 8), (k * 20, 0, 0)).save(world / "numbered" / str(k) / "0.png")
    name = f"folder:{world / 'numbered'}"
    heads = ",".join(map(str, range(12)))
    rows = "\n".join(f"{k}/0.png,{k}," + ",".join(".9" if j == k else ".01" for j in range(12)) for k in range(12))
    text = f"image,label,{heads}\n{rows}\n".encode()

    def audited() -> AuditResult:
        (brought,) = parse_predictions(text, "mine.csv", audit_classes(engine, name))
        return audit_predictions(engine, brought, GOOD, name)

    before = audited()
    engine.vectors.ensure(engine.place(GOOD, name))
    after = audited()
    assert before.case.acc1 == after.case.acc1 == 1.0
    assert after.finding("label-order").verdict == before.finding("label-order").verdict == "ok"


# --- faults planted in files --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILE_FAULTS)
def test_a_fault_planted_in_a_file_is_found(name: str) -> None:
    check, audited = FILE_FAULTS[name]
    assert audited(World(seed=11, c=8, n=600), 5).finding(check).raised


def test_sound_files_raise_nothing() -> None:
    for seed, world in enumerate(sound_worlds(9)):
        raised = [f.check for f in sound_file(world, seed).raised]
        assert set(raised) <= {"enough"}, (seed, raised)
