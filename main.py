"""The command line: declares commands and options, turns results and errors into words and an exit code."""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import replace
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.exceptions import TyperException

from footage.errors import FootageError, InputRefused, Interrupted
from footage.models import UTC
from footage.settings import FilmSettings, KinesisSettings, RunSettings, WaitSettings
from helpers import can_ask, say_on_stderr

if TYPE_CHECKING:
    from cli.desk import Desk, DeskOptions

log = logging.getLogger("main")
app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

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
Samsara = Annotated[Region, typer.Option("--samsara-region", help="Samsara's cloud of your organization.")]


@app.callback(invoke_without_command=True)
def start(context: typer.Context) -> int:
    """Bring back every camera's footage of an incident. Without a command, the program asks what it needs."""
    if context.invoked_subcommand is not None:
        return 0
    if not can_ask():
        raise InputRefused("There is no terminal to ask in. Use: python main.py pull --help")
    from cli.desk import DeskOptions
    from cli.order import PullOptions

    return open_desk(DeskOptions()).pull(PullOptions(), ask_all=True)


@app.command()
def pull(
    vehicle: Annotated[str | None, typer.Option(help="Exact name (any case) or id.")] = None,
    stream: Annotated[list[str] | None, typer.Option(help="Kinesis: CAMERA=STREAM, as often as needed.")] = None,
    source: Annotated[str | None, typer.Option(help="samsara or kinesis.")] = None,
    start: Annotated[str | None, typer.Option(help='"MM/DD/YYYY HH:MM" or ISO 8601.')] = None,
    duration: Annotated[str | None, typer.Option(help="Minutes; 1.5 is 90 seconds.")] = None,
    end: Annotated[str | None, typer.Option(help="Instead of a duration.")] = None,
    timezone: Annotated[str | None, typer.Option(help="IANA zone (default: the computer's).")] = None,
    cameras: Annotated[str | None, typer.Option(help="road,driver,analog1..analog4,all (default the first 3).")] = None,
    films: Annotated[FilmChoice, typer.Option(help="all, joined (no side-by-side) or none.")] = FilmChoice.ALL,
    layout: Annotated[LayoutChoice, typer.Option(help="row or grid.")] = LayoutChoice.ROW,
    tile_height: Annotated[int, typer.Option(min=120, max=2160, help="Pixels.")] = 720,
    fps: Annotated[int, typer.Option(min=1, max=60, help="Pictures a second.")] = 30,
    audio: Annotated[str | None, typer.Option(help="Camera that gives the sound, or none.")] = None,
    engine: Annotated[EngineChoice, typer.Option(help="What composes the film.")] = EngineChoice.FFMPEG,
    name: Annotated[str | None, typer.Option(help="Heads the folder's name (default: the vehicle).")] = None,
    selector: Annotated[SelectorChoice, typer.Option(help="Kinesis: whose clock.")] = SelectorChoice.PRODUCER,
    profile: Annotated[str | None, typer.Option(help="Kinesis: AWS profile.")] = None,
    region: Annotated[str | None, typer.Option(help="Kinesis: AWS region.")] = None,
    chunk: Annotated[float | None, typer.Option(min=0.1, help="Kinesis: minutes a clip (default: planned).")] = None,
    samsara_region: Samsara = Region.US,
    output: Output = Path("Videos"),
    logs: Logs = Path("Logs"),
    poll_interval: PollInterval = None,
    wait: Wait = None,
    settle: Settle = None,
    retries: Annotated[int, typer.Option(min=1, max=50, help="Attempts of a failing call.")] = 8,
    over_quota: Annotated[bool, typer.Option("--over-quota", help="Ask even beyond the quota left.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and stop.")] = False,
    yes: Yes = False,
    no_input: NoInput = False,
    json_output: Json = False,
    debug: Debug = False,
) -> int:
    """Pull one incident. Example: pull --vehicle "Truck 104" --start "04/16/2025 13:30" --duration 10"""
    from cli.desk import DeskOptions
    from cli.order import PullOptions

    settings = RunSettings(
        films=FilmSettings(films.value, layout.value, tile_height, fps, audio, engine.value),
        waiting=_waiting(WaitSettings(retries=retries), poll_interval, wait, settle),
        kinesis=KinesisSettings(selector.value, profile, region, chunk),
        over_quota=over_quota,
    )
    desk = open_desk(DeskOptions(output, logs, json_output, no_input, yes, debug, samsara_region.value, retries))
    order = PullOptions(vehicle, stream or (), source, start, duration, end, timezone, cameras, name, settings=settings)
    return desk.pull(order, dry_run=dry_run)


