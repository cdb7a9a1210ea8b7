"""A stand-in for Kinesis Video over real HTTP on loopback, so that the real boto3 talks to it."""

from __future__ import annotations

import argparse
import base64
import json
import re
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType
from typing import Any

from demo.exchange import Answer, FilePart, Request, replaced
from demo.faults import Fault, FaultBook, Subject
from demo.kinesis_rules import Most, Range, ServiceError, clip_fragments, listed
from demo.kinesis_streams import KinesisStream, StoredFragment, Studio
from demo.wire import Server

EXPIRED_KEY = "ASIAEXPIRED000000000"
"""An access key id whose session is over."""
MEDIA_POINTS, METADATA_POINTS = 500, 10_000
"""Fragments a second and stream, as quotas.html of the service tells them."""
WRONG_ENDPOINT = Fault(
    status=403,
    headers={"Content-Type": "application/xml"},
    body="<AccessDeniedException><Message>Unable to determine service/operation name to be authorized</Message>"
    "</AccessDeniedException>",
)
_CREDENTIAL = re.compile(r"Credential=(?P<key>[^/]+)/\d+/(?P<region>[^/]+)/kinesisvideo/")


class KinesisService:
    """The stand-in, serving from `with` on; control and data endpoint are the same server.

    `calls` counts the calls by action, `bodies` keeps what came over the wire, `delivered` the fragments that left in
    clips (also in clips that were cut on the way), `clips` the files that left as such. `denied` names actions without
    permission, `latency` is seconds per call, `most` where clips are cut, `limits` turns the quotas on, which fill up
    by `clock`. Paths of faults are `/getClip` and so on.
    """

    def __init__(
        self,
        streams: Sequence[KinesisStream],
        *,
        studio: Studio | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
        latency: float = 0.0,
        bytes_per_second: float | None = None,
        limits: bool = False,
        clock: Callable[[], float] = time.monotonic,
        error_header: str = "x-amzn-ErrorType",
        port: int = 0,
    ) -> None:
        self.streams = list(streams)
        self.calls: Counter[str] = Counter()
        self.bodies: list[tuple[str, dict[str, Any]]] = []
        self.delivered: list[StoredFragment] = []
        self.clips: list[Path] = []
        self.denied: set[str] = set()
        self.most = Most()
        self.latency = latency
        self.bytes_per_second = bytes_per_second
        self._temporary = tempfile.TemporaryDirectory(prefix="standin-", ignore_cleanup_errors=True)
        self._studio = studio or Studio(Path(self._temporary.name))
        self._now = now
        self._error_header = error_header
        self._faults = FaultBook(())
        self._endpoint = 1
        self._refusal = WRONG_ENDPOINT
        self._lock = threading.Lock()
        points = {"media": MEDIA_POINTS, "metadata": METADATA_POINTS} if limits else {}
        self._pools = {name: _Pool(rate, clock) for name, rate in points.items()}
        self._server = Server(self._respond, port=port)
        self.url = self._server.url

    def __enter__(self) -> KinesisService:
        self._server.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.close()
        self._temporary.cleanup()

    def fail(self, *faults: Fault) -> None:
        """Let answers go wrong from now on; replaces what was told before."""
        self._faults = FaultBook(faults)

    def move_data_endpoint(self, refusal: Fault | None = None) -> None:
        """From now on only a data endpoint that is asked for anew is any good; the old one answers with `refusal`."""
        self._endpoint += 1
        self._refusal = refusal or WRONG_ENDPOINT

    def _respond(self, request: Request) -> tuple[Answer | None, Fault]:
        *prefix, path = request.path.rsplit("/", 1)
        action = path[:1].upper() + path[1:]
        body = json.loads(request.body or b"{}") if action else {}  # a call of STS has no path, and no JSON
        with self._lock:
            self.calls[action] += 1
            self.bodies.append((action, body))
        fault = self._faults.choose(request.method, f"/{path}", Subject()) or Fault()
        if fault.drop:
            return None, fault
        if fault.status is not None:
            return Answer(fault.status, fault.headers, fault.body.encode()), fault
        if action in ("GetClip", "ListFragments") and prefix != [self._path()]:
            return Answer(self._refusal.status or 403, self._refusal.headers, self._refusal.body.encode()), fault
        return replaced(self._answer(request, action, body), None, "", fault.headers), self._paced(fault)

    def _answer(self, request: Request, action: str, body: dict[str, Any]) -> Answer:
        actions = {
            "GetDataEndpoint": self._get_data_endpoint,
            "DescribeStream": self._describe_stream,
            "ListStreams": self._list_streams,
            "ListFragments": self._list_fragments,
            "GetClip": self._get_clip,
        }
        try:
            region = self._admit(request, action)
            return actions.get(action, self._refuse_unknown)(body, region)
        except ServiceError as error:
            text = json.dumps({"Message": error.message})
            headers = {"Content-Type": "application/json", self._error_header: error.code, "x-amzn-RequestId": "0-0"}
            return Answer(error.status, headers, text.encode())

    def _admit(self, request: Request, action: str) -> str:
        """The region that the caller signed for."""
        credential = _CREDENTIAL.search(request.headers.get("authorization", ""))
        if credential is None:
            raise ServiceError("MissingAuthenticationTokenException", 403, "Missing Authentication Token")
        if credential["key"] == EXPIRED_KEY:
            raise ServiceError("ExpiredTokenException", 403, "The security token included in the request is expired")
        if action in self.denied:
            user = "arn:aws:iam::123456789012:user/somebody"
            message = f"User: {user} is not authorized to perform: kinesisvideo:{action}"
            raise ServiceError("AccessDeniedException", 403, message)
        return credential["region"]

    def _get_data_endpoint(self, body: dict[str, Any], region: str) -> Answer:
        self._stream(body, region)
        return _json({"DataEndpoint": self.url + self._path()})

    def _describe_stream(self, body: dict[str, Any], region: str) -> Answer:
        return _json({"StreamInfo": _stream_info(self._stream(body, region))})

    def _list_streams(self, body: dict[str, Any], region: str) -> Answer:
        """Two streams a page: what a client does with one page it must do with all."""
        here = [stream for stream in self.streams if stream.region == region]
        first = int(body.get("NextToken", 0))
        more = {"NextToken": str(first + 2)} if first + 2 < len(here) else {}
        return _json({"StreamInfoList": [_stream_info(stream) for stream in here[first : first + 2]], **more})

    def _list_fragments(self, body: dict[str, Any], region: str) -> Answer:
        stream = self._stream(body, region)
        most, first = int(body.get("MaxResults", 100)), 0
        self._spend(metadata=most)
        selector = body.get("FragmentSelector")
        if "NextToken" in body:
            first, selector = json.loads(base64.b64decode(body["NextToken"]))
        if selector is None:
            raise ServiceError("InternalFailure", 500, "The request processing has failed.")
        found = listed(stream, Range.from_json(selector), self._now(), len(stream.fragments))
        answer: dict[str, Any] = {"Fragments": [_fragment(each) for each in found[first : first + most]]}
        if first + most < len(found):
            answer["NextToken"] = base64.b64encode(json.dumps([first + most, selector]).encode()).decode()
        return _json(answer)

    def _get_clip(self, body: dict[str, Any], region: str) -> Answer:
        stream = self._stream(body, region)
        fragments = clip_fragments(stream, Range.from_json(body["ClipFragmentSelector"]), self._now(), self.most)
        self._spend(media=len(fragments), metadata=len(fragments))
        path = self._studio.clip(fragments)
        with self._lock:
            self.delivered += fragments
            self.clips.append(path)
        return Answer(200, {"Content-Type": "video/mp4"}, part=FilePart(path, 0, path.stat().st_size))

    def _refuse_unknown(self, body: dict[str, Any], region: str) -> Answer:
        raise ServiceError("UnknownOperationException", 404, f"There is no such action in {region}.")

    def _stream(self, body: dict[str, Any], region: str) -> KinesisStream:
        for stream in self.streams:
            asked = stream.name == body.get("StreamName") or stream.arn == body.get("StreamARN")
            if asked and stream.region == region:
                return stream
        told = body.get("StreamName") or body.get("StreamARN")
        message = f"The requested stream is not found or not active: {told}"
        raise ServiceError("ResourceNotFoundException", 404, message)

    def _spend(self, **points: int) -> None:
        for kind, count in points.items():
            if kind in self._pools and not self._pools[kind].take(count):
                raise ServiceError("ClientLimitExceededException", 400, f"Rate exceeded: fragment {kind} points.")

    def _paced(self, fault: Fault) -> Fault:
        if fault == Fault() and (self.latency or self.bytes_per_second):
            return Fault(delay=self.latency, bytes_per_second=self.bytes_per_second)
        return fault

    def _path(self) -> str:
        return f"/b-{self._endpoint:08x}"


