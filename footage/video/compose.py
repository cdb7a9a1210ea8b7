"""Builds the one ffmpeg command that makes a stretch of the side-by-side film. Pure: no file is touched here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil
from pathlib import Path

from footage.models import VideoTrack
from footage.video.cutting import Card, FrameAxis, Shot
from footage.video.encoder import Encoder
from footage.video.ffmpeg import SAFE_INPUT, WHAT_CAN_BE_READ
from footage.video.layout import Box, Layout

_SECOND = 1_000_000
_BIAS = 167
"""Cameras' times stand on whole milliseconds, so a picture often lies exactly between two frames of the film, where the
rounding of its file's clock would decide, now this way, now that. A sixth of a millisecond lies between all of them."""

_LONGEST_DELAY = 1.0
"""How long after its decoding time a key picture may be shown, in seconds, where nobody looked."""
COLOURS = "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"
"""What the film calls its colours. Were parts of it called otherwise, ffmpeg would take them through RGB."""
_BT709 = 1
_BT601 = (2, 5, 6)
"""Matrices by their numbers in ITU-T H.273. What a camera leaves unsaid (2) is read as ffmpeg and moviepy read it."""
_PAINTED = f"scale=out_range=tv:out_color_matrix=bt709,format=yuv420p,setsar=1,{COLOURS}"


@dataclass(frozen=True, slots=True)
class Scene:
    """All that goes into one stretch: its frames on the film's axis, and what each tile shows in them."""

    axis: FrameAxis
    stretch: range
    layout: Layout
    tiles: tuple[tuple[Shot | Card, ...], ...]

    @property
    def clock_seconds(self) -> tuple[datetime, ...]:
        """The whole seconds that the clock shows in this stretch; the first is under way when it begins."""
        start = self.axis.instant(self.stretch.start)
        first = start.replace(microsecond=0)
        frames = (self.axis.at_or_after(first + timedelta(seconds=after)) for after in range(1, _SECOND))
        count = 1 + next(after for after, frame in enumerate(frames) if frame >= self.stretch.stop)
        return tuple(first + timedelta(seconds=second) for second in range(count))


@dataclass(frozen=True, slots=True)
class Art:
    """Where the painted parts are, as raw RGB: title, the clock's seconds after each other, headings, slates."""

    title: Path
    clock: Path
    headings: tuple[Path, ...]
    slates: dict[Card, Path]


@dataclass(frozen=True, slots=True)
class _Source:
    """An input of ffmpeg and the filters that make it a part of the picture, with exactly the scene's frames."""

    arguments: tuple[str, ...]
    pad: str
    filters: str


def command(scene: Scene, art: Art, encoder: Encoder, target: Path, *, threads: int) -> list[str]:
    """The arguments that make ffmpeg decode, scale, stack and encode the scene into `target`.

    `threads` bounds what each decoder, the filters and the encoder take, and with it the memory.
    """
    boxes = [scene.layout.title, scene.layout.clock, *scene.layout.headings, *scene.layout.cells]
    parts = list(_parts(scene, art, threads))
    arguments: list[str] = []
    graph: list[str] = []
    for number, sources in enumerate(parts):
        first = arguments.count("-i")
        arguments += [argument for source in sources for argument in source.arguments]
        graph += _part(number, first, sources, scene.axis.fps)
    graph.append(_stack(boxes, encoder))
    rate = scene.axis.fps
    return [
        *encoder.device, "-filter_complex_threads", str(threads), *arguments,
        "-filter_complex", ";".join(graph), "-map", "[film]", "-frames:v", str(len(scene.stretch)),
        "-r", str(rate), "-c:v", encoder.name, *encoder.options, "-threads", str(threads),
        "-map_metadata", "-1", "-f", "mp4", str(target),
    ]  # fmt: skip


def shot_input(shot: Shot, threads: int) -> tuple[str, ...]:
    """The arguments that open a shot's clip where its pictures begin.

    ffmpeg seeks to the key frame before it and decodes from there. It looks for the key frame by decoding times: one
    that is decoded in time, but shown too late, would be taken.
    """
    where = ("-noaccurate_seek", "-seek_timestamp", "1", "-ss", f"{_seek(shot)}us", "-f", "mov")
    return ("-threads", str(threads), *WHAT_CAN_BE_READ, *where, *_input(shot.clip.path))


def shot_in_time(shot: Shot, rate: Fraction) -> str:
    """The filters that make a picture for each frame out of what `shot_input` opens, and drop what comes earlier.

    The first frame shows the picture that is the nearest in time, at most a frame ahead.
    """
    return (
        f"settb=1/{_SECOND},setpts=PTS-{shot.at - _seek(shot) + _lead(shot, rate)},"
        f"fps={rate}:start_time=0:round=near:eof_action=pass"
    )


def shot_to_its_end(shot: Shot) -> str:
    """The filters that make just the shot's frames of what `shot_in_time` gives, the last picture held if need be."""
    return f"tpad=stop_mode=clone:stop=-1,trim=end_frame={shot.frames}"


def _seek(shot: Shot) -> int:
    delay = shot.clip.media.key_delay
    return max(0, shot.at - ceil((_LONGEST_DELAY if delay is None else delay) * _SECOND))


