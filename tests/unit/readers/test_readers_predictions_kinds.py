"""What people bring to the audit, kind by kind: columns that are no classes, spellings, numbers, impossible figures."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.errors import TMVError
from core.readers.external import Classes, Predictions
from core.readers.predictions import parse_predictions

NUMBERED = Classes(names=tuple(map(str, (0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9))))


def read(text: str, classes: Classes | None = None, name: str = "mine.csv") -> Predictions:
    (found,) = parse_predictions(text.encode(), name, classes)
    return found


def acc1(found: Predictions) -> float:
    return float(np.mean(np.asarray(found.labels) == np.asarray(found.predicted)))


def codes(found: Predictions) -> set[str]:
    return {note.code for note in found.notes}


@pytest.mark.parametrize(
    "extra",
    ["", "Unnamed: 0", "index", "loss", "val_loss", "score", "fold", "image_id", "row", "top1_prob", "confidence"],
)
@pytest.mark.parametrize("first", [True, False])
def test_an_index_a_loss_a_score_is_no_class(extra: str, first: bool) -> None:
    rows = [("a", "cat", ".9", ".1"), ("b", "dog", ".2", ".8"), ("c", "cat", ".7", ".3"), ("d", "dog", ".1", ".9")]
    lines = [("image", "label", "cat", "dog"), *rows]
    text = "\n".join(",".join((str(3 * i), *r) if first else (*r, str(3 * i))) for i, r in enumerate(lines))
    text = text.replace("0,image", f"{extra},image", 1) if first else text.replace("dog,0", f"dog,{extra}", 1)
    for known in (Classes(), Classes(names=("cat", "dog"))):
        found = read(text, known)
        assert acc1(found) == 1.0 and found.classnames == ("cat", "dog") and "unused_columns" in codes(found)


def test_a_column_that_could_be_a_class_is_asked_about_or_told_by_the_sums() -> None:
    adds_up = "image,label,cat,dog,bear\na,cat,.5,.2,.3\nb,dog,.2,.3,.5\n"
    found = read(adds_up)
    assert found.classnames == ("cat", "dog", "bear") and acc1(found) == 0.5 and "unlabelled_classes" in codes(found)
    with pytest.raises(TMVError, match="cannot be told whether they are classes"):
        read("image,label,cat,dog,bear\na,cat,5,2,3\nb,dog,2,3,5\n")
    alone = read("image,label,cat,dog,bear\na,cat,.8,.2,3\nb,dog,.2,.8,5\n")
    assert alone.classnames == ("cat", "dog") and acc1(alone) == 1.0 and "unused_columns" in codes(alone)


def test_numbered_columns_are_the_same_whether_or_not_the_set_is_known() -> None:
    heads = ",".join(map(str, range(12)))
    rows = "\n".join(f"{k}/0.png,{k}," + ",".join(".9" if j == k else ".01" for j in range(12)) for k in range(12))
    for known in (Classes(), NUMBERED):
        assert acc1(read(f"image,label,{heads}\n{rows}\n", known)) == 1.0
    words = Classes(names=tuple(f"thing {k}" for k in range(12)))
    assert acc1(read(f"image,label,{heads}\n{rows}\n", words)) == 1.0


def test_numbers_beside_named_columns_count_the_columns() -> None:
    text = "image,label,dog,cat\na,0,.9,.1\nb,1,.2,.8\n"
    for known in (Classes(), Classes(names=("cat", "dog"))):
        found = read(text, known)
        assert acc1(found) == 1.0 and "labels_by_column" in codes(found)
    same = read("image,label,cat,dog\na,0,.9,.1\nb,1,.2,.8\n", Classes(names=("cat", "dog")))
    assert acc1(same) == 1.0 and "labels_by_column" not in codes(same)


@pytest.mark.parametrize(
    "header",
    [
        "filepath,true_class,pred_class",
        "image_path,y_true,y_pred",
        "filename,label,prediction",
        "Image,True label,Predicted label",
        "img_path,gt,pred",
        "file_name,actual,predicted_class",
        "photo,target,y_hat",
    ],
)
def test_headers_of_other_tools(header: str) -> None:
    assert acc1(read(f"{header}\na,cat,cat\nb,dog,cat\n")) == 0.5


@pytest.mark.parametrize(
    "form", ["prob_{}", "p_{}", "score_{}", "logit:{}", "{}_prob", "{} score", "P({})", "cos {}", "similarity_{}"]
)
def test_a_word_that_all_columns_share_is_no_part_of_the_name(form: str) -> None:
    heads = ",".join(form.format(name) for name in ("hot dog", "cat"))
    text = f"image,label,{heads}\na,hot dog,.9,.1\nb,cat,.2,.8\n"
    for known in (Classes(), Classes(names=("hot dog", "cat"), raw=("hot_dog", "cat"))):
        found = read(text, known)
        assert acc1(found) == 1.0 and found.classnames == ("hot dog", "cat")


@pytest.mark.parametrize(
    "cells",
    [
        ("90 %", "10 %", "20%", "80%"),
        ("0,9", "0,1", "0,2", "0,8"),
        ("90", "10", "20", "80"),
        (".9", "1e-1", "2E-1", "0.8"),
    ],
)
def test_percent_and_decimal_commas_are_numbers(cells: tuple[str, ...]) -> None:
    a, b, c, d = cells
    found = read(f"image;label;cat;dog\na;cat;{a};{b}\nb;dog;{c};{d}\n")
    assert acc1(found) == 1.0 and found.scores is not None and found.scores.kind == "probabilities"
    assert found.scores.values[0].tolist() == pytest.approx([0.9, 0.1])


def test_spellings_of_one_class_are_one_and_that_is_said() -> None:
    found = read("image,label,prediction\na,hot_dog,hot dog\nb,Cat,cat\n")
    assert acc1(found) == 1.0 and "merged_spellings" in codes(found)
    assert acc1(read("image,label,prediction\na,Hot-Dog,hot dog\n", Classes(names=("hot dog", "cat")))) == 1.0


def test_numbers_in_one_column_and_names_in_the_other_are_refused_unless_the_set_is_known() -> None:
    text = "image,label,prediction\na,0,cat\nb,1,dog\n"
    with pytest.raises(TMVError, match="numbers in the column 'label' and names in 'prediction'"):
        read(text)
    assert acc1(read(text, Classes(names=("cat", "dog")))) == 1.0
    assert acc1(read("image,label,prediction\na,0.0,0\nb,1.0,1\n")) == 1.0


def test_names_that_share_nothing_are_a_fault() -> None:
    found = read("image,label,prediction\na,n01440764,tench\nb,n01443537,goldfish\n")
    assert [n.level for n in found.notes if n.code == "nothing_shared"] == ["fault"]


def test_answers_against_their_own_scores_are_told() -> None:
    found = read("image,label,prediction,cat,dog\na,cat,dog,.9,.1\nb,dog,dog,.2,.8\n")
    assert acc1(found) == 0.5 and found.scores is None and "answers_against_scores" in codes(found)
    agreed = read("image,label,prediction,cat,dog\na,cat,cat,.9,.1\nb,dog,dog,.2,.8\n")
    assert agreed.scores is not None and not [n for n in agreed.notes if n.level != "info"]


def test_pictures_without_names_are_counted_and_told() -> None:
    found = read("y_true,y_pred\ncat,cat\ndog,cat\n")
    assert acc1(found) == 0.5 and "unnamed_pictures" in codes(found)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("image,label,prediction\n\n\na,cat,cat\n\nb,7,cat\n", "Line 6 of mine.csv has the class '7'"),
        ('image,label,prediction\r"a\nb",cat,cat\rc,cat\r', "Line 4 of mine.csv has 2 columns"),
        (
            'image,label,prediction\na,cat,cat\nb,"cat,cat\n',
            "Line 3 of mine.csv is not readable as a table: a quote opens here",
        ),
        ("image,label,cat,cat\na,cat,.1,.9\n", "two columns called 'cat'"),
        ("image,label,hot dog,hot_dog\na,hot dog,.1,.9\n", "two columns of one class"),
        ("image,label,prediction\na,cat,cat\n,cat,cat\n", "Line 3 of mine.csv names no image"),
    ],
)
def test_the_line_that_is_named_is_the_right_one(text: str, sentence: str) -> None:
    with pytest.raises(TMVError, match=sentence):
        read(text, Classes(names=("cat", "dog")) if "hot" not in text else Classes(names=("hot dog", "cat")))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
def test_encodings(encoding: str) -> None:
    content = "image,label,prediction\nä.png,Käse,Käse\nb.png,Brot,Käse\n".encode(encoding)
    (found,) = parse_predictions(content, "mine.csv")
    assert found.ids[0] == "ä.png" and acc1(found) == 0.5
    assert bool(found.notes) == (encoding == "latin-1")


def test_rows_in_json() -> None:
    rows = [{"image": "a", "label": "cat", "prediction": "cat"}, {"image": "b", "label": "dog", "prediction": "cat"}]
    for text in (json.dumps(rows), "\n".join(map(json.dumps, rows))):
        assert acc1(read(text, name="mine.json")) == 0.5
    with pytest.raises(TMVError, match=r"Record 2 of mine\.json has the class 'dog'"):
        read(json.dumps(rows), Classes(names=("cat", "owl")), "mine.json")


def test_figures_are_kept_as_they_are_and_percent_is_told() -> None:
    found = read(json.dumps({"metrics": {"acc1": 63.3, "acc5": 88.8}}))
    assert found.figures == pytest.approx({"acc1": 0.633, "acc5": 0.888}) and "percent" in codes(found)
    impossible = read(json.dumps({"metrics": {"acc1": 1.2, "acc5": 0.5}}))
    assert impossible.figures == {"acc1": 1.2, "acc5": 0.5}
    odd = read(json.dumps({"metrics": {"acc1": "63.3 %", "acc5": None}}))
    assert odd.figures == pytest.approx({"acc1": 0.633}) and "unread_figures" in codes(odd)
    assert read(json.dumps({"top1": 0.5, "top5": 0.7})).figures == {"acc1": 0.5, "acc5": 0.7}
