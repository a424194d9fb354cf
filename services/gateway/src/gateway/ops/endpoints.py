"""Endpoints about the gateway itself: health, readiness, version, reference docs."""

from importlib.metadata import version
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field

from gateway.service import CurrentGateway

router = APIRouter(tags=["ops"])

DOCS_POLICY = (
    "default-src 'none'; connect-src 'self'; img-src data:; "
    "style-src 'unsafe-inline'; script-src 'self'; frame-ancestors 'none'"
)
NOT_READY: dict[int | str, dict[str, Any]] = {
    503: {
        "description": "Not ready; the text says what the gateway waits for.",
        "content": {"text/plain": {}},
    }
}


class Version(BaseModel):
    """The release of the product."""

    name: str = Field(default="comfyfleet", description="The product.")
    version: str = Field(description="The release.")
    api: str = Field(default="v1", description="Version of the API.")


@router.get("/version", summary="Show the release")
async def get_version() -> Version:
    return Version(version=version("comfyfleet-gateway"))


@router.get("/healthz", summary="Whether the process runs", response_class=PlainTextResponse)
async def get_health() -> str:
    return "ok\n"


@router.get(
    "/readyz",
    summary="Whether the gateway can work",
    response_class=PlainTextResponse,
    responses=NOT_READY,
)
async def get_readiness(gateway: CurrentGateway) -> Response:
    failing = await gateway.failing()
    text = f"waiting for: {', '.join(failing)}\n" if failing else "ok\n"
    return PlainTextResponse(text, 503 if failing else 200)


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
