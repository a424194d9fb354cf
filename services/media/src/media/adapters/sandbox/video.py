"""Measures video, sound and OpenEXR, and copies their packets into a container without metadata.

No sample changes. Tags, chapters, cover pictures, subtitles and data tracks are left out, and
with the tags prompt and graph, which ComfyUI writes there. PyAV is loaded only for these files.
"""

# PyAV leaves out the types of some parameters.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from media.adapters.sandbox.decoder import check_shared
from media.adapters.sandbox.packets import AnyPacket, PacketCount
from media.adapters.sandbox.source import sound_begin
from media.domain.bare import EXR, ISO, REMUXED
from media.domain.inspection import BlobPreview, Bounds, FileRefusedError, too_many_pixels

Streams: TypeAlias = list[VideoStream | AudioStream]
CODECS = frozenset(
    """
    h264 hevc av1 libdav1d vp8 vp9 libvpx libvpx-vp9 mpeg4 mjpeg prores ffv1 theora flv
    mpeg1video mpeg2video msmpeg4 wmv1 wmv2 wmv3 vc1 wmav1 wmav2 wmapro qtrle png
    pcm_mulaw pcm_alaw pcm_s8 adpcm_ms adpcm_ima_wav
    aac mp3 mp3float mp2 mp2float opus libopus vorbis flac alac ac3 eac3
    exr rawvideo
    pcm_u8 pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_s32le pcm_s32be pcm_f32le pcm_f32be pcm_f64le
    """.split()  # noqa: SIM905  a list of 55 strings is harder to read
)
FASTSTART = frozenset({"mp4", "mov", "ipod"})
KEEPS_TAG = FASTSTART | {"avi"}
"""Forms that name a codec by a tag, which is kept: Apple's players accept HEVC as `hvc1` alone, the
tag alone says whether ProRes has alpha, and how uncompressed pictures lie in an AVI.
"""
SEARCHED_PACKETS = 300
"""Packets among which a picture must be."""
LINEAR_TO_SRGB = {"apply_trc": "iec61966_2_1"}
"""Option of the decoder of OpenEXR, whose pixels are linear."""
ALPHA = "alpha_mode"
"""FFmpeg's name of the element that marks a transparent WebM."""
QUARTER, HALF = 90, 180
BOX_HEAD, LONG_BOX_HEAD = 8, 16
LONG_BOX, BOX_TO_THE_END = 1, 0
NEEDED_BOXES = frozenset({b"mdat", b"moov", b"moof"})
"""Boxes with pictures or with the index of pictures."""


def opened(source: Path, content_type: str, bounds: Bounds) -> InputContainer:
    """Open the file as that type. It cannot name other files, formats or codecs."""
    demuxer = "exr_pipe" if content_type == EXR else REMUXED[content_type][0]
    if demuxer == ISO and is_cut_short(source):
        raise FileRefusedError("unreadable", "The file is cut short.")
    options = {
        "protocol_whitelist": "file",
        "codec_whitelist": ",".join(sorted(CODECS)),
        "max_pixels": str(bounds.max_pixels),
        "threads": "1",
        "skip_initial_bytes": str(sound_begin(source)),
    }
    return av.open(str(source), "r", format=demuxer, options=options)


def is_cut_short(file: Path) -> bool:
    """Return whether a needed box of an MP4, MOV or M4A ends behind the file.

    FFmpeg takes such a file as a shorter one.
    """
    end, at = file.stat().st_size, 0
    with file.open("rb") as opened:
        while at + BOX_HEAD <= end:
            opened.seek(at)
            head = opened.read(LONG_BOX_HEAD)
            size, name = int.from_bytes(head[:4], "big"), head[4:8]
            if size == LONG_BOX:
                size = int.from_bytes(head[BOX_HEAD:], "big")
            if size == BOX_TO_THE_END or size < BOX_HEAD:
                return False
            at += size
            if at > end:
                return name in NEEDED_BOXES
    return False


def first_streams(container: InputContainer, bounds: Bounds) -> Streams:
    """Return the first video and the first audio stream.

    Raises FileRefusedError, TooLargeForSharedWorkerError.
    """
    videos = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    streams: Streams = [*videos[:1], *container.streams.audio[:1]]
    if not streams:
        raise FileRefusedError("wrong_content", "There is neither a picture nor sound in the file.")
    for video in videos[:1]:
        width, height = video.codec_context.width, video.codec_context.height
        if width * height > bounds.max_pixels:
            raise too_many_pixels(bounds.max_pixels)
        check_shared((width, height), bounds)
    return streams


