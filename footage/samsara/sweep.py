"""One look at the service for all incidents under way: few calls, however many retrievals are open."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from footage.errors import ServiceUnreachable
from footage.journal import Request
from footage.samsara.looking import Looking
from footage.samsara.polling import CALLS_A_SWEEP
from footage.samsara.uploads import Uploads

log = logging.getLogger(__name__)

_Waiting = tuple[Looking, Request]
_ENDURED = 2
"""So many failed calls, and no good one before, are a service that is silent: the rest of a look would only be slow."""
_LONGEST_REST = 8
_FEW = 3
"""So many retrievals are read one by one. The last of more would be heard of long after the first: they are listed."""
_LISTED_EVERY = 5
"""Each so many looks the few are listed too: a retrieval may stay pending though its media is there."""
_Key = tuple[int, int]
_THE_LIST: _Key = (0, -1)


class Sweep:
    """Reads the list of uploaded media where many retrievals are open, and single retrievals in turn."""

    def __init__(self, uploads: Uploads, clock: Callable[[], datetime]) -> None:
        self._uploads = uploads
        self._clock = clock
        self._last_read: dict[_Key, int] = {}
        self._failures: dict[_Key, int] = {}
        self._rests_until: dict[_Key, int] = {}
        self._reads = 0
        self._looks = 0
        self._next_list = 1
        """The look at which the list is read, however few are waited for; the first one is."""
        self._heard = False
        self._unheard: list[ServiceUnreachable] = []

    def look(
        self, lookings: Sequence[Looking], meanwhile: Callable[[], object], seconds: float, *, is_last: bool = False
    ) -> bool:
        """Look once; whether it brought anything new.

        More than a few retrievals are listed, in one call, and read in turn as far as `seconds` go; few are listed
        now and then, and where this look `is_last`, so that no retrieval has the only word on its media. One incident
        costs at most CALLS_A_SWEEP calls; many cost as many as it takes to list them all once, 20 vehicles of a day in
        each. `meanwhile` is called between the calls, which are a quarter of a second apart: other work need not wait.
        Raises NotAllowed, and ServiceUnreachable where the service answered nothing at all.
        """
        self._looks += 1
        self._heard, self._unheard = False, []
        until = self._clock() + timedelta(seconds=seconds)
        waiting = [(looking, request) for looking in lookings for request in looking.waiting()]
        calls, news, is_listed = CALLS_A_SWEEP, False, True
        if self._is_list_due(len(waiting), is_last) or any(looking.is_searching for looking in lookings):
            used, news, is_listed = self._list(lookings, meanwhile)
            calls = max(calls - used, calls // 2)
        news |= self._read_in_turn(self._due(waiting), calls, until, meanwhile)
        if self._unheard and not self._heard:
            raise self._unheard[-1]
        for looking in lookings if is_listed else ():  # what was not looked for has not failed to show up
            news |= looking.judge_lost()
        return news

    def _is_list_due(self, waiting: int, is_last: bool) -> bool:
        return waiting > _FEW or (waiting > 0 and (is_last or self._looks >= self._next_list))

    def _list(self, lookings: Sequence[Looking], meanwhile: Callable[[], object]) -> tuple[int, bool, bool]:
        """How many calls it took, whether they brought anything, and whether all of them were answered."""
        used, news = 0, False
        if self._rests(_THE_LIST):
            return used, news, False
        try:
            for links in self._uploads.pages(max(CALLS_A_SWEEP // 2, self._uploads.calls_a_round)):
                used, self._heard = used + 1, True
                news |= sum(looking.match(links) for looking in lookings) > 0
                meanwhile()
        except ServiceUnreachable as error:
            self._note_failure(_THE_LIST, error)
            return used + 1, news, False
        self._failures.pop(_THE_LIST, None)
        self._next_list = self._looks + _LISTED_EVERY
        return used, news, True

    def _read_in_turn(
        self, waiting: Sequence[_Waiting], calls: int, until: datetime, meanwhile: Callable[[], object]
    ) -> bool:
        """Read until one was answered at least, first the one not read for longest; whether that brought anything.

        Where the list was answered and reads fail, two of them are enough of a look that takes too long.
        """
        news, unheard = False, len(self._unheard)
        for nth, (looking, request) in enumerate(sorted(waiting, key=self._turn)[:calls], start=1):
            began = self._clock()
            meanwhile()
            news |= self._read(looking, request)
            now, failed = self._clock(), len(self._unheard) - unheard
            is_heard = nth > failed or failed >= _ENDURED
            if is_heard and now + (now - began) > until:  # the next one would take as long
                break
        return news

    def _due(self, waiting: Sequence[_Waiting]) -> Sequence[_Waiting]:
        due = [each for each in waiting if not self._rests(_key(each))]
        return due or waiting

    def _turn(self, waiting: _Waiting) -> int:
        return self._last_read.get(_key(waiting), -1)

    def _read(self, looking: Looking, request: Request) -> bool:
        key = _key((looking, request))
        self._reads += 1
        self._last_read[key] = self._reads
        try:
            news = looking.read(request.number)
        except ServiceUnreachable as error:
            self._note_failure(key, error)
            return False
        self._heard = True
        self._failures.pop(key, None)
        return news

    def _rests(self, key: _Key) -> bool:
        return self._rests_until.get(key, 0) > self._looks

    def _note_failure(self, key: _Key, error: ServiceUnreachable) -> None:
        """What fails alone must not keep the others from being heard; it is tried again by a later look."""
        log.info("%s", error)
        self._unheard.append(error)
        if not self._heard and len(self._unheard) >= _ENDURED:
            raise error
        self._failures[key] = self._failures.get(key, 0) + 1
        self._rests_until[key] = self._looks + min(2 ** self._failures[key], _LONGEST_REST)


def _key(waiting: _Waiting) -> _Key:
    looking, request = waiting
    return id(looking), request.number
