"""Small clips of every kind that cameras deliver, made with the same ffmpeg that the program runs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import av
import pytest

from footage.models import Clip, TimeWindow
from footage.video.ffmpeg import FFmpeg
from footage.video.probe import inspect
from tests.site import ROOT

START = datetime(2025, 4, 16, 18, 30, tzinfo=timezone.utc)
TOOL = FFmpeg()
REAL = ROOT.parent / "shared" / "data"
"""The real recordings, which are no part of the project."""

needs_real_recordings = pytest.mark.skipif(not REAL.is_dir(), reason="../shared/data and its recordings are not here")


@dataclass(frozen=True)
class Sample:
    """What a clip shall be. `sound` is an ffmpeg encoder's name or empty, `gop` the pictures between key frames."""

    seconds: float = 2.0
    width: int = 128
    height: int = 72
    rate: str = "30"
    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    gop: int = 15
    b_frames: int = 2
    sound: str = "aac"
    sample_rate: int = 48000
    channels: int = 1
    tone: int = 440
    extra: tuple[str, ...] = ()

    def but(self, **changes: object) -> Sample:
        """The same with some facts changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


PLAIN = Sample()


def make(path: Path, sample: Sample = PLAIN) -> Path:
    """Write a moving test picture with a tone of its own into the MP4 (or MOV) file `path`."""
    picture = f"testsrc2=s={sample.width}x{sample.height}:r={sample.rate}:d={sample.seconds}"
    command = ["-f", "lavfi", "-i", picture]
    if sample.sound:
        tone = f"sine=f={sample.tone}:r={sample.sample_rate}:d={sample.seconds}"
        command += ["-f", "lavfi", "-i", tone, "-c:a", sample.sound, "-ac", str(sample.channels)]
    command += ["-c:v", sample.codec, "-pix_fmt", sample.pixel_format, "-g", str(sample.gop)]
    if sample.codec in ("libx264", "libx265"):
        command += ["-preset", "ultrafast", "-bf", str(sample.b_frames)]
        quiet = ["-x265-params", f"log-level=error:keyint={sample.gop}:scenecut=0"]
        command += quiet if sample.codec == "libx265" else ["-sc_threshold", "0"]
    TOOL.run([*command, *sample.extra, "-movflags", "+faststart", str(path)])
    return path


def copied(source: Path, target: Path, *before: str, after: Sequence[str] = ()) -> Path:
    """The same packets in a new file, with ffmpeg options before the input and after it."""
    TOOL.run([*before, "-i", str(source), "-c", "copy", *after, "-movflags", "+faststart", str(target)])
    return target


def rotated(source: Path, target: Path, degrees: int) -> Path:
    """A clip whose header says that it is to be turned counter-clockwise by `degrees`."""
    return copied(source, target, "-display_rotation", str(degrees))


def starting_late(source: Path, target: Path, seconds: float) -> Path:
    """A clip whose pictures and sound begin at `seconds` of its own clock."""
    return copied(source, target, "-itsoffset", str(seconds))


def with_variable_rate(target: Path, *, seconds: float = 2.0) -> Path:
    """A clip in which every third picture is left out."""
    sample = PLAIN.but(seconds=seconds, extra=("-vf", "select=mod(n\\,3)", "-fps_mode", "vfr"))
    return make(target, sample)


def without_first_key_frame(source: Path, target: Path, *, packets: int = 1) -> Path:
    """The same clip with its first `packets` pictures gone, so that it begins in the middle of something."""
    with av.open(str(source)) as read, av.open(str(target), "w") as written:
        streams = {each.index: written.add_stream_from_template(each) for each in read.streams}
        seen = 0
        for packet in read.demux():
            seen += packet.stream.type == "video"
            if packet.dts is not None and (packet.stream.type != "video" or seen > packets):
                packet.stream = streams[packet.stream_index]
                written.mux(packet)
    return target


def with_open_groups(target: Path, *, seconds: float = 2.0) -> Path:
    """A clip whose later key frames are followed by pictures that are shown before them and build on earlier ones."""
    return make(target, PLAIN.but(seconds=seconds, sound="", extra=("-preset", "veryfast", "-flags", "-cgop")))


def with_track_declared_shorter(source: Path, target: Path, kind: str) -> Path:
    """The same file whose header says that its first `video` or `audio` track is half as long as its packets are."""
    data = bytearray(source.read_bytes())
    media = data.index(b"vmhd" if kind == "video" else b"smhd")
    length = data.rindex(b"mdhd", 0, media) + 20  # version, creation, modification and clock are before it
    data[length : length + 4] = (int.from_bytes(data[length : length + 4], "big") // 2).to_bytes(4, "big")
    target.write_bytes(data)
    return target


def with_messages_of_zeros(source: Path, target: Path) -> Path:
    """The same pictures, before each one a message (SEI) that holds bare zeros, as some cameras leave room for data."""
    with av.open(str(source)) as read, av.open(str(target), "w") as written:
        picture = read.streams.video[0]
        stream = written.add_stream_from_template(picture)
        header = b"\x4e\x01" if picture.codec_context.name == "hevc" else b"\x06"
        message = header + b"\x05\x40" + bytes(64) + b"\x80"
        for each in read.demux(picture):
            if each.dts is not None:
                packet = av.Packet(len(message).to_bytes(4, "big") + message + bytes(each))
                packet.pts, packet.dts, packet.duration = each.pts, each.dts, each.duration
                packet.time_base, packet.is_keyframe, packet.stream = each.time_base, each.is_keyframe, stream
                written.mux(packet)
    return target


def truncated(source: Path, target: Path, share: float) -> Path:
    """Only the first `share` of the bytes."""
    data = source.read_bytes()
    target.write_bytes(data[: int(len(data) * share)])
    return target


def overwritten(source: Path, target: Path, *, at: float, size: int, fill: int = 0) -> Path:
    """`size` bytes replaced, beginning at the share `at` of the media data."""
    data = bytearray(source.read_bytes())
    media = data.index(b"mdat") + 4
    begin = media + int((len(data) - media) * at)
    end = min(begin + size, len(data))
    data[begin:end] = bytes([fill]) * (end - begin)
    target.write_bytes(data)
    return target


def clip(path: Path, start: datetime = START, *, camera: str = "road") -> Clip:
    """The file as a clip that begins at `start`."""
    media = inspect(path)
    window = TimeWindow(start, start + timedelta(seconds=media.duration))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Clip(camera, path, window, window, window, path.stat().st_size, digest, media)


def packet_hashes(path: Path, kind: str) -> list[str]:
    """MD5 of each raw packet of the first `video` or `audio` track, edit lists left aside."""
    with av.open(str(path), format="mp4", options={"advanced_editlist": "0"}) as container:
        stream = container.streams.get(**{kind: 0})[0]
        return [
            hashlib.md5(bytes(packet), usedforsecurity=False).hexdigest()
            for packet in container.demux(stream)
            if packet.size and not packet.is_corrupt
        ]
