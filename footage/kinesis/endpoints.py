"""Which data endpoint serves a stream: asked for once, shared by threads, thrown away where it is no longer the one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Generic, Literal, TypeVar

from footage.kinesis.errors import Call

log = logging.getLogger(__name__)

DataApi = Literal["GET_CLIP", "LIST_FRAGMENTS"]
C = TypeVar("C")
T = TypeVar("T")


class DataEndpoints(Generic[C]):
    """A client for each stream and API; `connect` asks for the endpoint, and is called by one thread at a time.

    An endpoint expires without notice and is then refused in many ways, by Kinesis Video and by what stands before it.
    So a first refusal (`misplaced` tells such errors) does not count: the endpoint is asked for anew, and the call made
    again, once.
    """

    def __init__(self, connect: Callable[[Call, DataApi], C], misplaced: Callable[[Exception], bool]) -> None:
        self._connect = connect
        self._misplaced = misplaced
        self._lock = threading.RLock()
        self._clients: dict[tuple[str, DataApi], C] = {}

    def ask(self, call: Call, api: DataApi, ask: Callable[[C], T]) -> T:
        """One call of a stream's endpoint."""
        client = self.at_hand(call, api)
        try:
            return ask(client)
        except Exception as error:
            if not self._misplaced(error):
                raise
        log.info("%s was refused by its data endpoint, which is asked for anew", call.action)
        self.forget(call.stream, api, client)
        return ask(self.at_hand(call, api))

    def at_hand(self, call: Call, api: DataApi) -> C:
        """A stream's client, made where there is none."""
        key = (call.stream, api)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._connect(call, api)
            return self._clients[key]

    def forget(self, stream: str, api: DataApi, client: C | None = None) -> None:
        """Ask anew next time; of a named client only where no other thread has put another in its place."""
        with self._lock:
            if client is None or self._clients.get((stream, api)) is client:
                self._clients.pop((stream, api), None)
