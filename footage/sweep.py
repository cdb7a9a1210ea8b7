"""One look at the service for all incidents under way: few calls, however many retrievals are open."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from footage.journal import Request
from footage.looking import Looking
from footage.polling import CALLS_A_SWEEP
from footage.uploads import Uploads


class Sweep:
    """Reads the list of uploaded media where many retrievals are open, and single retrievals in turn."""

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads
        self._last_read: dict[tuple[int, int], int] = {}
        self._reads = 0

    def look(self, lookings: Sequence[Looking], meanwhile: Callable[[], object]) -> bool:
        """Look once; whether it brought anything new. Raises ServiceUnreachable and NotAllowed.

        One incident costs at most CALLS_A_SWEEP calls; many cost as many as it takes to list them all once, 20 vehicles
        of a day in each. `meanwhile` is called between the calls, which are a quarter of a second apart: other work
        need not wait.
        """
        waiting = [(looking, request) for looking in lookings for request in looking.waiting()]
        calls, news = CALLS_A_SWEEP, False
        if len(waiting) > calls or any(looking.is_searching for looking in lookings):
            left = calls
            for links in self._uploads.pages(max(calls // 2, self._uploads.calls_a_round)):
                left -= 1
                news |= sum(looking.match(links) for looking in lookings) > 0
                meanwhile()
            calls = max(left, calls // 2)
        for looking, request in sorted(waiting, key=self._turn)[:calls]:
            meanwhile()
            news |= self._read(looking, request)
        for looking in lookings:
            news |= looking.judge_lost()
        return news

    def _turn(self, waiting: tuple[Looking, Request]) -> int:
        looking, request = waiting
        return self._last_read.get((id(looking), request.number), -1)

    def _read(self, looking: Looking, request: Request) -> bool:
        self._reads += 1
        self._last_read[id(looking), request.number] = self._reads
        return looking.read(request.number)
