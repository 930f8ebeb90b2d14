"""Where weights lie and how they get there, against a server that speaks the hub's protocol."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import pytest

from core.catalog import models
from core.catalog.models import MODELS, find_model
from core.encoders import hub, weights
from core.encoders.weights import ModelFiles
from core.errors import Cancelled, NotHere, TMVError
from core.system import download as transfer
from tests.hub import COMMIT, Loopback, serve
from tests.unit.system.test_download import free_port

ROOT = Path(__file__).parents[3]
HUB_MODEL = "ViT-B-32/laion2b_s34b_b79k"
REPOSITORY = "laion/CLIP-ViT-B-32-laion2B-s34B-b79K"
CONTENT = bytes(range(251)) * 20_000
SAFE, PICKLED = "open_clip_model.safetensors", "open_clip_pytorch_model.bin"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, so that neither cache of the machine is seen or touched."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(transfer, "WAIT_SECONDS", 0.01)
    return tmp_path


@pytest.fixture
def server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    with serve() as loopback:
        loopback.repositories[REPOSITORY] = {SAFE: CONTENT}
        monkeypatch.setenv("HF_ENDPOINT", loopback.url)
        yield loopback


@pytest.fixture
def openai(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> Loopback:
    """OpenAI's address of ViT-B/32, moved to the server here."""
    path = f"/clip/models/{hashlib.sha256(CONTENT).hexdigest()}/ViT-B-32.pt"
    server.plain[path] = CONTENT
    monkeypatch.setattr(models, "WEIGHT_ADDRESSES", {"ViT-B-32/openai": server.url + path})
    return server


# --- where things are -------------------------------------------------------------------------------------


def test_every_catalog_model_has_a_source() -> None:
    for spec in MODELS:
        source = weights.source_of(spec)
        assert source.files or source.url.endswith(".pt") or (source.hub and source.filenames)


def test_openai_addresses_state_their_checksum() -> None:
    for name in ("ViT-B-32/openai", "ViT-B-16/openai", "RN50/openai"):
        known = weights.expected_sha256(find_model(name))
        assert known is not None and len(known) == 64
    assert weights.expected_sha256(find_model(HUB_MODEL)) is None


def test_sources_are_those_of_the_libraries() -> None:
    import open_clip

    for spec in MODELS:
        if spec.family in ("openai", "open_clip"):
            known = open_clip.get_pretrained_cfg(spec.architecture, spec.pretrained)
            source = weights.source_of(spec)
            assert source.url == known["url"] if source.url else f"{source.hub}/" == known["hf_hub"]


def test_other_pairs_are_looked_up_in_open_clip() -> None:
    plain = weights.source_of(find_model("ViT-B-32/datacomp_xl_s13b_b90k"))
    assert (plain.hub, plain.filenames) == ("laion/CLIP-ViT-B-32-DataComp.XL-s13B-b90K", (SAFE, PICKLED))
    named = weights.source_of(find_model("ViTamin-S/datacomp1b"))
    assert named.filenames == ("pytorch_model.safetensors", "pytorch_model.bin")


def test_an_untrained_model_needs_nothing(home: Path) -> None:
    spec = find_model("ViT-B-32/random")
    assert weights.locate(spec) == ModelFiles() == weights.download(spec)
    assert weights.state(spec).state == "ready"


