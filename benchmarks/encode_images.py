"""JPEG to vector, end to end: the engine's embedding beside CLIP_benchmark's loop, each with its flags.

The peer is `run_classification` of the package itself, on a `DataLoader` as its command line builds it
(batches of 64, four workers) with open_clip's model and transform, with its default flag (`amp`, bfloat16 by
autocast on a CPU) and with `--no_amp`; our ratio is to the better of the two. Its classifier is the identity, so
that what it returns are its normalised vectors. Ours runs in float32, and in bf16 where the processor has it.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import Row, interleaved, median_ratio
from core.types import Dataset, DatasetSpec, FloatArray

MODELS = {"ViT-B-32/random": (1.3, 128), "RN50/random": (2.0, 64)}  # target, pictures
FLOOR, ROUNDS, SEED = 1.1, 3, 0
HALF_TARGET, HALF_FLOOR, HALF_COSINE = 3.0, 1.3, 0.9998
"""In bf16; the cosine is what `parity.HALF_LIMIT` allows."""
FLAGS = {"CLIP_benchmark --no_amp": False, "CLIP_benchmark (amp)": True}
INSTALL = "uv pip install --no-deps clip-benchmark"


class Jpegs:
    """Files as the rows of a data set."""

    def __init__(self, files: list[Path]) -> None:
        self.files = files

    def __len__(self) -> int:
        return len(self.files)

    def read(self, index: int) -> bytes:
        """The encoded file."""
        return self.files[index].read_bytes()

    def stamp(self, index: int) -> str:
        """Changes with the file."""
        stat = self.files[index].stat()
        return f"{stat.st_size}-{stat.st_mtime_ns}"


class PeerRows:
    """What CLIP_benchmark's `DataLoader` reads: decoded, transformed pictures with a label."""

    def __init__(self, files: list[Path], transform: Any) -> None:
        self.files, self.transform = files, transform

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        from PIL import Image

        return self.transform(Image.open(self.files[index]).convert("RGB")), 0


def run() -> list[Row]:
    """One row for each model, and the machine's peak in its note."""
    with tempfile.TemporaryDirectory() as folder:
        files = jpegs(max(n for _, n in MODELS.values()), Path(folder))
        peak = peak_gflops()
        measured = [_measure(name, files[:n]) for name, (_, n) in MODELS.items()]
    peak = max(peak, peak_gflops())
    return [row for m in measured for row in _rows(m, MODELS[m.name][0], peak)]


@dataclass(frozen=True, slots=True)
class Measured:
    """Both ways on one model: seconds of each round, and the vectors."""

    name: str
    pictures: int
    seconds: dict[str, list[float]]
    found: dict[str, FloatArray]
    notes: tuple[str, ...]


def _measure(name: str, files: list[Path]) -> Measured:
    from core.encoders.encoder import load_encoder
    from core.encoders.precision import has_bf16

    found = dict[str, FloatArray]()
    precisions = ("fp32", "bf16") if has_bf16() else ("fp32",)
    encoders = {p: load_encoder(name, "cpu", precision=p) for p in precisions}
    ways: dict[str, Callable[[], FloatArray]] = {p: partial(embed_files, encoders[p], files) for p in precisions}
    peers = {flag: peer_way(name.split("/")[0], files, amp) for flag, amp in FLAGS.items()}
    ways |= {flag: way for flag, way in peers.items() if way is not None}

    def keep(way: str) -> None:
        found[way] = ways[way]()

    seconds = interleaved({way: partial(keep, way) for way in ways}, ROUNDS)
    return Measured(name, len(files), seconds, found, encoders["fp32"].card.notes)


def _rows(m: Measured, target: float, peak: float) -> list[Row]:
    """In float32, and in bf16 where it was run."""
    architecture = m.name.split("/")[0]
    done = m.pictures / statistics.median(m.seconds["fp32"]) * gflop_per_image(architecture)
    # Operations are those of the plain forward pass: work that is left out counts as done.
    share = f"{done:.0f} of {peak:.0f} GFLOP/s, {done / peak:.0%} of the matrix-multiply peak; {m.notes[1]}"
    rows = [_row(m, "fp32", target, FLOOR, 0.99999, share)]
    if "bf16" in m.found:
        rows.append(_row(m, "bf16", HALF_TARGET, HALF_FLOOR, HALF_COSINE, where_it_matters()))
    return rows


def _row(m: Measured, precision: str, target: float, floor: float, least: float, note: str) -> Row:
    rate = m.pictures / statistics.median(m.seconds[precision])
    work = f"{m.name.split('/')[0]} in {precision}: {m.pictures} JPEGs to vectors"
    peers = [flag for flag in FLAGS if flag in m.found]
    if not peers:
        return Row(work, "not installed", None, rate, "images/s", None, target, floor, note=f"{note}; peer: {INSTALL}")
    best = min(peers, key=lambda flag: statistics.median(m.seconds[flag]))
    others = ", ".join(f"{f}: {m.pictures / statistics.median(m.seconds[f]):.1f}" for f in peers if f != best)
    cosine = lowest_cosine(m.found[precision], m.found["CLIP_benchmark --no_amp"])
    return Row(
        work,
        best,
        m.pictures / statistics.median(m.seconds[best]),
        rate,
        "images/s",
        median_ratio(m.seconds[best], m.seconds[precision]),
        target,
        floor,
        f"cosine >= {cosine:.7f}",
        cosine >= least,
        f"{note}; its other flag: {others} images/s",
    )


