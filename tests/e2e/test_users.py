"""Users of a whole fleet: block, erase, and permissions that nobody can give."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from uuid import uuid4

import httpx

from comfyfleet.testing import LocalFleet

PASSWORD = "correct horse battery"
WITHIN_SECONDS = 10.0


@contextmanager
def a_user(
    fleet: LocalFleet, api: httpx.Client, role: str = "user"
) -> Generator[tuple[str, httpx.Client], None, None]:
    """Create a user; yield the id, and a client that is logged in."""
    email = f"{uuid4()}@example.com"
    body = {"email": email, "name": "Ada", "role": role, "password": PASSWORD}
    made = api.post("/v1/users", json=body)
    assert made.status_code == 201, made.text
    form = {"username": email, "password": PASSWORD}
    login = httpx.post(f"{fleet.url}/v1/auth/token", data=form, timeout=10)
    headers = {"Authorization": f"Bearer {login.json()['access_token']}"}
    with httpx.Client(base_url=fleet.url, headers=headers, timeout=30) as client:
        yield made.json()["id"], client


def becomes(status: int, ask: Callable[[], httpx.Response]) -> httpx.Response:
    until = time.monotonic() + WITHIN_SECONDS
    while (answer := ask()).status_code != status:
        assert time.monotonic() < until, answer.text
    return answer


@contextmanager
def a_stream(client: httpx.Client) -> Generator[threading.Event, None, None]:
    """Open a stream of events; set the event once it has ended."""
    ended = threading.Event()
    with client.stream("GET", "/v1/events") as stream:
        assert stream.status_code == 200

        def read() -> None:
            for _ in stream.iter_raw():
                pass
            ended.set()

        reader = threading.Thread(target=read)
        reader.start()
        yield ended
        reader.join(WITHIN_SECONDS)


def test_a_blocked_user_loses_tokens_and_streams_within_seconds(
    fleet: LocalFleet, api: httpx.Client
) -> None:
    with a_user(fleet, api) as (user_id, client):
        becomes(200, lambda: client.get("/v1/jobs"))
        with a_stream(client) as ended:
            fleet.run("users", "block", user_id)
            assert ended.wait(WITHIN_SECONDS)
        refused = becomes(401, lambda: client.get("/v1/jobs"))
        fleet.run("users", "unblock", user_id)
        becomes(200, lambda: client.get("/v1/jobs"))
        with a_stream(client) as ended:
            fleet.run("users", "delete", user_id, "--yes")
            assert ended.wait(WITHIN_SECONDS)
        gone = becomes(401, lambda: client.get("/v1/jobs"))

    assert refused.json()["detail"] == "the account is blocked"
    assert gone.json()["detail"] == "the account does not exist"
    assert api.get(f"/v1/users/{user_id}").status_code == 404


def test_the_last_administrator_cannot_go(api: httpx.Client) -> None:
    path = f"/v1/users/{api.get('/v1/me').json()['id']}"
    answers = (
        api.patch(path, json={"is_blocked": True}),
        api.patch(path, json={"role": "user"}),
        api.delete(path),
    )
    for answer in answers:
        problem = answer.json()["type"]
        assert (answer.status_code, problem.split(":")[-1]) == (409, "last_administrator")
