"""What a person must agree to before anything is spent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from footage.errors import InputRefused, NotBegun
from footage.journals import unreadable_journals
from footage.models import Incident
from helpers import Asker


def confirm_spending(asker: Asker | None) -> None:
    """Have the plan that was shown agreed to. Raises InputRefused where nobody can be asked, NotBegun for a no."""
    if asker is None:
        raise InputRefused("--yes is missing: nothing is asked of Samsara where nobody can confirm it.")
    if not asker.confirm("Go on?", default=True):
        raise NotBegun("Nothing was asked of Samsara.")


def mind_unreadable(
    logs: Path, incidents: Sequence[Incident], asker: Asker | None, tell: Callable[[list[str]], None]
) -> None:
    """See to it that nothing is paid for twice because the journal that knows of it cannot be read.

    Raises InputRefused where nobody can be asked, NotBegun for a no.
    """
    unreadable = unreadable_journals(logs)
    tell([each.why for each in unreadable])
    concerned = [each for each in unreadable if any(map(each.may_concern, incidents))]
    if not concerned:
        return
    names = ", ".join(each.path.name for each in concerned)
    risk = f"{names} may hold requests for this vehicle, which would be paid for twice."
    if asker is None:
        raise InputRefused(f"{risk} Update the program, or move the file out of {logs} to go on without it.")
    tell([risk])
    if not asker.confirm("Go on without it?", default=False):
        raise NotBegun("Nothing was asked of Samsara.")
