"""What Kinesis Video answers, by its documented rules: which fragments, how many of them, and the errors' words."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import accumulate
from typing import Any

from demo.kinesis_streams import TORN, KinesisStream, StoredFragment

_LONGEST_RANGE = timedelta(hours=24)
_MESSAGES = {
    "InvalidCodecPrivateDataException": "The codec private data is not valid for at least one of the tracks.",
    "InvalidMediaFrameException": "One or more frames in the requested clip could not be parsed.",
    "UnsupportedStreamMediaTypeException": "The type of the media could not be determined from the codec IDs.",
    "MissingCodecPrivateDataException": "No codec private data was found in at least one of the tracks.",
}


class ServiceError(Exception):
    """An error answer: code, HTTP status, message."""

    def __init__(self, code: str, status: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class Most:
    """Where a clip is cut."""

    fragments: int = 200
    bytes: int = 100_000_000


@dataclass(frozen=True, slots=True)
class Range:
    """Which fragments are asked for: by which clock, from when to when, both ends included."""

    selector: str
    start: datetime
    end: datetime

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Range:
        """Read a fragment selector; times are seconds since 1970, with decimals where the client sends them."""
        times = told["TimestampRange"]
        start, end = (_moment(times[name]) for name in ("StartTimestamp", "EndTimestamp"))
        return cls(told["FragmentSelectorType"], start, end)

    def time(self, fragment: StoredFragment) -> datetime:
        """The time of a fragment by the clock that was chosen."""
        return fragment.producer if self.selector == "PRODUCER_TIMESTAMP" else fragment.server


def listed(stream: KinesisStream, asked: Range, now: datetime, seed: int) -> list[StoredFragment]:
    """ListFragments: those that start in the range and are still kept, in no order; none is no error.

    A range that begins before the stream's head is refused by server time. By producer time it is answered with nothing
    where the stream is `blind_before_head`, as has been reported.
    """
    head = _head(stream, now)
    _check_head(asked, head)
    if stream.blind_before_head and asked.start < head:
        return []
    found = [each for each in _kept(stream, now) if asked.start <= asked.time(each) <= asked.end]
    random.Random(seed).shuffle(found)
    return found


def clip_fragments(stream: KinesisStream, asked: Range, now: datetime, most: Most) -> list[StoredFragment]:
    """GetClip: the first 200 fragments or 100 MB of those that start in the range; raises ServiceError."""
    _check_range(stream, asked, now)
    current = _oldest_of_each_time(_kept(stream, now), lets_overlap=stream.lets_overlap)
    found = sorted((each for each in current if asked.start <= asked.time(each) <= asked.end), key=asked.time)
    if not found:
        raise ServiceError("ResourceNotFoundException", 404, "No fragments found in the stream for the clip request.")
    _check_media(found)
    return _cut(found, most)


def _check_range(stream: KinesisStream, asked: Range, now: datetime) -> None:
    if stream.retention_hours == 0:
        raise ServiceError("NoDataRetentionException", 400, "The stream does not have data retention enabled.")
    if asked.end <= asked.start:
        raise ServiceError("InvalidArgumentException", 400, "End timestamp must be greater than start timestamp.")
    if asked.end - asked.start > _LONGEST_RANGE:
        raise ServiceError("InvalidArgumentException", 400, "The requested time range is longer than 24 hours.")
    if asked.selector == "SERVER_TIMESTAMP" and asked.end > now:
        raise ServiceError("InvalidArgumentException", 400, "End timestamp must be in the past.")
    _check_head(asked, _head(stream, now))


def _head(stream: KinesisStream, now: datetime) -> datetime:
    return max(stream.created, now - timedelta(hours=stream.retention_hours))


def _check_head(asked: Range, head: datetime) -> None:
    """By server time nothing may be asked for from before the stream's head."""
    if asked.selector != "SERVER_TIMESTAMP" or asked.start >= head:
        return
    if asked.end < head:
        told = round(asked.end.timestamp() * 1000)
        message = f"End timestamp {told} is outside of the stream retention period."
    else:
        message = "Start timestamp must be later than the stream head."
    raise ServiceError("InvalidArgumentException", 400, message)


def _check_media(found: Sequence[StoredFragment]) -> None:
    flaw = next((each.flaw for each in found if each.flaw not in ("", TORN)), "")
    if flaw:
        raise ServiceError(flaw, 400, _MESSAGES[flaw])
    if len({each.codec for each in found}) > 1:
        message = "The codec private data is not consistent between all fragments."
        raise ServiceError("InvalidCodecPrivateDataException", 400, message)


def _cut(found: Sequence[StoredFragment], most: Most) -> list[StoredFragment]:
    sizes = accumulate(each.size for each in found)
    return [each for each, size in zip(found[: most.fragments], sizes, strict=False) if size <= most.bytes]


def _kept(stream: KinesisStream, now: datetime) -> list[StoredFragment]:
    head = now - timedelta(hours=stream.retention_hours)
    return [each for each in stream.fragments if head <= each.server <= now]


def _oldest_of_each_time(fragments: Iterable[StoredFragment], *, lets_overlap: bool) -> list[StoredFragment]:
    """Without those whose time had been sent before, in whole or for its greater part."""
    kept: list[StoredFragment] = []
    times: list[datetime] = []
    for fragment in sorted(fragments, key=lambda each: each.number):
        place = bisect_left(times, fragment.producer)
        half = timedelta(milliseconds=1) if lets_overlap else timedelta(seconds=fragment.seconds / 2)
        if all(abs(time - fragment.producer) >= half for time in times[max(0, place - 1) : place + 1]):
            times.insert(place, fragment.producer)
            kept.append(fragment)
    return kept


def _moment(told: float) -> datetime:
    return datetime.fromtimestamp(0, timezone.utc) + timedelta(milliseconds=round(told * 1000))
