"""NAL units of H.264 and HEVC as MP4 stores them: are a picture's bytes whole, can decoding start there.

Facts from ISO/IEC 14496-15 (length-prefixed units, avcC, hvcC), ITU-T H.264 7.3/7.4 and H.265 7.3/7.4.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

_ZERO_RUN = bytes(16)
"""No unit may hold three zero bytes in a row but at its end: a longer run is a hole in the file.

Some cameras fill messages (SEI) with bare zeros all the same; no picture is built on those.
"""
_H264_UNSEEN = (6, 9, 12)
"""SEI, delimiters and filler: nothing that is decoded needs them."""
_HEVC_UNSEEN = (35, 38, 39, 40)
_H264_SLICES = (1, 2, 5)
_H264_IDR = 5
_HEVC_KEYS = range(16, 24)
_HEVC_RESETS = range(16, 21)
"""BLA and IDR; a CRA picture (21) may be followed by pictures that are built on those before it."""
_HEVC_SLICES = range(32)


@dataclass(frozen=True, slots=True)
class Finding:
    """Of one packet: all lengths and headers are possible; decoding can start here; it ends in zeros.

    `resets`: decoding starts anew here whatever came before, where mere `starts` may go on from it (an open group).
    """

    whole: bool
    starts: bool
    zero_tail: bool = False
    resets: bool = False


WHOLE = Finding(whole=True, starts=True, resets=True)
BROKEN = Finding(whole=False, starts=False)


@dataclass(frozen=True, slots=True)
class NalReader:
    """Looks through the packets of one track. `length_size` is the size of each unit's length field in bytes."""

    hevc: bool
    length_size: int

    def look(self, packet: bytes) -> Finding:
        """Walk the units of a packet without decoding them."""
        starts, resets, seen_slice, hole = False, False, False, -1
        for begin, end in self._units(packet):
            if begin < 0 or not self._possible(packet, begin, end):
                return BROKEN
            if not seen_slice and self._is_slice(packet[begin]):
                seen_slice, starts, resets = True, self._is_start(packet, begin), self._is_reset(packet[begin])
            if hole < 0 and not self._is_unseen(packet[begin]):
                hole = packet.find(_ZERO_RUN, begin, end + len(_ZERO_RUN) - 1)
        tail = hole >= 0 and not packet[hole:].strip(b"\0")
        return Finding(whole=hole < 0 or tail, starts=starts, zero_tail=tail, resets=resets)

    def _units(self, packet: bytes) -> Iterator[tuple[int, int]]:
        """Begin and end of each unit; (-1, -1) where the lengths do not add up to the packet's size."""
        at, size, field = 0, len(packet), self.length_size
        while at < size:
            begin = at + field
            at = begin + int.from_bytes(packet[at:begin], "big")
            if at > size or at == begin:
                yield -1, -1
                return
            yield begin, at

    def _possible(self, packet: bytes, begin: int, end: int) -> bool:
        header = packet[begin]
        if header & 0x80:  # forbidden_zero_bit
            return False
        if self.hevc:
            return end - begin >= 2 and packet[begin + 1] & 7 != 0  # nuh_temporal_id_plus1 is never 0
        return 0 < header & 0x1F < 24

    def _is_slice(self, header: int) -> bool:
        return header >> 1 & 0x3F in _HEVC_SLICES if self.hevc else header & 0x1F in _H264_SLICES

    def _is_start(self, packet: bytes, begin: int) -> bool:
        """Whether the slice belongs to a picture that needs no other (IRAP, IDR or an intra slice)."""
        if self.hevc:
            return packet[begin] >> 1 & 0x3F in _HEVC_KEYS
        if packet[begin] & 0x1F == _H264_IDR:
            return True
        # first_mb_in_slice 0 is the bit 1; slice_type I is 011 (2) or 0001000 (7), both as Exp-Golomb codes
        first = packet[begin + 1] if begin + 1 < len(packet) else 0
        return first & 0xF0 == 0xB0 or first == 0x88

    def _is_reset(self, header: int) -> bool:
        """Whether the slice belongs to a picture with which decoding starts anew."""
        return header >> 1 & 0x3F in _HEVC_RESETS if self.hevc else header & 0x1F == _H264_IDR

    def _is_unseen(self, header: int) -> bool:
        return header >> 1 & 0x3F in _HEVC_UNSEEN if self.hevc else header & 0x1F in _H264_UNSEEN


def reader(codec: str, extradata: bytes) -> NalReader | None:
    """The reader for a track, or None where its packets are not length-prefixed units."""
    if codec == "h264" and len(extradata) > 6 and extradata[0] == 1:
        return NalReader(hevc=False, length_size=(extradata[4] & 3) + 1)
    if codec == "hevc" and len(extradata) > 22 and extradata[0] == 1:
        return NalReader(hevc=True, length_size=(extradata[21] & 3) + 1)
    return None


def fingerprint(codec: str, extradata: bytes) -> str:
    """SHA-256 of what a decoder needs of `extradata`: the same for two files whose pictures can share one track.

    For H.264 and HEVC these are the parameter sets in any order and without SEI, else all bytes.
    """
    track = reader(codec, extradata)
    needed = extradata
    if track is not None:
        sets = _hevc_sets(extradata) if track.hevc else _h264_sets(extradata)
        needed = bytes([track.length_size]) + b"".join(len(each).to_bytes(2, "big") + each for each in sorted(sets))
    return hashlib.sha256(needed).hexdigest()


def _h264_sets(extradata: bytes) -> list[bytes]:
    sequence, at = _read_sets(extradata, 6, extradata[5] & 0x1F)
    picture, _ = _read_sets(extradata, at + 1, extradata[at]) if at < len(extradata) else ([], at)
    return sequence + picture


def _hevc_sets(extradata: bytes) -> list[bytes]:
    found: list[bytes] = []
    at = 23
    for _ in range(extradata[22]):
        kind, count = extradata[at] & 0x3F, int.from_bytes(extradata[at + 1 : at + 3], "big")
        units, at = _read_sets(extradata, at + 3, count)
        if 32 <= kind <= 34:  # VPS, SPS, PPS; others are SEI
            found += units
        if at >= len(extradata):
            break
    return found


def _read_sets(data: bytes, at: int, count: int) -> tuple[list[bytes], int]:
    units = []
    for _ in range(count):
        size = int.from_bytes(data[at : at + 2], "big")
        units.append(data[at + 2 : at + 2 + size])
        at += 2 + size
    return units, at
