"""The program: asks or takes a command, and turns every way it can end into words and an exit code."""

from __future__ import annotations

import os
import signal

if __name__ == "__main__":  # until the program is loaded, Ctrl-C just ends it
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))

import logging
import sys
import threading
from pathlib import Path

from cli.desktop import window_would_close
from cli.handover import check_packages, lacking, start_elsewhere
from cli.leaving import Leaving
from footage.errors import FootageError, Interrupted

try:
    check_packages()
    from cli.logs import masked
    from cli.opening import ask_everything, desk_at_hand
    from helpers import endure_old_consoles, say_on_stderr, wait_for_enter
except ModuleNotFoundError as missing:
    if __name__ != "__main__":
        raise
    exit_code, lines = start_elsewhere(Path(__file__), sys.argv[1:], missing)
    sys.stderr.writelines(f"{line}\n" for line in lines)
    if window_would_close(sys.argv[1:]):
        input("Press Enter to close this window.")
    sys.exit(exit_code)

log = logging.getLogger("main")

_INTERRUPTED = "Interrupted; everything so far is kept."
_explaining = threading.Lock()


def run_program(arguments: list[str]) -> int:
    """The whole program; every way it can end has words and an exit code."""
    logging.getLogger().addHandler(logging.NullHandler())  # without a log file nothing goes to the screen instead
    try:
        return _run(arguments)
    except FootageError as error:
        return _explain(error, arguments)
    except KeyboardInterrupt:
        return _explain(Interrupted(_INTERRUPTED), arguments)
    except ModuleNotFoundError as missing:
        log.exception("a package is missing")
        return _explain(FootageError(lacking(missing)), arguments)
    except Exception as error:  # noqa: BLE001 - the last resort: a person gets a sentence, the log the trace
        log.exception("unexpected error")
        if "--debug" in arguments:
            raise
        return _explain(FootageError(f"Unexpected error: {type(error).__name__}: {masked(str(error))}"), arguments)


def _run(arguments: list[str]) -> int:
    if not arguments:
        return ask_everything()  # the first question does not wait for the commands to be declared
    from cli.commands import run_command

    return run_command(arguments)


def _explain(error: FootageError, arguments: list[str]) -> int:
    desk = desk_at_hand(as_json="--json" in arguments)
    desk.stop()
    with _explaining:
        return desk.explain(error)


def _say_farewell() -> None:
    """Explain in place of the main thread, which has not come to it; it is kept from doing so as well."""
    desk = desk_at_hand(as_json="--json" in sys.argv)
    desk.stop()
    _explaining.acquire()
    desk.explain(Interrupted(_INTERRUPTED))


if __name__ == "__main__":
    endure_old_consoles()
    leaving = Leaving(say_on_stderr, _say_farewell)
    leaving.listen()
    exit_code = run_program(sys.argv[1:])
    leaving.end()
    if window_would_close(sys.argv[1:]):
        wait_for_enter()
    logging.shutdown()
    sys.stdout.flush()
    os._exit(exit_code)  # a download that still waits for its server must not keep the person waiting
