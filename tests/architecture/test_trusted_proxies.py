"""Behind an Ingress each client keeps its own address, for rates and shares."""

from typing import Any

import pytest
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from .test_deploy import container


@pytest.mark.parametrize(
    ("peer", "client"),
    [("10.244.3.7", "203.0.113.9"), ("192.168.4.4", "203.0.113.9"), ("198.51.100.1", None)],
)
async def test_kubernetes_trusts_the_ingress_and_no_public_address(
    peer: str, client: str | None
) -> None:
    trusted = {entry["name"]: entry.get("value") for entry in container("gateway")["env"]}
    seen: list[str] = []

    async def app(scope: Any, _receive: object, _send: object) -> None:
        seen.append(scope["client"][0])

    proxied = ProxyHeadersMiddleware(app, trusted["COMFYFLEET_TRUSTED_PROXIES"])
    scope: Any = {"type": "http", "client": (peer, 1), "scheme": "http"}
    scope["headers"] = [(b"x-forwarded-for", b"1.2.3.4, 203.0.113.9")]
    receive: Any = None
    await proxied(scope, receive, receive)

    assert seen == [client or peer]
