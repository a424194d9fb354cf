"""JSON bodies are read as they are written: no value is guessed, and none is dropped."""

from uuid import uuid4

import pytest

from runtime.testing.servers import NatsServer

from .fleet import a_fleet

BAD_BODIES = [
    ("patch", "/v1/media/{id}", '{"is_favorite": "yes"}', "is_favorite", "expected true or false"),
    ("patch", "/v1/workflows/solid", '{"is_enabled": 1}', "is_enabled", "expected true or false"),
    (
        "post",
        "/v1/media/{id}/links",
        '{"lifetime_seconds": "3600"}',
        "lifetime_seconds",
        "expected a whole number",
    ),
    (
        "post",
        "/v1/jobs",
        '{"workflow": "solid", "inputs": {"a": [1, {"b": 1, "c": 2, "b": 3}]}}',
        "inputs.a.1.b",
        "this key appears twice",
    ),
    (
        "post",
        "/v1/jobs",
        '{"workflow": "solid", "workflow": {"x": 1, "x": 2}}',
        "workflow",
        "this key appears twice",
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "wrong", "message"), BAD_BODIES)
async def test_a_body_is_read_as_its_author_wrote_it(
    nats: NatsServer, method: str, path: str, body: str, wrong: str, message: str
) -> None:
    async with a_fleet(nats) as fleet:
        answer = await fleet.client.request(
            method,
            path.format(id=uuid4()),
            content=body,
            headers={"Content-Type": "application/json"},
        )

        assert answer.status_code == 422, answer.text
        [error] = answer.json()["errors"]
        assert (error["path"], error["message"]) == (wrong, message)
