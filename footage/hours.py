"""The hours of the day in which footage may be downloaded, on this computer's clock."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time

from footage.errors import InputRefused


def always() -> bool:
    """Downloads may begin at any hour."""
    return True


_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")


@dataclass(frozen=True, slots=True)
class Hours:
    """From `first` until `last`, which may be on the next day."""

    first: time
    last: time

    def has(self, moment: datetime) -> bool:
        """Whether an aware moment lies in these hours, on this computer's clock."""
        now = moment.astimezone().time()
        if self.first < self.last:
            return self.first <= now < self.last
        return now >= self.first or now < self.last

    def gate(self, clock: Callable[[], datetime]) -> Callable[[], bool]:
        """Says whether downloads may begin now."""
        return lambda: self.has(clock())

    def __str__(self) -> str:
        return f"{self.first:%H:%M}-{self.last:%H:%M}"


def parse_hours(text: str) -> Hours:
    """Hours as `22:00-06:00`. Raises InputRefused."""
    refusal = InputRefused(f"{text!r} are no hours: write them as 22:00-06:00.")
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        raise refusal
    try:
        hours = Hours(time(int(found[1]), int(found[2])), time(int(found[3]) % 24, int(found[4])))
    except ValueError:
        raise refusal from None
    if hours.first == hours.last:
        raise InputRefused(f"{text!r} begins and ends at the same time: leave --hours out for the whole day.")
    return hours
