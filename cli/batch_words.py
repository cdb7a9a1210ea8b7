"""A list of incidents in sentences: its plan before anything is spent, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from cli.again import minutes_text
from cli.words import counted, expected_of, expected_words, quota_left, resume_command
from footage.batch.journal import BatchJournal, Entry
from footage.batch.summary import Outcome
from footage.values_json import incident_to_json

if TYPE_CHECKING:
    from footage.batch.plan import BatchPlan
    from footage.run import Plan

_ROWS_SHOWN = 50

_HEADLINES = {
    0: "Complete: every row has every asked second of every camera.",
    3: "Partial: not every row is complete; the summary says why.",
    4: "Pending: some footage is still to come.",
}


def batch_plan_words(plan: BatchPlan) -> Iterator[str]:
    """The plan of a list, a line each."""
    yield f"Incidents: {len(plan.plans)} to do" + _and_done(plan)
    for end in plan.refused:
        yield f"  {_row_words(end.entry)}: cannot go on: {end.words}"
    if not plan.plans:
        return
    for entry, each in sorted(plan.rows[:_ROWS_SHOWN], key=lambda row: row[0].row):
        yield f"  {_row_words(entry)}: {counted(each.requests, 'request', 'requests')}"
    if len(plan.rows) > _ROWS_SHOWN:
        yield f"  and {len(plan.rows) - _ROWS_SHOWN} more rows, which --json lists"
    windows = sum(each.windows for each in plan.plans)
    yield f"Requests: {plan.requests} new for {windows} windows"
    here, known = sum(each.here for each in plan.plans), sum(each.held for each in plan.plans)
    uploaded = sum(each.already_uploaded for each in plan.plans)
    if here or known or uploaded or plan.borrowed:
        yield (
            f"Not asked again: {here} camera windows are here, {uploaded} are uploaded already, {plan.borrowed} are "
            f"another row's too, {known} requests are known"
        )
    yield f"Quota: about {plan.estimated_seconds:g} seconds{quota_left(plan.quota)}"
    expected = [expected_of(each) for each in plan.plans]
    yield expected_words(sum(download for download, _ in expected), sum(disk for _, disk in expected), plan.free)
    yield f"Folder: {plan.plans[0].folder.parent} ({plan.free / 1e9:.1f} GB free)"


def batch_plan_json(plan: BatchPlan) -> dict[str, Any]:
    """What --dry-run prints with --json."""
    from footage.report import quota_json

    return {
        "schema": 1,
        "kind": "batch",
        "status": "planned",
        "exit_code": 0,
        "plan": {
            "incidents": len(plan.plans),
            "done": plan.done,
            "refused": len(plan.refused),
            "requests": plan.requests,
            "windows": sum(each.windows for each in plan.plans),
            "already_uploaded": sum(each.already_uploaded for each in plan.plans),
            "shared": plan.borrowed,
            "held": sum(each.held for each in plan.plans),
            "here": sum(each.here for each in plan.plans),
            "estimated_seconds": plan.estimated_seconds,
            "free_bytes": plan.free,
            "rows": [_row_json(entry, each) for entry, each in plan.rows],
        },
        "quota": quota_json(plan.quota, plan.estimated_seconds),
        "error": None,
    }


def list_end_words(journal: BatchJournal, outcomes: Sequence[Outcome], code: int, summary: Path) -> Iterator[str]:
    """How a list ended, a line each; the last one says how to go on where that makes sense."""
    yield _HEADLINES[code]
    count = Counter(outcome.status for outcome in outcomes)
    yield ", ".join(f"{number} {status}" for status, number in count.most_common())
    for outcome in outcomes:
        if outcome.exit_code:
            yield f"  Row {outcome.row} ({outcome.vehicle}): {outcome.status}: {outcome.reason}"
    yield f"Summary: {summary}"
    if not journal.finished:
        yield f"To go on later: {resume_command(journal.path)}"


def _row_words(entry: Entry) -> str:
    """A row as the person who keeps the list knows it: whose footage, from when in local time, how long, of what."""
    incident = entry.incident
    start = incident.window.start.astimezone(ZoneInfo(incident.timezone))
    cameras = ", ".join(camera.word for camera in incident.cameras)
    named = f"Row {entry.row}" + (f" ({entry.reference})" if entry.reference else "")
    minutes = minutes_text(incident.window.seconds)
    return f"{named}: {incident.name}, {start:%Y-%m-%d %H:%M:%S %Z}, {minutes} min, {cameras}"


def _row_json(entry: Entry, plan: Plan) -> dict[str, Any]:
    return {
        "row": entry.row,
        "reference": entry.reference,
        "incident": incident_to_json(entry.incident),
        "folder": str(plan.folder),
        "windows": plan.windows,
        "requests": plan.requests,
        "estimated_seconds": plan.estimated_seconds,
    }


def _and_done(plan: BatchPlan) -> str:
    done = f", {plan.done} done already" if plan.done else ""
    return done + (f", {plan.refused} that cannot go on" if plan.refused else "")