class _Pool:
    """Points that fill up again by `rate` a second, up to those of one second."""

    def __init__(self, rate: float, clock: Callable[[], float]) -> None:
        self._rate = self._left = float(rate)
        self._clock = clock
        self._seen = clock()
        self._lock = threading.Lock()

    def take(self, points: int) -> bool:
        with self._lock:
            now = self._clock()
            self._left = min(self._rate, self._left + (now - self._seen) * self._rate)
            self._seen = now
            if points > self._left:
                return False
            self._left -= points
            return True


def service_error(code: str, status: int = 400, message: str = "", **which: Any) -> Fault:
    """A fault that answers with an error in the service's form."""
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": code}
    return Fault(status=status, body=json.dumps({"Message": message or code}), headers=headers, **which)


def _json(value: dict[str, Any]) -> Answer:
    return Answer(200, {"Content-Type": "application/json"}, json.dumps(value).encode())


def _stream_info(stream: KinesisStream) -> dict[str, Any]:
    return {
        "StreamName": stream.name,
        "StreamARN": stream.arn,
        "MediaType": "video/h264",
        "Status": "ACTIVE",
        "Version": "v1",
        "CreationTime": stream.created.timestamp(),
        "DataRetentionInHours": stream.retention_hours,
    }


def _fragment(fragment: StoredFragment) -> dict[str, Any]:
    return {
        "FragmentNumber": str(fragment.number),
        "FragmentSizeInBytes": fragment.size,
        "ProducerTimestamp": round(fragment.producer.timestamp(), 3),
        "ServerTimestamp": round(fragment.server.timestamp(), 3),
        "FragmentLengthInMilliseconds": int(fragment.listed_seconds * 1000),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the demo's streams until the input ends; the first line of output tells where, as JSON."""
    from demo.kinesis_footage import demo_streams

    parser = argparse.ArgumentParser(prog="python -m demo.kinesis_service", description=__doc__)
    parser.add_argument("--start", type=datetime.fromisoformat, required=True, help="ISO 8601 with offset")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--height", type=int, default=360)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--bytes-per-second", type=float)
    parser.add_argument("--limits", action="store_true")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--port", type=int, default=0)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="standin-", ignore_cleanup_errors=True) as folder:
        studio = Studio(asked.cache or Path(folder))
        streams = demo_streams(studio, asked.start, asked.minutes, height=asked.height)
        options = {"latency": asked.latency, "bytes_per_second": asked.bytes_per_second, "limits": asked.limits}
        with KinesisService(streams, studio=studio, port=asked.port, **options) as service:
            told = {"url": service.url, "region": streams[0].region, "streams": [stream.name for stream in streams]}
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()
            sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
