"""Media as the public API shows them: media's views with links."""

from pydantic import Field

from contracts.access import Actor, Permission
from contracts.media.files import MediaView
from contracts.media.library import LinkView
from contracts.scheduler.jobs import Output
from contracts.values import Page
from gateway.media.signatures import LinkSigner


class Media(MediaView):
    """One picture, mask or file, with a link to its content."""

    url: str | None = Field(
        description="Link to the content. It needs no token and works for at least an hour. "
        "`&width=256` gives a thumbnail. null if the content is withheld from the caller."
    )


class MediaPage(Page[Media]):
    """A page of media, newest first."""


class Link(LinkView):
    """A share link."""

    url: str = Field(description="Opens the content for anyone with the link.")


class LinkPage(Page[Link]):
    """The open share links of a media, newest first."""


def media_resource(signer: LinkSigner, view: MediaView, reader: Actor) -> Media:
    """Return the view with a link; nothing is validated again."""
    url = None if is_withheld(view, reader) else signer.content_path(view.id)
    return Media.model_construct(**view.__dict__, url=url)


def is_withheld(file: MediaView | Output, reader: Actor) -> bool:
    """Return whether the file may hold a graph, and the reader must not see graphs."""
    return file.is_withheld and not reader.may(Permission.GRAPHS_READ)


def link_resource(signer: LinkSigner, link: LinkView) -> Link:
    return Link.model_construct(**link.__dict__, url=signer.shared_path(link.media_id, link.id))
