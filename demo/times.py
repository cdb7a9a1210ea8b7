"""RFC 3339 times as the stand-ins read and tell them."""

from __future__ import annotations

import re
from datetime import datetime, timezone

_RFC_3339 = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")


def parse_time(text: str) -> datetime:
    """An aware datetime in UTC; raises ValueError for anything that is not RFC 3339 with an offset or Z."""
    match = _RFC_3339.fullmatch(text)
    if not match:
        raise ValueError(f"not an RFC 3339 time: {text}")
    seconds, fraction, offset = match.groups()
    digits = (fraction or ".0")[1:7].ljust(6, "0")
    moment = datetime.fromisoformat(f"{seconds}.{digits}{'+00:00' if offset == 'Z' else offset}")
    return moment.astimezone(timezone.utc)


def tell_time(moment: datetime) -> str:
    """RFC 3339 in UTC, with milliseconds where there are any."""
    moment = moment.astimezone(timezone.utc)
    text = moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
    return text.replace("+00:00", "Z")
