"""Samsara's JSON: bodies of requests built from values, and values read from answers. Unknown words are data."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dateutil.parser import isoparse

from footage.cameras import CAMERA_INPUTS, known_word, word_of_input
from footage.errors import BadAnswer
from footage.models import UNTOLD, UTC, MediaLink, MediaType, Quota, Ticket, TimeWindow, Vehicle
from footage.wording import one_line, short_word

log = logging.getLogger(__name__)

Json = dict[str, Any]

_API_TYPES = {
    MediaType.HIGH: "videoHighRes",
    MediaType.LOW: "videoLowRes",
    MediaType.HYPERLAPSE: "hyperlapse",
    MediaType.IMAGE: "image",
}
# Before February 2026 all videos were called `video`.
_OUR_TYPES = {word: media_type.value for media_type, word in _API_TYPES.items()} | {"video": MediaType.HIGH.value}
_FILTERS = (MediaType.HIGH, MediaType.IMAGE)
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:[eE][+-]?\d+)?")
_REST = re.compile(r"\b(?:left|remain)", re.IGNORECASE)
_OF_THE_SECOND = re.compile(r"\d\D*\bof\s+\d", re.IGNORECASE)
_USED_SECOND = re.compile(r"\d\D*(?:\buse[ds]?\b|\busage\b)\D*$|\busage\b\D*[\d.,]+\D*$", re.IGNORECASE)


def rfc3339(moment: datetime) -> str:
    """The moment in UTC with `Z`, to the second, or to the millisecond where it has a fraction."""
    moment = moment.astimezone(UTC)
    precision = "milliseconds" if moment.microsecond >= 1000 else "seconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def retrieval_body(vehicle_id: str, window: TimeWindow, cameras: Sequence[str], media_type: MediaType) -> Json:
    """The body of a media retrieval; `cameras` are our words, inputs and roles mixed. A still has one moment only."""
    inputs = [CAMERA_INPUTS[word] for word in map(_canonical, cameras) if word in CAMERA_INPUTS]
    roles = [word for word in map(_canonical, cameras) if word not in CAMERA_INPUTS]
    end = window.start if media_type is MediaType.IMAGE else window.end
    body: Json = {
        "vehicleId": vehicle_id,
        "startTime": rfc3339(window.start),
        "endTime": rfc3339(end),
        "mediaType": _API_TYPES[media_type],
    }
    if inputs:
        body["inputs"] = inputs
    if roles:
        body["cameraRoles"] = roles
    return body


def uploaded_query(
    vehicle_ids: Sequence[str],
    window: TimeWindow,
    media_types: Sequence[MediaType],
    available_after: datetime | None,
) -> list[tuple[str, str]]:
    """The filters of the list of uploaded media, as repeated keys. It knows no filter for low and hyperlapse."""
    vehicles = ",".join(vehicle_ids)
    query = [("vehicleIds", vehicles), ("startTime", rfc3339(window.start)), ("endTime", rfc3339(window.end))]
    if all(media_type in _FILTERS for media_type in media_types):
        query += [("mediaTypes", _API_TYPES[media_type]) for media_type in media_types]
    if available_after is not None:
        query.append(("availableAfterTime", rfc3339(available_after)))
    return query


def ticket(body: Json) -> Ticket:
    """An accepted retrieval. Raises BadAnswer where its id is missing."""
    data = _part(body, "data", dict)
    retrieval_id = _text(data, "retrievalId")
    if not retrieval_id:
        raise BadAnswer("Samsara's answer to a request names no retrieval.")
    return Ticket(retrieval_id, quota(_text(data, "quotaStatus")))


def quota(sentence: str) -> Quota | None:
    """The two numbers of a sentence such as "... usage is 80000.4 seconds ... out of 900000.0 available.".

    None where its words leave open which is which: a figure that was misread would stop a run that fits.
    """
    numbers = [float(number.replace(",", "")) for number in _NUMBER.findall(sentence)]
    if len(numbers) != 2 or _REST.search(sentence):
        return None
    first, second = numbers
    if first <= second or _OF_THE_SECOND.search(sentence):
        return Quota(first, second)
    return Quota(second, first) if _USED_SECOND.search(sentence) else None


def vehicle_page(body: Json) -> tuple[list[Vehicle], str]:
    """The vehicles of one page, which may be none, and the cursor of the next one, empty after the last."""
    items = _part(body, "data", list)
    return [vehicle for vehicle in map(_vehicle, items) if vehicle is not None], cursor_of(body)


def media_links(body: Json) -> list[MediaLink]:
    """The media of one retrieval, each with its own status; a part that cannot be used is left out and logged.

    One that tells no camera or no times is kept: who asked for it may know.
    """
    data = _part(body, "data", dict)
    items = [] if data.get("media") is None else _part(data, "media", list)  # nothing yet may be told as null
    return [link for link in map(_link, items) if link is not None]


def uploaded_page(body: Json) -> tuple[list[MediaLink], str]:
    """One page of the list of uploaded media, and the cursor of the next one. What is listed is available."""
    return [link for link in media_links(body) if link.camera and link.is_timed], cursor_of(body)


def _canonical(word: str) -> str:
    return known_word(word) or word


def _part(body: Json, field: str, kind: type[Any]) -> Any:
    part = body.get(field)
    if not isinstance(part, kind):
        raise BadAnswer(f"Samsara's answer has no usable `{field}`.")
    return part


def _word(item: Json, field: str) -> str:
    """A word that people may read, as a status or a camera's."""
    return short_word(_text(item, field))


