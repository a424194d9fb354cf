"""About the gateway itself: health, version, reference docs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from gateway.routes.answers import json_answer, shows

DOCS_POLICY = (
    "default-src 'none'; connect-src 'self'; img-src data:; "
    "style-src 'unsafe-inline'; script-src 'self'; frame-ancestors 'none'"
)


class Version(BaseModel):
    """Which release this is."""

    name: str = Field(default="comfyfleet", description="The product.")
    version: str = Field(description="Its release.")
    api: str = Field(default="v1", description="Version of the API.")


@dataclass(frozen=True, slots=True)
class MetaRoutes:
    failing: Callable[[], Awaitable[list[str]]]

    def router(self) -> APIRouter:
        router = APIRouter(tags=["ops"])
        router.add_api_route("/version", self.version, responses=shows(Version), summary="Version")
        router.add_api_route("/healthz", self.healthy, summary="The process runs")
        router.add_api_route("/readyz", self.is_ready, summary="The gateway can work")
        router.add_api_route("/docs", self.docs, include_in_schema=False)
        router.add_api_route("/docs.js", self.script, include_in_schema=False)
        return router

    async def version(self) -> Response:
        return json_answer(Version(version=version("comfyfleet-gateway")))

    async def healthy(self) -> Response:
        return Response("ok\n", media_type="text/plain")

    async def is_ready(self) -> Response:
        failing = await self.failing()
        text = f"waiting for: {', '.join(failing)}\n" if failing else "ok\n"
        return Response(text, 503 if failing else 200, media_type="text/plain")

    async def docs(self) -> Response:
        return page("docs.html", "text/html")

    async def script(self) -> Response:
        return page("docs.js", "text/javascript")


def page(name: str, media_type: str) -> Response:
    """A part of the docs page; it comes from here alone, so it works without the internet."""
    content = (files("gateway.routes") / name).read_bytes()
    return Response(
        content, headers={"Content-Security-Policy": DOCS_POLICY}, media_type=media_type
    )