def packets_of(
    container: InputContainer, streams: Streams, count: PacketCount
) -> Iterator[AnyPacket]:
    for packet in container.demux(streams):
        if packet.size:  # the last one of each stream is empty
            count.add(packet)
            yield packet
    if not count.packets:
        raise FileRefusedError("unreadable", "There is nothing in the file.")


def remux(source: Path, target: Path, content_type: str, bounds: Bounds) -> None:
    """Copy the first video and the first audio stream to `target`."""
    form = REMUXED[content_type][1]
    options = {"fflags": "+bitexact"}
    if form in FASTSTART:
        options["movflags"] = "+faststart"
    with (
        opened(source, content_type, bounds) as container,
        av.open(str(target), "w", format=form, options=options) as kept,
    ):
        streams, count = first_streams(container, bounds), PacketCount(bounds)
        copies = {stream.index: add_copy(stream, kept) for stream in streams}
        for packet in packets_of(container, streams, count):
            count.stamp(packet)
            packet.stream = copies[packet.stream.index]
            kept.mux(packet)


def add_copy(stream: VideoStream | AudioStream, kept: OutputContainer) -> VideoStream | AudioStream:
    """Add a stream like `stream`, with the properties that PyAV's template leaves out."""
    copy = kept.add_stream_from_template(stream, opaque=True)
    if isinstance(copy, VideoStream):
        if is_transparent(stream):  # its packets have the alpha beside the picture
            copy.metadata[ALPHA] = "1"
        if kept.format.name in KEEPS_TAG:
            copy.codec_context.codec_tag = stream.codec_context.codec_tag
        if stream.average_rate:
            copy.codec_context.framerate = stream.average_rate
    return copy


def is_transparent(stream: VideoStream | AudioStream) -> bool:
    """Return whether the track is marked so; a tag of that name comes in capitals."""
    return any(key.lower() == ALPHA and value == "1" for key, value in stream.metadata.items())


def measure(
    source: Path, content_type: str, bounds: Bounds
) -> tuple[BlobPreview, VideoFrame | None]:
    """Return the measurements of a file, and its first picture if it has one.

    Raises FileRefusedError, TooLargeForSharedWorkerError.
    """
    with opened(source, content_type, bounds) as container:
        streams, count = first_streams(container, bounds), PacketCount(bounds)
        for stream in streams:
            if (name := stream.codec_context.name) not in CODECS:
                raise FileRefusedError("unsupported_codec", f"The codec {name} is not supported.")
        for _ in packets_of(container, streams, count):
            pass
        rates = [stream.average_rate for stream in streams if isinstance(stream, VideoStream)]
    seconds = round(count.seconds, 3)
    if not rates:
        return BlobPreview(duration_seconds=seconds), None
    frame = first_picture(source, content_type, bounds)
    size = frame.width, frame.height
    width, height = size if frame.rotation % HALF != QUARTER else size[::-1]
    rate = round(float(rates[0]), 3) if rates[0] else None
    return BlobPreview(count.frames, width, height, seconds, rate), frame


def first_picture(source: Path, content_type: str, bounds: Bounds) -> VideoFrame:
    with opened(source, content_type, bounds) as container:
        video = next(s for s in first_streams(container, bounds) if isinstance(s, VideoStream))
        video.codec_context.thread_count = 1
        # Frames in the stream may be larger than the container says.
        video.codec_context.options = {"max_pixels": str(bounds.max_pixels)}
        if content_type == EXR:
            video.codec_context.options |= LINEAR_TO_SRGB
        for packet in islice(container.demux(video), SEARCHED_PACKETS):
            for frame in packet.decode():
                return frame
    raise FileRefusedError("unreadable", "There is no picture in the file that can be decoded.")


def poster(frame: VideoFrame, longest: int) -> Image.Image:
    """Return the upright picture, at most `longest` wide or high, scaled before it is copied."""
    scale = min(1.0, longest / max(frame.width, frame.height))
    width, height = (max(1, round(side * scale)) for side in (frame.width, frame.height))
    shown: Image.Image = frame.to_image(width=width, height=height)
    return shown.rotate(frame.rotation, expand=True)
