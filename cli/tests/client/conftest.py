"""A small real HTTP server that plays the fleet, so that the client's own code is what runs."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typer.testing import CliRunner

from comfyfleet import CommandError
from comfyfleet.__main__ import application
from comfyfleet.client.api import FleetClient

BROKEN = 0
"""In place of a status: the connection ends without an answer."""


@dataclass
class Answer:
    body: bytes
    status: int = 200
    content_type: str = "application/json"


@dataclass
class Script:
    """Scripted answers, in turn, and the requests that came in."""

    answers: dict[str, list[Answer]] = field(default_factory=dict[str, list[Answer]])
    requests: list[tuple[str, dict[str, str], bytes]] = field(
        default_factory=list[tuple[str, dict[str, str], bytes]]
    )
    url: str = ""

    def on(self, line: str, *answers: Answer | bytes) -> None:
        self.answers[line] = [
            answer if isinstance(answer, Answer) else Answer(answer) for answer in answers
        ]

    def take(self, line: str) -> Answer:
        """The next answer; the last one is given again and again."""
        left = self.answers.get(line, [Answer(b'{"detail": "not scripted"}', 404)])
        return left.pop(0) if len(left) > 1 else left[0]


@dataclass(frozen=True)
class Done:
    """The end of a command; after an error `stderr` is the sentence that a user reads."""

    returncode: int
    stdout: str
    stderr: str


def comfyfleet(fleet: Script, *words: str) -> Done:
    """Run the command in this process, which saves a second of imports."""
    environment = {"COMFYFLEET_URL": fleet.url, "COMFYFLEET_TOKEN": "t"}
    done = CliRunner(env=environment).invoke(application(), words)
    if isinstance(done.exception, CommandError):
        return Done(1, done.stdout, f"comfyfleet: {done.exception}\n")
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Done(done.exit_code, done.stdout, done.stderr)


@pytest.fixture
def fleet() -> Iterator[Script]:
    script = Script()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            line = f"{self.command} {self.path}"
            script.requests.append((line, dict(self.headers), body))
            answer = script.take(line)
            if answer.status == BROKEN:
                self.close_connection = True
                return
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 # http.server's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # its name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        script.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield script
        server.shutdown()
        thread.join(5)


@pytest.fixture
def client(fleet: Script) -> Iterator[FleetClient]:
    client = FleetClient(fleet.url, "token")
    yield client
    client.close()
