"""Values into sentences: the plan, the state of a journal, the end of a run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from cli.again import quoted
from footage.batch.journal import BatchJournal
from footage.batch.resumable import Resumable
from footage.errors import FootageError
from footage.journal import Journal
from footage.journals import Unreadable
from footage.models import Camera, Incident, MediaType, Quota
from footage.samsara.plan import expected_bytes
from footage.values_json import incident_to_json, time_text

# An error at the first question must not wait for what makes films, which the report brings with it.
if TYPE_CHECKING:
    from footage.report import Report
    from footage.run import Plan

_HEADLINES = {
    "complete": "Complete: every asked second of every camera is there.",
    "partial": "Partial: delivered, with parts missing.",
    "pending": "Pending: some footage is still to come.",
    "nothing": "Nothing: no camera has any footage in this time.",
    "unfetched": "Nothing arrived: there is footage, but none of it could be fetched.",
    "failed": "Stopped before the end; everything so far is kept.",
}
_STATES = {
    **{word: word for word in ("complete", "partial", "pending", "waiting", "running")},
    "nothing": "no footage",
    "superseded": "taken over by a newer run",
    "interrupted": "stopped by you",
    "held": "left to another run",
}
_MEDIA = {
    MediaType.LOW: "low resolution",
    MediaType.HYPERLAPSE: "hyperlapse",
    MediaType.IMAGE: "stills",
}


def plan_words(plan: Plan) -> Iterator[str]:
    """The plan, a line each."""
    from footage.report import local_span

    incident = plan.incident
    yield f"Incident: {incident.name}" + (f" (vehicle id {incident.vehicle.id})" if incident.vehicle else "")
    yield from (f"Time: {line}" for line in local_span(incident.window, ZoneInfo(incident.timezone)))
    yield f"Cameras: {', '.join(_camera_words(camera) for camera in incident.cameras)}"
    if incident.media_type in _MEDIA:
        yield f"Media: {_MEDIA[incident.media_type]}"
    if incident.vehicle is not None:
        yield from _request_words(plan)
    yield _expected_words(plan)
    yield f"Folder: {plan.folder} ({plan.free / 1e9:.1f} GB free)"


def _expected_words(plan: Plan) -> str:
    return expected_words(*expected_of(plan), plan.free)


def expected_of(plan: Plan) -> tuple[int, int]:
    """About how many bytes there are to download, and how many the folder takes."""
    incident = plan.incident
    cells = plan.windows * sum(camera.source == "samsara" for camera in incident.cameras)
    here = plan.here / cells if cells else 0.0
    seconds = incident.window.seconds * (1 - here)
    return expected_bytes(len(incident.cameras), seconds, incident.media_type, plan.films)


def expected_words(download: int, disk: int, free: int) -> str:
    """What is expected, in bytes, beside what is free."""
    tight = ", more than is free" if disk > free else ""
    return f"Expected: about {size_words(download)} to download, {size_words(disk)} on disk (a guess){tight}"


def size_words(count: int) -> str:
    """So many bytes."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(1, round(count / 1e6))} MB"


def _request_words(plan: Plan) -> Iterator[str]:
    yield f"Requests: {plan.requests} new for {plan.windows} window{'s' if plan.windows != 1 else ''}"
    known = (
        counted(plan.here, "camera window is here", "camera windows are here"),
        counted(plan.already_uploaded, "is uploaded already", "are uploaded already"),
        counted(plan.held, "request is known", "requests are known"),
    )
    spared = [text for text in known if not text.startswith("0 ")]
    if spared:
        yield f"Not asked again: {', '.join(spared)}"
    yield f"Quota: about {plan.estimated_seconds:.10g} seconds{quota_left(plan.quota)}"


def counted(count: int, one: str, many: str) -> str:
    """A number and what there are so many of."""
    return f"{count} {one if count == 1 else many}"


def _camera_words(camera: Camera) -> str:
    return f"{camera.word} (stream {camera.stream})" if camera.stream else camera.word


def resume_command(journal: Path | None) -> str:
    """The line that goes on with a run."""
    return f"python main.py resume {quoted(str(journal), always=True) if journal else 'latest'}"


