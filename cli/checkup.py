"""One check of the doctor: a verdict, what was found, what to do; and the list of them in words and as JSON. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warning", "broken"]

_BROKEN, _FINE = "broken", "ok"


@dataclass(frozen=True, slots=True)
class Check:
    """`code` is the contract's exit code that a run would end with; it counts where the verdict is broken."""

    name: str
    verdict: Verdict
    said: str
    remedy: str = ""
    code: int = 1


def exit_code(checks: Iterable[Check]) -> int:
    """That of the first broken check, else 0: a warning breaks nothing."""
    return next((check.code for check in checks if check.verdict == _BROKEN), 0)


def check_words(check: Check) -> Iterator[str]:
    """A line for what was found, and one for what to do."""
    yield f"{check.verdict:<8} {check.name}: {check.said}"
    if check.remedy and check.verdict != _FINE:
        yield f"         -> {check.remedy}"


def checks_json(checks: Sequence[Check]) -> str:
    """All checks as one object."""
    listed = [
        {"name": check.name, "verdict": check.verdict, "said": check.said, "remedy": check.remedy} for check in checks
    ]
    verdicts = {check.verdict for check in checks}
    status = next((verdict for verdict in (_BROKEN, "warning") if verdict in verdicts), _FINE)
    return json.dumps({"schema": 1, "status": status, "exit_code": exit_code(checks), "checks": listed})
