"""What all who ask Samsara share: the pace of requests, and the month's allowance of the organization."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from footage.errors import QuotaReached
from footage.models import Quota

_FIRST_REST, _LONGEST_REST = timedelta(seconds=20), timedelta(minutes=5)
_DOUBLED_AT_MOST = 4
_AT_ONCE, _WITHIN = 10, timedelta(seconds=6.8)
"""A little less than the client lets through (100 in any minute): looks and arrivals never wait for its turn."""


class Budget:
    """Says when the next request may leave, and ends the asking where it would pass the quota (unless `over_quota`).

    `known` is the figure of an earlier run; it counts until the first answer tells a fresh one. The service counts
    finished retrievals only, so what this run was promised is counted here.
    """

    def __init__(self, *, over_quota: bool, clock: Callable[[], datetime], known: Quota | None = None) -> None:
        self._over_quota = over_quota
        self._clock = clock
        self._known = known
        self._not_before: datetime | None = None
        self._rests = 0
        self._told = ""
        self._asked_at: deque[datetime] = deque(maxlen=_AT_ONCE)
        self._promised = 0.0
        self._used_at_first: float | None = None
        self._ahead: list[Callable[[], float]] = []

    def join(self, ahead: Callable[[], float]) -> None:
        """Reckon with somebody who still has to ask for `ahead()` seconds of footage."""
        self._ahead.append(ahead)

    @property
    def is_resting(self) -> bool:
        """Whether nothing is asked for a while, because the service took nothing."""
        return self._not_before is not None and self._clock() < self._not_before

    @property
    def allows_asking(self) -> bool:
        """Whether a request may leave now."""
        now = self._clock()
        if self.is_resting:
            return False
        return len(self._asked_at) < _AT_ONCE or now >= self._asked_at[0] + _WITHIN

    def note_asking(self) -> None:
        """A request leaves now."""
        self._asked_at.append(self._clock())

    def rest(self, why: str) -> bool:
        """The service took nothing: ask nothing for a while, each time for longer; whether `why` is something new."""
        rest = min(_FIRST_REST * 2**self._rests, _LONGEST_REST)
        self._not_before = self._clock() + rest
        self._rests = min(self._rests + 1, _DOUBLED_AT_MOST)
        is_new, self._told = why != self._told, why
        return is_new

    def hear(self) -> None:
        """The service has answered a request: whatever kept it from doing so is over."""
        self._rests, self._told = 0, ""

    def check(self) -> None:
        """Raise QuotaReached where what is still to ask would pass what was left when last heard of."""
        if self._known is not None and not self._over_quota:
            refuse_beyond_quota(self._known, self._promised + self._still_ahead)

    def spend(self, seconds: float, quota: Quota | None) -> None:
        """Note an accepted request. Raises QuotaReached where what is still to ask would pass what is left."""
        self._promised += seconds
        if quota is None:
            return
        self._known = None
        if self._used_at_first is None:
            self._used_at_first, self._promised = quota.used_seconds, seconds
        # The fresh figure holds what has finished meanwhile: it must not be counted on top of what was promised.
        used = max(self._used_at_first + self._promised, quota.used_seconds)
        ahead = self._still_ahead
        if ahead and used + ahead > quota.limit_seconds and not self._over_quota:
            raise QuotaReached(quota_sentence(replace(quota, used_seconds=used), ahead))

    @property
    def _still_ahead(self) -> float:
        return sum(each() for each in self._ahead)


def refuse_beyond_quota(quota: Quota | None, seconds: float) -> None:
    """Raise QuotaReached where the last known figure says that this is more than is left."""
    if quota is not None and seconds > quota.limit_seconds - quota.used_seconds:
        raise QuotaReached(quota_sentence(quota, seconds))


def quota_sentence(quota: Quota, needed: float) -> str:
    """Why a spending is not made, with its figures."""
    left = max(0.0, quota.limit_seconds - quota.used_seconds)
    return (
        f"This needs about {needed:.0f} seconds of the monthly media quota, and {left:.0f} of "
        f"{quota.limit_seconds:.0f} are left. --over-quota asks all the same."
    )
