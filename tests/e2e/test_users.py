"""Users of a whole fleet: block, erase, and permissions that nobody can give."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from uuid import uuid4

import httpx

from comfyfleet.testing import ADMIN_EMAIL, LocalFleet

PASSWORD = "tin-lemon-7731-quay"
PATIENT_SECONDS = 30.0
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


def patient(send: Callable[[], httpx.Response]) -> httpx.Response:
    """Return the first answer that is no limit: the matrix asks faster than a key may."""
    until = time.monotonic() + PATIENT_SECONDS
    while (answer := send()).status_code == 429:
        assert time.monotonic() < until, answer.text
        time.sleep(0.2)
    return answer


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


def test_nobody_grants_what_they_do_not_hold(fleet: LocalFleet, api: httpx.Client) -> None:
    held = ["users:write", "jobs:run", "media:write", "workflows:read"]
    helper_role = {"name": "helper", "permissions": held}
    assert api.post("/v1/roles", json=helper_role).status_code == 201
    admin_id = api.get("/v1/me").json()["id"]
    stranger = {"email": f"{uuid4()}@example.com", "name": "Eve", "role": "admin"}
    with a_user(fleet, api, "helper") as (helper_id, helper), a_user(fleet, api) as (user_id, _):
        becomes(200, lambda: helper.get("/v1/users"))
        refused = (
            helper.patch(f"/v1/users/{helper_id}", json={"role": "admin"}),
            helper.patch(f"/v1/users/{user_id}", json={"role": "admin"}),
            helper.post("/v1/users", json=stranger),
            helper.patch(f"/v1/users/{admin_id}", json={"is_blocked": True}),
            helper.delete(f"/v1/users/{admin_id}"),
            helper.post("/v1/roles", json={"name": "boss", "permissions": ["nodes:write"]}),
            helper.patch("/v1/roles/helper", json={"permissions": [*held, "graphs:run"]}),
        )
        allowed = helper.patch(f"/v1/users/{user_id}", json={"name": "Grace"})
        in_use = api.delete("/v1/roles/helper")
        narrowed = {"permissions": ["jobs:read"]}
        assert api.patch("/v1/roles/helper", json=narrowed).status_code == 200
        becomes(403, lambda: helper.get("/v1/users"))
    for gone in (helper_id, user_id):
        assert api.delete(f"/v1/users/{gone}").status_code == 204
    assert fleet.run("roles", "delete", "helper").strip() == "deleted helper"

    for answer in refused:
        problem = answer.json()["type"].split(":")[-1]
        assert (answer.status_code, problem) == (403, "permission_not_held"), answer.url
    assert allowed.json()["name"] == "Grace"
    assert (in_use.status_code, in_use.json()["detail"][:20]) == (409, "a user has this role")


def test_another_password_ends_all_other_sessions(fleet: LocalFleet, api: httpx.Client) -> None:
    new = "quay-lemon-9913-tin"
    with a_user(fleet, api) as (user_id, client):
        email = becomes(200, lambda: client.get("/v1/me")).json()["email"]
        login = {"username": email, "password": PASSWORD}
        other = httpx.post(f"{fleet.url}/v1/auth/token", data=login, timeout=10).json()
        bearer = {"Authorization": f"Bearer {other['access_token']}"}
        weak = client.post(
            "/v1/me/password", json={"old_password": PASSWORD, "new_password": "password12"}
        )
        done = client.post("/v1/me/password", json={"old_password": PASSWORD, "new_password": new})
        becomes(401, lambda: client.get("/v1/me", headers=bearer))
        [own] = client.get("/v1/me/sessions").json()["items"]
        use = client.get("/v1/me").json()["use"]
        assert client.post("/v1/me/sessions/end").status_code == 204
        becomes(401, lambda: client.get("/v1/me"))
        again = httpx.post(f"{fleet.url}/v1/auth/token", data=login | {"password": new}, timeout=10)
    assert api.delete(f"/v1/users/{user_id}").status_code == 204

    assert (weak.status_code, weak.json()["errors"][0]["code"]) == (422, "weak_password")
    assert (done.status_code, own["is_current"], again.status_code) == (204, True, 200)
    assert use == {"waiting_job_count": 0, "running_job_count": 0, "stored_bytes": 0}


def test_an_invited_user_chooses_a_password_and_a_lost_administrator_comes_back(
    fleet: LocalFleet, api: httpx.Client
) -> None:
    email = f"{uuid4()}@example.com"
    fleet.run("users", "create", email, "--role", "admin", "--name", "Grace")
    address = fleet.run("users", "link", email).split()[0]
    chosen = httpx.post(address, json={"password": PASSWORD}, timeout=10)
    again = httpx.post(address, json={"password": PASSWORD}, timeout=10)
    form = {"username": email, "password": PASSWORD}
    login = httpx.post(f"{fleet.url}/v1/auth/token", data=form, timeout=10).json()
    bearer = {"Authorization": f"Bearer {login['access_token']}"}
    with httpx.Client(base_url=fleet.url, headers=bearer, timeout=30) as grace:
        root = f"/v1/users/{api.get('/v1/me').json()['id']}"
        becomes(200, lambda: grace.patch(root, json={"role": "user", "is_blocked": True}))
        becomes(401, lambda: api.get("/v1/me"))
        told = fleet.run("users", "recover")
        becomes(200, lambda: api.get("/v1/users"))
        own = f"/v1/users/{grace.get('/v1/me').json()['id']}"
        assert api.delete(own).status_code == 204

    assert (chosen.status_code, again.status_code) == (204, 403)
    assert ADMIN_EMAIL in told
    assert fleet.secrets.admin_password in told
