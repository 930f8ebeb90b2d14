"""Where a model's weights lie on this machine, and how they get there. Knows nothing of torch."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from core.catalog import models as catalog
from core.catalog import registry
from core.encoders import hub, text_files
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
        return WeightsSource(hub=spec.weights_name.removeprefix(catalog.HUB), filenames=HUB_WEIGHTS, with_config=True)
    address = catalog.WEIGHT_ADDRESSES.get(spec.weights_name) or _listed_address(spec)
    return WeightsSource(url=address) if address.startswith("http") else _hub_source(address)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFiles:
    """The files of a model on this machine: `config` where it has one of its own, `text` those of a tokenizer and of a
    text tower's configuration by their names on the hub. An untrained model of the catalog has none at all."""

    weights: Path | None = None
    config: Path | None = None
    text: Mapping[str, Path] = field(default_factory=dict)

    @property
    def paths(self) -> tuple[Path, ...]:
        """All of them, the weights last."""
        own = (self.config, *(self.text[name] for name in sorted(self.text)), self.weights)
        return tuple(path for path in own if path is not None)


def locate(spec: ModelSpec) -> ModelFiles | None:
    """The files of a model on this machine, or None when one is missing: what is here works without a network."""
    own = _own_files(spec)
    if own is None:
        return None
    try:
        text = text_files.locate(_text_config(spec, own.config), _folder(spec))
    except TMVError:  # `download` and loading say why this model cannot be used
        return None
    return None if text is None else replace(own, text=text)


def locate_text(spec: ModelSpec) -> Mapping[str, Path] | None:
    """The files of its text side alone, which are enough to count tokens."""
    text = text_config(spec)
    return None if text is None else text_files.locate(text, _folder(spec))


def _own_files(spec: ModelSpec) -> ModelFiles | None:
    """Weights, and the configuration where there is one of the model's own."""
    source = source_of(spec)
    if source.url:
        path = clip_cache() / source.url.rsplit("/", 1)[1]
        return ModelFiles(weights=path) if path.is_file() else None
    if source.hub:
        found = next((p for name in source.filenames if (p := hub.cached(source.hub, name))), None)
        config = hub.cached(source.hub, HUB_CONFIG) if source.with_config else None
        missing = found is None or (source.with_config and config is None)
        return None if missing else ModelFiles(weights=found, config=config)
    if not source.files:
        return ModelFiles()
    config, weights = source.files
    return ModelFiles(weights=weights, config=config) if config.is_file() and weights.is_file() else None


def text_config(spec: ModelSpec) -> text_files.TextConfig | None:
    """What the model's tokens depend on; None while its configuration is not on this machine. Raises `TMVError` for a
    tokenizer that is not known here."""
    source = source_of(spec)
    config = source.files[0] if source.files else hub.cached(source.hub, HUB_CONFIG) if source.with_config else None
    if (source.files or source.with_config) and (config is None or not config.is_file()):
        return None
    return _text_config(spec, config)


def _text_config(spec: ModelSpec, config: Path | None) -> text_files.TextConfig:
    if spec.library == "clip":
        return text_files.TextConfig()
    own = _listed_text_config(spec.architecture) if config is None else text_files.read_text_config(_text_cfg(config))
    return replace(own, language=spec.language) if spec.language else own


@lru_cache(maxsize=512)
def _listed_text_config(architecture: str) -> text_files.TextConfig:
    return text_files.read_text_config(registry.architecture_config(architecture).get("text_cfg", {}))


def _text_cfg(config: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(config.read_text(encoding="utf-8-sig"))
        return dict(found.get("model_cfg", found).get("text_cfg") or {})
    except (OSError, ValueError, AttributeError, TypeError):
        return {}  # loading the model says what is wrong with its configuration


def _folder(spec: ModelSpec) -> Path | None:
    """Where a model in files may have its tokenizer beside it."""
    source = source_of(spec)
    return source.files[0].parent if source.files else None


@lru_cache(maxsize=4)
def _installed(package: str) -> bool:
    """Asked once: lists ask for two hundred models, and a process that has looked does not see a later install."""
    return importlib.util.find_spec(package) is not None


def state(spec: ModelSpec) -> State:
    """Whether the model can be used here: its library, its weights, or where they would come from."""
    package = "clip" if spec.library == "clip" else "open_clip"
    if not _installed(package):
        return State(state="absent", why=f"The package {package} is not installed; install requirements.txt.")
    if locate(spec) is not None:
        untrained = spec.pretrained == "random"
        return State(state="ready", why="untrained: for measurements of speed only" if untrained else "")
    source = source_of(spec)
    if missing := next((path for path in source.files if not path.is_file()), None):
        return State(state="absent", why=f"The file {missing} is not there.")
    try:
        text = text_config(spec)
    except TMVError as error:
        return State(state="absent", why=str(error))
    of_hub = [what for what in (source.hub, text and (text.tokenizer or text.tower)) if what]
    if of_hub and hub.offline():
        what = "tokenizer is" if _own_files(spec) else "weights are"
        return State(state="absent", why=f"Its {what} not in the hub's cache, and HF_HUB_OFFLINE is set.")
    if source.files:
        return State(state="downloadable", why=f"its tokenizer, from {of_hub[0]}")
    size = f", {spec.download_bytes / 1e6:.0f} MB" if spec.download_bytes else ""
    where = source.hub or (source.url.split("/")[2] if source.url else of_hub[0])
    return State(state="downloadable", why=f"from {where}{size}")


def download(spec: ModelSpec, progress: Progress | None = None) -> ModelFiles:
    """Bring a model's files to the place where its library keeps them, and return them; the weights come last.

    `progress` counts bytes of the weights. Raises `NotHere` with one sentence on what to do when there is no
    connection, and `TMVError` for a wrong checksum.
    """
    if (here := locate(spec)) is not None:
        return here
    source = source_of(spec)
    if any(not path.is_file() for path in source.files):
        raise NotHere(f"{spec.name} needs {' and '.join(map(str, source.files))}. {state(spec).why}")
    config = _hub_config(source.hub) if source.with_config else next(iter(source.files), None)
    text = text_files.download(_text_config(spec, config), _folder(spec))
    weights = source.files[1] if source.files else None
    if source.hub:
        weights = hub.download(source.hub, source.filenames, progress)
    elif source.url:
        weights = _download_address(spec, source.url, progress)
    return ModelFiles(weights=weights, config=config, text=text)


def _hub_config(repository: str) -> Path:
    found = hub.download_if_there(repository, HUB_CONFIG)
    if found is None:
        raise NotHere(
            f"{repository} on the hub is no open_clip model: it has no {HUB_CONFIG}. Where open_clip lists the same "
            "weights, take their name (python -m core models), or bring a configuration and the weights as "
            "file:CONFIG.json,WEIGHTS."
        )
    return found


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
