"""Video and sound through the worker: what is kept is what is seen and heard."""

# PyAV leaves out the types of some parameters.
# pyright: reportUnknownMemberType=false

import hashlib
import io
from pathlib import Path

import av
import pytest
from av.video.codeccontext import VideoCodecContext

from contracts.content_types import sniff
from media.adapters.sandbox.process import ProcessSandbox, WorkerLimits
from media.domain.inspection import BlobPreview, Bounds, FileRefusedError, InspectedFile
from media.ports import InspectionRequest

from .clips import CLIPS, FRAMES, SECRET, SOUNDS, TAGS, a_sound, a_transparent_video, a_video
from .pictures import decoded

LIMITS = WorkerLimits(memory_bytes=480 * 1024**2, cpu_seconds=10, wall_seconds=60)
ALPHA_MODE = b"\x53\xc0\x81\x01"
"""The element of a video track, and its value 1 (Matroska, section 5.1.4.1.28.4)."""
BOUNDS = Bounds(1_000_000, 10, max_video_frames=100, max_seconds=5)


async def kept(folder: Path, data: bytes, kind: str = "video") -> tuple[InspectedFile, bytes]:
    (folder / "source").write_bytes(data)
    finding = await ProcessSandbox(LIMITS, concurrency=1).inspect(
        folder, InspectionRequest(kind, BOUNDS)
    )
    return finding, (folder / "target").read_bytes()


async def previewed(folder: Path, data: bytes) -> BlobPreview:
    (folder / "source").write_bytes(data)
    return await ProcessSandbox(LIMITS, concurrency=1).preview(folder, BOUNDS)


def samples(data: bytes) -> list[str]:
    """Digests of what is seen and of what is heard."""
    found: list[str] = []
    with av.open(io.BytesIO(data), "r") as opened:
        for index in range(len(opened.streams)):
            digest = hashlib.sha256()
            opened.seek(0)
            for frame in opened.decode(opened.streams[index]):
                digest.update(b"".join(map(bytes, frame.planes)))  # pyright: ignore[reportAttributeAccessIssue, reportUnknownArgumentType]  both kinds have planes
            found.append(digest.hexdigest())
    return found


def alphas(data: bytes) -> list[int]:
    """Decode a WebM that is marked as transparent, and return the alpha of each first pixel."""
    assert ALPHA_MODE in data
    found: list[int] = []
    with av.open(io.BytesIO(data), "r") as opened:
        film = opened.streams.video[0]
        name = {"vp8": "libvpx", "vp9": "libvpx-vp9"}[film.codec_context.codec.canonical_name]
        decoder = av.CodecContext.create(name, "r")
        assert isinstance(decoder, VideoCodecContext)
        for packet in opened.demux(film):
            pictures = [frame.reformat(format="rgba") for frame in decoder.decode(packet)]
            found += [bytes(picture.planes[0])[3] for picture in pictures]
    return found


@pytest.mark.parametrize("content_type", CLIPS)
async def test_a_video_keeps_its_samples_and_loses_its_tags(
    content_type: str, tmp_path: Path
) -> None:
    data = a_video(*CLIPS[content_type])
    finding, content = await kept(tmp_path, data + b"<script>")
    assert SECRET.encode() not in content
    assert b"<script>" not in content
    assert finding.content_type == sniff(content) == content_type
    assert (finding.width, finding.height) == (64, 48)
    assert finding.duration_seconds == pytest.approx(0.5, abs=0.01)
    assert finding.frames_per_second == 24
    assert samples(content) == samples(data)


@pytest.mark.parametrize("content_type", SOUNDS)
async def test_a_sound_keeps_its_samples_and_loses_its_tags(
    content_type: str, tmp_path: Path
) -> None:
    data = a_sound(*SOUNDS[content_type])
    finding, content = await kept(tmp_path, data, "audio")
    assert SECRET.encode() not in content
    assert finding.content_type == sniff(content) == content_type
    assert (finding.width, finding.frames_per_second) == (None, None)
    assert finding.duration_seconds == pytest.approx(1, abs=0.05)
    assert samples(content) == samples(data)


@pytest.mark.parametrize(
    "content_type", ["audio/aac", "audio/aiff", "audio/flac", "audio/wav", "audio/mpeg"]
)
async def test_a_sound_behind_an_id3_tag_is_kept_without_it(
    content_type: str, tmp_path: Path
) -> None:
    data = a_sound(*SOUNDS[content_type])
    tag = b"ID3\x04\0\0" + bytes((0, 0, 8, 0)) + SECRET.encode().ljust(1024, b"\0")
    finding, content = await kept(tmp_path, tag + data, "audio")
    assert SECRET.encode() not in content
    assert finding.content_type == sniff(content) == content_type
    assert samples(content) == samples(data)


