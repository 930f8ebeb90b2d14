"""The frame of the benchmarks: what is interleaved, compared and called a success. No timing is asserted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import Row, interleaved, median_ratio
from benchmarks.__main__ import main, names, table
from benchmarks.encode_images import Jpegs, jpegs, lowest_cosine


def test_ways_alternate_and_warm_runs_are_not_counted() -> None:
    ran: list[str] = []
    seconds = interleaved({"a": lambda: ran.append("a"), "b": lambda: ran.append("b")}, rounds=3)
    assert ran == ["a", "b", "a", "b", "b", "a", "a", "b"]
    assert [len(s) for s in seconds.values()] == [3, 3]


def test_the_ratio_is_taken_round_by_round() -> None:
    assert median_ratio([2.0, 9.0, 4.0], [1.0, 3.0, 4.0]) == 2.0


@pytest.mark.parametrize(
    ("ratio", "equal", "verdict"),
    [
        (2.0, True, "reached"),
        (1.2, True, "below target"),
        (1.0, True, "BELOW FLOOR"),
        (2.0, False, "RESULTS DIFFER"),
        (None, True, ""),
    ],
)
def test_verdicts(ratio: float | None, equal: bool, verdict: str) -> None:
    assert Row("w", "p", 1.0, 1.0, "s", ratio, 1.3, 1.1, equal=equal).verdict == verdict


def test_the_table_and_the_exit_code(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import benchmarks.encode_texts as bench

    row = Row("w", "peer", 2.0, 4.123456, "texts/s", 2.06, 3.0, 2.5, "cosine >= 1", note="why")
    assert "| w " in table([row]) and "4.123" in table([row])
    monkeypatch.setattr(bench, "run", lambda: [row])
    assert main(["encode_texts"]) == 0 and main(["encode_texts", "--strict"]) == 1
    assert "BELOW FLOOR" in capsys.readouterr().out
    monkeypatch.setattr(bench, "run", lambda: [Row("w", "p", 1, 1, "s", 9.0, equal=False)])
    assert main(["encode_texts"]) == 1


def test_an_unknown_name_lists_those_that_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert {"encode_images", "encode_texts"} <= set(names())
    with pytest.raises(SystemExit) as caught:
        main(["nothing"])
    assert caught.value.code == 2 and "encode_images" in capsys.readouterr().err


def test_the_lowest_cosine_by_hand() -> None:
    found = np.array([[1, 0], [1, 1], [0, 2]], np.float32)
    assert lowest_cosine(found, np.array([[2, 0], [1, 0], [0, 1]], np.float32)) == pytest.approx(0.5**0.5)


def test_pictures_without_test_data_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMV_TEST_DATA", raising=False)
    pictures = Jpegs(jpegs(3, tmp_path))
    assert len({pictures.read(i) for i in range(len(pictures))}) == 3
    assert pictures.read(0)[:2] == b"\xff\xd8" and pictures.stamp(0) == pictures.stamp(0)
