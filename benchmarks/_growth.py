"""How cost grows with the number of images: `python -m benchmarks._growth [--rows N ...] [--folder DIR] [--write]`.

Not one of the benchmarks that run by themselves: a million rows take minutes and 5 GB of disk. Images, vectors and
texts are made up, everything else is the product: embedding with its chunks and digests, an entry of the store, studies
by the engine, a page. Each size has a process of its own, so that its memory is its own. `--write` makes docs/growth.md
and docs/growth.svg of the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.__main__ import machine

ROOT = Path(__file__).parents[1]
SIZES = (10_000, 100_000, 1_000_000)
WIDTH, CLASSES, CAPTIONS, SIDE = 512, 100, 500, 8
MODEL, DATA = "ViT-B-32/openai", "folder:growth"
QUESTIONS = ("a red boat", "two dogs")
FIRST, SECOND = "a photo of a {}.", "a picture of a {}."
WORDS = {
    "embed": "embedding, seconds",
    "rate": "embedding, images a second",
    "memory": "embedding, memory that grew (MB)",
    "open": "opening the stored vectors (s)",
    "first": "accuracy of the first template (s)",
    "template": "accuracy of one more template (s)",
    "retrieval": f"{CAPTIONS} captions, both directions (s)",
    "query": "the first query (s)",
    "again": "one more query (s)",
    "page": "Search, first run of the page (s)",
    "page_again": "Search, another question (s)",
}
"""What is measured, by the name that it has in the JSON."""


class MadeUp:
    """Images whose few pixels follow from their number; nothing is held."""

    def __init__(self, n: int) -> None:
        self._n = n

    def __len__(self) -> int:
        return self._n

    def read(self, index: int) -> NDArray[np.uint8]:
        """Pixels (8, 8, 3)."""
        start = (index * 2654435761) % 251
        return np.arange(start, start + SIDE * SIDE * 3, dtype=np.int64).astype(np.uint8).reshape(SIDE, SIDE, 3)

    def stamp(self, index: int) -> str:
        """Its number."""
        return f"{index}:0:0:0"


class Random:
    """An encoder that costs nothing: a vector by the batch's first numbers, so that what is measured is the rest."""

    def __init__(self) -> None:
        from core.types import ModelCard, Preprocessing

        self.device = "cpu"
        self.card = ModelCard(
            name=MODEL,
            model_digest="0" * 64,
            preprocessing=Preprocessing(size=SIDE, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)),
            precision="float32",
            device="cpu",
            logit_scale=100.0,
            embed_dim=WIDTH,
            context_length=77,
            text_path="made up",
            versions={},
            batch_size=16,
        )
        self._mix = np.random.default_rng(0).standard_normal((SIDE * SIDE * 3, WIDTH)).astype(np.float32)

    def preprocess(self, image: Any) -> NDArray[np.float32]:
        """(3, 8, 8)."""
        return np.asarray(image, np.float32).transpose(2, 0, 1) / np.float32(255)

    def encode_images(self, batch: Any) -> NDArray[np.float32]:
        """(b, 512)."""
        return np.asarray(np.asarray(batch).reshape(len(batch), -1) @ self._mix, np.float32)

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(m, 512), by the text alone."""
        rows = [np.random.default_rng(list(text.encode())).standard_normal(WIDTH) for text in texts]
        return np.asarray(rows, np.float32).reshape(-1, WIDTH)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what it gave."""
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


def measure(n: int, cache: Path) -> dict[str, float]:
    """Everything in `WORDS` for n images, in this process."""
    from core.store import write_card

    encoder = Random()
    found = _embedded(n, cache, encoder)
    write_card(cache, encoder.card)
    return found | _studied(n, cache, encoder) | _pages(cache)


