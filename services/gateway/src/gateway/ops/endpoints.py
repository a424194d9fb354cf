"""Endpoints about the gateway itself: health, readiness, version, reference docs."""

from importlib.metadata import version
from importlib.resources import files

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field

from gateway.http.answers import refusals
from gateway.http.problems import RefusedError
from gateway.service import CurrentGateway

router = APIRouter(tags=["ops"])

DOCS_POLICY = (
    "default-src 'none'; connect-src 'self'; img-src data:; "
    "style-src 'unsafe-inline'; script-src 'self'; frame-ancestors 'none'"
)


class Version(BaseModel):
    """The release of the product."""

    name: str = Field(default="comfyfleet", description="The product.")
    version: str = Field(description="The release.")
    api: str = Field(default="v1", description="Version of the API.")


class Links(BaseModel):
    """Where everything is."""

    docs: str = Field(description="The API's documentation, for people.")
    openapi: str = Field(description="The API's description, for programs.")
    health: str = Field(description="Whether the gateway can work.")


class Root(Version):
    """The product at this address."""

    links: Links = Field(description="Paths from here.")


@router.get("/", summary="Show what is served here")
async def get_root(gateway: CurrentGateway) -> Root:
    """Everything else needs a path from here."""
    links = Links(
        docs=gateway.path("/docs"),
        openapi=gateway.path("/openapi.json"),
        health=gateway.path("/readyz"),
    )
    return Root(version=version("comfyfleet-gateway"), links=links)


@router.get("/version", summary="Show the release")
async def get_version() -> Version:
    """All services of a fleet are released together under one version."""
    return Version(version=version("comfyfleet-gateway"))


@router.get(
    "/healthz",
    summary="Whether the process runs",
    response_class=PlainTextResponse,
    response_description="The process runs.",
)
async def get_health() -> str:
    """It answers while the process runs, also if nothing else works: restart it if not."""
    return "ok\n"


@router.get(
    "/readyz",
    summary="Whether the gateway can work",
    response_class=PlainTextResponse,
    response_description="The gateway can work.",
    responses=refusals("unavailable"),
)
async def get_readiness(gateway: CurrentGateway) -> str:
    """503 names in `detail` what the gateway waits for; a load balancer sends it no requests."""
    if failing := await gateway.failing():
        headers = {"Retry-After": "1"}
        raise RefusedError(
            503, "unavailable", f"waiting for: {', '.join(failing)}", headers=headers
        )
    return "ok\n"


@router.get("/docs", include_in_schema=False)
async def get_docs() -> Response:
    return page("docs.html", "text/html")


@router.get("/docs.js", include_in_schema=False)
async def get_docs_script() -> Response:
    return page("docs.js", "text/javascript")


def page(name: str, media_type: str) -> Response:
    """Return a part of the docs page, which needs no internet."""
    content = (files("gateway.ops") / name).read_bytes()
    return Response(
        content, headers={"Content-Security-Policy": DOCS_POLICY}, media_type=media_type
    )
