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
    begins: float | None = None
    ends: float = 0.0
    last: dict[int, int] = field(default_factory=dict[int, int])

    @property
    def seconds(self) -> float:
        return self.ends - (self.begins or 0.0)

    def add(self, packet: AnyPacket) -> None:
        if packet.is_corrupt:
            raise RefusedError("unreadable", "The file is cut short or damaged.")
        self.packets += 1
        self.frames += packet.stream.type == "video"
        at = packet.pts if packet.pts is not None else packet.dts
        if at is not None:
            begins = float(at * packet.time_base)
            self.begins = begins if self.begins is None else min(begins, self.begins)
            self.ends = max(self.ends, begins + float((packet.duration or 0) * packet.time_base))
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
