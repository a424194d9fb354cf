"""Opens URLs that operators and workflows name, without reaching the agent's own network.

Every host is looked up here, and the connection goes to the address that was checked, so a name
that changes its address meanwhile leads nowhere. Redirects are followed and checked in the same
way.
"""

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx

from node_agent.ports import FileRefusedError, UnreachableError

MOST_REDIRECTS = 5
NAT64 = IPv6Network("64:ff9b::/96")
"""Addresses whose last four bytes are an IPv4 address (RFC 6052)."""
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class PublicWeb:
    """Requests to public servers, and to the S3 store that the settings name."""

    client: httpx.AsyncClient
    may_be_private: bool = False
    sign: Callable[[str, str], str] | None = None
    """Returns a presigned URL for a bucket and a key of the store that the settings name."""

    @asynccontextmanager
    async def get(
        self, url: str, headers: Mapping[str, str]
    ) -> AsyncGenerator[httpx.Response, None]:
        """Send GET and yield the answer to read. Raises FileRefusedError, UnreachableError."""
        own = self.signed(url) if url.startswith("s3://") else None
        target, was_secure = url_of(own or url), url.startswith("https:")
        for _ in range(MOST_REDIRECTS + 1):
            if was_secure and target.scheme != "https":
                raise FileRefusedError("an https address leads to one without TLS")
            request = await self.request(target, headers, is_checked=not own)
            response = await self.client.send(request, stream=True)
            try:
                location = response.headers.get("location")
                if not (response.is_redirect and location):
                    yield response
                    return
            finally:
                await response.aclose()
            target, own = url_of(location, target), None
        raise FileRefusedError(f"more than {MOST_REDIRECTS} redirects")

    def signed(self, url: str) -> str:
        bucket, _, key = url.removeprefix("s3://").partition("/")
        if not (self.sign and bucket and key):
            raise FileRefusedError("an s3 address needs `COMFYFLEET_MODELS_S3_ENDPOINT`")
        try:
            return self.sign(bucket, key)
        except ValueError as error:
            raise FileRefusedError("its bucket or key is none of S3") from error

    async def request(
        self, url: httpx.URL, headers: Mapping[str, str], *, is_checked: bool
    ) -> httpx.Request:
        """Return a request to a checked address of the host, which TLS still knows by its name."""
        if url.scheme not in PORTS or not url.host or url.userinfo:
            raise FileRefusedError("it leads to an address that is no plain http or https URL")
        if not is_checked or self.may_be_private:
            return self.client.build_request("GET", url, headers=headers)
        address = await public_address(url.host, url.port or PORTS[url.scheme])
        return self.client.build_request(
            "GET",
            url.copy_with(host=address),
            # closed, since the next request to this address may mean another host
            headers={**headers, "Host": url.netloc.decode("ascii"), "Connection": "close"},
            extensions={"sni_hostname": url.raw_host.decode("ascii")},
        )


def url_of(text: str, base: httpx.URL | None = None) -> httpx.URL:
    try:
        return base.join(text) if base else httpx.URL(text)
    except (httpx.InvalidURL, ValueError) as error:
        raise FileRefusedError("it leads to an address that is no URL") from error


async def public_address(host: str, port: int) -> str:
    """Return an address of the host. Raises FileRefusedError if one of them is not public."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )
    except (OSError, UnicodeError) as error:
        raise UnreachableError(f"has no address for {host[:100]}") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(map(is_public, addresses)):
        raise FileRefusedError(
            f"{host[:100]} is not a public host; COMFYFLEET_MODELS_FROM_PRIVATE_HOSTS allows it"
        )
    return addresses[0]


def is_public(text: str) -> bool:
    """Tell whether the address, and each that is wrapped in it, is one of the public Internet."""
    address = ip_address(text.partition("%")[0])
    wrapped: list[IPv4Address | IPv6Address | None] = [address]
    if isinstance(address, IPv6Address):
        wrapped += [address.ipv4_mapped, address.sixtofour]
        wrapped.append(IPv4Address(address.packed[12:]) if address in NAT64 else None)
    return all(one.is_global and not one.is_multicast for one in wrapped if one is not None)
