import pytest

from contracts.content_types import ASF, ASF_PICTURE, ASF_SOUND, content_disposition, sniff


@pytest.mark.parametrize(
    ("head", "content_type"),
    [
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"BM" + bytes(12) + b"\x28\0\0\0", "image/bmp"),
        (b"MM\x00*", "image/tiff"),
        (b"\0\0\0\x20ftypisom", "video/mp4"),
        (b"\0\0\0\x20ftypM4A ", "audio/mp4"),
        (b"\0\0\0\x1cftypavif\0\0\0\0mif1avifmiaf", "image/avif"),
        (b"\0\0\0\x1cftypheic\0\0\0\0mif1heicmiaf", "image/heic"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "image/heic"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", "image/avif"),
        (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", "video/webm"),
        (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\x82\x88matroska", "video/x-matroska"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        (b"OggS\0", "audio/ogg"),
        (b"OggS\0" + bytes(23) + b"\x80theora\3", "video/ogg"),
        (b"FORM\0\0\0\0AIFFCOMM", "audio/aiff"),
        (b"FORM\0\0\0\0AIFCFVER", "audio/aiff"),
        (b"FLV\x01\x05", "video/x-flv"),
        ((b"G" + bytes(187)) * 3, "video/mp2t"),
        (b"\xff\xfa\x90", "audio/mpeg"),
        (b"\xff\xe3\x90", "audio/mpeg"),
        (b"\xff\xfd\x84", "audio/mpeg"),
        (b"\xff\xf4\x84", "audio/mpeg"),
        (b"\0\0\x01\xba\x44", "video/mpeg"),
        (ASF + bytes(8) + ASF_PICTURE + ASF_SOUND, "video/x-ms-wmv"),
        (ASF + bytes(8) + ASF_SOUND, "audio/x-ms-wma"),
        (b"II+\0\x08\0\0\0", "image/tiff"),
        (b"v/1\x01\2\0\0\0", "image/x-exr"),
        (b"\xff\xf0\x50", "audio/aac"),
        (b"fLaC", "audio/flac"),
        (b"ID3\x04", "audio/mpeg"),
        (b"glTF\x02", "model/gltf-binary"),
    ],
)
def test_files_are_known_by_how_they_begin(head: bytes, content_type: str) -> None:
    assert sniff(head) == content_type


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'>",
        b"<!doctype html><script>",
        b"MZ\x90\0",
        b"PK\x03\x04",
        b"%PDF-1.7",
        b"BMW is a car maker, not a bitmap",
        b"\0\0\0\x14ftypmif1\0\0\0\0mif1heic",
        b"RIFF",
        b"FORM\0\0\0\0ILBM",
        b"G" + bytes(187) + b"GGG",
    ],
)
def test_what_is_not_on_the_list_has_no_type(head: bytes) -> None:
    assert sniff(head) is None


@pytest.mark.parametrize(
    ("content_type", "place", "ending"),
    [
        ("image/png", "inline", "png"),
        ("video/mp4", "inline", "mp4"),
        ("image/svg+xml", "attachment", "png"),
        ("text/plain", "attachment", "txt"),
    ],
)
def test_only_safe_types_are_shown_in_a_page(content_type: str, place: str, ending: str) -> None:
    """A known type gives its name the right ending."""
    assert content_disposition(content_type, "a", is_download=True).startswith("attachment;")
    header = content_disposition(content_type, 'a "b".png')
    assert header == f"{place}; filename*=UTF-8''a%20%22b%22.{ending}"
