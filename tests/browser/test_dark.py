"""Every page in dark colours, wide and narrow."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.every_page import WIDTHS, captioned, faults_of_every_page
from tests.conftest import World

__all__ = ["captioned"]


@pytest.mark.slow
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_in_dark(
    browser: Any, address: str, captioned: tuple[str, str], axe: str, world: World, width: int
) -> None:
    assert faults_of_every_page(browser, address, captioned, axe, world, "dark", width) == {}
