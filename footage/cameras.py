"""The words for cameras: what people type, what Samsara takes, and what Samsara answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from footage.errors import InputRefused
from footage.models import Camera, Clip
from footage.wording import one_line

CAMERA_INPUTS: Mapping[str, str] = MappingProxyType(
    {
        "road": "dashcamRoadFacing",
        "driver": "dashcamDriverFacing",
        "analog1": "analog1",
        "analog2": "analog2",
        "analog3": "analog3",
        "analog4": "analog4",
    }
)
"""Our word -> the `inputs` word of a media retrieval."""

CAMERA_ROLES: tuple[str, ...] = (
    "leftMirrorMount",
    "leftSide",
    "rightMirrorMount",
    "rightSide",
    "rearHigh",
    "rearBumper",
    "inCab",
    "front",
    "hopper",
    "other1",
    "other2",
    "other3",
    "other4",
    "leftBev",
    "rightBev",
    "rearBev",
    "frontBev",
    "otherBev",
    "bevNotUsed",
)
"""The `cameraRoles` words that Samsara resolves to an analog input when the request is made."""

DEFAULT_CAMERAS: tuple[str, ...] = ("road", "driver", "analog1")
"""The words that are asked for where nobody says otherwise."""

# The patterns of a stream's name and ARN, from the service's own model (API version 2017-09-30).
_STREAM = re.compile(r"[a-zA-Z0-9_.-]{1,256}|arn:[a-z\d-]+:kinesisvideo:[a-z0-9-]+:\d+:[a-z]+/[a-zA-Z0-9_.-]+/\d+")

# The list of uploaded media calls the two dash cameras differently from the retrievals.
_LISTED_INPUTS = {"dashcamForwardFacing": "road", "dashcamInwardFacing": "driver"}
_FROM_STREAM = "GetClip of "
_WORDS = {name: word for word, name in CAMERA_INPUTS.items()} | _LISTED_INPUTS
_CANONICAL = {word.casefold(): word for word in (*CAMERA_INPUTS, *CAMERA_ROLES)}


def known_word(text: str) -> str | None:
    """An input or a role in its own spelling, whatever the case of `text`; None for a word that is neither."""
    return _CANONICAL.get(text.casefold())


def is_analog(word: str) -> bool:
    """Whether an input or a role is one of an analog camera; every role is resolved to an analog input."""
    return word not in ("road", "driver")


def word_of_input(name: str) -> str:
    """Our word for an `input` of an answer; a name that is not known stays as it is, for the service may add some."""
    return _WORDS.get(name, name)


def parse_streams(text: str) -> tuple[Camera, ...]:
    """Kinesis cameras from CAMERA=STREAM pairs with commas between; a stream is a name or an ARN."""
    return tuple(_stream_of(pair.strip()) for pair in text.split(",") if pair.strip())


def _stream_of(pair: str) -> Camera:
    word, equals, stream = (one_line(part) for part in pair.partition("="))
    if not (equals and word and _STREAM.fullmatch(stream)):
        raise InputRefused(
            f"{pair[:60]!r} is no stream: type CAMERA=STREAM, as in yard=gate-camera-1, with the stream's name or ARN."
        )
    return Camera(word, source="kinesis", stream=stream)


def stream_name(stream: str) -> str:
    """The name of a stream that may be given as an ARN: `arn:aws:kinesisvideo:REGION:ACCOUNT:stream/NAME/CODE`."""
    return stream.split("/")[1] if stream.startswith("arn:") else stream


def stream_region(stream: str) -> str | None:
    """The region that an ARN names."""
    parts = stream.split(":")
    return parts[3] or None if len(parts) > 5 and parts[0] == "arn" else None


def stream_source(stream: str | None, selector: str) -> str:
    """What a clip of a stream, placed by this clock, names as its source."""
    return f"{_FROM_STREAM}{stream} by {selector} time"


def may_show(camera: Camera, clip: Clip) -> bool:
    """Whether a clip under the camera's word is really its own: of the same stream, and placed by the same clock."""
    if camera.stream is None:
        return not clip.source.startswith(_FROM_STREAM)
    return clip.source == stream_source(camera.stream, camera.selector)
