"""The pictures of the README, taken again: `python -m benchmarks._screens [CACHE]` serves the dashboard on a cache in
which the demo is prepared, opens each page in Chromium and writes `docs/*.png`."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).parents[1]
OUT = ROOT / "docs"
MODELS = "model=demo-rn/demo&model=demo-vit/demo"
OBJECTS, CAPTIONS = f"{MODELS}&data=demo-objects", f"{MODELS}&data=demo-captions"
VIEWS: tuple[tuple[str, str, str], ...] = (
    ("home", "", "light"),
    ("field", "field", "light"),
    ("leaderboard", "leaderboard", "light"),
    ("search", f"search?{OBJECTS}&q=a photo of a pear.", "light"),
    ("check_my_number", "check_my_number?model=demo-vit/demo&data=demo-objects", "light"),
    ("accuracy", f"accuracy?{MODELS}&data=demo-objects&data=demo-satellite", "dark"),
    ("errors_by_class", f"errors_by_class?{OBJECTS}", "light"),
    ("compare", f"compare?{OBJECTS}", "light"),
    ("linear_probe", f"linear_probe?{MODELS}&data=demo-satellite", "light"),
    ("few_shot", f"few_shot?{MODELS}&data=demo-satellite", "light"),
    ("compare_templates", f"compare_templates?{OBJECTS}", "light"),
    ("prompt_results", f"prompt_results?{CAPTIONS}", "light"),
    ("better_prompt", f"better_prompt?{OBJECTS}", "light"),
    ("word_importance", f"word_importance?{CAPTIONS}", "light"),
    ("retrieval_scores", f"retrieval_scores?{CAPTIONS}", "light"),
    ("inspect_caption", f"inspect_caption?{CAPTIONS}", "light"),
    ("presentations", "presentations", "light"),
    ("data_and_models", "data_and_models", "light"),
    ("stage", "presentations?present=true&step=5", "dark"),
)
"""File, address and theme of each."""
WIDTH, HEIGHT = 1440, 900
LOOK_SECONDS, SETTLE_SECONDS, LONGEST_SECONDS = 0.5, 5, 240
RUNNING = "[data-testid=stStatusWidget], [data-testid=stSkeleton], [data-testid=stSpinner], [data-stale=true]"


@contextmanager
def served(cache: Path) -> Iterator[str]:
    """The dashboard on this cache; yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", f"--server.port={port}"]
    server = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "TMV_CACHE": str(cache)}, stdout=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2).close()
                break
            except OSError:
                time.sleep(0.3)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def settle(page: Page) -> None:
    """Wait until the page is drawn and nothing of it has run for SETTLE_SECONDS: a run in progress shows in the status
    at the top, in parts that are stale and in placeholders."""
    quiet = 0.0
    for _ in range(int(LONGEST_SECONDS / LOOK_SECONDS)):
        quiet = 0.0 if page.locator(RUNNING).count() else quiet + LOOK_SECONDS
        if quiet >= SETTLE_SECONDS:
            return
        time.sleep(LOOK_SECONDS)
    raise TimeoutError(f"{page.url} is still running after {LONGEST_SECONDS} seconds.")


def main(cache: Path) -> None:
    """Every view, one after the other."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with served(cache) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        for name, view, theme in VIEWS:
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=theme)  # type: ignore[arg-type]
            page.goto(f"{address}/{view}")
            page.get_by_role("heading", level=1).first.wait_for(timeout=60_000)
            settle(page)
            page.screenshot(path=OUT / f"{name}-{theme}.png")
            page.close()
            print(f"{name}-{theme}.png", flush=True)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "cache").absolute())