def _lead(shot: Shot, rate: Fraction) -> int:
    """Microseconds by which a shot's pictures count as earlier when the frame nearest to each of them is sought.

    A camera slower than the film is seen from the frame's side: its nearest picture is shown, at most a frame ahead.
    """
    track = shot.clip.media.video
    if track is None or not track.frame_rate:
        return _BIAS
    longer = 1 / Fraction(track.frame_rate) - 1 / rate
    # Three times the bias less: a camera in step with the film would now lie between two frames with each picture.
    return max(_BIAS, round(min(longer, 1 / rate) / 2 * _SECOND) - 3 * _BIAS)


def _parts(scene: Scene, art: Art, threads: int) -> Iterator[list[_Source]]:
    """For each box of the picture, what is shown in it one after the other."""
    frames, rate = len(scene.stretch), scene.axis.fps
    yield [_still(art.title, scene.layout.title, rate, frames)]
    yield [_clock(scene, art.clock)]
    for path, box in zip(art.headings, scene.layout.headings, strict=True):
        yield [_still(path, box, rate, frames)]
    for cuts, cell in zip(scene.tiles, scene.layout.cells, strict=True):
        yield [
            _shot(cut, cell, rate, threads)
            if isinstance(cut, Shot)
            else _still(art.slates[cut], cell, rate, cut.frames)
            for cut in cuts
        ]


def _part(number: int, first_input: int, sources: Sequence[_Source], rate: Fraction) -> Iterator[str]:
    """The graph of one box: each source counted in the film's frames, then all of them joined."""
    name, frame = f"[part{number}]", _frame_clock(rate)
    if len(sources) == 1:
        yield f"[{first_input}:{sources[0].pad}]{sources[0].filters},{frame}{name}"
        return
    for offset, source in enumerate(sources):
        yield f"[{first_input + offset}:{source.pad}]{source.filters},{frame}[part{number}cut{offset}]"
    cuts = "".join(f"[part{number}cut{offset}]" for offset in range(len(sources)))
    yield f"{cuts}concat=n={len(sources)},{frame}{name}"


def _stack(boxes: Sequence[Box], encoder: Encoder) -> str:
    """All boxes in one picture; the film ends with the first that ends, so that a short one shows in the count."""
    names = "".join(f"[part{number}]" for number in range(len(boxes)))
    places = "|".join(f"{box.x}_{box.y}" for box in boxes)
    upload = f",{encoder.upload}" if encoder.upload else ""
    return f"{names}xstack=inputs={len(boxes)}:layout={places}:fill=black:shortest=1{upload}[film]"


def _frame_clock(rate: Fraction) -> str:
    return f"settb={rate.denominator}/{rate.numerator},setpts=N"


def _painted(path: Path, box: Box, rate: Fraction) -> tuple[str, ...]:
    size = f"{box.width}x{box.height}"
    return ("-f", "rawvideo", "-pixel_format", "rgb24", "-video_size", size, "-framerate", str(rate), *_input(path))


def _input(path: Path) -> tuple[str, ...]:
    return (*SAFE_INPUT, "-i", f"file:{path}")


def _still(path: Path, box: Box, rate: Fraction, frames: int) -> _Source:
    filters = f"{_PAINTED},loop=loop=-1:size=1,trim=end_frame={frames}"
    return _Source(_painted(path, box, rate), "v", filters)


def _clock(scene: Scene, path: Path) -> _Source:
    """One painted second after the other, each from exactly the frame in which it begins."""
    rate, first = scene.axis.fps, scene.clock_seconds[0]
    # Counted in millionths of a frame's numerator, all whole numbers: no rounding decides when a second begins.
    start = round((first - scene.axis.window.start) / timedelta(microseconds=1)) * rate.numerator
    begun = scene.stretch.start * _SECOND * rate.denominator - start
    change = f"max(0,ceil((N*{_SECOND * rate.numerator}-{begun})/{_SECOND * rate.denominator}))"
    filters = (
        f"{_PAINTED},settb={rate.denominator}/{rate.numerator},setpts='{change}',"
        f"fps={rate}:start_time=0,tpad=stop_mode=clone:stop=-1,trim=end_frame={len(scene.stretch)}"
    )
    return _Source(_painted(path, scene.layout.clock, rate), "v", filters)


def _shot(shot: Shot, cell: Box, rate: Fraction, threads: int) -> _Source:
    in_time, fitted = shot_in_time(shot, rate), _fitted(cell, shot.clip.media.video)
    # Whichever way scales fewer pictures: a camera slower than the film is scaled before its pictures are repeated.
    slower = shot.clip.media.video is not None and shot.clip.media.video.frame_rate < rate
    ordered = f"{fitted},{in_time}" if slower else f"{in_time},{fitted}"
    return _Source(shot_input(shot, threads), "V:0", f"{ordered},{shot_to_its_end(shot)}")


def _fitted(cell: Box, track: VideoTrack | None) -> str:
    """Scale a picture of any size, pixel shape and colours into the middle of a cell, with black beside it."""
    matrix = track.matrix if track is not None else None
    # The scaler can convert any colours, but takes longer than a filter of its own does after it.
    scaler = "" if matrix in (_BT709, *_BT601) else ":out_color_matrix=bt709"
    colours = "colormatrix=bt601:bt709," if matrix in _BT601 else ""
    width = f"min({cell.width},2*round({cell.height}*dar/2))"
    height = f"min({cell.height},2*round({cell.width}/dar/2))"
    return (
        f"scale=w='{width}':h='{height}':out_range=tv{scaler},format=yuv420p,{colours}setsar=1,{COLOURS},"
        f"pad={cell.width}:{cell.height}:(ow-iw)/2:(oh-ih)/2"
    )