@app.command()
def resume(
    journal: Annotated[str, typer.Argument(help="A journal, or latest.")] = "latest",
    all_: Annotated[bool, typer.Option("--all", help="Every journal that is not finished.")] = False,
    ask_again: Annotated[bool, typer.Option("--ask-again", help="Ask once more for what is unsettled.")] = False,
    accept_partial: Annotated[bool, typer.Option("--accept-partial", help="Take what is open for lost.")] = False,
    over_quota: Annotated[bool, typer.Option("--over-quota", help="Ask even beyond the quota left.")] = False,
    samsara_region: Samsara = Region.US,
    output: Annotated[Path | None, typer.Option(help="Folder of the incident folders.")] = None,
    logs: Logs = Path("Logs"),
    poll_interval: PollInterval = None,
    wait: Wait = None,
    settle: Settle = None,
    yes: Yes = False,
    no_input: NoInput = False,
    json_output: Json = False,
    debug: Debug = False,
) -> int:
    """Go on with a run from its journal. Example: resume latest"""
    from cli.desk import DeskOptions
    from footage.earlier import latest_journal
    from footage.journal import find_journals, load_journal

    folder = output or Path("Videos")
    desk = open_desk(DeskOptions(folder, logs, json_output, no_input, yes, debug, samsara_region.value))
    if all_:
        chosen = [found for found in find_journals(logs) if not found.finished]
    else:
        chosen = [latest_journal(logs) if journal == "latest" else load_journal(Path(journal))]
    codes = []
    for found in chosen:
        found.settings = replace(
            found.settings,
            waiting=_waiting(found.settings.waiting, poll_interval, wait, settle),
            over_quota=over_quota,
            ask_again=ask_again,
            accept_partial=accept_partial,
        )
        if output is not None:
            found.move_to(output / found.folder.name)
        codes.append(desk.resume(found))
    if not chosen:
        say_on_stderr("No journal is unfinished: there is nothing to resume.")
    return max(codes, default=0)


@app.command()
def status(logs: Logs = Path("Logs"), json_output: Json = False) -> int:
    """List every journal: what is complete, what is waited for, since when."""
    from cli.words import status_json, status_words
    from footage.journal import find_journals

    journals = find_journals(logs)
    if json_output:
        print(status_json(journals))
        return 0
    for line in status_words(journals) if journals else [f"There is no journal in {logs}."]:
        print(line)
    return 0


@app.command()
def demo(
    source: Annotated[SourceChoice, typer.Option(help="Which service is played.")] = SourceChoice.SAMSARA,
    output: Output = Path("Videos"),
    logs: Logs = Path("Logs"),
    poll_interval: PollInterval = 0.5,
    wait: Wait = None,
    settle: Settle = None,
    yes: Yes = False,
    no_input: NoInput = False,
    json_output: Json = False,
    debug: Debug = False,
) -> int:
    """Do the whole job against a service on this computer, with footage it makes itself. No account, no question."""
    from cli.demo import DEMO_FILMS, play_kinesis, play_samsara
    from cli.desk import DeskOptions

    desk = open_desk(DeskOptions(output, logs, json_output, no_input=True, yes=True, debug=debug))
    settings = RunSettings(films=DEMO_FILMS, waiting=_waiting(WaitSettings(), poll_interval, wait, settle))
    play = play_samsara if source is SourceChoice.SAMSARA else play_kinesis
    return play(desk, settings, datetime.now(UTC))


def open_desk(options: DeskOptions) -> Desk:
    """A desk that speaks to this terminal, with its log begun."""
    from cli.desk import Desk

    desk = Desk(options, out=_print_result, say=say_on_stderr)
    _open.append(desk)
    desk.open_log()
    return desk


def run_program(arguments: list[str]) -> int:
    """The whole program; every way it can end has words and an exit code."""
    try:
        code = app(arguments, standalone_mode=False)
    except FootageError as error:
        return _explain(error, arguments)
    except TyperException as error:
        return _explain(InputRefused(f"{error.format_message()} (--help shows what there is.)"), arguments)
    except KeyboardInterrupt:
        return _explain(Interrupted("Interrupted; everything so far is kept."), arguments)
    except Exception as error:  # noqa: BLE001 - the last resort: a person gets a sentence, the log the trace
        log.exception("unexpected error")
        if "--debug" in arguments:
            raise
        return _explain(FootageError(f"Unexpected error: {type(error).__name__}: {error}"), arguments)
    return int(code or 0)


_open: list[Desk] = []
"""The desk of this call, once it is open: an error that ends the call is explained there."""


def _explain(error: FootageError, arguments: list[str]) -> int:
    from cli.desk import Desk, DeskOptions

    desk = _open[-1] if _open else Desk(DeskOptions(json="--json" in arguments), out=_print_result, say=say_on_stderr)
    desk.stop()
    return desk.explain(error)


def _print_result(line: str) -> None:
    print(line, flush=True)


def _waiting(
    settings: WaitSettings, poll_interval: float | None, wait: float | None, settle: float | None
) -> WaitSettings:
    return replace(
        settings,
        poll_interval=settings.poll_interval if poll_interval is None else poll_interval,
        wait=settings.wait if wait is None else wait,
        settle=settings.settle if settle is None else settle,
    )


if __name__ == "__main__":
    exit_code = run_program(sys.argv[1:])
    logging.shutdown()
    sys.stdout.flush()
    os._exit(exit_code)  # a download that still waits for its server must not keep the person waiting