def test_states(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = find_model(HUB_MODEL)
    assert weights.locate(spec) is None
    state = weights.state(spec)
    assert state.state == "downloadable" and "605 MB" in state.why
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    assert weights.state(spec).state == "absent" and "HF_HUB_OFFLINE" in weights.state(spec).why


def test_a_library_that_is_missing_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_installed", lambda package: False)
    assert weights.state(find_model("RN50/openai")).why.startswith("The package clip is not installed")


def test_files_of_ones_own(tmp_path: Path) -> None:
    config, tensors = tmp_path / "c,1.json", tmp_path / "w.safetensors"
    spec = find_model(f"file:{config},{tensors}")
    config.write_text("{}")
    assert weights.locate(spec) is None
    assert weights.state(spec).state == "absent" and "w.safetensors" in weights.state(spec).why
    with pytest.raises(NotHere, match=r"w\.safetensors"):
        weights.download(spec)
    tensors.write_bytes(b"")
    assert weights.locate(spec) == ModelFiles(weights=tensors, config=config)


def test_looking_needs_no_torch() -> None:
    code = (
        "import sys; from core.encoders import weights; from core.catalog.models import MODELS, find_model;"
        "[weights.state(m) for m in (*MODELS, find_model('ViTamin-S/datacomp1b'))];"
        "assert not {'torch', 'open_clip', 'clip'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


# --- the hub ----------------------------------------------------------------------------------------------


def test_whole_from_the_hub(server: Loopback, home: Path) -> None:
    spec, seen = find_model(HUB_MODEL), list[tuple[int, int]]()
    (path,) = weights.download(spec, lambda done, total: seen.append((done, total))).paths
    assert path.read_bytes() == CONTENT and weights.locate(spec) == ModelFiles(weights=path)
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    folder = home / "hub" / "models--laion--CLIP-ViT-B-32-laion2B-s34B-b79K"
    assert path == folder / "snapshots" / COMMIT / SAFE
    assert len(server.gets("/content/")) == 1
    assert weights.state(spec).state == "ready"


def test_what_is_cached_asks_nobody(server: Loopback) -> None:
    spec = find_model(HUB_MODEL)
    weights.download(spec)
    asked = len(server.requests)
    weights.download(spec)
    assert len(server.requests) == asked


def test_the_library_itself_finds_what_was_brought(server: Loopback, home: Path) -> None:
    weights.download(find_model(HUB_MODEL))
    found = huggingface_hub.hf_hub_download(REPOSITORY, SAFE, cache_dir=home / "hub", local_files_only=True)
    assert Path(found).read_bytes() == CONTENT


def test_cut_off_half_way_and_gone_on(server: Loopback) -> None:
    server.cuts = [len(CONTENT) // 2]
    (path,) = weights.download(find_model(HUB_MODEL)).paths
    assert path.read_bytes() == CONTENT
    assert [h.get("Range") for h in server.gets("/content/")] == [None, f"bytes={len(CONTENT) // 2}-"]


def test_a_later_run_goes_on(server: Loopback) -> None:
    def stop(done: int, total: int) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        weights.download(find_model(HUB_MODEL), stop)
    assert weights.locate(find_model(HUB_MODEL)) is None
    (path,) = weights.download(find_model(HUB_MODEL)).paths
    assert path.read_bytes() == CONTENT and "Range" in server.gets("/content/")[-1]


def test_a_wrong_checksum_leaves_nothing(server: Loopback, home: Path) -> None:
    server.corrupt = True
    with pytest.raises(TMVError, match="checksum"):
        weights.download(find_model(HUB_MODEL))
    assert weights.locate(find_model(HUB_MODEL)) is None
    assert not [p for p in (home / "hub").rglob("*") if p.is_file() and p.stat().st_size > 1000]


def test_a_pickled_file_only_where_there_is_no_safe_one(server: Loopback) -> None:
    server.repositories[REPOSITORY] = {PICKLED: CONTENT}
    (path,) = weights.download(find_model(HUB_MODEL)).paths
    assert path.name == PICKLED
    server.repositories[REPOSITORY] = {}
    shutil.rmtree(path.parents[2])
    with pytest.raises(NotHere, match="none of the files"):
        weights.download(find_model(HUB_MODEL))


def test_a_repository_brings_its_configuration(server: Loopback) -> None:
    server.repositories["someone/own-clip"] = {"open_clip_config.json": b"{}", SAFE: CONTENT}
    server.small = {"open_clip_config.json"}
    spec = find_model("hf-hub:someone/own-clip")
    config, path = weights.download(spec).paths
    assert config.read_bytes() == b"{}" and path.read_bytes() == CONTENT
    assert weights.locate(spec) == ModelFiles(weights=path, config=config)


def test_an_unknown_repository_is_one_sentence(server: Loopback) -> None:
    with pytest.raises(NotHere, match="status 404") as caught:
        weights.download(find_model("hf-hub:nobody/nothing"))
    assert "\n" not in str(caught.value)


def test_the_token_stays_with_the_hub(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    weights.download(find_model(HUB_MODEL))
    asked = [h for _, path, h in server.requests if "/resolve/" in path]
    assert {h.get("authorization") or h.get("Authorization") for h in asked} == {"Bearer hf_secret"}
    assert not any("hf_secret" in str(headers) for headers in server.gets("/content/"))


def test_a_refused_connection_says_what_to_do(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(NotHere, match="connect to the network, or copy the folder") as caught:
        weights.download(find_model(HUB_MODEL))
    assert str(home / "hub") in str(caught.value) and "\n" not in str(caught.value)


def test_offline_says_so(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(NotHere, match="HF_HUB_OFFLINE is set"):
        weights.download(find_model(HUB_MODEL))
    assert hub.offline() and not server.requests


def test_the_environment_of_the_hub_is_respected(server: Loopback, tmp_path: Path) -> None:
    """In a process of its own, since the library reads its environment when it is imported."""
    code = (
        "from core.encoders import weights; from core.catalog.models import find_model;"
        f"print(weights.download(find_model({HUB_MODEL!r})).weights)"
    )
    environment = {**os.environ, "HF_HOME": str(tmp_path / "elsewhere"), "HF_ENDPOINT": server.url}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    assert Path(run.stdout.strip()).read_bytes() == CONTENT
    assert run.stdout.startswith(str(tmp_path / "elsewhere"))


# --- plain addresses --------------------------------------------------------------------------------------


def test_whole_from_openai(openai: Loopback, home: Path) -> None:
    spec = find_model("ViT-B-32/openai")
    wanted = ModelFiles(weights=home / ".cache" / "clip" / "ViT-B-32.pt")
    assert weights.download(spec) == wanted == weights.locate(spec)
    assert weights.clip_cache() == home / ".cache" / "clip"


def test_cut_off_and_wrong_from_openai(openai: Loopback) -> None:
    spec = find_model("ViT-B-32/openai")
    openai.corrupt = True
    with pytest.raises(TMVError, match="checksum"):
        weights.download(spec)
    assert weights.locate(spec) is None
    openai.corrupt, openai.cuts = False, [len(CONTENT) // 2]
    assert weights.download(spec).paths[0].read_bytes() == CONTENT
    assert openai.gets("ViT-B-32.pt")[-1]["Range"] == f"bytes={len(CONTENT) // 2}-"


def test_no_network_for_openai_says_what_to_copy(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"http://127.0.0.1:{free_port()}/{'0' * 64}/ViT-B-32.pt"
    monkeypatch.setattr(models, "WEIGHT_ADDRESSES", {"ViT-B-32/openai": address})
    with pytest.raises(NotHere, match=r"copy ViT-B-32\.pt to .*/\.cache/clip\.$") as caught:
        weights.download(find_model("ViT-B-32/openai"))
    assert "\n" not in str(caught.value)


# --- checksums of files -----------------------------------------------------------------------------------


def test_a_digest_is_remembered_until_the_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, memo = tmp_path / "w.bin", tmp_path / "memo"
    file.write_bytes(b"one")
    read = list[Path]()

    def digest(path: Path) -> str:
        read.append(path)
        return hashlib.sha256(path.read_bytes()).hexdigest()

    monkeypatch.setattr(transfer, "digest", digest)
    for _ in range(3):
        assert weights.file_digest(file, memo) == hashlib.sha256(b"one").hexdigest()
    assert len(read) == 1
    stat = file.stat()
    file.write_bytes(b"two")  # same size, and the times put back: the change time still tells
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert weights.file_digest(file, memo) == hashlib.sha256(b"two").hexdigest()


def test_a_damaged_memo_is_ignored(tmp_path: Path) -> None:
    file, memo = tmp_path / "w.bin", tmp_path / "memo"
    file.write_bytes(b"one")
    known = weights.file_digest(file, memo)
    for damaged in ("", "{}", "[1, 2]", "null"):
        next(memo.glob("*.json")).write_text(damaged)
        assert weights.file_digest(file, memo) == known
