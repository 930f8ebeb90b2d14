"""How far the preparation of the demo has come, in shares that fit how long its parts take; what waits behind it."""

from __future__ import annotations

from typing import Any

import pytest

from core.engine import Engine
from core.errors import Cancelled, TMVError
from core.readers.datasets import find_dataset
from core.studies.probe.study import LinearProbe
from core.system.progress import Progress
from core.types import Job, Place
from core.work import tasks


class Queue:
    """The jobs that stand behind the preparation."""

    def __init__(self, *jobs: Job) -> None:
        self.jobs = jobs

    def list(self) -> tuple[Job, ...]:
        return self.jobs


class Parts:
    """What the preparation asks of an engine beside its steps; all its parts are one."""

    jobs: Any = Queue()
    place: Any = Engine.place

    @property
    def data(self) -> Parts:
        return self

    @property
    def vectors(self) -> Parts:
        return self

    def splits(self, dataset: str) -> tuple[str, ...]:
        return find_dataset(dataset).splits

    def split_of(self, dataset: str, split: str | None = None) -> str:
        return split or find_dataset(dataset).default_split

    def find(self, wanted: str) -> object:
        return find_dataset(wanted)


class Told(Parts):
    """An engine whose every step tells that it is half done."""

    def ensure_demo(self, dataset: str, progress: Progress) -> None:
        progress(1, 2)

    def ensure(self, place: Place, progress: Progress) -> None:
        progress(1, 2)

    def run(self, study: LinearProbe, progress: Progress) -> None:
        progress(1, 2)


def test_drawing_has_its_share_and_the_whole_ends_at_its_total(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_encode_prompts", lambda *_: None)
    seen = list[tuple[int, int]]()
    engine: Any = Told()
    tasks.prepare_demo(engine, {}, lambda done, total: seen.append((done, total)))
    shares = [done / total for done, total in seen]
    assert shares == sorted(shares) and shares[-1] == 1.0 and len({total for _, total in seen}) == 1
    drawn = seen[2]
    assert drawn == (5000, 21000), "drawing the first set takes a quarter of the time"
    assert seen[1] == (2500, 21000)


def job(kind: str, model: str, dataset: str, state: Any = "queued") -> Job:
    params = {"model": model, "dataset": dataset, "split": "test"}
    params |= {"method": "tip", "shots": 1} if kind == "fewshot-draw" else {}  # type: ignore[dict-item]
    return Job(
        id=f"{kind} {model} {dataset} {state}",
        kind=kind,
        key=kind,
        title=kind,
        state=state,
        done=0,
        total=0,
        rate=0.0,
        message="",
        params=params,
        created=0.0,
        updated=0.0,
    )


class Busy(Parts):
    """An engine that writes down what it does in which order."""

    def __init__(self, *waiting: Job) -> None:
        self.jobs, self.log, self.here = Queue(*waiting), list[tuple[str, ...]](), set[tuple[str, ...]]()

    def ensure_demo(self, dataset: str, progress: Progress) -> None:
        self.log.append(("draw", dataset))

    def ensure(self, place: Place, progress: Progress) -> None:
        self.log.append(("embed", *place.names))
        self.here.add(place.names)

    def run(self, study: LinearProbe, progress: Progress) -> None:
        self.log.append(("probe", *study.place.names[:2]))

    def find(self, wanted: Place | str) -> object:
        """A data set by its name, or the vectors of a place."""
        if isinstance(wanted, str):
            return find_dataset(wanted)
        return wanted if wanted.names in self.here else None


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The studies that ran, each with how many steps were done before it."""
    done = list[tuple[str, ...]]()

    def study(engine: Busy, params: Any, progress: Progress) -> None:
        progress(0, 1)
        engine.log.append(("study", params["model"], params["dataset"]))
        done.append(engine.log[-1])

    monkeypatch.setattr(tasks, "TASKS", {"fewshot": study, "fewshot-draw": study, "embed": study})
    monkeypatch.setattr(tasks, "_encode_prompts", lambda *_: None)
    return done


def prepare(engine: Any) -> list[tuple[str, ...]]:
    told = list[float]()
    tasks.prepare_demo(engine, {}, lambda done, total: told.append(done / total))
    assert told == sorted(told) and told[-1] == 1.0
    log: list[tuple[str, ...]] = engine.log
    return log


def test_without_anyone_waiting_the_order_is_a_newcomers(ran: list[tuple[str, ...]]) -> None:
    log = prepare(Busy())
    sets = [entry[2:] for entry in log if entry[0] == "embed"]
    assert sets[::2] == sets[1::2] == list(tasks.DEMO_WORK) and not ran
    assert [entry[1] for entry in log if entry[0] == "draw"] == ["demo-objects", "demo-satellite", "demo-captions"]


def test_a_study_that_someone_waits_for_comes_as_soon_as_it_can(ran: list[tuple[str, ...]]) -> None:
    one, other = tasks.DEMO_MODELS
    waiting = (job("fewshot", one, "demo-objects"), job("fewshot-draw", other, "demo-objects"))
    log = prepare(Busy(*waiting))
    at = log.index(("study", one, "demo-objects"))
    assert log[at - 1] == ("embed", one, "demo-objects", "train") and len(ran) == 2, "each once"
    assert not [entry for entry in log[:at] if "demo-captions" in entry or "demo-satellite" in entry]
    assert log[at + 1 :][:2] == [("embed", other, "demo-objects", "train"), ("study", other, "demo-objects")]


def test_what_is_none_of_the_demos_or_does_not_wait_is_left_alone(ran: list[tuple[str, ...]]) -> None:
    one = tasks.DEMO_MODELS[0]
    prepare(
        Busy(
            job("fewshot", one, "eurosat"),
            job("fewshot", "ViT-B-32/openai", "demo-objects"),
            job("fewshot", one, "demo-objects", "cancelled"),
            job("embed", one, "demo-objects"),
        )
    )
    assert not ran


def test_a_study_that_fails_does_not_stop_the_preparation_but_a_wish_to_stop_does(
    ran: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(error: TMVError) -> Any:
        def study(*_: object) -> None:
            raise error

        return study

    waiting = job("fewshot", tasks.DEMO_MODELS[0], "demo-objects")
    monkeypatch.setattr(tasks, "TASKS", {"fewshot": failing(TMVError("too few images"))})
    assert prepare(Busy(waiting))[-1][0] == "probe"
    monkeypatch.setattr(tasks, "TASKS", {"fewshot": failing(Cancelled("stopped"))})
    with pytest.raises(Cancelled):
        prepare(Busy(waiting))
