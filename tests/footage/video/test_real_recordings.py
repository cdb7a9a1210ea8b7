"""The two real recordings, as two cameras of one vehicle, through the side-by-side film."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import av

from footage.models import TimeWindow
from footage.timeline import lay
from footage.video.ffmpeg import FFmpeg
from footage.video.side_by_side import Look, SideBySide, Tile
from tests.footage_samples import REAL, clip, needs_real_recordings

NAMES = {"Road": "road_highway_960x540_25fps.mp4", "Driver": "camera_1280x720_30fps_aac.mp4"}
START = datetime(2025, 4, 16, 18, 30, tzinfo=timezone.utc)
SECONDS, FPS = 10, 30


@needs_real_recordings
def test_two_real_recordings_stand_side_by_side_for_just_the_asked_time(tmp_path: Path) -> None:
    window = TimeWindow(START, START + timedelta(seconds=SECONDS))
    tiles = [Tile(label, lay(window, [clip(REAL / name, START)], [])) for label, name in NAMES.items()]
    look = Look(title="Truck 104", timezone="America/Chicago", layout="row", tile_height=180, fps=FPS)
    film = SideBySide(window, look, work=tmp_path, tool=FFmpeg())
    assert film.complete(tiles) == ()
    made = film.finish(tiles, None, tmp_path / "film.mp4")
    with av.open(str(made.path)) as opened:
        pictures = [frame.to_ndarray(format="gray") for frame in opened.decode(video=0)]
    assert len(pictures) == made.frames == SECONDS * FPS
    middle = pictures[len(pictures) // 2][-180:]
    assert middle[:, :320].std() > 10
    assert middle[:, 320:].std() > 10
