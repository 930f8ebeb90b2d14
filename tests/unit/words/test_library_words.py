"""What is said of models before their weights are downloaded."""

from __future__ import annotations

import pytest

from core.catalog.models import find_model
from core.words.library import download_said, parameters_said


@pytest.mark.parametrize(
    ("parameters", "numbers"),
    [(0, ""), (4_183_041, "4.2"), (151_277_313, "151"), (999_600_000, "1.0"), (2_539_567_105, "2.5")],
)
def test_parameters(parameters: int, numbers: str) -> None:
    assert parameters_said(parameters).split(" ")[0] == numbers


def test_size_and_licences_before_a_download() -> None:
    names = ("ViT-B-32-quickgelu/metaclip_400m", "ViT-B-16-quickgelu/metaclip_400m", "ViT-B-16-SigLIP2/webli")
    models = [find_model(name) for name in names]
    said = download_said(models)
    gigabytes = sum(4 * model.parameters for model in models) / 1e9
    assert f"{gigabytes:.1f} GB" in said and said.startswith("Download 3 ")
    assert all(name in said for name in names)
    assert said.count("CC BY-NC") == 1, "each licence once"


def test_what_is_not_known_is_said() -> None:
    hub, listed = find_model("hf-hub:someone/clip"), find_model("ViT-B-32/openai")
    assert "not known" in download_said([hub]) and "bytes" not in download_said([hub])
    assert "354 MB" in download_said([hub, listed]) and "not known" in download_said([hub, listed])
    assert download_said([]) == ""
