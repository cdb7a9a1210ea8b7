"""What the journal knows of each film: of what it was made, how, when, by which programs, and the hash it had then."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from footage.hashing import hash_file
from footage.journal import Journal
from footage.models import Clip
from footage.values_json import time_text
from footage.version import PROGRAM, VERSION
from footage.video.ffmpeg import FFmpeg
from footage.video.film import Film
from footage.video.join import Joined
from footage.workshop import Kind, Terms, Workshop, results

SIDE_BY_SIDE = ""
"""The word under which the side-by-side stands; each camera's film stands under the camera's word."""
CONTACT_SHEET = "="
"""The same for the sheet of all stills; no camera's word can hold this sign."""

Facts = dict[str, Any]


class FilmBook:
    """The films of one journal. A film counts as made while its file is there and it is made of what is wanted now."""

    def __init__(self, journal: Journal, tool: FFmpeg, workshop: Workshop, *, clock: Callable[[], datetime]) -> None:
        self._journal = journal
        self._tool = tool
        self._workshop = workshop
        self._clock = clock

    def made(self, word: str, key: str) -> Facts | None:
        """What is known of a film that is made of just this and still there."""
        made: Facts | None = self._journal.films.get(word)
        if made is None or made["key"] != key:
            return None
        path = self._journal.folder / made["file"]
        return made if path.is_file() and path.stat().st_size == made["bytes"] else None

    def enter_joined(self, word: str, key: str, joined: Joined, clips: Sequence[Clip]) -> None:
        """Note a camera's film, with the map from its time to the wall clock."""
        placed = [
            {
                "clip": each.clip.path.name,
                "utc": time_text(each.clip.window.start),
                "film_start": round(each.film_start, 6),
                "film_end": round(each.film_end, 6),
            }
            for each in joined.placed
        ]
        commands = [shlex.join(("ffmpeg", *joined.command))]
        facts = {"seconds": round(joined.seconds, 6), "packets": joined.packets, "placed": placed}
        self._enter(word, joined.path, key, joined.notes, commands, clips, facts)

    def enter_side_by_side(self, key: str, film: Film, clips: Sequence[Clip]) -> tuple[str, ...]:
        """Note the film of all cameras, whose time is the asked time; returns the notes that a later run will read."""
        notes = (*film.notes, f"The side-by-side was encoded with {film.encoder}.")
        facts = {
            "seconds": film.seconds,
            "frames": film.frames,
            "width": film.width,
            "height": film.height,
            "encoder": film.encoder,
            "audio": film.audio,
        }
        self._enter(SIDE_BY_SIDE, film.path, key, notes, film.commands, clips, facts)
        return notes

    def enter_sheet(self, key: str, path: Path, clips: Sequence[Clip]) -> None:
        """Note the sheet of all stills."""
        self._enter(CONTACT_SHEET, path, key, (), (), clips, {})

    def seal(self) -> None:
        """Take the hash of each film that has none yet, several at once. It is the hash from when the film was made."""
        open_words = [word for word, made in self._journal.films.items() if not made.get("sha256")]
        paths = [self._journal.folder / self._journal.films[word]["file"] for word in open_words]
        terms = Terms(self._tool, Kind.COPY)
        hashes = results([self._workshop.submit(terms, hash_file, path) for path in paths], self._tool)
        if open_words:
            with self._journal.together():
                for word, sha256 in zip(open_words, hashes, strict=True):
                    self._journal.films[word]["sha256"] = sha256

    def _enter(
        self,
        word: str,
        path: Path,
        key: str,
        notes: Sequence[str],
        commands: Sequence[str],
        clips: Sequence[Clip],
        facts: Facts,
    ) -> None:
        here = f"{self._journal.folder.absolute()}{os.sep}"
        with self._journal.together():
            self._journal.films[word] = {
                "file": path.name,
                "key": key,
                "bytes": path.stat().st_size,
                "notes": list(notes),
                "made": time_text(self._clock()),
                "program": f"{PROGRAM} {VERSION}",
                "ffmpeg": self._tool.version,
                "parents": [clip.path.name for clip in clips],
                "commands": [command.replace(here, "") for command in commands],
                **facts,
            }


def key_of(parts: Sequence[Any]) -> str:
    """A short name for everything that a film is made of."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
