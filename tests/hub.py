"""A server on this machine that speaks the Hugging Face hub's protocol and serves plain files.

Large files answer HEAD and GET under `/ORG/NAME/resolve/main/FILE` with a redirect to another host name, as
the hub redirects to its content network, and state their SHA-256 as `X-Linked-Etag`; small ones answer
directly. It can cut answers off, send other bytes than it promised, and it writes down every request.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "c" * 40


@dataclass
class Loopback:
    """What is served and what was asked. `cuts` is how many bytes each next answer may send before it
    stops.
    """

    port: int = 0
    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    small: set[str] = field(default_factory=set)
    plain: dict[str, bytes] = field(default_factory=dict)
    corrupt: bool = False
    ranges: bool = True
    cuts: list[int] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def content_url(self) -> str:
        """The same server under the name of another host."""
        return f"http://localhost:{self.port}/content"

    def gets(self, part: str) -> list[dict[str, str]]:
        """The headers of every GET whose path has `part` in it."""
        return [headers for method, path, headers in self.requests if method == "GET" and part in path]


@contextmanager
def serve() -> Iterator[Loopback]:
    """A running server; it is gone afterwards."""
    loopback = Loopback()
    server = _Server(("127.0.0.1", 0), _handler(loopback))
    loopback.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield loopback
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle is what some tests do; it needs no traceback."""


def _handler(loopback: Loopback) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def _answer(self, with_body: bool) -> None:
            path = self.path.split("?")[0]
            loopback.requests.append((self.command, path, dict(self.headers.items())))
            if "/resolve/main/" in path:
                self._answer_hub(path, with_body)
            elif path.startswith("/content/"):
                self._send(_by_sha(loopback, path.rsplit("/", 1)[1]), with_body)
            elif path in loopback.plain:
                self._send(loopback.plain[path], with_body)
            else:
                self._status(404, {"X-Error-Code": "EntryNotFound"})

        def _answer_hub(self, path: str, with_body: bool) -> None:
            repository, filename = path[1:].split("/resolve/main/")
            if repository not in loopback.repositories:
                return self._status(404, {"X-Error-Code": "RepoNotFound"})
            content = loopback.repositories[repository].get(filename)
            if content is None:
                return self._status(404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
            sha = hashlib.sha256(content).hexdigest()
            if filename in loopback.small:
                return self._send(content, with_body, {"X-Repo-Commit": COMMIT, "ETag": f'"{sha[:40]}"'})
            return self._status(
                302,
                {
                    "Location": f"{loopback.content_url}/{sha}",
                    "X-Repo-Commit": COMMIT,
                    "X-Linked-Etag": f'"{sha}"',
                    "X-Linked-Size": str(len(content)),
                },
            )

        def _status(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": "0"}.items():
                self.send_header(name, value)
            self.end_headers()

        def _send(self, content: bytes, with_body: bool, headers: dict[str, str] | None = None) -> None:
            tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
            if loopback.corrupt and with_body:
                content = bytes([content[0] ^ 255]) + content[1:]
            start = self._start(tag, len(content))
            if start is None:
                return self._status(416, {})
            self.send_response(206 if start else 200)
            for name, value in {"ETag": tag, **(headers or {})}.items():
                self.send_header(name, value)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            if with_body:
                self._write(content[start:])
            return None

        def _start(self, tag: str, size: int) -> int | None:
            """Where the answer begins; None where the range asked for lies behind the end."""
            asked = self.headers.get("Range")
            if not asked or not loopback.ranges or self.headers.get("If-Range", tag) != tag:
                return 0
            start = int(asked.removeprefix("bytes=").split("-")[0])
            return start if start < size else None

        def _write(self, body: bytes) -> None:
            if not loopback.cuts:
                self.wfile.write(body)
                return
            self.wfile.write(body[: loopback.cuts.pop(0)])
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()

    return Handler


def _by_sha(loopback: Loopback, sha: str) -> bytes:
    files = [content for files in loopback.repositories.values() for content in files.values()]
    return next(content for content in files if hashlib.sha256(content).hexdigest() == sha)
