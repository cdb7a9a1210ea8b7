"""What all who ask Samsara share: the pace of requests, and the month's allowance of the organization."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from footage.errors import QuotaReached
from footage.models import Quota

_REST_AFTER_SILENCE = timedelta(seconds=20)
_AT_ONCE, _WITHIN = 10, timedelta(seconds=6.8)
"""A little less than the client lets through (100 in any minute): looks and arrivals never wait for its turn."""


class Budget:
    """Says when the next request may leave, and ends the asking where it would pass the quota (unless `over_quota`).

    The service counts finished retrievals only, so what is on its way is counted here.
    """

    def __init__(self, *, over_quota: bool, clock: Callable[[], datetime]) -> None:
        self._over_quota = over_quota
        self._clock = clock
        self._not_before: datetime | None = None
        self._asked_at: deque[datetime] = deque(maxlen=_AT_ONCE)
        self._in_flight = 0.0
        self._ahead: list[Callable[[], float]] = []

    def join(self, ahead: Callable[[], float]) -> None:
        """Reckon with somebody who still has to ask for `ahead()` seconds of footage."""
        self._ahead.append(ahead)

    @property
    def allows_asking(self) -> bool:
        """Whether a request may leave now."""
        now = self._clock()
        if self._not_before is not None and now < self._not_before:
            return False
        return len(self._asked_at) < _AT_ONCE or now >= self._asked_at[0] + _WITHIN

    def note_asking(self) -> None:
        """A request leaves now."""
        self._asked_at.append(self._clock())

    def rest(self) -> None:
        """The service was silent: ask nothing for a while."""
        self._not_before = self._clock() + _REST_AFTER_SILENCE

    def spend(self, seconds: float, quota: Quota | None) -> None:
        """Note an accepted request. Raises QuotaReached where what is still to ask would pass what is left."""
        self._in_flight += seconds
        if quota is None or self._over_quota:
            return
        ahead = sum(each() for each in self._ahead)
        if ahead and quota.used_seconds + self._in_flight + ahead > quota.limit_seconds:
            raise QuotaReached(quota_sentence(quota, self._in_flight + ahead))


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
