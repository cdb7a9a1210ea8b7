"""Opens files that pose as clips, with PyAV, so that nothing but the file itself is touched."""

from __future__ import annotations

from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from footage.errors import BrokenMedia

MP4_DEMUXER = "mov,mp4,m4a,3gp,3g2,mj2"
"""ffmpeg's name of the one demuxer that is ever used for clips; as a whitelist each of its names counts."""
_FORCED = "mp4"
_SAFE = {"protocol_whitelist": "file,pipe"}
_RAW = {"advanced_editlist": "0"}


def open_mp4(path: Path, *, raw: bool = False) -> InputContainer:
    """Open as MP4/MOV whatever the content says: a playlist is no MP4 and so is refused unread.

    `raw` gives every packet with edit lists only shifting the times, where the default gives what players show.
    Raises BrokenMedia where there is no header to read, and the usual OSErrors where there is no file.
    """
    try:
        return av.open(str(path.absolute()), format=_FORCED, options={**_SAFE, **(_RAW if raw else {})})
    except (FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except av.error.FFmpegError as error:
        raise BrokenMedia(f"{path.name} is not a readable MP4 or MOV file: {error.strerror}.") from error


def tracks(container: InputContainer) -> tuple[VideoStream | None, AudioStream | None]:
    """The picture track (never a cover image) and the sound track that are used, where there are any."""
    pictures = [each for each in container.streams.video if not each.disposition & Disposition.attached_pic]
    sounds = container.streams.audio
    return (pictures[0] if pictures else None), (sounds[0] if sounds else None)
