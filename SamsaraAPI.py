"""Samsara over HTTP: JSON becomes values, status codes become errors. No disk, no prompts, no polling.

Facts of the service (limits, traps, wordings) were compiled from Samsara's SDK and reference, November 2026.
"""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
)

from footage.addresses import is_loopback, service_address
from footage.errors import (
    BadAnswer,
    FateUnknown,
    FootageError,
    RequestRefused,
    ServiceUnreachable,
)
from footage.keys import clean_key
from footage.models import MediaLink, MediaType, Ticket, TimeWindow, Vehicle
from footage.pacing import Clock, Pacer, Passing, Pause, Retry
from footage.samsara import payloads
from footage.samsara import telematics_payloads as telematics
from footage.samsara.answers import Answer, failure_of
from footage.samsara.receiving import Intake
from footage.telematics import Reading

log = logging.getLogger(__name__)

T = TypeVar("T")
Json = dict[str, Any]
Query = list[tuple[str, str]]
Page = tuple[list[T], str]

DEFAULT_URL = "https://api.samsara.com"
PAGE_SIZE = 512
_AGENT = "incident-footage/0.1"


@dataclass(frozen=True, slots=True)
class UploadedPage:
    """One page of media that Samsara already holds; `cursor` asks for the next one, None after the last."""

    links: tuple[MediaLink, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class _Endpoint:
    method: str
    path: str
    permission: str


_VEHICLES = _Endpoint("GET", "/fleet/vehicles", "Read Vehicles")
_CREATE = _Endpoint("POST", "/cameras/media/retrieval", "Write Media Retrieval")
_RETRIEVAL = _Endpoint("GET", "/cameras/media/retrieval", "Read Media Retrieval")
_UPLOADED = _Endpoint("GET", "/cameras/media", "Read Media Retrieval")
_STREAM = _Endpoint("GET", "/assets/location-and-speed/stream", "Read Vehicles")
_HISTORY = _Endpoint("GET", "/fleet/vehicles/stats/history", "Read Vehicle Statistics")


class SamsaraClient:
    """Samsara's API for one key; may be used by several threads.

    `timeout` is (connect, read) in seconds, the second also for an answer as a whole; `attempts` and `patience`
    (seconds) limit the repetition of one call. Setting `stop` ends every wait at once with Interrupted. Every call may
    raise KeyRejected, PermissionMissing, ServiceUnreachable (the retries are used up) and BadAnswer; every error
    carries the server's request id.
    """

    def __init__(
        self,
        key: str,
        *,
        base_url: str = DEFAULT_URL,
        timeout: tuple[float, float] = (10, 60),
        attempts: int = 8,
        patience: float = 120.0,
        session: requests.Session | None = None,
        sleep: Callable[[float], object] | None = None,
        clock: Clock = time.monotonic,
        stop: threading.Event | None = None,
    ) -> None:
        self._auth = _Bearer(clean_key(key))
        self._base_url = service_address(base_url)
        self._timeout = timeout
        self._session = session or _new_session(self._base_url)
        pause = Pause(stop, sleep)
        self._take_in = Intake(pause, clock, timeout[1])
        self._retry = Retry(pause, attempts=attempts, patience=patience, clock=clock)
        self._retry_briefly = Retry(pause, attempts=min(attempts, 3), patience=min(patience, 20.0), clock=clock)
        self._pace_posts = Pacer(10, 6.7, pause, clock)  # at most 100 in any 60 s
        self._pace = Pacer(1, 0.26, pause, clock)  # all calls together: at most 5 in any 1 s
        self.service_date = ""
        """The `Date` header of the latest answer, empty before the first."""

    def vehicles(self) -> list[Vehicle]:
        """All vehicles that the key can see; a token that is limited by tag sees fewer."""
        try:
            found = list(self._pages(_VEHICLES, [("limit", str(PAGE_SIZE))], payloads.vehicle_page, self._retry))
        except RequestRefused as error:  # nothing in this request is anybody's choice but the address
            message = f"The list of vehicles cannot be read; is the address right? {error.message}"
            raise BadAnswer(message, request_id=error.request_id) from error
        return list({vehicle.id: vehicle for vehicle in found}.values())

    def readings(self, vehicle_id: str, window: TimeWindow, *, fine: bool = True) -> Iterator[Reading]:
        """A vehicle's speed and place, every second where `fine` and Samsara keeps it so, else from its statistics.

        They come page by page: a day of them need never be in memory. Repetitions are few, as a run can do without.
        """
        query = telematics.stream_query(vehicle_id, window) if fine else telematics.history_query(vehicle_id, window)
        endpoint, page = (_STREAM, telematics.stream_page) if fine else (_HISTORY, telematics.history_page)
        return self._pages(endpoint, query, page, self._retry_briefly)

    def create_retrieval(
        self, vehicle_id: str, window: TimeWindow, cameras: Sequence[str], media_type: MediaType
    ) -> Ticket:
        """Ask for one window of several cameras. This spends quota, so it is never repeated blindly.

        It is sent again only after a 429 and where it provably never left; ServiceUnreachable and BadAnswer therefore
        mean that it was not accepted. FateUnknown means that it may have been: look before asking again. RequestRefused
        and NotRecording concern this window and these cameras only; QuotaReached concerns all that follow.
        """
        body = payloads.retrieval_body(vehicle_id, window, cameras, media_type)
        return self._retry(lambda: self._send(body))

    def retrieval(self, retrieval_id: str, *, patient: bool = True) -> list[MediaLink]:
        """What has become of a retrieval, a link per piece of media; an empty list means that it is still pending.

        Who looks again anyway is not `patient`: a call that fails is repeated for a few seconds only.
        """
        retry = self._retry if patient else self._retry_briefly
        return self._read(_RETRIEVAL, [("retrievalId", retrieval_id)], payloads.media_links, retry)

    def uploaded(
        self,
        vehicle_ids: Sequence[str],
        window: TimeWindow,
        *,
        media_types: Sequence[MediaType],
        available_after: datetime | None = None,
        cursor: str | None = None,
        patient: bool = True,
    ) -> UploadedPage:
        """One page of what is already uploaded, by whomever it was asked for, of at most 20 vehicles. Costs no quota.

        `window` may be 24 hours long at most. `available_after` leaves out what became available earlier. To get the
        next page, repeat the call with its `cursor` and everything else unchanged. `patient`: as for `retrieval`.
        """
        query = payloads.uploaded_query(vehicle_ids, window, media_types, available_after)
        query += [("after", cursor)] if cursor else []
        retry = self._retry if patient else self._retry_briefly
        found, following = self._read(_UPLOADED, query, payloads.uploaded_page, retry)
        wanted = {media_type.value for media_type in media_types}
        links = tuple(link for link in found if link.media_type in wanted)
        return UploadedPage(links, following if following and following != cursor else None)

    def _pages(self, endpoint: _Endpoint, query: Query, parse: Callable[[Json], Page[T]], retry: Retry) -> Iterator[T]:
        """What all pages hold."""
        cursor, seen = "", {""}
        while True:
            asked = [*query, *([("after", cursor)] if cursor else [])]
            items, cursor = self._read(endpoint, asked, parse, retry)
            yield from items
            if cursor in seen:  # no next page, or a cursor that leads in a circle
                return
            seen.add(cursor)

    def _read(self, endpoint: _Endpoint, query: Query, parse: Callable[[Json], T], retry: Retry) -> T:
        return retry(lambda: self._exchange(endpoint, parse, params=query))

    def _send(self, body: Json) -> Ticket:
        self._pace_posts()
        try:
            return self._exchange(_CREATE, payloads.ticket, json=body)
        except Passing as passing:
            if passing.not_taken:
                raise
            message = f"It is not known whether Samsara accepted a request: {passing.end.message}"
            raise FateUnknown(message, request_id=passing.end.request_id) from passing

    def _exchange(self, endpoint: _Endpoint, parse: Callable[[Json], T], **content: Any) -> T:
        """One request and its answer. Raises Passing for what may go better in a moment, else the final error."""
        self._pace()
        began = time.monotonic()
        try:
            with self._session.request(
                endpoint.method,
                self._base_url + endpoint.path,
                headers={"User-Agent": _AGENT, "Accept": "application/json"},
                auth=self._auth,
                timeout=self._timeout,
                allow_redirects=False,  # the key goes to no other address
                stream=True,
                **content,
            ) as response:
                body = self._take_in(partial(_read, response))
        except requests.RequestException as error:
            log.info("%s %s failed: %s", endpoint.method, endpoint.path, type(error).__name__)
            raise _transport_failure(error, urlsplit(self._base_url).netloc) from error
        took = (time.monotonic() - began) * 1000
        log.debug("%s %s %d %.0f ms", endpoint.method, endpoint.path, response.status_code, took)
        self.service_date = response.headers.get("Date", "")
        answer = Answer(response.status_code, body, response.headers, self._auth.key)
        return _understood(answer, endpoint, parse)


class _Bearer(AuthBase):
    """Puts the key on a request. As an auth object it also keeps a .netrc from replacing the key."""

    def __init__(self, key: str) -> None:
        self.key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.key}"
        return request


