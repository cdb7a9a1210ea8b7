"""Pictures of the wizard and of the progress: the program in a terminal of its own, its screen drawn by rich as SVG."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pyte
from pyte.screens import Char
from rich.console import Console
from rich.text import Text

from demo.faults import ClipFate, Script
from demo.samsara_service import SamsaraService
from tests.site import canned

ROOT = Path(__file__).parent.parent
COLUMNS, ROWS = 92, 30
KEY = "samsara_api_0123456789abcdef"
_COLOURS = {"brown": "yellow"}
_WIZARD = (
    ("source", ""),
    ("vehicle", "8trk"),
    ("start", "11/18/2026 08:30"),
    ("zone", "chicago"),
    ("duration", "ten"),
    ("duration", "5 before, 10 after"),
)
_SOON, _LATE = ("14:25", "14:26", "14:27", "14:28", "14:29", "14:30", "14:31"), ("14:36", "14:37", "14:38", "14:39")
_SCRIPT = Script(
    limits=False,
    clips=(
        ClipFate(camera="driver", start="2026-11-18T14:28:00Z", status="unavailable"),
        *(ClipFate(start=f"2026-11-18T{at}:00Z") for at in _SOON),
        *(ClipFate(camera="road", start=f"2026-11-18T{at}:00Z") for at in _LATE),
        ClipFate(status="pending"),
    ),
)


class Picture:
    """A program in a terminal whose screen can be drawn."""

    def __init__(self, child: pexpect.spawn[str]) -> None:
        self._child = child
        self._seen = io.StringIO()
        child.logfile_read = self._seen

    def answer(self, question: str, text: str) -> None:
        """Wait for a question and answer it."""
        self._child.expect(f"(?i){question}[^\n]*:")
        self._child.sendline(text)

    def wait(self, text: str) -> None:
        """Wait until the screen has shown a text."""
        self._child.expect(text)

    def press(self, keys: Sequence[str]) -> None:
        """Send keys as they are."""
        for key in keys:
            self._child.send(key)

    def rest(self, seconds: float) -> None:
        """Read for a while whatever comes."""
        self._child.expect([pexpect.TIMEOUT, pexpect.EOF], timeout=seconds)

    def draw(self, title: str, target: Path) -> Path:
        """What the terminal shows now, as SVG."""
        screen = pyte.Screen(COLUMNS, ROWS)
        pyte.Stream(screen).feed(self._seen.getvalue())
        lines = [Text.assemble(*_spans(screen.buffer[row][column] for column in range(COLUMNS))) for row in range(ROWS)]
        while lines and not lines[-1].plain.strip():
            lines.pop()
        console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
        for line in lines:
            console.print(line)
        target.write_text(console.export_svg(title=title, unique_id=target.stem), encoding="utf-8", newline="\n")
        return target


def _spans(cells: Iterator[Char]) -> Iterator[tuple[str, str]]:
    for cell in cells:
        colour = _COLOURS.get(cell.fg, cell.fg)
        yield cell.data, " ".join([*(["bold"] if cell.bold else []), *([] if colour == "default" else [colour])])


@contextmanager
def _program() -> Iterator[Picture]:
    """`python main.py` beside a stand-in whose footage stands in every state."""
    with tempfile.TemporaryDirectory() as folder, _service(Path(folder)) as service:
        own = {"SAMSARA_API_KEY": KEY, "SAMSARA_API_URL": service.url, "TERM": "xterm-256color", "TZ": "UTC"}
        child: pexpect.spawn[str] = pexpect.spawn(
            sys.executable,
            [str(ROOT / "main.py")],
            cwd=folder,
            env={name: text for name, text in (os.environ | own).items() if name != "NO_COLOR"},
            dimensions=(ROWS, COLUMNS),
            encoding="utf-8",
            timeout=120,
        )
        yield Picture(child)
        child.close(force=True)


def _service(folder: Path) -> SamsaraService:
    return SamsaraService(script=_SCRIPT, footage=canned(folder / "clips"), key=KEY)


def write_pictures(folder: Path) -> list[Path]:
    """docs/wizard.svg and docs/progress.svg."""
    with _program() as program:
        for question, text in _WIZARD:
            program.rest(0.7)
            program.answer(question, text)
        program.wait("Cameras, with commas")
        program.press(["\x1b[B", "\x1b[B", "\x1b[B", " "])
        program.rest(3)
        wizard = program.draw("python main.py", folder / "wizard.svg")
        program.press(["\r"])
        program.answer("go on", "y")
        program.rest(25)
        return [wizard, program.draw("python main.py", folder / "progress.svg")]
