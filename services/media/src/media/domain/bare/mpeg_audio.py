"""Strips MP3 and MP2: frames are kept; ID3, APE and other tags before and behind them are not.

FFmpeg takes tags behind the last frame for a part of it. Frames are those of ISO/IEC 11172-3,
section 2.4.1, and 13818-3, with the half rates of "MPEG 2.5".
"""

import re
from collections.abc import Iterator

from media.domain.bare.sound_tags import ID3_HEAD, tags_begin, tags_end

HEAD, SYNC = 4, 0x7FF
SYNCS = re.compile(rb"\xff[\xe2-\xe5\xf2-\xf5\xfa-\xfd]")
MPEG_1, MPEG_2_5 = 3, 0
LAYER_2, LAYER_3 = 2, 1
RATES = (44_100, 48_000, 32_000)
"""Samples a second of MPEG 1; MPEG 2 has a half of them, 2.5 a quarter."""
KILOBITS = {
    (True, LAYER_2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, LAYER_3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, LAYER_2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Bits a second by whether it is MPEG 1, and layer; layers 2 and 3 of MPEG 2 share one row."""
KILOBITS[False, LAYER_3] = KILOBITS[False, LAYER_2]


def strip(data: bytes) -> Iterator[bytes]:
    """Yield all whole frames. Raises ValueError if there is none."""
    at = start = next_frame(data, tags_end(lambda place: data[place : place + ID3_HEAD]))
    end = tags_begin(data, at)
    if at >= end:
        raise ValueError("there is no frame of sound")
    while at < end:
        length = frame_bytes(data, at)
        if at + length > end:
            break  # many recordings end within a frame
        if length:
            at += length
            continue
        yield data[start:at]
        at = start = next_frame(data, at)
    yield data[start:at]


def next_frame(data: bytes, at: int) -> int:
    """Return the place of the next frame that another one, or the end, follows; else the end."""
    for sync in SYNCS.finditer(data, at):
        place = sync.start()
        length = frame_bytes(data, place)
        if length and (place + length == len(data) or frame_bytes(data, place + length)):
            return place
    return len(data)


def frame_bytes(data: bytes, at: int) -> int:
    """Return the length of the frame that begins there, 0 if none does."""
    head = int.from_bytes(data[at : at + HEAD], "big")
    version, layer, bits, rate = head >> 19 & 3, head >> 17 & 3, head >> 12 & 15, head >> 10 & 3
    is_frame = head >> 21 == SYNC and version != 1 and layer in (LAYER_2, LAYER_3)
    if not is_frame or rate == len(RATES) or bits in (0, 15):
        return 0
    is_first = version == MPEG_1
    kilobits = KILOBITS[is_first, layer][bits]
    samples_a_second = RATES[rate] // (1 if is_first else 4 if version == MPEG_2_5 else 2)
    slots = 72 if layer == LAYER_3 and not is_first else 144
    return slots * kilobits * 1_000 // samples_a_second + (head >> 9 & 1)