def _new_session(base_url: str) -> requests.Session:
    session = requests.Session()
    # A proxy that is set for the outside world has no business between this computer and itself.
    session.trust_env = not is_loopback(urlsplit(base_url).hostname or "")
    return session


def _read(response: requests.Response, count: int) -> bytes:
    """What has come in of a body. A read that waits for all of it would not see how slowly it comes."""
    try:
        piece: bytes = response.raw.read1(count, decode_content=True)
    except ReadTimeoutError as error:
        raise requests.ReadTimeout(error) from error
    except HTTPError as error:
        raise requests.exceptions.ChunkedEncodingError(error) from error
    return piece


def _transport_failure(error: requests.RequestException, host: str) -> Passing | FootageError:
    reason = error.args[0] if error.args else None
    if isinstance(reason, MaxRetryError):
        reason = reason.reason
    if _caused_by(reason, ssl.SSLCertVerificationError):
        return ServiceUnreachable(f"The certificate of {host} cannot be verified; is there a company proxy between?")
    not_taken = isinstance(reason, NewConnectionError | ConnectTimeoutError | ProxyError) or _failed_handshake(reason)
    if not_taken:
        what = "cannot be reached"
    else:
        what = "did not answer in time" if isinstance(error, requests.Timeout) else "broke the connection off"
    return Passing(ServiceUnreachable(f"{host} {what} ({type(error).__name__})."), not_taken=not_taken)


def _failed_handshake(reason: object) -> bool:
    """Whether TLS failed before any byte of the request was sent; an error on a connection that stood is not that."""
    words = ("HANDSHAKE", "PROTOCOL_VERSION", "WRONG_VERSION_NUMBER", "UNSUPPORTED_PROTOCOL", "NO_PROTOCOLS")
    found = _caused_by(reason, ssl.SSLError)
    return found is not None and any(word in str(found).upper() for word in words)


def _caused_by(error: object, kind: type[BaseException]) -> BaseException | None:
    while isinstance(error, BaseException):
        if isinstance(error, kind):
            return error
        error = error.__cause__ or next((part for part in error.args if isinstance(part, BaseException)), None)
    return None


def _understood(answer: Answer, endpoint: _Endpoint, parse: Callable[[Json], T]) -> T:
    failure = failure_of(answer, permission=endpoint.permission, spends=endpoint is _CREATE)
    if failure is not None:
        raise failure
    try:
        return parse(answer.body)
    except BadAnswer as error:
        raise Passing(BadAnswer(error.message, request_id=answer.request_id)) from error
