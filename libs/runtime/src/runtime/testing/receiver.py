"""An HTTP server on loopback that takes webhooks, and answers as it is told."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HANG_SECONDS = 30


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: bytes = b"thanks"
    hangs: bool = False
    """Take requests and answer none of them before `released` is set."""
    released: threading.Event = field(default_factory=threading.Event)
    requests: list[Request] = field(default_factory=list[Request])
    waiting: int = 0

    @property
    def ids(self) -> list[str]:
        return [request.id for request in self.requests]


@contextmanager
def a_receiver(**answers: object) -> Generator[Receiver, None, None]:
    receiver = Receiver(**answers)  # pyright: ignore[reportArgumentType]  # fields by name

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.requests.append(Request(self.path, headers, body))
            if receiver.hangs:
                receiver.waiting += 1
                receiver.released.wait(HANG_SECONDS)
            self.send_response(receiver.status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(receiver.body)))
            self.end_headers()
            self.wfile.write(receiver.body)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Write nothing: nobody reads it."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Clients of these tests leave before the answer."""

    with Server(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}/hooks"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield receiver
        finally:
            receiver.released.set()
            server.shutdown()
            thread.join(5)