def _studied(n: int, cache: Path, encoder: Random) -> dict[str, float]:
    from core.engine import Engine
    from core.studies.captions.ranks import rank_captions
    from core.studies.pictures.study import search
    from core.studies.zero_shot.study import ZeroShot

    engine, found = Engine(cache, cache / "no data"), dict[str, float]()
    names = [f"class {i:03d}" for i in range(CLASSES)]
    asked = [*QUESTIONS, *(form.replace("{}", name) for form in (FIRST, SECOND) for name in names)]
    engine.encoding.texts.put(encoder.card.model_digest, asked, encoder.encode_texts(asked))
    place = engine.place(MODEL, DATA, "all")
    found["open"], images = timed(lambda: engine.vectors.require(place))
    studies = [ZeroShot.at(engine, MODEL, DATA, "all", templates=[form]) for form in (FIRST, SECOND)]
    found["first"], _ = timed(lambda: engine.run(studies[0]))
    found["template"], _ = timed(lambda: engine.run(studies[1]))
    texts = encoder.encode_texts([f"caption {i}" for i in range(CAPTIONS)])
    owners = np.random.default_rng(1).integers(0, n, CAPTIONS)
    found["retrieval"], _ = timed(lambda: rank_captions(images.image_embeddings, texts, owners))
    found["query"], _ = timed(lambda: search(engine, place, query=QUESTIONS[0]))
    found["again"], _ = timed(lambda: search(engine, place, query=QUESTIONS[1]))
    return found


def _embedded(n: int, cache: Path, encoder: Random) -> dict[str, float]:
    from core.embedding.run import embed
    from core.store import Store, TextStore
    from core.types import Dataset, DatasetSpec

    spec = DatasetSpec(name=DATA, title=DATA, kind="classification", splits=("all",), default_split="all")
    names = tuple(f"class {i:03d}" for i in range(CLASSES))
    data = Dataset(
        spec=spec,
        split="all",
        ids=tuple(f"class {i % CLASSES:03d}/{i:08d}.png" for i in range(n)),
        pictures=MadeUp(n),
        labels=np.arange(n, dtype=np.int64) % CLASSES,
        classnames=names,
        raw_classnames=names,
    )
    before = _held()
    most = [before]

    def watch(done: int, total: int) -> None:
        most[0] = max(most[0], _held())

    seconds, _ = timed(
        lambda: embed(encoder, data, Store(cache), TextStore(cache), memo_dir=cache / "digests", progress=watch)
    )
    most[0] = max(most[0], _held())
    return {"embed": seconds, "rate": n / seconds, "memory": (most[0] - before) / 2**20}


def _held() -> float:
    """Bytes of this process that are not pages of a file; the most that it ever held where the system does not say."""
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("RssAnon"))
        return float(line.split()[1]) * 1024
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * 1024


def _pages(cache: Path) -> dict[str, float]:
    from streamlit.testing.v1 import AppTest
    from streamlit.util import calc_hash

    os.environ |= {"TMV_CACHE": str(cache), "TMV_DATA": str(cache / "no data")}
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=600)
    app._page_hash = calc_hash("search")
    for name, value in (("data", DATA), ("model", MODEL), ("q", QUESTIONS[0])):
        app.query_params[name] = value
    first, _ = timed(app.run)
    app.query_params["q"] = QUESTIONS[1]
    again, _ = timed(app.run)
    if app.exception:
        raise RuntimeError(app.exception[0].message)
    return {"page": first, "page_again": again}


# --- all sizes ----------------------------------------------------------------------------------------------


def each(sizes: Sequence[int], folder: Path | None) -> dict[int, dict[str, float]]:
    """The figures of each size, each in a process of its own; its files are removed afterwards."""
    found = dict[int, dict[str, float]]()
    for n in sizes:
        with tempfile.TemporaryDirectory(dir=folder) as cache:
            command = [sys.executable, "-m", "benchmarks._growth", "--one", str(n), "--folder", cache]
            done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
        found[n] = json.loads(done.stdout.splitlines()[-1])
        print(f"{n:,}: {json.dumps({k: round(v, 3) for k, v in found[n].items()})}", file=sys.stderr, flush=True)
    return found


