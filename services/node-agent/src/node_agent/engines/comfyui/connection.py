"""Opens the HTTP connection to a ComfyUI server: address, headers and certificates to trust."""

import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx

from contracts.errors import InvalidError
from contracts.scheduler.nodes import ClaimedNode
from node_agent.engines.comfyui.http import SLOW_SECONDS, ComfyHttp
from node_agent.engines.comfyui.settings import ComfyUISettings
from runtime.process.telemetry import carry


@asynccontextmanager
async def comfy_http(
    entry: ClaimedNode, settings: ComfyUISettings
) -> AsyncGenerator[ComfyHttp, None]:
    tls = trusting(settings.ca_certificates)
    try:
        client = httpx.AsyncClient(
            base_url=entry.base_url,
            headers=entry.headers,
            timeout=httpx.Timeout(settings.probe_timeout_seconds, pool=SLOW_SECONDS),
            event_hooks={"request": [trace]},
            trust_env=False,
            verify=tls,
        )
    except (httpx.InvalidURL, ValueError) as error:
        raise InvalidError("has an address or headers that are not valid") from error
    async with client:
        yield ComfyHttp(client, settings.submit_timeout_seconds, tls)


def trusting(ca_certificates: str) -> ssl.SSLContext:
    """Trust the public authorities, and those given as PEM. Raises InvalidError."""
    context = httpx.create_ssl_context(trust_env=False)
    if ca_certificates:
        try:
            context.load_verify_locations(cadata=ca_certificates)
        except (ssl.SSLError, ValueError) as error:
            text = "cannot be used: its engine setting 'ca_certificates' has no PEM certificate"
            raise InvalidError(text, code="bad_setting") from error
    return context


async def trace(request: httpx.Request) -> None:
    request.headers.update(carry())
