"""What Samsara's HTTP answers mean: status, headers and body become the error that a person can act on."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from footage.errors import (
    BadAnswer,
    FootageError,
    KeyRejected,
    NotRecording,
    PermissionMissing,
    QuotaReached,
    RequestRefused,
    ServiceUnreachable,
)
from footage.pacing import Passing, seconds_of
from footage.wording import message_of, short_word

Json = dict[str, Any]

_QUOTED_CHARACTERS = 300
_PERMISSION = re.compile(r"\b(?:Read|Write)(?: (?:[A-Z]\w*|&|\(v1\)))+")
_RATE = re.compile(r"rate.?limit|too many requests|per (?:second|minute|hour)", re.IGNORECASE)
_QUOTA = re.compile(r"quota", re.IGNORECASE)
_ALLOWANCE = re.compile(r"usage|allowance|month", re.IGNORECASE)
_USED_UP = re.compile(r"exceed|reach|exhaust|limit|used up|insufficient|not enough|remaining|left", re.IGNORECASE)
_PASSES_SECONDS = 60.0
"""A rate limit is over by then: Samsara's longest is counted by the minute. An allowance is not."""


@dataclass(frozen=True)
class Answer:
    """One answer as it came; `secret` is blanked where the service repeats it."""

    status: int
    content: bytes
    headers: Mapping[str, str]
    secret: str = ""

    @cached_property
    def body(self) -> Json:
        """The body as a JSON object. Raises BadAnswer where it is none, as a proxy's page or a cut answer."""
        try:
            body = json.loads(self.content)
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise BadAnswer(f"Samsara's answer ({self.status}) is not JSON of the expected shape.")
        return body

    @property
    def message(self) -> str:
        """What the service says about an error, on one line and of bearable length; empty where it says nothing."""
        text = self._text("message")
        if len(self.secret) >= 8:
            text = text.replace(self.secret, "***")
        return message_of(text, _QUOTED_CHARACTERS)

    @property
    def request_id(self) -> str | None:
        """The service's own id of the call, which its support asks for."""
        return short_word(self._text("requestId")) or None

    def _text(self, field: str) -> str:
        try:
            value = self.body.get(field)
        except BadAnswer:
            return ""
        return value if isinstance(value, str) else ""


def failure_of(answer: Answer, *, permission: str, spends: bool) -> Passing | FootageError | None:
    """What went wrong, None for a success. `permission` is what the call needs, `spends` whether it costs quota."""
    status = answer.status
    if 200 <= status < 300:
        return None
    if spends and 400 <= status < 500 and _speaks_of_quota(answer):
        return _error(QuotaReached, "Samsara's quota or usage limit is reached", answer)
    if status == 429 or status == 408 or status >= 500:
        return _passing(answer)
    if status in (401, 403):
        return _not_allowed(answer, permission)
    if 400 <= status < 500:
        kind = NotRecording if "not recording at" in answer.message.casefold() else RequestRefused
        return _error(kind, f"Samsara refused the request ({status})", answer)
    if 300 <= status < 400:
        return _error(BadAnswer, f"Samsara's address redirects elsewhere ({status}), which is not followed", answer)
    return _error(BadAnswer, f"Samsara answered with the unexpected status {status}", answer)


def _passing(answer: Answer) -> Passing:
    retry_after = seconds_of(answer.headers)
    if answer.status == 429:
        end = _error(ServiceUnreachable, "Samsara limits the rate of requests (429)", answer)
        return Passing(end, retry_after=retry_after, not_taken=True)
    end = _error(ServiceUnreachable, f"Samsara has trouble of its own ({answer.status})", answer)
    return Passing(end, retry_after=retry_after)


def _not_allowed(answer: Answer, permission: str) -> FootageError:
    if answer.status == 401:
        return _error(KeyRejected, "Samsara does not accept the key (401)", answer)
    named = _PERMISSION.search(answer.message)
    missing = named.group() if named else permission
    return _error(PermissionMissing, f'The key lacks the permission "{missing}" (403)', answer)


def _speaks_of_quota(answer: Answer) -> bool:
    """A used-up allowance, as opposed to a rate limit, which also says 429 but passes within a minute."""
    text = answer.message
    if not (_QUOTA.search(text) or (_ALLOWANCE.search(text) and _USED_UP.search(text))):
        return False
    retry_after = seconds_of(answer.headers)
    passes = retry_after is not None and retry_after <= _PASSES_SECONDS
    return "month" in text.casefold() or not (_RATE.search(text) or passes)


def _error(kind: type[FootageError], sentence: str, answer: Answer) -> FootageError:
    said = f': "{answer.message}"' if answer.message else "."
    return kind(sentence + said, request_id=answer.request_id)
