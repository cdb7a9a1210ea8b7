"""What a decoder complained of while a stretch was made: which clips are really damaged, and whether that is news."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
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


class Complaints:
    """Looks closer at clips after a decoder complained; each clip is decoded once for that, however often asked."""

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self._found: dict[str, Ranges] = {}
        self._told: set[tuple[str, Ranges]] = set()
        self._lock = threading.Lock()

    def news(self, said: str, clips: Iterable[Clip]) -> tuple[Damage, ...]:
        """The damage of these clips that their Media does not list yet, if anything worrying was said at all."""
        if not worrying(said):
            return ()
        log.debug("looking for damage because ffmpeg said: %s", said.strip())
        return tuple(damage for clip in clips if clip.path.exists() and (damage := self._damage(clip)))

    def tell(self, damages: Iterable[Damage]) -> tuple[Damage, ...]:
        """Each clip's damage once. What was told is no news again: the film is then made of what can be read."""
        by_clip = {damage.clip.sha256: damage for damage in damages}
        self._told |= {(damage.clip.sha256, damage.ranges) for damage in by_clip.values()}
        return tuple(by_clip.values())

    def _damage(self, clip: Clip) -> Damage | None:
        with self._lock:
            if clip.sha256 not in self._found:
                self._found[clip.sha256] = self._examined(clip)
            found = self._found[clip.sha256]
        known = clip.media.damage
        if all(any(a - _SLACK <= begin and end <= b + _SLACK for a, b in known) for begin, end in found):
            return None
        damage = Damage(clip, tuple(sorted({*known, *found})))
        return None if (clip.sha256, damage.ranges) in self._told else damage

    def _examined(self, clip: Clip) -> Ranges:
        try:
            return self._scan(clip.path, clip.media)
        except BrokenMedia as failure:
            log.warning("nothing of %s can be shown: %s", clip.path.name, failure.message)
            return ((0.0, clip.media.duration),)


def worrying(said: str) -> bool:
    """Whether any line of what ffmpeg said may mean that pictures are wrong."""
    lines = (line for line in said.splitlines() if line.strip())
    return any(not any(harmless in line for harmless in _HARMLESS) for line in lines)
