"""Videos and sounds made to hurt: each is refused with its reason."""

import struct
from pathlib import Path

import pytest

from media.adapters.sandbox.process import ProcessSandbox, WorkerLimits
from media.domain.inspection import Bounds, FileRefusedError
from media.ports import InspectionRequest

from .clips import a_sound, a_video

LIMITS = WorkerLimits(memory_bytes=480 * 1024**2, cpu_seconds=10, wall_seconds=60)
BOUNDS = Bounds(1_000_000, 10, max_video_frames=100, max_seconds=5)
VIDEO = InspectionRequest("video", BOUNDS)
HEAD = b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41"


async def reason(folder: Path, data: bytes, kind: str = "video", bounds: Bounds = BOUNDS) -> str:
    (folder / "source").write_bytes(data)
    with pytest.raises(FileRefusedError) as refused:
        await ProcessSandbox(LIMITS, concurrency=1).inspect(folder, InspectionRequest(kind, bounds))
    return refused.value.code


def box_at(data: bytes, name: bytes, offset: int, values: bytes) -> bytes:
    at = data.index(name) + offset
    return data[:at] + values + data[at + len(values) :]


@pytest.mark.parametrize("length", [32, 40, 200, 1_000, -100])
async def test_a_video_that_is_cut_short_is_refused(length: int, tmp_path: Path) -> None:
    assert await reason(tmp_path, a_video()[:length]) in ("unreadable", "wrong_content")


async def test_a_video_whose_pictures_are_cut_short_is_refused(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(a_video())
    await ProcessSandbox(LIMITS, concurrency=1).inspect(tmp_path, VIDEO)
    index_first = (tmp_path / "target").read_bytes()
    assert index_first.index(b"moov") < index_first.index(b"mdat")
    for cut in (1, 20, 300):
        assert await reason(tmp_path, index_first[:-cut]) == "unreadable"


async def test_a_video_whose_container_says_it_is_huge_is_what_it_shows(tmp_path: Path) -> None:
    at = b"avc1\0\0\0\0\0\0"
    huge = box_at(a_video(), at, 28, struct.pack(">HH", 60_000, 60_000))
    (tmp_path / "source").write_bytes(huge)
    finding = await ProcessSandbox(LIMITS, concurrency=1).inspect(tmp_path, VIDEO)
    assert (finding.width, finding.height) == (64, 48)
    assert struct.pack(">HH", 60_000, 60_000) not in (tmp_path / "target").read_bytes()


async def test_a_video_of_too_many_pixels_is_refused(tmp_path: Path) -> None:
    assert await reason(tmp_path, a_video(), bounds=Bounds(1_000, 10)) == "too_many_pixels"


async def test_a_picture_larger_than_its_container_says_is_refused(tmp_path: Path) -> None:
    small = box_at(a_video(size=(1_280, 960)), b"avc1\0\0\0\0\0\0", 28, struct.pack(">HH", 16, 16))
    assert await reason(tmp_path, small) in ("too_many_pixels", "unreadable")


async def test_a_video_without_end_is_refused(tmp_path: Path) -> None:
    slow = box_at(a_video(), b"stts", 16, struct.pack(">I", 2**31 - 1))
    assert await reason(tmp_path, slow) == "too_long"
    assert await reason(tmp_path, a_sound("mp3", "libmp3lame", pieces=300), "audio") == "too_long"


async def test_a_video_of_too_many_frames_is_refused(tmp_path: Path) -> None:
    few = Bounds(1_000_000, 500, max_video_frames=11)
    assert await reason(tmp_path, a_video(), bounds=few) == "too_many_frames"


async def test_a_count_of_frames_that_would_fill_memory_is_refused(tmp_path: Path) -> None:
    many = box_at(a_video(), b"stsz", 8, struct.pack(">II", 1, 2**31 - 1))
    assert await reason(tmp_path, many) in ("too_many_frames", "too_costly", "unreadable")


@pytest.mark.parametrize(
    "data",
    [
        HEAD + bytes(99),
        b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm" + bytes(99),
        b"RIFF\x64\0\0\0AVI LIST" + bytes(99),
    ],
)
async def test_a_head_alone_is_refused(data: bytes, tmp_path: Path) -> None:
    assert await reason(tmp_path, data) in ("unreadable", "wrong_content")


@pytest.mark.parametrize("head", [b"ID3\x04" + bytes(6), b"fLaC", b"OggS\0", b"\xff\xfb" * 99])
async def test_a_head_of_a_sound_alone_is_refused(head: bytes, tmp_path: Path) -> None:
    assert await reason(tmp_path, head, "audio") == "unreadable"


async def test_what_has_no_picture_is_no_video(tmp_path: Path) -> None:
    sound = a_sound("mp4", "aac")
    assert await reason(tmp_path, sound) == "wrong_content"
    assert await reason(tmp_path, a_video(), "audio") == "wrong_content"


async def test_a_codec_that_is_not_on_the_list_is_refused(tmp_path: Path) -> None:
    assert await reason(tmp_path, a_video("avi", "msmpeg4v2")) == "unsupported_codec"


async def test_a_list_of_other_files_is_no_video(tmp_path: Path) -> None:
    for listing in (b"ffconcat version 1.0\nfile /etc/hostname\n", b"#EXTM3U\n/etc/hostname\n"):
        assert await reason(tmp_path, listing) == "wrong_content"
        assert await reason(tmp_path, HEAD + listing) == "unreadable"
