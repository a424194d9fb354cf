from uuid import uuid4

import pytest

from gateway.domain.links import HOUR, check_signature, signed_path
from gateway.domain.problems import RefusedError

SECRET = b"s" * 32
MEDIA = uuid4()


def parts(path: str) -> tuple[str, str]:
    query = dict(pair.split("=") for pair in path.split("?")[1].split("&"))
    return query["exp"], query["sig"]


def test_a_link_is_the_same_for_an_hour_so_that_caches_work() -> None:
    assert signed_path(MEDIA, SECRET, 10 * HOUR) == signed_path(MEDIA, SECRET, 11 * HOUR - 1)


def test_a_link_works_for_an_hour_at_least_and_not_for_ever() -> None:
    expires, signature = parts(signed_path(MEDIA, SECRET, 11 * HOUR - 1))
    check_signature(MEDIA, expires, signature, SECRET, 12 * HOUR - 1)
    with pytest.raises(RefusedError, match="get a new link"):
        check_signature(MEDIA, expires, signature, SECRET, 12 * HOUR + 1)


def test_a_link_opens_its_own_media_only() -> None:
    expires, signature = parts(signed_path(MEDIA, SECRET, 0))
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
            check_signature(media, exp, sig, secret, 0)
        assert refused.value.status == 403
