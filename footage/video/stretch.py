"""One stretch of the side-by-side film: what decides how it looks, and the task that makes it."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from footage.errors import ToolFailed
from footage.models import Media
from footage.video.complaints import Ranges, Scan, examine
from footage.video.compose import Scene
from footage.video.cutting import Card, Shot, clips_in
from footage.video.encoder import Encoder
from footage.video.render import Engine, Words, render, with_ffmpeg
from footage.workshop import Place

COMPOSE_VERSION = 3
"""Raise it whenever the same input makes another picture: kept stretches of an older version are then not used."""
EngineWord = Literal["ffmpeg", "moviepy"]


@dataclass(frozen=True, slots=True)
class Order:
    """A stretch to be made. `key` is a name for everything that decides how it looks."""

    scene: Scene
    words: Words
    engine: EngineWord
    key: str


@dataclass(frozen=True, slots=True)
class Made:
    """What became of an order: a file beside its place or a failure in words, and what damage was found meanwhile.

    `examined` has the damaged parts of each clip that was looked at, by the clip's SHA-256.
    """

    path: Path | None
    failure: str = ""
    examined: Mapping[str, Ranges] = field(default_factory=dict)


def order_stretch(scene: Scene, words: Words, quality: str, engine: EngineWord) -> Order:
    """The order for a scene; its key tells what is in the files, not where they lie."""
    facts = {
        "version": COMPOSE_VERSION,
        "film": [scene.axis.window.start.isoformat(), str(scene.axis.fps), scene.stretch.start, scene.stretch.stop],
        "look": [quality, engine, asdict(scene.layout), asdict(words)],
        "tiles": [[_facts(cut) for cut in cuts] for cuts in scene.tiles],
    }
    return Order(scene, words, engine, hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32])


def _facts(cut: Shot | Card) -> list[str | int]:
    if isinstance(cut, Shot):
        return [cut.clip.sha256, cut.at, cut.frames]
    return [cut.label, cut.window.start.isoformat(), cut.window.end.isoformat(), cut.reason, cut.frames]


def make_stretch(
    place: Place,
    order: Order,
    encoder: Encoder,
    work: Path,
    known: Mapping[str, Ranges],
    scan: Scan | None = None,
) -> Made:
    """Make a stretch in a file of its own in `work`. A task: see footage/workshop.py.

    Where a decoder complains, the clips are examined but for those that are `known`. Raises DiskTrouble, Interrupted.
    """
    target = work / f"{order.key}-{encoder.name}.{os.getpid()}-{secrets.token_hex(4)}.part.mp4"
    try:
        failure, said = _render(place, order, encoder, target)
        examined = examine(failure or said, clips_in(order.scene.tiles), known, scan or _scan_with(place))
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return Made(None if failure else target, failure, examined)


def _render(place: Place, order: Order, encoder: Encoder, target: Path) -> tuple[str, str]:
    """How it failed, if it did, and else what the decoders complained of."""
    try:
        return "", render(order.scene, order.words, encoder, target, place.tool, place.threads, _engine(order.engine))
    except ToolFailed as error:
        target.unlink(missing_ok=True)
        return error.message, ""


def _engine(word: EngineWord) -> Engine:
    if word == "ffmpeg":
        return with_ffmpeg
    from footage.video.moviepy_engine import with_moviepy

    return with_moviepy


def _scan_with(place: Place) -> Scan:
    def scan(path: Path, media: Media) -> Ranges:
        from footage.video.damage import scan as decode

        return decode(path, media, tool=place.tool)

    return scan
