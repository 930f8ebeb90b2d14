"""A web server on this machine that misbehaves on demand, alone or in front of a server that speaks s3."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Matches = Callable[[str], bool]


class Server(ThreadingHTTPServer):
    """Serves `files` by their paths with ranges, or hands everything to `behind`. `faults` are used up one for each GET
    whose path fits `only`, the last for ever where `lasting`; `log` holds (method, path, range) of every request."""

    daemon_threads = True

    def __init__(self, behind: tuple[str, int] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind, self.files = behind, dict[str, bytes]()
        self.log, self.faults, self.lasting = list[tuple[str, str, str]](), list[str](), False
        self.only: Matches = lambda path: True
        self.tagged, self.seconds = True, 15.0
        self._lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def misbehave(self, *faults: str, only: Matches = lambda path: True, lasting: bool = False) -> None:
        self.faults, self.only, self.lasting = list(faults), only, lasting

    def fault(self, path: str) -> str:
        with self._lock:
            if not self.faults or not self.only(path):
                return ""
            return self.faults[0] if self.lasting and len(self.faults) == 1 else self.faults.pop(0)

    def gets(self) -> list[tuple[str, str, str]]:
        return [one for one in self.log if one[0] == "GET"]

    def end(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, format: str, *args: object) -> None: ...

    def do_GET(self) -> None:
        span = self.headers.get("Range", "")
        self.server.log.append((self.command, self.path, span))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.fault(self.path) if self.command == "GET" else ""
        if fault.isdigit():
            self._answer(int(fault), {"Location": "http://127.0.0.1:1/elsewhere"}, b"")
            return
        status, headers, content = (
            self._behind(body) if self.server.behind else self._file("" if fault == "whole" else span)
        )
        if fault == "slow":
            time.sleep(self.server.seconds)
        self._answer(status, headers, content, cut=fault == "cut")

    do_PUT = do_HEAD = do_GET  # noqa: N815 - the names that the library calls

    def _file(self, span: str) -> tuple[int, dict[str, str], bytes]:
        content = self.server.files.get(self.path)
        if content is None:
            return 404, {}, b""
        tag = {"ETag": f'"{hash(content)}"'} if self.server.tagged else {}
        if not span:
            return 200, tag, content
        first, last = map(int, span.removeprefix("bytes=").split("-"))
        part = content[first : last + 1]
        return 206, tag | {"Content-Range": f"bytes {first}-{first + len(part) - 1}/{len(content)}"}, part

    def _behind(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        assert self.server.behind is not None
        connection = http.client.HTTPConnection(*self.server.behind, timeout=60)
        connection.request(self.command, self.path, body, dict(self.headers))
        answer = connection.getresponse()
        content = answer.read()
        dropped = ("transfer-encoding", "connection", "content-length")
        headers = {name: value for name, value in answer.getheaders() if name.lower() not in dropped}
        connection.close()
        return answer.status, headers, content

    def _answer(self, status: int, headers: dict[str, str], content: bytes, cut: bool = False) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "HEAD":
            return
        try:
            self.wfile.write(content[: len(content) // 2] if cut else content)
            self.wfile.flush()
        except OSError:  # whoever asked has given up
            self.close_connection = True
        if cut:
            self.close_connection = True
