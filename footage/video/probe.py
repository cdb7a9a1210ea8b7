"""Reads what a clip really holds, packet by packet: times, tracks, what is whole and what is damaged."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from footage.errors import BrokenMedia
from footage.models import AudioTrack, Media, VideoTrack
from footage.video import nal
from footage.video.container import open_mp4, tracks
from footage.video.damage import parts_in_seconds
from footage.video.packets import Picture, Reading, Sound, read_packets
from footage.video.pauses import pauses

_PACKETS_TRIED_FOR_ROTATION = 300


def inspect(path: Path) -> Media:
    """Read all packets of an MP4 or MOV file and tell what is there. Nothing is decoded but one picture.

    Raises BrokenMedia where the file is something else, has no picture track, or not one readable picture.
    """
    with open_mp4(path) as container:
        video, audio = tracks(container)
        if video is None:
            raise BrokenMedia(f"{path.name} has no picture track.")
        packets = read_packets(container, video, audio)
        if not packets.pictures:
            raise BrokenMedia(f"{path.name} has a header but no readable picture.")
        counts = len(packets.pictures), len(packets.sounds)
        complete = not packets.ended_early and counts == _declared(video, audio, counts)
        if not complete:  # an edit list may hide packets that are there
            complete, counts = _count_raw(path)
        first, end = _span(packets.pictures)
        tick = float(video.time_base or 0)
        return Media(
            video=_video_track(video, counts[0], (end - first) * tick, _rotation(path)),
            audio=None if audio is None else _audio_track(audio, counts[1], packets.sounds, first * tick),
            first_picture=first * tick,
            duration=(end - first) * tick,
            complete=complete,
            damage=parts_in_seconds(packets.pictures, first, end, tick),
            pauses=pauses([picture.shown for picture in packets.pictures if not picture.hidden], end, tick),
            key_delay=packets.key_delay * tick,
        )


def _declared(video: VideoStream, audio: AudioStream | None, counted: tuple[int, int]) -> tuple[int, int]:
    """How many packets the sample tables declare; a fragmented file declares none, so the count is as good."""
    return video.frames or counted[0], (audio.frames if audio is not None else 0) or counted[1]


def _count_raw(path: Path) -> tuple[bool, tuple[int, int]]:
    """Whether all declared packets can be read, and how many can, edit lists left aside."""
    with open_mp4(path, raw=True) as container:
        video, audio = tracks(container)
        if video is None:
            return False, (0, 0)
        packets = read_packets(container, video, audio)
        counts = len(packets.pictures), len(packets.sounds)
        return not packets.ended_early and counts == _declared(video, audio, counts), counts


def _span(pictures: Sequence[Picture]) -> tuple[int, int]:
    """First picture's time and the last one's end, in ticks, of those that are meant to be shown."""
    shown = [picture for picture in pictures if not picture.hidden] or pictures
    last = max(shown, key=lambda picture: picture.shown)
    first = min(picture.shown for picture in shown)
    length = last.length or (last.shown - first) // max(len(shown) - 1, 1)
    return first, last.shown + length


def _video_track(video: VideoStream, packets: int, seconds: float, rotation: int) -> VideoTrack:
    context = video.codec_context
    rate = video.average_rate or (packets / seconds if seconds else 0)
    return VideoTrack(
        codec=context.name,
        profile=context.profile or "",
        width=context.width,
        height=context.height,
        pixel_format=context.pix_fmt or "",
        frame_rate=float(rate),
        rotation=rotation,
        extradata=nal.fingerprint(context.name, context.extradata or b""),
        packets=packets,
        pixel_aspect=float(video.sample_aspect_ratio or 1),
        matrix=int(context.colorspace),
    )


def _audio_track(audio: AudioStream, packets: int, sounds: Sequence[Sound], first_picture: float) -> AudioTrack:
    context = audio.codec_context
    tick = float(audio.time_base or 0)
    begin = min((sound.at for sound in sounds), default=0)
    end = max((sound.at + sound.length for sound in sounds), default=begin)
    return AudioTrack(
        codec=context.name,
        sample_rate=context.sample_rate,
        channels=context.layout.nb_channels,
        extradata=hashlib.sha256(context.extradata or b"").hexdigest(),
        packets=packets,
        offset=begin * tick - first_picture,
        duration=(end - begin) * tick,
    )


def _rotation(path: Path) -> int:
    """Degrees to turn the picture counter-clockwise for display; libav tells it with the first decoded picture."""
    with open_mp4(path) as container:
        video, _ = tracks(container)
        if video is None:
            return 0
        video.codec_context.thread_count = 1  # starting threads takes longer than one picture
        for packet in islice(Reading(container, video), _PACKETS_TRIED_FOR_ROTATION):
            with suppress(av.error.FFmpegError):  # what cannot be decoded is damage, which is found elsewhere
                for frame in video.codec_context.decode(packet):
                    return int(frame.rotation) % 360
    return 0
