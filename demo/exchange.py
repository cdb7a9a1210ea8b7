"""Requests and answers as plain values, between a stand-in's HTTP side and what it knows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from demo.faults import JSON_HEADERS, error_body


@dataclass
class Request:
    """One request as it came in, kept for inspection; `status` and `sent` (bytes of body) are filled in afterwards.

    `path` is without the query, header names are in lower case, `time` is seconds since 1970.
    """

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes
    time: float
    status: int | None = None
    sent: int = 0

    def one(self, name: str) -> str | None:
        """The first value of a query parameter."""
        return next((value for key, value in self.query if key == name), None)

    def many(self, name: str) -> list[str]:
        """All values of a repeated query parameter."""
        return [value for key, value in self.query if key == name]


@dataclass(frozen=True)
class FilePart:
    """A stretch of a file's bytes."""

    path: Path
    start: int
    length: int


@dataclass(frozen=True)
class Answer:
    """What to send: a body of bytes or a part of a file."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    part: FilePart | None = None

    @property
    def length(self) -> int:
        """Bytes of the body."""
        return self.part.length if self.part else len(self.body)


class Refused(Exception):  # noqa: N818 - named for what happened
    """A request that is answered with an error in Samsara's form."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.answer = Answer(status, {**JSON_HEADERS, **(headers or {})}, error_body(message).encode())


def json_answer(value: Any) -> Answer:
    """A good answer with a JSON body."""
    return Answer(200, JSON_HEADERS, json.dumps(value).encode())


def file_answer(request: Request, path: Path, etag: str, *, whole: bool = False) -> Answer:
    """The file, or the part that Range asks for while If-Range still holds; `whole` ignores Range."""
    size = path.stat().st_size
    headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes", "ETag": etag}
    asked = request.headers.get("range")
    if whole or asked is None or request.headers.get("if-range", etag) != etag:
        return Answer(200, headers, part=FilePart(path, 0, size))
    wanted = _byte_range(asked, size)
    if wanted is None:
        return Answer(416, {**headers, "Content-Range": f"bytes */{size}"})
    start, stop = wanted
    told = {"Content-Range": f"bytes {start}-{stop - 1}/{size}"}
    return Answer(206, headers | told, part=FilePart(path, start, stop - start))


def replaced(answer: Answer, status: int | None, body: str, headers: Mapping[str, str]) -> Answer:
    """The answer with another status and body where a status is given, and with `headers` in place of its own."""
    if status is not None:
        return Answer(status, headers, body.encode())
    return replace(answer, headers={**answer.headers, **headers})


def _byte_range(asked: str, size: int) -> tuple[int, int] | None:
    """Start and end (past the last) of a single byte range; None where the file has no such bytes."""
    first, _, last = asked.removeprefix("bytes=").partition("-")
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1 if last else size)
    return (start, stop) if start < stop else None
