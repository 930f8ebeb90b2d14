"""The commands near-duplicates and label-errors, their files of rows, and their parts of a report."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from core.commands.cli import main
from core.engine import Engine
from core.report import Request, make_report
from core.stats.intervals import wilson
from tests.fakes import COLOURS, png
from tests.worlds import GOOD, POOR, point

SEEN = "folder:seen"
EACH, COPIES, WRONG = 12, 5, 2


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Squares, of which some lie in the tested split a second time, some in the training split, and two in the folder
    of another color."""
    point(monkeypatch, tmp_path)
    names = list(COLOURS)
    for split in ("train", "test"):
        for shade, colour in enumerate(names):
            (tmp_path / "seen" / split / colour).mkdir(parents=True)
            for i in range(EACH):
                picture = png(COLOURS[colour], 5000 * (split == "train") + 100 * shade + i)
                (tmp_path / "seen" / split / colour / f"{i}.png").write_bytes(picture)
    test = tmp_path / "seen" / "test"
    for i in range(COPIES):
        (test / names[0] / f"copy{i}.png").write_bytes((test / names[0] / f"{i}.png").read_bytes())
    (tmp_path / "seen" / "train" / names[1] / "leaked.png").write_bytes((test / names[1] / "3.png").read_bytes())
    for i in range(WRONG):
        (test / names[2] / f"wrong{i}.png").write_bytes(png(COLOURS[names[3]], 9000 + i))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def results(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    """The results of a command that succeeds."""
    assert main([*arguments, "--json", "-"]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["results"]
    return found


def read(file: str) -> list[dict[str, str]]:
    """The rows of a CSV."""
    with Path(file).open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def test_copies_are_found_and_the_accuracy_without_them_stands_beside(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("near-duplicates", "--model", POOR, "--data", SEEN, "--train", "--csv", "pairs.csv")
    (found,) = results(capsys, *asked)
    n = 4 * EACH + COPIES + WRONG
    same = {(p["kind"], p["id"], p["other"]) for p in found["pairs"] if p["same_pixels"]}
    first, second = list(COLOURS)[:2]
    copies = {("within", f"{first}/{i}.png", f"{first}/copy{i}.png") for i in range(COPIES)}
    assert same == copies | {("training", f"{second}/3.png", f"{second}/leaked.png")}
    assert found["n"] == n and found["n_train"] == 4 * EACH + 1
    assert found["n_within"] >= 2 * COPIES and found["n_seen"] >= 1
    beside = found["accuracy"]
    assert beside["n_without"] <= n - COPIES - 1
    hits = round(beside["acc1_without"] * beside["n_without"])
    assert beside["acc1_without_ci95"] == pytest.approx(wilson(hits, beside["n_without"]))
    assert beside["protocol"]["templates"] and found["provenance"]["data_digest"]
    rows = read("pairs.csv")
    assert [(r["kind"], r["id"], r["other"]) for r in rows] == [
        (p["kind"], p["id"], p["other"]) for p in found["pairs"]
    ]


def test_images_in_the_wrong_folder_are_likely_errors(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = results(capsys, "label-errors", "--model", GOOD, "--data", SEEN, "--csv", "suspects.csv")
    third, fourth = list(COLOURS)[2:4]
    clearest = {(e["id"], e["label"], e["suggested"]) for e in found["labels"]}
    assert clearest == {(f"{third}/wrong{i}.png", third, fourth) for i in range(WRONG)}
    (asked,) = results(capsys, "label-errors", "--model", GOOD, "--data", SEEN, "--template", "one {}")
    assert asked["protocol"]["templates"] == ["one {}"]
    assert found["judge"] == "zero-shot" and found["likely_errors"] == WRONG and found["protocol"]["templates"]
    assert [row["id"] for row in read("suspects.csv")] == [e["id"] for e in found["labels"]]


def test_tables_have_a_row_for_each_model(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("near-duplicates", "label-errors"):
        assert main([command, "--model", GOOD, "--model", POOR, "--data", SEEN, "--csv", "rows.csv"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line.split()[0] for line in lines[2:4]] == [GOOD, POOR]
        assert {row["model"] for row in read("rows.csv")} <= {GOOD, POOR}


def test_a_folder_for_the_rows_must_be_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("label-errors", "near-duplicates"):
        assert main([command, "--model", GOOD, "--data", SEEN, "--csv", "gone/rows.csv"]) == 2
        assert "gone" in capsys.readouterr().err


def test_a_report_has_both(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plotly.offline.get_plotlyjs", lambda: "/* plotly */")
    engine = Engine(rescan_seconds=0)
    for split in ("train", "test"):
        engine.vectors.ensure(engine.place(GOOD, SEEN, split))
    report = make_report(engine, Request(models=(GOOD,), datasets=(SEEN,), studies=("near-duplicates", "label-errors")))
    near, pairs, errors, suspects = (table.frame for table in report.tables[:4])
    assert near["n_seen"].tolist()[0] >= 1 and near["acc1_without"].notna().all()
    assert set(pairs["kind"]) == {"within", "training"}
    assert len(suspects) == errors["likely_errors"].sum() == WRONG
    assert not report.missing
