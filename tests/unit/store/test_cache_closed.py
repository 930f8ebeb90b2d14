"""A cache that cannot be written, or where something else lies in a place of ours: the numbers that are in it, or one
sentence about TMV_CACHE, and never an error that nobody foresaw."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import diskcache
import pytest

from core.commands.cli import main
from core.engine import Engine
from core.errors import Damaged, NotHere, Unwritable
from core.store import Results, Store, TextStore
from core.studies.prompts.study import PromptSearch
from core.studies.zero_shot.study import ZeroShot
from core.system import database
from core.system.files import write_atomic
from tests.worlds import GOOD, paint, point, run_study, squares, told

Spoil = Callable[[Path], None]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures, and a cache with what the commands below need."""
    folder = tmp_path_factory.mktemp("closed")
    paint(folder)
    with pytest.MonkeyPatch.context() as patch:
        point(patch, folder)
        for command in commands(folder).values():
            assert main(command) == 0
    return folder


def commands(folder: Path) -> dict[str, list[str]]:
    one = ["--model", GOOD, "--data", squares(folder)]
    return {
        "embed": ["embed", *one],
        "classify": ["classify", *one],
        "prompts": ["prompts", *one],
        "search": ["search", "a red thing", *one],
        "optimise": ["optimise", *one, "--budget", "4"],
        "retrieve": ["retrieve", "--model", GOOD, "--data", told(folder)],
        "audit": ["audit", *one],
        "report": ["report", str(folder / "r.html"), *one],
        "models": ["models"],
        "datasets": ["datasets"],
        "bundle": ["bundle", "export", str(folder / "b.zip"), *one],
        "verify": ["verify", "--no-mend"],
    }


