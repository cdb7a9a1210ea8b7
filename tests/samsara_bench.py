"""A running stand-in for Samsara with a clock that a test turns by hand, and a client for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

import requests

from demo.faults import Script
from demo.samsara_fleet import TRUCK_104
from demo.samsara_service import SamsaraService

START, END = "2026-11-18T14:30:00Z", "2026-11-18T14:31:00Z"
FOUR_O_CLOCK = datetime(2026, 11, 18, 16, 0, tzinfo=timezone.utc).timestamp()
CONTENT = bytes(range(256)) * 40
RETRIEVAL, LIST = "/cameras/media/retrieval", "/cameras/media"


@dataclass
class Bench:
    """A running stand-in with a clock that a test turns by hand, and a client for it."""

    service: SamsaraService
    session: requests.Session
    now: list[float]
    slept: list[float] = field(default_factory=list)

    def call(self, method: str, path: str, **more: object) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.service.key}"}
        return self.session.request(method, self.service.url + path, headers=headers, timeout=10, **more)

    def ask(self, *inputs: str, **changes: object) -> requests.Response:
        body = {
            "vehicleId": TRUCK_104.id,
            "startTime": START,
            "endTime": END,
            "mediaType": "videoHighRes",
            "inputs": list(inputs) or ["dashcamRoadFacing"],
        }
        return self.call("POST", RETRIEVAL, json={**body, **changes})

    def media(self, *inputs: str, **changes: object) -> list[dict]:
        """The media items of a new retrieval."""
        retrieval_id = self.ask(*inputs, **changes).json()["data"]["retrievalId"]
        return self.look(retrieval_id)

    def look(self, retrieval_id: str) -> list[dict]:
        return self.call("GET", RETRIEVAL, params={"retrievalId": retrieval_id}).json()["data"]["media"]

    def listed(self, **changes: object) -> requests.Response:
        wanted = {"vehicleIds": TRUCK_104.id, "startTime": START, "endTime": END}
        return self.call("GET", LIST, params={**wanted, **changes})

    def link(self) -> str:
        return self.media()[0]["urlInfo"]["url"]

    def fetch(self, url: str, **headers: str) -> requests.Response:
        return self.session.get(url, headers={"Accept-Encoding": "identity", **headers}, timeout=10)


@contextmanager
def running_bench(clip: Path) -> Iterator[Bench]:
    """A bench whose clips are all the same bytes, without rate limits; its clock stands at 16:00 of that day."""
    clip.write_bytes(CONTENT)
    now: list[float] = [FOUR_O_CLOCK]
    slept: list[float] = []
    service = SamsaraService(
        footage=lambda shot: clip, script=Script(limits=False), clock=lambda: now[0], sleep=slept.append
    )
    with service, requests.Session() as session:
        yield Bench(service, session, now, slept)
