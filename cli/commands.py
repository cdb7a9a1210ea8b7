"""The commands and their options. Declares; what is done stands elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import typer
from typer.exceptions import TyperException

from cli import options as given
from cli.commands_beside import declare_beside
from cli.desktop import roomy
from cli.helppage import ALL, CommandPage, ProgramPage
from cli.opening import ask_everything, open_batch_desk, open_desk
from footage.errors import InputRefused
from footage.models import MediaType
from footage.settings import (
    EvidenceSettings,
    FilmSettings,
    KinesisSettings,
    RequestSettings,
    RunSettings,
    WaitSettings,
    wait_as,
)
from helpers import print_result

app = typer.Typer(cls=ProgramPage, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


def run_command(arguments: list[str]) -> int:
    """Do what the command line says; the exit code. Raises FootageError, InputRefused for a line that is no command."""
    words = ["--help" if word == ALL else word for word in arguments]
    command = typer.main.get_command(app)
    try:  # not by typer's own call, which ends on Ctrl-C without a word
        with command.make_context("main.py", given.spread_streams(words), obj=ALL in arguments) as context:
            code = command.invoke(context)
    except typer.Exit as end:
        return end.exit_code
    except TyperException as error:
        raise InputRefused(f"{error.format_message()} (--help shows what there is.)") from error
    return int(code or 0)


@app.callback(invoke_without_command=True)
def start(context: typer.Context) -> int:
    """Bring back every camera's footage of an incident. Without a command, the program asks what it needs."""
    if context.invoked_subcommand is not None:
        return 0
    return ask_everything()


@app.command(cls=CommandPage)
def pull(
    vehicle: given.VehicleName = None,
    stream: given.Stream = None,
    source: given.SourceWord = None,
    start: given.Start = None,
    duration: given.Duration = None,
    end: given.End = None,
    around: given.Around = None,
    before: given.Before = None,
    after: given.After = None,
    timezone: given.Timezone = None,
    cameras: given.Cameras = None,
    media_type: given.Media = MediaType.HIGH,
    films: given.Films = given.FilmChoice.ALL,
    layout: given.Layout = given.LayoutChoice.ROW,
    tile_height: given.TileHeight = 720,
    fps: given.Fps = 30,
    quality: given.Quality = given.QualityChoice.STANDARD,
    audio: given.Audio = None,
    overlay: given.Overlay = given.OverlayChoice.CLOCK,
    reference: given.Reference = "",
    note: given.Note = "",
    clock_offset: given.ClockOffset = None,
    engine: given.Engine = given.EngineChoice.FFMPEG,
    name: given.Name = None,
    selector: given.Selector = given.SelectorChoice.PRODUCER,
    profile: given.Profile = None,
    region: given.AwsRegion = None,
    chunk: given.Chunk = None,
    samsara_region: given.Samsara = given.Region.US,
    output: given.Output = Path("Videos"),
    deliver: given.Deliver = None,
    cluster: given.Cluster = None,
    logs: given.Logs = Path("Logs"),
    poll_interval: given.PollInterval = None,
    wait: given.Wait = None,
    settle: given.Settle = None,
    longest: given.Longest = None,
    retries: given.Retries = 8,
    over_quota: given.OverQuota = False,
    dry_run: given.DryRun = False,
    yes: given.Yes = False,
    no_input: given.NoInput = False,
    json_output: given.Json = False,
    debug: given.Debug = False,
) -> int:
    """Pull one incident. Example: pull --vehicle "Truck 104" --start "04/16/2025 13:30" --duration 10"""
    from cli.desk import DeskOptions
    from cli.order import PullOptions
    from footage.storage import usable_address

    settings = RunSettings(
        films=FilmSettings(
            films.value, layout.value, tile_height, fps, audio, engine.value, overlay.value, quality.value
        ),
        waiting=wait_as(WaitSettings(retries=retries), poll_interval, wait, settle),
        requests=RequestSettings(longest),
        kinesis=KinesisSettings(profile, region, chunk),
        evidence=EvidenceSettings(reference, note, clock_offset),
        deliver=usable_address(deliver),
        over_quota=over_quota,
    )
    shared = DeskOptions(roomy(output), logs, json_output, no_input, yes, debug, samsara_region.value, retries, cluster)
    times = (start, duration, end, around, before, after)
    who = (vehicle, stream or (), source)
    order = PullOptions(*who, *times, timezone, cameras, name, media_type, selector.value, settings)
    return open_desk(shared).pull(order, dry_run=dry_run)


