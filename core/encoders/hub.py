"""Files of the Hugging Face hub, in the hub library's own cache.

Looking into the cache needs no network. The hub's library itself starts a download that was cut off from
zero in the next process, so the bytes are brought by `core.system.download` (resumed, checked against the SHA-256
that the hub states) to the place where the library keeps them, and the library then files them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.errors import DownloadFailed, NotHere, TMVError
from core.system.download import fetch
from core.system.progress import Progress


def cached(repository: str, filename: str) -> Path | None:
    """The file in the hub's cache, or None."""
    from huggingface_hub import constants, try_to_load_from_cache

    found = try_to_load_from_cache(repository, filename, cache_dir=constants.HF_HUB_CACHE)
    return Path(found) if isinstance(found, str) else None


def offline() -> bool:
    """Whether the hub's library has been told to stay off the network (`HF_HUB_OFFLINE`)."""
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


def download(repository: str, filenames: Sequence[str], progress: Progress | None = None) -> Path:
    """The first of `filenames` that the repository has, from the cache or else from the hub.

    Raises `NotHere` without a connection or where the repository has none of them, and `TMVError` when what
    arrives does not have the checksum that the hub states (it is removed).
    """
    from huggingface_hub.errors import EntryNotFoundError

    for filename in filenames:
        try:
            return cached(repository, filename) or _bring(repository, filename, progress)
        except EntryNotFoundError:
            continue
    raise NotHere(f"{repository} on the hub has none of the files {', '.join(filenames)}; check the name.")


def download_if_there(repository: str, filename: str, progress: Progress | None = None) -> Path | None:
    """`download` of one file that not every repository has; None where this one has not."""
    from huggingface_hub.errors import EntryNotFoundError

    try:
        return cached(repository, filename) or _bring(repository, filename, progress)
    except EntryNotFoundError:
        return None


def _bring(repository: str, filename: str, progress: Progress | None) -> Path:
    import huggingface_hub as hub
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, OfflineModeIsEnabled

    endpoint = os.environ.get("HF_ENDPOINT") or None
    cache = Path(hub.constants.HF_HUB_CACHE)
    try:
        state = hub.get_hf_file_metadata(hub.hf_hub_url(repository, filename, endpoint=endpoint))
        _bring_bytes(cache, repository, state, progress)
        return Path(hub.hf_hub_download(repository, filename, cache_dir=cache, endpoint=endpoint))
    except (EntryNotFoundError, TMVError):
        raise  # also `Cancelled`
    except OfflineModeIsEnabled as error:
        raise NotHere(_advice(repository, "HF_HUB_OFFLINE is set")) from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        raise NotHere(_advice(repository, f"the hub answered with status {status}")) from error
    except Exception as error:  # the errors of whichever HTTP library the hub's library uses in its version
        raise NotHere(_advice(repository, f"the hub cannot be reached: {_first_line(error)}")) from error


def _bring_bytes(cache: Path, repository: str, state: Any, progress: Progress | None) -> None:
    """Large files are named by their SHA-256 in the cache; small ones are left to the hub's library."""
    if not re.fullmatch(r"[0-9a-f]{64}", state.etag or ""):
        return
    blob = cache / f"models--{repository.replace('/', '--')}" / "blobs" / state.etag
    try:
        fetch(
            state.location,
            blob,
            checksum=f"sha256:{state.etag}",
            progress=progress,
            headers=_authorisation(state.location),
        )
    except DownloadFailed as error:
        raise NotHere(_advice(repository, str(error).rstrip("."))) from error


def _authorisation(address: str) -> dict[str, str]:
    """The user's token, but only for the hub itself: signed addresses on other hosts must not see it."""
    from huggingface_hub import constants
    from huggingface_hub.utils._headers import build_hf_headers

    own = urlsplit(os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).netloc
    headers = build_hf_headers() if urlsplit(address).netloc == own else {}
    return {k: v for k, v in headers.items() if k.lower() == "authorization"}


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).split("\n")[0]


def _advice(repository: str, why: str) -> str:
    from huggingface_hub import constants

    folder = Path(constants.HF_HUB_CACHE) / f"models--{repository.replace('/', '--')}"
    return (
        f"The files of {repository} are not on this machine and could not be downloaded ({why}): connect "
        f"to the network, or copy the folder {folder} from a machine that has it."
    )
