"""The command field: its document, its limits, and where a model of this machine is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

import core.studies.field.own as own
from core.catalog.field import accuracy, checkpoints, field_sets, find_set
from core.studies.leaderboard.figures import BY_NAME, BoardScore
from core.types import Place
from tests.unit.commands.test_commands_prompts import refused, run, table


@pytest.fixture(autouse=True)
def _empty(tmp_path, monkeypatch):
    monkeypatch.setenv("TMV_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TMV_DATA", str(tmp_path / "data"))


def test_all_of_them_with_every_figure(capsys) -> None:
    rows = run(capsys, "field")
    assert len(rows) == 121 and rows[0]["rank"] == 1
    by_name = {row["model"]: row for row in rows}
    for i, each in enumerate(checkpoints()):
        assert list(by_name[each.name]["figures"].values()) == list(accuracy()[i])
    assert [row["mean"] for row in rows] == sorted((row["mean"] for row in rows), reverse=True)


def test_limits_leave_only_what_fits(capsys) -> None:
    rows = run(capsys, "field", "--set", "satellite", "--set", "cifar100", "--budget", "200", "--commercial")
    assert all(row["parameters"] <= 200e6 and row["commercial_use"] == "allowed" for row in rows)
    assert set(rows[0]["figures"]) == {"vtab/cifar100", "vtab/eurosat", "vtab/resisc45", "wilds/fmow"}
    assert rows[0]["notes"][0]["code"] in ("field_best", "field_tie")
    said = table(capsys, "field", "--set", "eurosat", "--words", "siglip")
    assert "eurosat" in said.splitlines()[0] and said.count("SigLIP") >= 8


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("--set", "mars"), 'No data set of the field is called "mars"'),
        (("--budget", "-3"), "expected a number above 0, got '-3'"),
        (("--near", "no/model"), "no/model"),
    ],
)
def test_what_is_not_understood_is_said(capsys, arguments: tuple[str, ...], said: str) -> None:
    assert said in refused(capsys, "field", *arguments)


def test_a_budget_that_nobody_fits(capsys) -> None:
    from core.commands.cli import main

    assert main(["field", "--budget", "50"]) == 1
    assert "the smallest that fits otherwise is RN50/openai" in capsys.readouterr().err


def test_near_a_published_model_are_its_neighbors(capsys) -> None:
    rows = run(capsys, "field", "--near", "ViT-B-32/openai")
    names = [row["model"] for row in rows]
    assert len(rows) == 11 and names[5] == "ViT-B-32/openai"


def test_a_model_of_which_nothing_is_known_says_what_to_do(capsys) -> None:
    from core.commands.cli import main

    assert main(["field", "--near", "demo-rn/demo"]) == 1
    assert "classify --model demo-rn/demo --data cifar100" in capsys.readouterr().err


def test_a_measured_figure_is_placed_and_a_wrong_one_is_a_warning(capsys, monkeypatch) -> None:
    import core.commands.field as command

    figures = tuple(
        own.OwnFigure(
            model="ViT-B-32/openai",
            dataset=name,
            split="test",
            field_set=find_set(name),
            value=value,
            ci95=(value - 0.01, value + 0.01),
            n=10_000,
        )
        for name, value in (("cifar100", 0.642), ("food101", 0.12))
    )
    monkeypatch.setattr(command, "own_figures", lambda lab, pairs: (figures, ()))
    rows = [row for row in run(capsys, "field", "--near", "ViT-B-32/openai") if row["kind"] == "measured"]
    assert [(row["set"], row["notes"][-1]["level"], row["notes"][-1]["code"]) for row in rows] == [
        ("vtab/cifar100", "info", "like_the_field"),
        ("food101", "warning", "below_the_field"),
    ]
    low, high = rows[1]["expected_band"]
    assert low < rows[1]["expected"] < high and rows[1]["value"] < low


def test_what_was_measured_is_found_by_the_name_of_its_set(monkeypatch) -> None:
    from core.catalog.models import find_model
    from core.readers.datasets import find_dataset

    def score(lab: object, place: Place) -> BoardScore:
        return BoardScore(model="", dataset="", split="test", n=10, classes=10, value=0.5, ci95=(0.4, 0.6))

    class Lab:
        def place(self, model: str, dataset: str) -> Place:
            return Place(model=find_model(model), dataset=find_dataset(dataset), split="test")

    of = {name: replace(figure, of=score) for name, figure in BY_NAME.items()}
    monkeypatch.setattr(own, "BY_NAME", of)
    pairs = [("ViT-B-32/openai", name) for name in ("cifar100", "imagenet_mini", "eurosat", "coco", "folder:food101")]
    found, why = own.own_figures(cast(Any, Lab()), pairs)
    assert [each.field_set.short for each in found] == ["cifar100", "imagenet1k", "eurosat"] and not why
    assert [bool(each.remark) for each in found] == [False, True, True]
    assert own.known_figures(found, "ViT-B-32/openai") == {"vtab/cifar100": 0.5}
    assert len(field_sets()) == 38


def test_figures_of_a_file_are_laid_beside_the_field(tmp_path, capsys) -> None:
    file = tmp_path / "results.csv"
    file.write_text("name,pretrained,CIFAR-100,Food-101\nRN50,openai,0.4034,0.3\n", encoding="utf-8")
    cifar, food = run(capsys, "field", "--beside", str(file))
    assert cifar["kind"] == "brought" and cifar["model"] == "RN50/openai" and cifar["set"] == "vtab/cifar100"
    assert food["place"] == "below" and food["expected_band"][0] > 0.3 and food["difference"] < 0
    assert [note["code"] for note in food["notes"]] == ["unlike_the_field"]
    (alone,) = run(capsys, "field", "--beside", str(file), "--set", "food101")
    assert alone["set"] == "food101"
    assert "as expected" in table(capsys, "field", "--beside", str(file))
    assert "give one of them" in refused(capsys, "field", "--beside", str(file), "--near", "RN50/openai")
