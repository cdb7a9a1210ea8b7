"""Which errors end a whole list of incidents, and which only the row that met them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from footage.errors import DiskTrouble, FootageError, Interrupted, InTheWay, KeyMissing, KeyRejected, NotAllowed
from footage.models import Incident

log = logging.getLogger(__name__)

_CONCERN_ALL = (KeyMissing, KeyRejected, DiskTrouble, Interrupted)
_REFUSED_FOR_ALL = 5


def concerns_all(error: Exception, output: Path) -> bool:
    """Whether no row can go on after this error. What stands in the way of one folder below `output` is that row's."""
    if isinstance(error, InTheWay):
        return output.absolute() not in error.file.parents
    return isinstance(error, _CONCERN_ALL)


def as_told(error: Exception, row: int) -> FootageError:
    """The error as the line of its row tells it; one that nobody foresaw is in the log with where it came from."""
    if isinstance(error, FootageError):
        return error
    log.error("row %d", row, exc_info=error)
    return FootageError(f"Something unexpected happened with this row ({type(error).__name__}: {error}).")


class Refusals:
    """Tells a permission that is missing for one vehicle or stream from one that is missing for all.

    An unlicensed vehicle is refused as a weak key is. So it is the key where nothing was ever allowed, and all that
    asked, or several of them, were refused.
    """

    def __init__(self, is_anything_allowed: Callable[[], bool], asking: int) -> None:
        self._is_anything_allowed = is_anything_allowed
        self._enough = min(asking, _REFUSED_FOR_ALL)
        self._refused: set[object] = set()

    def concern_all(self, error: Exception, incident: Incident) -> bool:
        """Whether this refusal of an incident says that the others will be refused too."""
        if not isinstance(error, NotAllowed):
            return False
        self._refused.add(whose(incident))
        return len(self._refused) >= self._enough and not self._is_anything_allowed()


def whose(incident: Incident) -> object:
    """The vehicle, or the streams, that an incident is about."""
    return incident.vehicle.id if incident.vehicle else frozenset(camera.stream for camera in incident.cameras)
