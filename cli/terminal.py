"""One question, drawn: line editing, what may be meant while typing, a list to tick. Owns prompt_toolkit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TextIO

if TYPE_CHECKING:
    from prompt_toolkit.buffer import Buffer
    from prompt_toolkit.completion import Completer
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
    from prompt_toolkit.output import Output

_MOST_OFFERED = 30
_MENU_LINES = 6
_TAKE_UP = "right arrow to correct it"


class Offer(NamedTuple):
    """An answer that may be meant, and what tells it from others."""

    answer: str
    about: str = ""


Offers = Callable[[str], Sequence[Offer]]
"""What may be meant by what is typed so far, the likeliest first."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question. An empty answer takes `default`; `shown` stands for it on the screen where the two differ.

    `offers` are shown while something is typed, `ticks` as a list to tick. Of the `earlier` answers, which were wrong,
    the last one stands on the line until something is typed.
    """

    name: str
    text: str
    default: str | None = None
    shown: str | None = None
    hidden: bool = False
    plain: bool = False
    """Asked without line editing: the first question shall not wait for what edits lines to be loaded."""
    offers: Offers | None = None
    ticks: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()

    @property
    def prompt(self) -> str:
        """The question as it stands on the screen."""
        shown = self.shown or self.default
        return f"{self.text} [{shown}]:" if shown else f"{self.text}:"


@dataclass
class Kept:
    """A wrong answer that stands on the line as long as nothing is typed, and is taken up by the keys that edit.

    What is typed takes its place, so that the right answer can be typed as if the line were empty; and Enter takes the
    default, as on an empty line.
    """

    text: str = ""

    @property
    def shown(self) -> str:
        """What stands on the line."""
        return f"{self.text}  ({_TAKE_UP})" if self.text else ""

    def forget(self, _: object) -> None:
        """Something is typed: the line is the person's."""
        self.text = ""

    def take(self) -> str:
        """The answer, which is now on the line itself."""
        text, self.text = self.text, ""
        return text


class TickList:
    """A list whose ticks are the words of a line of text: the arrow keys move, space ticks, typing does the same."""

    def __init__(self, words: Sequence[str], default: str) -> None:
        self._words = tuple(words)
        self._default = default
        self.marked: int | None = None

    def lines(self, text: str) -> Iterator[str]:
        """The list as it stands for this text."""
        ticked = {word.casefold() for word in self._chosen(text)}
        for number, word in enumerate(self._words):
            pointer = ">" if number == self.marked else " "
            tick = "x" if "all" in ticked or word.casefold() in ticked else " "
            yield f" {pointer} [{tick}] {word}"

    def move(self, step: int) -> None:
        """Move the mark; above the first word it leaves the list."""
        at = -1 if self.marked is None else self.marked
        at = min(at + step, len(self._words) - 1)
        self.marked = at if at >= 0 else None

    def toggled(self, text: str) -> str:
        """The text with the marked word ticked, or without it; the others keep their order."""
        if self.marked is None:
            return text
        word, chosen = self._words[self.marked], self._chosen(text)
        if "all" in map(str.casefold, chosen):
            chosen = list(self._words)
        rest = [other for other in chosen if other.casefold() != word.casefold()]
        return ",".join(rest if len(rest) < len(chosen) else [*chosen, word])

    def _chosen(self, text: str) -> list[str]:
        return [word.strip() for word in (text if text.strip() else self._default).split(",") if word.strip()]


def ask_drawn(question: Question, stream: TextIO, *, on_drawn: Callable[[], None] | None = None) -> str:
    """One line from the person, drawn on `stream`. Raises KeyboardInterrupt for Ctrl-C and EOFError for Ctrl-D."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.application import get_app
    from prompt_toolkit.history import InMemoryHistory
    from prompt_toolkit.key_binding import merge_key_bindings
    from prompt_toolkit.output import ColorDepth

    ticks = TickList(question.ticks, question.shown or question.default or "")

    def message() -> str:
        return "\n".join([*ticks.lines(get_app().current_buffer.text), f"{question.prompt} "])

    kept = Kept("" if question.hidden or not question.earlier else question.earlier[-1])
    keys = [_editing_keys(kept), *([_tick_keys(ticks)] if question.ticks else [])]
    keys += [_paste_key()] if question.hidden else []
    session: PromptSession[str] = PromptSession(
        message,
        placeholder=lambda: [("dim", kept.shown)],
        is_password=question.hidden,
        completer=_completer(question.offers) if question.offers else None,
        complete_while_typing=question.offers is not None,
        reserve_space_for_menu=_MENU_LINES,
        key_bindings=merge_key_bindings(keys),
        history=InMemoryHistory(question.earlier),
        output=_output(stream),
        color_depth=ColorDepth.DEPTH_1_BIT,
    )
    session.default_buffer.on_text_changed += kept.forget
    return session.prompt(pre_run=on_drawn)


def _output(stream: TextIO) -> Output:
    from prompt_toolkit.output import create_output
    from prompt_toolkit.output.vt100 import Vt100_Output

    output = create_output(stdout=stream)
    if isinstance(output, Vt100_Output):
        output.enable_cpr = False  # nothing here needs the cursor's place, and not every terminal tells it
    return output


def _completer(offers: Offers) -> Completer:
    from prompt_toolkit.completion import Completer, Completion

    class OfferCompleter(Completer):
        """Offers take the place of the whole line."""

        def get_completions(self, document: object, complete_event: object) -> Iterator[Completion]:
            text: str = getattr(document, "text", "")
            for offer in offers(text)[:_MOST_OFFERED] if text.strip() else ():
                yield Completion(offer.answer, start_position=-len(text), display_meta=offer.about)

    return OfferCompleter()


def _editing_keys(kept: Kept) -> KeyBindings:
    from prompt_toolkit.filters import Condition
    from prompt_toolkit.key_binding import KeyBindings

    keys = KeyBindings()

    def take_up(event: KeyPressEvent) -> None:
        buffer, text = event.current_buffer, kept.take()
        if event.key_sequence[0].key in ("backspace", "c-h"):
            text = text[:-1]
        buffer.insert_text(text)
        if event.key_sequence[0].key == "left":
            buffer.cursor_left()
        if event.key_sequence[0].key in ("home", "c-a"):
            buffer.cursor_position = 0

    for key in ("right", "end", "c-e", "left", "home", "c-a", "backspace"):
        keys.add(key, filter=Condition(lambda: bool(kept.text)))(take_up)
    return keys


def _paste_key() -> KeyBindings:
    """A console that does not paste with Ctrl-V sends the key itself: it is kept, so that its parser can say so."""
    from prompt_toolkit.key_binding import KeyBindings

    keys = KeyBindings()

    @keys.add("c-v")
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\x16")

    return keys


def _tick_keys(ticks: TickList) -> KeyBindings:
    from prompt_toolkit.filters import Condition
    from prompt_toolkit.key_binding import KeyBindings

    keys = KeyBindings()
    in_list = Condition(lambda: ticks.marked is not None)

    @keys.add("down")
    def _(event: KeyPressEvent) -> None:
        ticks.move(1)

    @keys.add("up", filter=in_list)
    def _(event: KeyPressEvent) -> None:
        ticks.move(-1)

    @keys.add("space", filter=in_list)
    def _(event: KeyPressEvent) -> None:
        _put(event.current_buffer, ticks.toggled(event.current_buffer.text))

    return keys


def _put(buffer: Buffer, text: str) -> None:
    from prompt_toolkit.document import Document

    buffer.document = Document(text)
