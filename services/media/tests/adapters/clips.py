"""Short videos and sounds for tests, as bytes."""

# PyAV leaves out the types of some parameters.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

import io
from collections.abc import Mapping
from fractions import Fraction

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import ImageColor

SECRET = "a secret prompt"
CLIPS = {
    "video/mp4": ("mp4", "libx264", "aac"),
    "video/quicktime": ("mov", "libx264", None),
    "video/webm": ("webm", "libvpx-vp9", "libopus"),
    "video/x-matroska": ("matroska", "libx264", "flac"),
    "video/x-msvideo": ("avi", "mpeg4", None),
    "video/mp2t": ("mpegts", "libx264", "aac"),
    "video/mpeg": ("vob", "mpeg2video", "mp2"),
    "video/x-flv": ("flv", "libx264", "aac"),
    "video/x-ms-wmv": ("asf", "wmv2", "wmav2"),
}
"""Container and codecs of picture and sound, by type."""
SOUNDS = {
    "audio/mp4": ("ipod", "aac"),
    "audio/flac": ("flac", "flac"),
    "audio/ogg": ("ogg", "libopus"),
    "audio/mpeg": ("mp3", "libmp3lame"),
    "audio/wav": ("wav", "pcm_s16le"),
    "audio/aiff": ("aiff", "pcm_s16be"),
    "audio/aac": ("adts", "aac"),
}
"""Container and codec, by type."""
TAGS = {"prompt": SECRET, "workflow": SECRET, "title": SECRET, "comment": SECRET}
FRAMES = 12
QUICK = {
    "libx264": {"preset": "ultrafast"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none"},
    "libvpx": {"auto-alt-ref": "0"},
}
RATE, BITS_A_SECOND = 48_000, 128_000
SAMPLES = 1_024


def a_video(
    form: str = "mp4",
    codec: str = "libx264",
    sound: str | None = None,
    *,
    size: tuple[int, int] = (64, 48),
    tags: Mapping[str, str] = TAGS,
    turned: int = 0,
) -> bytes:
    """24 frames a second; the first is red, the others are blue."""
    data = io.BytesIO()
    options = {"movflags": "use_metadata_tags"} if form in ("mp4", "mov") else {}
    with av.open(data, "w", format=form, options=options) as made:
        made.metadata.update(tags)
        film = a_film(made, codec, size, turned)
        heard = a_voice(made, sound) if sound else None
        show(made, film, size)
        if heard:
            play(made, heard, FRAMES)
    return data.getvalue()


def a_transparent_video(codec: str, form: str = "webm", pixels: str = "yuva420p") -> bytes:
    """Like `a_video`, with an alpha of 100 of 255."""
    data, size = io.BytesIO(), (64, 48)
    with av.open(data, "w", format=form) as made:
        film = a_film(made, codec, size, turned=0)
        film.pix_fmt = pixels
        show(made, film, size)
    return data.getvalue()


def show(made: OutputContainer, film: VideoStream, size: tuple[int, int]) -> None:
    for n in range(FRAMES):
        frame = a_frame(size, "blue" if n else "red")
        frame.pts, frame.time_base = n, Fraction(1, 24)
        made.mux(film.encode(frame))
    made.mux(film.encode(None))


def a_frame(size: tuple[int, int], color: str) -> VideoFrame:
    frame = VideoFrame(*size, "rgba")
    [plane] = frame.planes
    row = bytes((*ImageColor.getrgb(color)[:3], 100)) * size[0]
    plane.update(row.ljust(plane.line_size, b"\0") * size[1])
    return frame


def a_film(made: OutputContainer, codec: str, size: tuple[int, int], turned: int) -> VideoStream:
    film = made.add_stream(codec, 24)
    assert isinstance(film, VideoStream)
    film.width, film.height = size
    film.pix_fmt = "yuv420p"
    film.metadata["handler_name"] = SECRET
    film.codec_context.options = QUICK.get(codec, {})
    if turned:
        film.set_display_rotation(turned)
    return film


def a_sound(form: str, codec: str, *, pieces: int = 47, tags: Mapping[str, str] = TAGS) -> bytes:
    """Silence; 47 pieces are a second."""
    data = io.BytesIO()
    with av.open(data, "w", format=form) as made:
        made.metadata.update(tags)
        heard = a_voice(made, codec)
        heard.metadata["title"] = SECRET
        play(made, heard, pieces)
    return data.getvalue()


def a_voice(made: OutputContainer, codec: str) -> AudioStream:
    heard = made.add_stream(codec, RATE, layout="stereo")
    assert isinstance(heard, AudioStream)
    heard.bit_rate = BITS_A_SECOND
    return heard


def play(made: OutputContainer, heard: AudioStream, pieces: int) -> None:
    form = heard.codec_context.codec.audio_formats
    for n in range(pieces):
        frame = av.AudioFrame(form[0].name if form else "s16", "stereo", SAMPLES)
        frame.sample_rate, frame.pts, frame.time_base = RATE, n * SAMPLES, Fraction(1, RATE)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        made.mux(heard.encode(frame))
    made.mux(heard.encode(None))
