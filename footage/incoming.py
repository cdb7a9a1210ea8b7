"""What an answer to a download brings: where its bytes belong, how long the file is, whether they come fast enough."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from footage.parts import Sidecar

_CONTENT_RANGE = re.compile(r"bytes (?P<start>\d+)-\d+/(?P<total>\d+|\*)")
_SLOWEST = 1024
_STRETCH = 60.0
"""A line that brings fewer than so many bytes a second for so long would take a day for one clip."""


@dataclass(frozen=True, slots=True)
class Body:
    """From which byte of the file on a body is, the whole file's length, and what may stand in If-Range later.

    `total` and `validator` are None where the server told none that can be used.
    """

    offset: int
    total: int | None
    validator: str | None


def body_of(status: int, headers: Mapping[str, str], asked_from: int, known: Sidecar) -> Body | None:
    """What a good answer brings; None where it does not go on, from `asked_from`, with the file that is `known`."""
    packed = headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity")
    if status == 200:
        length = headers.get("Content-Length", "")
        if packed:  # lengths and ranges are those of the packed bytes, and the file is what was packed
            return Body(0, None, None)
        return Body(0, int(length) if length.isdigit() else None, validator_of(headers))
    match = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", "").strip())
    if packed or match is None or int(match["start"]) != asked_from:
        return None
    found = Body(asked_from, None if match["total"] == "*" else int(match["total"]), validator_of(headers))
    return _continued(found, known) if asked_from else found


def _continued(body: Body, known: Sidecar) -> Body | None:
    """Two files of one length exist, and a server may not heed If-Range: length and validator must both be the same."""
    same = body.total in (None, known.total) and body.validator in (None, known.validator)
    return Body(body.offset, known.total, known.validator) if same else None


def validator_of(headers: Mapping[str, str]) -> str | None:
    """What may stand in If-Range: a strong ETag, else the date of the last change (RFC 9110, 13.1.5)."""
    etag = headers.get("ETag", "")
    return etag if etag.startswith('"') else headers.get("Last-Modified")


class Tempo:
    """Watches how fast bytes come in; `slowest` is in bytes a second, over stretches of `stretch` seconds."""

    def __init__(self, clock: Callable[[], float], slowest: float = _SLOWEST, stretch: float = _STRETCH) -> None:
        self._clock = clock
        self._slowest = slowest
        self._stretch = stretch
        self._since = clock()
        self._bytes = 0

    def is_too_slow(self, count: int) -> bool:
        """Whether so many more bytes end a stretch in which too few came."""
        self._bytes += count
        took = self._clock() - self._since
        if took < self._stretch:
            return False
        few = self._bytes < self._slowest * took
        self._since, self._bytes = self._clock(), 0
        return few
