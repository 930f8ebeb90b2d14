"""Bundles: the same studies on another machine, and nothing from an archive that is not one."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import stat
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.bundle import install
from core.bundle.choosing import export_bundle
from core.bundle.listing import LISTING, File, Listing, Result, read_listing
from core.commands import cli
from core.engine import Engine
from core.errors import NotHere, TMVError
from core.store import Results, read_card, write_card
from core.store.verify import verify
from core.studies.audit.study import Audit
from core.studies.captions.study import Retrieval
from core.studies.pictures.study import search
from core.studies.zero_shot.study import ZeroShot
from core.system.files import canonical_json, sha256_text
from tests.worlds import GOOD, POOR, Wordy, paint, point, squares, told

Parts = list[tuple[zipfile.ZipInfo, bytes]]
Change = Callable[[Parts], Parts]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`home`, a machine with pictures, models and studies, its copy `kept`, and its bundle; tests only copy them."""
    root = tmp_path_factory.mktemp("made")
    home = root / "home"
    home.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        paint(home)
        point(patch, home)
        engine = Engine(rescan_seconds=0)
        for model in (GOOD, POOR):
            engine.vectors.ensure(engine.place(model, squares(home)))
            engine.run(ZeroShot.at(engine, model, squares(home)))
        engine.vectors.ensure(engine.place(GOOD, told(home)))
        engine.run(Retrieval.at(engine, GOOD, told(home)))
        export_bundle(Engine(rescan_seconds=0), root / "all.zip")
    shutil.copytree(home, root / "kept")
    return root


