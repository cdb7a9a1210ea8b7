"""The options of the command line: their types, limits and help, so that each command only names them."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from footage.models import MediaType


class Region(str, Enum):
    """Where the organization's Samsara account lives."""

    US = "us"
    EU = "eu"
    CA = "ca"


class FilmChoice(str, Enum):
    """What is made of the footage."""

    ALL = "all"
    JOINED = "joined"
    NONE = "none"


class LayoutChoice(str, Enum):
    """How the tiles stand."""

    ROW = "row"
    GRID = "grid"


class SourceChoice(str, Enum):
    """Where footage comes from."""

    SAMSARA = "samsara"
    KINESIS = "kinesis"


class SelectorChoice(str, Enum):
    """Whose clock places a Kinesis stream's footage."""

    PRODUCER = "producer"
    SERVER = "server"


class OverlayChoice(str, Enum):
    """What stands in the bar."""

    CLOCK = "clock"
    SPEED = "speed"
    NONE = "none"


class QualityChoice(str, Enum):
    """How much detail the side-by-side keeps."""

    SMALL = "small"
    STANDARD = "standard"
    HIGH = "high"


class EngineChoice(str, Enum):
    """Who composes."""

    FFMPEG = "ffmpeg"
    MOVIEPY = "moviepy"


Output = Annotated[Path, typer.Option(help="Folder of the incident folders.")]
Logs = Annotated[Path, typer.Option(help="Folder of logs and journals.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else there.")]
Yes = Annotated[bool, typer.Option("--yes", help="Confirm the spending that the plan shows.")]
NoInput = Annotated[bool, typer.Option("--no-input", help="Ask nothing; name what is missing.")]
Debug = Annotated[bool, typer.Option("--debug", help="Log everything; show the trace of an unexpected error.")]
PollInterval = Annotated[float | None, typer.Option(min=0.05, help="Seconds between looks (default: adaptive).")]
Wait = Annotated[float | None, typer.Option(min=0, help="Minutes to wait for footage (default 720).")]
Settle = Annotated[float | None, typer.Option(min=0, help="Seconds to look for a request of unknown fate (120).")]
Samsara = Annotated[
    Region,
    typer.Option(
        "--samsara-region",
        envvar="SAMSARA_REGION",
        case_sensitive=False,
        help="Samsara's cloud of your organization.",
    ),
]
VehicleName = Annotated[str | None, typer.Option(help="Exact name (any case) or id.")]
Stream = Annotated[list[str] | None, typer.Option(help="Kinesis: CAMERA=STREAM, as often as needed.")]
SourceWord = Annotated[str | None, typer.Option(help="samsara or kinesis.")]
Start = Annotated[str | None, typer.Option(help='"MM/DD/YYYY HH:MM" or ISO 8601.')]
Duration = Annotated[str | None, typer.Option(help="Minutes; 1.5 is 90 seconds.")]
End = Annotated[str | None, typer.Option(help="Instead of a duration.")]
Around = Annotated[str | None, typer.Option(help="A moment, instead of a start.")]
Before = Annotated[str | None, typer.Option(help="Minutes before --around (default 5).")]
After = Annotated[str | None, typer.Option(help="Minutes after --around (default 10).")]
Timezone = Annotated[str | None, typer.Option(help="IANA zone (default: the computer's).")]
Cameras = Annotated[str | None, typer.Option(help="road,driver,analog1..analog4,all (default the first 3).")]
Media = Annotated[MediaType, typer.Option("--media-type", help="high, low, hyperlapse or image (stills).")]
Longest = Annotated[int | None, typer.Option(min=1, help="Seconds a request covers at most (default by type).")]
Films = Annotated[FilmChoice, typer.Option(help="all, joined (no side-by-side) or none.")]
Layout = Annotated[LayoutChoice, typer.Option(help="row or grid.")]
TileHeight = Annotated[int, typer.Option(min=120, max=2160, help="Pixels.")]
Fps = Annotated[int, typer.Option(min=1, max=60, help="Pictures a second.")]
Audio = Annotated[str | None, typer.Option(help="Camera that gives the sound, or none.")]
Quality = Annotated[QualityChoice, typer.Option(help="Of the side-by-side: small (half the size), standard, high.")]
Engine = Annotated[EngineChoice, typer.Option(help="What composes the film.")]
Name = Annotated[str | None, typer.Option(help="Heads the folder's name (default: the vehicle).")]
Selector = Annotated[SelectorChoice, typer.Option(help="Kinesis: whose clock.")]
Profile = Annotated[str | None, typer.Option(help="Kinesis: AWS profile.")]
AwsRegion = Annotated[str | None, typer.Option(help="Kinesis: AWS region.")]
Chunk = Annotated[float | None, typer.Option(min=0.1, help="Kinesis: minutes a clip (default: planned).")]
MaxSize = Annotated[str | None, typer.Option(help="At most so large, as 25MB: films are left out, or copied small.")]
To = Annotated[Path | None, typer.Option(help="The zip (default: beside the folder).", dir_okay=False)]
WithGaps = Annotated[bool, typer.Option("--with-gaps", help="Samsara: footage with holes; ends with exit code 3.")]
Overlay = Annotated[OverlayChoice, typer.Option(help="In the side-by-side's bar: clock, speed (and clock) or none.")]
Reference = Annotated[str, typer.Option(help="Claim or case number, for the package.")]
Note = Annotated[str, typer.Option(help="A sentence for whoever gets the package.")]
ClockOffset = Annotated[float | None, typer.Option(help="Seconds the cameras' clock was ahead of true time.")]
Sheet = Annotated[Path | None, typer.Argument(help="The list, as .csv or .xlsx: a row an incident.", dir_okay=False)]
Template = Annotated[bool, typer.Option("--template", help="Print a list to begin with, or write it to SHEET.")]
SkipFaulty = Annotated[bool, typer.Option("--skip-faulty", help="Go on without the rows that cannot be used.")]
MaxParallel = Annotated[int, typer.Option(min=1, max=64, help="Incidents that are finished side by side.")]
Deliver = Annotated[str | None, typer.Option(help="Bring a finished folder to s3://bucket/folder or another address.")]
Cluster = Annotated[str | None, typer.Option(help="Heavy work on the workers of this Dask scheduler: tcp://HOST:8786.")]
Scheduler = Annotated[str, typer.Argument(help="The Dask scheduler, as tcp://HOST:8786.")]
Workers = Annotated[int | None, typer.Option(min=1, max=256, help="Worker processes (default: one a processor).")]
Threads = Annotated[int, typer.Option(min=1, max=64, help="Tasks at once in each worker, a processor each.")]
HoursOfDay = Annotated[str | None, typer.Option("--hours", help="Download only then, as 22:00-06:00.")]
Folder = Annotated[Path, typer.Argument(help="An incident folder.", exists=True, file_okay=False)]
Quick = Annotated[bool, typer.Option("--quick", help="Compare the hashes only; do not play the films.")]
Retries = Annotated[int, typer.Option(min=1, max=50, help="Attempts of a failing call.")]
OverQuota = Annotated[bool, typer.Option("--over-quota", help="Ask even beyond the quota left.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan and stop.")]
KeepKey = Annotated[bool, typer.Option("--keep-key", help="Ask for the Samsara key and keep it in the keyring.")]
ForgetKey = Annotated[bool, typer.Option("--forget-key", help="Remove the Samsara key from the keyring.")]
JournalName = Annotated[str, typer.Argument(help="A journal, or latest.")]
All = Annotated[bool, typer.Option("--all", help="Every journal that is not finished.")]
AskAgain = Annotated[bool, typer.Option("--ask-again", help="Ask once more for what is unsettled.")]
AcceptPartial = Annotated[bool, typer.Option("--accept-partial", help="Take what is open for lost.")]
OtherOutput = Annotated[Path | None, typer.Option(help="Folder of the incident folders.")]
Played = Annotated[SourceChoice, typer.Option(help="Which service is played.")]


def spread_streams(arguments: list[str]) -> list[str]:
    """`--stream a=X b=Y` as `--stream a=X --stream b=Y`: several streams may follow one option."""
    spread: list[str] = []
    in_streams = False
    for argument in arguments:
        if argument.startswith("-"):
            in_streams = argument == "--stream"
        elif in_streams and "=" in argument and spread[-1] != "--stream":
            spread.append("--stream")
        spread.append(argument)
    return spread
