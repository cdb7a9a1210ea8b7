"""The error tree: every way a run can end badly, divided by what the person can do about it.

    FootageError                     exit 1   report it
     |- InputRefused                 exit 2   change what was typed
     |   |- UnknownVehicle                    pick one of the names that were found
     |   |- UnclearTime                       say which of two readings is meant
     |   |- SheetRefused                      correct the cells that the message lists
     |   `- InsecureAddress                   use https
     |- NotAllowed                   exit 6   change the key or its permissions
     |   |- KeyMissing
     |   |- KeyRejected
     |   `- PermissionMissing
     |- QuotaReached                 exit 7   wait for the month to end, or ask for less
     |- DiskTrouble                  exit 8   free the disk
     |   `- InTheWay                          move the file that the message names
     |- ServiceUnreachable           exit 10  try again later; nothing is lost
     |   |- SilentToTheEnd           exit 4   resume when the service answers again
     |   `- BadAnswer                         the same, and the answer was not understood
     |- VerificationFailed           exit 9   find out who changed what
     |- IncidentHeld                 exit 11  let the other run finish
     |- Interrupted                  exit 130 resume
     |   `- NotBegun                          run the command again
     |- RequestRefused               (a value to the story, never an end) the service refused one request
     |   `- NotRecording
     |- FateUnknown                  (a value to the story) a request was sent and no answer came
     |- BrokenMedia                  (a value to the story) a file cannot be read as media
     `- ToolFailed                   exit 1   ffmpeg ended badly; the message carries what it said

The message says what happened and what to do; `main.py` turns it into words on the screen and an exit code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

_FAULTS_SHOWN = 40
_FAULT_LENGTH = 300


class FootageError(Exception):
    """Something unexpected, most likely a bug.

    Base of all errors of this program; `kind` is the machine's word for it, `exit_code` the contract's number.
    """

    kind: ClassVar[str] = "unexpected"
    exit_code: ClassVar[int] = 1
    remedy: ClassVar[str] = "Please report this with the log file."

    def __init__(self, message: str, *, request_id: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.request_id = request_id


class InputRefused(FootageError):
    """Something typed or passed cannot be used."""

    kind = "input"
    exit_code = 2
    remedy = "Correct what was typed and run the command again."


class UnknownVehicle(InputRefused):
    """No vehicle, or more than one, answers to the name."""

    kind = "vehicle"
    remedy = "Check the spelling, or use a name or an id that the message lists."


class UnclearTime(InputRefused):
    """A wall-clock time that the zone skips or repeats.

    `readings` are the two meanings as ISO 8601 with offset.
    """

    kind = "time"
    remedy = "Give the start with its offset, for example 2026-11-01T01:30:00-05:00."

    def __init__(self, message: str, readings: tuple[str, str]) -> None:
        super().__init__(message)
        self.readings = readings


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one cell of a list of incidents. `row` as Excel counts it; the message is a sentence."""

    row: int
    column: str
    message: str

    def __str__(self) -> str:
        said = f"row {self.row}, {self.column}: {self.message}"
        return said if len(said) <= _FAULT_LENGTH else f"{said[: _FAULT_LENGTH - 3]}..."


class SheetRefused(InputRefused):
    """Cells of a list of incidents cannot be used.

    `faults` are all of them; the message lists as many as a person reads.
    """

    kind = "sheet"
    remedy = "Correct these cells and run the command again; nothing was asked for yet."

    def __init__(self, name: str, faults: Sequence[Fault]) -> None:
        lines = [str(fault) for fault in faults[:_FAULTS_SHOWN]]
        rest = len(faults) - len(lines)
        if rest:
            lines.append(f"and {rest} more, which --json lists.")
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        super().__init__("\n  ".join([f"{name} has {count}:", *lines]))
        self.faults = tuple(faults)


class InsecureAddress(InputRefused):
    """An address that is not https and not on this computer."""

    kind = "address"
    remedy = "Use an address that begins with https://."


class NotAllowed(FootageError):
    """Credentials are missing, rejected or too weak."""

    kind = "not_allowed"
    exit_code = 6
    remedy = "Check the key and its permissions."


class KeyMissing(NotAllowed):
    """No key was found and nobody can be asked."""

    kind = "key_missing"
    remedy = "Set SAMSARA_API_KEY, or run in a terminal and type the key when asked."


class KeyRejected(NotAllowed):
    """The service does not accept the key (401)."""

    kind = "key_rejected"
    remedy = "Make a new API token in Samsara's dashboard, and check that its region is the one asked."


class PermissionMissing(NotAllowed):
    """The key is valid but may not do this (403)."""

    kind = "permission"
    remedy = "Give the token the permission that the message names."


class QuotaReached(FootageError):
    """The service speaks of quota or usage, or the plan is larger than what is left."""

    kind = "quota"
    exit_code = 7
    remedy = "Ask for fewer minutes or cameras, or wait for the new month and resume."


class DiskTrouble(FootageError):
    """The disk is full or not writable."""

    kind = "disk"
    exit_code = 8
    remedy = "Free or change the disk, then resume."


class InTheWay(DiskTrouble):
    """A file stands where a folder is needed.

    `file` is that file.
    """

    remedy = "Move that file, or name another folder, then resume."

    def __init__(self, message: str, file: Path) -> None:
        super().__init__(message)
        self.file = file


class ServiceUnreachable(FootageError):
    """The service did not answer, or only with server errors, until the retries were used up."""

    kind = "unreachable"
    exit_code = 10
    remedy = "Check the network and try again; nothing is lost."


class SilentToTheEnd(ServiceUnreachable):
    """The wait for footage ended while the service did not answer; what was asked for is still to come."""

    exit_code = 4
    remedy = "Check the network, then resume; nothing is lost, and nothing is asked for twice."


class BadAnswer(ServiceUnreachable):
    """The service answered with something that cannot be understood."""

    kind = "bad_answer"
    remedy = "Try again later; if it stays, report it with the log file."


class VerificationFailed(FootageError):
    """A folder is not what its evidence package says."""

    kind = "verification"
    exit_code = 9
    remedy = "Compare with another copy; the original footage may still be with the service."


class IncidentHeld(FootageError):
    """Another run is working on the same incident folder."""

    kind = "held"
    exit_code = 11
    remedy = "Let the other run finish, or stop it."


class Interrupted(FootageError):
    """The person stopped the run."""

    kind = "interrupted"
    exit_code = 130
    remedy = "Resume when ready; what is here is kept."


class NotBegun(Interrupted):
    """The person stopped before anything was begun, as at a question."""

    kind = "not_begun"
    remedy = "Nothing is lost: run the command again when ready."


class RequestRefused(FootageError):
    """The service refused one request for a reason in the request itself (400, 404, 413)."""

    kind = "refused"
    remedy = "The footage of this request is reported as missing."


class NotRecording(RequestRefused):
    """The camera was not recording at the asked time."""

    kind = "not_recording"
    remedy = "There is no such footage; check the time and the trip."


class FateUnknown(FootageError):
    """A request was sent and its answer was lost: it may have been accepted."""

    kind = "fate_unknown"
    remedy = "Resume later: the program looks for it before asking again."


class BrokenMedia(FootageError):
    """A file is not readable as the media it should be."""

    kind = "broken_media"
    remedy = "The file is fetched again; what cannot be read is reported as missing."


class ToolFailed(FootageError):
    """ffmpeg ended with an error or wrote something else than planned."""

    kind = "ffmpeg"
    remedy = "Please report this with the log file."
