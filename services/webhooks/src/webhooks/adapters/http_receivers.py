"""Posts to servers that strangers name, by httpx, and never into the network of the fleet.

The host is looked up here, every address is checked, and the connection goes to the address that
was checked. Redirects are not followed. Little of the answer is read, and all of it in time.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx

from runtime.public_hosts import HostError, Network, checked_address, is_allowed
from webhooks.domain.records import Answer

MOST_READ_BYTES = 64 * 1024
KEPT_BYTES = 1024
BODY_SECONDS = 5.0
PORTS = {"http": 80, "https": 443}
FIXED = {
    "Content-Type": "application/json",
    "User-Agent": "ComfyFleet-Webhooks/1",
    "Accept-Encoding": "identity",
    # closed, since the next request to this address may mean another host
    "Connection": "close",
}


class HttpReceivers:
    def __init__(
        self, client: httpx.AsyncClient, allowed: Sequence[Network], seconds: float
    ) -> None:
        self._client = client
        self._allowed = allowed
        self._seconds = seconds

    @classmethod
    @asynccontextmanager
    async def open(
        cls, allowed: Sequence[Network], seconds: float
    ) -> AsyncGenerator["HttpReceivers", None]:
        """Open a client without proxies, cookies or connections that stay."""
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        async with httpx.AsyncClient(trust_env=False, timeout=seconds, limits=limits) as client:
            yield cls(client, allowed, seconds)

    def refuse(self, url: str) -> str | None:
        host = urlsplit(url).hostname or ""
        try:
            is_private = not is_allowed(str(ip_address(host)), self._allowed)
        except ValueError:
            is_private = host == "localhost" and not is_allowed("127.0.0.1", self._allowed)
        return "expected a public host" if is_private else None

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        begun = time.monotonic()
        try:
            async with asyncio.timeout(self._seconds):
                request = await self._request(url, headers, body)
                response = await self._client.send(request, stream=True)
        except TimeoutError:
            reason = f"the receiver did not answer within {self._seconds:g} s"
        except HostError as error:
            reason = f"the receiver cannot be used: {error}"
        except (httpx.InvalidURL, ValueError):
            reason = "the URL cannot be used"
        except httpx.HTTPError as error:
            reason = f"the receiver cannot be reached ({type(error).__name__})"
        else:
            text = await begin_of(response)
            return Answer(response.status_code, text, seconds=time.monotonic() - begun)
        return Answer(reason=reason, seconds=time.monotonic() - begun)

    async def _request(self, url: str, headers: Mapping[str, str], body: bytes) -> httpx.Request:
        """Return a request to a checked address of the host, which TLS still knows by its name."""
        target = httpx.URL(url)
        port = target.port or PORTS[target.scheme]
        address = await checked_address(target.host, port, self._allowed)
        return self._client.build_request(
            "POST",
            target.copy_with(host=address),
            headers={**FIXED, **headers, "Host": target.netloc.decode("ascii")},
            content=body,
            extensions={"sni_hostname": target.raw_host.decode("ascii")},
        )


async def begin_of(response: httpx.Response) -> str:
    """Return the first bytes of the answer as text; the status stands if the rest is lost."""
    found = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in response.aiter_raw():
                found += chunk
                if len(found) >= MOST_READ_BYTES:
                    break
    except (TimeoutError, httpx.HTTPError):
        pass
    finally:
        await response.aclose()
    text = found[:KEPT_BYTES].decode(errors="replace")
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "·" for letter in text)
