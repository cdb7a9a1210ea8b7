"""Opens the desk of a call, and keeps it at hand for whoever has to explain how the call ended."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cli.desk import Desk, DeskOptions
from cli.desktop import spare_memory
from cli.order import PullOptions
from footage.errors import InputRefused
from helpers import can_ask, print_result, say_on_stderr, screen

if TYPE_CHECKING:
    from cli.batch import BatchDesk, BatchOptions

_open: list[Desk] = []


def open_desk(options: DeskOptions) -> Desk:
    """A desk that speaks to this terminal, with its log begun."""
    return _opened(Desk(options, out=print_result, say=say_on_stderr, screen=screen()))


def open_batch_desk(options: DeskOptions, of_list: BatchOptions) -> BatchDesk:
    """The same for lists of incidents; it serves single ones as well."""
    from cli.batch import BatchDesk

    desk = BatchDesk(options, out=print_result, say=say_on_stderr, screen=screen())
    desk.of_list = of_list
    _opened(desk)
    return desk


def _opened(desk: Desk) -> Desk:
    spare_memory()
    _open.append(desk)
    desk.open_log()
    return desk


def desk_at_hand(*, as_json: bool) -> Desk:
    """The desk of this call; one that can only explain where none was opened."""
    return _open[-1] if _open else Desk(DeskOptions(json=as_json), out=print_result, say=say_on_stderr)


def ask_everything() -> int:
    """The program without a command: the questions, the plan, the run; the exit code."""
    if not can_ask():
        raise InputRefused("There is no terminal to ask in. Use: python main.py pull --help")
    region = os.environ.get("SAMSARA_REGION", "").strip().casefold() or "us"
    return open_desk(DeskOptions(region=region)).pull(PullOptions(), ask_all=True)
