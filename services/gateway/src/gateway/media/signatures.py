"""Signs links to media: anyone with a link can read the media, for at least an hour.

The time of expiry is rounded to the hour, so that a media has one link for an hour and caches
work.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from gateway.http.problems import RefusedError

HOUR = 3_600
TIME = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class LinkSigner:
    """Signs and checks links; their paths begin with `prefix`, `clock` is in Unix seconds."""

    secret: bytes = field(repr=False)
    clock: Callable[[], float]
    prefix: str = ""

    def content_path(self, media_id: UUID) -> str:
        """Return the path of a content with the right to read it for one to two hours."""
        expires = int(self.clock()) // HOUR * HOUR + 2 * HOUR
        signature = self._sign(f"media {media_id} {expires}")
        return f"{self.prefix}/v1/media/{media_id}/content?exp={expires}&sig={signature}"

    def check(self, media_id: UUID, expires: str, signature: str) -> None:
        """Raise RefusedError (403) unless the link is for this media and has not expired."""
        if not TIME.fullmatch(expires):
            raise bad_link()
        self._compare(f"media {media_id} {int(expires)}", signature)
        if int(expires) < self.clock():
            raise RefusedError(403, "link_expired", "ask for the media again to get a new link")

    def shared_path(self, media_id: UUID, link_id: UUID) -> str:
        """Return a share link; media knows how long it opens."""
        signature = self._sign(f"share {media_id} {link_id}")
        return f"{self.prefix}/v1/media/{media_id}/content?link={link_id}&sig={signature}"

    def check_shared(self, media_id: UUID, link: str, signature: str) -> UUID:
        """Return the link's id. Raises RefusedError (403) unless the link is for this media."""
        try:
            link_id = UUID(link)
        except ValueError as error:
            raise bad_link() from error
        self._compare(f"share {media_id} {link_id}", signature)
        return link_id

    def _compare(self, text: str, signature: str) -> None:
        if not hmac.compare_digest(self._sign(text).encode(), signature.encode()):
            raise bad_link()

    def _sign(self, text: str) -> str:
        digest = hmac.new(self.secret, text.encode(), hashlib.sha256).digest()
        return urlsafe_b64encode(digest).decode().rstrip("=")


def bad_link() -> RefusedError:
    return RefusedError(403, "bad_link", "the link was changed")