@pytest.fixture
def home(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The machine as it was made, where it was made: names of data sets hold its path."""
    shutil.rmtree(made / "home")
    shutil.copytree(made / "kept", made / "home")
    point(monkeypatch, made / "home")
    return made / "home"


@pytest.fixture
def bundle(made: Path, tmp_path: Path) -> Path:
    return shutil.copyfile(made / "all.zip", tmp_path / "all.zip")


@pytest.fixture
def away(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another machine: an empty cache, no pictures, no models."""
    folder = tmp_path_factory.mktemp("away")

    def nothing(self: object, model: str, progress: object = None) -> None:
        raise NotHere("There are no weights on this machine.")

    from core.encoders.service.local import Encoding

    monkeypatch.setattr(Encoding, "encoder", nothing)
    monkeypatch.setenv("TMV_CACHE", str(folder / "cache"))
    monkeypatch.setenv("TMV_DATA", str(folder / "data"))
    return folder


def files_of(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


# --- there and back ---------------------------------------------------------------------------------------


def test_every_cached_study_runs_elsewhere(home: Path, bundle: Path, away: Path) -> None:
    here = Engine(home / "cache", home, rescan_seconds=0)
    shutil.move(home / "squares", home / "gone")
    there = Engine(data_dir=home, rescan_seconds=0)
    report = install(there.cache_dir, bundle)
    assert len(report.entries) == 3 and not report.there and report.texts > 0 and report.thumbnails == 60
    shutil.move(home / "gone", home / "squares")
    for model in (GOOD, POOR):
        mine, theirs = (e.run(ZeroShot.at(e, model, squares(home))) for e in (here, there))
        assert np.array_equal(mine.ranks, theirs.ranks) and mine.provenance == theirs.provenance
        assert np.array_equal(mine.top5_probability, theirs.top5_probability)
    assert (
        there.run(Retrieval.at(there, GOOD, told(home))).to_record()
        == here.run(Retrieval.at(here, GOOD, told(home))).to_record()
    )
    shutil.rmtree(home / "squares")
    for size in (224, 1024):
        assert there.thumbnail(squares(home), None, "red/3.png", size)[:4] == b"RIFF"
    found = search(there, there.place(GOOD, squares(home)), query="a photo of a red.", k=3)
    assert [i.split("/")[0] for i in (h.id for h in found.hits)] == ["red"] * 3
    assert there.run(Audit.at(there, POOR, squares(home))).finding("label-order").verdict == "ok"
    assert verify(there.store, mend=False).damaged == ()
    with pytest.raises(NotHere):
        there.encoding.encode_texts(GOOD, ["a text that nobody encoded"])


def test_the_same_cache_gives_the_same_bytes(home: Path, bundle: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.zip"
    export_bundle(Engine(rescan_seconds=0), again)
    assert again.read_bytes() == bundle.read_bytes()
    with zipfile.ZipFile(again) as archive:
        names = [i.filename for i in archive.infolist()]
        assert names[0] == LISTING and names[1:] == sorted(names[1:])
        assert {i.date_time for i in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_bundle_made_from_an_imported_one_is_the_same(home: Path, bundle: Path, away: Path) -> None:
    there = Engine(rescan_seconds=0)
    install(there.cache_dir, bundle)
    shutil.rmtree(home / "squares")
    shutil.rmtree(home / "told")
    export_bundle(there, away / "back.zip")
    assert (away / "back.zip").read_bytes() == bundle.read_bytes()


def test_only_what_is_chosen_goes_in(home: Path, away: Path) -> None:
    file = away / "part.zip"
    here = Engine(home / "cache", home, rescan_seconds=0)
    report = export_bundle(here, file, [POOR], [squares(home)], sizes=())
    assert [k.model for k in report.entries] == [POOR] and report.thumbnails == 0 and report.results == 0
    install(Engine(rescan_seconds=0).cache_dir, file)
    assert read_card(away / "cache", GOOD) is None and read_card(away / "cache", POOR) is not None
    with pytest.raises(NotHere, match=r"first: python -m core embed"):
        export_bundle(here, file, [POOR], [told(home)])


def test_results_come_along_with_their_vectors_only(home: Path, away: Path) -> None:
    here = Engine(home / "cache", home, rescan_seconds=0)
    mine = here.vectors.require(here.place(GOOD, told(home))).key.fingerprint
    here.results.put(f"probe/{mine}/{'0' * 16}/{'1' * 16}", b"of vectors that are gone")
    other = here.vectors.require(here.place(POOR, squares(home))).key.fingerprint
    here.results.put(f"probe/{mine}/{other}/{'1' * 16}", {"of": "both"})
    here.results.put("unrelated", 1)
    export_bundle(here, away / "x.zip", [GOOD], [told(home)])
    with zipfile.ZipFile(away / "x.zip") as archive:
        keys = {r["key"].split("/")[0] for r in json.loads(archive.read(LISTING))["results"]}
    assert keys == {"retrieve", "probe"}
    assert install(Engine(rescan_seconds=0).cache_dir, away / "x.zip").results == 2
    assert Results(away / "cache").get(f"probe/{mine}/{'0' * 16}/{'1' * 16}") == b"of vectors that are gone"
    assert Results(away / "cache").get(f"probe/{mine}/{other}/{'1' * 16}") is None


def test_no_path_of_this_machine_is_told(home: Path, bundle: Path) -> None:
    card = read_card(home / "cache", GOOD)
    assert card is not None
    from dataclasses import replace

    engine, file = Engine(rescan_seconds=0), home / "with-paths.zip"
    weights = (
        {"path": "/home/someone/secret/weights.pt", "size": 1, "mtime_ns": 1, "ctime_ns": 1, "sha256": "0" * 64},
    )
    write_card(home / "cache", replace(card, weights=weights))
    export_bundle(engine, file, [GOOD], [told(home)])
    with zipfile.ZipFile(file) as archive:
        text = b"".join(archive.read(i) for i in archive.infolist() if i.filename.startswith("models/"))
    assert b"weights.pt" in text and b"someone" not in text


def test_importing_twice_changes_nothing_and_mends_what_is_broken(bundle: Path, away: Path) -> None:
    there = Engine(rescan_seconds=0)
    install(there.cache_dir, bundle)
    before = files_of(away / "cache")
    report = install(there.cache_dir, bundle)
    assert report.entries == () and len(report.there) == 3 and report.results == 0
    assert files_of(away / "cache") == before
    next((away / "cache").rglob("images.npy")).write_bytes(b"broken")
    assert len(install(Engine(rescan_seconds=0).cache_dir, bundle).entries) == 1


def test_other_weights_of_the_same_name_are_not_mixed(home: Path, bundle: Path, away: Path) -> None:
    there = Engine(rescan_seconds=0)
    install(there.cache_dir, bundle)
    other = Wordy(GOOD, digest="other weights")
    shutil.copytree(away / "cache", away / "second")
    write_card(away / "second", other.card)
    before = files_of(away / "second")
    with pytest.raises(TMVError, match="other weights of ViT-B-32/random"):
        install(Engine(away / "second", rescan_seconds=0).cache_dir, bundle)
    assert files_of(away / "second") == before


def test_what_is_damaged_is_not_exported(home: Path) -> None:
    vectors = next((home / "cache").rglob("images.npy"))
    content = bytearray(vectors.read_bytes())
    content[-1] ^= 1
    vectors.write_bytes(bytes(content))
    file = home / "x.zip"
    with pytest.raises(TMVError, match=r"are damaged \(images.npy\): run `python -m core verify`"):
        export_bundle(Engine(rescan_seconds=0), file)
    assert not file.exists()
    with pytest.raises(NotHere, match="Nothing in the cache"):
        export_bundle(Engine(home / "empty", rescan_seconds=0), file)


def test_a_stop_in_between_leaves_nothing_half_done(bundle: Path, away: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done > total // 2:
            raise KeyboardInterrupt

    there = Engine(rescan_seconds=0)
    with pytest.raises(KeyboardInterrupt):
        install(there.cache_dir, bundle, stop)
    assert files_of(away / "cache") == set() and list((away / "cache").iterdir()) == []
    file = away / "out.zip"
    install(there.cache_dir, bundle)
    with pytest.raises(KeyboardInterrupt):
        export_bundle(there, file, progress=stop)
    assert not file.exists() and [p.name for p in away.iterdir() if p.name.startswith(".")] == []


# --- hostile archives -------------------------------------------------------------------------------------


def parts_of(bundle: Path) -> list[tuple[zipfile.ZipInfo, bytes]]:
    with zipfile.ZipFile(bundle) as archive:
        return [(info, archive.read(info)) for info in archive.infolist()]


def plain(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.create_system, info.external_attr = 3, mode << 16
    return info


def with_last(parts: Parts, *, link: tuple[zipfile.ZipInfo, bytes]) -> Parts:
    return [*parts, link]


def with_first(parts: Parts, *, content: bytes) -> Parts:
    return [(parts[0][0], content), *parts[1:]]


def rewrite(bundle: Path, target: Path, change: Change, *, relist: bool = True) -> Path:
    """The bundle with other members; with `relist` the list is made to fit them, as an attacker would."""
    parts = change(parts_of(bundle))
    if relist:
        known = json.loads(next(content for info, content in parts if info.filename == LISTING))
        body = {k: v for k, v in known.items() if k != "sha256"}
        body["files"] = {i.filename: [len(c), hashlib.sha256(c).hexdigest()] for i, c in parts if i.filename != LISTING}
        parts = [(i, _signed(body)) if i.filename == LISTING else (i, c) for i, c in parts]
    with zipfile.ZipFile(target, "w") as archive:
        for info, content in parts:
            archive.writestr(info, content, compress_type=info.compress_type)
    return target


def _signed(body: dict[str, Any]) -> bytes:
    return canonical_json(body | {"sha256": sha256_text(canonical_json(body))}).encode()


def refused(file: Path, away: Path, words: str) -> None:
    """The file is refused with these words, and neither the cache nor anything beside it is touched."""
    before = files_of(away)
    with pytest.raises(TMVError, match=words) as error:
        install(Engine(rescan_seconds=0).cache_dir, file)
    assert files_of(away) == before and str(error.value).count("\n") == 0


@pytest.mark.parametrize(
    "name",
    [
        "../evil.json",
        "/etc/evil",
        "models/../../evil.json",
        "embeddings/a/b/../../../x",
        "C:\\evil",
        "models\\evil.json",
        "evil.py",
        "models/evil.py",
        "models/.hidden.json",
        "results/00.json",
        "locks/x.lock",
        "jobs.sqlite",
        "embeddings/a/b/0123456789abcdef/run/plan.json",
        "thumbnails/../x",
        "models/a/b.json",
        "texts/x/y.sqlite",
        "bundle.json/x",
        "models/\u202egpj.json",
        "models/" + "a" * 300 + ".json",
        "",
    ],
)
def test_names_that_lead_out_or_do_not_belong_are_refused(bundle: Path, away: Path, name: str) -> None:
    file = rewrite(bundle, away / "x.zip", lambda parts: [*parts, (plain(name or "a"), b"{}")])
    refused(file, away, "has no place in a bundle|no plain file")


def test_what_is_not_listed_or_not_there_is_refused(bundle: Path, away: Path) -> None:
    extra = rewrite(bundle, away / "a.zip", lambda parts: [*parts, (plain("models/x.json"), b"{}")], relist=False)
    refused(extra, away, "which it does not list")
    less = rewrite(bundle, away / "b.zip", lambda parts: parts[:-1], relist=False)
    refused(less, away, "which is not in it")


def test_links_and_devices_are_refused(bundle: Path, away: Path) -> None:
    for mode in (stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFDIR):
        link = (plain("models/x.json", mode | 0o777), b"/etc/passwd")
        file = rewrite(bundle, away / "x.zip", partial(with_last, link=link))
        refused(file, away, "no plain file")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_name_twice_is_refused(bundle: Path, away: Path) -> None:
    file = rewrite(bundle, away / "x.zip", lambda parts: [*parts, parts[-1]])
    refused(file, away, "twice")
    cased = rewrite(
        bundle, away / "y.zip", lambda p: [*p, (plain("models/A.json"), b"{}"), (plain("models/a.json"), b"{}")]
    )
    refused(cased, away, "upper and lower case")


def test_a_bomb_is_refused_before_it_unpacks(bundle: Path, away: Path) -> None:
    bomb = plain("results/" + "0" * 32 + ".json")
    bomb.compress_type = zipfile.ZIP_DEFLATED
    file = rewrite(bundle, away / "x.zip", lambda parts: [*parts, (bomb, b"0" * 30_000_000)])
    assert file.stat().st_size < 10_000_000
    refused(file, away, "compressed or encrypted")


def test_overlapping_members_are_refused(bundle: Path, away: Path) -> None:
    """Many entries of the directory that share the bytes of one member would unpack to more than the file has."""
    content = bytearray(rewrite(bundle, away / "x.zip", lambda p: p).read_bytes())
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as archive:
        infos = [i for i in archive.infolist() if i.filename.endswith("images.npy")]
    target = infos[0].header_offset
    position = content.rfind(infos[1].filename.encode()) - 46
    assert content[position : position + 4] == b"PK\x01\x02"
    content[position + 42 : position + 46] = target.to_bytes(4, "little")
    (away / "y.zip").write_bytes(bytes(content))
    refused(away / "y.zip", away, "damaged or no bundle|checksum differs")


def test_declared_sizes_must_be_true(bundle: Path, away: Path) -> None:
    def lie(parts: list[tuple[zipfile.ZipInfo, bytes]]) -> list[tuple[zipfile.ZipInfo, bytes]]:
        body = {k: v for k, v in json.loads(parts[0][1]).items() if k != "sha256"}
        first = next(iter(body["files"]))
        body["files"][first][0] += 1
        return [(parts[0][0], _signed(body)), *parts[1:]]

    refused(rewrite(bundle, away / "x.zip", lie, relist=False), away, "other sizes than it lists")


def test_changed_content_is_refused(bundle: Path, away: Path) -> None:
    def change(parts: list[tuple[zipfile.ZipInfo, bytes]]) -> list[tuple[zipfile.ZipInfo, bytes]]:
        return [(i, c[:-1] + bytes([c[-1] ^ 1])) if i.filename.endswith("images.npy") else (i, c) for i, c in parts]

    refused(rewrite(bundle, away / "x.zip", change, relist=False), away, "checksum differs")
    refused(rewrite(bundle, away / "y.zip", change), away, "damaged")


def test_a_cut_or_foreign_file_is_refused(bundle: Path, away: Path) -> None:
    content = bundle.read_bytes()
    for name, part in (
        ("cut.zip", content[: len(content) // 2]),
        ("empty.zip", b""),
        ("text.zip", b"hello"),
        ("pk.zip", b"PK\x05\x06" + b"\0" * 18),
    ):
        (away / name).write_bytes(part)
        refused(away / name, away, "damaged or no bundle|does not begin with")
    refused(away / "none.zip", away, "There is no bundle at")


def test_the_list_must_come_first_and_be_whole(bundle: Path, away: Path) -> None:
    refused(rewrite(bundle, away / "a.zip", lambda p: [*p[1:], p[0]]), away, "does not begin with the list")
    for broken in (b"[]", b"{}", b"\xff", b'{"format": 1}', b"[" * 100_000):
        file = rewrite(bundle, away / "b.zip", partial(with_first, content=broken), relist=False)
        refused(file, away, "not a whole bundle")


@pytest.mark.parametrize(
    ("where", "content", "words"),
    [
        ("vectors.npy", b"\x80\x04pickle", "text vectors that are not whole"),
        ("texts.json", b"{}", "text vectors that are not whole"),
        ("rows.parquet", b"PAR1nonsense", "damaged"),
        ("manifest.json", b"{}", "not whole"),
        (".webp", b"<svg onload=alert(1)>", "no WebP image"),
        (".bin", b"", ""),
    ],
)
def test_every_part_must_be_what_its_place_says(
    bundle: Path, away: Path, where: str, content: bytes, words: str
) -> None:
    def change(parts: list[tuple[zipfile.ZipInfo, bytes]]) -> list[tuple[zipfile.ZipInfo, bytes]]:
        return [(i, content) if i.filename.endswith(where) else (i, c) for i, c in parts]

    file = rewrite(bundle, away / "x.zip", change)
    if words:
        refused(file, away, words)
    else:  # what a result's bytes mean only its study can tell; it then counts as not there
        install(Engine(rescan_seconds=0).cache_dir, file)


def test_results_of_vectors_that_are_not_in_it_are_refused(bundle: Path, away: Path) -> None:
    def add(key: str) -> Change:
        def change(parts: list[tuple[zipfile.ZipInfo, bytes]]) -> list[tuple[zipfile.ZipInfo, bytes]]:
            body = {k: v for k, v in json.loads(parts[0][1]).items() if k != "sha256"}
            name = f"results/{'a' * 32}.json"
            body["results"].append({"key": key, "file": name})
            return [(parts[0][0], _signed(body)), *parts[1:], (plain(name), b"1")]

        return change

    for key in ("texts/0123456789abcdef0123", "probe/ffffffffffffffff/x", "../x", "a" * 500):
        refused(rewrite(bundle, away / "x.zip", add(key)), away, "vectors that are not in it")


def test_a_list_is_read_back_as_written() -> None:
    from core.types import EmbeddingKey

    key = EmbeddingKey(model="m/x", dataset="d", split="test", fingerprint="0123456789abcdef")
    files = {f"results/{'a' * 32}.bin": File(bytes=3, sha256="0" * 64)}
    listing = Listing(
        files=files, entries=(key,), results=(Result(key="probe/0123456789abcdef/1", file=f"results/{'a' * 32}.bin"),)
    )
    assert read_listing(listing.to_bytes(), "x") == listing and listing.total == 3


# --- the command ------------------------------------------------------------------------------------------


def test_the_command_exports_and_imports(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = home / "talk.zip"
    assert cli.main(["bundle", "export", "--model", GOOD, "--data", told(home), str(file), "--json", "-"]) == 0
    record = json.loads(capsys.readouterr().out)["results"][0]
    assert record["bytes"] == file.stat().st_size and record["thumbnails"] == 20 and len(record["entries"]) == 1
    monkeypatch.setenv("TMV_CACHE", str(home / "second"))
    assert cli.main(["bundle", "import", str(file)]) == 0
    assert "import" in capsys.readouterr().out
    assert cli.main(["bundle", "export", str(home / "no" / "x.zip")]) == 2
    assert "make the folder first" in capsys.readouterr().err
    file.write_bytes(b"x")
    assert cli.main(["bundle", "import", str(file)]) == 1
    assert "damaged or no bundle" in capsys.readouterr().err
