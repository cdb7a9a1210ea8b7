"""What a media file holds as plain JSON and back, so that a later run need not read the file again."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from footage.models import AudioTrack, Media, VideoTrack


def media_to_json(media: Media) -> dict[str, Any]:
    """All facts of `media` as dicts, lists, numbers and strings."""
    parts = {"damage": [list(part) for part in media.damage], "pauses": [list(part) for part in media.pauses]}
    return {**asdict(media), **parts}


def media_from_json(data: dict[str, Any]) -> Media:
    """Inverse of `media_to_json`, also of earlier versions. Raises KeyError or TypeError where facts are missing."""
    video, audio = data["video"], data["audio"]
    return Media(
        video=None if video is None else VideoTrack(**video),
        audio=None if audio is None else AudioTrack(**audio),
        first_picture=data["first_picture"],
        duration=data["duration"],
        complete=data["complete"],
        damage=tuple((begin, end) for begin, end in data["damage"]),
        pauses=tuple((begin, end) for begin, end in data.get("pauses", ())),
        key_delay=data.get("key_delay"),
    )
