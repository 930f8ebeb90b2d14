"""The part of a report that lays figures beside published ones."""

from __future__ import annotations

from pathlib import Path

import pytest

import core.report.sections.field as part
from core.catalog.field import find_checkpoint, find_set
from core.commands.report import PARTS
from core.engine import Engine
from core.report import KINDS
from core.report.page import Document, render
from core.report.parts import Gathered, Request
from core.studies.field.expected import expected_of
from core.studies.field.own import OwnFigure

MODEL = "ViT-B-32/openai"


def figure(name: str, value: float) -> OwnFigure:
    return OwnFigure(
        model=MODEL,
        dataset=name,
        split="test",
        field_set=find_set(name),
        value=value,
        ci95=(value - 0.01, value + 0.01),
        n=10_000,
    )


def sections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: tuple[OwnFigure, ...], datasets: tuple[str, ...]
) -> tuple[list, Gathered]:
    monkeypatch.setattr(part, "own_figures", lambda lab, pairs: (found if list(pairs) else (), ("a model: no names",)))
    gathered = Gathered()
    request = Request(models=(MODEL,), datasets=datasets)
    return list(part.PART.build(Engine(tmp_path / "cache", tmp_path), request, datasets, gathered)), gathered


def test_it_is_a_part_for_page_and_command() -> None:
    assert "field" in KINDS and KINDS == PARTS


def test_figures_stand_beside_published_and_expected_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = (figure("cifar100", 0.642), figure("food101", 0.12))
    (section,), gathered = sections(tmp_path, monkeypatch, found, ("cifar100", "food101"))
    frame = section.tables[0].frame
    assert list(frame["place"]) == ["as expected", "below"] and list(frame["published"]) == [0.6423, 0.84]
    checkpoint = find_checkpoint(MODEL)
    assert checkpoint is not None
    assert frame["expected"].iloc[0] == expected_of(checkpoint, find_set("cifar100")).value
    assert section.finding.startswith("1 of 2 figures") and len(section.lines) == 2 and len(section.charts) == 1
    assert gathered.missing == ["Among published checkpoints, a model: no names"]
    page = render(Document(title="x", lead="y", sections=(section,)), "").decode("utf-8")
    assert "Among published checkpoints" in page and "12.0" in page


def test_other_data_sets_have_no_such_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = sections(tmp_path, monkeypatch, (figure("cifar100", 0.642),), ("demo-objects",))
    assert not found
