"""Serves HTTP answers from a table, such as a well-behaved server would not give."""

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TypeAlias

Answers: TypeAlias = Mapping[str, object]
"""Path → JSON of the answer, or a status alone; other paths are not found."""


@dataclass
class Canned:
    url: str = ""
    seen: list[str] = field(default_factory=list[str])
    """`GET /path` of each request."""


@contextmanager
def canned(answers: Answers) -> Generator[Canned, None, None]:
    made = Canned()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            made.seen.append(f"{self.command} {self.path}")
            found = answers.get(self.path, 404)
            is_status = isinstance(found, int)
            body = b"" if is_status else json.dumps(found).encode()
            self.send_response(found if is_status else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815  the names that BaseHTTPRequestHandler looks for

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Write nothing: nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join(5)
