"""The pull command that does the same again without questions. It holds no secret."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from footage.models import Incident, MediaType
from footage.settings import KinesisSettings
from footage.typed import cameras_text

_PLAIN = re.compile(r"[\w.:/+-][\w.:/\\,+-]*")
_READ_IN_QUOTES = re.compile(r'["$`\\!]')


def pull_command(incident: Incident, vehicle: str | None = None, kinesis: KinesisSettings | None = None) -> str:
    """The line for a shell of any system. `vehicle` is what to type for the incident's vehicle, its id else."""
    options = [*_options(incident, vehicle), *_stream_options(incident, kinesis or KinesisSettings())]
    return " ".join(["python main.py pull", *options])


def resume_latest(logs: Path) -> str:
    """The short line that goes on with the newest run."""
    return "python main.py resume latest" + ("" if logs == Path("Logs") else f" --logs {quoted(str(logs))}")


def _options(incident: Incident, vehicle: str | None) -> Iterator[str]:
    if incident.vehicle is not None:
        yield f"--vehicle {quoted(vehicle or incident.vehicle.id)}"
    start = incident.window.start.astimezone(ZoneInfo(incident.timezone))
    yield f"--start {start.isoformat()}"
    yield f"--duration {minutes_text(incident.window.seconds)}"
    yield f"--timezone {incident.timezone}"
    cameras = cameras_text([camera for camera in incident.cameras if camera.source == "samsara"])
    if cameras:
        yield f"--cameras {cameras}"
    if incident.media_type is not MediaType.HIGH:
        yield f"--media-type {incident.media_type.value}"


def _stream_options(incident: Incident, kinesis: KinesisSettings) -> Iterator[str]:
    streams = [camera for camera in incident.cameras if camera.stream is not None]
    yield from (f"--stream {quoted(f'{camera.word}={camera.stream}')}" for camera in streams)
    if any(camera.selector == "server" for camera in streams):
        yield "--selector server"
    if streams and kinesis.profile:
        yield f"--profile {quoted(kinesis.profile)}"
    if streams and kinesis.region:
        yield f"--region {quoted(kinesis.region)}"


def minutes_text(seconds: float) -> str:
    """Whole seconds as minutes that are read back as the same seconds."""
    return f"{seconds / 60:.4f}".rstrip("0").rstrip(".")


def quoted(text: str, *, platform: str = sys.platform, always: bool = False) -> str:
    """One argument as a person types it: double quotes, which cmd, PowerShell and every other shell know.

    What a POSIX shell would read within them gets single quotes there; `platform` is `sys.platform`.
    """
    on_windows = platform == "win32"
    if _PLAIN.fullmatch(text) and not always and (on_windows or "\\" not in text):
        return text
    if on_windows:
        return '"' + text.replace('"', '""') + '"'
    return shlex.quote(text) if _READ_IN_QUOTES.search(text) else f'"{text}"'