def end_words(report: Report) -> Iterator[str]:
    """How a run ended, a line each; the last one says how to go on where that makes sense."""
    again = report.journal.awaits_another_try
    yield _HEADLINES["unfetched" if again and report.status == "nothing" else report.status]
    yield from report.sentences()
    yield f"Folder: {report.journal.folder}"
    if report.films.side_by_side:
        yield f"Film: {report.films.side_by_side}"
    if report.films.contact_sheet:
        yield f"Contact sheet: {report.films.contact_sheet}"
    if report.error is not None:
        yield from error_words(report.error, report.log)
    if report.is_unsettled:
        yield "What may have been asked for is looked for by each resume. Asking again may cost its quota twice;"
        yield f"to do so: {resume_command(report.journal.path)} --ask-again"
    if report.leaves_work:
        yield f"To go on later: {resume_command(report.journal.path)}"
    elif again:
        yield f"To try again what did not arrive: {resume_command(report.journal.path)}"


def error_words(error: FootageError, log: Path | None) -> Iterator[str]:
    """What happened, what to do, where the log is."""
    yield error.message
    yield error.remedy
    if error.request_id:
        yield f"The service's request id: {error.request_id}"
    if log is not None:
        yield f"Log: {log}"


def status_words(journals: Iterable[Resumable], unreadable: Iterable[Unreadable]) -> Iterator[str]:
    """Every run and every list: what it is about, how it stands, since when; and what cannot be read."""
    yield from (each.why for each in unreadable)
    for journal in journals:
        name = journal.path.name if journal.path else ""
        yield f"{name}: {state_words(journal.state)}, since {journal.created.astimezone():%Y-%m-%d %H:%M}"
        if isinstance(journal, BatchJournal):
            count = Counter(entry.state for entry in journal.entries)
            rows = ", ".join(f"{number} {state_words(state)}" for state, number in count.most_common())
            yield f"  {journal.sheet}, {len(journal.entries)} rows: {rows}; {journal.output}"
            continue
        yield f"  {_about(journal.incident)}"
        clips = counted(len(journal.clips), "clip", "clips")
        yield (f"  {clips} here, {_open_requests(journal)} of {len(journal.requests)} requests open; {journal.folder}")


def state_words(state: str) -> str:
    """How a run stands, in words: a status of its result, or that an error of that kind ended it."""
    return _STATES.get(state) or f"stopped ({state.replace('_', ' ')})"


def status_json(found: Iterable[Resumable], unreadable: Iterable[Unreadable]) -> str:
    """The same for a script."""
    found = list(found)
    journals = [each for each in found if isinstance(each, Journal)]
    lists = [
        {
            "journal": str(each.path and each.path.absolute()),
            "state": each.state,
            "finished": each.finished,
            "since": time_text(each.created),
            "sheet": each.sheet,
            "rows": [{"row": row.row, "state": row.state, "journal": str(row.journal)} for row in each.entries],
        }
        for each in found
        if isinstance(each, BatchJournal)
    ]
    listed = [
        {
            "journal": str(journal.path and journal.path.absolute()),
            "state": journal.state,
            "finished": journal.finished,
            "since": time_text(journal.created),
            "folder": str(journal.folder.absolute()),
            "incident": incident_to_json(journal.incident),
            "clips": len(journal.clips),
            "requests": len(journal.requests),
            "open_requests": _open_requests(journal),
        }
        for journal in journals
    ]
    broken = [{"journal": str(each.path.absolute()), "why": each.why} for each in unreadable]
    facts = {"journals": listed, "lists": lists, "unreadable": broken}
    return json.dumps({"schema": 1, "status": "ok", "exit_code": 0, **facts, "error": None})


def plan_json(plan: Plan) -> dict[str, Any]:
    """What --dry-run prints with --json."""
    from footage.report import quota_json

    return {
        "schema": 1,
        "status": "planned",
        "exit_code": 0,
        "folder": str(plan.folder.absolute()),
        "incident": incident_to_json(plan.incident),
        "plan": {
            "windows": plan.windows,
            "requests": plan.requests,
            "already_uploaded": plan.already_uploaded,
            "held": plan.held,
            "here": plan.here,
            "free_bytes": plan.free,
        },
        "quota": quota_json(plan.quota, plan.estimated_seconds),
        "error": None,
    }


def _open_requests(journal: Journal) -> int:
    closed = ("withdrawn", "refused")
    return sum(1 for request in journal.requests if request.state not in closed and request.open_cameras)


def _about(incident: Incident) -> str:
    from footage.report import local_span

    span = next(iter(local_span(incident.window, ZoneInfo(incident.timezone))))
    return f"{incident.name}, {span}, {', '.join(camera.word for camera in incident.cameras)}"


def quota_left(quota: Quota | None) -> str:
    """What is left of the month's allowance, as the end of a sentence."""
    if quota is None:
        return " (what is left is known after the first request)"
    left = max(0.0, quota.limit_seconds - quota.used_seconds)
    return f" of {left:.10g} left this month"
