"""Measures a video or a sound by its packets, because its headers may be false."""

from dataclasses import dataclass, field
from typing import TypeAlias

from av.packet import Packet
from av.stream import Stream

from media.domain.inspection import Bounds, FileRefusedError

AnyPacket: TypeAlias = "Packet[Stream]"
MAX_PACKETS = 2_000_000


@dataclass(slots=True)
class PacketCount:
    """Counts packets. Raises FileRefusedError when they exceed the bounds."""

    bounds: Bounds
    packets: int = 0
    frames: int = 0
    begins: dict[int, float] = field(default_factory=dict[int, float])
    seconds: float = 0.0
    """Length of the longest stream; streams need not begin at the same time."""
    last: dict[int, int] = field(default_factory=dict[int, int])

    def add(self, packet: AnyPacket) -> None:
        if packet.is_corrupt:
            raise FileRefusedError("unreadable", "The file is cut short or damaged.")
        self.packets += 1
        self.frames += packet.stream.type == "video"
        at = packet.pts if packet.pts is not None else packet.dts
        if at is not None:
            begins, index = float(at * packet.time_base), packet.stream.index
            first = self.begins[index] = min(begins, self.begins.get(index, begins))
            self.seconds = max(self.seconds, begins + length_of(packet) - first)
        self._check()

    def _check(self) -> None:
        frames, seconds = self.bounds.max_video_frames, self.bounds.max_seconds
        if frames is not None and self.frames > frames:
            text = f"At most {frames} frames are allowed."
            raise FileRefusedError("too_many_frames", text, maximum=frames)
        if seconds is not None and self.seconds > seconds:
            text = f"At most {seconds} seconds are allowed."
            raise FileRefusedError("too_long", text, maximum=seconds)
        if self.packets > MAX_PACKETS:
            raise FileRefusedError("too_costly", "The file is in too many pieces.")

    def stamp(self, packet: AnyPacket) -> None:
        """Set the decoding time if it is missing: Matroska does not store it."""
        index = packet.stream.index
        if packet.dts is None:
            packet.dts = self.last.get(index, min(packet.pts or 0, 0))
        self.last[index] = packet.dts


def length_of(packet: AnyPacket) -> float:
    """Return seconds. WebM stores none for the last picture, which takes the average."""
    if packet.duration:
        return float(packet.duration * packet.time_base)
    rate = packet.stream.average_rate
    return float(1 / rate) if rate else 0.0
