from uuid import uuid4

import pytest

from gateway.http.problems import RefusedError
from gateway.media.signatures import HOUR, LinkSigner

SECRET = b"s" * 32
MEDIA = uuid4()


def signer(now: float, secret: bytes = SECRET) -> LinkSigner:
    return LinkSigner(secret, lambda: now)


def parts(path: str) -> tuple[str, str]:
    query = dict(pair.split("=") for pair in path.split("?")[1].split("&"))
    return query["exp"], query["sig"]


def test_a_link_is_the_same_for_an_hour_so_that_caches_work() -> None:
    assert signer(10 * HOUR).content_path(MEDIA) == signer(11 * HOUR - 1).content_path(MEDIA)


def test_a_link_works_for_an_hour_at_least_and_not_for_ever() -> None:
    expires, signature = parts(signer(11 * HOUR - 1).content_path(MEDIA))
    signer(12 * HOUR - 1).check(MEDIA, expires, signature)
    with pytest.raises(RefusedError, match="get a new link"):
        signer(12 * HOUR + 1).check(MEDIA, expires, signature)


def test_a_link_opens_its_own_media_only() -> None:
    expires, signature = parts(signer(0).content_path(MEDIA))
    for media, exp, sig, secret in (
        (uuid4(), expires, signature, SECRET),
        (MEDIA, str(int(expires) + 1), signature, SECRET),
        (MEDIA, expires, "é" + signature, SECRET),
        (MEDIA, expires, signature, b"other"),
        (MEDIA, "٣", signature, SECRET),
        (MEDIA, "-1", signature, SECRET),
        (MEDIA, "9" * 5_000, signature, SECRET),
    ):
        with pytest.raises(RefusedError) as refused:
            signer(0, secret).check(media, exp, sig)
        assert refused.value.status == 403
