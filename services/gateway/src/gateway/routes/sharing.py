"""Share links over HTTP: make, list, revoke."""

from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request, Response

from contracts.access import Permission
from contracts.media.library import ListLinks, RevokeLink
from gateway.domain.links import body_digest
from gateway.domain.media_requests import LinkRequest
from gateway.domain.resources import Link, LinkItems, Presenter
from gateway.handlers.gallery import share_media
from gateway.ports import Owners
from gateway.routes.admission import Admission
from gateway.routes.answers import (
    IDEMPOTENCY,
    REPLAYED,
    json_answer,
    problems,
    reads,
    shows,
)
from gateway.routes.reading import idempotency_key, read_json


@dataclass(frozen=True, slots=True)
class SharingRoutes:
    admission: Admission
    owners: Owners
    present: Presenter
    secret: bytes

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/v1/media/{media_id}/links", tags=["media"])
        router.add_api_route(
            "",
            self.share,
            methods=["POST"],
            status_code=201,
            summary="Make a share link",
            description="Whoever has the link reads this one media until the link is over.",
            responses={**shows(Link, 201), **problems(401, 403, 404, 409, 415, 422, 503)},
            openapi_extra=reads(LinkRequest) | {"parameters": [IDEMPOTENCY]},
        )
        router.add_api_route(
            "",
            self.list,
            summary="List the share links that still open",
            responses={**shows(LinkItems), **problems(401, 403, 404, 422, 503)},
        )
        router.add_api_route(
            "/{link_id}",
            self.revoke,
            methods=["DELETE"],
            status_code=204,
            summary="Revoke a share link",
            responses=problems(401, 403, 404, 422, 503),
        )
        return router

    async def share(self, request: Request, media_id: UUID) -> Response:
        actor = self.admission.admit(request, Permission.MEDIA_WRITE)
        asked, body = await read_json(request, LinkRequest)
        digest = body_digest(self.secret, media_id.bytes + body)
        key = idempotency_key(request.headers, digest)
        link, repeated = await share_media(self.owners, actor, media_id, asked, key)
        return json_answer(self.present.link(link), 201, REPLAYED if repeated else None)

    async def list(self, request: Request, media_id: UUID) -> Response:
        actor = self.admission.admit(request, Permission.MEDIA_READ)
        found = await self.owners.call(ListLinks(actor=actor, media_id=media_id))
        return json_answer(LinkItems(items=[self.present.link(link) for link in found.items]))

    async def revoke(self, request: Request, media_id: UUID, link_id: UUID) -> Response:
        actor = self.admission.admit(request, Permission.MEDIA_WRITE)
        command = RevokeLink(actor=actor, media_id=media_id, link_id=link_id)
        await self.owners.call(command)
        return Response(status_code=204)
