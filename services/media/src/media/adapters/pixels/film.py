"""Video and sound: measured, and copied packet by packet into a container that says nothing else.

No sample changes; tags, chapters, pictures of covers, subtitles and data tracks stay behind, and
so do prompt and graph, which ComfyUI writes into tags. PyAV is loaded only for these files.
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

from media.adapters.pixels.boxes import is_cut
from media.adapters.pixels.tally import AnyPacket, Tally
from media.domain.bare import ISO, REMUXED
from media.domain.inspection import Bounds, Film, NeedsRoomError, RefusedError, too_many_pixels

Streams: TypeAlias = list[VideoStream | AudioStream]
CODECS = frozenset(
    """
    h264 hevc av1 libdav1d vp8 vp9 libvpx libvpx-vp9 mpeg4 mjpeg prores ffv1
    aac mp3 mp3float opus libopus vorbis flac alac ac3 eac3
    pcm_u8 pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_s32le pcm_s32be pcm_f32le pcm_f32be pcm_f64le
    """.split()  # noqa: SIM905  a list of 33 strings is harder to read
)
FASTSTART = frozenset({"mp4", "mov", "ipod"})
LOOKED_AT = 300
"""Packets among which a picture must be."""
APPLE_HEVC = "hvc1"
"""Apple's players take HEVC under no other name."""
QUARTER, HALF = 90, 180


def opened(source: Path, content_type: str, bounds: Bounds) -> InputContainer:
    """Open it as what it begins like; it cannot name other files, formats or codecs."""
    if REMUXED[content_type][0] == ISO and is_cut(source):
        raise RefusedError("unreadable", "The file is cut short.")
    options = {
        "protocol_whitelist": "file",
        "codec_whitelist": ",".join(sorted(CODECS)),
        "max_pixels": str(bounds.max_pixels),
        "threads": "1",
    }
    return av.open(str(source), "r", format=REMUXED[content_type][0], options=options)


def chosen(came: InputContainer, bounds: Bounds) -> Streams:
    """The first moving picture and the first sound. Raises Refused, NeedsRoom."""
    films = [s for s in came.streams.video if not s.disposition & Disposition.attached_pic]
    streams: Streams = [*films[:1], *came.streams.audio[:1]]
    if not streams:
        raise RefusedError("wrong_content", "There is neither a picture nor sound in the file.")
    for film in films[:1]:
        pixels = film.codec_context.width * film.codec_context.height
        if pixels > bounds.max_pixels:
            raise too_many_pixels(bounds.max_pixels)
        if bounds.room_pixels is not None and pixels > bounds.room_pixels:
            raise NeedsRoomError
    return streams


def packets_of(came: InputContainer, streams: Streams, tally: Tally) -> Iterator[AnyPacket]:
    for packet in came.demux(streams):
        if packet.size:  # the last one of each stream has nothing
            tally.add(packet)
            yield packet
    if not tally.packets:
        raise RefusedError("unreadable", "There is nothing in the file.")


def remux(source: Path, target: Path, content_type: str, bounds: Bounds) -> None:
    """Copy what is seen and heard to `target`."""
    form = REMUXED[content_type][1]
    options = {"fflags": "+bitexact"}
    if form in FASTSTART:
        options["movflags"] = "+faststart"
    with (
        opened(source, content_type, bounds) as came,
        av.open(str(target), "w", format=form, options=options) as kept,
    ):
        streams, tally = chosen(came, bounds), Tally(bounds)
        twins = {stream.index: twin_of(stream, kept) for stream in streams}
        for packet in packets_of(came, streams, tally):
            tally.stamp(packet)
            packet.stream = twins[packet.stream.index]
            kept.mux(packet)


def twin_of(stream: VideoStream | AudioStream, kept: OutputContainer) -> VideoStream | AudioStream:
    """The same stream in another container, with what PyAV's template leaves out."""
    twin = kept.add_stream_from_template(stream, opaque=True)
    if isinstance(twin, VideoStream):
        if stream.codec_context.codec_tag == APPLE_HEVC:
            twin.codec_context.codec_tag = APPLE_HEVC
        if stream.average_rate:
            twin.codec_context.framerate = stream.average_rate
    return twin


def measure(source: Path, content_type: str, bounds: Bounds) -> tuple[Film, VideoFrame | None]:
    """What is in a file, and its first picture if it has one. Raises Refused, NeedsRoom."""
    with opened(source, content_type, bounds) as came:
        streams, tally = chosen(came, bounds), Tally(bounds)
        for stream in streams:
            if (name := stream.codec_context.name) not in CODECS:
                raise RefusedError("unsupported_codec", f"The codec {name} is not supported.")
        for _ in packets_of(came, streams, tally):
            pass
        rates = [stream.average_rate for stream in streams if isinstance(stream, VideoStream)]
    seconds = round(tally.seconds, 3)
    if not rates:
        return Film(seconds), None
    frame = first_picture(source, content_type, bounds)
    size = frame.width, frame.height
    width, height = size if frame.rotation % HALF != QUARTER else size[::-1]
    rate = round(float(rates[0]), 3) if rates[0] else None
    return Film(seconds, width, height, tally.frames, rate), frame


def first_picture(source: Path, content_type: str, bounds: Bounds) -> VideoFrame:
    with opened(source, content_type, bounds) as came:
        film = next(s for s in chosen(came, bounds) if isinstance(s, VideoStream))
        film.codec_context.thread_count = 1
        # What is in the stream may be larger than what the container says.
        film.codec_context.options = {"max_pixels": str(bounds.max_pixels)}
        for packet in islice(came.demux(film), LOOKED_AT):
            for frame in packet.decode():
                return frame
    raise RefusedError("unreadable", "There is no picture in the file that can be decoded.")


def poster(frame: VideoFrame, longest: int) -> Image.Image:
    """A picture as it is shown, at most `longest` wide or high: shrunk before it is a copy."""
    scale = min(1.0, longest / max(frame.width, frame.height))
    width, height = (max(1, round(side * scale)) for side in (frame.width, frame.height))
    shown: Image.Image = frame.to_image(width=width, height=height)
    return shown.rotate(frame.rotation, expand=True)
