"""A picture of text that changes in place on a terminal; sentences pass above it. The one place that knows rich."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, TextIO

from cli.grid import GLYPHS, Span
from footage.wording import in_lines

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

_A_SECOND = 4

Lines = Callable[[int, bool], Iterable[Sequence[Span]]]
"""The picture as it is now, a list of spans a line, for a width, and with plain signs only or not."""


class Picture:
    """Draws `lines` on a terminal several times a second; `note` keeps each sentence that passes."""

    def __init__(self, stream: TextIO, lines: Lines, *, note: Callable[[str], None], width: int | None = None) -> None:
        self._stream = stream
        self._lines = lines
        self._note = note
        self._width = width
        self._plain = not _can_show(GLYPHS, stream)
        self._turn = Lock()
        self._live: Live | None = None

    def say(self, text: str) -> None:
        """One sentence for the person: it stays above the picture."""
        self._note(text)
        with self._turn:
            console = self._live.console if self._live is not None else self._console()
            console.print(in_lines(text), markup=False, highlight=False)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Draw while this lasts; the last picture stays."""
        from rich.live import Live

        live = self._live = Live(console=self._console(), get_renderable=self.drawn, refresh_per_second=_A_SECOND)
        live.start(refresh=True)
        try:
            yield
        finally:
            with self._turn:  # a sentence of another thread must not draw the picture anew once it has ended
                self._live = None
                live.stop()

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Leave the terminal to a question."""
        live = self._live
        if live is None:
            yield
            return
        with self._turn:
            self._live = None
            live.stop()
        try:
            yield
        finally:
            with self._turn:
                self._live = live
                live.start(refresh=True)

    def drawn(self) -> Text:
        """The picture as it is now."""
        from rich.text import Text

        lines = self._lines(self._width or self._console().width, self._plain)
        shown = ([(in_lines(span.text), span.style) for span in spans] for spans in lines)
        return Text("\n").join(Text.assemble(*spans, no_wrap=True) for spans in shown)

    @property
    def height(self) -> int:
        """The lines of the terminal."""
        return self._console().height

    def _console(self) -> Console:
        from rich.console import Console

        return Console(file=self._stream, width=self._width)


def _can_show(text: str, stream: TextIO) -> bool:
    try:
        text.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def can_draw(stream: TextIO) -> bool:
    """Whether a picture may be drawn on `stream`: a terminal that can, and no NO_COLOR (no-color.org)."""
    unable = ("dumb", "unknown") if os.name == "nt" else ("dumb", "unknown", "")
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "").casefold() not in unable
