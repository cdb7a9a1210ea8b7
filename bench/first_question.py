"""How long `python main.py` takes to its first question, against bare Python, in a terminal of its own.

    python -m bench.first_question [ROUNDS]

Prints the median of the rounds in milliseconds and the ratio to `python -c pass`, and the same in processor time, which
does not depend on what else the computer is doing.
"""

from __future__ import annotations

import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pexpect

ROOT = Path(__file__).parent.parent
LIMIT_MS = 400.0


class Took(NamedTuple):
    """Milliseconds on the clock and on the processor."""

    clock: float
    processor: float


def _used() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _spawn(arguments: Sequence[str], folder: str, expected: str) -> float:
    """Seconds until the terminal shows what is expected; the program is then ended."""
    began = time.perf_counter()
    environ = {**os.environ, "TERM": "xterm-256color"}
    child = pexpect.spawn(sys.executable, list(arguments), cwd=folder, env=environ, timeout=60)
    child.delayafterclose = child.delayafterterminate = 0.0
    child.expect(expected)
    took = time.perf_counter() - began
    child.close(force=True)
    return took * 1000


def rounds(arguments: Sequence[str], expected: str, count: int) -> list[Took]:
    """The same several times."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(count):
            before = _used()
            clock = _spawn(arguments, folder, expected)
            found.append(Took(clock, (_used() - before) * 1000))
    return found


def main() -> int:
    """Print the figures; 1 where the question comes too late."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    bare = rounds(["-c", "print('Source')"], "Source", count)
    asked = rounds([str(ROOT / "main.py")], "Source .samsara", count)
    for name, took in (("bare Python", bare), ("first question", asked)):
        clock = statistics.median(each.clock for each in took)
        processor = statistics.median(each.processor for each in took)
        best = min(each.clock for each in took)
        print(f"{name:<15} {clock:6.0f} ms (best {best:.0f}), {processor:6.0f} ms of processor")
    ratio = statistics.median(each.clock for each in asked) / statistics.median(each.clock for each in bare)
    print(f"ratio           {ratio:6.1f}")
    return 0 if statistics.median(each.clock for each in asked) <= LIMIT_MS else 1


if __name__ == "__main__":
    sys.exit(main())
