"""What people bring, from the command line to the number: one line for each thing met in public trackers, with its right
answer. The demo's own model names the demo's own pictures, so a wrong reading shows as a wrong number."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from core.commands import cli
from core.demo.plans import Picture, class_folders, pictures

MODEL = ("--model", "demo-rn/demo")
NAMES = class_folders("demo-objects")
SAID = tuple(name.replace("_", " ") for name in NAMES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command said: its exit status, its one sentence, and the records of its document."""

    status: int
    sentence: str
    records: tuple[dict[str, Any], ...]

    @property
    def one(self) -> dict[str, Any]:
        (record,) = self.records
        return record

    def codes(self, level: str = "") -> set[str]:
        """Codes of its notes, of one level or of all."""
        return {n["code"] for r in self.records for n in r.get("notes", ()) if level in ("", n["level"])}


@cache
def plan() -> tuple[Picture, ...]:
    return tuple(sorted(pictures("demo-objects"), key=lambda p: p.path))


@cache
def drawn(name: str, i: int) -> bytes:
    """One of the demo's test pictures of a class; few of them are asked for."""
    file = io.BytesIO()
    [p for p in plan() if p.path.startswith(f"test/{name}/")][i].draw().save(file, "PNG", compress_level=1)
    return file.getvalue()


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache of all cases: a picture is embedded once."""
    return tmp_path_factory.mktemp("cache")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A folder to build things in, out of drawn pictures, and the command line."""

    root: Path
    capsys: pytest.CaptureFixture[str]

    def picture(self, name: str, i: int) -> bytes:
        return drawn(name, i)

    def put(self, name: str, i: int, place: str) -> None:
        self.write(place, self.picture(name, i))

    def write(self, place: str, content: bytes | str) -> None:
        file = self.root / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())

    def tar(self, place: str, members: Sequence[tuple[str, bytes | str]]) -> None:
        (self.root / place).parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(self.root / place, "w") as archive:
            for name, content in members:
                body = content if isinstance(content, bytes) else content.encode()
                info = tarfile.TarInfo(name)
                info.size = len(body)
                archive.addfile(info, io.BytesIO(body))

    def run(self, *command: str) -> Answer:
        self.capsys.readouterr()
        status = cli.main([*command, "--json", "-"])
        out = self.capsys.readouterr()
        records = tuple(json.loads(out.out)["results"]) if status == 0 else ()
        return Answer(status=status, sentence=out.err.strip().split("\n")[-1].split("\r")[-1], records=records)

    def classify(self, data: str, *more: str) -> Answer:
        return self.run("classify", *MODEL, "--data", f"folder:{self.root / data}", *more)

    def retrieve(self, data: str) -> Answer:
        return self.run("retrieve", *MODEL, "--data", f"captions:{self.root / data}")

    def audit(self, file: str, *more: str) -> Answer:
        return self.run("audit", "--predictions", str(self.root / file), *more)