def where_it_matters() -> str:
    """What bf16 changes on a set with labels: how many answers stay, and by how much accuracy moves."""
    from core.engine import Engine
    from core.studies.zero_shot.study import ZeroShot

    said = []
    with tempfile.TemporaryDirectory() as folder:
        for model in ("demo-vit/demo", "demo-rn/demo"):
            results = []
            for precision in ("fp32", "bf16"):
                engine = Engine(Path(folder) / "cache", Path(folder) / "data", precision=precision)
                place = engine.place(model, "demo-objects")
                engine.vectors.embed(place)
                results.append(engine.run(ZeroShot(place=place)))
            same = float(np.mean(results[0].predicted == results[1].predicted))
            apart = 100 * (results[1].acc1 - results[0].acc1)
            said.append(f"{model}: {same:.1%} of {results[0].n} top-1 answers equal, accuracy {apart:+.1f} points")
    return f"on Demo objects {'; '.join(said)}"


# --- the two ways -------------------------------------------------------------------------------------------


def embed_files(encoder: Any, files: list[Path]) -> FloatArray:
    """Our way: the engine's own `embed` into an empty store, everything it writes and checks included."""
    from core.embedding.run import embed
    from core.store import Store, TextStore

    names = tuple(str(file) for file in files)
    dataset = Dataset(
        spec=DatasetSpec(name="bench", title="bench", kind="classification", splits=("test",)),
        split="test",
        ids=names,
        pictures=Jpegs(files),
        labels=np.zeros(len(files), np.int64),
        classnames=("any",),
        raw_classnames=("any",),
    )
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        report = embed(encoder, dataset, Store(root), TextStore(root), memo_dir=root / "memo")
        return np.array(Store(root).load(report.key).image_embeddings)


def peer_way(architecture: str, files: list[Path], amp: bool) -> Callable[[], FloatArray] | None:
    """CLIP_benchmark's loop on the same weights with this flag, or None where the package is not installed."""
    try:
        from clip_benchmark.metrics.zeroshot_classification import run_classification
    except ImportError:
        return None
    import torch

    model, transform = plain_model(architecture)
    size = int(model.visual.output_dim if hasattr(model.visual, "output_dim") else model.text_projection.shape[1])
    rows: Any = PeerRows(files, transform)
    loader = torch.utils.data.DataLoader[Any](rows, batch_size=64, shuffle=False, num_workers=4)

    def way() -> FloatArray:
        with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stderr(nowhere):  # its progress bar
            logits, _ = run_classification(model, torch.eye(size), loader, "cpu", amp=amp)
        return logits.float().numpy() / 100

    return way


def plain_model(architecture: str) -> tuple[Any, Any]:
    """open_clip's untrained model with the weights that `ARCHITECTURE/random` has, and its transform."""
    import open_clip
    import torch

    from core.encoders import libraries

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(libraries.SEED)
        model, _, transform = open_clip.create_model_and_transforms(architecture, pretrained_text=False)
    return model.eval(), transform


# --- pictures, operations, peak -----------------------------------------------------------------------------


def jpegs(n: int, folder: Path) -> list[Path]:
    """n photographs from TMV_TEST_DATA, else pictures drawn here, saved as JPEG."""
    real = Path(os.environ.get("TMV_TEST_DATA", "/nowhere")) / "imagenet-mini"
    files = sorted(real.rglob("*.JPEG"))
    return files[:: max(len(files) // n, 1)][:n] if len(files) >= n else [_draw(i, folder) for i in range(n)]


def _draw(number: int, folder: Path) -> Path:
    from PIL import Image

    coarse = np.random.default_rng(SEED + number).integers(0, 256, (12, 16, 3), np.uint8)
    path = folder / f"{number}.jpg"
    Image.fromarray(coarse).resize((500, 375), Image.Resampling.BICUBIC).save(path, quality=90)
    return path


def gflop_per_image(architecture: str) -> float:
    """Operations of the plain forward pass, a multiplication and an addition counting two, in 10^9."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    model, _ = plain_model(architecture)
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # the counter does not see into it
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            model.encode_image(torch.zeros(1, 3, 224, 224))
    finally:
        torch.backends.mha.set_fastpath_enabled(before)
    return counter.get_total_flops() / 1e9


def peak_gflops(size: int = 1536, seconds: float = 3.0) -> float:
    """The best float32 matrix product of all cores together: MKL's and oneDNN's, one thread a core each."""
    import torch

    from core.encoders import onednn

    a, b = torch.randn(size, size), torch.randn(size, size)
    ways = [lambda: a @ b]
    if onednn.available("cpu"):
        packed = onednn.linear(b, None, True)
        ways.append(lambda: packed(a))
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return max(_rate_on_all_cores(way, seconds) for way in ways) * 2 * size**3 / 1e9
    finally:
        torch.set_num_threads(before)


def _rate_on_all_cores(way: Callable[[], Any], seconds: float) -> float:
    """Calls a second, the best thread-seconds of each core added up."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    best = [0.0] * cores

    def work(core: int) -> None:
        way()
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            start = time.perf_counter()
            way()
            best[core] = max(best[core], 1 / (time.perf_counter() - start))

    threads = [threading.Thread(target=work, args=(core,)) for core in range(cores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(best)


def lowest_cosine(found: FloatArray, wanted: FloatArray) -> float:
    """Over rows, in 64 bit."""
    a, b = found.astype(np.float64), wanted.astype(np.float64)
    return float(((a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)).min())
