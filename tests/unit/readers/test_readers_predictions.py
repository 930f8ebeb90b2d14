"""People's own predictions: tables and documents as they come, and one clear sentence for what does not fit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from core.errors import TMVError
from core.readers.external import Classes
from core.readers.predictions import parse_predictions, read_predictions

NAMES = Classes(names=("annual crop land", "forest", "river"), raw=("AnnualCrop", "Forest", "River"))


def table(text: str, classes: Classes | None = None):
    (found,) = parse_predictions(text.encode(), "mine.csv", classes)
    return found


def test_a_table_of_answers_by_hand() -> None:
    found = table("image,label,prediction\na.png,dog,cat\nb.png,cat,cat\n")
    assert found.ids == ("a.png", "b.png") and found.classnames == ("cat", "dog")
    assert found.labels.tolist() == [1, 0] and found.predicted.tolist() == [0, 0] and found.scores is None


@pytest.mark.parametrize(
    "header", ["image,label,prediction", "id;true;predicted", "Filename\tGround truth\tPred", "file_name,target,answer"]
)
def test_headers_and_delimiters_in_use(header: str) -> None:
    mark = next(d for d in "\t;," if d in header)
    found = table(f"\ufeff{header}\n" + mark.join(("x.png", "1", "0")) + "\n\n" + mark.join(("y.png", "2", "2")) + "\n")
    assert (
        found.labels.tolist() == [1, 2] and found.predicted.tolist() == [0, 2] and found.classnames == ("0", "1", "2")
    )


def test_names_of_the_data_set_curated_raw_or_numbers() -> None:
    for label, answer in (("forest", "river"), ("Forest", "River"), ("1", "2"), ("Forest", "2")):
        found = table(f"image,label,prediction\na.png,{label},{answer}\n", NAMES)
        assert (found.labels[0], found.predicted[0], found.classnames) == (1, 2, NAMES.names)


def test_scores_of_every_class_in_any_order() -> None:
    found = table(
        "image,label,river,forest,annual crop land\na.png,forest,0.1,0.7,0.2\nb.png,river,0.5,0.3,0.2\n", NAMES
    )
    assert (
        found.scores.kind == "probabilities" and found.predicted.tolist() == [1, 2] and found.labels.tolist() == [1, 2]
    )
    assert found.scores.values[0].tolist() == pytest.approx([0.2, 0.7, 0.1])
    by_number = table("image,label,1,0,2\na.png,0,5,9,1\n", NAMES)
    assert by_number.scores.kind == "logits" and by_number.scores.values[0].tolist() == [9, 5, 1]
    assert table("image,label,cat,dog\na.png,dog,0.21,0.29\nb.png,cat,0.3,-0.1\n").scores.kind == "cosines"


def test_probabilities_of_the_answer_are_kept() -> None:
    found = table("image,label,prediction,probability\na.png,1,1,0.75\n")
    assert found.probability.tolist() == [0.75] and found.scores is None


def test_what_the_pages_save_can_be_read_again() -> None:
    from core.tables.classes import predictions_frame
    from tests.sample_results import sample_result

    result = sample_result(n=40)
    found = table(predictions_frame(result).to_csv(index=False), Classes(names=result.classnames))
    assert np.array_equal(found.labels, result.labels) and np.array_equal(found.predicted, result.predicted)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "no table of predictions"),
        ("image,label,prediction\n", "no table of predictions"),
        ("name,weight\na,1\n", "no column for the true class"),
        ("name\na\n", "no table of predictions"),
        ("picture,weight,height\na,1,2\n", "no column for the true class"),
        ("image,label,note\na,1,hello\n", "no column for the answer"),
        ("image,label,prediction\na,1\n", "Line 2 of mine.csv has 2 columns"),
        ("image,label,prediction\na,1,1\na,2,2\n", "Line 3 of mine.csv has the image 'a' a second time"),
        ("image,label,cat,dog\nb,dog,0.5,0.5\na,cat,0.5,high\n", "Line 3 of mine.csv has 'high' in the column 'dog'"),
        ("image,label,cat,dog\na,cat,0.5,nan\n", "not a finite number"),
        ("image,label,cat,dog\na,cow,0.5,0.2\n", "has the label 'cow', and no column"),
        ('image,label,prediction\n"a,1,1\n', "Line 2 of mine.csv is not readable as a table: a quote opens here"),
        ("\x00\x01", "is no text"),
        ('{"metrics": {}}', "holds no figures"),
        ("[1, 2]", "holds no figures"),
        ('{"metrics"', "not readable JSON"),
    ],
)
def test_what_does_not_fit_is_told_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(TMVError, match=sentence) as error:
        table(text)
    assert str(error.value).count("\n") == 0


def test_a_class_that_the_data_set_does_not_have() -> None:
    with pytest.raises(TMVError, match=r"Line 3 .*'sea', which is none of the 3 classes"):
        table("image,label,prediction\na,forest,river\nb,sea,river\n", NAMES)
    with pytest.raises(TMVError, match="no column of scores for 1 of 3 classes: river"):
        table("image,label,forest,annual crop land\na,forest,0.1,0.2\n", NAMES)
    with pytest.raises(TMVError, match="which is none"):
        table("image,label,prediction\na,1,3\n", NAMES)


def test_clip_benchmarks_documents() -> None:
    one = {
        "dataset": "wds/vtab/cifar100",
        "model": "ViT-B-32",
        "pretrained": "openai",
        "task": "zeroshot_classification",
        "metrics": {"acc1": 0.6423, "acc5": 0.888, "mean_per_class_recall": 0.6421},
        "language": "en",
    }
    probe = {
        "dataset": "eurosat",
        "model": "RN50",
        "pretrained": "openai",
        "task": "linear_probe",
        "metrics": {"lp_acc1": 0.93},
    }
    captions = {
        "dataset": "mscoco_captions",
        "model": "RN50",
        "pretrained": "openai",
        "task": "zeroshot_retrieval",
        "metrics": {"image_retrieval_recall@5": 0.529, "text_retrieval_recall@5": 0.728},
    }
    for text in (json.dumps([one, probe, captions]), "\n".join(map(json.dumps, (one, probe, captions)))):
        a, b, c = parse_predictions(text.encode(), "x.json")
        assert (a.dataset, a.model, a.pretrained, a.figures["acc1"]) == (
            "wds/vtab/cifar100",
            "ViT-B-32",
            "openai",
            0.6423,
        )
        assert (b.task, b.figures) == ("linear_probe", {"acc1": 0.93})
        assert c.figures == {"image_retrieval_recall@5": 0.529, "text_retrieval_recall@5": 0.728}


def test_this_programs_own_documents() -> None:
    document = {
        "schema": 1,
        "command": "classify",
        "results": [
            {"model": "RN50/openai", "dataset": "eurosat", "split": "test", "n": 100, "acc1": 0.5, "acc5": 0.9}
        ],
    }
    (found,) = parse_predictions(json.dumps(document).encode(), "x.json")
    assert (found.model, found.split, found.n, found.figures) == (
        "RN50/openai",
        "test",
        100,
        {"acc1": 0.5, "acc5": 0.9},
    )


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(TMVError, match="cannot be read"):
        read_predictions(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes("image,label,prediction\ncaf\u00e9,1,1\n".encode("latin-1"))
    (found,) = read_predictions(tmp_path / "latin.csv")
    assert found.ids == ("caf\u00e9",) and "Latin-1" in found.notes[0]
