"""What earlier runs left that a new one must know: unfinished journals, ids and clips of the incident, the quota."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from footage.cameras import may_show
from footage.errors import InputRefused
from footage.files import left_beside
from footage.journal import Journal, Request
from footage.journals import journal_paths, load_journal
from footage.models import UTC, Clip, Incident, Quota, TimeWindow
from footage.samsara.plan import quota_seconds
from footage.samsara.stock import WORTH_ANOTHER_TRY

_OLD_SECONDS = 24 * 3600.0
_PAID = {"here", "download"}
"""Outcomes of a camera whose footage the service has brought."""
_CARRIED = {"accepted", "intended", "sighted"}
_UNDER_WAY = {None, *WORTH_ANOTHER_TRY}


def same_incident(one: Incident, other: Incident) -> bool:
    """Whether two runs are of the same footage: vehicle, or streams and their clock, time, media type; not cameras."""
    return one.subject == other.subject


def unfinished_run(journals: list[Journal], incident: Incident) -> Journal | None:
    """The newest run of the same incident and cameras that is not finished."""
    for journal in reversed(journals):
        if same_incident(journal.incident, incident) and journal.incident.cameras == incident.cameras:
            return None if journal.finished else journal
    return None


def latest_of(journals: list[Journal], incident: Incident) -> Journal | None:
    """The newest run of the same incident and cameras that no other took the place of, finished or not."""
    for journal in reversed(journals):
        same = same_incident(journal.incident, incident) and journal.incident.cameras == incident.cameras
        if same and journal.state != "superseded":
            return journal
    return None


def refuse_superseded(journal: Journal, journals: list[Journal]) -> None:
    """Raise InputRefused for a journal whose place a newer run took: it does not know what that one asked for."""
    stands = (other.state for other in journals if _is_same(other, journal))
    if "superseded" not in (journal.state, *stands):
        return
    newer = [other.path for other in journals if same_incident(other.incident, journal.incident)]
    raise InputRefused(f"A newer run took the place of {journal.path}: resume that one, {newer[-1] if newer else ''}.")


def carry_over(journal: Journal, windows: Collection[TimeWindow], journals: list[Journal]) -> list[Journal]:
    """Copy into a draft what earlier runs asked for and brought, so that nothing is paid twice.

    Of the same incident that is everything; of others, which go on by themselves, what is under way for one of the
    draft's `windows`: what they have brought is in the list of uploaded media. Returns the journals that the draft
    takes the place of.
    """
    earlier = [other for other in journals if same_incident(other.incident, journal.incident)]
    for request in _carried(journal.incident, windows, journals):
        journal.requests.append(replace(request, number=len(journal.requests)))
    for other in earlier:
        journal.clips += [clip for clip in other.clips if _is_wanted(clip, journal)]
        journal.films |= other.films if other.folder == journal.folder else {}
    journal.clips = list({clip.path.name: clip for clip in journal.clips}.values())
    _reopen_elsewhere(journal)
    unfinished = [other for other in earlier if not other.finished]
    journal.replaces = tuple(other.created for other in unfinished)
    return unfinished


def _carried(incident: Incident, windows: Collection[TimeWindow], journals: list[Journal]) -> list[Request]:
    """What carry_over takes, oldest first. A request that several journals know is as the newest one tells it."""
    words = {camera.word for camera in incident.cameras}
    own = [each for each in journals if same_incident(each.incident, incident)]
    others = [each for each in journals if each not in own and _same_footage(each.incident, incident)]
    known: set[tuple[datetime, TimeWindow, str]] = set()

    def may_serve(request: Request, word: str) -> bool:
        return request.window in windows and word in words and request.outcome.get(word) in _UNDER_WAY

    carried = [*_newest(own, known, lambda request, word: True), *_newest(others, known, may_serve)]
    return sorted(carried, key=lambda request: request.asked_at)


def _newest(
    journals: Sequence[Journal],
    known: set[tuple[datetime, TimeWindow, str]],
    serves: Callable[[Request, str], bool],
) -> Iterator[Request]:
    for journal in reversed(journals):
        for request in journal.requests:
            fresh = [word for word in request.cameras if (request.asked_at, request.window, word) not in known]
            cameras = [word for word in fresh if serves(request, word)]
            if cameras and request.state in _CARRIED:
                yield _part_of(request, cameras)
        known.update((each.asked_at, each.window, word) for each in journal.requests for word in each.cameras)


def _same_footage(one: Incident, other: Incident) -> bool:
    same_vehicle = one.vehicle is not None and other.vehicle is not None and one.vehicle.id == other.vehicle.id
    return same_vehicle and one.media_type is other.media_type


def _part_of(request: Request, cameras: Sequence[str]) -> Request:
    outcome = {camera: end for camera, end in request.outcome.items() if camera in cameras}
    return replace(request, cameras=tuple(cameras), outcome=outcome)


def _reopen_elsewhere(journal: Journal) -> None:
    """What an earlier run brought into another folder is fetched again, by the id that it paid for."""
    for request in list(journal.requests):
        own = [clip.camera for clip in journal.clips if clip.requested.overlap(request.window)]
        for camera in [camera for camera, outcome in request.outcome.items() if outcome == "here"]:
            if camera not in own:
                journal.reopen(request.number, camera)


def last_quota(journals: list[Journal], now: datetime) -> Quota | None:
    """The newest quota figure of this calendar month; the month's end is taken in UTC, as Samsara does not say."""
    month = now.astimezone(UTC).strftime("%Y-%m")
    known = [journal.quota for journal in journals if journal.quota and f"{journal.created:%Y-%m}" == month]
    return known[-1] if known else None


