"""Weights from files that nobody vouches for: tensors are read, nothing in the file is ever run.

safetensors holds only tensors. Pickled checkpoints are read by torch with `weights_only`. OpenAI's `.pt`
files are TorchScript archives, which torch can only load together with their code; here just the table of
tensors is read from them, with an unpickler that knows nothing but tensors.
"""

from __future__ import annotations

import pickle
import re
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from core.errors import TMVError

Tensors = dict[str, torch.Tensor]
_STORAGES = {
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "DoubleStorage": torch.float64,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}


def read_tensors(path: Path) -> Tensors:
    """Name -> tensor of a checkpoint. Raises `TMVError` for a file that holds anything but tensors."""
    loaded = read_checkpoint(path)
    return dict(loaded.get("state_dict", loaded))


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What a checkpoint holds: tensors by name, or by the names of groups of them (`state_dict`, `model`, ...), beside
    plain values. The content decides how it is read, not the suffix. Raises `TMVError`."""
    try:
        beginning = _beginning(path)
        if (what := _no_checkpoint(path, beginning)) is not None:
            raise TMVError(f"The weights {path} {what}; get them again from their source.")
        if _is_safetensors(beginning):
            from safetensors.torch import load_file

            return dict(load_file(path))
        if _is_torchscript(path):
            return dict(_read_torchscript(path))
        with path.open("rb") as file:  # a path would be read by its suffix
            return dict(torch.load(file, map_location="cpu", weights_only=True))
    except TMVError:
        raise
    except Exception as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> TMVError:
    """One sentence for a checkpoint that is damaged or not made of tensors only."""
    if found := _FOREIGN.search(str(error)):
        return TMVError(
            f"The weights {path} cannot be read as tensors only: beside them they hold a Python object ({found[1]}), "
            "and what is in a checkpoint is never run; save the tensors alone (torch.save(model.state_dict(), ...)), "
            "or get them again from their source."
        )
    reason = str(error).split("\n")[0].split(". ")[0][:160]
    return TMVError(
        f"The weights {path} cannot be read as tensors only ({type(error).__name__}: {reason}); "
        "they are damaged or not a safe checkpoint, get them again from their source."
    )


_FOREIGN = re.compile(r"(?:GLOBAL|global) (\S+) was not an allowed global")
_MARKS = (
    (b"version https://git-lfs", "are a Git LFS pointer and not the file itself (run: git lfs pull)"),
    (b"<", "are a web page and not weights: the download was answered by a page"),
    (b"{", "are a JSON text and not weights"),
    (b"\x89HDF", "are an HDF5 file (Keras); save them with PyTorch as a state_dict or as safetensors"),
    (b"\x93NUMPY", "are a NumPy array; save them with PyTorch as a state_dict or as safetensors"),
    (b"\x1f\x8b", "are packed with gzip; unpack them first"),
    (b"GGUF", "are a GGUF file; save them with PyTorch as a state_dict or as safetensors"),
)


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(64)


def _no_checkpoint(path: Path, beginning: bytes) -> str | None:
    """What a file is that is no checkpoint, by its first bytes."""
    if not beginning:
        return "are an empty file"
    start = beginning.lstrip(b"\xef\xbb\xbf \t\r\n")
    found = next((said for mark, said in _MARKS if start.startswith(mark)), None)
    if found is None and beginning.startswith(b"PK") and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if not any(name.endswith("data.pkl") for name in archive.namelist()):
                return "are a zip archive of other files and not one that PyTorch wrote"
    return found


def _is_safetensors(beginning: bytes) -> bool:
    """Eight bytes of length, then JSON."""
    return beginning[8:9] == b"{" and 0 < int.from_bytes(beginning[:8], "little") < 1 << 32


def _is_torchscript(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


class _Module:
    """Stands for an object of the archive; its attributes are data in a dictionary, never Python
    attributes.
    """

    def __init__(self) -> None:
        self.attributes: dict[str, Any] = {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.attributes = dict(state)


class _TensorUnpickler(pickle.Unpickler):
    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        self._archive, self._root, self._storages = archive, root, dict[str, torch.Tensor]()
        super().__init__(archive.open(f"{root}/data.pkl"))

    def find_class(self, module: str, name: str) -> Any:
        """Only tensors, storages, plain containers and stand-ins for the archive's own classes."""
        if module.startswith("__torch__"):
            return _Module
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        known: dict[tuple[str, str], Callable[..., Any]] = {
            ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
            ("torch._utils", "_rebuild_tensor"): _rebuild_tensor,
            ("torch._utils", "_rebuild_parameter"): _first,
            ("collections", "OrderedDict"): OrderedDict,
        }
        if module == "torch.jit._pickle" and name.startswith(("build_", "restore_type_tag")):
            return _first
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in a checkpoint")
        return known[module, name]

    def persistent_load(self, record: Any) -> torch.Tensor:
        """The numbers behind a tensor: ("storage", dtype, key, device, count)."""
        kind, dtype, key, _, _ = record
        if kind != "storage" or not isinstance(dtype, torch.dtype):
            raise pickle.UnpicklingError(f"unknown record {kind!r}")
        if key not in self._storages:
            name = f"{self._root}/data/{key}"
            if self._archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
                raise pickle.UnpicklingError("compressed tensors have no place in a TorchScript archive")
            self._storages[key] = _flat(self._archive.read(name), dtype)
        return self._storages[key]


def _flat(raw: bytes, dtype: torch.dtype) -> torch.Tensor:
    return torch.frombuffer(bytearray(raw), dtype=dtype) if raw else torch.empty(0, dtype=dtype)


def _rebuild_tensor(storage: torch.Tensor, offset: int, size: Any, stride: Any, *_: Any) -> torch.Tensor:
    return storage.as_strided(tuple(size), tuple(stride), offset)


def _first(value: Any, *_: Any) -> Any:
    return value


def _read_torchscript(path: Path) -> Tensors:
    with zipfile.ZipFile(path) as archive:
        root = next(n for n in archive.namelist() if n.endswith("/constants.pkl")).split("/")[0]
        module = _TensorUnpickler(archive, root).load()
    if not isinstance(module, _Module):
        raise TMVError(f"The weights {path} hold no model; get them again from their source.")
    return _tensors_of(module, "")


def _tensors_of(module: _Module, prefix: str) -> Tensors:
    """Every tensor below a module by its dotted name; masks are computed by the model, not loaded."""
    found: Tensors = {}
    for name, value in module.attributes.items():
        if isinstance(value, _Module):
            found |= _tensors_of(value, f"{prefix}{name}.")
        elif isinstance(value, torch.Tensor) and name != "attn_mask":
            found[prefix + name] = value
    return found
