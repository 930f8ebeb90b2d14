"""A flipped byte anywhere in the cache: the same numbers, or a sentence; never other numbers.

TMV_FLIPS=2000 flips as many bytes; a few are enough for every day.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.encoders.service.local import Encoding
from core.engine import Engine
from core.errors import Damaged, NotHere, TMVError
from core.store.verify import verify
from core.studies.captions.study import Retrieval
from core.studies.few_shot.study import FewShot
from core.studies.pictures.study import search
from core.studies.probe.study import LinearProbe
from core.studies.prompts.study import PromptSearch, PromptStudy
from core.studies.zero_shot.study import ZeroShot
from tests.fakes import COLOURS, FakeEncoder, png
from tests.worlds import GOOD, Wordy, paint, point, squares, told

FLIPS = int(os.environ.get("TMV_FLIPS", "48"))
Answers = dict[str, Any]


def paint_splits(folder: Path) -> None:
    """A set with a training split, noisy enough that its accuracy is no round number."""
    for split, first in (("train", 500), ("test", 900)):
        for place, colour in enumerate(COLOURS):
            (folder / "split" / split / colour).mkdir(parents=True)
            for i in range(8):
                mixed = [
                    round(0.4 * a + 0.6 * b)
                    for a, b in zip(COLOURS[colour], list(COLOURS.values())[(place + i) % 4], strict=True)
                ]
                (folder / "split" / split / colour / f"{i}.png").write_bytes(png(mixed, first + 10 * place + i))


def both(folder: Path) -> str:
    return f"folder:{folder / 'split'}"


def answers(engine: Engine, folder: Path, make: bool) -> Answers:
    """What every study says; with `make` what is missing is computed first, as the command line does."""
    split, sets = both(folder), (both(folder), squares(folder), told(folder))
    studies: dict[str, Callable[[], Any]] = {
        "classify": lambda: _zero(engine.run(ZeroShot.at(engine, GOOD, split))),
        "squares": lambda: _zero(engine.run(ZeroShot.at(engine, GOOD, squares(folder)))),
        "prompts": lambda: [
            t.acc1 for t in engine.run(PromptStudy.at(engine, GOOD, split, prompt_set="deck")).templates
        ],
        "retrieve": lambda: _recalls(engine.run(Retrieval.at(engine, GOOD, told(folder)))),
        "probe": lambda: _probe(engine.run(LinearProbe.at(engine, GOOD, split, "test"))),
        "few": lambda: _few(
            engine.run(FewShot.at(engine, GOOD, split, "test", shots=(1, 2), methods=("tip",), seeds=2))
        ),
        "optimise": lambda: engine.run(PromptSearch.at(engine, GOOD, split, "test", budget=4, largest=2)).to_record()[
            "path"
        ],
        "search": lambda: _hits(search(engine, engine.place(GOOD, squares(folder)), query="a red thing")),
    }
    found: Answers = {}
    for name in sets if make else ():
        for part in ("train", "test") if name == split else (None,):
            engine.vectors.ensure(engine.place(GOOD, name, part))
    for name, study in studies.items():
        try:
            found[name] = repr(study())
        except TMVError as error:
            found[name] = error
    engine.results.close()
    return found


def _zero(result: Any) -> Any:
    return (
        result.acc1,
        result.mean_per_class_recall,
        result.n,
        result.labels.tolist(),
        result.ranks.tolist(),
        result.ids,
    )


def _recalls(result: Any) -> Any:
    return result.image.ranks.tolist(), result.text.ranks.tolist(), dict(result.image.recall), result.captions


def _probe(result: Any) -> Any:
    return result.test_acc1, result.train_acc1, result.C, result.ranks.tolist()


def _few(result: Any) -> Any:
    return [(p.method, p.shots, p.acc1) for p in result.points]


def _hits(result: Any) -> Any:
    return repr(result.hits), result.scores.tolist()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures, and a cache with every study in it; of one set also an older entry with other pictures."""
    folder = tmp_path_factory.mktemp("flips")
    paint(folder)
    paint_splits(folder)
    with pytest.MonkeyPatch.context() as patch:
        point(patch, folder)
        other = folder / "squares" / "red" / "3.png"
        last = other.read_bytes()
        other.write_bytes(png(COLOURS["blue"], 77))
        Engine(folder / "cache").vectors.ensure(Engine(folder / "cache").place(GOOD, squares(folder)))
        other.write_bytes(last)
        answers(Engine(folder / "cache"), folder, make=True)
    return folder


