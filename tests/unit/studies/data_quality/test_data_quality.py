"""Near-duplicates and likely label errors through the engine: kept, told with their pixels, judged by whom."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.engine import Engine
from core.stats.near import NearPairs
from core.studies.data_quality.label_errors import LikelyLabelErrors
from core.studies.data_quality.near import NearDuplicates, kept_once
from core.tables.data_quality import label_errors_frame, near_frame
from core.words.data_quality import label_errors_finding, near_finding, near_line
from tests.worlds import GOOD, POOR, paint, point, squares


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    paint(tmp_path)
    point(monkeypatch, tmp_path)
    made = Engine(rescan_seconds=0)
    made.vectors.ensure(made.place(GOOD, squares(tmp_path)))
    made.vectors.ensure(made.place(POOR, squares(tmp_path)))
    return made


def test_near_duplicates_are_kept_and_found_again(engine: Engine, tmp_path: Path) -> None:
    study = NearDuplicates.at(engine, POOR, squares(tmp_path))
    assert engine.kept(study) is None and study.quick(engine)
    found = engine.run(study)
    again = Engine(rescan_seconds=0).kept(NearDuplicates.at(engine, POOR, squares(tmp_path)))
    assert again is not None and again.within.left.tolist() == found.within.left.tolist()
    assert again.within.threshold == found.within.threshold and again.same_within == found.same_within
    assert near_finding(again) == near_finding(found) and near_line(again) == near_line(found)
    frame = near_frame(found)
    assert len(frame) == len(found.within) + (0 if found.seen is None else len(found.seen))
    assert found.counted is not None and found.counted.left <= found.n


def test_each_group_is_counted_once_and_what_was_trained_on_not_at_all() -> None:
    def pairs(left: list[int], right: list[int]) -> NearPairs:
        return NearPairs(
            left=np.array(left, np.int64),
            right=np.array(right, np.int64),
            cosine=np.ones(len(left)),
            left_rows=np.array(sorted(set(left)), np.int64),
            threshold=0.9,
            usual=0.5,
        )

    within, seen = pairs([0, 1, 4], [1, 2, 5]), pairs([3], [9])
    assert kept_once(7, within, None).tolist() == [True, False, False, True, True, False, True]
    assert kept_once(7, within, seen).tolist() == [True, False, False, False, True, False, True]


def test_without_a_probe_zero_shot_judges(engine: Engine, tmp_path: Path) -> None:
    found = engine.run(LikelyLabelErrors.at(engine, POOR, squares(tmp_path)))
    assert found.judge == "zero-shot" and found.n == len(found.labels)
    frame = label_errors_frame(found)
    assert len(frame) == len(found.found.rows)
    assert "zero-shot" in label_errors_finding(found)
    assert all(frame["label"] != frame["suggested"]) if len(frame) else True
