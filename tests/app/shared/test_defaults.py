"""What a page opens with: always in the same order, whatever somebody embedded last."""

from __future__ import annotations

import pytest

from core.engine import Engine
from core.types import DatasetSpec
from pages.shared import stored
from pages.shared.stored import ANY_KIND, StoredPairs, default_datasets, default_models

REAL, RN, VIT = "ViT-B-32/openai", "demo-rn/demo", "demo-vit/demo"
OWN = "folder:birds"
DEMO = ((RN, "demo-objects"), (VIT, "demo-objects"), (RN, "demo-captions"))


@pytest.fixture(autouse=True)
def _everything_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    def carries(engine: Engine, dataset: DatasetSpec, kind: str) -> bool:
        return kind in (dataset.kind, ANY_KIND)

    monkeypatch.setattr(stored, "carries", carries)


@pytest.mark.parametrize(
    ("pairs", "shown"),
    [
        ((), ("demo-objects", "demo-satellite")),
        (DEMO, ("demo-objects",)),
        ((*DEMO, (RN, OWN), (VIT, OWN)), ("demo-objects",)),
        ((*DEMO, (RN, "eurosat")), ("demo-objects",)),
        (((RN, OWN),), (OWN,)),
        ((*DEMO, (REAL, OWN)), (OWN,)),
        ((*DEMO, (REAL, OWN), (REAL, "eurosat"), (RN, "cifar100"), (REAL, "food101")), ("food101", "eurosat", OWN)),
        ((*DEMO, (REAL, "demo-objects")), ("demo-objects",)),
    ],
)
def test_data_sets(
    pairs: tuple[tuple[str, str], ...], shown: tuple[str, ...], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "stored_pairs", lambda engine: StoredPairs(pairs=frozenset(pairs)))
    assert default_datasets(engine, "classification", 6) == shown


def test_models(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = frozenset((*DEMO, (REAL, OWN), (RN, OWN)))
    monkeypatch.setattr(stored, "stored_pairs", lambda engine: StoredPairs(pairs=pairs))
    assert default_models(engine, (OWN,), 6) == (REAL,)
    assert default_models(engine, ("demo-objects",), 6) == (VIT, RN)


@pytest.fixture
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    root = tmp_path_factory.mktemp("defaults")
    (root / "data" / "birds").mkdir(parents=True)
    return Engine(root / "cache", root / "data", in_process=False)
