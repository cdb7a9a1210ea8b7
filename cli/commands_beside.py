"""The commands beside pull, resume, batch and status, and their options. Declares; what is done stands elsewhere."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import typer

from cli import options as given
from cli.helppage import CommandPage
from cli.opening import open_desk
from footage.models import UTC
from footage.settings import RunSettings, WaitSettings, wait_as
from helpers import print_result, say_on_stderr


def declare_beside(app: typer.Typer) -> None:
    """Make the commands of this module commands of the program."""
    for command in (verify, doctor, pack, demo, worker):
        app.command(cls=CommandPage)(command)


def verify(
    folder: given.Folder, quick: given.Quick = False, cluster: given.Cluster = None, json_output: given.Json = False
) -> int:
    """Check an incident folder against its manifest, offline. Example: verify "Videos/Truck_104_2025-04-16_..." """
    from cli.evidence import verify_folder

    return verify_folder(
        folder, decode=not quick, cluster=cluster, as_json=json_output, out=print_result, say=say_on_stderr
    )


def doctor(
    keep_key: given.KeepKey = False,
    forget_key: given.ForgetKey = False,
    samsara_region: given.Samsara = given.Region.US,
    profile: given.Profile = None,
    region: given.AwsRegion = None,
    output: given.Output = Path("Videos"),
    json_output: given.Json = False,
) -> int:
    """Look whether this computer, the key and the credentials can do the work. Spends no quota. Example: doctor"""
    from cli import surgery

    if keep_key:
        return surgery.keep_key(print_result, as_json=json_output)
    if forget_key:
        return surgery.drop_key(print_result, as_json=json_output)
    checks = surgery.examine(output=output, samsara_region=samsara_region.value, profile=profile, region=region)
    return surgery.see_doctor(checks, print_result, as_json=json_output)


def pack(
    folder: given.Folder, max_size: given.MaxSize = None, to: given.To = None, json_output: given.Json = False
) -> int:
    """Make one zip of an incident folder. Example: pack "Videos/Truck_104_2025-04-16_..." --max-size 25MB"""
    from cli.evidence import pack_folder

    return pack_folder(folder, max_size, to, as_json=json_output, out=print_result, say=say_on_stderr)


def demo(
    source: given.Played = given.SourceChoice.SAMSARA,
    with_gaps: given.WithGaps = False,
    output: given.Output = Path("Videos"),
    logs: given.Logs = Path("Logs"),
    poll_interval: given.PollInterval = 0.5,
    wait: given.Wait = None,
    settle: given.Settle = None,
    yes: given.Yes = False,
    no_input: given.NoInput = False,
    json_output: given.Json = False,
    debug: given.Debug = False,
) -> int:
    """Do the whole job against a service on this computer, with footage it makes itself. No account, no question."""
    from cli.demo import DEMO_FILMS, play_kinesis, play_samsara
    from cli.desk import DeskOptions

    desk = open_desk(DeskOptions(output, logs, json_output, no_input=True, yes=True, debug=debug))
    settings = RunSettings(films=DEMO_FILMS, waiting=wait_as(WaitSettings(), poll_interval, wait, settle))
    if source is given.SourceChoice.KINESIS:
        return play_kinesis(desk, settings, datetime.now(UTC))
    return play_samsara(desk, settings, datetime.now(UTC), with_gaps=with_gaps)


def worker(scheduler: given.Scheduler, workers: given.Workers = None, threads: given.Threads = 1) -> int:
    """Lend this computer to runs with --cluster, until Ctrl-C. Example: worker tcp://SCHEDULER:8786"""
    from cli.worker import host_workers

    host_workers(scheduler, workers, threads, say_on_stderr)
