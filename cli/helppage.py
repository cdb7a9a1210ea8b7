"""Help that fits a screen: examples first, then the options that most people need, the others by name."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from typer.core import TyperCommand, TyperGroup

ALL = "--help-all"
"""Takes the place of --help where every option shall be explained."""
_WIDTH = 79
_COLUMN = 24
_CHOICES = re.compile(r"\b\w+(?:\|\w+)+")


@dataclass(frozen=True, slots=True)
class Page:
    """What a command's help begins with, and which options it explains; without any it explains all."""

    examples: tuple[str, ...]
    usual: tuple[str, ...] = ()


PAGES = {
    "main": Page(
        (
            "python main.py                       asks what it needs",
            'python main.py pull --vehicle "Van 7" --start "04/16/2025 13:30" --duration 5',
            "python main.py resume latest         goes on with what is still to come",
            "python main.py doctor                looks whether everything is in place",
        )
    ),
    "pull": Page(
        (
            'python main.py pull --vehicle "Van 7" --start "04/16/2025 13:30" --duration 5',
            'python main.py pull --vehicle "Van 7" --around "04/16/2025 13:30" --after 2.5',
            "python main.py pull --stream yard=gate --start 2025-04-16T13:30Z --duration 5",
        ),
        (
            *("--vehicle", "--stream", "--start", "--duration", "--end", "--around", "--before", "--after"),
            *("--timezone", "--cameras", "--media-type", "--output", "--wait", "--dry-run", "--yes", "--json"),
        ),
    ),
    "resume": Page(
        (
            "python main.py resume                the newest run that is not finished",
            "python main.py resume --all          every run that is not finished",
            'python main.py resume "Logs/request_ids_2025-04-16_14-02-11.json"',
        )
    ),
    "batch": Page(
        (
            "python main.py batch incidents.xlsx",
            "python main.py batch incidents.csv --dry-run",
            "python main.py batch --template incidents.xlsx   writes a list to fill in",
        ),
        (
            *("sheet", "--template", "--skip-faulty", "--timezone", "--cameras", "--films", "--max-parallel"),
            *("--hours", "--output", "--wait", "--dry-run", "--yes", "--json"),
        ),
    ),
    "status": Page(("python main.py status", "python main.py status --json")),
    "verify": Page(('python main.py verify "Videos/Truck_104_2025-04-16_13-30-00_10min"',)),
    "pack": Page(('python main.py pack "Videos/Truck_104_2025-04-16_13-30-00_10min"',)),
    "doctor": Page(
        (
            "python main.py doctor",
            "python main.py doctor --keep-key     keeps the Samsara key in the keyring",
            "python main.py doctor --forget-key   removes it",
        )
    ),
    "demo": Page(("python main.py demo", "python main.py demo --source kinesis")),
    "worker": Page(("python main.py worker tcp://SCHEDULER:8786",)),
}
"""By the command's name; `main` is the program without a command."""


class _Examples:
    """Writes the help of one command."""

    name: str | None
    help: str | None
    is_main: ClassVar[bool] = False

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Examples, what it does, usage, options."""
        formatter.write("\n".join(self._lines(ctx)) + "\n")

    def _lines(self, ctx: Any) -> Iterator[str]:
        page = PAGES.get("main" if self.is_main else self.name or "", Page(()))
        yield from ("Examples:", *(f"  {example}" for example in page.examples), "")
        yield from textwrap.wrap((self.help or "").partition("Example:")[0].strip(), _WIDTH)
        yield ""
        if isinstance(self, TyperGroup):
            yield from self._commands(ctx)
            return
        options = [param for param in ctx.command.get_params(ctx) if param.opts and not getattr(param, "hidden", False)]
        explain_all = not page.usual or bool(ctx.find_root().obj)
        shown = [param for param in options if explain_all or param.opts[0] in page.usual]
        yield from (line for param in shown for line in _explained(param, ctx))
        yield from _named([param for param in options if param not in shown])

    def _commands(self, ctx: Any) -> Iterator[str]:
        yield "Commands (each has a --help of its own):"
        assert isinstance(self, TyperGroup)  # noqa: S101 - only a group has commands
        for name, command in self.commands.items():
            said = (command.help or "").partition(". ")[0].partition("Example:")[0].strip().rstrip(".")
            yield from _two_columns(name, f"{said}.")


class CommandPage(_Examples, TyperCommand):
    """A command whose help fits a screen."""


class ProgramPage(_Examples, TyperGroup):
    """The program's own help."""

    is_main = True


def _explained(param: Any, ctx: Any) -> Iterator[str]:
    left = (param.get_help_record(ctx) or ("", ""))[0]
    choices = _CHOICES.search(left)
    if param.param_type_name == "argument":
        name = param.name.upper()
    elif getattr(param, "is_flag", False):
        name = param.opts[0]
    else:
        name = f"{param.opts[0]} {choices[0] if choices else '...'}"
    yield from _two_columns(name, param.help or "Show this help.")


def _two_columns(left: str, right: str) -> Iterator[str]:
    first, *rest = textwrap.wrap(right, _WIDTH - _COLUMN) or [""]
    if len(left) + 3 > _COLUMN:
        yield f"  {left}"
        left = ""
    yield f"  {left:<{_COLUMN - 2}}{first}".rstrip()
    yield from (" " * _COLUMN + line for line in rest)


def _named(params: Sequence[Any]) -> Iterator[str]:
    if not params:
        return
    yield f"More ({ALL} explains them):"
    names = ", ".join(param.opts[0] for param in params)
    yield from textwrap.wrap(names, _WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
