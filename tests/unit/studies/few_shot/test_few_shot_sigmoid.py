"""Few-shot learning on a model trained with a sigmoid: what depends on a softmax says so, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.engine import Engine
from core.studies.few_shot.study import FewShot, SingleDraw
from core.studies.zero_shot.classify import SOFTMAX_OF_SIGMOID
from tests.coded import coded
from tests.tiny_models import make_family
from tests.worlds import paint, squares


@pytest.mark.parametrize("family", ["siglip", "clipa"])
def test_what_builds_on_a_softmax_says_so(family: str, tmp_path: Path) -> None:
    paint(tmp_path)
    name, engine = make_family(family, tmp_path / "model"), Engine(tmp_path / "cache", tmp_path)
    place = engine.place(name, squares(tmp_path), "test")
    for split in ("train", "test"):
        engine.vectors.ensure(place.at(split))
    for methods, said in ((("probe",), ""), (("probe", "tip"), "Tip-Adapter:"), (("tip-f",), "Tip-Adapter-F:")):
        found = engine.run(FewShot(place=place, shots=(1,), methods=methods, seeds=1))
        expected = said if family == "siglip" else ""
        assert coded(found.notes).get(SOFTMAX_OF_SIGMOID, "").startswith(expected)
        assert (SOFTMAX_OF_SIGMOID in coded(found.notes)) == bool(expected)
        for record in found.to_records():
            assert (SOFTMAX_OF_SIGMOID in {note["code"] for note in record["notes"]}) == bool(expected)
        draw = engine.run(SingleDraw(place=place, method=methods[-1], shots=1))
        assert (SOFTMAX_OF_SIGMOID in coded(draw.notes)) == bool(expected)
