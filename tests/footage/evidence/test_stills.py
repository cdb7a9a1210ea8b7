"""Claims about the stills that are planned of an incident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import av

from footage.errors import ToolFailed
from footage.evidence.stills import plan_stills, take_stills
from footage.video.ffmpeg import FFmpeg
from tests.footage_samples import PLAIN, make


def manifest(start: str, end: str) -> dict[str, Any]:
    """An incident of one camera with one film over all of it."""
    original = {"file": "Road_VideoClip.mp4", "role": "original", "stream": {"video": {"frame_rate": 30.0}}}
    film = {"file": "Road_Merged_x.mp4", "role": "joined", "camera": "road", "sha256": "0" * 64}
    piece = {"start": start, "end": end, "clip": "Road_VideoClip.mp4", "film": 0.0}
    return {
        "incident": {"start": start, "end": end, "timezone": "America/Chicago", "media_type": "high"},
        "files": [original, film],
        "cameras": {"road": {"timeline": [piece]}},
    }


def test_stills_of_a_repeated_hour_keep_apart_what_the_clock_showed_twice() -> None:
    shots = plan_stills(manifest("2026-11-01T06:30:00Z", "2026-11-01T08:30:00Z"))
    assert [shot.why for shot in shots] == ["begin", "middle", "end"]
    assert [shot.name for shot in shots][:2] == [
        "stills/Road_2026-11-01_01-30-00-0500.000.jpg",
        "stills/Road_2026-11-01_01-30-00-0600.000.jpg",
    ]


def test_stills_of_any_other_hour_have_plain_names() -> None:
    shots = plan_stills(manifest("2026-11-02T06:30:00Z", "2026-11-02T08:30:00Z"))
    assert shots[0].name == "stills/Road_2026-11-02_00-30-00.000.jpg"


def test_a_clip_of_a_single_picture_that_tells_no_rate_has_stills_too() -> None:
    told = manifest("2026-11-02T06:30:00Z", "2026-11-02T08:30:00Z")
    told["files"][0]["stream"]["video"]["frame_rate"] = 0.0
    assert [shot.why for shot in plan_stills(told)] == ["begin", "middle", "end"]


NOW = datetime(2026, 11, 18, 16, 0, tzinfo=timezone.utc)


def spoil(film: Path, begin: float) -> None:
    """Overwrite what is coded of the pictures from `begin` on."""
    with av.open(str(film)) as opened:
        packets = [(packet, packet.time_base) for packet in opened.demux(video=0) if packet.pts is not None]
        places = [(packet.pos, packet.size) for packet, base in packets if packet.pts * base >= begin]
    content = bytearray(film.read_bytes())
    for place, size in places:
        content[place : place + size] = b"\xff" * size
    film.write_bytes(content)


def test_the_last_picture_before_a_long_damage_is_a_still(tmp_path: Path) -> None:
    film = make(tmp_path / "Road_Merged_x.mp4", PLAIN.but(seconds=12.0, sound=""))
    spoil(film, 4.0)
    begin = plan_stills(manifest("2026-11-02T06:30:00Z", "2026-11-02T06:30:12Z"))[0]
    [still] = take_stills(tmp_path, [replace(begin, seconds=3.9)], [], FFmpeg(), NOW)
    assert (tmp_path / still["file"]).stat().st_size == still["bytes"] > 0


class _Fails(FFmpeg):
    def run(self, arguments: Sequence[str]) -> str:
        raise ToolFailed("ffmpeg ended with code 69")


def test_a_still_that_cannot_be_made_costs_itself_only(tmp_path: Path) -> None:
    shots = plan_stills(manifest("2026-11-02T06:30:00Z", "2026-11-02T08:30:00Z"))
    assert take_stills(tmp_path, shots, [], _Fails(), NOW) == []
