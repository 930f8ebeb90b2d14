"""`embed` by many hands, from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.commands.cli import main
from tests.unit.commands.test_cli import document
from tests.worlds import GOOD, paint, point, squares


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    paint(tmp_path)
    point(monkeypatch, tmp_path)
    return tmp_path


def test_plan_parts_and_finish(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    what = ("--model", GOOD, "--data", squares(world))
    plan = document(capsys, "embed", "plan", *what)["results"][0]
    assert (
        plan["missing"] == plan["chunks"] >= 1 and not plan["complete"] and plan["chunk_rows"] % plan["batch_rows"] == 0
    )
    assert main(["embed", "finish", *what]) == 1
    assert "missing, the first has rows 0 to" in capsys.readouterr().err
    parts = [document(capsys, "embed", *what, "--part", f"{i}/2")["results"][0] for i in (2, 1)]
    assert [part["part"] for part in parts] == [2, 1] and {part["parts"] for part in parts} == {2}
    assert sum(part["n"] for part in parts) == plan["n"] and parts[-1]["missing"] == 0
    made = document(capsys, "embed", "finish", *what)["results"][0]
    assert made["n"] == made["reused"] == plan["n"] and made["provenance"]["data_digest"]
    assert document(capsys, "embed", "plan", *what)["results"][0]["complete"]
    again = document(capsys, "embed", *what)["results"][0]
    assert again["reused"] == plan["n"] and again["provenance"] == made["provenance"]


@pytest.mark.parametrize(
    "wrong, sentence",
    [
        (["--part", "0/2"], "expected I/N with I from 1 to N, for example 3/8, got '0/2'"),
        (["--part", "3/2"], "expected I/N"),
        (["--part", "2"], "expected I/N"),
        (["plan", "--part", "1/2"], "give one of the two"),
        (["--ray", "auto", "--part", "1/2"], "leave out --part"),
        (["begin"], "invalid choice"),
    ],
)
def test_what_does_not_go_together_is_said(
    world: Path, capsys: pytest.CaptureFixture[str], wrong: list[str], sentence: str
) -> None:
    try:
        status = main(["embed", *wrong, "--model", GOOD, "--data", squares(world)])
    except SystemExit as stopped:
        status = int(stopped.code or 0)
    assert status == 2 and sentence in capsys.readouterr().err


def test_tables_say_how_far_it_is(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    what = ["--model", GOOD, "--data", squares(world)]
    assert main(["embed", "plan", *what]) == 0 and "chunks to compute" in capsys.readouterr().out
    assert main(["embed", "--part", "1/1", *what]) == 0 and "1/1" in capsys.readouterr().out
    assert main(["embed", "finish", *what]) == 0 and "from the cache" in capsys.readouterr().out
    assert main(["embed", "plan", *what]) == 0 and "complete" in capsys.readouterr().out
