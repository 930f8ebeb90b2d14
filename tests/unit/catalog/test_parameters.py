"""Sizes that stand before a download."""

from __future__ import annotations

from core.catalog import registry
from core.catalog.models import MODELS, every_model
from core.catalog.parameters import BYTES_EACH, PARAMETERS


def test_every_listed_architecture_has_a_size() -> None:
    assert {architecture for architecture, _ in registry.published_weights()} <= set(PARAMETERS)
    assert all(m.parameters and m.download_bytes for m in every_model() if m.family != "demo")


def test_sizes_are_those_of_the_models_that_were_measured() -> None:
    """Records made by hand from loaded models, and what their files weigh; OpenAI's are stored in half precision."""
    for model in MODELS:
        if model.architecture in PARAMETERS:
            assert abs(PARAMETERS[model.architecture] / model.parameters - 1) < 0.01, model.name
            if model.family == "open_clip":
                assert abs(PARAMETERS[model.architecture] * BYTES_EACH / model.download_bytes - 1) < 0.02, model.name
