"""Opens URLs that operators and workflows name, without reaching the agent's own network.

Every host is looked up here, and the connection goes to the address that was checked, so a name
that changes its address meanwhile leads nowhere. Redirects are followed and checked in the same
way.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from node_agent.ports import FileRefusedError, UnreachableError
from runtime.public_hosts import PrivateHostError, UnknownHostError, checked_address

MOST_REDIRECTS = 5
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
        return await checked_address(host, port)
    except UnknownHostError as error:
        raise UnreachableError(str(error)) from error
    except PrivateHostError as error:
        raise FileRefusedError(
            f"{error}; COMFYFLEET_MODELS_FROM_PRIVATE_HOSTS allows it"
        ) from error
