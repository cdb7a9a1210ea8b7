"""A stand-in for Samsara's service over real HTTP on loopback, in this process or as one of its own."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from demo.exchange import Answer, Refused, Request, json_answer, replaced
from demo.faults import Fault, FaultBook, Script
from demo.samsara_api import SamsaraApi
from demo.samsara_fleet import FLEET, FleetVehicle
from demo.samsara_footage import CannedFootage, Footage, RenderedFootage, Shot, Spoiler
from demo.samsara_library import Library
from demo.samsara_links import Links
from demo.wire import Server

KEY = "samsara_api_standin0000000000000000000000"
_CONTROL = "/_standin/"


class Post(NamedTuple):
    """A kind of accepted retrieval: which vehicle, from when to when (RFC 3339 as sent), which cameras (sorted)."""

    vehicle: str
    start: str
    end: str
    cameras: tuple[str, ...]


class SamsaraService:
    """The stand-in, serving from `with` on. `script` can be changed while it serves.

    `footage` makes the clips: a function from Shot to a file for clips that nobody looks at, or anything with the
    methods of Footage; left out, the demo's cameras draw them into `cache` (a temporary folder if None), with pictures
    `height` pixels high if given. `requests` keeps all that was asked, `posts` counts the accepted retrievals.
    """

    def __init__(
        self,
        *,
        fleet: Sequence[FleetVehicle] = FLEET,
        script: Script | None = None,
        footage: Footage | Callable[[Shot], Path] | None = None,
        cache: Path | None = None,
        height: int | None = None,
        key: str = KEY,
        port: int = 0,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.key = key
        self.requests: list[Request] = []
        self.posts: Counter[Post] = Counter()
        self._temporary = tempfile.TemporaryDirectory(prefix="standin-", ignore_cleanup_errors=True)
        self._clock = clock
        self._port = port
        self._sleep = sleep
        self._lock = threading.Lock()
        self.script = script or Script()
        folder = Path(self._temporary.name)
        self._footage = _as_footage(footage, lambda: RenderedFootage(cache or folder, height=height, clock=clock))
        self._spoiler = Spoiler(folder)
        self._library = Library(fleet, self._footage, lambda: self.script)
        self._fleet = fleet

    @property
    def script(self) -> Script:
        """What the stand-in is told to do; setting it begins to count faults anew."""
        return self._script

    @script.setter
    def script(self, script: Script) -> None:
        self._script, self._faults = script, FaultBook(script.faults)

    @property
    def url(self) -> str:
        """The base URL, while it serves."""
        return self._server.url

    @property
    def usage(self) -> float:
        """Seconds of quota used so far."""
        return self._library.usage(self._clock())

    def __enter__(self) -> SamsaraService:
        self._server = Server(self._respond, port=self._port, sleep=self._sleep)
        self._links = Links(self.url, self._library, self._footage, self._spoiler, lambda: self.script, self._clock)
        self._api = SamsaraApi(self.key, self._fleet, self._library, lambda: self.script, self._links.make)
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self._footage.close()
        self._temporary.cleanup()

    def _respond(self, request: Request) -> tuple[Answer | None, Fault]:
        if request.path.startswith(_CONTROL):
            return self._control(request), Fault()
        with self._lock:
            self.requests.append(request)
        fault = self._faults.choose(request.method, request.path, self._api.subject(request)) or Fault()
        made_up = fault.drop or fault.status is not None
        answer = Answer(200) if made_up and not fault.handled else self._handle(request, fault)
        return None if fault.drop else replaced(answer, fault.status, fault.body, fault.headers), fault

    def _handle(self, request: Request, fault: Fault) -> Answer:
        now = self._clock()
        try:
            if request.path.startswith("/media/"):
                return self._links.serve(request, float("inf") if fault.expired else now, whole=fault.ignore_range)
            answer = self._api.answer(request, now)
        except Refused as refused:
            return refused.answer
        if request.method == "POST":
            with self._lock:
                self.posts[_post(request)] += 1
        return answer

    def _control(self, request: Request) -> Answer:
        """Lets a test in another process read the counters and change the script."""
        subject = request.path.removeprefix(_CONTROL)
        if request.method == "PUT" and subject == "script":
            self.script = Script.from_json(request.body.decode())
        with self._lock:
            views: dict[str, Callable[[], object]] = {
                "posts": lambda: [{**post._asdict(), "count": count} for post, count in self.posts.items()],
                "requests": lambda: [_told(one) for one in self.requests],
                "usage": lambda: {"used_seconds": self.usage},
                "script": lambda: json.loads(self.script.to_json()),
            }
            return json_answer(views[subject]()) if subject in views else Answer(404)


def _as_footage(footage: Footage | Callable[[Shot], Path] | None, rendered: Callable[[], Footage]) -> Footage:
    if footage is None:
        return rendered()
    return CannedFootage(footage) if callable(footage) else footage


def _post(request: Request) -> Post:
    body = json.loads(request.body)
    cameras = sorted([*(body.get("inputs") or ()), *(body.get("cameraRoles") or ())])
    return Post(body["vehicleId"], body["startTime"], body["endTime"], tuple(cameras))


def _told(request: Request) -> dict[str, object]:
    told = {name: getattr(request, name) for name in ("method", "path", "query", "headers", "time", "status", "sent")}
    return {**told, "body": request.body.decode("utf-8", "replace")}


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until the process is ended; the first line on stdout is a JSON object with `url` and `key`."""
    parser = argparse.ArgumentParser(prog="python -m demo.samsara_service", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--key", default=KEY)
    parser.add_argument("--script", type=Path, help="a JSON file, as Script.to_json writes it")
    parser.add_argument("--cache", type=Path, help="folder that keeps rendered clips")
    parser.add_argument("--height", type=int, help="pixels of the pictures")
    parser.add_argument("--clip", type=Path, help="serve this file in place of every clip")
    given = parser.parse_args(arguments)
    service = SamsaraService(
        script=Script.from_json(given.script.read_text("utf-8")) if given.script else None,
        footage=(lambda shot: given.clip) if given.clip else None,
        cache=given.cache,
        height=given.height,
        key=given.key,
        port=given.port,
    )
    with service:
        sys.stdout.write(json.dumps({"url": service.url, "key": service.key}) + "\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
