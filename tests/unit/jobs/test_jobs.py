"""The job table: started once, found again, seen to die, cancelled, queued."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.errors import NotHere, TMVError
from core.jobs import table as job_table
from core.jobs.jobs import Jobs, Wanted
from core.jobs.table import CANCELLED, STOPPED, JobTable
from core.system.locks import FileLock, is_held
from core.types import Job

ROOT = Path(__file__).parents[3]
TASKS = "tests.fake_tasks"
WAIT = 60.0


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    """Jobs whose workers are gone when the test ends."""
    made = Jobs(tmp_path, tasks=TASKS)
    yield made
    for job in made.list():
        made.cancel(job.id)
    for job in made.list():
        made.wait(job.id, WAIT)


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def worker_of(root: Path, file: str = "runs.txt") -> int:
    """The process id that the counting task left."""
    until(lambda: (root / file).exists() and (root / file).read_text().endswith("\n"))
    return int((root / file).read_text().split()[-1])


# --- a whole life -----------------------------------------------------------------------------------------


def test_a_job_runs_in_a_process_of_its_own_and_is_found_again(jobs: Jobs, tmp_path: Path) -> None:
    job = jobs.submit("count", "key", "Count", {"n": 60, "seconds": 0.02})
    assert (job.kind, job.key, job.title, job.state) == ("count", "key", "Count", "queued")
    until(lambda: jobs.get(job.id).state == "running" and jobs.get(job.id).done > 5)
    reloaded = Jobs(tmp_path, tasks=TASKS)  # as after a restart of the server
    seen = reloaded.latest("key")
    assert seen is not None and seen.id == job.id and seen.total == 60
    until(lambda: reloaded.get(job.id).rate > 0 or not reloaded.get(job.id).live)
    seen = reloaded.wait(job.id, WAIT)
    assert (seen.state, seen.done, seen.message) == ("done", 60, "Counted to 60.")
    assert worker_of(tmp_path) != os.getpid()
    assert reloaded.latest("other") is None and [j.id for j in reloaded.list()] == [job.id]


def test_the_worker_outlives_the_process_that_started_it(jobs: Jobs, tmp_path: Path) -> None:
    code = (
        "import sys; from core.jobs.jobs import Jobs; from pathlib import Path\n"
        f"job = Jobs(Path(sys.argv[1]), tasks={TASKS!r}).submit('count', 'k', 'c', {{'n': 30}})\n"
        "print(job.id, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    server = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    job_id = server.stdout.readline().strip()
    worker_of(tmp_path)
    server.kill()
    server.communicate()
    assert jobs.wait(job_id, WAIT).state == "done"


def test_what_the_worker_is_given(jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = Jobs(Path("here"), Path("pictures"), tasks=TASKS)  # relative folders, another working folder
    job = found.wait(found.submit("environment", "e", "Look", {}).id, WAIT)
    nice = min(19, os.nice(0) + 10)
    assert job.message == f"{tmp_path / 'here'} {tmp_path / 'pictures'} nice={nice} sid=True False"


@pytest.mark.parametrize(
    "kind, message",
    [
        ("fail", "The moon is too far: come nearer."),
        ("crash", "Try failed: ValueError (an inner fault); more is in the log: python -m core jobs --log {id}"),
        ("unknown", "No job is called 'unknown'; there are: count, "),
    ],
)
def test_a_failure_is_one_sentence_and_the_rest_is_in_the_log(
    jobs: Jobs, tmp_path: Path, kind: str, message: str
) -> None:
    job = jobs.wait(jobs.submit(kind, "k", "Try", {}).id, WAIT)
    assert job.state == "failed"
    assert job.message.startswith(message.format(id=job.id))
    assert str(tmp_path) not in job.message and "\n" not in job.message and "Traceback" in jobs.log(job.id)


def test_unknown_jobs_and_empty_folders(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    assert jobs.latest("key") is None and jobs.list() == () and list(tmp_path.iterdir()) == []
    with pytest.raises(NotHere, match="no job 'x'"):
        jobs.get("x")
    jobs.cancel("x")
    assert jobs.log("x") == ""


# --- once -------------------------------------------------------------------------------------------------


def test_fifty_threads_start_one_worker(jobs: Jobs, tmp_path: Path) -> None:
    found: list[str] = []

    def click() -> None:
        found.append(Jobs(tmp_path, tasks=TASKS).submit("count", "key", "Count", {"n": 20}).id)

    threads = [threading.Thread(target=click) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 50 and len(set(found)) == 1
    assert jobs.wait(found[0], WAIT).state == "done"
    assert len((tmp_path / "runs.txt").read_text().split()) == 1


def test_twelve_processes_start_one_worker_and_all_get_the_result(jobs: Jobs, tmp_path: Path) -> None:
    code = (
        "import sys; from core.jobs.jobs import Jobs; from pathlib import Path\n"
        f"jobs = Jobs(Path(sys.argv[1]), tasks={TASKS!r})\n"
        "job = jobs.wait(jobs.submit('count', 'key', 'Count', {'n': 250}).id, 120); print(job.id, job.state)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    processes = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(12)]
    answers = {process.communicate()[0].strip() for process in processes}
    assert len(answers) == 1 and answers.pop().endswith(" done")
    assert len((tmp_path / "runs.txt").read_text().split()) == 1


def test_a_finished_job_can_be_started_again(jobs: Jobs, tmp_path: Path) -> None:
    first = jobs.wait(jobs.submit("count", "key", "Count", {"n": 1}).id, WAIT)
    second = jobs.wait(jobs.submit("count", "key", "Count", {"n": 1}).id, WAIT)
    assert first.id != second.id and [j.id for j in jobs.list()] == [second.id, first.id]
    assert len((tmp_path / "runs.txt").read_text().split()) == 2


def test_a_second_worker_of_the_same_job_does_nothing(jobs: Jobs, tmp_path: Path) -> None:
    job = jobs.wait(jobs.submit("count", "key", "Count", {"n": 1}).id, WAIT)
    environment = {**os.environ, "TMV_CACHE": str(tmp_path)}
    command = [sys.executable, "-m", "core.work.worker", "run", job.id, "--tasks", TASKS]
    assert subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0
    assert len((tmp_path / "runs.txt").read_text().split()) == 1


# --- death ------------------------------------------------------------------------------------------------


def test_a_killed_worker_is_seen_and_starting_again_works(jobs: Jobs, tmp_path: Path) -> None:
    job = jobs.submit("count", "key", "Count", {"n": 5000})
    until(lambda: jobs.get(job.id).state == "running")
    os.kill(worker_of(tmp_path), signal.SIGKILL)
    dead = jobs.wait(job.id, WAIT)
    assert (dead.state, dead.message) == ("failed", STOPPED)
    again = jobs.submit("count", "key", "Count", {"n": 2})
    assert again.id != job.id and jobs.wait(again.id, WAIT).state == "done"


def test_no_zombie_is_left(jobs: Jobs, tmp_path: Path) -> None:
    job = jobs.submit("count", "key", "Count", {"n": 5000})
    worker = worker_of(tmp_path)
    os.kill(worker, signal.SIGKILL)
    jobs.wait(job.id, WAIT)
    until(lambda: not Path(f"/proc/{worker}").exists() if Path("/proc/self").exists() else True)


def test_a_worker_that_cannot_start_is_seen_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.system.processes.sys.executable", "/bin/false")
    jobs = Jobs(tmp_path, tasks=TASKS)
    job = jobs.submit("count", "key", "Count", {"n": 1})
    assert jobs.wait(job.id, WAIT).state == "failed"
    monkeypatch.setattr("core.system.processes.sys.executable", "/nowhere/python")
    with pytest.raises(FileNotFoundError):
        jobs.submit("count", "key", "Count", {"n": 1})
    last = jobs.latest("key")
    assert last is not None and last.state == "failed"


def test_a_job_that_never_gets_a_worker_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = JobTable(tmp_path)
    job, is_new = table.insert("count", "key", "Count", {})
    assert is_new and table.get(job.id).live  # its worker may be starting
    monkeypatch.setattr(job_table, "_START_SECONDS", 0.0)
    assert table.get(job.id).state == "failed" and not table.claim(job.id)


def test_a_process_id_that_lives_means_nothing(tmp_path: Path) -> None:
    table = JobTable(tmp_path)
    job, _ = table.insert("count", "key", "Count", {})
    lock = FileLock(table.lock_path(job.id))
    assert lock.try_hold() and table.claim(job.id) and not table.claim(job.id)
    table.begin(job.id)
    assert table.get(job.id).state == "running"
    lock.release()  # the process lives, but it does not hold the job
    assert table.get(job.id).state == "failed"


# --- stopping ---------------------------------------------------------------------------------------------


def test_cancelling_a_running_job(jobs: Jobs) -> None:
    job = jobs.submit("count", "key", "Count", {"n": 100_000})
    until(lambda: jobs.get(job.id).done > 0)
    jobs.cancel(job.id)
    over = jobs.wait(job.id, WAIT)
    assert (over.state, over.message) == ("cancelled", CANCELLED) and 0 < over.done < 100_000
    jobs.cancel(job.id)
    assert jobs.get(job.id) == over


def test_a_job_that_does_not_listen_is_ended(jobs: Jobs) -> None:
    job = jobs.submit("deaf", "key", "Sleep", {})
    until(lambda: jobs.get(job.id).total == 1)
    jobs.cancel(job.id)
    assert jobs.wait(job.id, WAIT).state == "cancelled"


def test_cancelling_before_the_worker_is_there(tmp_path: Path) -> None:
    table = JobTable(tmp_path)
    job, _ = table.insert("count", "key", "Count", {})
    table.cancel(job.id)
    assert table.get(job.id).state == "cancelled" and not table.claim(job.id)


def test_starting_again_does_not_join_a_job_that_is_stopping(jobs: Jobs) -> None:
    job = jobs.submit("count", "key", "Count", {"n": 100_000})
    until(lambda: jobs.get(job.id).state == "running")
    jobs.cancel(job.id)
    again = jobs.submit("count", "key", "Count", {"n": 1})
    assert again.id != job.id and jobs.wait(again.id, WAIT).state == "done"


def test_waiting_has_an_end(jobs: Jobs) -> None:
    job = jobs.submit("count", "key", "Count", {"n": 100_000})
    with pytest.raises(TMVError, match="takes longer than 0 s; it goes on by itself"):
        jobs.wait(job.id, 0.2)


# --- one heavy job at a time ------------------------------------------------------------------------------


def test_heavy_jobs_wait_for_each_other_in_order_and_light_ones_do_not(jobs: Jobs, tmp_path: Path) -> None:
    first = jobs.submit("count", "a", "A", {"n": 100_000, "file": "a"})
    until(lambda: jobs.get(first.id).state == "running")
    second = jobs.submit("count", "b", "B", {"n": 10, "file": "b"})
    until(lambda: "Waiting for another job" in jobs.get(second.id).message)
    third = jobs.submit("count", "c", "C", {"n": 10, "file": "c"})
    light = jobs.submit("light", "d", "D", {"n": 1})
    assert jobs.wait(light.id, WAIT).state == "done"
    until(lambda: "Waiting for another job" in jobs.get(third.id).message)
    assert [jobs.get(j.id).state for j in (first, second, third)] == ["running", "queued", "queued"]
    jobs.cancel(first.id)
    states: list[tuple[str, str]] = []
    while jobs.get(third.id).live:
        states.append((jobs.get(second.id).state, jobs.get(third.id).state))
        time.sleep(0.01)
    assert ("running", "running") not in states and ("queued", "running") not in states
    assert jobs.get(second.id).state == jobs.get(third.id).state == "done"
    assert (tmp_path / "b").stat().st_mtime < (tmp_path / "c").stat().st_mtime


def test_a_waiting_job_can_be_cancelled_and_a_killed_one_frees_the_slot(jobs: Jobs, tmp_path: Path) -> None:
    first = jobs.submit("count", "a", "A", {"n": 100_000, "file": "a"})
    until(lambda: jobs.get(first.id).state == "running")
    second, third = (jobs.submit("count", key, key, {"n": 1, "file": key}) for key in ("b", "c"))
    until(lambda: all("Waiting" in jobs.get(j.id).message for j in (second, third)))
    jobs.cancel(second.id)
    assert jobs.wait(second.id, WAIT).state == "cancelled" and not (tmp_path / "b").exists()
    os.kill(worker_of(tmp_path, "a"), signal.SIGKILL)
    assert jobs.wait(third.id, WAIT).state == "done"


# --- the table --------------------------------------------------------------------------------------------


def test_the_history_is_bounded_and_takes_logs_and_locks_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_table, "_HISTORY", 3)
    table = JobTable(tmp_path)
    made: list[Job] = []
    for number in range(6):
        job, _ = table.insert("count", f"key {number}", "Count", {"number": number})
        made.append(job)
        table.run_folder.mkdir(exist_ok=True)
        table.log_path(job.id).write_text("log")
        lock = FileLock(table.lock_path(job.id))
        assert lock.try_hold()
        table.end(job.id, "done", "")
        lock.release()
    table.insert("count", "live", "Count", {})
    assert [job.params.get("number") for job in table.newest(50)] == [None, 5, 4, 3]
    assert {p.stem for p in table.run_folder.iterdir()} == {job.id for job in made[3:]}


def test_a_broken_table_is_replaced(tmp_path: Path) -> None:
    table = JobTable(tmp_path)
    table.path.write_bytes(b"no database at all" * 500)
    job, is_new = table.insert("count", "key", "Count", {})
    assert is_new and table.newest(5) == (job,)


def test_looking_at_jobs_leaves_no_lock_behind(jobs: Jobs, tmp_path: Path) -> None:
    job = jobs.submit("count", "key", "Count", {"n": 3})
    jobs.wait(job.id, WAIT)
    assert not is_held(tmp_path / "run" / f"{job.id}.lock")


# --- a line of work ---------------------------------------------------------------------------------------


def line(*keys: str, **params: object) -> list[Wanted]:
    return [Wanted(kind="count", key=key, title=key, params={"file": f"{key}.txt", "n": 3, **params}) for key in keys]


def test_a_line_runs_one_after_the_other_in_order(jobs: Jobs, tmp_path: Path) -> None:
    found = jobs.line_up(line("a", "b", "c"))
    assert [job.key for job in jobs.live()] == ["a", "b", "c"][-len(jobs.live()) :]
    over = [jobs.wait(job.id, WAIT) for job in found]
    assert [job.state for job in over] == ["done"] * 3
    times = [(job.started or 0.0, job.ended or 0.0) for job in over]
    assert all(end <= begin for (_, end), (begin, _) in itertools.pairwise(times))
    assert all(job.seconds is not None and 0 < job.seconds < WAIT for job in over)
    assert len({worker_of(tmp_path, f"{key}.txt") for key in "abc"}) == 3


def test_only_one_of_a_line_has_a_process(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    started = list[list[str]]()
    monkeypatch.setattr("core.jobs.jobs.start_worker", lambda arguments, *_, **__: started.append(arguments))
    found = jobs.line_up(line(*(f"key {i}" for i in range(96))))
    assert len(started) == 1 and [job.in_line for job in jobs.live()] == [False] + [True] * 95
    assert [job.id for job in jobs.live()] == [job.id for job in found]
    assert jobs.line_up(line("key 7"))[0].id == found[7].id, "joins the one that stands in line"
    jobs.cancel(found[0].id)
    assert [job.id for job in jobs.live()] == [job.id for job in found[1:]] and len(started) == 2
    for job in reversed(found):
        jobs.cancel(job.id)
    assert jobs.live() == () and len(started) == 2


def test_the_line_goes_on_after_its_worker_was_killed(jobs: Jobs, tmp_path: Path) -> None:
    first, second = jobs.line_up([*line("a", n=100_000), *line("b")])
    os.kill(worker_of(tmp_path, "a.txt"), signal.SIGKILL)
    assert jobs.wait(first.id, WAIT).message == STOPPED
    assert jobs.wait(second.id, WAIT).state == "done"


def test_a_table_of_an_earlier_version_goes_on(tmp_path: Path) -> None:
    table = JobTable(tmp_path)
    job, _ = table.insert("count", "key", "Count", {})
    table.end(job.id, "done", "")
    with contextlib.closing(sqlite3.connect(table.path)) as connection:
        connection.execute("ALTER TABLE jobs DROP COLUMN began")
        connection.execute("ALTER TABLE jobs DROP COLUMN line")
        connection.commit()
    old = JobTable(tmp_path).get(job.id)
    assert (old.state, old.started, old.seconds, old.in_line) == ("done", None, None, False)
    assert JobTable(tmp_path).insert("count", "next", "Count", {}, in_line=True)[0].in_line
