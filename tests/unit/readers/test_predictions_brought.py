"""Tables and documents for the audit as other people write them: never another number without a word."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.catalog.benchmark_names import open_clip_name, published_set
from core.engine import Engine
from core.errors import TMVError
from core.readers.external import Classes, Predictions
from core.readers.predictions import parse_predictions
from core.studies.audit import Alternative, Case, CaseAnswers, Known, audit, runs
from core.studies.audit import external as elsewhere
from core.studies.audit.case import PROTOCOL
from core.studies.audit.study import audit_predictions


def read(content: str, classes: Classes | None = None, name: str = "mine.csv") -> Predictions:
    (found,) = parse_predictions(content.encode(), name, classes)
    return found


def acc1(found: Predictions) -> float:
    return float(np.mean(np.asarray(found.labels) == np.asarray(found.predicted)))


def codes(found: Predictions) -> dict[str, str]:
    return {note.code: note.level for note in found.notes}


# --- names and numbers of classes ---------------------------------------------------------------------------


@pytest.mark.parametrize("pair", [("-1", "1"), ("A-", "A"), ("a-1", "a_1"), ("a", "A"), ("_x", "x")])
def test_two_classes_of_one_column_are_never_one(pair: tuple[str, str]) -> None:
    one, other = pair
    found = read(f"image,label,prediction\na,{one},{other}\nb,{other},{other}\nc,{one},{one}\n")
    assert acc1(found) == pytest.approx(2 / 3) and found.classnames == tuple(sorted(pair))
    assert codes(found).get("merged_spellings") is None


def test_near_spellings_of_one_column_are_told() -> None:
    found = read("image,label,prediction\na,Cat,cat\nb,cat,cat\n")
    assert acc1(found) == 0.5 and codes(found)["near_spellings"] == "warning"


@pytest.mark.parametrize("known", [None, Classes(names=tuple("abcdef"))])
@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ("0,", "Line 2 .*no class in the column 'prediction'"),
        ("0,nan", "Line 2 .*no class in the column 'prediction'"),
        (",0", "Line 2 .*no class in the column 'label'"),
        ("-1,0", "Line 2 .*-1"),
        ('0,"[0, 3, 2]"', "Line 2"),
    ],
)
def test_what_is_no_class_is_refused_by_its_line_whether_or_not_the_set_is_known(
    known: Classes | None, cells: str, said: str
) -> None:
    rows = "\n".join(f"r{k},{k},{k}" for k in range(6))
    with pytest.raises(TMVError, match=said):
        read(f"image,label,prediction\nx,{cells}\n{rows}\n", known)


def test_a_score_is_no_class() -> None:
    with pytest.raises(
        TMVError, match=r"Line 2 of mine\.csv has 0\.93 in the column 'prediction': a score is no class"
    ):
        read("id,target,prediction\na,1,0.93\nb,0,0.0\nc,1,1\n")


@pytest.mark.parametrize(
    "form", ["tensor({})", "tensor({}, device='cuda:0')", "np.int64({})", "[np.int64({})]", "array({})"]
)
def test_numbers_as_python_prints_them_are_numbers(form: str) -> None:
    rows = "\n".join(f'{k},"{form.format(k)}","{form.format(k)}"' for k in range(3))
    assert read(f"image,label,prediction\n{rows}\n").classnames == ("0", "1", "2")


# --- places are no scores -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "heads",
    [
        "pred_1,pred_2,pred_3",
        "pred0,pred1,pred2",
        "top0,top1,top2",
        "prediction_1,prediction_2,prediction_3",
        "guess1,guess2,guess3",
    ],
)
@pytest.mark.parametrize("names", ["012", "xyz"])
def test_answers_from_the_best_on_count_by_the_first(heads: str, names: str) -> None:
    x, y, z = list(names)
    found = read(f"image,label,{heads}\na,{x},{x},{y},{z}\nb,{y},{y},{x},{z}\nc,{z},{x},{z},{y}\n")
    assert acc1(found) == pytest.approx(2 / 3) and "unused_columns" in codes(found)


@pytest.mark.parametrize("heads", ["rank1,rank2,rank3", "first,second,third", "k1,k2,k3"])
def test_numbers_of_classes_in_columns_are_no_scores(heads: str) -> None:
    with pytest.raises(TMVError, match="cannot be told"):
        read(f"image,label,{heads}\na,0,0,1,2\nb,1,1,0,2\nc,2,0,2,1\n")


def test_places_in_the_columns_of_classes_are_no_scores() -> None:
    with pytest.raises(TMVError, match=r"Line 2 .*the largest is not the best"):
        read("image,label,cat,dog,elk\na,cat,1,2,3\nb,dog,2,1,3\nc,elk,3,2,1\n")


@pytest.mark.parametrize("cells", [("1,0", "0,1"), ("93,7", "20,80"), ("0.9,0.1", "0.2,0.8")])
def test_columns_that_are_counted_by_class_stay_scores(cells: tuple[str, str]) -> None:
    found = read(f"image,label,pred_0,pred_1\na,0,{cells[0]}\nb,1,{cells[1]}\n")
    assert acc1(found) == 1.0 and found.scores is not None


# --- JSON and headers ---------------------------------------------------------------------------------------

ROWS = [{"image": "a", "label": "cat", "prediction": "cat"}, {"image": "b", "label": "dog", "prediction": "cat"}]
COLUMNS = {key: [row[key] for row in ROWS] for key in ROWS[0]}


@pytest.mark.parametrize(
    "value",
    [
        ROWS,
        COLUMNS,
        {key: {str(i): v for i, v in enumerate(values)} for key, values in COLUMNS.items()},
        {"columns": list(COLUMNS), "index": [0, 1], "data": [list(row.values()) for row in ROWS]},
        {"schema": {"fields": []}, "data": ROWS},
        {"model": "x", "predictions": ROWS},
        {row["image"]: row for row in ROWS},
        {"references": ["cat", "dog"], "predictions": ["cat", "cat"]},
        [{"true": "cat", "pred": "cat"}, {"true": "dog", "pred": "cat"}],
        [
            {"image": "a", "label": "cat", "scores": {"cat": 0.9, "dog": 0.1}},
            {"image": "b", "label": "dog", "scores": {"cat": 0.6, "dog": 0.4}},
        ],
    ],
)
def test_rows_in_every_orientation_are_the_same_table(value: Any) -> None:
    found = read(json.dumps(value), name="mine.json")
    assert acc1(found) == 0.5 and found.classnames == ("cat", "dog")


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(TMVError, match="references 2, predictions 1"):
        read(json.dumps({"references": [0, 1], "predictions": [0]}), name="mine.json")


@pytest.mark.parametrize("before", ["sep=;\n", "# of epoch 3\n", "\n# a\n# b\n\n"])
def test_remarks_above_the_header_are_none_of_the_table(before: str) -> None:
    found = read(f"{before}image;label;prediction\na;cat;cat\nb;dog;cat\n")
    assert acc1(found) == 0.5 and found.lines[0] == before.count("\n") + 2


# --- documents of evaluations -------------------------------------------------------------------------------


def of(document: Any, name: str = "mine.json") -> tuple[Predictions, ...]:
    return parse_predictions((document if isinstance(document, str) else json.dumps(document)).encode(), name)


def test_what_stood_beside_our_own_number_stands_beside_it_again() -> None:
    note = {"code": "one_class", "level": "fault", "text": "There is one class only."}
    (found,) = of(
        {
            "schema": 1,
            "command": "classify",
            "results": [{"model": "m", "dataset": "d", "n": 3, "acc1": 1.0, "acc5": 1.0, "notes": [note]}],
        }
    )
    assert [(n.code, n.level) for n in found.notes] == [("one_class", "fault")]
    result = audit(elsewhere.brought_case(found, Known(), None))
    assert result.verdict == "fault" and "one class only" in result.sentence


def test_our_own_probes_and_captions_bring_what_they_know() -> None:
    (probe,) = of({"schema": 1, "results": [{"test_acc1": 0.5, "test_acc5": 0.9, "train_acc1": 1.0, "n": 9}]})
    assert probe.train_acc1 == 1.0
    (found,) = of(
        {"schema": 1, "results": [{"image_retrieval_recall@1": 0.5, "captions_fewest": 1, "captions_most": 3}]}
    )
    assert found.captions == (1, 3)


def test_documents_of_other_commands_are_called_by_their_name() -> None:
    with pytest.raises(TMVError, match="the document of “prompts”; audit takes those of classify"):
        of({"schema": 1, "command": "prompts", "results": [{"n": 3}]})


def test_a_figure_that_stands_twice_is_refused() -> None:
    with pytest.raises(TMVError, match="'acc1' twice"):
        of('{"dataset": "imagenet1k", "metrics": {"acc1": 0.5, "acc1": 0.9}}')


def test_figures_in_another_language_are_not_held_against_english_ones(engine: Engine) -> None:
    record = {
        "dataset": "imagenet1k",
        "model": "ViT-B-32",
        "pretrained": "openai",
        "metrics": {"acc1": 0.3, "acc5": 0.5},
    }
    for language, verdict in (("en", "fault"), ("jp", "cannot tell")):
        (found,) = of(record | {"language": language})
        assert audit_predictions(engine, found).finding("published").verdict == verdict


def test_several_documents_are_told_apart_and_open_clips_logs_name_their_set() -> None:
    lines = "\n".join(
        json.dumps({"imagenet-zeroshot-val-top1": k / 10, "imagenet-zeroshot-val-top5": 0.9, "epoch": k})
        for k in (1, 2)
    )
    found = of(lines, "results.jsonl")
    assert [(f.source, f.dataset, f.figures["acc1"]) for f in found] == [
        ("results.jsonl, record 1", "imagenet1k", 0.1),
        ("results.jsonl, record 2", "imagenet1k", 0.2),
    ]
    (recall,) = of({"image_to_text_R@1": 0.5, "text_to_image_R@1": 0.4})
    assert recall.figures == {"text_retrieval_recall@1": 0.5, "image_retrieval_recall@1": 0.4}


def test_tables_of_figures_are_read_row_by_row() -> None:
    text = "acc1,acc5,dataset,model,pretrained,image_retrieval_recall@5\n0.5,0.8,imagenet1k,ViT-B-32,openai,\n,,mscoco_captions,ViT-B-32,openai,0.4\n"
    first, second = of(text, "benchmark.csv")
    assert first.figures == {"acc1": 0.5, "acc5": 0.8} and first.source == "benchmark.csv, line 2"
    assert second.figures == {"image_retrieval_recall@5": 0.4} and second.dataset == "mscoco_captions"
    (timm,) = of("model,top1,top1_err,top5\nvit_base,63.3,36.7,88.8\n", "results-imagenet.csv")
    assert timm.figures["acc1"] == pytest.approx(0.633)
    with pytest.raises(TMVError, match="no column for the true class"):
        of("image,top1,top2\na.png,3,4\n", "mine.csv")


def test_equal_classes_have_one_mean() -> None:
    known = Known(balanced=True)
    assert (
        audit(Case(title="x", source="figures", scores={"acc1": 0.63, "mean_per_class_recall": 0.2}, known=known))
        .finding("figures")
        .verdict
        == "fault"
    )
    assert (
        audit(Case(title="x", source="figures", scores={"acc1": 0.632, "mean_per_class_recall": 0.634}, known=known))
        .finding("figures")
        .verdict
        == "ok"
    )


@pytest.mark.parametrize(
    ("model", "pretrained"),
    [
        ("ViT-B-32,openai", ""),
        ("ViT-B-32:openai", ""),
        ("ViT-B-32 openai", ""),
        ("vit-b-32", "OpenAI"),
        ("ViT_B_32", "openai"),
    ],
)
def test_spellings_of_models(model: str, pretrained: str) -> None:
    assert open_clip_name(model, pretrained) == ("ViT-B-32", "openai")


@pytest.mark.parametrize("name", ["webdatasets/imagenet1k", "imagenet1k_val", "clip-benchmark/wds_imagenet1k"])
def test_spellings_of_data_sets(name: str) -> None:
    found = published_set(name)
    assert found is not None and found.published_name == "imagenet1k"
    second = published_set("clip-benchmark/wds_imagenetv2")
    assert second is not None and second.published_name == "imagenetv2"


def test_openais_larger_weights_are_known_by_the_name_that_tools_use() -> None:
    spec, wrong, quick = elsewhere.weights_named("ViT-L-14", "openai")
    assert spec is not None and not wrong and quick == "ViT-L-14-quickgelu"


@pytest.fixture
def engine(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Engine:
    from tests.worlds import paint, point

    paint(tmp_path)
    point(monkeypatch, tmp_path)
    return Engine(rescan_seconds=0)


# --- beside our own runs ------------------------------------------------------------------------------------

ORDER = np.array([2, 0, 1, 3])


def numbered(labels: np.ndarray, predicted: np.ndarray) -> Predictions:
    rows = "\n".join(f"{k}.png,{y},{a}" for k, (y, a) in enumerate(zip(labels, predicted, strict=True)))
    return read(f"image,label,prediction\n{rows}\n", Classes(names=("pear", "fig", "kiwi", "plum")))


def test_classes_counted_in_another_order_are_joined_by_the_labels() -> None:
    labels = np.arange(40) % 4
    predicted = np.where(np.arange(40) % 5 == 0, (labels + 1) % 4, labels)
    found = elsewhere.renumbered(numbered(ORDER[labels], ORDER[predicted]), labels, np.arange(40))
    assert np.array_equal(np.asarray(found.labels), labels) and np.array_equal(np.asarray(found.predicted), predicted)
    assert codes(found)["renumbered"] == "info"


def test_labels_alone_in_another_order_stay_as_they_are() -> None:
    labels = np.arange(40) % 4
    moved = numbered(ORDER[labels], labels)
    assert elsewhere.renumbered(moved, labels, np.arange(40)) is moved


def test_answers_that_no_run_of_the_model_gives_are_doubted() -> None:
    labels = np.arange(400) % 8
    theirs, ours = np.where(np.arange(400) % 3 == 0, labels, (labels + np.arange(400)) % 8), labels
    answers = CaseAnswers(ids=tuple(map(str, range(400))), labels=labels, top=theirs[:, None])
    case = Case(
        title="x",
        source="predictions",
        c=8,
        answers=answers,
        alternatives=(Alternative(changes=(PROTOCOL,), said="as published", predicted=ours, correct=ours == labels),),
    )
    assert audit(case).finding("reproduced").verdict == "warning"
    swapped = Alternative(changes=(PROTOCOL,), said="as published", predicted=theirs, correct=theirs == labels)
    better = replace(case, answers=replace(answers, top=labels[:, None]), alternatives=(swapped,))
    assert audit(better).finding("reproduced").verdict == "cannot tell", "they may have had better names"


# --- studies of our own -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "first", "five", "verdict"),
    [(40, 0.0, 0.1, "fault"), (40, 0.8, 1.0, "ok"), (40, 0.2, 0.25, "ok"), (12, 0.0, 0.2, "ok")],
)
def test_captions_off_by_a_row_are_seen_in_small_sets_too(n: int, first: float, five: float, verdict: str) -> None:
    scores = {"image_retrieval_recall@1": first, "image_retrieval_recall@5": five, "image_retrieval_recall@10": 0.3}
    assert (
        audit(Case(title="x", method="retrieval", n=n, captions=(5, 5), scores=scores)).finding("captions").verdict
        == verdict
    )


def test_one_checkpoint_by_two_paths_is_no_copy(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.json", "w.pt", "v.pt"):
        (tmp_path / name).write_text("{}")
    monkeypatch.chdir(tmp_path)
    assert runs._same_files("file:a.json,w.pt", f"file:{tmp_path}/a.json,{tmp_path}/w.pt")
    assert not runs._same_files("file:a.json,w.pt", "file:a.json,v.pt") and not runs._same_files(
        "demo-rn/demo", "file:a.json,v.pt"
    )


@pytest.mark.parametrize("cell", ["cat", "0"])
def test_one_class_is_never_a_plain_hundred(cell: str) -> None:
    found = read(f"image,label,prediction\na,{cell},{cell}\nb,{cell},{cell}\n")
    assert acc1(found) == 1.0 and codes(found)["one_class"] == "fault"


def test_classes_counted_from_one_are_as_many_as_there_are() -> None:
    assert read("image,label,prediction\na,1,2\nb,2,2\nc,3,3\n").classnames == ("1", "2", "3")
    assert read("image,label,prediction\na,0,2\nb,2,2\n").classnames == ("0", "1", "2")


def test_numbers_among_names_are_told() -> None:
    assert codes(read("image,label,prediction\na,0,cat\nb,dog,dog\n"))["numbers_and_names"] == "warning"
    assert codes(read("image,label,prediction\na,-1,1\nb,1,1\n")) == {}


@pytest.mark.parametrize("rule", ["|---|---|---|", "| :--- | ---: | --- |"])
def test_a_markdown_table_has_no_row_of_dashes(rule: str) -> None:
    found = read(f"| image | label | prediction |\n{rule}\n| a | cat | cat |\n| b | dog | cat |\n")
    assert len(found.ids) == 2 and acc1(found) == 0.5


def test_answers_under_other_names_are_not_rows_out_of_order() -> None:
    labels = np.arange(400) % 4
    answers = CaseAnswers(ids=tuple(map(str, range(400))), labels=labels, top=ORDER[labels][:, None])
    case = Case(
        title="x",
        source="predictions",
        c=4,
        answers=answers,
        alternatives=(
            Alternative(changes=(PROTOCOL,), said="as published", predicted=labels, correct=labels == labels),
        ),
    )
    finding = audit(case).finding("reproduced")
    assert finding.verdict == "fault" and "renamed one to one" in finding.evidence
