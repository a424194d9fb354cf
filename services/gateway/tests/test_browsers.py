"""Browser apps of other origins, HEAD, and the root."""

import asyncio

from gateway.http.browsers import ASKED, METHODS, SHOWN
from runtime.testing.servers import NatsServer

from .declared import paths
from .fleet import a_fleet

APP = "https://app.example"
NOT_FOR_APPS = {"Cache-Control", "Set-Cookie", "X-Accel-Buffering"}
"""Headers that an app may always read, may never read, or that are for proxies."""


async def test_an_app_of_another_origin_may_call_and_read_the_answers(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        asked = {
            "Origin": APP,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, idempotency-key",
        }
        preflight = await fleet.client.request("OPTIONS", "/v1/jobs", headers=asked)
        made = await fleet.post_job({"workflow": "solid"}, Origin=APP)
        refused = await fleet.client.get("/v1/jobs/nope", headers={"Origin": APP})
        plain = await fleet.client.get("/v1/jobs")

        assert preflight.status_code == 204
        assert "POST" in preflight.headers["access-control-allow-methods"]
        assert "Idempotency-Key" in preflight.headers["access-control-allow-headers"]
        for answer in (preflight, made, refused):
            assert answer.headers["access-control-allow-origin"] == "*"
            assert "access-control-allow-credentials" not in answer.headers
        assert "Location" in made.headers["access-control-expose-headers"]
        assert plain.headers["access-control-allow-origin"] == "*", "a page may fill the cache"
        assert plain.headers["vary"] == "Origin"


def words(header: bytes) -> set[str]:
    return set(header.decode().split(", "))


def test_an_app_of_another_origin_may_use_all_that_the_document_declares() -> None:
    operations = [part for _, methods in paths() for part in methods.items()]
    methods = {method.upper() for method, _ in operations}
    asked = {
        parameter["name"]
        for _, operation in operations
        for parameter in operation["parameters"]
        if parameter["in"] == "header"
    }
    shown = {
        name
        for _, operation in operations
        for answer in operation["responses"].values()
        for name in answer["headers"]
    }

    assert methods - words(METHODS) == set()
    assert asked | {"Authorization", "Content-Type"} <= words(ASKED)
    assert shown - words(SHOWN) - NOT_FOR_APPS == set()


async def test_a_configured_origin_may_send_the_cookie(nats: NatsServer) -> None:
    async with a_fleet(nats, public_origins=f"https://other.example, {APP}") as fleet:
        answer = await fleet.client.post("/v1/auth/logout", headers={"Origin": APP})
        assert answer.status_code == 204
        assert "Max-Age=0" in answer.headers["set-cookie"], "the cookie of its pages counts"

        assert answer.headers["access-control-allow-origin"] == APP
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert answer.headers["vary"] == "Origin"


async def test_head_has_the_headers_of_get_and_no_body(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        for path in ("/v1/jobs", "/version", "/healthz", "/"):
            head, got = await fleet.client.head(path), await fleet.client.get(path)
            assert (head.status_code, head.content) == (got.status_code, b"")
            assert head.headers["content-type"] == got.headers["content-type"]
        async with asyncio.timeout(8):
            stream = await fleet.client.head("/v1/events")

        assert stream.headers["content-type"].startswith("text/event-stream")


async def test_the_root_names_the_product_and_its_docs(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        root = (await fleet.client.get("/")).json()

        assert root["name"] == "comfyfleet"
        for path in root["links"].values():
            assert (await fleet.client.get(path)).is_success


async def test_only_chosen_origins_may_call_where_the_operator_names_some(nats: NatsServer) -> None:
    own = "https://own.example"
    async with a_fleet(nats, cors_origins=f"{APP}, x", public_origins=own) as fleet:
        chosen, other, of_site, none = [
            await fleet.client.get("/version", headers=headers)
            for headers in (
                {"Origin": APP},
                {"Origin": "https://evil.example"},
                {"Origin": own},
                {},
            )
        ]

    allow = "access-control-allow-origin"
    assert chosen.headers[allow] == APP
    assert "access-control-allow-credentials" not in chosen.headers
    assert of_site.headers["access-control-allow-credentials"] == "true"
    assert allow not in other.headers
    assert allow not in none.headers
    assert other.headers["vary"] == "Origin", "a cache keeps the answers apart"


async def test_browsers_are_told_to_stay_with_https_if_the_operator_says_so(
    nats: NatsServer,
) -> None:
    async with a_fleet(nats, hsts_seconds=86_400) as fleet:
        answer = await fleet.client.get("/version")
        refused = await fleet.client.get("/nowhere")

    for one in (answer, refused):
        assert one.headers["strict-transport-security"] == "max-age=86400"
        assert one.headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in one.headers["content-security-policy"]
