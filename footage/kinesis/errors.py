"""What Kinesis Video and AWS's credentials say when something is wrong, in the words of what a person can do."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from footage.errors import BadAnswer, FootageError, InputRefused, NotAllowed, RequestRefused, ServiceUnreachable
from footage.pacing import Passing
from footage.wording import message_of, short_word

T = TypeVar("T")

_OWN = "kinesisvideo"
_GIVES_CREDENTIALS = {"GetRoleCredentials": "sso"}
"""Other services than STS that hand out credentials, by what is asked of them."""
NO_FRAGMENTS = "no_fragments"
OUT_OF_RETENTION = "out_of_retention"
_ENDPOINTS_TRIED = 2
_DIVISIBLE = {
    "InvalidCodecPrivateDataException",
    "MissingCodecPrivateDataException",
    "InvalidMediaFrameException",
    "UnsupportedStreamMediaTypeException",
}
_THROTTLES = {
    "ClientLimitExceededException",
    "ConnectionLimitExceededException",
    "ThrottlingException",
    "Throttling",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "429",
}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"}
_CLOCK = {"RequestExpired", "RequestTimeTooSkewed"}
_BAD_KEYS = {
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "AuthFailure",
}
_DENIED = {"AccessDeniedException", "AccessDenied", "NotAuthorizedException", "401", "403"}
_WORDS = (
    (re.compile(r"codec private data|\bCPD\b", re.IGNORECASE), "InvalidCodecPrivateDataException"),
    (re.compile(r"security token .*invalid", re.IGNORECASE), "UnrecognizedClientException"),
    (re.compile(r"no fragments found|stream .*not found", re.IGNORECASE), "ResourceNotFoundException"),
    (re.compile(r"rate exceeded|limit exceeded|throttl", re.IGNORECASE), "ClientLimitExceededException"),
    (re.compile(r"frames? .*parse", re.IGNORECASE), "InvalidMediaFrameException"),
    (re.compile(r"media type|codec id", re.IGNORECASE), "UnsupportedStreamMediaTypeException"),
    (re.compile(r"retention", re.IGNORECASE), "InvalidArgumentException"),
)
"""Where a proxy or an old header name leaves only the number of the status, the message still tells the code."""
_WRONG_CLOCK = re.compile(r"signature (expired|not yet current)", re.IGNORECASE)
_WRONG_PLACE = "Unable to determine service/operation name"


class AwsCredentials(NotAllowed):
    """AWS credentials are missing, incomplete, over or not known."""

    kind = "aws_credentials"
    remedy = "Sign in to AWS (aws sso login, aws configure or AWS_ACCESS_KEY_ID), then run the command again."


class AwsPermission(NotAllowed):
    """The credentials are good but may not do this; `action` is the IAM action that is missing."""

    kind = "permission"
    remedy = "Have the action that the message names allowed for the stream."

    def __init__(self, message: str, action: str) -> None:
        super().__init__(message)
        self.action = action


class ClipRefused(RequestRefused):
    """The service will not make a clip, or a list, of this range. `code` is its own word, or one of those above."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code

    @property
    def divisible(self) -> bool:
        """Whether a part of the same range may still be had."""
        return self.code in _DIVISIBLE


class Throttled(Passing):
    """The stream's quota of this second is used up."""


class EndpointLost(Passing):
    """The data endpoint is not, or no longer, the right one."""


@dataclass(frozen=True, slots=True)
class Call:
    """What was being done: the API's action, the stream as it was named, region and profile."""

    action: str
    stream: str = ""
    region: str = ""
    profile: str | None = None
    service: str = _OWN

    @property
    def permission(self) -> str:
        """The IAM action."""
        return f"{self.service}:{self.action}"

    @property
    def whom(self) -> str:
        """Who is asked, for a sentence."""
        return "Kinesis Video" if self.service == _OWN else "AWS"

    def within(self, operation: str) -> Call:
        """The call that an answer came to: to have credentials, boto3 asks other services in the midst of a call."""
        if operation == self.action:
            return self
        return replace(self, action=operation, stream="", service=_GIVES_CREDENTIALS.get(operation, "sts"))

    @property
    def of_stream(self) -> str:
        """` of stream X`, or nothing."""
        return f" of stream {self.stream}" if self.stream else ""

    def unanswered(self, said: str) -> Passing:
        """What to raise where the answer did not come, or not whole: another try may help."""
        return Passing(ServiceUnreachable(f"Kinesis Video did not answer {self.action}{self.of_stream}: {said}"))


def explain(call: Call, code: str, status: int, message: str) -> Exception:
    """The error that an error answer stands for; matched by code and HTTP status, never by a client's classes."""
    code, message = short_word(code), message_of(message)
    if _WRONG_PLACE in message:
        return EndpointLost(_wrong_endpoint(call))
    if code.isdigit():
        code = next((word for pattern, word in _WORDS if pattern.search(message)), code)
    known = _passing(call, code, status, message) or _not_allowed(call, code, status, message)
    if known is None and call.service != _OWN:
        return AwsCredentials(f"The AWS credentials could not be had: {call.permission} was refused. {message}".strip())
    return known or _refused(call, code, status, message)


