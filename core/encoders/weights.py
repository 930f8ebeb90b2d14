"""Where a model's weights lie on this machine, and how they get there. Knows nothing of torch."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from core.catalog import models as catalog
from core.catalog import registry
from core.encoders import hub
from core.errors import DownloadFailed, NotHere, TMVError
from core.system import download as transfer
from core.system.memo import Latest
from core.system.progress import Progress
from core.types import ModelSpec, State

HUB_CONFIG = "open_clip_config.json"
HUB_WEIGHTS = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
_DIGESTS = Latest(64)
"""By path: the stamp of a file and its digest, where the memo on disk cannot be kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsSource:
    """Where weights come from: two files here, a repository of the hub, an address, or nowhere (untrained).

    `hub` is a repository with the alternatives `filenames`, best first; `with_config` says that its
    configuration comes from there too.
    """

    files: tuple[Path, ...] = ()
    hub: str = ""
    filenames: tuple[str, ...] = ()
    with_config: bool = False
    url: str = ""


def source_of(spec: ModelSpec) -> WeightsSource:
    """Where the weights of a model come from; `Source()` for an untrained one."""
    if files := catalog.config_and_weights(spec):
        return WeightsSource(files=files)
    if spec.pretrained == "random":
        return WeightsSource()
    if spec.name.startswith(catalog.HUB):
        return WeightsSource(hub=spec.name.removeprefix(catalog.HUB), filenames=HUB_WEIGHTS, with_config=True)
    address = catalog.WEIGHT_ADDRESSES.get(spec.name) or _listed_address(spec)
    return WeightsSource(url=address) if address.startswith("http") else _hub_source(address)


def locate(spec: ModelSpec) -> tuple[Path, ...] | None:
    """The files of a model on this machine (configuration first where it has one); None when one is missing.

    An untrained model needs none: `()`.
    """
    source = source_of(spec)
    if source.url:
        path = clip_cache() / source.url.rsplit("/", 1)[1]
        return (path,) if path.is_file() else None
    if source.hub:
        found = next((p for name in source.filenames if (p := hub.cached(source.hub, name))), None)
        config = hub.cached(source.hub, HUB_CONFIG) if source.with_config else None
        if found is None or (source.with_config and config is None):
            return None
        return (found,) if config is None else (config, found)
    return source.files if all(path.is_file() for path in source.files) else None


def state(spec: ModelSpec) -> State:
    """Whether the model can be used here: its library, its weights, or where they would come from."""
    package = "clip" if spec.library == "clip" else "open_clip"
    if importlib.util.find_spec(package) is None:
        return State(state="absent", why=f"The package {package} is not installed; install requirements.txt.")
    if spec.pretrained == "random":
        return State(state="ready", why="untrained: for measurements of speed only")
    if locate(spec) is not None:
        return State(state="ready")
    source = source_of(spec)
    if source.files:
        missing = next(path for path in source.files if not path.is_file())
        return State(state="absent", why=f"The file {missing} is not there.")
    if source.hub and hub.offline():
        return State(state="absent", why="Its weights are not in the hub's cache, and HF_HUB_OFFLINE is set.")
    size = f", {spec.download_bytes / 1e6:.0f} MB" if spec.download_bytes else ""
    return State(state="downloadable", why=f"from {source.hub or source.url.split('/')[2]}{size}")


def download(spec: ModelSpec, progress: Progress | None = None) -> tuple[Path, ...]:
    """Bring a model's files to the place where its library keeps them, and return them.

    `progress` counts bytes of the weights. Raises `NotHere` with one sentence on what to do when there is no
    connection, and `TMVError` for a wrong checksum.
    """
    if (here := locate(spec)) is not None:
        return here
    source = source_of(spec)
    if source.files:
        raise NotHere(f"{spec.name} needs {' and '.join(map(str, source.files))}; {state(spec).why}")
    if source.hub:
        config = (hub.download(source.hub, (HUB_CONFIG,)),) if source.with_config else ()
        return (*config, hub.download(source.hub, source.filenames, progress))
    return (_download_address(spec, source.url, progress),)


