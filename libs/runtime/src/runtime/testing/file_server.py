"""An HTTP server of files that answers ranges, and fails where a test wants it to."""

import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

RANGE = re.compile(r"bytes=(\d+)-")
PARTIAL, UNSATISFIABLE = 206, 416


@dataclass(slots=True)
class FileServer:
    """Serves `files` by path. The switches hold for all of them."""

    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    asked: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    """Path and first byte of each request."""
    cuts: list[int] = field(default_factory=list[int])
    """The next answers end after so many bytes, one for each."""
    redirects: dict[str, str] = field(default_factory=dict[str, str])
    statuses: list[int] = field(default_factory=list[int])
    """The next answers have these statuses, one for each."""
    knows_ranges: bool = True
    tells_size: bool = True
    before_sending: Callable[[], object] = lambda: None
    url: str = ""

    @contextmanager
    def held(self) -> Generator[None, None, None]:
        """Let all answers wait until the end of the block."""
        released = Event()
        self.before_sending = released.wait
        try:
            yield
        finally:
            self.before_sending = lambda: None
            released.set()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        asked = RANGE.match(handler.headers.get("Range", ""))
        begin = int(asked[1]) if asked and self.knows_ranges else 0
        self.asked.append((handler.path, begin))
        content = self.files.get(handler.path)
        status = self.statuses.pop(0) if self.statuses else None
        if target := self.redirects.get(handler.path):
            handler.send_response(302)
            handler.send_header("Location", target)
        elif status or content is None:
            handler.send_response(status or 404)
        elif begin and begin >= len(content):
            handler.send_response(UNSATISFIABLE)
            handler.send_header("Content-Range", f"bytes */{len(content)}")
        else:
            self.send(handler, content, begin)
            return
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def send(self, handler: BaseHTTPRequestHandler, content: bytes, begin: int) -> None:
        self.before_sending()
        handler.send_response(PARTIAL if begin else 200)
        if begin:
            last = len(content) - 1
            handler.send_header("Content-Range", f"bytes {begin}-{last}/{len(content)}")
        if self.tells_size:
            handler.send_header("Content-Length", str(len(content) - begin))
        handler.send_header("Connection", "close")
        handler.end_headers()
        end = begin + self.cuts.pop(0) if self.cuts else len(content)
        handler.wfile.write(memoryview(content)[begin:end])
        handler.close_connection = True


@contextmanager
def a_file_server() -> Generator[FileServer, None, None]:
    """Serve on a free loopback port."""
    files = FileServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            files.answer(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base's name)
            """Keep the output of tests clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        files.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield files
        finally:
            server.shutdown()
            thread.join()
