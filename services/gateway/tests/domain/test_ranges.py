import pytest

from gateway.http.problems import RefusedError
from gateway.http.ranges import asked_part


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-1", "bytes=0-1"),
        ("Bytes=2-", "bytes=2-9"),
        ("bytes=-3", "bytes=7-9"),
        ("bytes=-99", "bytes=0-9"),
        ("bytes=4-99", "bytes=4-9"),
        ("bytes= 0-0 ,", "bytes=0-0"),
    ],
)
def test_one_good_range_counts(header: str, part: str) -> None:
    assert asked_part(header, 10) == part


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "garbage",
        "bytes=",
        "bytes=-",
        "bytes=x-1",
        "bytes=3-2",
        "bytes=1-2-3",
        "bytes=٣-4",
        "bytes=" + "9" * 5_000 + "-",
        "items=0-1",
        "bytes=0-1,3-4",
        "bytes=0-1,garbage",
    ],
)
def test_what_is_malformed_foreign_or_manifold_means_the_whole(header: str | None) -> None:
    assert asked_part(header, 10) is None


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=-0", 10), ("bytes=0-", 0)])
def test_a_range_outside_of_the_content_is_refused_with_its_size(header: str, size: int) -> None:
    with pytest.raises(RefusedError) as refused:
        asked_part(header, size)
    assert refused.value.status == 416
    assert refused.value.headers["Content-Range"] == f"bytes */{size}"
