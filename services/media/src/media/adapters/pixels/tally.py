"""What a video or a sound holds by its packets: headers say what they like."""

from dataclasses import dataclass, field
from typing import TypeAlias

from av.packet import Packet
from av.stream import Stream

from media.domain.inspection import Bounds, RefusedError

AnyPacket: TypeAlias = "Packet[Stream]"
MOST_PACKETS = 2_000_000


@dataclass(slots=True)
class Tally:
    """Counts packets as they go by. Raises Refused when they are more than the bounds allow."""

    bounds: Bounds
    packets: int = 0
    frames: int = 0
    begins: dict[int, float] = field(default_factory=dict[int, float])
    seconds: float = 0.0
    """Of the stream that lasts longest, which need not begin with the other."""
    last: dict[int, int] = field(default_factory=dict[int, int])

    def add(self, packet: AnyPacket) -> None:
        if packet.is_corrupt:
            raise RefusedError("unreadable", "The file is cut short or damaged.")
        self.packets += 1
        self.frames += packet.stream.type == "video"
        at = packet.pts if packet.pts is not None else packet.dts
        if at is not None:
            begins, index = float(at * packet.time_base), packet.stream.index
            first = self.begins[index] = min(begins, self.begins.get(index, begins))
            self.seconds = max(self.seconds, begins + length_of(packet) - first)
        self._check()

    def _check(self) -> None:
        frames, seconds = self.bounds.max_film_frames, self.bounds.max_seconds
        if frames is not None and self.frames > frames:
            text = f"At most {frames} frames are allowed."
            raise RefusedError("too_many_frames", text, maximum=frames)
        if seconds is not None and self.seconds > seconds:
            text = f"At most {seconds} seconds are allowed."
            raise RefusedError("too_long", text, maximum=seconds)
        if self.packets > MOST_PACKETS:
            raise RefusedError("too_costly", "The file is in too many pieces.")

    def stamp(self, packet: AnyPacket) -> None:
        """Give a packet a time of decoding if it has none: Matroska does not store it."""
        index = packet.stream.index
        if packet.dts is None:
            packet.dts = self.last.get(index, min(packet.pts or 0, 0))
        self.last[index] = packet.dts


def length_of(packet: AnyPacket) -> float:
    """Seconds; WebM does not say how long the last picture is shown: as long as the others."""
    if packet.duration:
        return float(packet.duration * packet.time_base)
    rate = packet.stream.average_rate
    return float(1 / rate) if rate else 0.0
