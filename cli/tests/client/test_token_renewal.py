"""An access token lasts ten minutes, and some jobs last longer."""

from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import pytest

from comfyfleet.client.api import FleetClient
from comfyfleet.client.errors import ApiError

from .conftest import Answer

JOB_ID = UUID(int=1)
EXPIRED = Answer(b'{"detail": "the access token has expired"}', 401)
MEDIA = b"""{"id": "00000000-0000-0000-0000-000000000001", "kind": "image", "size_bytes": 3,
"owner_id": "00000000-0000-0000-0000-000000000002", "content_type": "image/png", "blake3": "",
"created_at": "2026-01-01T00:00:00Z"}"""


class Fleet(Protocol):
    url: str
    requests: list[tuple[str, dict[str, str], bytes]]

    def on(self, line: str, *answers: Any) -> None: ...


def logged_in(fleet: Fleet) -> FleetClient:
    fleet.on("POST /v1/auth/token", b'{"access_token": "first", "refresh_token": "r1"}')
    fleet.on("POST /v1/auth/refresh", b'{"access_token": "second", "refresh_token": "r2"}')
    client = FleetClient(fleet.url)
    client.log_in("a@b", "secret")
    return client


def sent(fleet: Fleet) -> list[tuple[str, str | None]]:
    """Path and token of each request."""
    return [(line.split()[1], head.get("Authorization")) for line, head, _ in fleet.requests]


def test_an_expired_token_is_renewed_and_the_request_repeated(fleet: Fleet) -> None:
    client = logged_in(fleet)
    fleet.on("GET /v1/nodes", EXPIRED, b'{"items": []}')
    assert client.nodes() == []
    client.close()

    assert sent(fleet)[1:] == [
        ("/v1/nodes", "Bearer first"),
        ("/v1/auth/refresh", "Bearer first"),
        ("/v1/nodes", "Bearer second"),
    ]
    assert fleet.requests[2][2] == b'{"refresh_token":"r1"}'


def test_a_file_is_sent_from_its_beginning_again(fleet: Fleet, tmp_path: Path) -> None:
    client = logged_in(fleet)
    fleet.on("POST /v1/media", EXPIRED, MEDIA)
    (tmp_path / "a.png").write_bytes(b"all of it")
    client.upload(tmp_path / "a.png", "image")
    client.close()

    assert b"all of it" in fleet.requests[-1][2]


def test_a_stream_is_opened_again(fleet: Fleet) -> None:
    client = logged_in(fleet)
    stream = Answer(b"event: job.progress\ndata: {}\n\n", content_type="text/event-stream")
    fleet.on(f"GET /v1/jobs/{JOB_ID}/events", EXPIRED, stream)
    assert [frame.event for frame in client.job_events(JOB_ID, None)] == ["job.progress"]
    client.close()


def test_who_is_signed_out_is_told_once(fleet: Fleet) -> None:
    client = logged_in(fleet)
    fleet.on("GET /v1/nodes", EXPIRED)
    fleet.on("POST /v1/auth/refresh", EXPIRED)
    with pytest.raises(ApiError) as refused:
        client.nodes()
    client.close()

    assert refused.value.status == 401
    assert [path for path, _ in sent(fleet)].count("/v1/nodes") == 1
