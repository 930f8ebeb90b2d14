"""The original study's zero-shot figures among those of the field."""

from __future__ import annotations

import pytest

from core.catalog.field import find_checkpoint, find_set
from core.studies.audit.study import audit_deck
from core.studies.field.expected import expected_of
from core.tables.where import where_frame


def test_all_28_cells_are_placed_and_the_two_known_faults_are_outside() -> None:
    frame = where_frame(audit_deck())
    assert len(frame) == 28 and frame["dataset"].nunique() == 4 and frame["model"].nunique() == 7
    cells = {(row["model"], row["dataset"]): row for row in frame.to_dict("records")}
    assert cells["convnext_base/laion400m_s13b_b51k", "cifar100"]["place"] == "below"
    assert cells["ViT-L-14/laion2b_s32b_b82k", "eurosat"]["place"] == "below"
    right = cells["ViT-B-32/openai", "cifar100"]
    assert right["place"] == "inside" and right["published"] == pytest.approx(0.6423)
    checkpoint = find_checkpoint("ViT-B-32/openai")
    assert checkpoint is not None
    likely = expected_of(checkpoint, find_set("cifar100"))
    assert (right["low"], right["high"], right["expected"]) == (likely.low, likely.high, likely.value)
    assert right["difference"] == pytest.approx(right["value"] - 0.6423)


def test_a_place_outside_is_what_the_audit_raises_as_unlike_the_field() -> None:
    frame = where_frame(audit_deck())
    raised = frame["raised"].str.split(", ").map(lambda checks: "field" in checks)
    assert list(raised) == list(frame["place"] != "inside")
