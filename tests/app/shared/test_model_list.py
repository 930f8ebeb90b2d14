"""The models that a field offers are found by typing, whatever is on this machine."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.catalog.finding import find_by_words
from core.catalog.models import MODELS, every_model
from core.words.library import NOT_EMBEDDED, TO_DOWNLOAD, listed_said, name_in_list
from core.words.names import say_model
from tests.app.making import said
from tests.conftest import GOOD

Page = Callable[..., AppTest]
ONE, SEVERAL = "webli b-16 i18n", "so400m siglip 384"


def passes(typed: str, label: str) -> bool:
    """Streamlit's own filter in the browser: every letter that is typed, in this order."""
    at = 0
    for letter in typed.lower():
        at = label.lower().find(letter, at) + 1
        if not at:
            return False
    return True


def labels(app: AppTest) -> list[str]:
    return list(app.multiselect(key="shown-model").options)


def test_every_listed_model_is_offered_once_the_catalog_first(page: Page) -> None:
    shown = labels(page("accuracy"))
    names = [name_in_list(label) for label in shown]
    assert len(set(shown)) == len(shown) >= len(every_model())
    others = {m.name for m in every_model()} - set(names)
    assert all(say_model(name) in shown for name in others), "chosen ones have their short names"
    of_catalog = [m.name for m in MODELS if m.name in names]
    assert [name for name in names if name in of_catalog] == of_catalog
    assert max(names.index(m.name) for m in MODELS if m.name in names) < names.index("ViT-B-16-SigLIP2/webli")


@pytest.mark.parametrize("typed", ["siglip so400m", "so400m siglip", "metaclip", "metaclip l-14", "convnext", "dfn"])
def test_what_the_words_fit_passes_the_filter_of_the_browser(page: Page, typed: str) -> None:
    found = {name_in_list(label) for label in labels(page("accuracy")) if passes(typed, label)}
    assert {m.name for m in find_by_words(typed)} <= found


@pytest.mark.parametrize("typed", ["laion2b b-16", "b-16 laion2b"])
def test_training_data_stand_on_both_sides_of_the_architecture(page: Page, typed: str) -> None:
    found = {name_in_list(label) for label in labels(page("accuracy")) if passes(typed, label)}
    assert "ViT-B-16/laion2b_s34b_b88k" in found


def test_what_is_not_here_has_a_mark(page: Page) -> None:
    shown = {name_in_list(label): label for label in labels(page("accuracy", data=["eurosat"], model=["demo-rn/demo"]))}
    assert "(" not in shown[GOOD].split(" — ")[0], "it has embeddings of EuroSAT"
    assert f"({NOT_EMBEDDED})" in shown["demo-vit/demo"]
    assert f"({TO_DOWNLOAD['downloadable']})" in shown["ViT-B-16/openai"]
    assert f"({TO_DOWNLOAD['absent']})" in shown["ViT-B-16-SigLIP2/webli"]  # the hub is out of reach in tests


def test_words_that_one_model_fits_choose_it(page: Page) -> None:
    (meant,) = find_by_words(ONE)
    app = page("accuracy", data=["eurosat"])
    app.multiselect(key="shown-model").set_value([GOOD, ONE]).run()
    assert not app.exception and app.multiselect(key="shown-model").value == [GOOD, meant.name]


def test_words_that_several_models_fit_name_them(page: Page) -> None:
    app = page("accuracy", data=["eurosat"])
    app.multiselect(key="shown-model").set_value([GOOD, SEVERAL]).run()
    assert app.multiselect(key="shown-model").value == [GOOD]
    assert all(model.name in said(app) for model in find_by_words(SEVERAL))


def test_words_of_one_field_and_of_the_form_that_computes(page: Page) -> None:
    (meant,) = find_by_words(ONE)
    app = page("errors_by_class", data=["eurosat"], model=[ONE])
    assert app.selectbox(key="shown-model").value == meant.name
    form = page("data_and_models")
    form.multiselect(key="shown-embed_model").set_value([ONE]).run()
    assert form.multiselect(key="shown-embed_model").value == [meant.name]


def test_a_line_of_the_list_leads_back_to_its_model() -> None:
    for spec in every_model():
        for mark in ("", NOT_EMBEDDED, *TO_DOWNLOAD.values()):
            assert name_in_list(listed_said(spec, mark)) == spec.name
    assert name_in_list("hf-hub:a/b") == "hf-hub:a/b"


def test_a_model_is_chosen_by_its_line_of_the_list(page: Page) -> None:
    """A browser that sends a choice before the last one was answered still has the long text of that."""
    (meant,) = find_by_words(ONE)
    app = page("accuracy", data=["eurosat"], model=[GOOD, listed_said(meant, "to download")])
    assert app.multiselect(key="shown-model").value == [GOOD, meant.name]
