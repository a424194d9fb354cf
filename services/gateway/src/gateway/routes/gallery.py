"""An owner's media over HTTP: list, change, delete, figures."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from contracts.access import Permission
from contracts.media.library import DeleteMedia, FindStorage, StorageView
from gateway.domain.media_requests import MediaChanges, MediaFilters
from gateway.domain.resources import Media, MediaItems, Presenter
from gateway.handlers.gallery import change_media, list_media
from gateway.ports import Owners
from gateway.routes.admission import Admission
from gateway.routes.answers import json_answer, problems, reads, shows
from gateway.routes.reading import read_json


@dataclass(frozen=True, slots=True)
class GalleryRoutes:
    admission: Admission
    owners: Owners
    present: Presenter

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/v1/media", tags=["media"])
        router.add_api_route(
            "",
            self.list,
            summary="List media, newest first",
            responses={**shows(MediaItems), **problems(401, 403, 422, 503)},
        )
        router.add_api_route(
            "/usage",
            self.usage,
            summary="Show how much is stored",
            responses={**shows(StorageView), **problems(401, 403, 503)},
        )
        router.add_api_route(
            "/{media_id}",
            self.change,
            methods=["PATCH"],
            summary="Change a media",
            responses={**shows(Media), **problems(401, 403, 404, 415, 422, 503)},
            openapi_extra=reads(MediaChanges),
        )
        router.add_api_route(
            "/{media_id}",
            self.delete,
            methods=["DELETE"],
            status_code=204,
            summary="Delete a media",
            description="Its bytes are deleted with it, unless another of your media has the same.",
            responses=problems(401, 403, 404, 422, 503),
        )
        return router

    async def list(self, request: Request, filters: Annotated[MediaFilters, Query()]) -> Response:
        actor = self.admission.admit(request, Permission.MEDIA_READ)
        page = await list_media(self.owners, actor, filters)
        items = [self.present.media(view) for view in page.items]
        return json_answer(MediaItems(items=items, next_cursor=page.next_cursor))

    async def usage(self, request: Request) -> Response:
        actor = self.admission.admit(request, Permission.MEDIA_READ)
        return json_answer(await self.owners.call(FindStorage(actor=actor)))

    async def change(self, request: Request, media_id: UUID) -> Response:
        actor = self.admission.admit(request, Permission.MEDIA_WRITE)
        changes, _ = await read_json(request, MediaChanges)
        view = await change_media(self.owners, actor, media_id, changes)
        return json_answer(self.present.media(view))

    async def delete(self, request: Request, media_id: UUID) -> Response:
        actor = self.admission.admit(request, Permission.MEDIA_WRITE)
        await self.owners.call(DeleteMedia(actor=actor, media_id=media_id), within=30.0)
        return Response(status_code=204)
