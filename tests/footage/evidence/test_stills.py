"""Claims about the stills that are planned of an incident."""

from __future__ import annotations

from typing import Any

from footage.evidence.stills import plan_stills


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