def _text(item: Json, field: str) -> str:
    """A field in its whole length, on one line, with nothing in it that steers a terminal or breaks a file."""
    value = item.get(field)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return one_line(value) if isinstance(value, str) else ""


def cursor_of(body: Json) -> str:
    """What asks for the next page; empty after the last."""
    pagination = body.get("pagination")
    if not isinstance(pagination, dict) or pagination.get("hasNextPage") is not True:
        return ""
    return _text(pagination, "endCursor")


def _vehicle(item: Any) -> Vehicle | None:
    if not isinstance(item, dict) or not _text(item, "id"):
        log.warning("Samsara lists a vehicle without an id; it is left out.")
        return None
    return Vehicle(
        id=_text(item, "id"),
        name=_text(item, "name"),
        plate=_word(item, "licensePlate"),
        vin=_word(item, "vin"),
        camera_serial=_word(item, "cameraSerial"),
    )


def _link(item: Any) -> MediaLink | None:
    if not isinstance(item, dict):
        log.warning("Samsara lists media in an unknown shape; it is left out.")
        return None
    start, end = moment_of(item, "startTime"), moment_of(item, "endTime")
    name, status, url, expires = _word(item, "input"), _word(item, "status"), *_address(item)
    # The list of uploaded media has no status, but it tells when each became available.
    if not status and (url or "availableAtTime" in item):
        status = "available"
    if not status:
        log.warning("Samsara lists media that cannot be used (%s, no status); it is left out.", name or "no input")
        return None
    window = _told_window(start, end)
    if window is None or not name:
        log.warning("Samsara lists media without an input or without its times (%s, %s).", name or "no input", status)
    return MediaLink(
        camera=word_of_input(name),
        window=window or _begin_only(start, end),
        status=status,
        is_timed=window is not None,
        role=_canonical(_word(item, "cameraRole")) or None,
        url=url,
        expires=expires,
        available_at=moment_of(item, "availableAtTime"),
        media_type=_our_type(_word(item, "mediaType")),
        trigger=_word(item, "triggerReason"),
        vehicle_id=_word(item, "vehicleId"),
    )


def _told_window(start: datetime | None, end: datetime | None) -> TimeWindow | None:
    return TimeWindow(start, end) if start and end and start <= end else None


def _begin_only(start: datetime | None, end: datetime | None) -> TimeWindow:
    """The beginning alone, where that is told and nothing speaks against it."""
    begin = start if start and not end else UNTOLD
    return TimeWindow(begin, begin)


def _our_type(word: str) -> str:
    return _OUR_TYPES.get(word, word)


def _address(item: Json) -> tuple[str | None, datetime | None]:
    info = item.get("urlInfo")
    if not isinstance(info, dict):
        return None, None
    return _text(info, "url") or None, moment_of(info, "urlExpiryTime")


def moment_of(item: Json, field: str) -> datetime | None:
    """A time in UTC, None where there is none that can be read."""
    try:
        moment = isoparse(_word(item, field))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
