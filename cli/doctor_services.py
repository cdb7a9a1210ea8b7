"""The doctor's calls: Samsara's permissions one by one, and who AWS takes us for. None of them spends anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from cli.checkup import Check
from cli.doctor import clock_check
from footage.errors import FateUnknown, FootageError, KeyRejected, NotAllowed, PermissionMissing, RequestRefused
from footage.models import MediaType, TimeWindow
from kinesis_clip import KinesisClient
from SamsaraAPI import SamsaraClient

_IMPOSSIBLE = TimeWindow(datetime(2000, 1, 1, tzinfo=timezone.utc), datetime(2000, 1, 1, tzinfo=timezone.utc))
_A_SECOND = TimeWindow(datetime(2026, 1, 1, tzinfo=timezone.utc), datetime(2026, 1, 1, 0, 0, 1, tzinfo=timezone.utc))
_NO_VEHICLE = "0"
STATISTICS = "Read Vehicle Statistics"
_NO_RETRIEVAL = "00000000-0000-0000-0000-000000000000"

Connect = Callable[[str], SamsaraClient]
"""A client for the same key in a region."""


def check_samsara(connect: Connect, region: str, others: tuple[str, ...]) -> Iterator[Check]:
    """Whether the key is accepted, in which region, what it may do, and what time it is there.

    `others` are regions to try where `region` does not accept the key.
    """
    try:
        client = connect(region)
    except FootageError as error:
        yield _broken(error)
        return
    yield from _permissions(client, lambda error: _rejected(error, connect, region, others))
    yield clock_check(_date(client.service_date), datetime.now(timezone.utc))


def check_clock(connect: Connect, region: str) -> Check:
    """The clock alone, by an answer that needs no key: that of a refusal tells the time too."""
    try:
        client = connect(region)
    except FootageError as error:
        return _broken(error)
    with suppress(FootageError):
        client.vehicles()
    return clock_check(_date(client.service_date), datetime.now(timezone.utc))


def _permissions(client: SamsaraClient, rejected: Callable[[KeyRejected], Check]) -> Iterator[Check]:
    """What the key may do; where it is not known at all, that alone."""
    try:
        seen = len(client.vehicles())
    except PermissionMissing as error:
        yield _missing("Read Vehicles", error)
    except KeyRejected as error:
        yield rejected(error)
        return
    except FootageError as error:
        yield _broken(error)
        return
    else:
        yield Check("Read Vehicles", "ok", f"{seen} vehicles can be seen")
    yield _tried("Read Media Retrieval", lambda: client.retrieval(_NO_RETRIEVAL))
    # No vehicle, no camera, no length, in the year 2000: refused by whoever may ask, and nobody can be charged for it.
    yield _tried("Write Media Retrieval", lambda: client.create_retrieval("", _IMPOSSIBLE, (), MediaType.HIGH))
    yield _optional(_tried(STATISTICS, lambda: list(client.readings(_NO_VEHICLE, _A_SECOND, fine=False))))


def _optional(check: Check) -> Check:
    """What the films come without is no reason to call anything broken."""
    if check.verdict != "broken":
        return check
    return replace(check, verdict="warning", said=f"{check.said} Only speed and place are left out without it.")


def _broken(error: FootageError) -> Check:
    return Check("Samsara", "broken", error.message, error.remedy, error.exit_code)


def _tried(permission: str, call: Callable[[], object]) -> Check:
    try:
        call()
    except PermissionMissing as error:
        return _missing(permission, error)
    except RequestRefused:
        return Check(permission, "ok", "allowed")
    except (FateUnknown, FootageError) as error:
        return Check(permission, "warning", f"unknown: {error.message}", error.remedy)
    return Check(permission, "ok" if permission.startswith("Read") else "warning", "allowed")


def _missing(permission: str, error: FootageError) -> Check:
    remedy = f'Give the token "{permission}" in Samsara (Settings, API Tokens), or make a new one. See docs/tokens.md.'
    return Check(permission, "broken", error.message, remedy, error.exit_code)


def _rejected(error: KeyRejected, connect: Connect, region: str, others: tuple[str, ...]) -> Check:
    home = next((other for other in others if accepts(connect(other))), None)
    if home is None:
        return Check("Samsara", "broken", f"{error.message} (region {region})", error.remedy, error.exit_code)
    said = f"The key is refused in region {region}, but accepted in {home}"
    remedy = f"Add --samsara-region {home} to the commands, or set SAMSARA_REGION={home}."
    return Check("region", "broken", said, remedy, error.exit_code)


def accepts(client: SamsaraClient) -> bool:
    """Whether a service knows a client's key, whatever it may do with it."""
    try:
        client.vehicles()
    except PermissionMissing:
        return True
    except FootageError:
        return False
    return True


def _date(header: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def check_aws(client: KinesisClient, identify: Callable[[], str]) -> Iterator[Check]:
    """Whether there are AWS credentials, whose they are, and whether streams may be listed."""
    try:
        yield Check("AWS", "ok", identify())
    except NotAllowed as error:
        yield Check("AWS", "warning", error.message, f"Needed for Kinesis Video only. {error.remedy}")
        return
    except FootageError as error:
        yield Check("AWS", "warning", error.message, error.remedy)
        return
    try:
        yield Check("kinesisvideo:ListStreams", "ok", f"{len(client.streams())} streams")
    except NotAllowed as error:
        yield Check("kinesisvideo:ListStreams", "warning", error.message, "Without it, streams have to be named.")
    except FootageError as error:
        yield Check("kinesisvideo:ListStreams", "warning", error.message, error.remedy)
