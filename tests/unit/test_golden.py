"""What others hold on to stays: documents of every command from an old cache, keys of kept results, addresses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from core.commands import cli
from core.encoders.service.local import Encoding
from core.store import Results
from tests.golden.commands import COMMANDS, HERE, differences, document, plain
from tests.golden.pages import addresses


@pytest.fixture
def old_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the cache of an earlier commit, on a machine without its pictures; nothing may be computed."""
    shutil.copytree(HERE / "cache", tmp_path / "cache")
    monkeypatch.setenv("TMV_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TMV_DATA", str(tmp_path / "none"))
    monkeypatch.chdir(tmp_path)

    def never(*args: object, **options: object) -> None:
        raise AssertionError("a model was asked for, though everything is in the cache")

    monkeypatch.setattr(Encoding, "encoder", never)
    return tmp_path / "cache"


@pytest.mark.parametrize("name", COMMANDS)
def test_an_old_cache_answers_every_command_as_before(
    name: str, old_cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = Results(old_cache).keys()
    assert cli.main([*COMMANDS[name], "--json", "-"]) == 0
    found = plain(json.loads(capsys.readouterr().out))
    assert differences(document(name), found) == []
    assert Results(old_cache).keys() == before, "something was computed again"


def test_the_keys_of_kept_results_are_those_of_before(old_cache: Path) -> None:
    assert list(Results(old_cache).keys()) == json.loads((HERE / "result_keys.json").read_text("utf-8"))


def test_every_page_has_the_address_and_the_choices_of_before() -> None:
    kept = json.loads((HERE / "addresses.json").read_text("utf-8"))
    now = addresses()
    assert {page: sorted(set(names) - set(now.get(page, ()))) for page, names in kept.items()} == {p: [] for p in kept}


def test_differences_are_seen() -> None:
    assert differences({"a": [1.0, {"b": "x"}]}, {"a": [1.0 + 1e-7, {"b": "x"}]}) == []
    assert differences({"a": 1.0}, {"a": 1.1}) and differences({"a": 1}, {}) and differences([1], [1, 2])
    assert differences({"a": True}, {"a": 1.5}) and differences({"a": "x"}, {"a": "y"})