def quota_promised(journals: list[Journal], now: datetime) -> Quota | None:
    """The same with the request added whose answer told it: the service counts what is finished only."""
    quota = last_quota(journals, now)
    if quota is None:
        return None
    teller = next(journal for journal in reversed(journals) if journal.quota is quota)
    accepted = [request for request in teller.requests if request.state == "accepted"][-1:]
    cells = [
        (camera, request.window)
        for request in accepted
        for camera in request.cameras
        if request.outcome.get(camera, "here") in _PAID
    ]
    return replace(quota, used_seconds=quota.used_seconds + quota_seconds(cells, teller.incident.media_type))


def sweep_beside(journal: Journal, now: datetime) -> None:
    """Remove what killed writers left beside a run's own journal, and of others, which may be writing, what is old."""
    if journal.path is None:
        return
    for left, name in left_beside(journal.path.parent):
        with suppress(OSError):
            if name == journal.path.name or now.timestamp() - left.stat().st_mtime > _OLD_SECONDS:
                left.unlink()


class Witness:
    """Remembers how the journals of an incident stood, and tells whether another run has written to them since.

    A plan is made before the incident's folder is held; what it was made of must still be true when the folder is.
    """

    def __init__(self, logs: Path, incident: Incident, journals: list[Journal]) -> None:
        self._logs = logs
        self._incident = incident
        self._known = {journal.path for journal in journals}
        self._others = {journal.path for journal in journals if not same_incident(journal.incident, incident)}
        self._stood = self._look()

    def sees_change(self, siblings: Path | None = None) -> bool:
        """Whether a journal of the incident is new or another than it was.

        New ones in the folder `siblings` are the caller's own, of the other incidents of a list.
        """
        return self._look(siblings) != self._stood

    def _look(self, siblings: Path | None = None) -> dict[Path, tuple[int, int]]:
        stood = {}
        for path in journal_paths(self._logs):
            is_sibling = path.parent == siblings and path not in self._known
            if path not in self._others and not is_sibling and self._concerns(path):
                facts = path.stat()
                stood[path] = (facts.st_mtime_ns, facts.st_size)
        return stood

    def _concerns(self, path: Path) -> bool:
        try:
            return same_incident(load_journal(path).incident, self._incident)
        except InputRefused:
            return False  # not readable: another program's file


def _is_same(one: Journal, other: Journal) -> bool:
    return one.created == other.created and same_incident(one.incident, other.incident)


def _is_wanted(clip: Clip, journal: Journal) -> bool:
    camera = next((each for each in journal.incident.cameras if each.word == clip.camera), None)
    return clip.path.parent == journal.folder and (camera is None or may_show(camera, clip))
