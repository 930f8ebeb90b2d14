"""The check that asks the field: what checkpoints as good elsewhere get."""

from __future__ import annotations

from typing import Any

import pytest

from core.catalog.field import accuracy, checkpoints, field_sets, find_checkpoint, find_set
from core.studies.audit import Case, Known, audit
from core.studies.audit.field_checks import like_the_field
from core.studies.field.expected import alarms


def case(model: str, data: str, value: float, n: int | None = 10_000, **more: Any) -> Case:
    known = Known(checkpoint=find_checkpoint(model), field_set=find_set(data))
    return Case(title="x", method="zero-shot", n=n, scores={"acc1": value}, known=known, **more)


@pytest.mark.parametrize(
    "model, data, value, verdict",
    [
        ("convnext_base/laion400m_s13b_b51k", "cifar100", 0.465, "warning"),
        ("ViT-L-14/laion2b_s32b_b82k", "eurosat", 0.1225, "warning"),
        ("ViT-B-32/openai", "cifar100", 0.6418, "ok"),
        ("ViT-B-32/openai", "cifar100", 0.999, "warning"),
    ],
)
def test_cells_of_the_original_study(model: str, data: str, value: float, verdict: str) -> None:
    found = audit(case(model, data, value)).finding("field")
    assert found.verdict == verdict
    assert ("5.3" in found.evidence and "4,446" in found.evidence) == (verdict == "warning")


def test_published_figures_themselves_are_silent() -> None:
    """Where one is outside, it is the model's own: nothing is wrong with repeating it."""
    for i, each in enumerate(checkpoints()):
        for k, data in enumerate(field_sets()):
            if data.metric == "acc1" and (i * 38 + k) % 7 == 0:
                assert like_the_field(case(each.name, data.name, float(accuracy()[i, k]), data.n)).verdict == "ok"


def test_without_the_published_figure_as_many_are_called_unlike_as_is_said() -> None:
    """Had each been measured without knowing its own: the rate that the evidence prints."""
    assert alarms().rate == pytest.approx(1 - alarms().confidence, abs=0.01)


def test_it_is_only_asked_where_the_field_knows_model_and_data() -> None:
    asked = {f.check for f in audit(Case(title="x", method="zero-shot", scores={"acc1": 0.5}, n=100)).findings}
    assert "field" not in asked
    assert audit(case("ViT-B-32/openai", "pets", 0.8)).finding("field").verdict == "cannot tell"
    other = Case(
        title="x",
        method="zero-shot",
        n=3669,
        scores={"mean_per_class_recall": 0.2},
        known=Known(checkpoint=find_checkpoint("ViT-B-32/openai"), field_set=find_set("pets")),
    )
    assert audit(other).finding("field").verdict == "warning"


def test_few_images_leave_more_open() -> None:
    assert like_the_field(case("convnext_base/laion400m_s13b_b51k", "cifar100", 0.465, 20)).verdict == "ok"
