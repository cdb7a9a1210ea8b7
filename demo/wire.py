"""HTTP on loopback for the stand-ins: reads requests, keeps them, and sends answers as faultily as a script wants."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from demo.exchange import Answer, Request
from demo.faults import Fault

_PIECE_BYTES = 64 * 1024
_DRIPS_PER_SECOND = 20

Responder = Callable[[Request], tuple[Answer | None, Fault]]
"""Answers a request, and says how the answer goes wrong on the way; no answer means that the connection ends."""


class Server:
    """Holds a loopback port at once, serves on it in the background from `start` on; `close` ends all connections."""

    def __init__(self, respond: Responder, *, port: int = 0, sleep: Callable[[float], None] = time.sleep) -> None:
        self._http = _Http(respond, port, sleep)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Stop, and cut the connections that clients keep open."""
        self._http.shutdown()
        self._thread.join()
        self._http.cut_connections()
        self._http.server_close()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, respond: Responder, port: int, sleep: Callable[[float], None]) -> None:
        self.respond = respond
        self.sleep = sleep
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def cut_connections(self) -> None:
        with self._lock:
            still_open = list(self._open)
        for connection in still_open:
            cut(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is no news; anything else is."""
        import sys

        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Http

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def log_message(self, format: str, *values: Any) -> None:
        """Say nothing: requests are kept instead."""

    def _serve(self) -> None:
        request = self._request()
        answer, fault = self.server.respond(request)
        if fault.delay:
            self.server.sleep(fault.delay)
        if answer is None:
            self.close_connection = True
            cut(self.connection)
            return
        request.status = answer.status
        self._send_head(answer)
        self._send_body(request, answer, fault)

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        return Request(
            self.command,
            parts.path,
            parse_qsl(parts.query, keep_blank_values=True),
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(int(self.headers.get("Content-Length") or 0)),
            time.time(),
        )

    def _send_head(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in ({"Content-Length": str(answer.length)} | dict(answer.headers)).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.flush()

    def _send_body(self, request: Request, answer: Answer, fault: Fault) -> None:
        for piece in _pieces(answer, fault):
            if fault.bytes_per_second:  # before the piece: whoever has read the last one has waited for all of them
                self.server.sleep(len(piece) / fault.bytes_per_second)
            self.wfile.write(piece)
            self.wfile.flush()
            request.sent += len(piece)
        if fault.close_after is not None and fault.close_after < answer.length:
            self.close_connection = True
            cut(self.connection)


def cut(connection: socket.socket) -> None:
    """End a connection at once, in both directions."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other side was faster


def _pieces(answer: Answer, fault: Fault) -> Iterator[bytes]:
    """The body in pieces as small as a slow drip needs, up to where the fault ends it."""
    size = _PIECE_BYTES
    if fault.bytes_per_second:
        size = max(1, min(size, int(fault.bytes_per_second / _DRIPS_PER_SECOND)))
    left = answer.length if fault.close_after is None else min(answer.length, fault.close_after)
    if answer.part is None:
        yield from (answer.body[at : min(at + size, left)] for at in range(0, left, size))
        return
    with answer.part.path.open("rb") as file:
        file.seek(answer.part.start)
        while left > 0:
            piece = file.read(min(size, left))
            left -= len(piece) or left
            yield piece