async def test_an_avi_of_raw_pictures_is_kept(tmp_path: Path) -> None:
    data = a_video("avi", "rawvideo")
    finding, content = await kept(tmp_path, data)
    assert SECRET.encode() not in content
    assert (finding.content_type, finding.width) == ("video/x-msvideo", 64)
    assert samples(content) == samples(data)


async def test_the_same_video_is_always_kept_as_the_same_bytes(tmp_path: Path) -> None:
    other = TAGS | {"title": "another", "more": "tags"}
    first, _ = await kept(tmp_path, a_video())
    second, _ = await kept(tmp_path, a_video(tags=other))
    assert first.blake3 == second.blake3


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
async def test_a_transparent_video_stays_transparent(codec: str, tmp_path: Path) -> None:
    data = a_transparent_video(codec)
    seen = alphas(data)
    _, content = await kept(tmp_path, data)
    assert seen == pytest.approx([100] * FRAMES, abs=3)
    assert alphas(content) == seen


async def test_prores_keeps_its_alpha(tmp_path: Path) -> None:
    data = a_transparent_video("prores_ks", "mov", "yuva444p10le")
    _, content = await kept(tmp_path, data)
    assert samples(content) == samples(data)


@pytest.mark.parametrize(
    ("form", "codec"),
    [("mp4", "aac"), ("webm", "libopus"), ("mov", "pcm_s16le"), ("matroska", "flac")],
)
async def test_a_recording_may_come_in_the_container_of_a_video(
    form: str, codec: str, tmp_path: Path
) -> None:
    data = a_sound(form, codec)
    finding, content = await kept(tmp_path, data, "audio")
    assert finding.duration_seconds == pytest.approx(1, abs=0.05)
    assert samples(content) == samples(data)
    assert SECRET.encode() not in content


async def test_a_video_is_no_sound_and_a_sound_no_video(tmp_path: Path) -> None:
    for data, kind in ((a_video(sound="aac"), "audio"), (a_sound("mp4", "aac"), "video")):
        with pytest.raises(FileRefusedError) as refused:
            await kept(tmp_path, data, kind)
        assert refused.value.code == "wrong_content"


@pytest.mark.parametrize("codec", ["pcm_mulaw", "adpcm_ms", "pcm_s24le"])
async def test_sounds_of_telephones_and_studios_are_kept(codec: str, tmp_path: Path) -> None:
    data = a_sound("wav", codec)
    _, content = await kept(tmp_path, data, "audio")
    assert samples(content) == samples(data)


async def test_an_mp3_that_ends_within_a_frame_keeps_its_whole_frames(tmp_path: Path) -> None:
    data = a_sound("mp3", "libmp3lame")
    finding, _ = await kept(tmp_path, data[:-50], "audio")
    assert finding.duration_seconds == pytest.approx(1, abs=0.05)


async def test_hevc_keeps_the_name_under_which_phones_know_it(tmp_path: Path) -> None:
    data = a_video("mp4", "libx265")
    written = data.replace(b"hev1", b"hvc1")
    _, content = await kept(tmp_path, written)
    assert b"hvc1" in content


async def test_a_video_shows_its_first_frame(tmp_path: Path) -> None:
    seen = await previewed(tmp_path, a_video(size=(640, 480)))
    assert (seen.width, seen.height, seen.frame_count) == (640, 480, 12)
    assert seen.duration_seconds == pytest.approx(0.5)
    assert [small.width for small in seen.thumbnails] == [1024, 512, 256]
    small = decoded((tmp_path / seen.thumbnails[-1].filename).read_bytes())
    assert max(small.size) == 256
    assert small.convert("RGB").getpixel((9, 9)) == pytest.approx((255, 0, 0), abs=12)
    assert (seen.placeholder or "").startswith("data:image/webp")


async def test_a_video_taken_upright_is_shown_upright(tmp_path: Path) -> None:
    data = a_video(size=(640, 480), turned=90)
    finding, content = await kept(tmp_path, data)
    assert (finding.width, finding.height) == (480, 640)
    seen = await previewed(tmp_path, content)
    assert (seen.width, seen.height) == (480, 640)
    small = decoded((tmp_path / seen.thumbnails[-1].filename).read_bytes())
    assert small.size == (192, 256)


async def test_a_sound_has_a_length_and_no_picture(tmp_path: Path) -> None:
    seen = await previewed(tmp_path, a_sound("mp3", "libmp3lame"))
    assert seen.duration_seconds == pytest.approx(1, abs=0.05)
    assert (seen.width, seen.frame_count, seen.placeholder, seen.thumbnails) == (
        None,
        None,
        None,
        (),
    )
