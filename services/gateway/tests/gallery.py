"""A fake of media's gallery, as small as the tests need it."""

from datetime import timedelta
from uuid import UUID

from contracts.errors import NotFoundError
from contracts.media.files import MediaView
from contracts.media.library import (
    DeleteMedia,
    LinkList,
    LinkView,
    ListLinks,
    ListMedia,
    MediaPage,
    RevokeLink,
    ShareMedia,
    UpdateMedia,
)
from contracts.message import Accepted

from .owners import NOW
from .store import FakeMedia


class FakeGallery:
    """Over the media that `FakeMedia` knows."""

    def __init__(self, media: FakeMedia) -> None:
        self.media = media
        self.listed: list[ListMedia] = []
        self.changed: list[UpdateMedia] = []
        self.links: dict[UUID, LinkView] = {}
        self.keys: dict[str | None, UUID] = {}

    async def serve(self) -> None:
        bus = self.media.bus
        await self.media.serve()
        await bus.serve(ListMedia, self.list)
        await bus.serve(UpdateMedia, self.update)
        await bus.serve(DeleteMedia, self.delete)
        await bus.serve(ShareMedia, self.share)
        await bus.serve(ListLinks, self.shown)
        await bus.serve(RevokeLink, self.revoke)

    async def list(self, request: ListMedia) -> MediaPage:
        self.listed.append(request)
        return MediaPage(items=list(self.media.known.values()), next_cursor="next")

    async def update(self, request: UpdateMedia) -> MediaView:
        self.changed.append(request)
        return self.owned(request.actor.user_id, request.media_id)

    async def delete(self, request: DeleteMedia) -> Accepted:
        self.owned(request.actor.user_id, request.media_id)
        del self.media.known[request.media_id]
        return Accepted()

    async def share(self, request: ShareMedia) -> LinkView:
        view = self.owned(request.actor.user_id, request.media_id)
        key = request.idempotency
        name = key and key.key + key.body_digest
        if name in self.keys:
            return self.links[self.keys[name]]
        until = NOW + timedelta(seconds=request.lifetime_seconds)
        link = LinkView(id=request.link_id, media_id=view.id, created_at=NOW, expires_at=until)
        self.links[link.id] = link
        if name:
            self.keys[name] = link.id
        return link

    async def shown(self, request: ListLinks) -> LinkList:
        self.owned(request.actor.user_id, request.media_id)
        return LinkList(items=list(self.links.values()))

    async def revoke(self, request: RevokeLink) -> Accepted:
        self.media.revoked.add(request.link_id)
        return Accepted()

    def owned(self, owner_id: UUID, media_id: UUID) -> MediaView:
        view = self.media.known.get(media_id)
        if view is None or view.owner_id != owner_id:
            raise NotFoundError("there is no such media")
        return view