@pytest.fixture
def bench(vectors: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Bench:
    monkeypatch.setenv("TMV_CACHE", str(vectors))
    monkeypatch.setenv("TMV_DATA", str(tmp_path / "none"))
    return Bench(root=tmp_path, capsys=capsys)


# --- folders ------------------------------------------------------------------------------------------------


def test_numeric_folders_and_a_list_in_the_order_of_numbers(bench: Bench) -> None:
    for k, name in enumerate(NAMES[:12]):
        for i in range(5):
            bench.put(name, i, f"set/{k}/{i}.png")
    bench.write("names.txt", "\n".join(SAID[:12]))
    found = bench.classify("set", "--classnames", str(bench.root / "names.txt"))
    assert found.one["acc1"] > 0.9 and found.one["classnames"][2] == SAID[10], "folder 10 stands third"
    assert "numbered_classes" in bench.classify("set").codes("warning")


def test_splits_nested_in_themselves(bench: Bench) -> None:
    for split in ("train", "test"):
        for name in ("cat", "dog"):
            bench.put(name, 1, f"set/{split}/{split}/{name}/0.png")
    found = bench.classify("set").one
    assert found["split"] == "test" and found["classnames"] == ["cat", "dog"] and found["n"] == 2


def test_one_class_is_no_result_in_any_place(bench: Bench) -> None:
    for name in ("cat", "dog"):
        bench.put(name, 2, f"set/pets/{name}/0.png")
    found = bench.classify("set")
    (fault,) = [n for n in found.one["notes"] if n["level"] == "fault"]
    assert fault["code"] == "one_class" and "pets looks meant" in fault["text"]
    audited = bench.run("audit", *MODEL, "--data", f"folder:{bench.root / 'set'}").one
    assert (
        "data" in audited["faults"] and audited["verdict"] == "fault" and "Nothing is wrong" not in audited["sentence"]
    )


def test_two_folders_of_one_split_are_both_read(bench: Bench) -> None:
    for i, split in enumerate(("Train", "train")):
        for name in ("cat", "dog"):
            bench.put(name, 3 + i, f"set/{split}/{name}/{i}.png")
    found = bench.run("embed", *MODEL, "--data", f"folder:{bench.root / 'set'}")
    assert found.status == 1 or (found.one["n"] == 4 and found.codes())


def test_names_with_a_split_in_them_are_splits_and_said(bench: Bench) -> None:
    for name in ("cat", "dog"):
        for i in range(8):
            bench.put(name, i, f"set/seg_{'train' if i < 4 else 'test'}/{name}/{i}.png")
    found = bench.classify("set")
    assert found.one["classnames"] == ["cat", "dog"] and found.one["n"] == 8 and found.one["split"] == "test"
    assert any("--split" in n["text"] for n in found.one["notes"])


def test_a_split_without_labels_offers_the_other(bench: Bench) -> None:
    for name in ("cat", "dog"):
        bench.put(name, 5, f"set/train/{name}/0.png")
        bench.put(name, 6, f"set/test/{name}.png")
    found = bench.classify("set")
    assert found.status == 1 and "--split train" in found.sentence


def test_wordnet_ids_are_no_part_of_a_name(bench: Bench) -> None:
    some = ("dog", "cat", "bear", "cow", "horse", "rabbit")
    for k, name in enumerate(some):
        for i in range(8):
            bench.put(name, i, f"ids/n0{2085620 + 97 * k}-{name}/{i}.png")
            bench.put(name, i, f"plain/{name}/{i}.png")
    with_ids, plain = bench.classify("ids"), bench.classify("plain")
    assert with_ids.one["acc1"] == plain.one["acc1"] and sorted(with_ids.one["classnames"]) == sorted(some)
    assert "wnid_cut" in with_ids.codes() and not plain.codes("warning") | plain.codes("fault")


def test_a_number_that_is_the_meaning_stays(bench: Bench) -> None:
    for k, name in enumerate(("1_euro", "2_euro", "10_euro")):
        bench.put(NAMES[k], 0, f"set/{name}/0.png")
    assert sorted(bench.classify("set").one["classnames"]) == ["1 euro", "10 euro", "2 euro"]


def test_names_that_are_equal_are_a_fault(bench: Bench) -> None:
    for k, name in enumerate(("hot_dog", "hot dog", "cat")):
        bench.put(NAMES[k], 0, f"set/{name}/0.png")
    assert "equal_names" in bench.classify("set").codes("fault")


def test_a_format_that_is_not_read_is_listed(bench: Bench) -> None:
    for name in ("cat", "dog"):
        for i in range(3):
            bench.put(name, i, f"set/{name}/{i}.png")
        bench.write(f"set/{name}/9.CR2", b"II*\0raw")
        bench.write(f"set/{name}/8.heic", b"\0\0\0\x18ftypheic\0\0\0\0")
    found = bench.run("embed", *MODEL, "--data", f"folder:{bench.root / 'set'}")
    assert found.one["n"] == 6 and len(found.one["skipped"]) == 4 and "skipped" in found.codes("warning")


def test_a_list_of_synonyms_is_joined_by_its_first_word(bench: Bench) -> None:
    for name in ("apple", "bear"):
        bench.put(name, 0, f"set/{name}/0.png")
    bench.write("list.txt", "apple apple, orchard apple\nbear bear, brown bear\n")
    found = bench.classify("set", "--classnames", str(bench.root / "list.txt"))
    assert found.status == 1 or found.one["classnames"] == ["apple", "bear"]


# --- captions -----------------------------------------------------------------------------------------------


def ten(bench: Bench, folder: str) -> None:
    for k in range(10):
        bench.put(NAMES[k], 0, f"{folder}/{k}.png")


def test_a_list_of_captions_in_a_cell(bench: Bench) -> None:
    ten(bench, "set/images")
    rows = [json.dumps([f"a photo of a {s}", f"a {s} here", f"some {s}"]).replace('"', '""') for s in SAID[:10]]
    bench.write("set/captions.csv", "raw,filename\n" + "".join(f'"{r}",{k}.png\n' for k, r in enumerate(rows)))
    found = bench.retrieve("set").one
    assert (found["n_images"], found["n_texts"]) == (10, 30)


def coco(change: Callable[[dict[str, Any]], dict[str, Any]]) -> str:
    images = [{"id": k, "file_name": f"{k}.png"} for k in range(10)]
    notes = [change({"id": 100 + k, "image_id": k, "caption": f"a {SAID[k]}"}) for k in range(10)]
    return json.dumps({"images": images, "annotations": notes})


def test_ids_as_text_on_one_side_and_captions_that_are_null(bench: Bench) -> None:
    for name in ("ids", "nulls"):
        ten(bench, f"{name}/val2017")
    bench.write("ids/annotations/captions_val2017.json", coco(lambda a: a | {"image_id": str(a["image_id"])}))
    null = coco(lambda a: a | {"caption": None} if a["image_id"] == 3 else a)
    bench.write("nulls/annotations/captions_val2017.json", null)
    assert bench.retrieve("ids").one["n_texts"] == 10
    found = bench.retrieve("nulls").one
    assert found["n_texts"] == 9 and any("id 103" in n["text"] for n in found["notes"])


def test_a_list_of_records(bench: Bench) -> None:
    ten(bench, "set/val2017")
    records = [{"image": f"val2017/{k}.png", "caption": [f"a {s}", f"one {s}"]} for k, s in enumerate(SAID[:10])]
    bench.write("set/captions.json", json.dumps(records))
    assert bench.retrieve("set/captions.json").one["n_texts"] == 20


def test_a_quote_left_open_and_a_separator_that_ends_no_line(bench: Bench) -> None:
    for name in ("quote", "separator"):
        ten(bench, f"{name}/images")
    rows = [f"{k}.png,a {s} here" for k, s in enumerate(SAID[:10])]
    broken = [f'{k}.png,"open' if k == 4 else row for k, row in enumerate(rows)]
    bench.write("quote/captions.csv", "image,caption\n" + "\n".join(broken) + "\n")
    parted = [row.replace(" here", "\u2028here") if k == 4 else row for k, row in enumerate(rows)]
    bench.write("separator/captions.csv", "image,caption\n" + "\n".join(parted) + "\n")
    refused = bench.retrieve("quote")
    assert refused.status == 1 and "line 6" in refused.sentence
    assert bench.retrieve("separator").one["n_texts"] == 10


def test_captions_that_are_cut_are_counted_beside_the_number(bench: Bench) -> None:
    ten(bench, "set/images")
    long = "on a plain ground in a quiet image that somebody drew with care and patience on a long and rainy afternoon in the very old town there is and stays a "
    bench.write(
        "set/captions.csv", "image,caption\n" + "".join(f"{k}.png,{long}{s}\n" for k, s in enumerate(SAID[:10]))
    )
    found = bench.retrieve("set").one
    assert any("10 of 10 captions are cut at 32 tokens" in n["text"] for n in found["notes"])
    audited = bench.run("audit", *MODEL, "--data", f"captions:{bench.root / 'set'}").one
    assert "data" in audited["warnings"] and "cut at 32" in json.dumps(audited["checks"])


# --- webdataset ---------------------------------------------------------------------------------------------


def members(bench: Bench, stem: str) -> list[tuple[str, bytes | str]]:
    pictures: list[tuple[str, bytes | str]] = [(f"{stem}{i}.png", bench.picture(NAMES[i % 2], i)) for i in range(8)]
    return [*pictures, *((f"{stem}{i}.cls", str(i % 2)) for i in range(8))]


def test_shards_whose_keys_have_dots_or_names_twice_or_that_are_partial(bench: Bench) -> None:
    bench.tar("dotted/0.tar", members(bench, "photo."))
    bench.tar("twice/0.tar", [*members(bench, "p"), ("p0.png", bench.picture(NAMES[1], 9))])
    bench.tar("partial/0.tar", members(bench, "p"))
    bench.write("partial/nshards.txt", "4\n")
    bench.write("partial/classnames.txt", f"{SAID[0]}\n{SAID[1]}\n")
    bench.write("partial/zeroshot_classification_templates.txt", "a drawing of a {c}.\n")
    dotted = bench.run("embed", *MODEL, "--data", f"wds:{bench.root / 'dotted'}")
    assert dotted.one["n"] == 1 and dotted.codes("fault") and "7 images are lost" in json.dumps(dotted.one["notes"])
    twice = bench.run("embed", *MODEL, "--data", f"wds:{bench.root / 'twice'}")
    said = [n["text"] for n in twice.one["notes"] if n["code"] == "name_twice"]
    assert twice.one["n"] == 8 and len(said) == 1 and "p0" in said[0]
    partial = bench.run("classify", *MODEL, "--data", f"wds:{bench.root / 'partial'}")
    assert partial.one["templates"] == ["a drawing of a {}."]
    assert any("1 of 4 shards" in n["text"] for n in partial.one["notes"] if n["level"] == "warning")


# --- predictions and documents ------------------------------------------------------------------------------


def test_an_index_or_a_loss_is_no_class(bench: Bench) -> None:
    bench.write("index.csv", ",image,label,cat,dog\n0,a,cat,.9,.1\n1,b,dog,.2,.8\n2,c,cat,.7,.3\n3,d,dog,.1,.9\n")
    bench.write("extra.csv", "image,label,cat,dog,loss\na,cat,.9,.1,3\nb,dog,.2,.8,2\n")
    assert bench.audit("index.csv").one["acc1"] == bench.audit("extra.csv").one["acc1"] == 1.0


def test_the_audit_is_the_same_before_and_after_embedding(bench: Bench) -> None:
    for k, name in enumerate(NAMES[:12]):
        bench.put(name, 0, f"set/{k}/0.png")
    rows = "".join(f"{k}/0.png,{k}," + ",".join(".9" if j == k else ".01" for j in range(12)) + "\n" for k in range(12))
    bench.write("columns.csv", f"image,label,{','.join(map(str, range(12)))}\n{rows}")
    data = f"folder:{bench.root / 'set'}"
    before = bench.audit("columns.csv", *MODEL, "--data", data).one
    bench.run("embed", *MODEL, "--data", data)
    after = bench.audit("columns.csv", *MODEL, "--data", data).one
    assert before["acc1"] == after["acc1"] == 1.0 and "label-order" not in after["faults"]


def test_documents_that_contradict_what_is_published_or_themselves(bench: Bench) -> None:
    record = {
        "dataset": "wds/imagenet1k",
        "model": "ViT-B-32",
        "pretrained": "openai",
        "metrics": {"acc1": 0.50, "acc5": 0.80},
    }
    bench.write("imagenet.json", json.dumps(record))
    bench.write("top5.json", json.dumps(record | {"dataset": "cifar100", "metrics": {"acc1": 0.6423, "acc5": 0.5}}))
    assert "published" in bench.audit("imagenet.json").one["faults"]
    assert "figures" in bench.audit("top5.json").one["faults"]


def test_a_data_set_that_is_gone_is_answered_with_a_word(bench: Bench) -> None:
    for name in ("cat", "dog"):
        bench.put(name, 1, f"set/{name}/0.png")
    before = bench.classify("set").one
    shutil.rmtree(bench.root / "set")
    after = bench.classify("set")
    assert after.one["acc1"] == before["acc1"] and "pictures_not_here" in after.codes()