def may_be_misplaced(code: str, status: int, message: str) -> bool:
    """Whether an expired data endpoint may speak here: anything that refuses, but for words that Kinesis Video has."""
    own = code in _EXPIRED | _CLOCK | _BAD_KEYS or "no fragments" in message.casefold()
    return _WRONG_PLACE in message or (status in (401, 403, 404, 410) and not own)


def explain_failure(call: Call, kinds: set[str], said: str) -> Exception:
    """The error that botocore's own ones stand for: no answer, no credentials, no such profile.

    `kinds` are the names of the error's classes, from its own to the most general.
    """
    said = message_of(said)
    if kinds & {"ConnectionError", "HTTPClientError", "IncompleteReadError"}:
        return call.unanswered(said)
    profile = f" --profile {call.profile}" if call.profile else ""
    if "MissingDependencyException" in kinds:
        return AwsCredentials(f'{said} Run: "{sys.executable}" -m pip install "botocore[crt]"; or sign in another way.')
    if "LoginError" in kinds:
        return AwsCredentials(f"{said} Run: aws login{profile}")
    if kinds & {"SSOError", "TokenRetrievalError"}:
        return AwsCredentials(f"The AWS sign-in is over or was never made. Run: aws sso login{profile}")
    if "NoCredentialsError" in kinds:
        return AwsCredentials("No AWS credentials were found. Sign in, or set AWS_ACCESS_KEY_ID and its secret.")
    if "PartialCredentialsError" in kinds:
        return AwsCredentials(f"The AWS credentials are incomplete. {said}")
    if "CredentialRetrievalError" in kinds:
        return AwsCredentials(f"The AWS credentials could not be had. {said}")
    return InputRefused(f"AWS cannot be asked with these settings: {said}")


def with_few_endpoints(ask: Callable[[], T]) -> Callable[[], T]:
    """The same call, for a retry around it: a lost endpoint is asked for anew, but not for ever."""
    lost = 0

    def once() -> T:
        nonlocal lost
        try:
            return ask()
        except EndpointLost as error:
            lost += 1
            if lost > _ENDPOINTS_TRIED:
                raise error.end from error
            raise

    return once


def _passing(call: Call, code: str, status: int, message: str) -> Exception | None:
    if code in _THROTTLES or status == 429:
        return Throttled(ServiceUnreachable(f"{call.whom} limits {call.action}{call.of_stream}: {message}"))
    if status >= 500 or code in ("InternalFailure", "ServiceUnavailable", "408"):
        said = f"{call.whom} answered {call.action}{call.of_stream} with an error ({status} {code})."
        return Passing(ServiceUnreachable(said))
    if code == "404" and call.service == _OWN:  # not in the service's form: whatever answers there is not Kinesis Video
        return EndpointLost(_wrong_endpoint(call))
    return None


def _not_allowed(call: Call, code: str, status: int, message: str) -> Exception | None:
    if code in _CLOCK or _WRONG_CLOCK.search(message):
        return AwsCredentials("AWS does not accept the time of this computer. Set its clock, then resume.")
    if code in _EXPIRED or (code in _DENIED and "expired" in message):
        line = f" Run: aws sso login --profile {call.profile}" if call.profile else ""
        return AwsCredentials(f"The AWS session is over; renew it, then resume: what is here is kept.{line}")
    if code in _BAD_KEYS:
        return AwsCredentials(f"AWS does not accept the credentials ({code}). Check the access key, or sign in again.")
    if code in _DENIED or status in (401, 403):
        action = "kms:Decrypt" if "kms" in message.casefold() else call.permission
        word = "" if code in _DENIED else f" ({code})"
        said = f"The AWS credentials may not do {action}{call.of_stream}. {message}".strip()
        return AwsPermission(f"{said}{word}", action)
    return None


def _refused(call: Call, code: str, status: int, message: str) -> FootageError:
    if code == "ResourceNotFoundException" and "fragments" in message.casefold():
        return ClipRefused(message, NO_FRAGMENTS)
    if code == "ResourceNotFoundException":
        return InputRefused(f"There is no stream {call.stream} in region {call.region} of this AWS account.")
    if code == "InvalidArgumentException" and "retention" in message:
        return ClipRefused(message, OUT_OF_RETENTION)
    if code in _DIVISIBLE or code == "NoDataRetentionException":
        return ClipRefused(message, code)
    if 400 <= status < 500 and call.action in ("GetClip", "ListFragments"):
        return ClipRefused(f"{call.action}{call.of_stream} was refused: {message} ({code})", code)
    if code in ("InvalidArgumentException", "ValidationException"):
        return InputRefused(f"Kinesis Video does not accept {call.stream or 'the request'}: {message}")
    return BadAnswer(f"Kinesis Video answered {call.action}{call.of_stream} with {status} {code}: {message}")


def _wrong_endpoint(call: Call) -> InputRefused:
    return InputRefused(
        f"{call.action}{call.of_stream} was answered by something that is not Kinesis Video's endpoint for it. "
        "Check KINESIS_DATA_ENDPOINT, AWS_ENDPOINT_URL_KINESIS_VIDEO and the region."
    )
