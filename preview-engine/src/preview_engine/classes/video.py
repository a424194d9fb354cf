"""Makes videos: CreateVideo joins pictures, SaveVideo writes them as H.264."""

# PyAV's types name numpy without needing it, as Pillow's do; only this module writes films.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from preview_engine.classes.context import Batch, Context, Result, values
from preview_engine.classes.image_saver import described, moving


@dataclass(frozen=True, slots=True)
class Video:
    frames: Batch
    fps: float


def create_video(_: Context, *, images: Batch, fps: float) -> Result:
    return values(Video(images, fps))


def save_video(run: Context, *, video: Video, filename_prefix: str, **_unused: object) -> Result:
    """Save as H.264 in MP4, the only choice of format and codec beside auto."""
    [path] = run.folders.new_files("output", filename_prefix, video.frames[0].size, "mp4")
    encode(video, path, described(run))
    return moving(run, path)


def encode(video: Video, path: Path, notes: dict[str, str]) -> None:
    import av  # noqa: PLC0415 - 25 MB that only films need

    width, height = video.frames[0].size
    # Without the flag MP4 takes only the keys it knows, and the prompt would be dropped.
    with av.open(str(path), "w", options={"movflags": "use_metadata_tags"}) as film:
        film.metadata.update(notes)
        track = film.add_stream("h264", rate=Fraction(round(video.fps * 1000), 1000))
        track.width, track.height, track.pix_fmt = width, height, "yuv420p"
        track.options = {"preset": "ultrafast"}
        for picture in video.frames:
            film.mux(track.encode(av.VideoFrame.from_image(picture.convert("RGB"))))
        film.mux(track.encode())
