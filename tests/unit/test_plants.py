"""A second set of faults from outside of the repository: loaded, run and counted each by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import audit as bench
from benchmarks.__main__ import main
from core.errors import TMVError

PLANTS = """
from dataclasses import replace
from benchmarks._planted import World

FAULTS = {"raw": ("class-names", lambda w: replace(w, raw_names=True)), "nothing": ("templates", lambda w: w)}
SOUND = [World(seed=1, c=10), World(seed=2, c=10)]
"""


def test_plants_are_run_and_counted_each_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "plants.py"
    file.write_text(PLANTS)
    monkeypatch.setattr(bench, "ALONE", bench.ALONE[:2])
    rows = {row.work: row for row in bench._outside(bench.load(file))}
    found, missed = rows["audit, blind: raw"], rows["audit, blind: nothing"]
    assert found.parity.startswith("2 of 2 (") and missed.parity.startswith("0 of 2 (") and missed.ours == 0
    assert rows["audit, blind: false alarms"].parity.startswith("0 of 2")
    assert all(row.equal for row in rows.values())  # a miss there is a measurement


def test_what_is_no_set_of_plants_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(TMVError, match="expects a Python file"):
        bench.load(tmp_path / "none.py")
    for text, said in (("x = 1", "none of them"), ("FAULTS = {'a': ('no-such', None)}", "no-such")):
        file = tmp_path / "plants.py"
        file.write_text(text)
        with pytest.raises(TMVError, match=said):
            bench.load(file)
    with pytest.raises(SystemExit):
        main(["encode_texts", "--plants", "x.py"])
    assert "python -m benchmarks audit --plants" in capsys.readouterr().err
