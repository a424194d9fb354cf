"""Signed links to media: they open for whoever has them, for an hour at least.

The time of expiry is rounded to the hour, so that the same media has the same link for an hour
and caches work.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from uuid import UUID

from gateway.domain.problems import RefusedError

HOUR = 3_600
TIME = re.compile(r"[0-9]{1,12}")


def signed_path(media_id: UUID, secret: bytes, now: float, prefix: str = "") -> str:
    """Where the content of a media is, with the right to read it for one to two hours."""
    expires = int(now) // HOUR * HOUR + 2 * HOUR
    signature = sign(media_id, expires, secret)
    return f"{prefix}/v1/media/{media_id}/content?exp={expires}&sig={signature}"


def check_signature(
    media_id: UUID, expires: str, signature: str, secret: bytes, now: float
) -> None:
    """Raise 403 unless the link was made here for this media and is still good."""
    if not TIME.fullmatch(expires):
        raise RefusedError(403, "bad_link", "the link was changed")
    expected = sign(media_id, int(expires), secret)
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise RefusedError(403, "bad_link", "the link was changed")
    if int(expires) < now:
        raise RefusedError(403, "link_expired", "ask for the media again to get a new link")


def shared_path(media_id: UUID, link_id: UUID, secret: bytes, prefix: str = "") -> str:
    """A share link; how long it opens, media knows."""
    signature = marked(f"share {media_id} {link_id}", secret)
    return f"{prefix}/v1/media/{media_id}/content?link={link_id}&sig={signature}"


def check_shared(media_id: UUID, link: str, signature: str, secret: bytes) -> UUID:
    """The link's id. Raises 403 unless the link was made here for this media."""
    try:
        link_id = UUID(link)
    except ValueError as error:
        raise RefusedError(403, "bad_link", "the link was changed") from error
    expected = marked(f"share {media_id} {link_id}", secret)
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise RefusedError(403, "bad_link", "the link was changed")
    return link_id


def sign(media_id: UUID, expires: int, secret: bytes) -> str:
    return marked(f"media {media_id} {expires}", secret)


def marked(text: str, secret: bytes) -> str:
    digest = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")


def body_digest(secret: bytes, body: bytes) -> str:
    """Fingerprint of a request body that tells nothing about it without the secret."""
    return hmac.new(secret, body, hashlib.sha256).hexdigest()