def files_of(cache: Path) -> list[Path]:
    return sorted(p.relative_to(cache) for p in cache.rglob("*") if p.is_file() and p.stat().st_size)


def copy(world: Path, place: Path) -> Path:
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(world / "cache", place)
    return place


def flip(path: Path, draw: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    path.write_bytes(bytes(content))


def encoders(patch: pytest.MonkeyPatch, cache: Path, weights: bool) -> None:
    """Where there are no weights, loading a model says so."""
    from core.store import write_card

    def encoder(self: Encoding, model: str, progress: object = None) -> FakeEncoder:
        if not weights:
            raise NotHere("The weights are not on this machine.")
        found = Wordy(model)
        write_card(cache, found.card)
        return found

    patch.setattr(Encoding, "encoder", encoder)


@pytest.mark.parametrize("at_home", [True, False])
def test_a_flipped_byte_gives_the_same_number_or_a_sentence(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_home: bool
) -> None:
    """At home pictures and weights are here, so that all is computed again; elsewhere there is only the cache."""
    draw, missed = random.Random(int(at_home)), list[str]()
    if not at_home:
        monkeypatch.setattr("core.readers.open_dataset", _gone)
        monkeypatch.setattr("core.readers.describe_dataset", _gone)
        monkeypatch.setattr("core.encoders.weights.locate", lambda spec: None)
    monkeypatch.setenv("TMV_DATA", str(world))
    place = copy(world, tmp_path / "sound")
    encoders(monkeypatch, place, weights=at_home)
    good, names = answers(Engine(place), world, make=at_home), files_of(world / "cache")
    assert not any(isinstance(value, Exception) for value in good.values()), good
    for turn in range(FLIPS // 2):
        place = copy(world, tmp_path / f"turn{turn}")
        name = names[turn % len(names)]
        flip(place / name, draw)
        encoders(monkeypatch, place, weights=at_home)
        found = answers(Engine(place), world, make=at_home)
        refused = {study for study, value in found.items() if isinstance(value, TMVError)}
        missed += [f"{turn} {name}: {study}" for study in good if study not in refused and found[study] != good[study]]
        missed += [f"{turn} {name}: {study} refused at home: {found[study]}" for study in refused if at_home]
        shutil.rmtree(place)
    assert missed == []


def _gone(name: str, *_: object) -> None:
    raise NotHere(f"The images of {name} are not on this machine.")


def test_damage_is_named_and_what_is_here_is_computed_again(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMV_DATA", str(world))
    place = copy(world, tmp_path / "cache")
    encoders(monkeypatch, place, weights=True)
    good, heard = answers(Engine(place), world, make=True), list[str]()
    key = Engine(place).vectors.require(Engine(place).place(GOOD, squares(world))).key
    rows = next(place.glob(f"embeddings/*/*/{key.fingerprint}/rows.parquet"))
    flip(rows, random.Random(1))
    with pytest.raises(Damaged, match=r"rows.parquet.*core verify"):
        Engine(place).vectors.require(Engine(place).place(GOOD, squares(world)))
    engine = Engine(place, tell=heard.append)
    assert answers(engine, world, make=True) == good
    assert len(heard) == 1 and "(rows.parquet)" in heard[0] and "computed again" in heard[0]
    assert verify(Engine(place).store).damaged == ()
