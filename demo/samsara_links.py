"""The stand-in's signed links to media files: made, checked, and served with Range requests."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path

from demo.exchange import Answer, Refused, Request, file_answer
from demo.faults import Script
from demo.samsara_footage import Footage, Spoiler
from demo.samsara_library import Library, Piece
from demo.times import tell_time

_SECRET = b"signs the stand-in's links"


class Links:
    """Makes and honours links below `base`; `now` is seconds since 1970."""

    def __init__(
        self,
        base: str,
        library: Library,
        footage: Footage,
        spoiler: Spoiler,
        script: Callable[[], Script],
        clock: Callable[[], float],
    ) -> None:
        self._base = base
        self._library = library
        self._footage = footage
        self._spoiler = spoiler
        self._script = script
        self._clock = clock

    def make(self, piece: Piece) -> dict[str, str]:
        """A fresh `urlInfo` for a piece."""
        expires = self._clock() + self._script().link_seconds
        path = f"/media/{piece.key}"
        url = f"{self._base}{path}?expires={expires:.3f}&signature={_signature(path, f'{expires:.3f}')}"
        told = tell_time(datetime.fromtimestamp(expires, timezone.utc))
        return {"url": piece.fate.url or url, "urlExpiryTime": told}

    def serve(self, request: Request, now: float, *, whole: bool = False) -> Answer:
        """The file, or a part of it; raises Refused for a link that is wrong or expired, and for a carried key."""
        if "authorization" in request.headers:
            raise Refused(400, "Only one auth mechanism allowed.")
        expires = request.one("expires") or "0"
        if not hmac.compare_digest(request.one("signature") or "", _signature(request.path, expires)):
            raise Refused(403, "The request signature does not match.")
        if now >= float(expires):
            raise Refused(403, "Request has expired.")
        key = request.path.removeprefix("/media/")
        piece = self._library.piece(key)
        if piece is None:
            raise Refused(404, "No such media.")
        path = self._spoiler.spoil(key, self._footage.path(piece.shot), piece.fate)
        answer = file_answer(request, path, _etag(path, path.stat().st_size), whole=whole)
        if answer.part and answer.part.start + answer.part.length == path.stat().st_size:
            self._spoiler.count_download(key)
        return answer


def _signature(path: str, expires: str) -> str:
    return hmac.new(_SECRET, f"{path}?{expires}".encode(), hashlib.sha256).hexdigest()


@lru_cache(maxsize=4096)
def _etag(path: Path, size: int) -> str:
    return f'"{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}"'
