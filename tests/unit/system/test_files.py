"""Names, atomic writes, checksums, full disks."""

from __future__ import annotations

import errno
import os
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

from core.errors import Damaged, DiskFull, Unwritable
from core.system import files
from core.system.files import disk_guard, read_checked_json, replacing, safe_name, write_checked_json

ROOT = Path(__file__).parents[3]
NAMES = [
    "ViT-B-32/openai",
    "folder:/home/me/my images",
    "..",
    ".hidden",
    "",
    "a~b",
    "späße",
    "x" * 118,
    "a/../b",
    "bad-\udcff-name",
    "wds:C:\\shards",
    "100%",
    "%2F",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_safe_name_is_one_plain_path_part_and_can_be_read_back(name: str) -> None:
    safe = safe_name(name)
    assert safe not in ("", ".", "..") and not safe.startswith(".")
    assert set(safe) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.%~")
    if name:
        assert unquote(safe, errors="surrogatepass") == name


def test_different_names_have_different_files_also_when_they_are_long() -> None:
    names = [*NAMES, "y" * 500 + "a", "y" * 500 + "b", "ü" * 100]
    safe = [safe_name(name) for name in names]
    assert len(set(safe)) == len(names)
    assert max(len(s) for s in safe) <= 121


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    files.write_atomic(target, b"old")
    with pytest.raises(KeyboardInterrupt), replacing(target) as file:
        file.write(b"half of the new")
        raise KeyboardInterrupt
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.bin"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_one_clear_sentence(tmp_path: Path, code: int) -> None:
    sentence = r"no room left.*make room and start again; everything finished so far is kept"
    with pytest.raises(DiskFull, match=sentence), disk_guard(tmp_path):
        raise OSError(code, os.strerror(code))


def test_a_full_disk_is_recognised_from_sqlite_too_and_other_errors_pass(tmp_path: Path) -> None:
    small = sqlite3.connect(":memory:")
    small.execute("PRAGMA max_page_count = 2")
    small.execute("CREATE TABLE blocks (content BLOB)")
    with pytest.raises(DiskFull), disk_guard(tmp_path):
        small.execute("INSERT INTO blocks VALUES (zeroblob(100000))")
    small.close()
    with pytest.raises(sqlite3.OperationalError, match="locked"), disk_guard(tmp_path):
        raise sqlite3.OperationalError("database is locked")
    with pytest.raises(FileNotFoundError), disk_guard(tmp_path):
        raise FileNotFoundError(errno.ENOENT, "no")


def test_the_real_limit_of_a_file_size_keeps_the_old_file(tmp_path: Path) -> None:
    # The kernel lets no file grow beyond RLIMIT_FSIZE and says so half-way through a write, as a full disk.
    code = (
        "import resource, sys; from pathlib import Path; from core.system.files import write_atomic\n"
        "from core.errors import DiskFull\n"
        "target = Path(sys.argv[1]); write_atomic(target, b'old')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try: write_atomic(target, b'x' * 1_000_000)\n"
        "except DiskFull: print('full', target.read_bytes(), [p.name for p in target.parent.iterdir()])\n"
    )
    run = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a")], cwd=ROOT, capture_output=True, text=True)
    assert run.stdout.strip() == "full b'old' ['a']", run.stderr
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_checked_json_notices_every_single_changed_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    value = {"name": "ä\udcff", "numbers": [1, 2.5, None], "nested": {"b": True}}
    write_checked_json(path, value)
    assert read_checked_json(path) == value
    content = path.read_bytes()
    for position in range(len(content)):
        changed = bytearray(content)
        changed[position] ^= 1
        path.write_bytes(bytes(changed))
        try:
            found = read_checked_json(path)
        except Damaged as error:
            assert "verify" in str(error)
        else:  # white space may change without changing the value
            assert found == value and content[position : position + 1].isspace()


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{}", b'{"sha256": 1}', b"\xff\x00", b'{"a": 1'])
def test_what_is_not_checked_json_is_damaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(Damaged):
        read_checked_json(tmp_path / "a.json")


def test_a_full_cache_names_the_remedy_and_other_files_do_not(tmp_path: Path) -> None:
    for cache in (True, False):
        with pytest.raises(DiskFull) as caught, disk_guard(tmp_path, cache=cache):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        assert ("TMV_CACHE" in str(caught.value)) == cache


def test_what_cannot_be_written_is_named_by_its_folder_not_by_a_draft(tmp_path: Path) -> None:
    with pytest.raises(Unwritable) as caught, disk_guard(tmp_path, cache=False):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(tmp_path / ".x.json.ab12.tmp"))
    assert str(caught.value).startswith(f"{tmp_path} cannot be written (permission denied)")
    (tmp_path / "taken").mkdir()
    with (
        pytest.raises(Unwritable, match=r"because .*taken is a folder and not a file"),
        disk_guard(tmp_path, cache=False),
    ):
        (tmp_path / "a").write_bytes(b"a")
        (tmp_path / "a").replace(tmp_path / "taken")


def test_trouble_of_the_cache_says_what_to_do(tmp_path: Path) -> None:
    made = OSError(errno.EROFS, os.strerror(errno.EROFS), str(tmp_path / ".import-x"))
    assert files.cache_trouble(made, tmp_path).startswith(f"{tmp_path} cannot be written (read-only file system)")
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(tmp_path / "vectors.npy"))
    assert "no room left" in files.cache_trouble(full, tmp_path)
    (tmp_path / "there.npy").write_bytes(b"")
    unreadable = OSError(errno.EACCES, os.strerror(errno.EACCES), str(tmp_path / "there.npy"))
    assert "cannot be used" in files.cache_trouble(unreadable, tmp_path)
    elsewhere = OSError(errno.EACCES, os.strerror(errno.EACCES), "/elsewhere/x")
    assert files.cache_trouble(elsewhere, tmp_path) == ""