@app.command(cls=CommandPage)
def resume(
    journal: given.JournalName = "latest",
    all_: given.All = False,
    ask_again: given.AskAgain = False,
    accept_partial: given.AcceptPartial = False,
    over_quota: given.OverQuota = False,
    samsara_region: given.Samsara = given.Region.US,
    output: given.OtherOutput = None,
    cluster: given.Cluster = None,
    logs: given.Logs = Path("Logs"),
    poll_interval: given.PollInterval = None,
    wait: given.Wait = None,
    settle: given.Settle = None,
    yes: given.Yes = False,
    no_input: given.NoInput = False,
    json_output: given.Json = False,
    debug: given.Debug = False,
    max_parallel: given.MaxParallel = 2,
    hours: given.HoursOfDay = None,
) -> int:
    """Go on with a run from its journal. Example: resume latest"""
    from cli.batch import BatchOptions
    from cli.desk import DeskOptions
    from footage.batch.resumable import find_resumables, latest_resumable, load_resumable
    from footage.hours import parse_hours

    region, folder = samsara_region.value, output or Path("Videos")
    shared = DeskOptions(folder, logs, json_output, no_input, yes, debug, region, cluster=cluster)
    waiting = wait_as(WaitSettings(), poll_interval, wait, settle)
    downloads = parse_hours(hours) if hours is not None else None
    options = BatchOptions(waiting, max_parallel, over_quota, accept_partial, hours=downloads)
    desk = open_batch_desk(shared, options)
    if all_:
        chosen = [found for found in find_resumables(logs) if not found.finished]
    else:
        chosen = [latest_resumable(logs) if journal == "latest" else load_resumable(Path(journal), logs)]

    def allow(settings: RunSettings) -> RunSettings:
        return replace(
            settings,
            waiting=wait_as(settings.waiting, poll_interval, wait, settle),
            over_quota=over_quota,
            ask_again=ask_again,
            accept_partial=accept_partial,
        )

    for found in chosen:
        found.change_settings(allow)
        if output is not None:
            found.move_to(output)
    return desk.resume_all(chosen) if all_ else desk.go_on(chosen[0])


@app.command(cls=CommandPage)
def batch(
    sheet: given.Sheet = None,
    template: given.Template = False,
    skip_faulty: given.SkipFaulty = False,
    timezone: given.Timezone = None,
    cameras: given.Cameras = None,
    media_type: given.Media = MediaType.HIGH,
    films: given.Films = given.FilmChoice.ALL,
    layout: given.Layout = given.LayoutChoice.ROW,
    tile_height: given.TileHeight = 720,
    fps: given.Fps = 30,
    quality: given.Quality = given.QualityChoice.STANDARD,
    overlay: given.Overlay = given.OverlayChoice.CLOCK,
    max_parallel: given.MaxParallel = 2,
    hours: given.HoursOfDay = None,
    samsara_region: given.Samsara = given.Region.US,
    output: given.Output = Path("Videos"),
    deliver: given.Deliver = None,
    cluster: given.Cluster = None,
    logs: given.Logs = Path("Logs"),
    poll_interval: given.PollInterval = None,
    wait: given.Wait = None,
    settle: given.Settle = None,
    longest: given.Longest = None,
    retries: given.Retries = 8,
    over_quota: given.OverQuota = False,
    dry_run: given.DryRun = False,
    yes: given.Yes = False,
    no_input: given.NoInput = False,
    json_output: given.Json = False,
    debug: given.Debug = False,
) -> int:
    """Pull a list of incidents from a spreadsheet, all together. Example: batch incidents.csv"""
    from cli.batch import BatchOptions, tell_template
    from cli.desk import DeskOptions
    from cli.order import PullOptions
    from footage.hours import parse_hours
    from footage.storage import usable_address

    if template:
        return tell_template(sheet, print_result, as_json=json_output)
    if sheet is None:
        raise InputRefused("Name the list: batch incidents.csv. (batch --template shows how one begins.)")
    waiting = wait_as(WaitSettings(retries=retries), poll_interval, wait, settle)
    settings = RunSettings(
        films=FilmSettings(films.value, layout.value, tile_height, fps, overlay=overlay.value, quality=quality.value),
        waiting=waiting,
        requests=RequestSettings(longest),
        deliver=usable_address(deliver),
        over_quota=over_quota,
    )
    base = PullOptions(timezone=timezone, cameras=cameras, media_type=media_type, settings=settings)
    region, folder = samsara_region.value, roomy(output)
    shared = DeskOptions(folder, logs, json_output, no_input, yes, debug, region, retries, cluster)
    downloads = parse_hours(hours) if hours is not None else None
    options = BatchOptions(waiting, max_parallel, over_quota, skip_faulty=skip_faulty, hours=downloads)
    return open_batch_desk(shared, options).start_list(sheet, base, dry_run=dry_run)


@app.command(cls=CommandPage)
def status(logs: given.Logs = Path("Logs"), json_output: given.Json = False) -> int:
    """List every journal: what is complete, what is waited for, since when."""
    from cli.words import status_json, status_words
    from footage.batch.resumable import find_resumables
    from footage.journals import unreadable_journals

    journals, unreadable = find_resumables(logs), unreadable_journals(logs)
    if json_output:
        print_result(status_json(journals, unreadable))
        return 0
    for line in status_words(journals, unreadable) if journals or unreadable else [f"There is no journal in {logs}."]:
        print_result(line)
    return 0


declare_beside(app)
