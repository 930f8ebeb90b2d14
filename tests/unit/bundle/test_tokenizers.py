"""Bundles with tokenizers: texts are counted and compared on a machine without weights and without a network."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import constants

from core.bundle import install
from core.bundle.choosing import export_bundle
from core.bundle.listing import LISTING, File, read_listing
from core.catalog.models import find_model
from core.commands import cli
from core.encoders import weights
from core.engine import Engine
from core.errors import NotHere, TMVError
from core.studies.zero_shot.study import ZeroShot
from core.system import download as transfer
from tests.hub import COMMIT, Loopback, serve
from tests.tiny_models import make_family, publish
from tests.worlds import paint, squares

MODEL = "hf-hub:tiny/model"
FORMS = ("a photo of a {}", "A photo of a {}.")


@pytest.fixture(params=["siglip", "roberta"])
def home(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """A machine with a model of the hub and its vectors."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(transfer, "WAIT_SECONDS", 0.01)
    paint(tmp_path / "data")
    with serve() as loopback:
        monkeypatch.setenv("HF_ENDPOINT", loopback.url)
        publish(loopback, request.param, tmp_path / "own")
        engine = Engine(tmp_path / "cache", tmp_path / "data")
        study = ZeroShot.at(engine, MODEL, squares(tmp_path / "data"), templates=FORMS)
        engine.vectors.ensure(study.place)
        engine.run(study)
        yield loopback


def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str = "there") -> Engine:
    """Another machine: an empty cache of the hub, and no network."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / name / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return Engine(tmp_path / name / "cache", tmp_path / "data")


def test_the_other_machine_reads_texts_as_this_one(
    home: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Engine(tmp_path / "cache", tmp_path / "data")
    data, spec = squares(tmp_path / "data"), find_model(MODEL)
    images = here.vectors.require(here.place(MODEL, data))
    same = here.prompting.same_templates(MODEL, FORMS, images.classnames)
    wanted = here.run(ZeroShot.at(here, MODEL, data, templates=FORMS))
    digests = {path.name: weights.file_digest(path) for path in (weights.locate_text(spec) or {}).values()}
    plain = export_bundle(here, tmp_path / "plain.zip", [MODEL])
    report = export_bundle(here, tmp_path / "with.zip", [MODEL], tokenizers=True)
    assert plain.tokenizers == 0 and report.tokenizers == len(digests) + 1, "and the configuration"
    with zipfile.ZipFile(tmp_path / "with.zip") as archive:
        assert not [name for name in archive.namelist() if name.endswith((".safetensors", ".bin"))]

    bare = _elsewhere(tmp_path, monkeypatch, "bare")
    install(bare.cache_dir, tmp_path / "plain.zip")
    assert weights.text_config(spec) is None, "nothing of its text side is there"

    there = _elsewhere(tmp_path, monkeypatch)
    assert install(there.cache_dir, tmp_path / "with.zip").tokenizers == report.tokenizers
    found = weights.locate_text(spec)
    assert found is not None and {path.name: weights.file_digest(path) for path in found.values()} == digests
    assert there.prompting.same_templates(MODEL, FORMS, images.classnames) == same
    result = there.run(ZeroShot.at(there, MODEL, data, templates=FORMS))
    assert result.acc1 == wanted.acc1 and {n.code for n in result.notes} == {n.code for n in wanted.notes}
    assert weights.state(spec).state == "absent", "its weights are still missing"
    assert install(there.cache_dir, tmp_path / "with.zip").tokenizers == 0, "what is there stays"


def test_files_of_another_state_are_not_mixed(home: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export_bundle(Engine(tmp_path / "cache", tmp_path / "data"), tmp_path / "with.zip", [MODEL], tokenizers=True)
    there = _elsewhere(tmp_path, monkeypatch)
    main = tmp_path / "there" / "hub" / "models--tiny--model" / "refs" / "main"
    main.parent.mkdir(parents=True)
    main.write_text("d" * 40)
    install(there.cache_dir, tmp_path / "with.zip")
    assert main.read_text() == "d" * 40 and not list(main.parents[1].glob("snapshots/*/open_clip_config.json"))


def _changed(file: Path, change: str, content: bytes, path: str = "") -> Path:
    """The same bundle with one tokenizer file of other content, and a list that fits it."""
    target = file.with_name(f"changed-{change}.zip")
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(target, "w") as out:
        listing = read_listing(archive.read(LISTING), file.name)
        old = next(p for p in listing.files if p.startswith("tokenizers/"))
        files = {p: known for p, known in listing.files.items() if p != old}
        files[path or old] = File(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
        out.writestr(LISTING, replace(listing, files=files).to_bytes())
        for name in files:
            out.writestr(name, content if name == (path or old) else archive.read(name))
    return target


@pytest.mark.parametrize(
    ("change", "content", "path", "said"),
    [
        ("code", b'{"auto_map": {"AutoTokenizer": "evil.py"}}', "", "not the plain data"),
        ("list", b"[]", "", "not the plain data"),
        ("bytes", b"\xff\xfe", "", "not the plain data"),
        ("other", b"{}", "", "is of no model in it"),
        ("place", b"{}", f"tokenizers/a--b/{COMMIT}/evil.py", "no place in a bundle"),
        ("up", b"{}", f"tokenizers/../{COMMIT}/config.json", "no place in a bundle"),
        ("name", b"{}", f"tokenizers/%2e%2e/{COMMIT}/config.json", "cannot be used|names no repository"),
    ],
)
def test_what_is_no_tokenizer_is_refused(
    home: Loopback, change: str, content: bytes, path: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_bundle(Engine(tmp_path / "cache", tmp_path / "data"), tmp_path / "with.zip", [MODEL], tokenizers=True)
    there = _elsewhere(tmp_path, monkeypatch)
    with pytest.raises(TMVError, match=said):
        install(there.cache_dir, _changed(tmp_path / "with.zip", change, content, path))
    assert not list((tmp_path / "there").rglob("*.json")), "nothing was installed"


def test_the_command_says_how_many(
    home: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TMV_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TMV_DATA", str(tmp_path / "data"))
    file = str(tmp_path / "with.zip")
    assert cli.main(["bundle", "export", file, "--tokenizers", "--json", "-"]) == 0
    made = json.loads(capsys.readouterr().out)["results"][0]["tokenizer_files"]
    _elsewhere(tmp_path, monkeypatch)
    monkeypatch.setenv("TMV_CACHE", str(tmp_path / "there" / "cache"))
    assert cli.main(["bundle", "import", file, "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["results"][0]["tokenizer_files"] == made > 0


def test_a_model_in_files_keeps_its_own_beside_it(tmp_path: Path) -> None:
    paint(tmp_path)
    engine, name = Engine(tmp_path / "cache", tmp_path), make_family("siglip", tmp_path / "model")
    engine.vectors.ensure(engine.place(name, squares(tmp_path)))
    with pytest.raises(NotHere, match="lies beside the model's own files"):
        export_bundle(engine, tmp_path / "with.zip", [name], tokenizers=True)