def table(found: Mapping[int, Mapping[str, float]]) -> str:
    """As a table in Markdown; last how often the largest is the one before."""
    sizes = list(found)
    heads = ["", *(f"{n:,}" for n in sizes), *(["times"] if len(sizes) > 1 else [])]
    lines = ["| " + " | ".join(heads) + " |", "|---" + "|---:" * (len(heads) - 1) + "|"]
    for key, word in WORDS.items():
        values = [found[n][key] for n in sizes]
        times = [f"{values[-1] / values[-2]:.1f}"] if len(sizes) > 1 and values[-2] else [""] * (len(sizes) > 1)
        lines.append("| " + " | ".join([word, *(f"{value:.3g}" for value in values), *times]) + " |")
    return "\n".join(lines)


def write(found: Mapping[int, Mapping[str, float]], folder: Path) -> None:
    """docs/growth.md and its chart."""
    (folder / "growth.svg").write_text(chart(found), encoding="utf-8")
    text = (
        "# How cost grows\n\n"
        "`python -m benchmarks._growth --write` made this table and chart: made-up images and texts, vectors of "
        f"{WIDTH} numbers, {CLASSES} classes; the encoder costs nothing, so embedding is all that is not the model "
        f"(reading, digests, chunks, the entry). Measured once, on {date.today():%d %B %Y}, on {machine()}.\n\n"
        f"{table(found)}\n\n![Seconds by number of images](growth.svg)\n"
    )
    old = (folder / "growth.md").read_text(encoding="utf-8") if (folder / "growth.md").exists() else ""
    kept = old[old.index("## ") :] if "## " in old else ""
    (folder / "growth.md").write_text(text + (f"\n{kept}" if kept else ""), encoding="utf-8")


def chart(found: Mapping[int, Mapping[str, float]]) -> str:
    """Seconds by number of images, both on logarithmic axes, as SVG."""
    shown = ("embed", "first", "template", "retrieval", "query", "again", "page", "page_again")
    colours = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#4D4D4D", "#8C6D31")
    low, high = np.log10(min(found)), np.log10(max(found))
    values = [max(found[n][key], 1e-4) for n in found for key in shown]
    bottom, top = np.floor(np.log10(min(values))), np.ceil(np.log10(max(values)))

    def at(n: int, value: float) -> tuple[float, float]:
        x = 70 + 420 * (np.log10(n) - low) / max(high - low, 1e-9)
        return float(x), float(360 - 320 * (np.log10(max(value, 1e-4)) - bottom) / (top - bottom))

    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 400" font-family="sans-serif" font-size="12">']
    parts.append('<rect width="800" height="400" fill="#FFFFFF"/>')
    for power in range(int(bottom), int(top) + 1):
        y = at(min(found), 10.0**power)[1]
        parts.append(f'<line x1="70" x2="490" y1="{y:.0f}" y2="{y:.0f}" stroke="#D5D9DB"/>')
        parts.append(f'<text x="62" y="{y + 4:.0f}" text-anchor="end">{10.0**power:g} s</text>')
    for n in found:
        parts.append(f'<text x="{at(n, 1)[0]:.0f}" y="380" text-anchor="middle">{n:,}</text>')
    ends = sorted(zip(shown, colours, strict=True), key=lambda item: at(max(found), found[max(found)][item[0]])[1])
    label = 0.0
    for key, colour in ends:
        points = [at(n, found[n][key]) for n in found]
        line = " ".join(f"{x:.0f},{y:.0f}" for x, y in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        label = max(label + 15, points[-1][1] + 4)
        parts.append(f'<text x="498" y="{label:.0f}" fill="{colour}">{WORDS[key].replace(" (s)", "")}</text>')
    return "\n".join([*parts, "</svg>\n"])


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks._growth", description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, action="append", metavar="N", help="sizes (default: 10^4, 10^5, 10^6)")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where to write vectors (default: temporary)")
    parser.add_argument("--write", action="store_true", help="make docs/growth.md and docs/growth.svg")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(measure(args.one, args.folder)))
        return
    found = each(args.rows or SIZES, args.folder)
    print(f"\n{machine()}, {platform.system()}\n\n{table(found)}\n")
    if args.write:
        write(found, ROOT / "docs")


if __name__ == "__main__":
    main()