def clip_cache() -> Path:
    """The folder in which OpenAI's clip (and open_clip, for plain addresses) keeps weights."""
    return Path("~/.cache/clip").expanduser()


def expected_sha256(spec: ModelSpec) -> str | None:
    """The checksum that OpenAI puts into its addresses; None for other sources."""
    found = re.search(r"/([0-9a-f]{64})/[^/]+$", source_of(spec).url)
    return found[1] if found else None


def file_digest(path: Path, memo_dir: Path | None = None) -> str:
    """The SHA-256 of a file, remembered in `memo_dir` until its size, times or inode change."""
    if memo_dir is None:
        return transfer.digest(path)
    memo = memo_dir / f"{sha256(str(path.absolute()).encode()).hexdigest()[:24]}.json"
    stamp = _stamp(path)
    if (known := _read_memo(memo)) and known[:-1] == stamp:
        return str(known[-1])
    if (held := _DIGESTS.get(path)) and held[0] == stamp:
        return str(held[1])
    found = transfer.digest(path)
    if _stamp(path) == stamp:
        _DIGESTS.put(path, (stamp, found))
        _write_memo(memo, [*stamp, found])
    return found


def _stamp(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]


def _read_memo(memo: Path) -> list[int | str]:
    """The stamp and the digest; nothing where the memo is damaged, or of a version that could not tell."""
    try:
        known = json.loads(memo.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    whole = isinstance(known, list) and len(known) > 1 and known[-1] == _mark(known[:-1])
    return known[:-1] if whole else []


def _write_memo(memo: Path, values: list[int | str]) -> None:
    with contextlib.suppress(OSError):  # a memo that cannot be kept costs time, nothing else
        memo.parent.mkdir(parents=True, exist_ok=True)
        part = memo.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps([*values, _mark(values)]), encoding="utf-8")
        part.replace(memo)


def _mark(values: list[int | str]) -> str:
    return sha256(json.dumps(values).encode()).hexdigest()[:16]


def _listed_address(spec: ModelSpec) -> str:
    known = registry.published_weights().get((spec.architecture, spec.pretrained))
    if known is None:
        # Only reached when open_clip's table could not be read: import it, slow as that is
        entry = importlib.import_module("open_clip").get_pretrained_cfg(spec.architecture, spec.pretrained)
        if not entry:
            raise TMVError(
                f"open_clip lists no weights {spec.pretrained!r} for {spec.architecture}; run: python -m core models"
            )
        known = registry.Published(hub=str(entry.get("hf_hub", "")), url=str(entry.get("url", "")), quick_gelu=False)
    return known.hub or known.url


def _hub_source(address: str) -> WeightsSource:
    """`ORG/NAME/` or `ORG/NAME/FILE`; as open_clip does, a safetensors file is preferred to a pickled one."""
    repository, _, filename = address.rpartition("/")
    if not filename:
        return WeightsSource(hub=repository, filenames=HUB_WEIGHTS)
    safe = (str(Path(filename).with_suffix(".safetensors")),) if filename.endswith((".bin", ".pth")) else ()
    return WeightsSource(hub=repository, filenames=(*safe, filename))


def _download_address(spec: ModelSpec, url: str, progress: Progress | None) -> Path:
    target = clip_cache() / url.rsplit("/", 1)[1]
    known = expected_sha256(spec)
    try:
        return transfer.fetch(url, target, checksum=f"sha256:{known}" if known else None, progress=progress)
    except DownloadFailed as error:
        raise NotHere(
            f"The weights of {spec.name} are not on this machine and could not be downloaded "
            f"({str(error).rstrip('.')}): connect to the network, or copy {target.name} to {target.parent}."
        ) from error
