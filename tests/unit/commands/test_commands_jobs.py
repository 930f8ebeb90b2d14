"""`jobs`: what is under way and what has ended, as a document and as a table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.commands.cli import main
from core.jobs.table import JobTable


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JobTable:
    monkeypatch.setenv("TMV_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TMV_DATA", str(tmp_path))
    return JobTable(tmp_path / "cache")


def test_jobs_say_when_they_began_how_long_they_took_and_why_they_ended(
    table: JobTable, capsys: pytest.CaptureFixture[str]
) -> None:
    job, _ = table.insert("embed", "k", "Embedding", {"model": "m"})
    table.begin(job.id)
    table.end(job.id, "failed", "The disk is full: free some room.")
    assert main(["jobs", "--json", "-"]) == 0
    record = json.loads(capsys.readouterr().out)["results"][0]
    assert record["message"] == "The disk is full: free some room." and record["state"] == "failed"
    assert record["created"] <= record["started"] <= record["ended"] and record["started"].endswith("+00:00")
    assert record["seconds"] >= 0 and record["params"] == {"model": "m"} and record["place"] is None


def test_the_log_of_one_job(table: JobTable, capsys: pytest.CaptureFixture[str]) -> None:
    job, _ = table.insert("embed", "k", "Embedding", {})
    table.log_path(job.id).parent.mkdir(parents=True, exist_ok=True)
    table.log_path(job.id).write_text("first line\nsecond line\n")
    assert main(["jobs", "--log", job.id]) == 0
    assert "second line" in capsys.readouterr().out
    assert main(["jobs", "--log", "none"]) == 1
    assert "no job 'none'" in capsys.readouterr().err
