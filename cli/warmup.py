"""Loads what the run will need while a person reads a question: never beside an import of the main thread."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from importlib import import_module

NEEDED = ("prompt_toolkit", "cli.services", "footage.run")


class WarmUp:
    """`begin` when a question stands on the screen, `end` before anything of it is imported in earnest.

    Two threads that import the same packages may find them half made; so the one is waited for by the other.
    """

    def __init__(self, modules: Sequence[str] = NEEDED) -> None:
        self._modules = modules
        self._thread: threading.Thread | None = None
        self._enough = threading.Event()

    def begin(self) -> None:
        """Start to load, once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._load, name="warm-up", daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Wait for the module that is being loaded; the rest is left to whoever needs it."""
        self._enough.set()
        if self._thread is not None:
            self._thread.join()

    def _load(self) -> None:
        for module in self._modules:
            if self._enough.is_set():
                return
            import_module(module)
