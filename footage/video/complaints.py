"""What a decoder complained of while a stretch was made: which clips are really damaged, and whether that is news."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from footage.errors import BrokenMedia
from footage.models import Clip, Media

log = logging.getLogger(__name__)

Ranges = tuple[tuple[float, float], ...]
Scan = Callable[[Path, Media], Ranges]
"""Decodes a clip and returns its damaged parts, in seconds from its first picture."""

_HARMLESS = ("deprecated pixel format used", "Estimating duration from bitrate")
"""What ffmpeg warns of though every picture is right."""
_SLACK = 0.002


@dataclass(frozen=True, slots=True)
class Damage:
    """All parts of a clip that cannot be shown, in seconds from its first picture; some were not known before."""

    clip: Clip
    ranges: Ranges


def examine(said: str, clips: Iterable[Clip], known: Mapping[str, Ranges], scan: Scan) -> dict[str, Ranges]:
    """The damaged parts of these clips, by SHA-256, if anything worrying was said at all; what is `known` is believed.

    A clip that is not there is passed over.
    """
    if not worrying(said):
        return {}
    log.debug("looking for damage because ffmpeg said: %s", said.strip())
    there = (clip for clip in clips if clip.path.exists())
    return {clip.sha256: known[clip.sha256] if clip.sha256 in known else _examined(clip, scan) for clip in there}


def _examined(clip: Clip, scan: Scan) -> Ranges:
    try:
        return scan(clip.path, clip.media)
    except BrokenMedia as failure:
        log.warning("nothing of %s can be shown: %s", clip.path.name, failure.message)
        return ((0.0, clip.media.duration),)


class Complaints:
    """Keeps what was found when clips were examined, and tells each damage once. One thread at a time uses it."""

    def __init__(self) -> None:
        self.known: dict[str, Ranges] = {}
        self._told: set[tuple[str, Ranges]] = set()

    def news(self, examined: Mapping[str, Ranges], clips: Iterable[Clip]) -> tuple[Damage, ...]:
        """The damage of those clips that were `examined` which their Media does not list yet."""
        self.known.update(examined)
        found = (self._damage(clip, examined[clip.sha256]) for clip in clips if clip.sha256 in examined)
        return tuple(damage for damage in found if damage is not None)

    def tell(self, damages: Iterable[Damage]) -> tuple[Damage, ...]:
        """Each clip's damage once. What was told is no news again: the film is then made of what can be read."""
        by_clip = {damage.clip.sha256: damage for damage in damages}
        self._told |= {(damage.clip.sha256, damage.ranges) for damage in by_clip.values()}
        return tuple(by_clip.values())

    def _damage(self, clip: Clip, found: Ranges) -> Damage | None:
        known = clip.media.damage
        if all(any(a - _SLACK <= begin and end <= b + _SLACK for a, b in known) for begin, end in found):
            return None
        damage = Damage(clip, tuple(sorted({*known, *found})))
        return None if (clip.sha256, damage.ranges) in self._told else damage


def worrying(said: str) -> bool:
    """Whether any line of what ffmpeg said may mean that pictures are wrong."""
    lines = (line for line in said.splitlines() if line.strip())
    return any(not any(harmless in line for harmless in _HARMLESS) for line in lines)