@pytest.fixture
def home(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same pictures, and a copy of the cache."""
    point(monkeypatch, filled)
    shutil.copytree(filled / "cache", tmp_path / "cache")
    monkeypatch.setenv("TMV_CACHE", str(tmp_path / "cache"))

    from core.encoders.service.local import Encoding
    from core.store import write_card
    from tests.worlds import Wordy

    def encoder(self: Encoding, model: str, progress: object = None) -> Wordy:
        write_card(tmp_path / "cache", Wordy(GOOD).card)
        return Wordy(GOOD)

    monkeypatch.setattr(Encoding, "encoder", encoder)
    return filled


def file_at(name: str) -> Spoil:
    def spoil(cache: Path) -> None:
        place = cache / name if name else cache
        shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
        place.write_text("a file")

    return spoil


def folder_at(pattern: str) -> Spoil:
    def spoil(cache: Path) -> None:
        for path in [p for p in cache.glob(pattern) if p.is_file()]:
            path.unlink()
            path.mkdir()

    return spoil


def garbage_at(pattern: str) -> Spoil:
    def spoil(cache: Path) -> None:
        for path in [p for p in cache.glob(pattern) if p.is_file()]:
            path.write_bytes(b"garbage" * 999)

    return spoil


def foreign_results(cache: Path) -> None:
    shutil.rmtree(cache / "results")
    (cache / "results").mkdir()
    with sqlite3.connect(cache / "results" / "cache.db") as connection:
        connection.execute("CREATE TABLE Cache (a, b)")
    connection.close()


def files_at_entries(cache: Path) -> None:
    for folder in cache.glob("embeddings/*/*/*"):
        file_at(str(folder.relative_to(cache)))(cache)


SPOILT: dict[str, Spoil] = {
    **{
        name or "the cache": file_at(name)
        for name in ("", "embeddings", "texts", "results", "models", "locks", "digests", "run", "jobs.sqlite")
    },
    "entry": files_at_entries,
    "folders: texts": folder_at("texts/*.sqlite"),
    "folders: manifests": folder_at("embeddings/*/*/*/manifest.json"),
    "folders: vectors": folder_at("embeddings/*/*/*/images.npy"),
    "folders: cards": folder_at("models/*.json"),
    "folders: results": folder_at("results/*"),
    "folders: locks": folder_at("locks/*"),
    "garbage: texts": garbage_at("texts/*"),
    "garbage: results": garbage_at("results/*"),
    "garbage: cards": garbage_at("models/*"),
    "garbage: digests": garbage_at("digests/*"),
    "garbage: manifests": garbage_at("embeddings/*/*/*/manifest.json"),
    "foreign results": foreign_results,
}


@pytest.mark.parametrize("how", SPOILT)
def test_every_command_answers_or_says_in_one_sentence_what_is_in_the_way(
    how: str, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, command in commands(home).items():
        cache = tmp_path / "cache"
        shutil.rmtree(cache) if cache.is_dir() else cache.unlink(missing_ok=True)
        shutil.copytree(home / "cache", cache)
        SPOILT[how](cache)
        status = main(command)
        said = capsys.readouterr().err.strip().splitlines()
        assert status in (0, 1) and not any("unexpected" in line or "Traceback" in line for line in said), (name, said)
        if status:
            assert "TMV_CACHE" in said[-1] or "verify" in said[-1] or "first: python -m core embed" in said[-1], said


def read_only(patch: pytest.MonkeyPatch, cache: Path) -> None:
    """As on a read-only disk: every write into the folder is refused, by the system and by SQLite."""
    real_open, real_mkdir = Path.open, Path.mkdir

    def refuse(path: Path) -> None:
        if path.absolute().is_relative_to(cache):
            raise OSError(30, "Read-only file system", str(path))

    def opened(self: Path, mode: str = "r", *args: object, **kwargs: object) -> object:
        if set(mode) & set("wax+"):
            refuse(self)
        return real_open(self, mode, *args, **kwargs)  # type: ignore[call-overload]

    def mkdir(self: Path, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        if not self.is_dir():
            refuse(self)
        real_mkdir(self, mode, parents, exist_ok)

    def no_database(*_: object, **__: object) -> None:
        error = sqlite3.OperationalError("attempt to write a readonly database")
        error.sqlite_errorcode = sqlite3.SQLITE_READONLY
        raise error

    patch.setattr(Path, "open", opened)
    patch.setattr(Path, "mkdir", mkdir)
    patch.setattr(database, "_connect", no_database)
    patch.setattr(diskcache, "Cache", no_database)
    patch.setattr("core.system.locks._acquire", lambda lock: refuse(Path(lock.lock_file)))
    patch.setattr("tempfile.mkstemp", lambda *_, dir, **__: refuse(Path(dir)))


def test_a_read_only_cache_serves_what_is_in_it(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = {}
    for name, command in commands(home).items():
        assert main(command) == 0
        wanted[name] = capsys.readouterr().out
    read_only(monkeypatch, tmp_path / "cache")
    for name, command in commands(home).items():
        assert main(command) == 0, (name, capsys.readouterr().err)
        found = capsys.readouterr().out
        assert found == wanted[name] or name == "embed", name
    for command in (["search", "a new text", *commands(home)["embed"][1:]], ["verify"]):
        assert main(command) == 1
        assert "cannot be written (" in (said := capsys.readouterr().err) and "TMV_CACHE" in said


def test_results_that_cannot_be_kept_cost_only_time(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = run_study(Engine(tmp_path / "cache"), PromptSearch, GOOD, squares(home), budget=4)
    file_at("results")(tmp_path / "cache")
    assert run_study(Engine(tmp_path / "cache"), PromptSearch, GOOD, squares(home), budget=4).chosen == found.chosen
    with pytest.raises(Unwritable, match="TMV_CACHE"):
        Results(tmp_path / "cache").put("key", 1)


def test_a_place_outside_the_cache_is_not_blamed_on_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(Unwritable, match="choose another place") as caught:
        write_atomic(tmp_path / "file" / "report.html", b"", cache=False)
    assert "TMV_CACHE" not in str(caught.value)


# --- a cache that is changed under an open engine -----------------------------------------------------------


def test_a_cache_that_is_deleted_under_an_engine_is_missed(home: Path, tmp_path: Path) -> None:
    engine = Engine(tmp_path / "cache")
    number = engine.run(ZeroShot.at(engine, GOOD, squares(home))).acc1
    engine.results.put("mine", 1)
    shutil.rmtree(tmp_path / "cache")
    with pytest.raises(NotHere, match="not embedded with"):
        engine.run(ZeroShot.at(engine, GOOD, squares(home)))
    assert engine.results.get("mine") is None and engine.store.entries() == ()
    engine.results.put("mine", 2)
    assert Results(tmp_path / "cache").get("mine") == 2
    engine.vectors.ensure(engine.place(GOOD, squares(home)))
    assert engine.run(ZeroShot.at(engine, GOOD, squares(home))).acc1 == number


def test_a_damaged_manifest_is_not_passed_over_for_an_older_entry(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the pictures the newest entry answers; when it is damaged, nothing does in its place."""
    engine = Engine(tmp_path / "cache")
    key = engine.vectors.require(engine.place(GOOD, squares(home))).key
    older = next((tmp_path / "cache").glob(f"embeddings/*/*/{key.fingerprint}"))
    shutil.copytree(older, older.with_name("0123456789abcdef"))  # its manifest names another place: damaged
    with pytest.raises(Damaged, match=r"0123456789abcdef.*core verify"):
        Store(tmp_path / "cache").find(*(key.model, key.dataset, key.split))
    monkeypatch.setattr("core.readers.open_dataset", _gone)
    with pytest.raises(Damaged, match="its images are not on this machine"):
        Engine(tmp_path / "cache").data.split_of(squares(home), None)


def _gone(name: str, *_: object) -> None:
    raise NotHere(f"The images of {name} are not on this machine.")


def test_rows_of_earlier_versions_still_answer(tmp_path: Path) -> None:
    """Text vectors and results whose checksums covered less."""
    import json
    import zlib

    import numpy as np

    texts, vector = TextStore(tmp_path), np.arange(4, dtype=np.float32)
    texts.put("m", ["a text"], vector[None])
    with sqlite3.connect(texts.path("m")) as connection:
        connection.execute("UPDATE texts SET checksum = ?", (zlib.crc32(vector.tobytes()),))
    connection.close()
    assert texts.get("m", ["a text"])[1].all() and texts.everything("m")[0] == ("a text",)
    results = Results(tmp_path)
    for key, value in (("json", {"acc1": 0.5}), ("bytes", b"\x93NUMPY")):
        results.put(key, value)
        kind, plain = (b"B", value) if isinstance(value, bytes) else (b"J", json.dumps(value).encode())
        packed = zlib.compress(plain)
        row = kind + zlib.crc32(packed).to_bytes(4, "little") + packed
        with sqlite3.connect(tmp_path / "results" / "cache.db") as connection:
            connection.execute("UPDATE Cache SET value = ? WHERE key = ?", (row, key))
        connection.close()
    assert results.get("json") == {"acc1": 0.5} and results.get("bytes") == b"\x93NUMPY"


def test_a_row_answers_for_its_own_key_only(tmp_path: Path) -> None:
    results = Results(tmp_path)
    results.put("few/1", {"acc1": 0.1})
    with sqlite3.connect(tmp_path / "results" / "cache.db") as connection:
        connection.execute("UPDATE Cache SET key = 'few/3'")
    connection.close()
    assert results.get("few/3") is None and results.check(mend=False) == (0, [])
