"""Own data by name, wherever it lies: `folder:birds` is the folder `birds` in the data folder (`TMV_DATA`).

So the name means the same in a link, on another machine and after the data folder was moved, and tells nobody where on
a server it lies. Earlier versions named own data by its absolute path; `earlier` and `same_end` find what they kept.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePath

OWN_PREFIXES = ("folder:", "captions:", "wds:")
TOLD_AS = "$TMV_DATA"
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/]*)(.*)", re.DOTALL)


def is_own_data(name: str) -> bool:
    """Whether this names own data by a path."""
    return name.startswith(OWN_PREFIXES) and bool(name.split(":", 1)[1].strip())


def is_remote(name: str) -> bool:
    """Whether own data lies in a bucket or on a web server: `wds:s3://bucket/prefix`."""
    return is_own_data(name) and _ADDRESS.match(name.split(":", 1)[1]) is not None


def tidy_address(name: str) -> str:
    """The one spelling of the name of remote data: scheme and host in small letters, no slash at the end."""
    prefix, address = name.split(":", 1)
    found = _ADDRESS.match(address)
    if found is None:
        return name
    return f"{prefix}:{found[1].lower()}://{found[2].lower()}{found[3].rstrip('/')}"


class OwnNames:
    """The names of own data as seen from one data folder; without one, every name is as it was written."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        spelled = () if folder is None else (os.path.abspath(folder), os.path.realpath(folder))  # noqa: PTH100
        self.roots = tuple(dict.fromkeys(root.rstrip(os.sep) for root in spelled if root.rstrip(os.sep)))
        written = "|".join(map(re.escape, self.roots))
        self._written = (
            re.compile(rf"(folder:|captions:|wds:|)(?:{written})(?:/|(?![\w-]|\.\w))") if self.roots else None
        )

    def of(self, name: str) -> str:
        """The name relative to the data folder, of an absolute path in it; any other as it is."""
        if not is_own_data(name) or is_remote(name):
            return name
        prefix, path = name.split(":", 1)
        whole = os.path.normpath(path)
        root = next((root for root in self.roots if whole.startswith(root + os.sep)), None)
        return name if root is None else f"{prefix}:{PurePath(whole).relative_to(root).as_posix()}"

    def earlier(self, name: str) -> tuple[str, ...]:
        """What earlier versions called the data of this name, while the data folder lies where it does."""
        if not is_own_data(name) or is_elsewhere(name):
            return ()
        prefix, path = name.split(":", 1)
        return tuple(f"{prefix}:{root}/{path}" for root in self.roots)

    def without_folder(self, text: str) -> str:
        """A sentence that names files of the data folder, without saying where on this machine that is."""
        if self._written is None:
            return text
        return self._written.sub(lambda found: found[1] or (f"{TOLD_AS}/" if found[0].endswith("/") else TOLD_AS), text)


def is_elsewhere(name: str) -> bool:
    """Whether the path of own data begins somewhere else than in the data folder: absolute, "./x" or "../x", or an
    address."""
    path = name.split(":", 1)[1]
    return is_remote(name) or os.path.isabs(path) or path in (".", "..") or path.startswith(("./", "../"))  # noqa: PTH117


def same_end(name: str, earlier: str) -> bool:
    """Whether an earlier name, of whatever data folder, ends with the path of this one."""
    if not (is_own_data(name) and is_own_data(earlier)) or is_elsewhere(name) or is_remote(earlier):
        return False
    (prefix, path), (other, longer) = name.split(":", 1), earlier.split(":", 1)
    own, whole = PurePath(path).parts, PurePath(longer).parts
    return prefix == other and len(whole) > len(own) and whole[-len(own) :] == own
