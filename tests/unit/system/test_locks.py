"""Locks between threads, between processes, and after a kill."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from core.system import locks
from core.system.locks import FileLock, is_held

ROOT = Path(__file__).parents[3]
HOLDER = (
    "import sys, time; from pathlib import Path; from core.system.locks import FileLock\n"
    "lock = FileLock(Path(sys.argv[1])); print(lock.try_hold(), flush=True); time.sleep(60)"
)


def hold_elsewhere(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline().strip() == "True"
    return process


def test_one_thread_at_a_time(tmp_path: Path) -> None:
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        with FileLock(tmp_path / "a.lock").hold(poll=0.001):
            inside += 1
            most = max(most, inside)
            time.sleep(0.005)
            inside -= 1

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1 and not is_held(tmp_path / "a.lock")


def test_looking_at_a_lock_that_this_process_holds_does_not_drop_it(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    lock = FileLock(path)
    assert not is_held(path) and lock.try_hold() and is_held(path)
    assert not FileLock(path).try_hold()
    assert is_held(Path(os.path.relpath(path)))  # the same file by another name
    code = f"from core.system.locks import is_held; from pathlib import Path; print(is_held(Path({str(path)!r})))"
    seen = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "True"
    lock.release()
    lock.release()
    assert not is_held(path)


def test_another_process_holds_it_until_it_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    process = hold_elsewhere(path)
    try:
        assert is_held(path) and not FileLock(path).try_hold()
        waits = []

        def kill_after_a_while() -> None:
            waits.append(1)
            if len(waits) == 3:
                process.kill()

        with FileLock(path).hold(kill_after_a_while, poll=0.02) as waited:
            assert waited and len(waits) >= 3
    finally:
        process.kill()
        process.wait()


def test_a_forked_child_neither_keeps_nor_claims_the_lock(tmp_path: Path) -> None:
    # The child of a killed holder lives on; it has let go once it runs, and says so itself.
    code = (
        "import os, sys, time; from pathlib import Path; from core.system.locks import FileLock, is_held\n"
        "lock = FileLock(Path(sys.argv[1])); lock.try_hold()\n"
        "if os.fork() == 0:\n"
        "    print(os.getpid(), flush=True); os.close(1); time.sleep(60); os._exit(0)\n"
        "time.sleep(60)"
    )
    path = tmp_path / "a.lock"
    process = subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    try:
        assert is_held(path)
        process.kill()
        process.wait()
        os.kill(child, 0)  # the child lives on
        assert not is_held(path)
    finally:
        os.kill(child, 9)


def test_waiting_can_be_given_up(tmp_path: Path) -> None:
    def give_up() -> None:
        raise InterruptedError

    lock = FileLock(tmp_path / "a.lock")
    assert lock.try_hold()
    with pytest.raises(InterruptedError), FileLock(tmp_path / "a.lock").hold(give_up):
        raise AssertionError("never reached")
    assert is_held(tmp_path / "a.lock")
    lock.release()


def test_a_removed_lock_file_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    process = hold_elsewhere(path)
    try:
        path.unlink()
        lock = FileLock(path)
        assert not is_held(path) and lock.try_hold() and is_held(path)
        lock.release()
    finally:
        process.kill()
        process.wait()


# --- where a file system has no locks ------------------------------------------------------------------------

NO_LOCKS = (
    "import errno, fcntl, sys, time; from pathlib import Path; from core.system import locks\n"
    "def flock(*_): raise OSError(int(sys.argv[2]), 'no locks here')\n"
    "fcntl.flock = flock; locks.LEASE_SECONDS = 3.0\n"
    "lock = locks.FileLock(Path(sys.argv[1])); print(lock.try_hold(), flush=True); time.sleep(120)"
)


@pytest.mark.parametrize("reason", [errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK])
def test_without_locks_whoever_shows_that_he_lives_holds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: int
) -> None:
    def flock(*_: object) -> None:
        raise OSError(reason, "no locks here")

    path = tmp_path / "a.lock"
    monkeypatch.setattr("fcntl.flock", flock)
    monkeypatch.setattr(locks, "LEASE_SECONDS", 3.0)
    command = [sys.executable, "-c", NO_LOCKS, str(path), str(reason)]
    other = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None and other.stdout.readline().strip() == "True"
    assert is_held(path) and not FileLock(path).try_hold()
    other.kill()
    other.wait()
    lock = FileLock(path)
    with lock.hold():
        assert is_held(path) and not FileLock(path).try_hold()
    assert not is_held(path) and FileLock(path).try_hold()


def test_another_error_than_missing_locks_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("fcntl.flock", flock)
    with pytest.raises(OSError, match="Input/output"):
        FileLock(tmp_path / "a.lock").try_hold()
