"""The words for cameras: what people type, what Samsara takes, and what Samsara answers."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

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

# The list of uploaded media calls the two dash cameras differently from the retrievals.
_LISTED_INPUTS = {"dashcamForwardFacing": "road", "dashcamInwardFacing": "driver"}
_WORDS = {name: word for word, name in CAMERA_INPUTS.items()} | _LISTED_INPUTS
_CANONICAL = {word.casefold(): word for word in (*CAMERA_INPUTS, *CAMERA_ROLES)}


def known_word(text: str) -> str | None:
    """An input or a role in its own spelling, whatever the case of `text`; None for a word that is neither."""
    return _CANONICAL.get(text.casefold())


def word_of_input(name: str) -> str:
    """Our word for an `input` of an answer; a name that is not known stays as it is, for the service may add some."""
    return _WORDS.get(name, name)
