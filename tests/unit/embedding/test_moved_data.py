"""Own data is itself wherever the data folder lies: vectors and results are found again, and say no path."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from core.bundle.choosing import export_bundle
from core.bundle.install import install
from core.commands import cli
from core.embedding.run import embed
from core.encoders.service.local import Encoding
from core.engine import Engine
from core.readers import open_dataset
from core.store import Results, Store, TextStore
from core.studies.captions.study import Retrieval
from core.studies.zero_shot.study import ZeroShot
from tests.worlds import GOOD, paint, point

COMMANDS = (
    ["classify", "--model", GOOD, "--data", "folder:squares"],
    ["retrieve", "--model", GOOD, "--data", "captions:told/captions.csv"],
    ["audit", "--model", GOOD, "--data", "folder:squares"],
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "before"
    folder.mkdir()
    paint(folder)
    (folder / "squares" / "classes.txt").write_text("red\n", encoding="utf-8")
    point(monkeypatch, tmp_path)
    monkeypatch.setenv("TMV_DATA", str(folder))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return folder


def run(*command: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert cli.main([*command, "--json", "-"]) == 0
    return capsys.readouterr().out


def no_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*args: object, **options: object) -> None:
        raise AssertionError("a model was asked for, though everything is in the cache")

    monkeypatch.setattr(Encoding, "encoder", never)


def entries(cache: Path) -> list[str]:
    return sorted(path.as_posix() for path in (cache / "embeddings").glob("*/*/*"))


def test_a_moved_data_folder_answers_from_the_cache_and_no_answer_says_where_it_lies(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = [run(*command, capsys=capsys) for command in COMMANDS]
    kept, stored = Results(tmp_path / "cache").keys(), entries(tmp_path / "cache")
    shutil.copytree(home, tmp_path / "after")
    shutil.rmtree(home)
    monkeypatch.setenv("TMV_DATA", str(tmp_path / "after"))
    no_encoder(monkeypatch)
    for command, document in zip(COMMANDS, before, strict=True):
        after = json.loads(run(*command, capsys=capsys))
        assert after["results"] == json.loads(document)["results"]
        assert str(tmp_path) not in json.dumps(after["results"]), "a path of this machine is told"
    assert Results(tmp_path / "cache").keys() == kept and entries(tmp_path / "cache") == stored
    assert "$TMV_DATA/squares/classes.txt" in before[0]


def old_entries(home: Path, cache: Path, encoder: object) -> None:
    """What earlier versions kept: the path of this machine in every name."""
    for name in (f"folder:{home / 'squares'}", f"captions:{home / 'told' / 'captions.csv'}"):
        rows = open_dataset(name, None, home)
        embed(encoder, rows, Store(cache), TextStore(cache), memo_dir=cache / "digests")  # type: ignore[arg-type]


@pytest.mark.parametrize("moved", [False, True])
def test_entries_of_earlier_versions_answer(
    moved: bool, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    engine = Engine()
    old_entries(home, cache, engine.encoding.encoder(GOOD))
    stored = entries(cache)
    if moved:
        home.rename(tmp_path / "after")
        monkeypatch.setenv("TMV_DATA", str(tmp_path / "after"))
    now = Engine()
    for name in ("folder:squares", "captions:told/captions.csv"):
        images = now.embeddings(GOOD, name)
        assert images is not None and images.key.dataset == name
        assert str(tmp_path) not in " ".join(images.provenance.beside)
    if not moved:
        assert {entry.key.dataset for entry in now.store.entries()} == {"folder:squares", "captions:told/captions.csv"}
    assert now.run(Retrieval.at(now, GOOD, "captions:told/captions.csv")).dataset == "captions:told/captions.csv"
    assert now.vectors.embed(now.place(GOOD, "folder:squares")).reused == 40
    assert entries(cache) == stored, "it was computed again"


def test_other_content_under_an_earlier_name_is_not_taken_for_it(home: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    old_entries(home, cache, Engine().encoding.encoder(GOOD))
    other = tmp_path / "other"
    shutil.copytree(home, other)
    next((other / "squares").glob("*/*.png")).unlink()
    engine = Engine(cache, other)
    assert engine.embeddings(GOOD, "folder:squares") is None
    shutil.rmtree(other / "squares")
    assert engine.store.find(GOOD, "folder:squares", "all") is None


def test_an_earlier_entry_is_removed_and_exported_by_its_name(home: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    engine = Engine()
    old_entries(home, cache, engine.encoding.encoder(GOOD))
    export_bundle(engine, tmp_path / "b.zip", [GOOD], ["folder:squares"], sizes=())
    install(tmp_path / "there", tmp_path / "b.zip")
    there = Engine(tmp_path / "there", tmp_path / "none", in_process=False)
    assert [entry.key.dataset for entry in there.store.entries()] == ["folder:squares"]
    assert str(home) not in "".join(p.read_text("utf-8") for p in (tmp_path / "there").rglob("manifest.json"))
    for entry in Engine().store.entries():
        engine.store.remove(entry.key)
    assert entries(cache) == []


def test_the_command_line_refuses_a_name_of_two_places(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(home / "squares", "squares")
    os.remove(next(Path("squares").glob("*/*.png")))  # noqa: PTH107
    assert cli.main(["embed", "--model", GOOD, "--data", "folder:squares"]) == 2
    assert "folder:./squares" in capsys.readouterr().err
    found = json.loads(run("embed", "--model", GOOD, "--data", "folder:./squares", capsys=capsys))
    assert (found["results"][0]["dataset"], found["results"][0]["n"]) == ("folder:./squares", 39)
    study = ZeroShot.at(Engine(), GOOD, f"folder:{home / 'squares'}")
    assert study.place.dataset.name == "folder:squares"
